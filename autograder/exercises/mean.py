"""mean: over all elements, whatever the shape."""

from autograder.exercise import Exercise
from autograder.op_checks import (
    Cases,
    check_gradient_rules,
    check_inputs_unmodified,
    expect_forward,
    expect_gradient,
)
from autograder.reference import Op

mean = Exercise("mean", title="Mean", stubs=["mean.forward", "mean.backward"])


def any_shape(draw, shape):
    # Around 2: where a sum nearly cancels, it has few right digits, in correct code too.
    return Op("mean", x=2 + draw.uniform(1, *shape))


cases = Cases(
    any_shape,
    sizes=[(3,), (2, 3), (4, 3, 5)],
    usual=(4, 3),
    small=[(1,), (2,), (1, 2), (2, 1), (2, 3)],
)


@mean.check(weight=2)
def forward(student, draw):
    """one number: the mean over all elements of x, for x of one, two and three axes"""
    for op in cases.each(draw):
        expect_forward(student, op)


@mean.check(weight=3, carries=True)
def gradient(student, draw):
    """the gradient to x, for a random upstream gradient"""
    for op in cases.each(draw):
        expect_gradient(student, draw, op, to="x")


check_gradient_rules(mean, cases, to=["x"], after=["forward", "gradient"])
check_inputs_unmodified(mean, cases, after=["forward", "gradient"])
