"""What is said of wrong submissions, through the sandbox: the mistake's name, errors carried forward, small cases."""

import dataclasses
from types import SimpleNamespace

import pytest
from conftest import SAMPLE_CLASS

from autograder.assignment import load_assignment
from autograder.diagnosis import diagnose as diagnosing
from autograder.exercise import load_exercises
from autograder.grade import Job, grade_submission
from autograder.intake import Submission
from autograder.mistakes import class_mistakes
from autograder.paths import SOLUTION
from autograder.reference import forget
from autograder.variant import Wrong

SECRET = bytes(range(32))
REFERENCE = SOLUTION.read_text(encoding="utf-8")
ADDED = "self.top = self.x.top + self.y.top"
CONV2 = ("conv2_forward", "conv2_image", "conv2_kernel", "stride")
TO_X, TO_Y = "self.x.grad = self.x.grad + ", "self.y.grad = self.y.grad + "
SUMMED = "over_batch.sum(axis=copied[:-1])"


def bank(*mistakes):
    """Wrong variants of `add`, of (tag, edits)."""
    hints = "A property does not hold.", "Look there."
    return [Wrong("add", tag, f"it {tag}", edits, "", ("add",), "forward", hints) for tag, edits in mistakes]


@pytest.fixture
def known(monkeypatch):
    """A function that makes these, of (tag, edits), the mistakes that are known of `add`."""

    def use(*mistakes):
        forget()  # what the bank's own variants of these names do
        monkeypatch.setattr(load_exercises()["add"], "wrong_variants", bank(*mistakes))

    yield use
    forget()


@pytest.fixture
def graded(tmp_path, quick_assignment):
    """A function (edits of the reference, settings of the assignment) → (the result for `add`, record)."""
    assignment = load_assignment(quick_assignment)

    def grade(*edits, source=REFERENCE, **settings):
        for old, new in edits:
            assert old in source
            head, rest = source.split("class add:")
            own, tail = rest.split("class RELU:")
            source = f"{head}class add:{own.replace(old, new)}class RELU:{tail}"
        (tmp_path / "edf.py").write_text(source)
        job = Job(Submission("ada", tmp_path), dataclasses.replace(assignment, **settings), SECRET)
        score, record = grade_submission(job)
        assert score["status"] == "graded", score["message"]
        return score["exercises"]["add"], record

    return grade


def named(result):
    return [mistake["tag"] for mistake in result["mistakes"] if mistake["kind"] == "named"]


def status(result):
    return {check["id"]: check["status"] for check in result["checks"]}


def test_right_code_has_no_mistakes(graded):
    result, record = graded()
    assert result["mistakes"] == [] and record["diagnosis_faults"] == []


def test_a_known_mistake_is_named_however_it_is_written(graded, known):
    known(("averages", ((SUMMED, "self.grad.mean(axis=copied)"),)), ("forgets", ((SUMMED, "self.grad"),)))
    result, _ = graded((SUMMED, "np.mean(self.grad.reshape(-1, *self.y.top.shape), 0)"))
    (mistake,) = result["mistakes"]
    assert (mistake["kind"], mistake["tag"]) == ("named", "averages")
    assert mistake["sentence"] == "This is what you get when it averages."
    assert mistake["hints"] == ["A property does not hold.", "Look there."]
    # The check that looks at bias gradients, and no other: inputs are unmodified, sums of equal shapes right.
    assert "gradient_bias" in mistake["checks"] and "gradient_same_shape" not in mistake["checks"]


def test_two_mistakes_at_once_are_both_named(graded, known):
    known(
        ("averages", ((SUMMED, "self.grad.mean(axis=copied)"),)),
        ("overwrites", ((TO_X, "self.x.grad = "),)),
    )
    result, _ = graded((SUMMED, "self.grad.mean(axis=copied)"), (TO_X, "self.x.grad = 1 * "))
    assert sorted(named(result)) == ["averages", "overwrites"]
    assert all(mistake["kind"] == "named" for mistake in result["mistakes"])


