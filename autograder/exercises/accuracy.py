"""accuracy: is the largest logit at the label?"""

import numpy as np

from autograder.compare import Mismatch, expect_close, expect_unchanged
from autograder.exercise import Exercise
from autograder.op_checks import Cases, run
from autograder.reference import Op, forward

accuracy = Exercise("accuracy", title="Accuracy", stubs=["accuracy.forward", "accuracy.backward"])


def guesses(draw, size):
    # Every second row is right, so that both answers occur.
    rows, classes = size
    x = draw.distinct(rows, classes)
    y = x.argmax(axis=1)
    y[::2] = (y[::2] + 1) % classes
    return Op("accuracy", x=x, y=y.astype(np.float32))


cases = Cases(guesses, sizes=[(8, 4)], usual=(8, 4), small=[(1, 2), (2, 2), (2, 3)])


@accuracy.check(weight=2)
def per_row(student, draw):
    """1 in each row whose largest element stands at the label, else 0"""
    op = cases.one(draw)
    node, _ = op.build(student)
    node.forward()
    expect_close(node.top, forward(op), "accuracy.top")


@accuracy.check(after=["per_row"])
def no_gradient(student, draw):
    """backward passes no gradient on: accuracy is not differentiable"""
    op = cases.one(draw)
    node, leaves = op.build(student, params=["x"])
    run(node, draw.normal(len(op.inputs["x"])))
    expect_unchanged(leaves["x"].top, op.inputs["x"], "accuracy's input x")
    grad = leaves["x"].grad
    if isinstance(grad, str) or grad.any():
        raise Mismatch("accuracy.backward changed the gradient of x")
