"""make validate fails where it should: on checks that see too little or too much, on variants that are not true."""

import dataclasses

import numpy as np
import pytest

from autograder.assignment import load_assignment
from autograder.cli import main
from autograder.compare import Mismatch, expect_close
from autograder.exercise import Exercise, load_exercises
from autograder.judge import BLOCKED, FAIL, PASS
from autograder.op_checks import expect_forward, expect_gradient
from autograder.reference import Op
from autograder.validate import scope
from autograder.validate.cases import BLANK, RIGHT, WRONG, make_cases
from autograder.validate.effort import Effort, effort
from autograder.validate.line import faults_of, graded, hand_in
from autograder.validate.local import secret
from autograder.validate.matrix import Matrix, make_row, shares
from autograder.validate.secrets import make_trials, run_trial, sentence_of
from autograder.validate.training import make_runs, run_training

SUM = "self.top = self.x.top + self.y.top"
HINTS = ("A property does not hold.", "Look at it.")


@pytest.fixture
def quick(quick_assignment):
    """An assignment of the exercises add and mean."""
    return load_assignment(quick_assignment)


def small_add():
    """An exercise with two checks, two wrong variants and a right one."""
    exercise = Exercise("add", "Sum", stubs=["add.forward", "add.backward"])

    def biased(draw):
        return Op("add", x=draw.normal(3, 4), y=draw.normal(4))

    @exercise.check()
    def forward(student, draw):
        """the sum"""
        expect_forward(student, biased(draw))

    @exercise.check(weight=3)
    def gradient(student, draw):
        """the gradient to a bias"""
        expect_gradient(student, draw, biased(draw), to="y")

    minus = [(SUM, "self.top = self.x.top - self.y.top")]
    exercise.wrong("minus", "y is taken away from x", gives_away="forward", hints=HINTS, edits=minus)
    mean = [("over_batch.sum(axis=copied[:-1])", "self.grad.mean(axis=copied)")]
    exercise.wrong("bias_mean", "it is the mean", gives_away="gradient", hints=HINTS, edits=mean)
    in_place = [("self.y.grad = self.y.grad + ", "self.y.grad += ")]
    exercise.right("in_place", "adds in place", edits=in_place)
    return exercise


@pytest.fixture
def add(monkeypatch):
    """The exercise `add`, made small; to be changed: it is itself again afterwards."""
    exercise, small = load_exercises()["add"], small_add()
    for name in ("checks", "wrong_variants", "right_variants"):
        monkeypatch.setattr(exercise, name, getattr(small, name))
    return exercise


def replace_check(exercise, id, run):
    exercise.checks = [
        dataclasses.replace(check, run=run) if check.id == id else check for check in exercise.checks
    ]


def see_nothing(student, draw):
    pass


def faults(assignment, kind, name, folder):
    """What is wrong with the case of that kind and name; it is handed in below `folder`, once."""
    folder = folder / name.replace("/", "-")
    folder.mkdir()
    (case,) = (c for c in make_cases(assignment) if (c.kind, c.name) == (kind, name))
    return faults_of(case, graded(hand_in(case, 0, folder, secret(0))))


def said_of_secrets(assignment, exercise, right_secrets=2, wrong_secrets=2):
    trials = make_trials(assignment, Effort(right_secrets, wrong_secrets, False))
    return [
        sentence_of(alarm, 0)
        for trial in trials
        if trial.exercise is exercise
        for alarm in run_trial(trial)[0]
    ]


def test_nothing_is_said_where_all_is_well(quick, add, tmp_path):
    quick = quick.only([add])
    for case in make_cases(quick):
        assert faults(quick, case.kind, case.name, tmp_path) == []
    assert said_of_secrets(quick, add) == []


def test_a_check_that_sees_too_little(quick, add, tmp_path):
    replace_check(add, "gradient", see_nothing)
    (said,) = faults(quick, WRONG, "add/bias_mean", tmp_path)
    assert said.startswith("add/bias_mean (wrong) gets full points in add")
    missed = [
        f"add/bias_mean (wrong) is caught by no check of add with secret {i}: sharpen one." for i in (0, 1)
    ]
    assert said_of_secrets(quick, add) == missed


