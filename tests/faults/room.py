"""Where faults are tried: a class, the states that a run starts from, and the command line on it."""

import contextlib
import dataclasses
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from conftest import QUICK, ROOT, SAMPLE_CLASS
from handed_in import ADD, MEAN, REFERENCE, notebook, write_files, zipped

from faults.result import result

SAMPLE = "ada marek rosa.py viktor wren drew xavi kemi pia eko.py yara lena".split()
NO_ADD = REFERENCE.replace("self.top = self.x.top + self.y.top", "self.top = self.x.top")
ATTEMPTS = {"2026-11-18 10:00": "print 1\n", "2026-11-19 10:00": REFERENCE, "2026-11-20 10:00": NO_ADD}
STUDENTS = len(SAMPLE) + 3
JOBS = 2
SECONDS = 900  # for a run, which takes some ten on an idle machine: beyond that, it hangs


@dataclasses.dataclass(frozen=True)
class Ended:
    """How a run ended: its exit status (negative: the signal), and what it said."""

    status: int
    said: str


class Lab:
    """What all trials share, made in a folder: the class, and undisturbed results.

    Runs start from one of two states. "course": nbgrader's folder is there, with a student who handed in before and
    was given a score and a comment by hand. "nothing": there is no OUT.
    """

    def __init__(self, folder, states=("course",)):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # as in a terminal, if it is not in one
            if signal.getsignal(number) == signal.SIG_IGN:
                signal.signal(number, signal.SIG_DFL)
        self.folder, self.secret = Path(folder), Path(folder, "secret")
        self.submissions, self.roster = self.folder / "class", self.folder / "roster.csv"
        self.assignment = self.folder / "quick.toml"
        self.assignment.write_text('attempts = "best"\n' + QUICK)
        self._write_class()
        self.start = {"nothing": None}
        self.start["course"] = self._course()
        self.undisturbed, self.seconds = {}, {}
        for state in states:
            with self.room(state) as room:
                started = time.monotonic()
                room.must_run()
                self.seconds[state] = time.monotonic() - started
                self.undisturbed[state] = result(room.out)
                if state == "course":
                    self.done = shutil.copytree(room.out, self.folder / "done", symlinks=True)

    def _write_class(self):
        self.submissions.mkdir()
        for name in SAMPLE:
            found = SAMPLE_CLASS / "submissions" / name
            (shutil.copytree if found.is_dir() else shutil.copy)(found, self.submissions / name)
        for when, source in ATTEMPTS.items():
            write_files(self.submissions, {f"bo+quick+{when}:00 UTC+abcdefghijkl/edf.py": source})
        cells = {"add": ADD, "mean": MEAN.replace("/ self.x.top.size", "")}
        write_files(self.submissions / "nora", {"1_autograd.ipynb": notebook(**cells)})
        (self.submissions / "zeb.zip").write_bytes(zipped({"edf.py": NO_ADD}))
        names = [*(name.removesuffix(".py") for name in SAMPLE), "bo", "nora", "zoe"]
        rows = [f"{name},{name.title()} of Sample,{name}@example.org" for name in names]
        self.roster.write_text("\n".join(["student,name,email", *rows, ""]))

    def _course(self):
        one = self.folder / "one"
        for path in self.submissions.glob("bo+*"):
            shutil.copytree(path, one / path.name)
        with self.room("nothing") as room:
            room.must_run(submissions=one, roster=False)
            with contextlib.closing(sqlite3.connect(room.out / "course" / "gradebook.db")) as book, book:
                # As formgrader does it.
                book.execute("UPDATE grade SET manual_score = 3 WHERE id = (SELECT min(id) FROM grade)")
                book.execute(
                    "UPDATE comment SET manual_comment = 'Good.' WHERE id = (SELECT min(id) FROM comment)"
                )
            shutil.copytree(room.out / "course", self.folder / "start" / "course")
        return self.folder / "start"

    def room(self, state="course"):
        """A `Room` of its own in that state; "done": after an undisturbed run."""
        return Room(self, self.done if state == "done" else self.start[state])


class Room:
    """One OUT, a context manager that removes it: `start` or `run` the grader on it."""

    def __init__(self, lab, state):
        self.lab, self._state = lab, state

    def __enter__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="room-", dir=self.lab.folder))
        self.folder.chmod(0o755)
        self.out, self.secret, self.course = self.folder / "out", self.lab.secret, None
        self._started = []
        if self._state:
            shutil.copytree(self._state, self.out, symlinks=True)
        return self

    def __exit__(self, *_):
        for process in self._started:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        shutil.rmtree(self.folder)

    def command(self, submissions=None, roster=True):
        """The command line that grades the class into this room."""
        command = [sys.executable, "-m", "autograder", "grade", str(submissions or self.lab.submissions)]
        command += ["--out", str(self.out), "--secret", str(self.secret), "--jobs", str(JOBS)]
        command += ["--assignment", str(self.lab.assignment)]
        command += ["--roster", str(self.lab.roster)] if roster else []
        return command + (["--course", str(self.course)] if self.course else [])

    def start(self, command=None, environment=None, stdout=None):
        """Start the grader, or another command; a Popen, in a process group of its own."""
        log = self.folder / f"said-{len(self._started)}"
        path = os.pathsep.join([*(environment or {}).pop("PYTHONPATH", []), str(ROOT), str(ROOT / "pset")])
        with open(log, "wb") as said:
            process = subprocess.Popen(
                command or self.command(),
                cwd=ROOT,
                env={**os.environ, **(environment or {}), "PYTHONPATH": path, "COLUMNS": "200"},
                stdin=subprocess.DEVNULL,
                stdout=stdout or said,
                stderr=said,
                start_new_session=True,
            )
        process.log = log
        self._started.append(process)
        return process

    def end(self, process):
        """Wait for a process of `start`: how it `Ended`."""
        status = process.wait(SECONDS)
        return Ended(status, process.log.read_text(errors="replace"))

    def run(self, **more):
        """Run the grader to its end; how it `Ended`."""
        return self.end(self.start(**more))

    def must_run(self, **more):
        """Run the grader to its end, which must be a good one."""
        ended = self.run(command=self.command(**more))
        assert ended.status == 0, f"status {ended.status}: {ended.said}"
        return ended

    def scores(self):
        """The files that hold scores."""
        return sorted([*self.out.glob("scores/*.json"), *self.out.glob("attempts/*/*.json")])
