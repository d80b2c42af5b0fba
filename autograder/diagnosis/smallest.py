"""The smallest case that shows a failure: a check is tried again on small inputs that are no secret."""

import dataclasses
import itertools

import numpy as np
from edf_kit.checks.compare import below, first, side_by_side, wrapped, wrong_elements

from autograder.compare import Mismatch
from autograder.diagnosis.snippet import DROP_GRAPH, snippet
from autograder.draw import EndOfLadder, SimpleDraw
from autograder.reference import reference
from autograder.sandbox.session import StudentError
from autograder.student import Edf

MAX_NUMBERS = 200  # of an array that is kept; of a larger one, only its shape
MAX_SNIPPET = 3000
MAX_MESSAGE = 500
MAX_GOT = 70  # characters of what stands where a result would
# What differences leave of a 0: below this share of the largest element nothing is shown (reference.AGREEMENT).
NOTHING = 1e-7
# Of the kinds of StudentError after which no process goes on, what the code does in place of printing; where nothing
# else is said, it ends the process.
ENDED = {
    "cpu": "takes too long",
    "wall": "does not finish",
    "disk": "writes too many files",
    "protocol": "answers what can't be read",
}


@dataclasses.dataclass(frozen=True)
class Smallest:
    """The smallest case in which a check fails; all of it may be shown to the student.

    message: what is wrong, in a sentence. snippet: three lines of Python that show it, or None where they
    would be too long. printed: the expression that they print. expected, got: nested lists of numbers, rounded
    to six digits (nan and inf are str), or one number; a str says why there is no array to show, or is what is
    shown in its place: "raises IndexError (edf.py, line 7)", of code that raised. None where nothing is known. stopped:
    as a judge.CheckResult has it.
    """

    message: str
    snippet: str | None
    printed: str
    expected: list | float | str | None = None
    got: list | float | str | None = None
    stopped: str = ""


def smallest_case(request, check):
    """The first rung of a check's ladder (draw.SimpleDraw) that fails, as a Smallest; None if none does.

    request: function (instructions, arrays) → results, as student.Edf takes it, of a *fresh* process, that
    no hidden input was sent to: the code's results and texts are shown, and it could show these in them.
    Whatever else than Mismatch and StudentError the check raises goes through: a fault of ours. A check of
    efficiency has no such case: what is slow is not small. Nor has a training run of its own process, or one that has
    ended.
    """
    if check.efficiency or check.cpu_seconds is not None or not _is_alive(request):
        return None
    for rung in itertools.count():
        draw, recorded = SimpleDraw(rung), []

        def recording(instructions, arrays=(), recorded=recorded):
            recorded.append((instructions, arrays))
            return request(instructions, arrays)

        edf = Edf(recording)
        edf.fresh()
        try:
            check.run(edf, draw)
        except EndOfLadder:
            return None
        except Mismatch as mismatch:
            return _of_mismatch(mismatch, recorded, request)
        except StudentError as error:
            return _of_error(error, recorded, request)
        if not draw.has_sizes:
            return None


def text(smallest):
    """A Smallest as plain text, for a terminal or the output of a notebook's cell: at most 80 columns, but
    for the snippet."""
    note = DROP_GRAPH in (smallest.snippet or "") and "(It drops the graph that was made before.)"
    return below(smallest.snippet, note, wrapped(smallest.message), _arrays(smallest))


def _is_alive(request):
    try:
        request([["fresh"]], ())
    except StudentError as error:
        return error.process_lives
    return True


def _of_mismatch(mismatch, recorded, request):
    expected, got = mismatch.expected, mismatch.got
    suffix = ".dtype" if isinstance(expected, np.dtype) else ""
    lines, printed = _snippet(recorded, request, suffix)
    arrays = [
        a.astype(np.float64) for a in (expected, got) if isinstance(a, np.ndarray) and a.size <= MAX_NUMBERS
    ]
    finite = [np.abs(a[np.isfinite(a)]) for a in arrays]
    nothing = NOTHING * max((a.max() for a in finite if a.size), default=0)
    if isinstance(expected, np.ndarray) and np.isnan(expected).all():
        expected = _only_shape(expected)  # where only the shape counts: compare.expect_shape
    message = mismatch.message[:MAX_MESSAGE]
    return Smallest(message, lines, printed, _shown(expected, nothing), _shown(got, nothing))