def test_a_check_that_sees_it_only_at_times(quick, add):
    def by_chance(student, draw):
        if draw.rng.random() < 0.5:
            raise Mismatch("something is wrong")

    replace_check(add, "gradient", by_chance)
    add.right_variants = []
    assert 0 < len(said_of_secrets(quick, add, wrong_secrets=20)) < 20


def test_a_variant_that_another_check_gives_away(quick, add, tmp_path):
    add.wrong_variants = [dataclasses.replace(add.wrong_variants[0], gives_away="gradient")]
    said = faults(quick, WRONG, "add/minus", tmp_path)
    assert said[0].startswith("add/minus (wrong) should be given away by check gradient, which ends as")
    assert said_of_secrets(quick, add)[0].startswith(
        "add/minus (wrong) is not given away by check gradient with secret 0, though caught by another"
    )


def test_a_variant_that_only_crashes(quick, add, tmp_path):
    add.wrong(
        "crashes",
        "the code stops",
        gives_away="forward",
        hints=HINTS,
        code="class add:\n    def forward(self):\n        raise KeyError\n    def backward(self):\n        1 / 0\n",
    )
    said = faults(quick, WRONG, "add/crashes", tmp_path)
    assert any("but by no result that is wrong" in sentence for sentence in said)


def test_a_variant_that_the_diagnosis_takes_for_another(quick, add, tmp_path):
    minus = add.wrong_variants[0]
    add.wrong("again", minus.what, gives_away="forward", hints=HINTS, edits=minus.edits)
    (said,) = faults(quick, WRONG, "add/again", tmp_path)
    assert said.startswith("add/again (wrong) is taken for minus by the diagnosis")


def test_a_variant_that_costs_points_elsewhere(quick, add, tmp_path):
    add.wrong(
        "mean_too",
        "the mean is a sum",
        gives_away="forward",
        hints=HINTS,
        edits=[(SUM, "self.top = self.x.top - self.y.top"), ("np.mean(self.x.top)", "np.sum(self.x.top)")],
        of=("add", "mean"),
    )
    said = faults(quick, WRONG, "add/mean_too", tmp_path)
    assert any("also loses points in mean, which does not build on add (check forward" in s for s in said)


def test_a_right_variant_that_is_wrong(quick, add, tmp_path):
    add.right("wrong_way", "subtracts", edits=[(SUM, "self.top = self.x.top - self.y.top")])
    (said,) = faults(quick, RIGHT, "add/wrong_way", tmp_path)
    assert said.startswith("add/wrong_way (right) loses points in add (check forward, fail: add.top is wrong")
    assert said_of_secrets(quick, add)[0].startswith(
        "add/wrong_way (right) fails check forward of add with secret 0 ("
    )


def test_a_right_variant_may_go_without_an_exercise(quick, add, tmp_path):
    add.right("wrong_way", "subtracts", edits=[(SUM, "self.top = self.x.top - self.y.top")], without=["add"])
    assert faults(quick, RIGHT, "add/wrong_way", tmp_path) == []
    assert said_of_secrets(quick, add) == []


def test_a_right_variant_that_calls_itself_slow_and_is_not(tmp_path):
    conv2_forward = load_exercises()["conv2_forward"]
    assignment = load_assignment().only([conv2_forward])
    fast, slow = (
        next(v for v in conv2_forward.right_variants if v.slow == is_slow and not v.without)
        for is_slow in (False, True)
    )
    for variant, claims, said in [
        (slow, True, None),
        (slow, False, "loses points in conv2_forward (check no_pixel_loops"),
        (fast, True, "is slow, as it says, and loses no points for efficiency"),
    ]:
        changed = dataclasses.replace(variant, slow=claims)
        (case,) = (c for c in make_cases(assignment) if c.variant == variant)
        case = dataclasses.replace(case, variant=changed)
        folder = tmp_path / f"{variant.tag}-{claims}"
        folder.mkdir()
        found = faults_of(case, graded(hand_in(case, 0, folder, secret(0))))
        assert (said is None and found == []) or (len(found) == 1 and said in found[0])


def test_a_stub_that_passes_while_it_is_blank(quick, add, tmp_path):
    replace_check(add, "forward", see_nothing)
    assert faults(quick, BLANK, "mean, blank", tmp_path) == []
    (said,) = faults(quick, BLANK, "add, blank", tmp_path)
    assert said.startswith("add, blank earns 1.5 points in add")