def test_a_mistake_that_would_also_do_something_that_is_right_here_is_not_named(graded, known):
    """The variant overwrites both gradients; the student only one of them."""
    known(("overwrites_both", ((TO_X, "self.x.grad = "), (TO_Y, "self.y.grad = "))))
    result, _ = graded((TO_X, "self.x.grad = "))
    assert named(result) == []
    (mistake,) = result["mistakes"]
    assert mistake["kind"] == "unnamed" and mistake["hints"] == []


def test_code_that_does_nothing_is_no_evidence_for_a_mistake(graded, known):
    known(("zeroes", ((TO_X, "self.x.grad = 0 * "), (TO_Y, "self.y.grad = 0 * "))))
    result, _ = graded((TO_X, "_ = "), (TO_Y, "_ = "))
    assert named(result) == []


MINUS = (ADDED, "self.top = self.x.top - self.y.top")
MINUS_BACK = (TO_Y, "self.y.grad = self.y.grad - ")


@pytest.mark.parametrize("share", [1, 0.5, 0])
def test_a_backward_that_fits_a_known_wrong_forward_earns_its_share(graded, known, share):
    known(("subtracts", (MINUS,)))
    result, _ = graded(MINUS, MINUS_BACK, carried_forward=share)
    states = status(result)
    assert states["forward"] == states["forward_bias"] == "fail"
    carried = {id for id, state in states.items() if state == "carried"}
    assert carried == set(states) - {"forward", "forward_bias"}
    weight = {check["id"]: check["weight"] for check in result["checks"]}
    expected = 6 * share * sum(weight[id] for id in carried) / sum(weight.values())
    assert result["score"] == pytest.approx(expected, abs=0.01)
    assert named(result) == ["subtracts"]
    assert all("right for this forward" in c["message"] for c in result["checks"] if c["status"] == "carried")


def test_a_forward_that_computes_in_float32_is_differenced_with_a_longer_step(graded, known):
    known(("subtracts", (MINUS,)))
    rounded = (MINUS[0], "self.top = self.x.top.astype(np.float32) - self.y.top.astype(np.float32)")
    result, _ = graded(rounded, MINUS_BACK)
    assert status(result)["gradient_bias"] == "carried"


def test_a_backward_that_fits_nothing_earns_nothing(graded, known):
    known(("subtracts", (MINUS,)))
    result, _ = graded(MINUS, (TO_Y, "self.y.grad = self.y.grad + 2 * "))
    assert status(result)["gradient_bias"] == "fail"


@pytest.mark.parametrize(
    "constant", ["0 * self.x.top", "self.top * 0 + 7 if hasattr(self, 'top') else self.x.top * 0"]
)
def test_a_constant_forward_with_its_exact_derivative_earns_nothing(graded, known, constant):
    known(("subtracts", (MINUS,)))
    result, _ = graded((ADDED, f"self.top = {constant}"), (TO_X, "_ = "), (TO_Y, "_ = "))
    assert "carried" not in status(result).values()
    assert not [mistake for mistake in result["mistakes"] if mistake["note"]]


def test_an_unknown_forward_whose_derivative_is_right_is_the_instructors_to_decide(graded, known):
    known(("subtracts", (MINUS,)))
    result, _ = graded(
        (ADDED, "self.top = 3 * self.x.top + self.y.top"), (TO_X, "self.x.grad = self.x.grad + 3 * ")
    )
    assert "carried" not in status(result).values()
    (note,) = [mistake["note"] for mistake in result["mistakes"] if mistake["note"]]
    assert "decide" in note


