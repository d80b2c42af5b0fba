"""Tests of reading an assignment's TOML file, and of what it says about a file that can't be used."""

import pytest

from autograder.assignment import Assignment, AssignmentError, Limits, load_assignment
from autograder.exercise import load_exercises

GOOD = """
name = "tiny"
total = 10
packages = ["scipy"]
[points]
mean = 4
add = 6
[extra_credit]
stride = 2.5
[limits]
cpu_seconds = 3
"""

EFFICIENT = GOOD.replace("add = 6", "conv2_forward = 4\nadd = 2") + "[efficiency]\n"


def read(tmp_path, text):
    path = tmp_path / "assignment.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_assignment(path)


def refusal(tmp_path, text):
    """The message that a file with this text is refused with, without the path that it starts with."""
    with pytest.raises(AssignmentError) as caught:
        read(tmp_path, text)
    path = str(tmp_path / "assignment.toml")
    assert str(caught.value).startswith(path)
    return str(caught.value).removeprefix(path).lstrip(": ")


def changed(old, new):
    assert GOOD.count(old) == 1
    return GOOD.replace(old, new)


def test_a_file_becomes_an_assignment_in_its_own_order(tmp_path):
    assignment = read(tmp_path, GOOD)
    assert isinstance(assignment, Assignment) and assignment.name == "tiny"
    assert [exercise.id for exercise in assignment.exercises] == ["mean", "add", "stride"]
    assert assignment.points == {"mean": 4, "add": 6, "stride": 2.5}
    assert assignment.extra_credit == {"stride"} and assignment.packages == ("scipy",)


def test_the_total_does_not_count_extra_credit(tmp_path):
    assert read(tmp_path, GOOD).total == 10


def test_limits_that_are_not_given_keep_their_defaults(tmp_path):
    assert read(tmp_path, GOOD).limits == Limits(cpu_seconds=3)


def test_the_stubs_are_those_of_the_listed_exercises(tmp_path):
    known = load_exercises()
    expected = {stub: id for id in ("mean", "add", "stride") for stub in known[id].stubs}
    assert read(tmp_path, GOOD).stubs == expected
    assert expected["add.forward"] == "add" and "RELU.forward" not in expected


def test_extra_credit_packages_and_limits_may_be_left_out(tmp_path):
    assignment = read(tmp_path, 'name = "one"\ntotal = 1\n[points]\nadd = 1\n')
    assert (assignment.extra_credit, assignment.packages, assignment.limits) == (frozenset(), (), Limits())


def test_points_for_efficiency_are_a_part_of_an_exercises_points(tmp_path):
    assignment = read(tmp_path, f"{EFFICIENT}conv2_forward = 1.5\n")
    assert assignment.efficiency == {"conv2_forward": 1.5}
    assert assignment.points["conv2_forward"] == 4 and assignment.total == 10


def test_points_for_efficiency_are_optional_and_may_be_of_extra_credit(tmp_path):
    assert read(tmp_path, GOOD).efficiency == read(tmp_path, EFFICIENT).efficiency == {}
    extra = GOOD.replace("stride = 2.5", "conv2_kernel = 2.5")
    assert read(tmp_path, f"{extra}[efficiency]\nconv2_kernel = 1\n").efficiency == {"conv2_kernel": 1}


def test_other_points_for_efficiency_are_another_assignment(tmp_path):
    texts = [EFFICIENT, f"{EFFICIENT}conv2_forward = 1\n", f"{EFFICIENT}conv2_forward = 2\n"]
    assert len({read(tmp_path, text).fingerprint for text in texts}) == 3


def test_the_default_assignment_has_a_hundred_points():
    assert load_assignment().total == 100


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(AssignmentError, match=r"There is no assignment file .*nowhere\.toml"):
        load_assignment(tmp_path / "nowhere.toml")


@pytest.mark.parametrize("text", ["name = ", "[points", "a = 1\na = 2", b'name = "\xff"'])
def test_bad_toml_is_refused_with_the_reason(tmp_path, text):
    assert "is not TOML: " in refusal(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (changed("total = 10", "total = 11"), "the points add up to 10, but total = 11"),
        (changed("total = 10", ""), "the points add up to 10, but total = None"),
        (changed("total = 10", 'total = "10"'), "the points add up to 10, but total = '10'"),
        (changed("mean = 4", "meen = 4"), "there is no exercise meen; known: "),
        (changed("stride = 2.5", "strides = 2.5"), "there is no exercise strides; known: "),
        (changed("stride = 2.5", "add = 2.5"), "add has points and extra credit: give it one of the two"),
        (changed("mean = 4\nadd = 6", ""), "no exercise is listed under [points]"),
        (changed("cpu_seconds", "cpu_second"), "there is no limit cpu_second; known: cpu_seconds, "),
        (changed("packages", "package"), "there is no key package; known: "),
        (changed('name = "tiny"', ""), "name must"),
        (changed('"tiny"', "7"), "name must"),
        (changed('"tiny"', '"two words"'), "name must"),
        (changed('"tiny"', '"../up"'), "name must"),
        (changed('["scipy"]', '"scipy"'), "packages must be a list of names"),
        (changed('["scipy"]', '["scipy", 1]'), "packages must be a list of names"),
        ("points = 3\n", "[points] must be a table"),
        ("extra_credit = [1]\n", "[extra_credit] must be a table"),
        ('name = "n"\ntotal = 1\nlimits = 1\n[points]\nadd = 1\n', "[limits] must be a table"),
        (f"efficiency = 1\n{GOOD}", "[efficiency] must be a table"),
        (f"{EFFICIENT}conv2 = 1\n", "conv2 has points for efficiency, but is not in the assignment"),
        (
            f"{EFFICIENT}conv2_image = 1\n",
            "conv2_image has points for efficiency, but is not in the assignment",
        ),
        (
            f"{EFFICIENT}mean = 1\n",
            "the efficiency of mean is not judged; that of these is: conv2_forward, conv2_",
        ),
        (
            f"{EFFICIENT}conv2_forward = 4\n",
            "conv2_forward has 4 points for efficiency: these are a part of its 4",
        ),
        (f"{EFFICIENT}conv2_forward = 4.5\n", "conv2_forward has 4.5 points for efficiency"),
    ],
)
def test_what_cannot_be_used_is_refused_with_what_to_do(tmp_path, text, message):
    assert refusal(tmp_path, text).startswith(message)


