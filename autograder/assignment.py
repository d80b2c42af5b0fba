"""An assignment: which exercises, for how many points, and the limits of its sandboxes. Read from TOML."""

import dataclasses
import functools
import math
import re
import tomllib
from pathlib import Path

from edf_kit.answers.notebook import printable

from autograder.errors import Refusal, did_you_mean
from autograder.exercise import load_exercises
from autograder.paths import ROOT

DEFAULT = ROOT / "autograder" / "assignments" / "edf.toml"
MAX_BYTES = 64 << 10
# A key of a hundred parts, "a.b.c…": for each, tomllib looks at all before it.
LONG_KEY = re.compile(r"""(?<![\w"'-])(?:[\w"'-]++[ \t]*+\.[ \t]*+){100}""")
MAX_NAME = 50  # characters: files and folders are called by it
MAX_LECTURE = 200  # characters: where in the lecture an exercise is from
PACKAGE = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,98}[A-Za-z0-9])?")  # as a distribution may be called
KEYS = set(
    "name total packages attempts carried_forward points extra_credit efficiency limits lecture".split()
)


class AssignmentError(Refusal):
    """The TOML file can't be used; the message says where and what to do."""


@dataclasses.dataclass(frozen=True)
class Limits:
    """What one submission's sandbox may use. The comments in assignments/edf.toml say what each means."""

    cpu_seconds: float = 10
    submission_cpu_seconds: float = 300
    wall_factor: float = 4
    memory_mb: int = 1024
    tmp_mb: int = 32
    output_kb: int = 64

    def wall_seconds(self, cpu_seconds):
        """Wall-clock seconds for a process that may use `cpu_seconds` of CPU: generous, never the point."""
        return 10 + self.wall_factor * cpu_seconds

    def rlimits(self, cpu_seconds):
        """Resource limits of a process, by the names of setrlimit(2) without RLIMIT_."""
        return {
            "CPU": int(-(-cpu_seconds // 1)),
            "AS": self.memory_mb << 20,
            "FSIZE": self.tmp_mb << 20,
            "NOFILE": 64,
            "CORE": 0,
            "MEMLOCK": 0,
            "MSGQUEUE": 0,
            "NPROC": 0,
        }


@dataclasses.dataclass(frozen=True)
class Assignment:
    """name; exercises in the order of the file; points and extra credit by exercise id; packages; limits.

    attempts: "last" or "best", the one of a student's submissions that counts. carried_forward: what part of
    its points a check of a backward earns that is right for the student's own forward, 0 to 1. efficiency: by
    exercise id, how many of its points are for code that does not loop over pixels. lecture: by exercise id, the
    part of the lecture that it is about, for the class report.
    """

    name: str
    exercises: tuple
    points: dict
    extra_credit: frozenset
    packages: tuple
    limits: Limits
    attempts: str = "last"
    carried_forward: float = 1
    efficiency: dict = dataclasses.field(default_factory=dict)
    lecture: dict = dataclasses.field(default_factory=dict)

    @property
    def total(self):
        """Points without extra credit."""
        return sum(points for id, points in self.points.items() if id not in self.extra_credit)

    @property
    def stubs(self):
        """Dotted names in edf.py ("add.forward") that students write, each with its exercise's id."""
        return {stub: exercise.id for exercise in self.exercises for stub in exercise.stubs}

    def only(self, exercises):
        """This assignment with only these of its exercises."""
        points = {exercise.id: self.points[exercise.id] for exercise in exercises}
        return dataclasses.replace(self, exercises=tuple(exercises), points=points)

    @functools.cached_property
    def fingerprint(self):
        """A text that differs whenever anything in the assignment does that a submission's score depends on: not
        `lecture`, which is words."""
        extra, limits = sorted(self.extra_credit), dataclasses.astuple(self.limits)
        more = self.carried_forward, sorted(self.efficiency.items())
        return repr((self.name, list(self.points.items()), extra, self.packages, limits, *more))


def load_assignment(path=DEFAULT):
    """Read an assignment's TOML file. Raises AssignmentError."""
    path = Path(path)
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise AssignmentError(f"There is no assignment file {path}.") from None
    except OSError as error:
        raise AssignmentError(f"{path} can't be read: {error.strerror}.") from None
    if len(data) > MAX_BYTES:
        raise AssignmentError(f"{path} is larger than {MAX_BYTES >> 10} KB: is it the right file?")
    try:
        text = data.decode("utf-8-sig")
        if LONG_KEY.search(text):
            raise RecursionError
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise AssignmentError(f"{path} is not TOML: {printable(str(error), 200)}") from None
    except ValueError:  # int() of more digits than it takes
        raise AssignmentError(f"{path} is not TOML: it has a number of too many digits.") from None
    except RecursionError:
        raise AssignmentError(f"{path} is not TOML: it is nested too deeply.") from None
    try:
        return _assignment(table)
    except AssignmentError as error:
        raise AssignmentError(f"{path}: {error}") from None


def _assignment(data):
    known = load_exercises()
    _refuse_unknown("key", data, KEYS)
    points, extra = _table(data, "points"), _table(data, "extra_credit")
    _refuse_unknown("exercise", points | extra, known)
    if both := sorted(points.keys() & extra.keys()):
        raise AssignmentError(f"{both[0]} has points and extra credit: give it one of the two")
    for id, value in (points | extra).items():
        _require_number(f"the points of {id}", value)
    if not points:
        raise AssignmentError("no exercise is listed under [points]")
    total, added_up = data.get("total"), sum(points.values())
    if type(total) not in (int, float) or not 0 < total < 1e9 or not math.isclose(added_up, total):
        raise AssignmentError(f"the points add up to {added_up:g}, but total = {_shown(total)}")
    efficiency = _efficiency(_table(data, "efficiency"), points | extra)
    name, packages = data.get("name"), data.get("packages", [])
    if not isinstance(name, str) or not name.isidentifier():
        raise AssignmentError(f"name must be one word of letters, digits and _, not {_shown(name)}")
    if len(name) > MAX_NAME:
        raise AssignmentError(f"name must have at most {MAX_NAME} characters, not {len(name):,}")
    if not isinstance(packages, list) or not all(isinstance(p, str) for p in packages):
        raise AssignmentError("packages must be a list of names")
    if unusable := [package for package in packages if not PACKAGE.fullmatch(package)]:
        raise AssignmentError(f"packages must be a list of names; {_shown(unusable[0])} is no package's")
    if (attempts := data.get("attempts", "last")) not in ("last", "best"):
        raise AssignmentError(f'attempts must be "last" or "best", not {_shown(attempts)}')
    carried = data.get("carried_forward", 1)
    if type(carried) not in (int, float) or not 0 <= carried <= 1:
        raise AssignmentError(f"carried_forward must be a number from 0 to 1, not {_shown(carried)}")
    limits = _table(data, "limits")
    _refuse_unknown("limit", limits, {field.name for field in dataclasses.fields(Limits)})
    for key, value in limits.items():
        _require_number(f"the limit {key}", value)
        if key.endswith(("_mb", "_kb")) and not isinstance(value, int):
            raise AssignmentError(f"the limit {key} must be a whole number, not {_shown(value)}")
    return Assignment(
        name=name,
        exercises=tuple(known[id] for id in points | extra),
        points=points | extra,
        extra_credit=frozenset(extra),
        packages=tuple(packages),
        limits=Limits(**limits),
        attempts=attempts,
        carried_forward=carried,
        efficiency=efficiency,
        lecture=_lecture(_table(data, "lecture"), points | extra),
    )


def _efficiency(table, points):
    """The points for efficiency, by exercise id: a part of the `points` of that exercise."""
    counted = {id for id, e in load_exercises().items() if any(check.efficiency for check in e.checks)}
    for id, value in table.items():
        if id not in points:
            shown = printable(id, 60)
            raise AssignmentError(f"{shown} has points for efficiency, but is not in the assignment")
        if id not in counted:
            known = ", ".join(sorted(counted))
            raise AssignmentError(f"the efficiency of {id} is not judged; that of these is: {known}")
        _require_number(f"the efficiency points of {id}", value)
        if value >= points[id]:
            raise AssignmentError(
                f"{id} has {value:g} points for efficiency: these are a part of its {points[id]:g}, not all of them"
            )
    return table


def _lecture(table, points):
    """The part of the lecture by exercise id, in words."""
    _refuse_unknown("exercise of this assignment", table, points)
    for id, value in table.items():
        if not isinstance(value, str) or not 0 < len(value) <= MAX_LECTURE or not value.isprintable():
            wanted = f"one line of text, of at most {MAX_LECTURE} characters"
            raise AssignmentError(f"the lecture of {id} must be {wanted}, not {_shown(value)}")
    return table


def _table(data, key):
    table = data.get(key, {})
    if not isinstance(table, dict):
        raise AssignmentError(f"[{key}] must be a table")
    return table


def _refuse_unknown(what, given, known):
    if unknown := sorted(given.keys() - set(known)):
        shown = printable(unknown[0], 60) or '""'
        guess = did_you_mean(shown, known)
        known = ", ".join(sorted(known))
        raise AssignmentError(f"there is no {what} {shown}; known: {known}{guess and f'.{guess}'}")


def _require_number(what, value):
    # bool is an int to Python; nan and inf are floats to TOML.
    if type(value) not in (int, float) or not 0 < value < 1e6:
        raise AssignmentError(f"{what} must be a number above 0, not {_shown(value)}")


def _shown(value):
    """A value of the file as text for a sentence: one line, not too long."""
    if isinstance(value, dict | list):  # whose repr() could be nested too deeply
        return "a table" if isinstance(value, dict) else "a list"
    if type(value) is int and value.bit_length() > 64:  # whose repr() could have too many digits
        return "a number of very many digits"
    return printable(repr(value), 60)
