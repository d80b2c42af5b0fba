"""What an instructor has when a grade is disputed: explain, regrade, and the history of a score."""

import dataclasses
import json
import shutil
import sqlite3

import pytest
from conftest import QUICK, ROOT, SAMPLE_CLASS

from autograder import explain as explaining
from autograder import grade as grading
from autograder.cli import main
from autograder.compare import Mismatch
from autograder.exercise import load_exercises

REFERENCE = (ROOT / "solutions" / "edf.py").read_text(encoding="utf-8")
ADD_TOP = "self.top = self.x.top + self.y.top"
HALF = REFERENCE.replace(ADD_TOP, "self.top = (self.x.top + self.y.top) / 2")
CLASS = {"ada": REFERENCE, "half": HALF, "broken": "def"}


@dataclasses.dataclass
class Classroom:
    """A class of a few exercises, that was graded."""

    folder: object

    def run(self, *command):
        return main([*map(str, command)])

    def grade(self, *more):
        how = "--assignment", self.folder / "quick.toml", "--secret", self.folder / "secret", "--jobs", 1
        return self.run("grade", self.folder / "submitted", "--out", self.folder / "out", *how, *more)

    def explain(self, *what):
        return self.run("explain", *what, "--out", self.folder / "out")

    def regrade(self, *what):
        return self.run("regrade", *what, "--out", self.folder / "out", "--jobs", 1)

    def hand_in(self, name, text):
        (self.folder / "submitted" / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "submitted" / name / "edf.py").write_text(text)

    def score(self, name):
        return json.loads((self.folder / "out" / "scores" / f"{name}.json").read_text())

    def history(self, name):
        return json.loads((self.folder / "out" / "history" / f"{name}.json").read_text())["entries"]

    def results(self):
        files = [
            f for kind in ("scores", "history", "feedback") for f in (self.folder / "out" / kind).iterdir()
        ]
        return {file: file.read_bytes() for file in [*files, self.folder / "out" / "grades.csv"]}


@pytest.fixture
def classroom(tmp_path, request, monkeypatch):
    assert HALF != REFERENCE
    if "gradebook" not in request.keywords:  # which takes longer than all the rest
        monkeypatch.setattr("autograder.run._write_course", lambda *_: None)
    (tmp_path / "quick.toml").write_text(QUICK)
    classroom = Classroom(tmp_path)
    for name, text in CLASS.items():
        classroom.hand_in(name, text)
    return classroom


@pytest.fixture
def wrong_check(monkeypatch):
    """A function that makes a check of add fail on any code but the reference, as of an older grader; and mends it."""
    add = load_exercises()["add"]
    check = add.checks[0]

    def too_strict(student, draw):
        if student.request.__qualname__.startswith("Process"):
            raise Mismatch("add.top is wrong", "a check that is too strict")

    def set_wrong(is_wrong):
        add.checks[0] = dataclasses.replace(check, run=too_strict) if is_wrong else check
        for module in ("grade", "regrade", "scores", "explain"):
            name = f"autograder.{module}.grader_version"
            monkeypatch.setattr(name, lambda: "an older one" if is_wrong else "a newer one")

    yield set_wrong
    add.checks[0] = check


def test_explain_runs_the_failing_check_again(classroom, capsys):
    classroom.grade()
    capsys.readouterr()
    assert classroom.explain("half", "add") == 0
    said = capsys.readouterr().out
    assert "half: " in said and "diagnosis" in said and "expected" in said and "got" in said
    assert "Three lines that send them" in said and "edf.add(x, y)" in said
    assert "Run again, every check that was judged ends as it did." in said
    assert "mean" not in said


def test_explain_without_an_exercise_explains_what_did_not_pass(classroom, capsys):
    classroom.grade()
    capsys.readouterr()
    assert classroom.explain("half") == 0 and "\nadd: " in capsys.readouterr().out
    assert classroom.explain("ada") == 0 and "Every exercise has full points." in capsys.readouterr().out


@pytest.mark.parametrize("text, said", [("def", "syntax error"), ("import matplotlib", "import failed")])
def test_explain_runs_again_what_could_not_be_judged(classroom, capsys, monkeypatch, text, said):
    classroom.hand_in("broken", text)
    classroom.grade()
    capsys.readouterr()
    assert classroom.explain("broken") == 0
    out = capsys.readouterr().out
    assert said in out and "Run again, it ends in the same way" in out
    # As on a machine where it can be imported, say.
    real = explaining.grade_submission

    def otherwise(job):
        score, record = real(job)
        return {**score, "status": "graded", "message": ""}, record

    monkeypatch.setattr(explaining, "grade_submission", otherwise)
    assert classroom.explain("broken") == 1
    assert "Not the same: run again, graded" in capsys.readouterr().out


def test_explain_prints_nothing_that_steers_a_terminal(classroom, capsys):
    classroom.hand_in("half", REFERENCE.replace(ADD_TOP, 'raise ValueError("\\x1b[2Jgone")'))
    classroom.grade()
    capsys.readouterr()
    assert classroom.explain("half", "add") == 0
    said = capsys.readouterr().out
    assert "gone" in said and "\x1b[2J" not in said


