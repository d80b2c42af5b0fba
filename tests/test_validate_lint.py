"""The linter says what is missing, and what to do about it."""

import dataclasses

import pytest

from autograder.assignment import load_assignment
from autograder.cli import main
from autograder.compare import Mismatch
from autograder.exercise import Exercise, load_exercises
from autograder.validate.findings import FATAL, WARNING
from autograder.validate.lint import lint
from autograder.validate.lint_files import Files, lint_files
from autograder.validate.lint_variants import lint_variants
from autograder.validate.wording import code_in_description, code_in_hint

HINTS = ("A property does not hold.", "Look at mean.forward.")
WRONG_MEAN = [("np.mean(self.x.top)", "np.sum(self.x.top)")]
RIGHT_MEAN = [("np.mean(self.x.top)", "np.sum(self.x.top) / self.x.top.size")]


@pytest.fixture
def mean():
    """An exercise of our own on `mean`, with all that it takes."""
    exercise = Exercise("mean", "Mean", stubs=["mean.forward"])

    @exercise.check()
    def forward(student, draw):
        """the mean"""
        node = student.op("mean", student.value(draw.normal(2, 3)))
        node.forward()
        if isinstance(node.top, str):
            raise Mismatch("mean.top is not there")

    exercise.wrong("sum", "all is added up", gives_away="forward", hints=HINTS, edits=WRONG_MEAN)
    exercise.right("by_hand", "divides the sum", edits=RIGHT_MEAN)
    return exercise


def found(exercise):
    """What the linter says of an assignment of one exercise, but for the files."""
    assignment = dataclasses.replace(load_assignment(), exercises=(exercise,), points={exercise.id: 1})
    return [finding for finding in lint(assignment) if finding.about == exercise.id]


def only_sentence(exercise, level="error"):
    (finding,) = found(exercise)
    assert finding.level == level
    return finding.sentence


def change_wrong(exercise, **changes):
    exercise.wrong_variants = [dataclasses.replace(exercise.wrong_variants[0], **changes)]


def test_nothing_is_missing(mean):
    assert found(mean) == []


def test_no_variants(mean):
    mean.wrong_variants, mean.right_variants = [], []
    wrong, right = (finding.sentence for finding in found(mean))
    assert wrong.startswith("it has no wrong variants: add plausible mistakes by mean.wrong(…)")
    assert right.startswith("it has no right variants: add other ways to write it by mean.right(…)")


def test_a_right_variant_of_another_exercise_will_do(mean):
    backward = Exercise("mean_backward", "Its gradient", stubs=["mean.backward"])
    exercises = [mean, backward]
    assert any(
        "it has no right variants" in finding.sentence for finding in lint_variants(backward, exercises)
    )
    mean.right(
        "both",
        "sums, and shares evenly",
        edits=[*RIGHT_MEAN, ("share * np.ones_like", "share + np.zeros_like")],
    )
    assert not any(
        "it has no right variants" in finding.sentence for finding in lint_variants(backward, exercises)
    )


@pytest.mark.parametrize(
    "changes, said",
    [
        ({"hints": HINTS[:1]}, "sum (wrong) has 1 hints, not 2"),
        ({"hints": ("", "Look.")}, "sum (wrong) has 2 hints"),
        (
            {"hints": (HINTS[0], "Divide by self.x.top.size.")},
            "sum (wrong): a hint holds code, 'self' is a word",
        ),
        ({"what": "it is sum(x)"}, "sum (wrong): `what` holds code, 'sum(' is a call"),
        (
            {"gives_away": "gradient"},
            "sum (wrong) is given away by 'gradient', which is no check: name one of forward.",
        ),
    ],
)
def test_a_wrong_variant_that_is_not_complete(mean, changes, said):
    change_wrong(mean, **changes)
    assert said in found(mean)[0].sentence


@pytest.mark.parametrize(
    "changes, said",
    [
        ({"edits": (("no such line", ""),)}, "'no such line' is found 0 times in mean, not once"),
        ({"edits": (), "code": "class mean:\n    def"}, "mean/sum can't be loaded (SyntaxError"),
        ({"edits": (), "code": "class mean:\n    x = unknown"}, "mean/sum can't be loaded (NameError"),
        ({"edits": (("self.top = ", "self.top  =  "),)}, "mean/sum is the reference, unchanged"),
    ],
)
def test_a_variant_that_can_not_be_made(mean, changes, said):
    change_wrong(mean, **changes)
    assert said in only_sentence(mean, FATAL)


def test_two_variants_of_one_tag(mean):
    mean.right("sum", "divides the sum", edits=RIGHT_MEAN)
    assert only_sentence(mean) == "2 variants are called sum: rename all but one."


def test_a_right_variant_without_an_exercise_that_is_none(mean):
    mean.right("lazy", "divides the sum", edits=RIGHT_MEAN, without=["median"])
    assert "lazy (right) goes without median, which is no exercise" in only_sentence(mean)


def test_a_stub_that_the_reference_does_not_have(mean):
    mean.stubs = ("mean.forward", "mean.sideways")
    assert only_sentence(mean, FATAL).startswith(
        "mean.sideways is a stub of mean, but not in the reference: write"
    )


def test_a_stub_that_passes_while_it_is_blank(mean):
    @mean.check()
    def lenient(student, draw):
        """asks for nothing"""

    assert "check lenient passes while the stubs are still blank" in only_sentence(mean)


def test_a_check_after_one_that_passes_only_with_the_code_is_fine(mean):
    @mean.check(after=["forward"])
    def lenient(student, draw):
        """asks for nothing"""

    assert found(mean) == []


