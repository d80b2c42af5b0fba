"""Nobody pays for a busy machine; and a class that is graded without a sandbox says so everywhere."""

import dataclasses
import os
import signal
import time

import pytest
from conftest import ROOT
from sandbox_probe import ShortLimits, call, descendants, submission

from autograder import grade as grading
from autograder.assignment import load_assignment
from autograder.cli import main
from autograder.grade import Job, grade
from autograder.intake import Submission
from autograder.sandbox.session import Sandbox, StudentError

REFERENCE = (ROOT / "solutions" / "edf.py").read_text(encoding="utf-8")
COMPUTES_AND_WAITS = "import time\nsum(range(10**7))\ntime.sleep(60)\n"
WAITS = "import time\ntime.sleep(60)\n"


@pytest.fixture
def outcomes(tmp_path, quick_assignment, monkeypatch):
    """A function that grades submissions on a machine of that load: [(student, score, record)], as they come."""

    def outcomes(load, **sources):
        monkeypatch.setattr(
            os, "getloadavg", lambda: (load, load, load)
        )  # the processes are forked: they see it
        limits = dataclasses.replace(ShortLimits(), cpu_seconds=10, wall=2)
        assignment = dataclasses.replace(load_assignment(quick_assignment), limits=limits)
        jobs = []
        for student, source in sources.items():
            (tmp_path / student).mkdir()
            (tmp_path / student / "edf.py").write_text(source)
            jobs.append(Job(Submission(student, tmp_path / student), assignment, b"secret"))
        return [(score["student"], score, record) for score, record in grade(jobs, 2)]

    return outcomes


def test_who_could_not_compute_on_a_busy_machine_has_a_second_try_alone(outcomes):
    found = outcomes(100, starved=COMPUTES_AND_WAITS, waiting=WAITS, right=REFERENCE)
    assert [student for student, _, _ in found][-1] == "starved"
    records = {student: record for student, _, record in found}
    assert records["starved"]["second_try"]
    assert not any("second_try" in records[student] for student in ("waiting", "right"))
    scores = {student: score for student, score, _ in found}
    assert scores["right"]["score"] == 10
    assert "stopped after 2 s" in scores["starved"]["message"]


def test_there_is_no_second_try_on_a_machine_that_had_time(outcomes):
    [(_, score, record)] = outcomes(0, starved=COMPUTES_AND_WAITS)
    assert "second_try" not in record
    assert score["score"] == 0


@pytest.fixture
def arguments(tmp_path, quick_assignment, monkeypatch):
    monkeypatch.setattr("autograder.run._write_course", lambda *arguments: None)
    (tmp_path / "submitted" / "ada").mkdir(parents=True)
    (tmp_path / "submitted" / "ada" / "edf.py").write_text(REFERENCE)
    folders = ["--out", str(tmp_path / "out"), "--secret", str(tmp_path / "secret")]
    return ["grade", str(tmp_path / "submitted"), *folders, "--assignment", str(quick_assignment)]


def test_without_a_sandbox_every_score_says_so(arguments, tmp_path, capsys):
    assert main([*arguments, "--sandbox", "none"]) == 0
    said = capsys.readouterr().out
    assert "NO SANDBOX" in said and "nobody can vouch" in said
    assert '"guarded": false' in (tmp_path / "out" / "scores" / "ada.json").read_text()
    assert '"sandbox": "none"' in (tmp_path / "out" / "records" / "ada.json").read_text()
    assert "graded without a sandbox" in (tmp_path / "out" / "grades.csv").read_text()
    # In a sandbox, they are graded anew.
    assert main(arguments) == 0
    assert '"guarded": true' in (tmp_path / "out" / "scores" / "ada.json").read_text()
    assert "sandbox" not in (tmp_path / "out" / "grades.csv").read_text()


def test_no_sandbox_is_never_the_choice_of_the_grader(monkeypatch):
    from autograder.sandbox import choose as choosing
    from autograder.sandbox.visible import SandboxUnavailable

    def refuse():
        raise SandboxUnavailable("no.")

    choosing.choose.cache_clear()
    for stack in choosing.STACKS.values():
        monkeypatch.setattr(stack, "check", refuse)
    with pytest.raises(SandboxUnavailable):
        choosing.choose()
    choosing.choose.cache_clear()
    assert grading.choose("none").NAME == "none"


def test_limits_hold_without_a_sandbox(tmp_path, quick_assignment):
    assignment = load_assignment(quick_assignment)
    limits = dataclasses.replace(ShortLimits(), cpu_seconds=1)
    (tmp_path / "edf.py").write_text("while True:\n    pass\n")
    job = Job(
        Submission("ada", tmp_path), dataclasses.replace(assignment, limits=limits), b"secret", None, "none"
    )
    score, _ = grading.grade_submission(job)
    assert "CPU time" in score["message"]


def test_a_process_that_something_outside_killed_is_told_from_one_that_ended_itself(tmp_path):
    place = submission(tmp_path, "def f():\n    while True:\n        pass\n")
    with Sandbox(place, "", (), ShortLimits()) as sandbox, sandbox.process("serve", 10) as process:
        process.load()
        assert not sandbox.was_killed
        os.kill(max(descendants(sandbox._template.pid)), signal.SIGKILL)
        with pytest.raises(StudentError, match="SIGKILL"):
            process.request([call("f")])
        assert sandbox.was_killed


def test_time_in_which_the_grader_was_stopped_is_nobodys(tmp_path):
    class Stopped:
        """A selector whose process is stopped, for longer than the wall limit, as soon as it waits."""

        def __init__(self, selector):
            self.selector, self.pauses = selector, [3]

        def __getattr__(self, name):
            return getattr(self.selector, name)

        def select(self, wait):
            if self.pauses:
                time.sleep(self.pauses.pop())
                return []
            return self.selector.select(wait)

    limits = ShortLimits(wall=2)
    place = submission(tmp_path, "import time\ndef f():\n    time.sleep(1)\n    print('done')\n")
    with Sandbox(place, "", (), limits) as sandbox, sandbox.process("serve", 10) as process:
        process.load()
        process._selector = Stopped(process._selector)
        process.request([call("f")])
    assert process.output == "done\n"
