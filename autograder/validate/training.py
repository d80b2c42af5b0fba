"""Has wrong variants train the networks: what do the training runs see of mistakes in what they are built of?

In `make grade` these runs are blocked there, since the mistake is put down to the exercise that made it.
"""

import dataclasses

from autograder.exercise import Exercise, needing
from autograder.judge import BLOCKED, FAIL, PASS
from autograder.validate.local import HOLDS, RAISES, edf_of, outcome
from autograder.validate.scope import is_training, is_tried, variants


@dataclasses.dataclass(frozen=True)
class Run:
    """A wrong variant (variant.Wrong) with the training of an exercise that needs the variant's."""

    exercise: Exercise
    variant: object


def make_runs(assignment):
    """The Runs of all exercises that train a network: with each, the wrong variants of what it needs."""
    return [
        Run(training, variant)
        for exercise, variant in variants(assignment.exercises, right=False)
        if is_tried(variant, assignment)
        for training in assignment.exercises
        if is_training(training) and training.id in needing({exercise.id}, assignment.exercises)
    ]


def run_training(run, secret):
    """How each check of the training ends: [{"id", "status", "ran"}], as in a score; here in this process."""
    results, edf = {}, edf_of(run.variant.source)
    for check in run.exercise.checks:
        if any(results[id]["status"] != PASS for id in check.after):
            status, how = BLOCKED, ""
        else:
            how, _ = outcome(edf, run.exercise, check, secret)
            status = PASS if how == HOLDS else FAIL
        results[check.id] = {"id": check.id, "status": status, "ran": how != RAISES}
    return list(results.values())
