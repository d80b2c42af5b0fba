"""Points for code that does not loop over pixels: what the judge takes, and what students are told before."""

import pytest
from edf_kit.checks import check, run_check
from edited import FLIPPED, OLD_FORWARD, SLOW_FORWARD, SOLUTION, changed

from autograder.assignment import load_assignment
from autograder.exercise import load_exercises
from autograder.grade import Job, grade_submission
from autograder.intake import Submission

SECRET = bytes(range(32))
SLOW = changed("conv2", (OLD_FORWARD, SLOW_FORWARD))
TURNED = ("self.k.top[ky, kx].T", "self.k.top[-1 - ky, -1 - kx].T")

TOML = """
name = "work"
total = 12
packages = []
[points]
conv2_forward = 6
conv2_image = 6
[extra_credit]
stride = 3
"""
EFFICIENCY = "[efficiency]\nconv2_forward = 2.5\nconv2_image = 1\n"


@pytest.fixture
def grade(tmp_path):
    """A function that gives the exercises of a graded source: {id: result}."""

    def run(source, toml=TOML + EFFICIENCY):
        for name, text in (("work.toml", toml), ("edf.py", source)):
            (tmp_path / "mona").mkdir(exist_ok=True)
            (tmp_path / ("mona" if name == "edf.py" else "") / name).write_text(text, encoding="utf-8")
        job = Job(Submission("mona", tmp_path / "mona"), load_assignment(tmp_path / "work.toml"), SECRET)
        score, _ = grade_submission(job)
        assert score["status"] == "graded"
        return score["exercises"]

    return run


def statuses(exercises):
    return {id: (result["status"], result["score"]) for id, result in exercises.items()}


def work_check(exercise):
    return next(check for check in exercise["checks"] if check["efficiency"])


def test_the_points_for_efficiency_are_lost_and_no_others(grade):
    exercises = grade(SLOW)
    # This conv2 ignores the stride: that is its own fault, and not that of slow code.
    assert statuses(exercises) == {
        "conv2_forward": ("fail", 3.5),
        "conv2_image": ("pass", 6),
        "stride": ("fail", 0),
    }
    assert "it loops over pixels" in exercises["conv2_forward"]["message"]
    assert "blocked" not in exercises["stride"]["message"] and not exercises["conv2_forward"]["unusable"]
    assert exercises["conv2_forward"]["mistakes"] == []
    assert [c["id"] for c in exercises["conv2_forward"]["checks"] if c["status"] != "pass"] == [
        "no_pixel_loops"
    ]


def test_without_points_for_it_it_is_a_remark(grade):
    exercises = grade(SLOW, TOML)
    assert statuses(exercises)["conv2_forward"] == ("pass", 6)
    found = work_check(exercises["conv2_forward"])
    assert found["status"] == "pass"
    assert found["message"].startswith(
        "a remark, it costs no points: conv2.forward does 4.4 times the Python work"
    )


@pytest.mark.parametrize("toml", [TOML, TOML + EFFICIENCY])
def test_right_code_without_loops_gets_all_points(grade, toml):
    exercises = grade(SOLUTION, toml)
    assert statuses(exercises) == {
        "conv2_forward": ("pass", 6),
        "conv2_image": ("pass", 6),
        "stride": ("pass", 3),
    }
    assert work_check(exercises["conv2_forward"])["message"] == ""


def test_slow_wrong_code_is_judged_by_what_is_wrong(grade):
    wrong = changed("conv2", (OLD_FORWARD, SLOW_FORWARD.replace(".sum()", ".sum() + 1")))
    result = grade(wrong)["conv2_forward"]
    assert work_check(result)["status"] == "blocked" and "pixels" not in result["message"]
    assert result["score"] < 3.5


def test_a_wrong_forward_does_not_take_the_efficiency_of_a_backward_that_fits_it(grade):
    """The error is carried forward: what the backward's work is has to be counted then, too."""
    exercises = grade(changed("conv2", FLIPPED, TURNED))
    assert statuses(exercises)["conv2_image"] == ("carried", 6)
    assert work_check(exercises["conv2_image"])["status"] == "carried"


# What students see of it


def warned():
    """The exercises of conv2 whose public check warns of loops over pixels."""
    return [result.id for result in run_check("conv2") if result.warning]


def test_the_public_check_warns(install_edf, capsys):
    install_edf(SLOW)
    check("conv2_forward")
    text = capsys.readouterr().out
    assert warned() == ["conv2_forward"]
    assert text.startswith(
        "✓ conv2_forward: convolution, 3 checks\n  It is right, but conv2.forward does 4.4 times"
    )
    assert "Loops over pixels may cost points." in " ".join(text.split())
    assert max(map(len, text.splitlines())) <= 80


def test_the_public_check_counts_each_gradient_by_itself(install_edf):
    old = "image_grad[seen] += self.grad @ self.k.top[ky, kx].T"
    rows = f"for row in range(seen[1].start, seen[1].stop):\n                {ROW_OF_IMAGE}"
    install_edf(changed("conv2", (old, rows)))
    warnings = {result.id: result.warning for result in run_check("conv2")}
    assert "conv2.backward does" in warnings["conv2_image"] and "over rows" in warnings["conv2_image"]
    assert warnings["conv2_forward"] == warnings["conv2_kernel"] == ""


ROW_OF_IMAGE = "image_grad[:, row, seen[2]] += self.grad[:, row - seen[1].start] @ self.k.top[ky, kx].T"


CONV2 = ["conv2_forward", "conv2_image", "conv2_kernel"]
RIGHT = [variant for id in CONV2 for variant in load_exercises()[id].right_variants]


@pytest.mark.parametrize("variant", RIGHT, ids=[f"{variant.exercise}-{variant.tag}" for variant in RIGHT])
def test_the_public_check_warns_of_nothing_else(install_edf, variant):
    install_edf(variant.source)
    assert warned() == (CONV2 if variant.slow else [])
