"""One run of `autograder grade` on a class of attackers and innocents, and what is known after it."""

import contextlib
import csv
import ctypes
import dataclasses
import functools
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from pathlib import Path

import pytest
from sandbox_probe import copied_project, descendants, wait_until_dead

from attacks.attack import ANY, AS_BLANK, AS_RIGHT, IGNORED, blank, right
from attacks.world import World
from autograder.paths import ROOT

JOBS = 2
USER = 1234  # any that is not root
PR_SET_CHILD_SUBREAPER = 36
SECONDS = 900  # on a very busy machine
MEMORY_MB = 384  # little, so that even a machine on which new memory is slow gives it within the CPU time
# Few quick exercises: an operation with a backward, one that reads nothing but its input, and an optimizer.
ASSIGNMENT = f"""
name = "attacked"
total = 12
packages = []
[points]
add = 4
mean = 3
momentum = 5
[limits]
cpu_seconds = 2
memory_mb = {MEMORY_MB}
wall_factor = 0.5
"""
RIGHT, BLANK, PARTLY = "innocent right", "innocent blank", "innocent partly"
INNOCENTS = {
    RIGHT: right,
    BLANK: blank,
    PARTLY: lambda: right().replace("p.top - lr * p.velocity", "p.top + lr * p.velocity"),
}


@dataclasses.dataclass
class Run:
    """What a run left behind.

    out: its folder. said: stdout and stderr. innocents: {student: the bytes of its score file}. alive: ids of processes
    that it left. peak_mb: of the largest of the grader's own processes, those that run no student code. changes:
    of the world, see World.changes.
    """

    stack: str
    world: World
    out: Path
    status: int
    said: str
    seconds: float
    peak_mb: float
    alive: set
    changes: list

    @property
    def innocents(self):
        return {name: (self.out / "scores" / f"{quoted(name)}.json").read_bytes() for name in INNOCENTS}

    @functools.cached_property
    def rows(self):
        """The rows of grades.csv, by student."""
        with open(self.out / "grades.csv", encoding="utf-8", newline="") as file:
            return {row["student"]: row for row in csv.DictReader(file)}

    def evidence(self, attack):
        """What is known of one attack."""
        read = (_json(self.out / kind / f"{quoted(attack.student)}.json") for kind in ("scores", "records"))
        return Evidence(attack, self, *read)


@dataclasses.dataclass
class Evidence:
    """What is known of one attack after a run. score, record: the JSON of its files, empty if there are none."""

    attack: object
    run: Run
    score: dict
    record: dict

    @property
    def world(self):
        return self.run.world

    @property
    def status(self):
        """ "graded", "import failed", …; None if nothing was graded."""
        return self.score.get("status")

    @property
    def points(self):
        return self.score.get("score")

    @property
    def messages(self):
        """All that its score says to student or instructor, in one text."""
        results = self.score.get("exercises", {}).values()
        checks = [check for result in results for check in result["checks"]]
        said = [self.score.get("message", ""), *(result["message"] for result in results)]
        return "\n".join(said + [check[part] for check in checks for part in ("message", "detail")])

    @property
    def told(self):
        """All that the student is told: what in the score is for them, and nbgrader's notebooks."""
        score = json.loads(json.dumps(self.score))
        for result in score.get("exercises", {}).values():
            for check in result["checks"]:
                del check["detail"]
            for mistake in result["mistakes"]:
                del mistake["note"], mistake["behaviour"]
        notebooks = (self.run.out / "course").glob(f"autograded/{self.attack.student}/**/*.ipynb")
        return json.dumps(score) + "".join(path.read_text() for path in notebooks)

    @property
    def output(self):
        """What its processes printed."""
        return "".join(self.record.get("output", {}).values())

    @property
    def attempts(self):
        """{what it attempted: how that went, in each of its processes}; as the attack itself says."""
        found = {}
        for line in self.output.splitlines():
            if line.startswith("@["):
                with contextlib.suppress(ValueError):  # the last may be cut
                    what, said, _ = json.loads(line[1:])
                    found.setdefault(what, set()).add(said)
        return found

    @property
    def received(self):
        """[server, data] of what it sent to the world's servers: it is to send its name, WORLD["me"]."""
        return [(server, data) for server, data in self.world.received if self.attack.name.encode() in data]

    @property
    def leaked(self):
        """Places whose canary lies in a file that is about this student."""
        name = quoted(self.attack.student)
        files = [self.run.out / kind / f"{name}.json" for kind in ("scores", "records")]
        for kind in ("autograded", "submitted", "feedback"):
            files += (self.run.out / "course" / kind / self.attack.student).rglob("*")
        texts = b"".join(file.read_bytes() for file in files if file.is_file() and not file.is_symlink())
        return [place for place, canary in self.world.canaries.items() if canary.encode() in texts]

    @property
    def cpu_seconds(self):
        return sum(self.record.get("cpu_seconds", {}).values())

    @property
    def peak_mb(self):
        """Memory of the largest of its processes."""
        return self.record.get("peak_memory_kb", 0) / 1024

    def check_end(self):
        """It ended as it said it would, and what must hold for all holds."""
        expected = self.attack.ends
        if expected == IGNORED:
            assert not self.score
            return
        assert self.status is not None, "it was not graded"
        assert self.status != "grader error", self.messages
        innocents = {name: json.loads(data)["score"] for name, data in self.run.innocents.items()}
        if expected in (AS_RIGHT, AS_BLANK):
            assert self.points == innocents[RIGHT if expected == AS_RIGHT else BLANK], self.messages
        elif expected != ANY:
            assert expected in self.messages
            assert self.points < innocents[RIGHT]
        assert self.leaked == []


