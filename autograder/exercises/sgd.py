"""SGD: plain gradient descent."""

import numpy as np

from autograder.compare import expect_close, expect_unchanged
from autograder.exercise import Exercise

SGD = Exercise("SGD", title="Gradient descent", stubs=["SGD"])


@SGD.check()
def steps(student, draw):
    """three steps on three Params: each moves by −lr times its own gradient"""
    sizes = [(3, [(3, 4), (5,), (2, 3, 1, 4)])]
    ((steps, shapes),) = draw.sizes(sizes, small=[(1, [()]), (2, [()]), (1, [(), ()]), (1, [(2,)])])
    starts = [draw.normal(*shape) for shape in shapes]
    params = [student.param(start) for start in starts]
    expected = [start.astype(np.float64) for start in starts]
    for _ in range(steps):
        gradients = [draw.normal(*start.shape) for start in starts]
        for param, gradient in zip(params, gradients):
            param.grad = gradient
        student.call("SGD", 0.125)
        expected = [p - 0.125 * g for p, g in zip(expected, gradients)]
        for i, param in enumerate(params):
            expect_close(param.top, expected[i], f"Param {i + 1} of {len(params)}")
            expect_unchanged(param.grad, gradients[i], "a Param's gradient")
