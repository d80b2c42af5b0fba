"""What the diagnosis says of held-out mistakes. They are ours, so all of this runs in this process."""

import contextlib
import dataclasses
import functools
import types
import warnings

import numpy as np

from autograder.assignment import load_assignment
from autograder.diagnosis.diagnose import NAMED, diagnose
from autograder.judge import CARRIED, FAIL, judge
from autograder.sandbox.session import StudentError
from autograder.student import local_request
from autograder.validate.scope import everything, is_training, touched
from autograder.variant import Variant


@dataclasses.dataclass(frozen=True)
class Said:
    """One thing that is said of an exercise. tag: with the exercise, what HeldOut.true lists. is_name: whether it is
    a known mistake's; otherwise it is a structural finding, or says that the backward fits the forward. text: all
    that is said, hints too."""

    exercise: str
    tag: str
    is_name: bool
    text: str

    def __str__(self):
        return f"{self.exercise}: {self.tag}"

    @property
    def words(self):
        """A few words for it, in a table."""
        quoted = self.tag.replace("_", " ")
        return f"“{quoted}” ({self.exercise})" if self.is_name else f"{quoted} ({self.exercise})"


@dataclasses.dataclass(frozen=True)
class Diagnosed:
    """A held-out mistake and what became of it. is_caught: whether a check failed. said: list of Said. faults: of the
    diagnosis itself."""

    mistake: object
    is_caught: bool
    said: tuple
    faults: tuple

    @property
    def wrong(self):
        """What is said of it, but not known to be true."""
        return [said for said in self.said if str(said) not in self.mistake.true]

    @property
    def outcome(self):
        """ "wrong", "named", "structural" or "silent": the strongest that holds."""
        if self.wrong:
            return "wrong"
        if any(said.is_name for said in self.said):
            return "named"
        return "structural" if self.said else "silent"


def diagnosed(mistake, secret):
    """The Diagnosed of a HeldOut, judged with a course secret as a submission is, on the exercises it can touch."""
    variant = Variant(mistake.exercise, mistake.name, "", (), mistake.code, ())
    tried = _assignment().only(touched(variant, _assignment().exercises))
    sandbox = _LocalSandbox(variant.source)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        judgement = judge(sandbox, tried, secret)
        diagnose(sandbox, tried, secret, judgement)
    results = judgement.exercises
    is_caught = any(c.status == FAIL and not c.efficiency for result in results for c in result.checks)
    said = [said for result in results for said in _said(result)]
    return Diagnosed(mistake, is_caught, tuple(said), tuple(judgement.diagnosis_faults))


def _said(result):
    """Of an exercise's result (judge.ExerciseResult)."""
    for mistake in result.mistakes:
        text = " ".join([mistake.sentence, *mistake.hints, mistake.note]).strip()
        tags = [mistake.tag] if mistake.kind == NAMED else mistake.tag.split()
        yield from (Said(result.id, tag, mistake.kind == NAMED, text) for tag in tags)
    carried = [check.message for check in result.checks if check.status == CARRIED]
    if carried:
        yield Said(result.id, "carried", False, carried[0])


@functools.cache
def _assignment():
    """All exercises but the training of networks, of which the diagnosis says nothing."""
    with_all = everything(load_assignment())
    return with_all.only([exercise for exercise in with_all.exercises if not is_training(exercise)])


class _LocalSandbox:
    """What judge and diagnose need of a session.Sandbox, in this process."""

    cpu_seconds, peak_memory_kb = 0.0, 0

    def __init__(self, source):
        self._code = compile(source, "edf.py", "exec")

    def process(self, task, cpu_seconds, is_shown=False):
        return contextlib.nullcontext(_LocalProcess(self._code))


class _LocalProcess:
    """What they need of a session.Process."""

    output, cpu_seconds = "", 0.0

    def __init__(self, code):
        self._code = code

    def load(self):
        module = types.ModuleType("edf")
        exec(self._code, module.__dict__)
        self._request = local_request(module)

    def request(self, instructions, arrays=()):
        try:
            with np.errstate(all="ignore"):
                return self._request(instructions, arrays)
        except Exception as error:
            name = type(error).__name__
            raise StudentError("exception", f"{name}: {error}", name) from error
