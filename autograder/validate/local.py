"""Runs a check on code of our own in this process: the reference, its variants, skeletons. Never a student's."""

import functools
import hashlib
import types
import warnings

import numpy as np

from autograder.compare import Mismatch
from autograder.draw import Draw
from autograder.student import Edf, local_request

HOLDS, WRONG, RAISES = "holds", "wrong", "raises"


def secret(number):
    """A course secret to validate with: the same for the same number."""
    return hashlib.blake2b(b"validate %d" % number, digest_size=32).digest()


def edf_of(source):
    """An `Edf` on a fresh module with this text."""
    module = types.ModuleType("edf")
    exec(_compiled(source), module.__dict__)
    return Edf(local_request(module))


@functools.lru_cache(1000)
def _compiled(source):
    return compile(source, "edf.py", "exec")


def outcome(edf, exercise, check, secret):
    """How a check ends on `edf`: (HOLDS, ""), (WRONG, message) or (RAISES, which exception)."""
    edf.fresh()
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            check.run(edf, Draw(secret, exercise.id, check.id))
    except Mismatch as error:
        return WRONG, error.message
    except Exception as error:
        return RAISES, f"{type(error).__name__}: {error}"
    return HOLDS, ""


def passed(outcomes, exercise):
    """Ids of the checks that earn points, of {check id: outcome}: those that hold, if what they are after does too."""
    earned = set()
    for check in exercise.checks:
        if outcomes[check.id][0] == HOLDS and earned.issuperset(check.after):
            earned.add(check.id)
    return earned
