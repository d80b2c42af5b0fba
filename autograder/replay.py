"""Replays a check: the requests that it makes of the reference, made of a student's code or of a variant.

A check stops at the first thing that is wrong. A replay does not: it asks all that the check would ask of
right code, so that two pieces of code can be compared by all of their answers, on the very same inputs.
"""

import dataclasses

import numpy as np

from autograder.draw import Draw
from autograder.paths import SOLUTION
from autograder.reference import remember
from autograder.sandbox.session import StudentError
from autograder.student import Edf, local_edf

# Relative, as in compare.expect_close. Two answers are the same if they agree to this; the noise of float32
# is well below.
SAME = 1e-4


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
        questions = sum(verb in ("get", "length") for verb, *_ in instructions)
        try:
            with np.errstate(all="ignore"):
                got = request(instructions, arrays)
        except StudentError as error:
            got = [Raised(error.type or error.kind)] * questions
        except Exception as error:
            got = [Raised(type(error).__name__)] * questions
        found += [answer.astype(np.float64) if isinstance(answer, np.ndarray) else answer for answer in got]
    return found


def local_answers(variant, exercise, check, secret):
    """Those of a variant (variant.Variant) to a check; computed once for a class. `variant` None: the reference's."""
    key = "answers", exercise.id, check.id, secret, variant and (variant.exercise, variant.tag)

    def compute():
        request = local_edf(SOLUTION).request if variant is None else variant.request()
        return answers(request, requests_of(exercise, check, secret))

    return remember(key, compute)


def same(a, b):
    """Whether two answers are the same, up to the rounding of float32."""
    if not isinstance(a, np.ndarray) or not isinstance(b, np.ndarray):
        # Why something is missing is told in words that may differ.
        return type(a) is type(b) and (isinstance(a, str) or a == b)
    if a.shape != b.shape and not a.size == b.size == 1:
        return False
    a = a.reshape(b.shape)
    known = np.isfinite(b)
    if not np.array_equal(a[~known], b[~known], equal_nan=True):
        return False
    a, b = a[known], b[known]
    allowed = SAME * (np.abs(b) + 0.1 * np.sqrt(np.mean(b**2)) if b.size else 0)
    return bool(np.all(np.abs(a - b) <= allowed))
