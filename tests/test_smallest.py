"""The smallest case of a failure: found, small, and no more than may be shown."""

import json

import numpy as np
import pytest
from small_cases import OPS, REFERENCE, check_of, smallest_of, student

from autograder.compare import Mismatch
from autograder.diagnosis.smallest import Smallest, smallest_case, text
from autograder.diagnosis.snippet import DROP_GRAPH
from autograder.draw import EndOfLadder, SimpleDraw
from autograder.exercise import load_exercises
from autograder.op_checks import expect_forward
from autograder.reference import Op
from autograder.sandbox.session import StudentError

ADDED = "self.x.top + self.y.top"


# The ladder


def test_the_first_size_that_fails_is_shown():
    def run(edf, draw):
        for count in draw.sizes([5, 6], small=[1, 2, 3]):
            expect_forward(edf, Op("add", x=draw.normal(count), y=draw.normal(count)))

    wrong = REFERENCE.replace(ADDED, f"{ADDED} + (len(self.x.top) > 2)")
    case = smallest_of(wrong, run)
    assert len(case.got) == 3 and np.array_equal(np.array(case.got), np.array(case.expected) + 1)
    wrong = REFERENCE.replace(ADDED, f"{ADDED} + (len(self.x.top) > 5)")
    assert len(smallest_of(wrong, run).got) == 6
    assert smallest_of(REFERENCE, run) is None


def test_a_check_that_asks_for_no_sizes_is_tried_once():
    drawn = []

    def run(edf, draw):
        drawn.append(draw.normal(3))

    assert smallest_of(REFERENCE, run) is None
    assert len(drawn) == 1


def test_the_smallest_case_of_a_bias_has_a_sum_in_it():
    [check] = [check for check in OPS["add"].checks if check.id == "gradient_bias"]
    variants = [variant for variant in OPS["add"].wrong_variants if variant.gives_away == check.id]
    assert len(variants) >= 5
    for variant in variants:
        case = smallest_case(student(variant.source), check)
        assert np.ravel(case.got).tolist() != np.ravel(case.expected).tolist(), variant.tag
    not_summed = smallest_case(student(variants[0].source), check)
    assert variants[0].tag == "bias_not_summed"
    assert np.shape(not_summed.got) == (2, 1) and np.sum(not_summed.got) == not_summed.expected[0]


def test_nothing_that_is_hidden_is_drawn():
    check = OPS["add"].checks[0]
    wrong = REFERENCE.replace(ADDED, "self.x.top - self.y.top")
    assert smallest_case(student(wrong), check) == smallest_case(student(wrong), check)
    for rung in range(4):
        numbers = [
            *SimpleDraw(rung).normal(50),
            *SimpleDraw(rung).off_zero(50),
            *SimpleDraw(rung).uniform(1, 50),
        ]
        assert {2 * abs(float(number)) for number in numbers} <= {1, 2, 3, 4, 6}
    with pytest.raises(EndOfLadder):
        SimpleDraw(3).sizes([4, 5], small=[1])
    assert [SimpleDraw(rung).sizes([4, 5], small=[1]) for rung in range(3)] == [[1], [4], [5]]


def test_a_training_run_has_no_small_case():
    def never(instructions, arrays=()):
        assert instructions == [["fresh"]], "something was computed"
        return []

    exercises = [exercise for id, exercise in load_exercises().items() if id.startswith("mnist")]
    checks = [check for exercise in exercises for check in exercise.checks]
    assert len(checks) > 2
    assert [smallest_case(never, check) for check in checks] == [None] * len(checks)


# What ends the process


def ended(kind):
    requests = []

    def request(instructions, arrays=()):
        requests.append(instructions)
        if len(requests) == 1:
            return []
        raise StudentError(kind, f"it ended: {kind}")

    return request, requests