def _of_error(error, recorded, request):
    answers = _answers_of_reference(recorded)
    lines, printed = _snippet(recorded, request if error.process_lives else None, answers=answers)
    message = " ".join(error.message[:MAX_MESSAGE].split())
    got = ENDED.get(error.kind, "ends the process")
    if error.process_lives:
        place = f" ({error.where[-1].rpartition(', in ')[0]})" if error.where else ""
        message = f"the code raises {message}{place}"
        got = " ".join(f"raises {error.type}{place}"[:MAX_GOT].split())
    return Smallest(message, lines, printed, _expected_of(answers), got, stopped=error.stopped)


def _expected_of(answers):
    """What right code prints for the one question that was asked, as it is kept; None if there was no such."""
    if len(answers) != 1:
        return None
    if isinstance(answers[0], str):
        return "None"
    array = np.asarray(answers[0])
    return _shown(array, NOTHING * np.abs(array).max(initial=0))


def _snippet(recorded, request, suffix="", answers=None):
    """(snippet or None, what it prints). request: None if there is nobody left to answer. answers: those of the
    reference, if they are known."""
    use_set = request is None or _sets_right(request)
    answers = _answers_of_reference(recorded) if answers is None else answers
    # Right code may have no such attribute as was asked for: a Value has no gradient, say.
    is_missing = any(isinstance(answer, str) for answer in answers)
    lines, printed = snippet(recorded, use_set, is_missing, suffix)
    return (lines if len(lines) <= MAX_SNIPPET else None), printed


def _answers_of_reference(recorded):
    """What right code answers to the last of the requests."""
    answers = []
    for instructions, arrays in recorded:
        answers = reference().request(instructions, arrays)
    return answers


def _sets_right(request):
    """Whether `set` of the leaves may stand in a snippet about something else: whether it is right itself."""
    edf = Edf(request)
    try:
        edf.fresh()
        leaves = edf.call("Value"), edf.call("Param")
        for leaf in leaves:
            leaf.set([[1, -2]])
        tops = [leaf.top for leaf in leaves]
    except StudentError:
        return False
    return all(
        isinstance(top, np.ndarray) and top.dtype == np.float32 and np.array_equal(top, [[1, -2]])
        for top in tops
    )


def _shown(array, nothing):
    """What is kept of an array, or of what stands in its place: see Smallest. nothing: so little is 0."""
    if array is None or isinstance(array, str):
        return array
    if isinstance(array, np.dtype):
        return str(array)
    if not 0 < array.size <= MAX_NUMBERS:
        return _only_shape(array)
    return _rounded(array.astype(np.float64).tolist(), nothing)


def _only_shape(array):
    return f"an array of shape {array.shape}"


def _rounded(numbers, nothing):
    if isinstance(numbers, list):
        return [_rounded(inner, nothing) for inner in numbers]
    if not np.isfinite(numbers):
        return str(numbers)
    number = float(f"{numbers:.6g}") if abs(numbers) > nothing else 0.0
    return int(number) if number.is_integer() and abs(number) < 1e15 else number


def _arrays(smallest):
    """expected and got, side by side."""
    if smallest.expected is None and smallest.got is None:
        return ""
    both = {"expected": _as_array(smallest.expected), "got": _as_array(smallest.got)}
    expected, got = both.values()
    at = None
    if expected.shape == got.shape and "f" == expected.dtype.kind == got.dtype.kind:
        wrong = wrong_elements(got, expected)
        at = first(wrong) if wrong.any() else None
    return side_by_side(both, at, kernels=smallest.printed.startswith("k."))


def _as_array(shown):
    """What was kept as numpy's array: of floats, or a str of dtype U."""
    return np.array(str(shown)) if isinstance(shown, str | None) else np.array(shown, float)