def test_a_blank_stub_that_costs_points_elsewhere(quick, tmp_path):
    mean = Exercise("mean", "Mean", stubs=["mean.forward", "mean.backward"])

    @mean.check()
    def sum_of_means(student, draw):
        """the mean of a sum"""
        x = draw.normal(2, 3)
        total = student.op("add", student.value(x), student.value(x))
        node = student.op("mean", total)
        total.forward()
        node.forward()
        expect_close(node.top, np.asarray(2 * x.astype(np.float64).mean()), "mean.top")

    object.__setattr__(quick, "exercises", (quick.exercises[0], mean))
    (said,) = faults(quick, BLANK, "add, blank", tmp_path)
    assert "loses points in mean, which does not build on it (check sum_of_means, blocked" in said
    mean.needs = ("add",)
    (tmp_path / "again").mkdir()
    assert faults(quick, BLANK, "add, blank", tmp_path / "again") == []


def test_what_is_graded_by_what(add):
    """Training runs are left out where a mistake blocks them, and nowhere else."""
    known = load_exercises()
    assignment = load_assignment().only([known[id] for id in ("add", "mnist_mlp", "max")])
    cases = {(case.kind, case.name): case for case in make_cases(assignment)}
    assert [e.id for e in cases[WRONG, "add/bias_mean"].assignment.exercises] == ["add", "max"]
    assert cases[WRONG, f"max/{known['max'].wrong_variants[0].tag}"].assignment == assignment
    assert cases[RIGHT, "add/in_place"].assignment == assignment
    assert {case.exercise for case in cases.values() if case.kind == BLANK} == {"add", "max", ""}
    without_training = make_cases(assignment, training=False)
    assert not any(scope.is_training(e) for case in without_training for e in case.assignment.exercises)


def test_everything_is_what_the_default_assignment_has_and_all_that_it_gives_away(assignment):
    everything = scope.everything(assignment)
    assert {e.id for e in everything.exercises} == set(load_exercises())
    assert everything.points.items() > assignment.points.items()
    assert {"matmul.forward", "add.forward"} < everything.stubs.keys()


def test_variants_of_what_is_given_are_not_tried(assignment):
    """Given code is put back before it is judged: a mistake in it says nothing."""
    matmul = load_exercises()["matmul"]
    assert all(not scope.is_tried(variant, assignment) for variant in matmul.wrong_variants)
    assert all(scope.is_tried(variant, scope.everything(assignment)) for variant in matmul.wrong_variants)


def results(statuses):
    """How checks a, b, … of an exercise ended, as in a score."""
    return [{"id": id, "status": status, "ran": True} for id, status in zip("abcd", statuses)]


def test_checks_that_add_nothing_are_named():
    exercise = Exercise("made_up", "Made up")
    for id in "abcd":

        def check(student, draw):
            """holds"""

        check.__name__ = id
        exercise.check()(check)
    rows = [
        make_row("made_up/one", exercise, results([FAIL, BLOCKED, FAIL, PASS])),
        make_row("made_up/two", exercise, results([FAIL, BLOCKED, PASS, PASS])),
        make_row("made_up/three", exercise, results([PASS, FAIL, PASS, PASS])),
    ]
    matrix = Matrix(exercise, tuple(rows), dict.fromkeys("abcd", 0.25))
    assert [row.marks for row in rows] == [("✗", "–", "✗", "·"), ("✗", "–", "·", "·"), ("·", "✗", "·", "·")]
    assert [(c.fails, c.alone) for c in matrix.contributions] == [(2, 1), (1, 1), (1, 0), (0, 0)]
    assert [c.remark for c in matrix.contributions] == [
        "",
        "",
        "fails nothing that a would miss",
        "fails no wrong variant",
    ]