@pytest.mark.parametrize(("name", "meant"), [("meen", "mean"), ("Mean", "mean"), ("xyz", None)])
def test_a_misspelt_exercise_is_told_the_nearest(tmp_path, name, meant):
    said = refusal(tmp_path, changed("mean = 4", f"{name} = 4"))
    assert said.endswith(f" Did you mean {meant}?") if meant else "Did you mean" not in said


@pytest.mark.parametrize("value", ["0", "-1", "true", '"4"', "nan", "inf", "[4]", "1e6"])
@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("mean = 4", "the points of mean"),
        ("stride = 2.5", "the points of stride"),
        ("cpu_seconds = 3", "the limit cpu_seconds"),
        ("conv2_forward = 1.5", "the efficiency points of conv2_forward"),
    ],
)
def test_points_and_limits_are_numbers_above_zero(tmp_path, line, what, value):
    whole = f"{EFFICIENT}conv2_forward = 1.5\n" if "efficiency" in what else GOOD
    text = whole.replace(line, f"{line.partition('=')[0]}= {value}")
    assert text != whole
    assert refusal(tmp_path, text).startswith(f"{what} must be a number above 0")


@pytest.mark.parametrize("limit", ["memory_mb", "tmp_mb", "output_kb"])
def test_limits_that_count_bytes_are_whole_numbers(tmp_path, limit):
    refused = refusal(tmp_path, changed("cpu_seconds = 3", f"{limit} = 1.5"))
    assert limit in refused and "whole number" in refused


HEX = "0x" + "f" * 5000


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"x = {'[' * 9000}", " is not TOML: it is nested too deeply"),
        (f"x = {'[' * 9000}{']' * 9000}", " is not TOML: it is nested too deeply"),
        (f"x = {'9' * 5000}", " is not TOML: it has a number of too many digits"),
        (f"# {' ' * (64 << 10)}", " is larger than 64 KB"),
        (changed('"tiny"', r'"t\nx"'), r"name must be one word of letters, digits and _, not 't\nx'"),
        (changed('"tiny"', f'"{"x" * 51}"'), "name must have at most 50 characters, not 51"),
        (changed('name = "tiny"', f"name{'.a' * 90} = 1"), "name must be one word of letters, digits and _, not a "),
        (changed('name = "tiny"', f"name{'.a' * 30_000} = 1"), " is not TOML: it is nested too deeply"),
        (f"[{'a . ' * 9000}a]", " is not TOML: it is nested too deeply"),
        (changed("total = 10", f"total = {HEX}"), "the points add up to 10, but total = a number of very many digits"),
        (changed("mean = 4", f"mean = {HEX}"), "the points of mean must be a number above 0, not a number of very"),
        (f"carried_forward = {HEX}\n{GOOD}", "carried_forward must be a number from 0 to 1, not a number of very"),
        (f"attempts = {'[' * 99}{']' * 99}\n{GOOD}", 'attempts must be "last" or "best", not a list'),
        (f'"{"k" * 5000}" = 1\n{GOOD}', f"there is no key {'k' * 59}…; known: "),
        (f'"a\\u001b[31m" = 1\n{GOOD}', r"there is no key a\x1b[31m; known: "),
        (changed('["scipy"]', '["scipy", ""]'), "packages must be a list of names; '' is no package's"),
        (changed('["scipy"]', '["../scipy"]'), "packages must be a list of names; '../scipy' is no package's"),
        ("total = true\n[points]\nadd = 1\n", "the points add up to 1, but total = True"),
    ],
    ids=range(18),
)  # fmt: skip
def test_what_no_program_would_write_is_refused_in_one_short_line(tmp_path, text, message):
    path = tmp_path / "assignment.toml"
    path.write_text(text)
    with pytest.raises(AssignmentError) as caught:
        load_assignment(path)
    said = str(caught.value).removeprefix(str(path)).removeprefix(": ")
    assert said.startswith(message) and said.isprintable() and len(said) < 300


def test_a_byte_order_mark_is_no_part_of_the_file(tmp_path):
    assert read(tmp_path, b"\xef\xbb\xbf" + GOOD.encode()).name == "tiny"
