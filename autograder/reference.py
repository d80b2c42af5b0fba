"""What is expected: from the reference in float64, its gradients by central differences of its forward.

The finite differences are of the *reference's* forward, not of the student's: in float32 the latter are
noise, and they pass any backward that fits a wrong forward. Expected values depend on the course secret
alone, so each is computed once and remembered for the class.
"""

import contextlib
import contextvars
import dataclasses
import functools
import hashlib

import numpy as np

from autograder.paths import SOLUTION
from autograder.student import local_edf

EPSILON = 1e-5  # in float64: error of the central difference ≤ 3e-9 (docs/judging.md)
AGREEMENT = 1e-7  # between the reference's analytic gradient and its central difference


class ReferenceFault(Exception):
    """The reference disagrees with itself: a fault of ours."""


@dataclasses.dataclass(frozen=True)
class Op:
    """An operation on given inputs: Op("conv2", f=images, k=kernels, stride=2).

    inputs: the arrays, by the names of the op's constructor, in its order; options: everything else.
    """

    name: str
    inputs: dict
    options: dict

    def __init__(self, name, **arguments):
        arrays = {key: value for key, value in arguments.items() if isinstance(value, np.ndarray)}
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "inputs", arrays)
        object.__setattr__(self, "options", {k: v for k, v in arguments.items() if k not in arrays})

    def build(self, edf, params=()):
        """Make it on `edf`: returns (node, {input name: leaf}); `params` names the inputs that are Params."""
        leaves = {
            name: edf.param(array) if name in params else edf.value(array)
            for name, array in self.inputs.items()
        }
        return edf.op(self.name, *leaves.values(), **self.options), leaves

    def with_input(self, name, array):
        """The same operation with one input replaced."""
        return Op(self.name, **{**self.inputs, name: array}, **self.options)

    def digest(self):
        """A key for it: equal operations on equal numbers have the same."""
        hashed = hashlib.blake2b(repr((self.name, sorted(self.options.items()))).encode())
        for name, array in self.inputs.items():
            hashed.update(repr((name, array.dtype.str, array.shape)).encode() + array.tobytes())
        return hashed.digest()


@functools.cache
def reference():
    """The reference's edf."""
    return local_edf(SOLUTION)


_remembered = {}


def remember(key, compute):
    """compute(), once for each key: for expected values that take long and serve the whole class."""
    if key not in _remembered:
        _remembered[key] = compute()
    return _remembered[key]


def forget():
    """Drop all that was remembered: expected values of one course secret are of no use for the next."""
    _remembered.clear()


_expected_of = contextvars.ContextVar("expected_of", default=None)


@contextlib.contextmanager
def expected_of(source):
    """For a while, `forward` and `gradient` are those of `source`, an object with these two methods."""
    token = _expected_of.set(source)
    try:
        yield
    finally:
        _expected_of.reset(token)


def forward(op):
    """The op's output on its inputs, in float64."""
    if source := _expected_of.get():
        return source.forward(op)
    return remember(("forward", op.digest()), lambda: forward_of(reference(), op))


def gradient(op, upstream, to):
    """Gradient of Σ upstream · output with respect to the input named `to`: its central difference.

    Raises ReferenceFault if the reference's own backward says otherwise.
    """
    if source := _expected_of.get():
        return source.gradient(op, upstream, to)
    return right_gradient(op, upstream, to)


def right_gradient(op, upstream, to):
    """The same, whatever `expected_of` says."""
    key = ("gradient", op.digest(), upstream.tobytes(), to)
    return remember(key, lambda: _gradient(op, upstream.astype(np.float64), to))


def forward_of(edf, op):
    """The op's output on an `edf` of our own, in float64."""
    edf.fresh()
    node, _ = in_float64(op).build(edf)
    node.forward()
    return node.top


def gradient_of(edf, op, upstream, to):
    """The same as `gradient`, of an `edf` of our own: central differences of its forward, in float64."""
    op = in_float64(op)
    at = op.inputs[to]
    numeric = np.empty_like(at)
    for place, ends in zip(np.ndindex(at.shape), ends_of_steps(at, EPSILON)):
        above, below = (forward_of(edf, op.with_input(to, end)) for end in ends)
        numeric[place] = np.sum(upstream * (above - below)) / (2 * EPSILON)
    return numeric


def in_float64(op):
    """The operation with its inputs in float64."""
    return Op(op.name, **{k: a.astype(np.float64) for k, a in op.inputs.items()}, **op.options)


def ends_of_steps(at, step):
    """For each element of the array `at`, in C order: (a copy with it larger by `step`, one with it smaller)."""
    for place in np.ndindex(at.shape):
        change = np.zeros_like(at)
        change[place] = step
        yield at + change, at - change


def _gradient(op, upstream, to):
    numeric = gradient_of(reference(), op, upstream, to)
    edf = reference()
    edf.fresh()
    node, leaves = in_float64(op).build(edf, params=[to])
    node.forward()
    node.grad = upstream
    node.backward()
    analytic = leaves[to].grad
    worst = np.abs(analytic - numeric).max()
    # Not a quotient: a gradient may be 0 everywhere, as RELU's is where no input is positive.
    if not worst <= AGREEMENT * np.abs(numeric).max():
        raise ReferenceFault(f"the reference's {op.name} backward to {to} is off by {worst:.1e}")
    return numeric