def test_what_training_makes_of_mistakes(quick, add):
    training = Exercise("training", "Training", needs=["add"])
    training.training = object()  # whatever it trains

    @training.check()
    def first(student, draw):
        """the sum of the gradients"""
        x, y = student.value(draw.normal(2, 3)), student.param(draw.normal(3))
        node = student.op("add", x, y)
        node.forward()
        node.grad = np.ones((2, 3), np.float32)
        node.backward()
        expect_close(y.grad, np.full(3, 2.0), "the gradient")

    @training.check(after=["first"])
    def later(student, draw):
        """nothing"""

    points = {"add": 1, "training": 1}
    assignment = dataclasses.replace(quick, exercises=(add, training), points=points)
    runs = make_runs(assignment)
    assert [(run.exercise, run.variant.tag) for run in runs] == [(training, "minus"), (training, "bias_mean")]
    rows = [make_row(run.variant.tag, training, run_training(run, secret(0))) for run in runs]
    assert [row.marks for row in rows] == [("·", "·"), ("✗", "–")]
    matrix = Matrix(training, tuple(rows), shares(training, assignment), is_training=True)
    assert [(c.share, c.fails, c.alone) for c in matrix.contributions] == [(0.5, 1, 0), (0.5, 0, 0)]
    assert [c.remark for c in matrix.contributions] == [
        "fails nothing that the exercises it builds on would miss",
        "fails no wrong variant",
    ]


def test_points_for_efficiency_are_apart():
    conv2_forward = load_exercises()["conv2_forward"]
    assignment = dataclasses.replace(load_assignment(), efficiency={"conv2_forward": 1})
    of_all = shares(conv2_forward, assignment)
    slow = [of_all[check.id] for check in conv2_forward.checks if check.efficiency]
    assert sum(slow) == pytest.approx(1 / assignment.points["conv2_forward"])
    assert sum(of_all.values()) == pytest.approx(1)


def test_how_much_is_tried():
    assert effort() == Effort(200, 20, True)
    assert effort(secrets=5) == Effort(5, 1, True)
    assert effort(quick=True) == Effort(10, 1, False)


@pytest.fixture
def command(tmp_path, add):
    """A function that validates `add` alone by the command: returns (exit status, path of the Markdown)."""
    toml, markdown = tmp_path / "one.toml", tmp_path / "validity.md"
    toml.write_text('name = "one"\ntotal = 6\n[points]\nadd = 6\n')

    def run():
        arguments = ["--assignment", str(toml), "--secrets", "3", "--jobs", "2", "--markdown", str(markdown)]
        return main(["validate", *arguments]), markdown

    return run


def test_the_command_proves_an_assignment(command, capsys):
    status, markdown = command()
    assert status == 0
    said, written = capsys.readouterr().out, markdown.read_text(encoding="utf-8")
    assert "✓    2 wrong variants: each loses points by the check that gives it away" in said
    assert "| wrong variants | 2 | each loses points" in written
    for row in ("| `add/bias_mean` | · | ✗ |", "| `gradient` | 75% | 1 | 1 |"):
        assert row in written
    assert "## Faults" not in written
    assert "    autograder validate --assignment one.toml --secrets 3\n\nmade this page" in written


def test_the_command_fails_if_anything_does(command, add, capsys):
    add.right("wrong_way", "subtracts", edits=[(SUM, "self.top = self.x.top - self.y.top")])
    add.wrong_variants = add.wrong_variants[:1]
    status, markdown = command()
    assert status == 1
    said, written = capsys.readouterr().out, markdown.read_text(encoding="utf-8")
    assert "linter: 0 errors" in said
    for text in (said, written):
        assert "add/wrong_way (right) loses points in add" in text
        assert "add/wrong_way (right) fails check forward of add with secret 0 and 2 others" in text
    assert "add, gradient: fails no wrong variant" in said
    assert "| `add` | `gradient` | fails no wrong variant" in written


def test_the_command_stops_at_what_can_not_be_graded(command, add, capsys):
    add.right("outdated", "edits what is no more there", edits=[("no such line", "")])
    status, markdown = command()
    assert status == 1
    said = capsys.readouterr().out
    assert "add/outdated: 'no such line' is found 0 times in add, not once" in said
    assert "Nothing was graded: mend these first" in said
    assert not markdown.exists()


def test_a_check_that_the_reference_fails_ends_it_at_once(command, add, capsys):
    def never(student, draw):
        raise Mismatch("nothing is right")

    replace_check(add, "forward", never)
    assert command()[0] == 1
    said = capsys.readouterr()
    assert "The reference fails add, check forward: nothing is right" in said.err
    assert "tasks" not in said.out