EASY = """
class add:
    def __init__(self, x, y):
        ops.append(self)
        self.x, self.y = x, y

    def forward(self):
        self.top = np.zeros_like(self.x.top)
        self.top[..., -1] = self.x.top[..., -1]
        self.top = self.top + 0 * self.y.top

    def backward(self):
        if self.x in ops or self.x in params:
            x_grad = np.zeros_like(self.x.top)
            x_grad[..., -1] = self.grad[..., -1]
            self.x.grad = self.x.grad + x_grad


class RELU:"""


def test_a_mistake_that_leaves_little_to_derive_carries_nothing(graded, monkeypatch):
    """Nobody may gain by making the forward wrong: its derivative is 0 nearly everywhere."""
    code = EASY.removesuffix("class RELU:")
    hints = "A property does not hold.", "Look there."
    monkeypatch.setattr(
        load_exercises()["add"],
        "wrong_variants",
        [Wrong("add", "easy", "it is", (), code, ("add",), "forward", hints)],
    )
    head, rest = REFERENCE.split("class add:")
    result, _ = graded(source=head + EASY + rest.split("class RELU:")[1])
    assert named(result) == ["easy"]
    assert [check["id"] for check in result["checks"] if check["status"] == "carried"] == []


def test_pairs_that_fit_together_are_grouped_by_what_their_forward_does(graded, known):
    known(("subtracts", (MINUS,)))
    factors = {"ada": "3 * ", "bo": "5 * ", "cy": "(1 + 2) * "}
    scores = []
    for student, factor in factors.items():
        result, _ = graded((ADDED, f"self.top = {factor}self.x.top + self.y.top"), (TO_X, f"{TO_X}{factor}"))
        scores.append({"student": student, "exercises": {"add": result}})
    pairs = [mistake.students for mistake in class_mistakes(scores) if mistake.tag == "consistent"]
    assert pairs == [["ada", "cy"], ["bo"]]


def test_a_forward_that_plays_the_known_mistake_only_at_first_earns_nothing(graded, known):
    """It subtracts, until it is called so often that it must be being differenced; then it is constant."""
    known(("subtracts", (MINUS,)))
    played = (
        "n = self.x.__dict__['n'] = self.x.__dict__.get('n', 0) + 1\n"
        "        self.top = self.x.top - self.y.top if n < 3 else 0 * self.x.top"
    )
    result, _ = graded((ADDED, played), (TO_X, "_ = "), (TO_Y, "_ = "))
    assert "carried" not in status(result).values()


def test_a_failure_is_shown_on_a_small_case_of_its_own(graded):
    result, _ = graded((SUMMED, "self.grad.mean(axis=copied)"))
    (check,) = [check for check in result["checks"] if check["id"] == "gradient_bias"]
    small = check["smallest"]
    assert len(small["snippet"].splitlines()) == 3
    assert small["expected"] != small["got"]


def test_the_small_case_is_shown_by_code_that_has_seen_no_hidden_input(graded):
    """Code that quotes all it has ever seen quotes nothing that was drawn with the secret."""
    quoting = "seen.append(self.x.top); raise ValueError(str([float(np.sum(x)) for x in seen]))"
    result, _ = graded((ADDED, quoting), source=REFERENCE.replace("ops = []", "seen = []\nops = []", 1))
    texts = [check["smallest"]["message"] for check in result["checks"] if check["smallest"]]
    assert texts
    for text in texts:
        numbers = text.partition("[")[2].partition("]")[0].split(", ")
        # Sums of one to three short numbers, of the ladder's rungs so far: halves.
        assert all((2 * float(number)).is_integer() for number in numbers), text


def test_a_diagnosis_that_fails_changes_no_points(graded, monkeypatch):
    edits = (SUMMED, "self.grad.mean(axis=copied)")
    expected, _ = graded(edits)
    monkeypatch.setattr("autograder.diagnosis.diagnose.matches", lambda *arguments: 1 / 0)
    result, record = graded(edits)
    assert result["score"] == expected["score"] < 6
    assert "ZeroDivisionError" in record["diagnosis_faults"][0]


