"""`autograder grade` as a command: what it skips, what it survives, what it refuses."""

import csv
import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
from conftest import ROOT

from autograder import grade as grading
from autograder.assignment import load_assignment
from autograder.cli import main
from autograder.exercise import Exercise
from autograder.exports.people import read_scores
from autograder.grade import GraderFault, Job, check_reference, grade_submission, key_of, unjudged
from autograder.intake import Submission
from autograder.scores import Scores
from autograder.texts import csv_cell

REFERENCE = (ROOT / "solutions" / "edf.py").read_text(encoding="utf-8")
SECRET = bytes(range(32))


@pytest.fixture(autouse=True)
def without_gradebook(monkeypatch):
    """nbgrader's folder has tests of its own (test_gradebook*.py, test_round_trip.py), and takes a while to make."""
    monkeypatch.setattr("autograder.run._write_course", lambda *arguments: None)


@pytest.fixture
def classroom(tmp_path, quick_assignment):
    """A class of two in a folder, and a function that grades it: classroom.grade(...) → exit status."""

    class Classroom:
        folder, out = tmp_path / "submitted", tmp_path / "out"

        def hand_in(self, student, source):
            (self.folder / student).mkdir(parents=True, exist_ok=True)
            (self.folder / student / "edf.py").write_text(source)

        def command(self, secret="secret"):
            paths = ["--out", str(self.out), "--secret", str(tmp_path / secret)]
            return ["grade", str(self.folder), *paths, "--assignment", str(quick_assignment), "--jobs", "2"]

        def grade(self, **options):
            return main(self.command(**options))

        def scores(self):
            return {path.name: path.read_bytes() for path in sorted((self.out / "scores").iterdir())}

    room = Classroom()
    room.hand_in("right", REFERENCE)
    room.hand_in("wrong", REFERENCE.replace("self.top = self.x.top + self.y.top", "self.top = self.x.top"))
    return room


def written_at(classroom):
    return {path.name: path.stat().st_mtime_ns for path in (classroom.out / "scores").iterdir()}


def test_a_second_run_grades_only_what_changed(classroom, capsys):
    assert classroom.grade() == 0
    before = written_at(classroom)
    classroom.hand_in("wrong", REFERENCE)
    assert classroom.grade() == 0
    after = written_at(classroom)
    assert after["right.json"] == before["right.json"]
    assert after["wrong.json"] > before["wrong.json"]
    assert "1 of 2 submissions are unchanged" in capsys.readouterr().out
    assert json.loads(classroom.scores()["wrong.json"])["score"] == 10


def test_who_was_graded_before_and_is_not_in_the_class_is_named_kept_and_left_out(classroom, capsys):
    classroom.grade()
    assert "before, and not in this class" not in capsys.readouterr().out
    shutil.rmtree(classroom.folder / "wrong")
    assert classroom.grade() == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "before, and not in this class: 1 (wrong). Their scores are kept" in said
    assert sorted(classroom.scores()) == ["right.json", "wrong.json"]
    with open(classroom.out / "grades.csv", newline="") as file:
        assert [row["student"] for row in csv.DictReader(file)] == ["right"]
    assert list(read_scores(classroom.out)) == ["right"]


def test_grading_again_gives_the_same_bytes(classroom):
    classroom.grade()
    first = classroom.scores()
    shutil.rmtree(classroom.out)
    classroom.grade()
    assert classroom.scores() == first


def test_another_secret_says_so_and_grades_again(classroom, capsys):
    classroom.grade()
    before = written_at(classroom)
    assert classroom.grade(secret="other") == 0
    assert "2 submissions were graded with another course secret" in capsys.readouterr().out
    assert all(time > before[name] for name, time in written_at(classroom).items())


def test_other_versions_of_what_students_import_grade_again(classroom, monkeypatch):
    """Where numbers come from another scipy, they may be other numbers."""
    assignment = dataclasses.replace(load_assignment(), packages=("scipy",))
    job = Job(Submission("right", classroom.folder / "right"), assignment, SECRET)
    before = key_of(job, "what was handed in")
    assert key_of(job, "what was handed in") == before
    monkeypatch.setattr(grading, "_versions", lambda packages: dict.fromkeys(packages, "99"))
    assert key_of(job, "what was handed in") != before


def test_a_corrupt_score_is_graded_again(classroom):
    classroom.grade()
    good = classroom.scores()
    (classroom.out / "scores" / "right.json").write_bytes(good["right.json"][:100])
    assert classroom.grade() == 0
    assert classroom.scores() == good


