"""momentum: gradient descent with a velocity."""

import numpy as np

from autograder.compare import expect_close, expect_unchanged
from autograder.exercise import Exercise

momentum = Exercise("momentum", title="Momentum", stubs=["init_momentum", "momentum"])

# Two steps would not do: velocity that keeps only the last gradient, or restarts, can be right for two.
STEPS = 6
# (steps, shapes of the Params)
SIZES = [(STEPS, [(3, 4), (5,), (2, 3, 1, 4)])]
SMALL = [(1, [()]), (2, [()]), (2, [(), ()]), (3, [()]), (3, [(2,)])]


def expect_descent(student, draw, lr, **mom):
    """Steps of momentum on drawn gradients must move every Param as v ← mom·v + g, p ← p − lr·v does."""
    ((steps, shapes),) = draw.sizes(SIZES, SMALL)
    starts = [draw.normal(*shape) for shape in shapes]
    params = [student.param(start) for start in starts]
    student.call("init_momentum")
    expected = [start.astype(np.float64) for start in starts]
    velocities = [np.zeros_like(p) for p in expected]
    for step in range(steps):
        gradients = [draw.normal(*shape) for shape in shapes]
        for param, gradient in zip(params, gradients):
            param.grad = gradient
        student.call("momentum", lr, **mom)
        for i, gradient in enumerate(gradients):
            velocities[i] = mom.get("mom", 0.9) * velocities[i] + gradient
            expected[i] = expected[i] - lr * velocities[i]
        tops = student.read(*((param, "top") for param in params))
        for i, top in enumerate(tops):
            expect_close(top, expected[i], f"Param {i + 1} of {len(params)} after step {step + 1}")


@momentum.check()
def first_step(student, draw):
    """the first step is that of plain gradient descent: the velocity starts at 0"""
    (shape,) = draw.sizes([(3, 4)], small=[(), (2,)])
    start, gradient = draw.normal(*shape), draw.normal(*shape)
    param = student.param(start)
    student.call("init_momentum")
    param.grad = gradient
    student.call("momentum", 0.125)
    expect_close(param.top, start.astype(np.float64) - 0.125 * gradient, "the Param after one step")


@momentum.check(weight=5)
def several_steps(student, draw):
    """six steps with the default of 0.9: the velocity keeps the history of all gradients"""
    expect_descent(student, draw, lr=0.125)


@momentum.check(weight=2)
def other_constants(student, draw):
    """six steps with another mom and lr"""
    expect_descent(student, draw, lr=0.01, mom=0.5)


@momentum.check(after=["several_steps"])
def gradients_unmodified(student, draw):
    """a step does not modify the gradients, nor does a later one see them modified"""
    (shape,) = draw.sizes([(3, 4)], small=[(), (2,)])
    gradient = draw.normal(*shape)
    param = student.param(draw.normal(*shape))
    student.call("init_momentum")
    param.grad = gradient
    for _ in range(3):
        student.call("momentum", 0.125)
        expect_unchanged(param.grad, gradient, "the Param's gradient")