def test_a_stub_that_is_blank_or_never_ends_is_not_diagnosed(graded):
    blank = "raise NotImplementedError(\"exercise 'add': add.forward is still to be written\")"
    result, _ = graded((ADDED, blank))
    assert result["mistakes"] == []
    result, record = graded((ADDED, "while True: pass"))
    assert result["mistakes"] == [] and not any(check["smallest"] for check in result["checks"])


def score_with(student, kind, tag, behaviour=()):
    mistake = {"kind": kind, "tag": tag, "sentence": "", "note": "", "behaviour": list(behaviour)}
    return {"student": student, "exercises": {"add": {"mistakes": [mistake]}}}


def test_what_builds_on_a_wrong_exercise_says_on_which(tmp_path):
    (tmp_path / "two.toml").write_text('name = "two"\ntotal = 5\n[points]\nsigmoid = 3\nForward = 2\n')
    edf = REFERENCE.replace("for op in ops:", "for op in ops[:-1]:", 1)
    edf += (
        "\n_forward = sigmoid.forward\ndef _twice(self):\n    _forward(self)\n    self.top = 2 * self.top\n"
    )
    (tmp_path / "edf.py").write_text(edf + "sigmoid.forward = _twice\n")
    job = Job(Submission("ada", tmp_path), load_assignment(tmp_path / "two.toml"), SECRET)
    [mistake] = grade_submission(job)[0]["exercises"]["Forward"]["mistakes"]
    assert (mistake["kind"], mistake["on"]) == ("builds on", "sigmoid")


def test_equal_mistakes_of_a_class_stand_together():
    scores = [
        score_with("ada", "named", "bias_mean"),
        score_with("bo", "unnamed", "", ["1.00001", "missing"]),
        score_with("cy", "unnamed", "", ["1.5", "missing"]),
        score_with("di", "unnamed", "", ["1.00002", "missing"]),
        score_with("ed", "unnamed", "", ["1.00001", "raises ValueError"]),
        score_with("flo", "unnamed", "scaled", ["1.00001", "missing"]),
        score_with("gil", "named", "bias_mean"),
    ]
    found = [(mistake.name, mistake.students) for mistake in class_mistakes(scores)]
    assert found == [
        ("bias mean", ["ada", "gil"]),
        ("unknown mistake", ["bo", "di"]),
        ("unknown mistake", ["cy"]),
        ("unknown mistake", ["ed"]),
        ("unknown mistake (scaled)", ["flo"]),
    ]


def test_diagnosis_ends_with_the_time_of_the_whole_submission(graded, monkeypatch):
    """Or code could be wrong at once when it is judged, and sleep in each process that diagnoses it."""
    clock = iter([0, 0, 1e9])
    monkeypatch.setattr(diagnosing, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    asked = []
    monkeypatch.setattr(diagnosing._Diagnosis, "run", lambda self, _: asked.append(self.exercise.id))
    graded(source=REFERENCE + "\nadd.forward = mean.forward = lambda self: None\n")
    assert asked == ["add"]


def test_what_raises_for_want_of_a_right_forward_is_put_down_to_that(tmp_path):
    """A forward for 2×2 kernels only: its gradients have no other mistake, and what builds on them is its fault."""
    source = (SAMPLE_CLASS / "submissions" / "quinn" / "edf.py").read_text()
    (tmp_path / "edf.py").write_text(source)
    assignment = load_assignment().only([load_exercises()[id] for id in CONV2])
    score, _ = grade_submission(Job(Submission("quinn", tmp_path), assignment, SECRET))
    results = score["exercises"]
    assert [m["tag"] for m in results["conv2_forward"]["mistakes"]] == ["two_by_two_kernels_only"]
    for id in ("conv2_image", "conv2_kernel"):
        assert [m["sentence"] for m in results[id]["mistakes"]] == [
            "It builds on conv2_forward, which is wrong: mend that first."
        ]
    assert results["stride"]["message"].startswith("blocked by conv2_forward: ")
