"""Small cases of wrong code, for tests: code of ours as a submission, snippets as a student runs them."""

import dataclasses
import sys
import types

import numpy as np

from autograder.compare import Mismatch
from autograder.diagnosis.smallest import smallest_case
from autograder.draw import Draw
from autograder.exercise import Check, load_exercises
from autograder.paths import SOLUTION
from autograder.sandbox.session import StudentError
from autograder.student import Edf, local_request

SECRET = bytes(range(32))
REFERENCE = SOLUTION.read_text(encoding="utf-8")
OPS = {id: exercise for id, exercise in load_exercises().items() if not id.startswith("mnist")}


def module_of(source):
    module = types.ModuleType("edf")
    exec(compile(source, "edf.py", "exec"), module.__dict__)
    return module


def student(source):
    """The request function of a submission, as from the sandbox."""
    request = local_request(module_of(source))

    def asked(instructions, arrays=()):
        try:
            return request(instructions, arrays)
        except Exception as error:
            name = type(error).__name__
            raise StudentError(
                "exception", f"{name}: {error}", name, ["edf.py, line 7, in forward"]
            ) from error

    return asked


def check_of(run, efficiency=False):
    fields = dict.fromkeys((field.name for field in dataclasses.fields(Check)), None)
    return Check(**{**fields, "run": run, "efficiency": efficiency})


def smallest_of(source, run):
    return smallest_case(student(source), check_of(run))


def failures(exercise, source):
    """The checks that fail with hidden inputs, without those that build on such ones."""
    failed = []
    for check in exercise.checks:
        edf = Edf(student(source))
        edf.fresh()
        try:
            check.run(edf, Draw(SECRET, exercise.id, check.id))
        except (Mismatch, StudentError):
            if not set(check.after) & {other.id for other in failed} and not check.efficiency:
                failed.append(check)
    return failed


def pasted(monkeypatch, snippet, module):
    """What the one `print` of a snippet is given, or the exception that it ends with."""
    monkeypatch.setitem(sys.modules, "edf", module)
    printed = []
    try:
        exec(snippet, {"print": printed.append})
    except Exception as error:
        return error
    (value,) = printed
    return value


def says(value, shown):
    """Whether what was printed is what was shown."""
    if isinstance(shown, str):
        if shown.startswith("raises "):
            return type(value).__name__ == shown.split()[1]
        return {"is not set": isinstance(value, AttributeError), "is None": value is None}.get(
            shown, str(value) == shown or shown == f"an array of shape {np.shape(value)}"
        )
    if isinstance(value, Exception) or np.shape(value) != np.shape(shown):
        return False
    shown = np.array(shown, float)
    largest = np.abs(shown[np.isfinite(shown)]).max(initial=1e-9)
    return np.allclose(np.array(value, float), shown, rtol=1e-5, atol=1e-6 * largest, equal_nan=True)
