"""Which check of an exercise fails which wrong variant, and what a check adds to the others."""

import dataclasses
import functools

from autograder.exercise import Exercise
from autograder.judge import BLOCKED, FAIL, PASS

# How a check ended on a variant.
MARKS = {"✗": "fails", "!": "the code raises", "–": "blocked", "→": "carried forward", "·": "passes"}
KILLS = "✗!"


@dataclasses.dataclass(frozen=True)
class Row:
    """A variant: its name, and a mark for each check of the exercise."""

    variant: str
    marks: tuple

    @property
    def kills(self):
        """Places of the checks that fail it."""
        return [i for i, mark in enumerate(self.marks) if mark in KILLS]


@dataclasses.dataclass(frozen=True)
class Contribution:
    """What a check does. share: of the exercise's points. fails: how many variants; alone: how many only it fails.
    remark: a sentence if it adds nothing to the others."""

    check: str
    share: float
    fails: int
    alone: int
    remark: str


@dataclasses.dataclass(frozen=True)
class Matrix:
    """What the checks of an exercise do with its wrong variants, and with right ones that one of them is meant to fail.

    shares: of the exercise's points, by check id. is_training: the variants are those of all that the exercise builds
    on, each of which its own exercise catches.
    """

    exercise: Exercise
    rows: tuple
    shares: dict
    is_training: bool = False

    @functools.cached_property
    def contributions(self):
        """A Contribution for each check."""
        return [self._contribution(place) for place in range(len(self.exercise.checks))]

    def _contribution(self, place):
        fails = [row for row in self.rows if place in row.kills]
        alone = [row for row in fails if row.kills == [place]]
        if self.is_training:
            alone = []
        id = self.exercise.checks[place].id
        return Contribution(id, self.shares[id], len(fails), len(alone), self._remark(place, fails, alone))

    def _remark(self, place, fails, alone):
        if alone:
            return ""
        if not fails:
            return "fails no wrong variant"
        if self.is_training:
            return "fails nothing that the exercises it builds on would miss"
        ids = [check.id for check in self.exercise.checks]
        # The fewest others that see it all: mostly one.
        others, left = [], fails
        while left:
            seen = [sum(i in row.kills for row in left) if i != place else 0 for i in range(len(ids))]
            best = seen.index(max(seen))
            others.append(ids[best])
            left = [row for row in left if best not in row.kills]
        return f"fails nothing that {' and '.join(others)} would miss"


def shares(exercise, assignment):
    """{check id: what part of an exercise's points it gives}: those for efficiency are apart, as in judge.py."""
    efficiency = assignment.efficiency.get(exercise.id, 0) / assignment.points[exercise.id]
    weights = {False: 0, True: 0}
    for check in exercise.checks:
        weights[check.efficiency] += check.weight
    parts = {False: 1 - efficiency, True: efficiency}
    return {c.id: parts[c.efficiency] * c.weight / weights[c.efficiency] for c in exercise.checks}


def make_row(name, exercise, results):
    """The Row of a variant. results: how its checks ended, dicts with "id", "status" and "ran", as in a score."""
    by_id = {result["id"]: result for result in results}
    return Row(name, tuple(_mark(by_id[check.id]) for check in exercise.checks))


def _mark(result):
    if result["status"] == FAIL:
        return "✗" if result["ran"] else "!"
    return {PASS: "·", BLOCKED: "–"}.get(result["status"], "→")