def test_a_damaged_history_is_said_and_kept_under_another_name(classroom, capsys):
    classroom.grade()
    path = classroom.out / "history" / "right.json"
    [entry] = json.loads(path.read_bytes())["entries"]
    for number in (1, 2):
        path.write_bytes(b"half of")
        assert classroom.grade() == 0
        assert f"{path.name}.damaged-{number}" in capsys.readouterr().out
        assert path.with_name(f"right.json.damaged-{number}").read_bytes() == b"half of"
        [again] = json.loads(path.read_bytes())["entries"]
        assert again | {"when": ""} == entry | {"when": ""}
    assert classroom.grade() == 0
    assert ".damaged-" not in capsys.readouterr().out


def test_a_killed_run_loses_nothing_and_the_next_one_finishes(classroom, tmp_path):
    """kill -9 in the middle: what was graded stays as it was, and the end is that of an undisturbed run."""
    for i in range(6):
        classroom.hand_in(f"student{i}", REFERENCE + f"\n# {i}\n")
    # It hangs until its limit: the run is still going when it is killed.
    classroom.hand_in("slow", "while True:\n    pass\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "autograder", *classroom.command()], cwd=ROOT, stdout=subprocess.DEVNULL
    )
    folder = classroom.out / "scores"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not list(folder.glob("*.json")):
        time.sleep(0.01)
    children = descendants(process.pid)
    process.send_signal(signal.SIGKILL)
    process.wait()
    kept = classroom.scores()
    assert kept
    assert wait_until_gone(children), "a grading process or sandbox outlived the grader"
    assert list((classroom.out / ".scratch").iterdir()), "it was not killed in the middle of a submission"
    times = written_at(classroom)
    assert classroom.grade() == 0
    assert {name: written_at(classroom)[name] for name in times if name.endswith(".json")} == {
        name: t for name, t in times.items() if name.endswith(".json")
    }
    resumed = classroom.scores()
    shutil.rmtree(classroom.out)
    classroom.grade()
    assert {n: b for n, b in resumed.items() if n.endswith(".json")} == classroom.scores()
    assert len(classroom.scores()) == 9
    assert not (classroom.out / ".scratch").exists()


def descendants(pid):
    """The processes below a process."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat") as file:
                    parents[int(entry)] = int(file.read().rpartition(")")[2].split()[1])
            except OSError:
                pass
    found, todo = [], [pid]
    while todo:
        parent = todo.pop()
        below = [child for child, its_parent in parents.items() if its_parent == parent]
        found += below
        todo += below
    return found


def wait_until_gone(pids):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if not any(alive(pid) for pid in pids):
            return True
        time.sleep(0.05)
    return False


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("record", [{}, {"output": {"add": '",\n "hash": "0"\n}'}}])
def test_whatever_is_stored_is_read_again_and_a_changed_file_is_not(tmp_path, record):
    score = unjudged(Job(Submission("ann", tmp_path), load_assignment(), b"secret"), "killed, twice")
    with Scores(tmp_path / "out") as scores:
        scores.write(score, record)
        assert (scores.read("ann"), scores.read_record("ann")) == (score, record)
    path = tmp_path / "out" / "scores" / "ann.json"
    assert json.loads(path.read_text())["student"] == "ann"
    path.write_text(path.read_text().replace("killed, twice", "killed, once"))
    with Scores(tmp_path / "out") as scores:
        assert scores.read("ann") is None


def test_two_runs_on_one_output_are_refused(classroom, capsys):
    classroom.out.mkdir()
    with Scores(classroom.out):
        assert classroom.grade() == 2
    assert "Another run is grading" in capsys.readouterr().err
    assert classroom.grade() == 0


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["grade", "/nowhere/at/all"], "There is no folder"),
        (["grade", str(ROOT / "solutions")], "is a single submission"),
        (["grade", str(ROOT / "data"), "--assignment", "/nowhere.toml"], "There is no assignment file"),
    ],
)
def test_unusable_arguments_say_what_to_do_and_exit_with_2(arguments, said, tmp_path, capsys):
    assert main([*arguments, "--out", str(tmp_path / "out"), "--secret", str(tmp_path / "secret")]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("efficiency", [False, True])
def test_a_check_that_breaks_is_a_grader_error_and_no_zero(classroom, efficiency):
    """The student's other exercises keep their points, the total is left open; where a check has no points, too."""
    broken = Exercise("mean", "Mean", stubs=["mean.forward", "mean.backward"])

    @broken.check(efficiency=efficiency)
    def divides_by_zero(student, draw):
        """never judges anything"""
        return 1 / 0

    @broken.check()
    def holds(student, draw):
        """is always passed"""

    assignment = load_assignment(classroom.command()[classroom.command().index("--assignment") + 1])
    add = assignment.exercises[0]
    object.__setattr__(assignment, "exercises", (add, broken))
    with pytest.raises(GraderFault, match="mean, check divides_by_zero: ZeroDivisionError"):
        check_reference(assignment, SECRET)
    submission = Submission("right", classroom.folder / "right")
    score, _ = grade_submission(Job(submission, assignment, SECRET))
    assert score["status"] == "grader error"
    assert score["score"] is None
    assert score["key"] == ""
    assert score["exercises"]["add"]["score"] == 6
    assert score["exercises"]["mean"]["score"] is None
    assert not score["exercises"]["mean"]["unusable"], "what builds on it must still be judged"


