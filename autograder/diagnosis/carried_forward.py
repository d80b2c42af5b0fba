"""Error carried forward: is a backward the right derivative of the student's own, wrong forward?

The checks of the backward run once more, and what they expect is then of the student's forward: central
differences of it, in float64, through the sandbox. A pair that fits together is not enough: a constant
forward and a backward that does nothing do. Points are given only if the forward's mistake is a named one,
and then the derivative is held against that of the wrong variant too. A mistake that makes the derivative easy, being
zero almost everywhere, carries nothing: else it would pay to make it.
"""

import numpy as np

from autograder import reference
from autograder.compare import Mismatch, expect_close
from autograder.draw import Draw
from autograder.reference import EPSILON, ends_of_steps, forward_of, gradient_of, in_float64, right_gradient
from autograder.replay import same
from autograder.sandbox.session import StudentError
from autograder.student import Edf

# For a forward that computes in float32 inside: a long step, as a short one drowns in rounding.
FLOAT32_STEP, FLOAT32_TOLERANCE = 2e-2, 5e-3
# Of a float64 forward, the second difference of a step of 1e-6 is curvature, not rounding: this small.
SMOOTH = 1e-9
# Of the numbers that are not 0 in the right gradient: as many at least must not be 0 in that of the wrong forward.
PART = 0.5


class NotCarried(Exception):
    """The student's forward is none whose derivative may be judged; the message says why."""


class OwnForward:
    """What is expected of a backward, from the student's own forward: for reference.expected_of.

    student: an `Edf`. variant: the wrong variant that the forward is known to be, or None.
    """

    def __init__(self, student, variant):
        self.student = student
        self.variant = variant.edf() if variant else None
        self.asked = self.matters = False  # whether a derivative was asked for; was other than 0

    def forward(self, op):
        """What the student's forward gives. Raises NotCarried if it is not what the variant gives."""
        (top,) = self._tops(op, None, ())
        if not isinstance(top, np.ndarray) or not np.isfinite(top).all():
            raise NotCarried("the forward gives no finite numbers")
        if self.variant and not same(top, forward_of(self.variant, op)):
            raise NotCarried("the forward does something else here than the mistake that it was taken for")
        return top.astype(np.float64)

    def gradient(self, op, upstream, to):
        """Gradient of Σ upstream · the student's output. Raises NotCarried if it can't be told."""
        upstream = upstream.astype(np.float64)
        step, tolerance = self._step(op, to)
        own = self._differences(op, upstream, to, step)
        self.asked, self.matters = True, self.matters or bool(own.any())
        if self.variant:
            expected = gradient_of(self.variant, op, upstream, to)
            if np.count_nonzero(expected) < PART * _size_of_gradient(op, to):
                raise NotCarried("the forward's mistake leaves most of the derivative at 0")
        elif step == EPSILON:
            return own
        else:
            expected = self._differences(op, upstream, to, 2 * step)
        try:
            expect_close(own, expected, "the derivative", tolerance)
        except Mismatch:
            raise NotCarried("the derivative of the forward can't be told") from None
        return expected

    def _differences(self, op, upstream, to, step):
        at = op.inputs[to].astype(np.float64)
        tops = self._tops(op, to, [end for ends in ends_of_steps(at, step) for end in ends])
        if any(not isinstance(top, np.ndarray) or top.shape != upstream.shape for top in tops):
            raise NotCarried("the forward does not always give numbers of one shape")
        slopes = [
            np.sum(upstream * (above.astype(np.float64) - below)) / (2 * step)
            for above, below in zip(tops[::2], tops[1::2])
        ]
        return np.reshape(slopes, at.shape)

    def _step(self, op, to):
        """(step, tolerance) for differences of this forward: short ones if it computes in float64 throughout."""
        at = op.inputs[to].astype(np.float64)
        change = 1e-6 * np.random.default_rng(0).uniform(0.5, 1.5, at.shape)
        tops = self._tops(op, to, [at, at + change, at - change])
        if any(not isinstance(top, np.ndarray) or top.shape != tops[0].shape for top in tops):
            raise NotCarried("the forward does not always give numbers of one shape")
        middle, above, below = tops
        bend = np.abs(above.astype(np.float64) + below - 2 * middle.astype(np.float64))
        if middle.dtype == np.float64 and np.all(bend <= SMOOTH * np.abs(middle).max()):
            return EPSILON, None
        return FLOAT32_STEP, FLOAT32_TOLERANCE

    def _tops(self, op, to, arrays):
        """Outputs for each of `arrays` in place of the input `to`; for the inputs as they are, if that is None."""
        node, leaves = (op if to is None else in_float64(op)).build(self.student)
        for array in [None] if to is None else arrays:
            if array is not None:
                leaves[to].top = array
            node.forward()
            self.student.ask_later(node, "top")
        return self.student.flush()


def _size_of_gradient(op, to):
    """How many numbers of the right gradient are not 0, for an upstream gradient of the right shape."""
    shape = forward_of(reference.reference(), op).shape
    upstream = np.random.default_rng(0).uniform(0.5, 1.5, shape)
    return np.count_nonzero(right_gradient(op, upstream, to))


def carried(process, exercise, checks, draw_secret, variant):
    """Ids of those of `checks` that hold for the student's own forward, in a process that serves its code.

    variant: the wrong variant that its forward is known to be, or None. Stops at the first that ends the process.
    None, unless there is among them a check of a derivative: the others hold for any forward.
    """
    held, has_derivative = [], False
    for check in checks:
        edf = Edf(process.request)
        edf.fresh()
        own = OwnForward(edf, variant)
        try:
            with reference.expected_of(own):
                check.run(edf, Draw(draw_secret, exercise.id, check.id))
        except StudentError as error:
            if not error.process_lives:
                break
        except (Mismatch, NotCarried):
            pass
        else:
            # A derivative that is 0 throughout is that of a constant.
            if own.matters or not own.asked:
                held.append(check.id)
                has_derivative = has_derivative or own.asked
    return held if has_derivative else []