def test_what_is_shown_adds_up_to_the_points(classroom, capsys):
    classroom.grade()
    capsys.readouterr()
    classroom.explain("half", "add")
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    earned = sum(
        float(words[0])
        for words in lines
        if len(words) > 4 and words[1] == "of" and words[3] in ("pass", "fail")
    )
    assert earned == pytest.approx(classroom.score("half")["exercises"]["add"]["score"], abs=0.03)


def test_explain_says_what_is_not_the_same(classroom, wrong_check, capsys):
    wrong_check(True)
    classroom.grade()
    wrong_check(False)
    capsys.readouterr()
    assert classroom.explain("ada") == 1
    said = capsys.readouterr().out
    assert "It was graded by another version of the grader" in said
    assert "Not the same: add, check" in said and "ended as fail when it was graded, and as pass now" in said


def test_explain_refuses_what_it_can_not_replay(classroom, capsys):
    classroom.grade()
    assert classroom.explain("haalf") == 2 and "Did you mean half?" in capsys.readouterr().err
    assert classroom.explain("half", "conv2") == 2 and "Its exercises: add, mean" in capsys.readouterr().err
    assert classroom.explain("half", "Ad") == 2 and "Did you mean add?" in capsys.readouterr().err
    classroom.hand_in("half", HALF + "\n")
    assert classroom.explain("half") == 2 and "has changed since it was graded" in capsys.readouterr().err
    (classroom.folder / "secret").unlink()
    assert classroom.explain("ada") == 2 and "is gone: restore it" in capsys.readouterr().err
    assert main(["explain", "ada", "--out", str(classroom.folder)]) == 2
    assert "run `make grade` first" in capsys.readouterr().err


def test_regrading_shows_first_and_writes_what_is_agreed(classroom, wrong_check, capsys, monkeypatch):
    wrong_check(True)
    classroom.grade()
    before = classroom.results()
    assert classroom.score("ada")["exercises"]["add"]["score"] < 6
    wrong_check(False)
    monkeypatch.setattr("sys.stdin", open("/dev/null"))
    capsys.readouterr()
    assert classroom.regrade("--exercise", "add") == 1, "there is nobody to ask, and nothing was done"
    said = capsys.readouterr().out
    assert "2 submissions regraded in add: the points of 1 change." in said and "Nothing was written." in said
    assert "--yes (make: YES=1)" in said
    assert classroom.results() == before

    assert classroom.regrade("--exercise", "add", "--yes") == 0
    score = classroom.score("ada")
    assert score["score"] == 10 and score["exercises"]["add"]["score"] == 6
    assert score["kept"] == {"an older one": ["mean"]} and score["grader"] == "a newer one"
    assert [entry["score"] for entry in classroom.history("ada")] == [before_score(before, "ada"), 10]
    assert "10" in (classroom.folder / "out" / "grades.csv").read_text().splitlines()[1]
    feedback = classroom.folder / "out" / "feedback" / "ada.json"
    told = [json.loads(text)["score"] for text in (before[feedback], feedback.read_bytes())]
    assert told == [before_score(before, "ada"), 10]


def before_score(before, name):
    return next(
        json.loads(data)["score"]
        for file, data in before.items()
        if file.parts[-2:] == ("scores", f"{name}.json")
    )


def test_after_regrading_nothing_is_left_to_be_graded(classroom, wrong_check, capsys):
    wrong_check(True)
    classroom.grade()
    wrong_check(False)
    classroom.regrade("--exercise", "add", "--yes")
    after = classroom.results()
    capsys.readouterr()
    classroom.grade()
    said = capsys.readouterr().out
    # The broken one has no exercise that could be regraded: that is graded anew.
    assert "2 of 3 submissions are unchanged" in said
    assert {f: d for f, d in classroom.results().items() if "broken" not in f.name} == {
        f: d for f, d in after.items() if "broken" not in f.name
    }


def test_only_what_is_asked_for_is_judged_again(classroom, wrong_check, capsys):
    wrong_check(True)
    classroom.grade()
    wrong_check(False)
    classroom.regrade("--exercise", "mean", "--yes")
    assert classroom.score("ada")["exercises"]["add"]["score"] < 6
    assert classroom.score("ada")["kept"] == {"an older one": ["add"]}


def test_what_has_changed_since_is_left_alone(classroom, capsys):
    classroom.grade()
    classroom.hand_in("half", REFERENCE)
    classroom.hand_in("new", REFERENCE)
    capsys.readouterr()
    assert classroom.regrade("--exercise", "add", "--yes") == 2  # new has no score: `make grade` first
    assert classroom.regrade("--exercise", "conv2") == 2
    assert "conv2 is no exercise of quick. Its exercises" in capsys.readouterr().err
    assert classroom.regrade("--exercise", "meen") == 2
    assert "meen is no exercise of quick. Did you mean mean?" in capsys.readouterr().err


