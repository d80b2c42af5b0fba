"""Replays a check: the requests that it makes of the reference, made of a student's code or of a variant.

A check stops at the first thing that is wrong. A replay does not: it asks all that the check would ask of
right code, so that two pieces of code can be compared by all of their answers, on the very same inputs.
"""

import dataclasses

import numpy as np

from autograder.draw import Draw
from autograder.paths import SOLUTION
from autograder.reference import remember
from autograder.sandbox.inside.interpreter import QUESTIONS
from autograder.sandbox.session import StudentError
from autograder.student import Edf, local_edf

# Relative, as in compare.expect_close. Two answers are the same if they agree to this; the noise of float32
# is well below.
SAME = 1e-4
MAX_NUMBERS = 1 << 16  # of an answer that is kept; right code's have a few hundred


@dataclasses.dataclass(frozen=True)
class Raised:
    """The answer of code that raised or died: the class of the exception, or what ended it."""

    type: str


def requests_of(exercise, check, secret):
    """The requests [(instructions, arrays)] that a check makes of the reference, for a course secret."""

    def record():
        recorded = []
        request = local_edf(SOLUTION).request

        def recording(instructions, arrays=()):
            recorded.append((instructions, arrays))
            return request(instructions, arrays)

        edf = Edf(recording)
        edf.fresh()
        check.run(edf, Draw(secret, exercise.id, check.id))
        return recorded

    return remember(("requests", exercise.id, check.id, secret), record)


def answers(request, requests):
    """What `request` answers to each question of `requests`, in order: a list of arrays, ints, str or Raised.

    request: as in student.Edf. Its arrays are float64 where they were numbers of any kind. Code that raised goes on
    with the next request, as far as that does without what is missing.
    """
    found = []
    for instructions, arrays in requests:
        questions = sum(verb in QUESTIONS for verb, *_ in instructions)
        try:
            with np.errstate(all="ignore"):
                got = request(instructions, arrays)
        except StudentError as error:
            got = [Raised(error.type or error.kind)] * questions
        except Exception as error:
            got = [Raised(type(error).__name__)] * questions
        found += map(_kept, got)
    return found


def _kept(answer):
    """An answer for comparing. Of one that is huge, only that: all those of a check are kept, and there are many."""
    if not isinstance(answer, np.ndarray):
        return answer
    return answer.astype(np.float64) if answer.size <= MAX_NUMBERS else "is too large"


def questions(requests):
    """What each question of `requests` is about, in order: (whether it is of a leaf, attribute): (True, "grad")."""
    asked, leaves = [], set()
    for instructions, _ in requests:
        for verb, *operands in instructions:
            if verb == "call" and operands[1] in ("edf.Value", "edf.Param"):
                leaves.add(operands[0])
            elif verb in QUESTIONS:
                owner, _, attribute = str(operands[0]).rpartition(".")
                asked.append((owner in leaves, attribute))
    return asked


def replayed_checks(exercise):
    """The checks of an exercise that are about results and share its process: those that are replayed."""
    return [check for check in exercise.checks if not check.efficiency and check.cpu_seconds is None]


def local_answers(variant, exercise, check, secret):
    """Those of a variant (variant.Variant) to a check; computed once for a class. `variant` None: the reference's.

    All of an exercise's checks go to one module, in order, as they do to a student's.
    """

    def compute():
        request = local_edf(SOLUTION).request if variant is None else variant.request()
        return {
            check.id: answers(request, requests_of(exercise, check, secret))
            for check in replayed_checks(exercise)
        }

    key = "answers", exercise.id, secret, variant and (variant.exercise, variant.tag)
    return remember(key, compute)[check.id]


def same(a, b):
    """Whether two answers are the same, up to the rounding of float32."""
    if not isinstance(a, np.ndarray) or not isinstance(b, np.ndarray):
        # Why something is missing is told in words that may differ, and one mistake raises this or that.
        return type(a) is type(b) and (isinstance(a, str | Raised) or a == b)
    if a.shape != b.shape and not a.size == b.size == 1:
        return False
    a = a.reshape(b.shape)
    known = np.isfinite(b)
    if not np.array_equal(a[~known], b[~known], equal_nan=True):
        return False
    a, b = a[known], b[known]
    allowed = SAME * (np.abs(b) + 0.1 * np.sqrt(np.mean(b**2)) if b.size else 0)
    return bool(np.all(np.abs(a - b) <= allowed))
