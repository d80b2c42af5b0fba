"""Tests of what is taken from notebooks: from clean ones and from mangled ones."""

import pytest
from cells import REFERENCE, RELU, RIGHT, SETUP, SKELETON, STUBS, code, notebook, take
from edf_kit.answers.candidates import is_blank
from edf_kit.answers.take import take_answers
from edf_kit.released import definition_sources

BLANK = definition_sources(SKELETON)
SOLVED = definition_sources(REFERENCE)


# Which cells


def test_a_filled_cell_is_taken_with_its_place_and_text():
    answer = take(SETUP, code(RIGHT + "edf.RELU = RELU\n", "RELU")).answers["RELU"]
    assert (answer.notebook, answer.cell, answer.grade_id) == ("1.ipynb", 2, "write-RELU")
    assert answer.source == RIGHT.rstrip("\n")


def test_what_is_blank_and_what_is_not_there_is_told_apart():
    taken = take(SETUP, code(BLANK["add"], "add"), code(RIGHT, "RELU"))
    assert taken.blank == {"add": "1.ipynb, cell 2"}
    assert "mean" in taken.missing and "add" not in taken.missing and list(taken.answers) == ["RELU"]


def test_without_metadata_the_names_decide():
    assert take(SETUP, RIGHT).answers["RELU"].cell == 2


@pytest.mark.parametrize(
    "metadata", [{"nbgrader": None}, {"nbgrader": {"grade_id": 7}}, {"nbgrader": []}, None, 3]
)
def test_odd_metadata_does_no_harm(metadata):
    assert take(SETUP, code(RIGHT) | {"metadata": metadata}).answers["RELU"].grade_id is None


def test_a_retitled_cell_is_taken_by_its_definition():
    assert take(SETUP, code(RIGHT, "my-own-title")).answers["RELU"].cell == 2


def test_reordered_and_split_cells_are_taken():
    taken = take(code(SOLVED["momentum"]), SETUP, code(SOLVED["init_momentum"], "init_momentum-momentum"))
    assert {name: answer.cell for name, answer in taken.answers.items()} == {
        "init_momentum": 3,
        "momentum": 1,
    }


def test_of_a_duplicated_cell_the_last_filled_one_is_taken_and_said():
    taken = take(code(RELU.format(1), "RELU"), code(RELU.format(2), "RELU"), code(BLANK["RELU"], "RELU"))
    assert taken.answers["RELU"].cell == 2
    assert taken.remarks == [
        "RELU is written more than once: 1.ipynb, cell 2 is taken, the last one, and not 1.ipynb, cell 1."
    ]


def test_the_cell_that_was_handed_out_wins_over_a_later_one():
    taken = take(code(RELU.format(1), "RELU"), code(RELU.format(2)))
    assert taken.answers["RELU"].cell == 1
    assert "the cell that was handed out for it" in taken.remarks[0]


def test_a_filled_cell_wins_over_the_blank_one_that_was_handed_out():
    taken = take(code(BLANK["RELU"], "RELU"), code(RIGHT))
    assert taken.answers["RELU"].cell == 2 and not taken.remarks


def test_the_definition_with_the_least_left_to_write_wins():
    half = SOLVED["conv2"].replace(
        "        kernel_grad = np.zeros_like(self.k.top)\n", "", 1
    )  # still filled, so both count as written
    part = BLANK["conv2"].replace(
        "raise NotImplementedError(\"exercise 'conv2_forward': conv2.forward is still to be written\")",
        "self.top = 1",
    )
    taken = take(code(part, "conv2"), code(half))
    assert taken.answers["conv2"].cell == 2 and taken.answers["conv2"].blank == ()
    assert take(code(part, "conv2")).answers["conv2"].blank == (
        "conv2.backward_image",
        "conv2.backward_kernel",
    )


def test_of_two_notebooks_the_one_with_the_handed_out_cell_is_taken():
    files = {"1.ipynb": notebook(code(RELU.format(1), "RELU")), "2.ipynb": notebook(RELU.format(2))}
    assert take_answers(files, STUBS, SKELETON).answers["RELU"].notebook == "1.ipynb"


def test_a_deleted_definition_is_missing_and_the_cell_named():
    taken = take(code("print('gone')", "RELU"), code(SOLVED["add"], "add"))
    assert "RELU" in taken.missing
    assert taken.remarks == ["1.ipynb, cell 1, was handed out for RELU, but defines nothing of that name."]