def test_a_sandbox_that_cannot_start_is_a_grader_error(classroom, monkeypatch):
    def refuse(*_):
        raise grading.SandboxError("no namespaces today")

    monkeypatch.setattr(grading.Sandbox, "__init__", refuse)
    submission = Submission("right", classroom.folder / "right")
    assignment = load_assignment(classroom.command()[classroom.command().index("--assignment") + 1])
    score, _ = grade_submission(Job(submission, assignment, SECRET))
    assert (score["status"], score["score"]) == ("grader error", None)


def test_broken_submissions_get_their_verdicts_and_the_rest_of_the_class_goes_on(classroom, capsys):
    classroom.hand_in("deep", "x = " + "-" * 200_000 + "1\n")
    classroom.hand_in("empty", "")
    classroom.hand_in("two", "print 1\n")
    (classroom.folder / "latin").mkdir()
    (classroom.folder / "latin" / "edf.py").write_bytes("x = 'é'".encode("latin-1"))
    (classroom.folder / "missing").mkdir()
    (classroom.folder / "binary.py").write_bytes(bytes(100))
    (classroom.folder / "huge.py").write_bytes(b"#" * (50 << 20))
    assert classroom.grade() == 0
    with open(classroom.out / "grades.csv", newline="") as file:
        statuses = {row["student"]: row["status"] for row in csv.DictReader(file)}
    assert statuses == {
        "binary": "binary",
        "deep": "syntax error",
        "empty": "empty",
        "huge": "too large",
        "latin": "not UTF-8",
        "missing": "missing",
        "right": "graded",
        "two": "syntax error",
        "wrong": "graded",
    }
    capsys.readouterr()
    assert classroom.grade() == 0
    assert "9 of 9 submissions are unchanged" in capsys.readouterr().out


def test_a_submission_that_has_used_its_time_up_is_not_run_any_further(classroom, tmp_path):
    toml = tmp_path / "quick.toml"
    toml.write_text(toml.read_text() + "submission_cpu_seconds = 0.0001\n")
    submission = Submission("right", classroom.folder / "right")
    score, _ = grade_submission(Job(submission, load_assignment(toml), SECRET))
    assert score["score"] == 0
    assert "not run: the exercises before it used all" in score["exercises"]["mean"]["message"]


def test_names_that_a_spreadsheet_would_compute_are_defused(classroom):
    classroom.hand_in("=1+2", REFERENCE)
    classroom.grade()
    assert "\n'=1+2,graded,10.0," in (classroom.out / "grades.csv").read_text()


QUOTING = """
class Quoted(Exception):
    pass


def quote(array):
    raise type("Data_" + str(array.flat[0]).replace(".", "_"), (Exception,), {})(repr(array))
"""


@pytest.mark.parametrize(
    "raising",
    [
        "raise ValueError(repr(self.x.top))",
        "quote(self.x.top)",
        "exec(compile('raise ValueError', repr(self.x.top), 'exec'))",
        "raise NotImplementedError(f\"exercise 'add': {self.x.top.flat[0]} is still to be written\")",
    ],
)
def test_what_the_code_raises_carries_no_hidden_input_to_the_student(classroom, raising):
    """Its text, class and file name are of the student's making: only the instructor's detail quotes them."""
    line = "self.top = self.x.top + self.y.top"
    classroom.hand_in("quoting", REFERENCE.replace(line, raising) + QUOTING)
    assert classroom.grade() == 0
    score = json.loads(classroom.scores()["quoting.json"])
    checks = score["exercises"]["add"]["checks"]
    failed = [check for check in checks if check["status"] == "fail"]
    assert failed and all(check["message"].startswith("the code raises ") for check in failed)
    for text in [score["exercises"]["add"]["message"], *(check["message"] for check in checks)]:
        assert not set("0123456789") & set(text.partition("edf.py, line")[0])
    assert all(check["detail"] for check in failed)


def test_the_command_line_is_there_before_anything_large_is_imported():
    """--help takes no time, and Ctrl-C at the start ends in a sentence."""
    program = (
        "import sys, autograder.cli; autograder.cli._parser(); "
        "print(*(name in sys.modules for name in ('numpy', 'edf_kit')))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_no_cell_steers_a_terminal_or_a_spreadsheet():
    assert csv_cell("\x1b[31mred\x07 \u202eback") == "\ufffd[31mred\ufffd \ufffdback"
    assert csv_cell("=1+1") == "'=1+1" and csv_cell("\r=1+1").startswith("'")
    assert csv_cell(7.5) == 7.5