def test_a_score_with_a_grader_error_is_not_mixed_with_another_secret(classroom):
    from autograder.assignment import load_assignment
    from autograder.intake import Submission
    from autograder.regrade import why_not

    classroom.grade()
    stored = {**classroom.score("ada"), "status": "grader error", "key": ""}
    assignment = load_assignment(classroom.folder / "quick.toml")
    submission = Submission("ada", classroom.folder / "submitted" / "ada")
    same = bytes.fromhex((classroom.folder / "secret").read_text())
    reasons = [
        why_not(grading.Job(submission, assignment, secret), stored, grading.content_of(submission))
        for secret in (same, bytes(32))
    ]
    assert reasons[0] is None and "secret has changed" in reasons[1]


def test_under_pseudonyms_nothing_is_said_of_who_it_is(classroom, wrong_check, capsys):
    classroom.hand_in("zebedee", HALF)  # a name that is no word of ours
    wrong_check(True)
    classroom.grade("--anonymous")
    wrong_check(False)
    names = sorted(path.stem for path in (classroom.folder / "out" / "scores").iterdir())
    capsys.readouterr()
    for name in names:
        classroom.explain(name)
    assert classroom.regrade("--exercise", "add", "--yes") == 0
    said = capsys.readouterr().out
    assert all(name in said for name in names)
    assert "zebedee" not in said


@pytest.mark.gradebook
def test_manual_points_and_comments_stay(classroom, wrong_check):
    wrong_check(True)
    classroom.grade()
    database = classroom.folder / "out" / "course" / "gradebook.db"
    with sqlite3.connect(database) as connection:
        connection.execute("update grade set extra_credit = 1.5 where auto_score is not null")
        connection.execute("update comment set manual_comment = 'well argued'")
    wrong_check(False)
    assert classroom.regrade("--exercise", "add", "--yes") == 0
    with sqlite3.connect(database) as connection:
        assert {
            extra
            for (extra,) in connection.execute("select extra_credit from grade where auto_score is not null")
        } == {1.5}
        assert {text for (text,) in connection.execute("select manual_comment from comment")} == {
            "well argued"
        }
        assert 6 in {points for (points,) in connection.execute("select auto_score from grade")}


def test_a_history_holds_what_a_score_was(classroom):
    classroom.grade()
    classroom.grade()
    assert len(classroom.history("half")) == 1
    classroom.hand_in("half", REFERENCE)
    classroom.grade()
    first, last = classroom.history("half")
    assert (
        first["score"] < last["score"] == 10
        and first["exercises"]["add"] < 6
        and first["when"] <= last["when"]
    )
    assert first["submission"] != last["submission"]


@pytest.mark.parametrize("status", ["blocked", "carried", "fail"])
def test_a_regrade_of_an_exercise_that_hangs_on_it_follows(tmp_path, status):
    """What builds on an exercise and has not passed is judged again with it; what has, stays."""
    from autograder.assignment import load_assignment
    from autograder.intake import Submission
    from autograder.regrade import regrade_job

    assignment = load_assignment()
    job = grading.Job(Submission("ada", tmp_path), assignment, b"secret")
    score = {"exercises": {id: {"status": "pass"} for id in assignment.points}}
    _, wanted = regrade_job(job, score, ["conv2_forward"])
    assert wanted == {"conv2_forward"}
    score["exercises"]["mnist_conv"]["status"] = status
    regraded, wanted = regrade_job(job, score, ["conv2_forward"])
    assert wanted == {"conv2_forward", "mnist_conv"}
    assert {"conv2_forward", "mnist_conv", "conv2_kernel", "smaxloss"} <= {e.id for e in regraded.exercises}
    assert "momentum" not in {e.id for e in regraded.exercises} or "momentum" in wanted | {
        need for e in regraded.exercises for need in e.needs
    }


CARRIED = """
name = "carried"
total = 20
carried_forward = 0.5
packages = []
[points]
conv2_forward = 10
conv2_image = 10
"""


def test_what_was_carried_forward_is_not_when_the_forward_counts_as_right(classroom, capsys, monkeypatch):
    flipped = (SAMPLE_CLASS / "submissions" / "marek" / "edf.py").read_text()
    (classroom.folder / "quick.toml").write_text(CARRIED)
    for name in CLASS:
        shutil.rmtree(classroom.folder / "submitted" / name)
    classroom.hand_in("marek", flipped)
    assert classroom.grade() == 0
    before = classroom.score("marek")["exercises"]
    assert before["conv2_image"]["status"] == "carried" and before["conv2_image"]["score"] < 10
    forward = load_exercises()["conv2_forward"]
    lenient = [dataclasses.replace(check, run=lambda student, draw: None) for check in forward.checks]
    monkeypatch.setattr(forward, "checks", lenient)
    assert classroom.regrade("--exercise", "conv2_forward", "--yes") == 0
    after = classroom.score("marek")["exercises"]
    assert after["conv2_forward"]["score"] == 10
    assert after["conv2_image"]["status"] == "fail"