def test_a_class_installed_under_another_name_is_taken():
    taken = take(SETUP, code(RIGHT.replace("RELU", "my_relu") + "edf.RELU = my_relu", "RELU"))
    assert [binding.text.split("\n")[0] for binding in taken.answers["RELU"].bindings][1:] == [
        "class my_relu:", "RELU = my_relu",
    ]  # fmt: skip


def test_making_an_operation_eager_is_no_answer():
    taken = take(
        code(SOLVED["add"], "add"),
        "edf.add = edf.eager(edf.add)",
        "RELU = edf.eager(edf.RELU)\nedf.RELU = RELU",
    )
    assert taken.answers["add"].cell == 1 and "RELU" in taken.missing


@pytest.mark.parametrize("owner", ["RELU", "edf.RELU"])
def test_a_method_patched_later_makes_a_blank_class_an_answer(owner):
    patch = f"def forward(self):\n    self.top = 1\n{owner}.forward = forward"
    answer = take(code(BLANK["RELU"], "RELU"), patch).answers["RELU"]
    assert answer.blank == ("RELU.backward",)
    assert [binding.cell.number for binding in answer.bindings] == [1, 2, 2]


# What goes with them


def needed(*cells, name="RELU"):
    return [binding.text for binding in take(*cells).answers[name].bindings[:-1]]


def test_imports_helpers_and_constants_are_taken_recursively_and_nothing_else():
    assert needed(
        "import math\nimport scipy.signal\nLIMIT = 3",
        "def clip(x):\n    return min(x, LIMIT)\nprint(clip(3))\nunused = 1",
        code("from functools import partial\n" + RELU.format("partial(clip)(self.x.top)"), "RELU"),
    ) == ["from functools import partial", "LIMIT = 3", "def clip(x):\n    return min(x, LIMIT)"]


def test_the_last_definition_of_a_helper_before_the_answer_is_taken():
    cells = [
        "def h(x):\n    return 1",
        "def h(x):\n    return 2",
        RELU.format("h(1)"),
        "def h(x):\n    return 3",
    ]
    assert needed(*cells) == ["def h(x):\n    return 2"]


def test_a_helper_further_down_is_taken_if_there_is_none_before():
    assert needed(RELU.format("h(1)"), "def h(x):\n    return 3") == ["def h(x):\n    return 3"]


def test_a_try_block_around_an_import_is_taken_whole():
    block = "try:\n    import numba\nexcept ImportError:\n    numba = None"
    assert needed(block, RELU.format("numba")) == [block]


def test_what_changes_a_helper_goes_with_it():
    assert needed("table = {}\ntable['a'] = 1", RELU.format("table['a']")) == ["table = {}", "table['a'] = 1"]


def test_the_names_of_functions_of_their_own_need_nothing():
    body = "[row for row in self.x.top][(lambda limit: limit)(0)]"
    assert needed("row = 1\nlimit = 2\nself = 3", RELU.format(body)) == []


@pytest.mark.parametrize(
    "source, reason",
    [
        ("for limit in range(3):\n    print(limit)", "set in a loop"),
        ("with open('x') as limit:\n    pass", "set in a loop or a with block"),
        ("limit = edf.Value()", "the result of a call of edf"),
        ("def train():\n    return 1\nlimit = train()", "the result of a call of another cell's function"),
        ("if True:\n    for i in range(3):\n        limit = i", "set in a loop"),
    ],
)
def test_loops_and_training_are_not_taken_and_it_is_said(source, reason):
    taken = take(SETUP, source, code(RELU.format("limit"), "RELU"))
    assert [binding.text.split("\n")[0] for binding in taken.answers["RELU"].bindings] == ["class RELU:"]
    assert f"uses limit, which is {reason}" in taken.remarks[0]


def test_a_name_that_nothing_defines_is_said_with_the_cell_that_can_not_be_read():
    remarks = take("def helper(x)\n    return x", RELU.format("helper(1)")).remarks
    assert remarks[0].startswith(
        "RELU (1.ipynb, cell 2) uses helper, which nothing defines. 1.ipynb, cell 1, is not"
    )


def test_edf_kit_stays_behind_and_it_is_said():
    taken = take("from edf_kit import xavier", RELU.format("xavier(1, 2, 3)"))
    assert len(taken.answers["RELU"].bindings) == 1 and "uses xavier of edf_kit" in taken.remarks[0]


