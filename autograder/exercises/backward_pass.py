"""Backward: gradients of a loss to everything, in reverse order."""

import numpy as np

from autograder.compare import Mismatch, expect_close
from autograder.exercise import Exercise
from autograder.reference import reference

Backward = Exercise("Backward", title="Backward pass", stubs=["Backward"], needs=["matmul", "sigmoid"])


def network(edf, x, w, v):
    """A graph, run forward, whose Param w is used in two layers: (loss, w, v, a side branch)."""
    w, v = edf.param(w), edf.param(v)
    first = edf.op("matmul", edf.value(x), w)
    second = edf.op("matmul", first, w)
    hidden = edf.op("sigmoid", second)
    last = edf.op("matmul", hidden, v)
    loss = edf.op("sigmoid", last)
    # Made after the loss and not part of it: no gradient passes through it.
    side = edf.op("sigmoid", hidden)
    for node in (first, second, hidden, last, loss, side):
        node.forward()
    return loss, w, v, side


def expect_gradients(student, draw, times):
    """Backward, `times` times on one graph, must give the reference's gradients."""
    # Halved: far out on the sigmoid, 1 − top has few right digits, in correct code too.
    ((rows, inner, columns),) = draw.sizes([(2, 3, 4)], small=[(1, 1, 1), (1, 2, 1)])
    arrays = draw.normal(rows, inner), draw.normal(inner, inner) / 2, draw.normal(inner, columns) / 2
    edf = reference()
    edf.fresh()
    loss, *expected, _ = network(edf, *(a.astype(np.float64) for a in arrays))
    edf.call("Backward", loss)
    theirs, *params, side = network(student, *arrays)
    for _ in range(times):
        student.call("Backward", theirs)
    for param, right, name in zip(params, expected, ("a Param used in two layers", "the last layer's Param")):
        expect_close(param.grad, right.grad, f"the gradient of {name}")
    side = side.grad
    if isinstance(side, str) or side.any():
        raise Mismatch("an operation that the loss does not depend on has a gradient that is not 0")


@Backward.check(weight=3)
def gradients(student, draw):
    """the gradient of the loss to all Params, through operations that share them"""
    expect_gradients(student, draw, times=1)


@Backward.check(after=["gradients"])
def grads_are_zeroed(student, draw):
    """a second Backward gives the same gradients, not twice as much"""
    expect_gradients(student, draw, times=2)