def test_checks_that_can_not_be_run_in_their_order(mean):
    @mean.check(after=["later"])
    def early(student, draw):
        """comes first"""
        raise Mismatch("never")

    assert "check early is after later, which is no check before it" in only_sentence(mean, FATAL)
    mean.checks = []
    assert "it has no checks" in found(mean)[0].sentence


def test_a_stub_of_two_exercises_and_a_circle():
    first = Exercise("first", "First", stubs=["mean.forward"], needs=["second"])
    second = Exercise("second", "Second", stubs=["mean.forward"], needs=["first"])
    assignment = dataclasses.replace(
        load_assignment(), exercises=(first, second), points={"first": 1, "second": 1}
    )
    said = [finding.sentence for finding in lint(assignment)]
    assert "mean.forward is a stub of first, too: leave it to one of the two." in said
    assert any("take one of them out of `needs`" in sentence for sentence in said)


@pytest.fixture
def files(tmp_path):
    """Files to be spoilt: copies of the project's where there is something to spoil."""
    own = Files()
    for name in ("reference", "skeleton"):
        path = getattr(own, name)
        (tmp_path / name).mkdir()
        (tmp_path / name / "edf.py").write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "assignments").mkdir()
    changes = {name: tmp_path / name / "edf.py" for name in ("reference", "skeleton")}
    return dataclasses.replace(own, assignments=tmp_path / "assignments", **changes)


def said_of_files(files, *ids):
    exercises = [load_exercises()[id] for id in ids]
    return [(finding.about, finding.level, finding.sentence) for finding in lint_files(exercises, files)]


def append(path, text):
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


def test_files_as_they_are(files):
    assert said_of_files(files, "add", "conv2_kernel", "mnist_conv") == []


def test_code_that_no_exercise_is_about(files):
    append(files.reference, "\n\nclass tanh:\n    pass\n")
    ((about, level, said),) = said_of_files(files)
    assert (about, level) == ("edf.py", WARNING)
    assert said.startswith("no exercise is about tanh: nothing judges it")


def test_code_that_is_still_blank_in_the_reference(files):
    append(files.reference, "\n\ndef reset():\n    raise NotImplementedError('later')\n")
    ((_, level, said),) = said_of_files(files)
    assert (level, said) == ("error", "reset is blank in the reference itself: write it.")


def test_a_blank_that_belongs_to_no_exercise(files):
    append(files.skeleton, "\n\nclass tanh:\n    def forward(self):\n        raise NotImplementedError\n")
    ((_, level, said),) = said_of_files(files)
    assert level == "error"
    assert said.startswith("tanh.forward is left blank for the students, but it is a stub of no exercise")


def test_points_that_do_not_add_up(files):
    toml = 'name = "new"\ntotal = 10\n[points]\nadd = 9\n'
    (files.assignments / "new.toml").write_text(toml)
    ((about, _, said),) = said_of_files(files)
    assert (about, said) == ("new.toml", "the points add up to 9, but total = 10: correct that file.")


def test_an_exercise_that_no_notebook_shows(files, tmp_path):
    (tmp_path / "1_new.py").write_text('# %% stub="add"\n\n# %% check="mean"\n', encoding="utf-8")
    files = dataclasses.replace(files, notebooks=tmp_path)
    assert [(about, level) for about, level, _ in said_of_files(files, "add", "mean")] == [
        ("add", WARNING),
        ("mean", WARNING),
    ]
    said = [sentence for _, _, sentence in said_of_files(files, "add", "mean")]
    assert 'no cell check="add" is in any notebook' in said[0]
    assert 'no cell stub="mean" is in any notebook' in said[1]


def test_an_exercise_without_public_checks(files):
    files = dataclasses.replace(files, public_checks=("add",))
    ((about, level, said),) = said_of_files(files, "add", "mean")
    assert (about, level) == ("mean", WARNING)
    assert said.startswith("it has no public check")


NAMES = {"conv2.backward_image", "init_momentum", "add.backward"}


@pytest.mark.parametrize(
    "text",
    [
        "Multiply by self.grad.",
        "Use np.tensordot here.",
        "Sum over [0, 1, 2].",
        "Add with +=, not with = alone.",
        "Call sum(axis) on it.",
        "Take x @ y.",
        "Look at image_grad.",
        "Look at module.ops.",
        "Write `x`.",
    ],
)
def test_code_in_a_hint_is_found(text):
    assert code_in_hint(text, NAMES)


@pytest.mark.parametrize(
    "text",
    [
        "A bias is used in B places (one a row), and each of them counts: y ≥ 0, B×H×W.",
        "Look at what add.backward does; x.grad is what the lecture calls ∇x, and init_momentum comes first.",
        "init_momentum(mom) makes nothing new of edf.ops, y, (x) and z.",
        "exp(−2000) is rounded to 0; conv2.backward_image goes from 1 to n − 1, (H − kh + 1) times.",
    ],
)
def test_prose_is_no_code(text):
    assert code_in_hint(text, NAMES) == ""


def test_what_goes_wrong_may_be_called_by_numpys_name():
    assert code_in_description("np.resize repeats the pixels", ()) == ""
    assert code_in_hint("np.resize repeats the pixels", ())


def test_the_command_alone(quick_assignment, capsys, monkeypatch):
    assert main(["validate", "--lint", "--assignment", str(quick_assignment)]) == 0
    assert "linter: 0 errors" in capsys.readouterr().out
    monkeypatch.setattr(load_exercises()["add"], "wrong_variants", [])
    assert main(["validate", "--lint", "--assignment", str(quick_assignment)]) == 1
    assert "missing add: it has no wrong variants" in capsys.readouterr().out