@pytest.mark.parametrize("kind", ["cpu", "wall", "exit", "signal", "protocol"])
def test_a_process_that_ended_is_asked_nothing_more(kind):
    request, requests = ended(kind)
    case = smallest_case(request, OPS["RELU"].checks[0])
    assert case.message == f"it ended: {kind}" and len(requests) == 2
    assert case.snippet.endswith("z = edf.RELU(x); z.forward()\nprint(z.top)")
    assert smallest_case(request, OPS["RELU"].checks[0]) is None, "that it is gone is no case of this check"


def test_slow_code_has_no_small_case():
    def run(edf, draw):
        raise Mismatch("it is slow")

    assert smallest_case(student(REFERENCE), check_of(run, efficiency=True)) is None


# What is shown


def of_arrays(got, expected):
    def run(edf, draw):
        edf.flush()
        raise Mismatch("it is wrong", "", got, expected)

    return smallest_of(REFERENCE, run)


def test_numbers_are_rounded():
    case = of_arrays(np.array([4.999999999, 1.23456789, 1000]), np.array([5.000000001, 3e-6, 2000]))
    assert case.got == [5, 1.23457, 1000] and all(isinstance(case.got[i], int) for i in (0, 2))
    assert case.expected == [5, 0, 2000], "what differences leave of a 0"
    assert of_arrays(np.array(2.5), np.array(3)).got == 2.5


def test_what_is_no_number_is_told_in_words():
    case = of_arrays(np.array([np.nan, np.inf, -np.inf]), np.array([1.0, 2, 3]))
    assert case.got == ["nan", "inf", "-inf"] and json.dumps(case.got, allow_nan=False)
    assert of_arrays("is not set", np.ones(2)).got == "is not set"
    assert of_arrays(np.ones((40, 50)), np.ones(2)).got == "an array of shape (40, 50)"
    assert of_arrays(np.ones((0, 5)), np.ones(2)).got == "an array of shape (0, 5)"
    assert of_arrays(np.ones(2), np.full((3, 1), np.nan)).expected == "an array of shape (3, 1)"
    assert of_arrays(np.dtype(float), np.dtype(np.float32)).got == "float64"
    assert of_arrays(np.array([np.nan]), np.ones(1)).got == ["nan"]


def test_a_case_that_is_too_large_has_no_snippet():
    def run(edf, draw):
        expect_forward(edf, Op("RELU", x=draw.normal(40, 50)))

    case = smallest_of(REFERENCE.replace("np.maximum(self.x.top, 0)", "-self.x.top"), run)
    assert case.snippet is None and case.got == case.expected == "an array of shape (40, 50)"
    assert "wrong" in text(case)


def test_expected_and_got_stand_side_by_side():
    snippet = "import edf\nz = edf.add(x, y)\nprint(z.top)"
    case = Smallest("z.top is wrong", snippet, "z.top", [[1, 2], [3, 4]], [[1, 2], [3, "nan"]])
    arrays = """
expected =   got =
[[1. 2.]     [[ 1.  2.]
 [3. 4.]]     [ 3. nan]]"""
    assert text(case) == f"{snippet}\n\nz.top is wrong\n{arrays}"


def test_of_many_images_the_wrong_one_is_shown():
    expected = np.zeros((3, 4, 4, 2))
    got = expected.copy()
    got[1, :, :, 1] = np.arange(16).reshape(4, 4)
    image = text(Smallest("wrong", None, "f.grad", expected.tolist(), got.tolist()))
    assert "got[1, :, :, 1] =" in image and "[12. 13. 14. 15.]" in image
    kernel = text(Smallest("wrong", None, "k.grad", expected.tolist(), got.tolist()))
    assert "got[:, :, 1, 1] =" in kernel


def test_the_note_on_the_graph_is_there_where_it_is_dropped():
    with_it, without = f"import edf; {DROP_GRAPH}\n\nprint(1)", "import edf\n\nprint(1)"
    assert "drops the graph" in text(Smallest("wrong", with_it, "1"))
    assert "drops the graph" not in text(Smallest("wrong", without, "1"))
