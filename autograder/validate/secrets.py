"""Tries variants with many course secrets: right ones must never be called wrong, wrong ones always be caught.

In this process, without the sandbox: the code is ours, and what differs from secret to secret is the inputs.
"""

import dataclasses

from autograder import reference
from autograder.exercise import Exercise
from autograder.validate.local import HOLDS, WRONG, edf_of, outcome, secret
from autograder.validate.scope import is_training, is_tried, name_of, touched, variants

CHUNK = 10  # secrets in a trial

# What may go wrong with a variant and a secret.
FALSE_ALARM, NOT_CAUGHT, NOT_GIVEN_AWAY = "false alarm", "not caught", "not given away"


@dataclasses.dataclass(frozen=True)
class Trial:
    """The checks of an exercise, to be tried with the secrets of some numbers.

    right: variants for whom all of them must hold. wrong: variants of the exercise; those are tried with numbers
    below `wrong_secrets` only.
    """

    exercise: Exercise
    numbers: range
    right: tuple
    wrong: tuple
    wrong_secrets: int


@dataclasses.dataclass(frozen=True)
class Alarm:
    """What went wrong. what: as above. variant: its name. check: id, or "" for all. number: of the secret."""

    what: str
    variant: str
    exercise: str
    check: str
    number: int
    message: str = ""


def make_trials(assignment, effort):
    """The Trials of an assignment. Training runs are not among them: these take too long."""
    exercises = [exercise for exercise in assignment.exercises if not is_training(exercise)]
    rights = {exercise.id: [] for exercise in exercises}
    for _, variant in variants(exercises, wrong=False):
        for exercise in touched(variant, exercises) if is_tried(variant, assignment) else ():
            rights[exercise.id].append(variant)
    trials = []
    for exercise in exercises:
        right = tuple(rights[exercise.id])
        wrong = tuple(variant for variant in exercise.wrong_variants if is_tried(variant, assignment))
        count = max(effort.right_secrets if right else 0, effort.wrong_secrets if wrong else 0)
        for start in range(0, count, CHUNK):
            numbers = range(start, min(start + CHUNK, count))
            trials.append(Trial(exercise, numbers, right, wrong, effort.wrong_secrets))
    return trials


def run_trial(trial):
    """(Alarms of a trial, how many checks were run)."""
    alarms, count = [], 0
    for number in trial.numbers:
        drawn_from = secret(number)
        for variant in trial.right:
            edf = edf_of(variant.source)
            for check in trial.exercise.checks:
                if check.efficiency:  # how much work is done does not hang on the inputs
                    continue
                count += 1
                how, message = outcome(edf, trial.exercise, check, drawn_from)
                if how != HOLDS:
                    where = trial.exercise.id, check.id, number
                    alarms.append(Alarm(FALSE_ALARM, name_of(variant), *where, message))
        for variant in trial.wrong if number < trial.wrong_secrets else ():
            caught = {}
            edf = edf_of(variant.source)
            # What gives it away first: mostly that settles it.
            for check in sorted(trial.exercise.checks, key=lambda check: check.id != variant.gives_away):
                count += 1
                caught[check.id] = outcome(edf, trial.exercise, check, drawn_from)[0] == WRONG
                if caught[check.id]:
                    break
            if not caught.get(variant.gives_away):
                what = NOT_GIVEN_AWAY if any(caught.values()) else NOT_CAUGHT
                alarms.append(Alarm(what, name_of(variant), trial.exercise.id, variant.gives_away, number))
        reference.forget()
    return alarms, count


def sentence_of(alarm, others):
    """An Alarm in a sentence; `others`: with how many other secrets the same goes wrong."""
    secrets = f"secret {alarm.number}" + (f" and {others} others" if others else "")
    if alarm.what == FALSE_ALARM:
        return (
            f"{alarm.variant} (right) fails check {alarm.check} of {alarm.exercise} with {secrets} "
            f"({alarm.message}): a false alarm, or the variant is not right."
        )
    if alarm.what == NOT_CAUGHT:
        return (
            f"{alarm.variant} (wrong) is caught by no check of {alarm.exercise} with {secrets}: sharpen one."
        )
    return (
        f"{alarm.variant} (wrong) is not given away by check {alarm.check} with {secrets}, though caught by another: "
        "sharpen that check, or name the other."
    )
