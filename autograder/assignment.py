"""An assignment: which exercises, for how many points, and the limits of its sandboxes. Read from TOML."""

import dataclasses
import math
import tomllib
from pathlib import Path

from autograder.exercise import load_exercises
from autograder.paths import ROOT

DEFAULT = ROOT / "autograder" / "assignments" / "edf.toml"


class AssignmentError(Exception):
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

    attempts: "last" or "best", the one of a student's submissions that counts.
    """

    name: str
    exercises: tuple
    points: dict
    extra_credit: frozenset
    packages: tuple
    limits: Limits
    attempts: str = "last"

    @property
    def total(self):
        """Points without extra credit."""
        return sum(points for id, points in self.points.items() if id not in self.extra_credit)

    @property
    def stubs(self):
        """Dotted names in edf.py ("add.forward") that students write, each with its exercise's id."""
        return {stub: exercise.id for exercise in self.exercises for stub in exercise.stubs}

    def fingerprint(self):
        """A text that differs whenever anything in the assignment does that a submission's score depends on."""
        extra, limits = sorted(self.extra_credit), dataclasses.astuple(self.limits)
        return repr((self.name, list(self.points.items()), extra, self.packages, limits))


def load_assignment(path=DEFAULT):
    """Read an assignment's TOML file. Raises AssignmentError."""
    path = Path(path)
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise AssignmentError(f"There is no assignment file {path}.") from None
    except OSError as error:
        raise AssignmentError(f"{path} can't be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise AssignmentError(f"{path} is not TOML: {error}") from None
    try:
        return _assignment(data)
    except AssignmentError as error:
        raise AssignmentError(f"{path}: {error}") from None


def _assignment(data):
    known = load_exercises()
    _refuse_unknown(
        "key", data, {"name", "total", "packages", "attempts", "points", "extra_credit", "limits"}
    )
    points, extra = _table(data, "points"), _table(data, "extra_credit")
    if both := sorted(points.keys() & extra.keys()):
        raise AssignmentError(f"{both[0]} has points and extra credit: give it one of the two")
    _refuse_unknown("exercise", points | extra, known)
    for id, value in (points | extra).items():
        _require_number(f"the points of {id}", value)
    if not points:
        raise AssignmentError("no exercise is listed under [points]")
    if not isinstance(total := data.get("total"), int | float) or not math.isclose(
        sum(points.values()), total
    ):
        raise AssignmentError(f"the points add up to {sum(points.values()):g}, but total = {total}")
    name, packages = data.get("name"), data.get("packages", [])
    if not isinstance(name, str) or not name.isidentifier():
        raise AssignmentError(f"name must be one word of letters, digits and _, not {name!r}")
    if not isinstance(packages, list) or not all(isinstance(p, str) for p in packages):
        raise AssignmentError("packages must be a list of names")
    if (attempts := data.get("attempts", "last")) not in ("last", "best"):
        raise AssignmentError(f'attempts must be "last" or "best", not {attempts!r}')
    limits = _table(data, "limits")
    _refuse_unknown("limit", limits, {field.name for field in dataclasses.fields(Limits)})
    for key, value in limits.items():
        _require_number(f"the limit {key}", value)
        if key.endswith(("_mb", "_kb")) and not isinstance(value, int):
            raise AssignmentError(f"the limit {key} must be a whole number, not {value!r}")
    return Assignment(
        name=name,
        exercises=tuple(known[id] for id in points | extra),
        points=points | extra,
        extra_credit=frozenset(extra),
        packages=tuple(packages),
        limits=Limits(**limits),
        attempts=attempts,
    )


def _table(data, key):
    table = data.get(key, {})
    if not isinstance(table, dict):
        raise AssignmentError(f"[{key}] must be a table")
    return table


def _refuse_unknown(what, given, known):
    if unknown := sorted(given.keys() - set(known)):
        raise AssignmentError(f"there is no {what} {unknown[0]}; known: {', '.join(sorted(known))}")


def _require_number(what, value):
    # bool is an int to Python; nan and inf are floats to TOML.
    if type(value) not in (int, float) or not 0 < value < 1e6:
        raise AssignmentError(f"{what} must be a number above 0, not {value!r}")