# IPython


@pytest.mark.parametrize(
    "line",
    ["%matplotlib inline", "!pip install numpy", "  ", "?edf.add", "edf.add?", "edf.add??", "files = !ls", "x = %pwd",
     "%%time", "# %%", "!echo \\\n  more"],
)  # fmt: skip
def test_lines_of_ipython_are_left_out_and_the_rest_is_taken(line):
    source = f"{line}\n{RIGHT}edf.RELU = RELU"
    assert take(SETUP, code(source, "RELU")).answers["RELU"].source == RIGHT.rstrip("\n")


def test_what_looks_like_ipython_but_is_python_stays():
    text = RELU.format('("""\n%s\n!x\n""" + "%d"\n% 3)')
    assert take(code(text, "RELU")).answers["RELU"].source == text.rstrip("\n")
    assert take(code("!ls\n" + text, "RELU")).answers["RELU"].source == text.rstrip("\n")


def test_a_magic_alone_in_a_block_leaves_a_block():
    assert "RELU" in take(code(f"if True:\n    %time 1\n{RIGHT}", "RELU")).answers


def test_a_cell_of_another_language_is_said():
    taken = take(code(f"%%writefile edf.py\n{RIGHT}", "RELU"))
    assert taken.unreadable["RELU"].endswith(
        "cell 1 (RELU), is not valid Python: line 1: %%writefile makes it no Python."
    )


def test_an_indented_cell_is_taken_as_ipython_does():
    indented = "".join(f"    {line}\n" for line in RIGHT.splitlines())
    assert take(code(indented, "RELU")).answers["RELU"].source == "\n".join(
        line.removeprefix("    ") for line in indented.splitlines()
    )


@pytest.mark.parametrize("ends", ["\r\n", "\r", "\n\f"])
def test_other_line_ends_and_form_feeds_are_read(ends):
    source = f"import math\n{RIGHT}".replace("\n", ends) if ends != "\n\f" else f"\f{RIGHT}"
    assert take(code(source, "RELU")).answers["RELU"].source == RIGHT.rstrip("\n")


# Cells that are no Python


def test_a_syntax_error_is_told_with_cell_and_line():
    taken = take(SETUP, code("class RELU:\n    def forward(self)\n        pass", "RELU"))
    assert taken.unreadable == {
        "RELU": "1.ipynb, cell 2 (RELU), is not valid Python: line 2: expected ':'."
    } and "RELU" not in taken.missing  # fmt: skip


@pytest.mark.parametrize("line", ["print self.x", 'print "x"', "raise ValueError, 'x'", "exec 'x'"])
def test_python_2_is_told_as_such(line):
    taken = take(code(RIGHT + f"        {line}\n", "RELU"))
    assert taken.unreadable["RELU"] == (
        f"1.ipynb, cell 1 (RELU), is Python 2: line 11: {line}. Choose a Python 3 kernel and write Python 3."
    )


def test_a_broken_copy_does_not_hide_a_good_one():
    taken = take(code("class RELU\n", "RELU"), RIGHT)
    assert taken.answers["RELU"].cell == 2 and not taken.unreadable
    assert taken.remarks[0].endswith("RELU is taken from 1.ipynb, cell 2.")


def test_a_return_outside_of_functions_costs_that_answer_alone():
    taken = take(code(RIGHT + "    return 3", "RELU"), code(SOLVED["add"], "add"))
    assert list(taken.answers) == ["add"] and "'return' outside function" in taken.unreadable["RELU"]


# Blank


@pytest.mark.parametrize("name", STUBS)
def test_what_is_handed_out_is_blank_and_the_reference_is_not(name):
    assert is_blank(BLANK[name], SKELETON) and is_blank(BLANK[name])
    assert not is_blank(SOLVED[name], SKELETON)


def test_one_written_stub_of_several_makes_it_filled():
    text = BLANK["add"].replace(
        "raise NotImplementedError(\"exercise 'add': add.forward", "print(\"'add': add.forward"
    )
    assert not is_blank(text, SKELETON)


def test_a_helper_added_to_a_blank_class_leaves_it_blank():
    assert is_blank(BLANK["conv2"] + "\n    def _taps(self):\n        return 1", SKELETON)
