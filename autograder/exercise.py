"""What an exercise is. Each file in exercises/ defines one: its stubs, its checks, what it builds on."""

import dataclasses
import functools
import importlib
import inspect
import pkgutil

from autograder import exercises
from autograder.variant import Right, Wrong


@dataclasses.dataclass(frozen=True)
class Check:
    """One property of the student's code. Its description is what the student is told was checked.

    run(student, draw) returns None, or a remark for the report, when the property holds; it raises
    compare.Mismatch when it doesn't. weight: its share of the exercise's points. after: ids of checks of
    the same exercise without which this one says nothing. cpu_seconds: None, or the limit of a process of
    its own, for a check that may end there. carries: whether it is about the backward, so that it can be
    judged by the student's own forward where that one is wrong (carried_forward.py). efficiency: whether it is
    about how much work is done, not about results; its points are apart (assignment.efficiency). is_public: whether
    its inputs are, so that students may be shown what their code makes of them.
    """

    id: str
    description: str
    run: callable
    weight: int
    after: tuple
    cpu_seconds: float | None
    carries: bool
    efficiency: bool
    is_public: bool


class Exercise:
    """One exercise: what students write, and how it is judged.

    id: used everywhere (stubs, notebook cells, points, reports). title: for people. stubs: dotted names in
    edf.py that the student writes ("add.forward"); empty for an exercise that runs what others wrote.
    needs: ids of exercises that it builds on: while one of these earns nothing, this one is blocked.
    cpu_seconds: limit for its process, where the assignment's default is too little for honest slow code.
    training: the training.Training of an exercise that trains a network, else None.
    """

    def __init__(self, id, title, stubs=(), needs=(), cpu_seconds=None):
        self.id, self.title = id, title
        self.stubs, self.needs, self.cpu_seconds = tuple(stubs), tuple(needs), cpu_seconds
        self.checks = []
        self.wrong_variants, self.right_variants = [], []
        self.training = None

    def __reduce__(self):
        # To another process an exercise goes by its id: its checks are functions made on the spot.
        return exercise_by_id, (self.id,)

    def check(self, weight=1, after=(), cpu_seconds=None, carries=False, efficiency=False, is_public=False):
        """Decorator: make a function (student, draw) a check. Its docstring is the description."""

        def register(function):
            description = " ".join(inspect.getdoc(function).split())
            about = weight, tuple(after), cpu_seconds, carries, efficiency, is_public
            self.checks.append(Check(function.__name__, description, function, *about))
            return function

        return register

    def wrong(self, tag, what, *, gives_away, hints, edits=(), code="", of=()):
        """Add a wrong variant, one plausible mistake: see variant.Wrong. The commonest come first."""
        of = tuple(of) or self.owned
        self.wrong_variants.append(
            Wrong(self.id, tag, what, tuple(edits), code, of, gives_away, tuple(hints))
        )

    def right(self, tag, what, *, edits=(), code="", of=(), without=(), slow=False):
        """Add a right variant, one honest way to write it: see variant.Right."""
        of = tuple(of) or self.owned
        self.right_variants.append(Right(self.id, tag, what, tuple(edits), code, of, tuple(without), slow))

    @property
    def owned(self):
        """Top-level names in edf.py that hold this exercise's stubs."""
        return tuple(dict.fromkeys(stub.partition(".")[0] for stub in self.stubs))


def exercise_by_id(id):
    """The exercise of that id."""
    return load_exercises()[id]


def needing(ids, exercises):
    """Ids of those of `exercises` that need one of `ids`, directly or through others; not these themselves."""
    found = set(ids)
    while more := {e.id for e in exercises if e.id not in found and found & set(e.needs)}:
        found |= more
    return found - set(ids)


def needed_by(ids, exercises):
    """Ids of those of `exercises` that one of `ids` needs, directly or through others; not these themselves."""
    needs = {exercise.id: set(exercise.needs) for exercise in exercises}
    found = set(ids)
    while more := {id for other in found for id in needs[other] if id in needs} - found:
        found |= more
    return found - set(ids)


@functools.cache
def load_exercises():
    """All exercises by id, from every module below exercises/."""
    found = {}
    for info in pkgutil.walk_packages(exercises.__path__, f"{exercises.__name__}."):
        for value in vars(importlib.import_module(info.name)).values():
            if isinstance(value, Exercise) and found.setdefault(value.id, value) is not value:
                raise ValueError(f"two exercises are called {value.id}")
    for exercise in found.values():
        if missing := [id for id in exercise.needs if id not in found]:
            raise ValueError(f"{exercise.id} needs {missing[0]}, which is no exercise")
    return found
