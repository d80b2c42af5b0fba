"""The losses of training runs, as students may see them: theirs beside the reference's, from public inputs alone."""

import contextlib

import numpy as np

from autograder.paths import SOLUTION
from autograder.reference import remember
from autograder.sandbox.session import StudentError
from autograder.student import Edf, local_edf
from autograder.training import train_in_public

MAX_LOSS = 1e6  # that is kept


def shown_losses(losses):
    """Losses as numbers of three digits, None for what is no such number.

    losses: what a student's code left there, or the reference's. Three digits draw a curve, and are too few to be
    handed in as an expected value.
    """
    shown = []
    for loss in losses:
        is_number = isinstance(loss, np.ndarray) and loss.size == 1 and loss.dtype.kind in "fiu"
        number = float(loss.flat[0]) if is_number else np.nan
        shown.append(float(f"{number:.3g}") if abs(number) <= MAX_LOSS else None)
    return shown


def student_losses(request, exercise, check):
    """Shown losses of a check's training run, on public inputs, up to where the code raises.

    request: that of a sandbox's process that has seen no hidden inputs.
    """
    edf = Edf(request)
    with contextlib.suppress(StudentError):
        for _ in train_in_public(exercise, check, edf):
            pass
    return shown_losses(edf.losses)


def reference_losses(exercise, check):
    """The reference's."""

    def run():
        edf = local_edf(SOLUTION)
        for _ in train_in_public(exercise, check, edf):
            pass
        return shown_losses(edf.losses)

    return remember(("losses", exercise.id, check), run)


def remember_losses(exercise, check, losses):
    """Keep what the reference's losses were: `losses`, if there are any."""
    if losses:
        remember(("losses", exercise.id, check), lambda: shown_losses(losses))


def beside_reference(kept, exercises):
    """{exercise: {check: {"losses": the student's, "expected": the reference's}}}, for the record.

    kept: {exercise id: {check id: shown losses}} of one submission.
    """
    return {
        exercise.id: {
            check: {"losses": losses, "expected": reference_losses(exercise, check)}
            for check, losses in kept[exercise.id].items()
        }
        for exercise in exercises
        if exercise.id in kept
    }