def quoted(name):
    """The name of a student's files, without its ending."""
    from autograder.scores import file_name

    return file_name(name)


def hand_in(attacks, world, folder, innocents=INNOCENTS):
    """Write the class: the innocents and these attacks."""
    for name, text in innocents.items():
        (folder / name).mkdir()
        note = f"# {world.canaries['neighbour']}\n" if name == RIGHT else ""
        (folder / name / "edf.py").write_text(note + text(), encoding="utf-8")
    for attack in attacks:
        attack.hand_in(folder, world)


def write_assignment(world):
    """The path of the assignment's TOML file."""
    (path := world.folder / "attacked.toml").write_text(ASSIGNMENT)
    return path


@dataclasses.dataclass(frozen=True)
class Grader:
    """How the program is started. user: None for this one."""

    python: str = sys.executable
    user: int | None = None
    environment: dict = dataclasses.field(default_factory=dict)


@contextlib.contextmanager
def grader_of(user):
    """A Grader of an ordinary user (or None: of this one). Skips the test if there can be none."""
    if user is None:
        yield Grader(environment={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'pset'}"})
        return
    if os.getuid() != 0:
        pytest.skip("only root can start a program as another user")
    folder = Path(tempfile.mkdtemp(prefix="edf-", dir="/var/tmp"))
    try:
        folder.chmod(0o755)
        python = copied_project(folder)
        # nbgrader runs it, and the installed one is for a Python that this user may not be able to read.
        (alembic := folder / "bin" / "alembic").write_text(
            f"#!{python} -B\nfrom alembic.config import main\nmain()\n"
        )
        alembic.chmod(0o755)
        path = f"{ROOT}:{ROOT / 'pset'}:{sysconfig.get_path('purelib')}"
        environment = {"PYTHONPATH": path, "PATH": f"{folder / 'bin'}:{os.defpath}"}
        grader = Grader(python, user, environment)
        tried = subprocess.run(
            [python, "-B", "-c", "import autograder.run, autograder.gradebook.course"],
            env={**environment, "HOME": "/"}, cwd="/", user=user, group=user, extra_groups=[], capture_output=True,
        )  # fmt: skip
        if tried.returncode:
            pytest.skip("another user can't read the project or its packages here")
        yield grader
    finally:
        shutil.rmtree(folder)


def grade(world, grader, stack, attacks, name="submitted", jobs=JOBS):
    """Grade the innocents and these attacks by the real command line; the Run. name: of a new folder in the world."""
    folder = world.folder / name
    folder.mkdir(exist_ok=True)
    hand_in(attacks, world, folder)
    out = world.folder / "home" / ("out" if name == "submitted" else f"out {name}")
    assignment = write_assignment(world)
    if grader.user is not None:
        for path in (world.folder / "home", world.course_secret, *(world.folder / "home").rglob("*")):
            os.chown(path, grader.user, grader.user)
    command = [grader.python, "-B", "-m", "autograder", "grade", folder, "--out", out, "--sandbox", stack]
    command += ["--assignment", assignment, "--secret", world.course_secret, "--jobs", jobs]
    as_user = {"user": grader.user, "group": grader.user, "extra_groups": []} if grader.user else {}
    environment = {**grader.environment, **world.environment(), "COLUMNS": "200"}
    started, before = time.monotonic(), descendants(os.getpid())
    _adopt_orphans(True)
    try:
        process = subprocess.Popen(
            [*map(str, command)], cwd="/", env=environment, text=True, errors="replace",
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **as_user,
        )  # fmt: skip
        with _watched(process.pid) as peak:
            try:
                said, _ = process.communicate(timeout=SECONDS)
            finally:
                process.kill()
        alive = wait_until_dead(descendants(os.getpid()) - before)
    finally:
        _adopt_orphans(False)
    seconds = time.monotonic() - started
    return Run(stack, world, out, process.returncode, said, seconds, peak[0], alive, world.changes())


def _adopt_orphans(adopt):
    """Whether processes whose parent has ended become this one's: so none of them gets out of sight."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, int(adopt), 0, 0, 0)


@contextlib.contextmanager
def _watched(pid):
    """A list with one number: the peak memory in MB of this process, and of those that it forked and that grade."""
    peak, ended = [0.0], threading.Event()

    def watch():
        while not ended.wait(0.2):
            for process in [pid, *_children(pid)]:
                with contextlib.suppress(OSError, StopIteration):
                    lines = Path(f"/proc/{process}/status").read_text().splitlines()
                    size = next(line for line in lines if line.startswith("VmHWM"))
                    peak[0] = max(peak[0], int(size.split()[1]) / 1024)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        ended.set()
        thread.join()


def _children(pid):
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _json(path):
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
