"""max: the larger of two, x wins ties."""

import numpy as np

from autograder.compare import expect_close
from autograder.exercise import Exercise
from autograder.op_checks import (
    Cases,
    check_gradient_rules,
    check_inputs_unmodified,
    expect_forward,
    expect_gradient,
    gradient_name,
    run,
)
from autograder.reference import Op

max = Exercise("max", title="Maximum", stubs=["max.forward", "max.backward"])


def no_ties(draw, shape):
    # x and y are two halves of one shuffled grid: nowhere equal, nowhere near enough to change places.
    x, y = draw.distinct(2, *shape)
    return Op("max", x=x, y=y)


cases = Cases(
    no_ties,
    sizes=[(1, 2), (3, 4), (2, 3, 4)],
    usual=(4, 5),
    small=[(1,), (2,), (4,), (2, 3)],
)


@max.check(weight=2)
def forward(student, draw):
    """the larger of x and y, element by element"""
    for op in cases.each(draw):
        expect_forward(student, op)


@max.check(weight=3, carries=True)
def gradient(student, draw):
    """the gradients to x and y, for a random upstream gradient, where x and y differ"""
    for op in cases.each(draw):
        expect_gradient(student, draw, op, to="x")
        expect_gradient(student, draw, op, to="y")


@max.check(weight=2, after=["gradient"])
def ties(student, draw):
    """where x equals y, the whole gradient goes to x and none to y"""
    (shape,) = draw.sizes([(3, 4)], small=[(1,), (2,)])
    x, upstream = draw.normal(*shape), draw.normal(*shape)
    y = x.copy()
    y[1::2] += 1
    op = Op("max", x=x, y=y)
    node, leaves = op.build(student, params=["x", "y"])
    run(node, upstream)
    # Here the definition decides, not a derivative: at a tie there is none.
    expect_close(leaves["x"].grad, np.where(x == y, upstream, 0.0), f"{gradient_name(op, 'x')} at ties")
    expect_close(leaves["y"].grad, np.where(x == y, 0.0, upstream), f"{gradient_name(op, 'y')} at ties")


check_gradient_rules(max, cases, to=["x", "y"], after=["forward", "gradient"])
check_inputs_unmodified(max, cases, after=["forward", "gradient"])
