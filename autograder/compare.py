"""Compares what a student's code computed with what is expected, and says in one sentence what differs."""

import numpy as np

# Correct float32 code needs at most a fifth of what this allows, at the shapes of the checks
# (docs/judging.md). float64 gets no tighter limit: it may be the sum of float32 products.
TOLERANCES = {np.dtype(np.float16): 1e-2, np.dtype(np.float32): 1e-4, np.dtype(np.float64): 1e-4}
# An element may be far smaller than its neighbours: it is held to this share of their root mean square.
RMS_SHARE = 0.1
MAX_COUNT = 1000  # that is said in a message


class Mismatch(Exception):
    """A check's property does not hold.

    message: one sentence for the student; it names the property and shapes, never a hidden number.
    detail: for the instructor, with the numbers. got, expected: the arrays (a str says why there is none),
    where there are such; whoever shows them makes sure that their inputs were no hidden ones.
    """

    def __init__(self, message, detail="", got=None, expected=None):
        super().__init__(message)
        self.message, self.detail, self.got, self.expected = message, detail, got, expected


def expect_close(got, expected, what, tolerance=None):
    """Raise Mismatch unless `got` equals `expected` (float64 array) up to rounding.

    |got − expected| ≤ tolerance · (|expected| + 0.1 · rms(expected)) in every element. `got` is what the
    sandbox sent: an array, or a str that says why there is none. `what` names it for people ("the gradient
    to the bias"). tolerance: by default that of the dtype of `got`.
    """
    _expect_shape(got, expected, what)
    if tolerance is None:
        tolerance = TOLERANCES.get(got.dtype, TOLERANCES[np.dtype(np.float32)])
    got = got.astype(np.float64).reshape(expected.shape)
    if not np.isfinite(got).all():
        raise Mismatch(
            f"{what} is not finite: it has nan or inf in it", _numbers(got, expected), got, expected
        )
    allowed = tolerance * (np.abs(expected) + RMS_SHARE * np.sqrt(np.mean(expected**2)))
    wrong = np.abs(got - expected) > allowed
    if wrong.any():
        extent = " everywhere" if wrong.all() else f" in {wrong.sum()} of {wrong.size} elements"
        if wrong.size == 1:
            extent = ""
        elif not got.any():
            extent = " everywhere: it is all zeros"
        raise Mismatch(f"{what} is wrong{extent}", _numbers(got, expected), got, expected)


def expect_shape(got, shape, what):
    """Raise Mismatch unless `got` is an array of this shape."""
    _expect_shape(got, np.broadcast_to(np.nan, shape), what)


def _expect_shape(got, expected, what):
    if isinstance(got, str):
        raise Mismatch(f"{what} {got}", "", got, expected)
    # A single number has many shapes in numpy, (), (1,), (1, 1): all are honest.
    if got.shape != expected.shape and not (got.size == 1 and expected.shape == ()):
        # Without elements, the other sides can be any numbers: they could hold a hidden input.
        has = f"has shape {got.shape}" if got.size else "has no elements"
        raise Mismatch(f"{what} {has}, but {expected.shape} is expected", "", got, expected)


def count_in_words(got):
    """A count that a student's code sent, an int or an array, for a sentence: of any other number it is silent,
    as that could hold a hidden input."""
    count = np.asarray(got)
    if count.size != 1 or not float(count.flat[0]).is_integer():
        return "no number"
    return str(int(count.flat[0])) if 0 <= count.flat[0] <= MAX_COUNT else f"not 0 to {MAX_COUNT}"


def expect_unchanged(got, before, what):
    """Raise Mismatch unless `got` equals `before` exactly."""
    if isinstance(got, str) or got.shape != before.shape or not np.array_equal(got, before):
        raise Mismatch(f"{what} was modified: work on a copy", "", got, before)


def _numbers(got, expected):
    """The worst element: where it is, what was got and what was expected."""
    distance = np.where(np.isfinite(got), np.abs(got - expected), np.inf)
    place = np.unravel_index(np.argmax(distance), expected.shape)
    return f"worst at {[int(i) for i in place]}: got {got[place]:.7g}, expected {expected[place]:.7g}"
