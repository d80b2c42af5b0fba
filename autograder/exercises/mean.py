"""mean: over all elements, whatever the shape."""

from autograder.exercise import Exercise
from autograder.op_checks import (
    check_gradient_rules,
    check_inputs_unmodified,
    expect_forward,
    expect_gradient,
)
from autograder.reference import Op

mean = Exercise("mean", title="Mean", stubs=["mean.forward", "mean.backward"])

SHAPES = [(3,), (2, 3), (4, 3, 5)]


def any_shape(draw, shape=(4, 3)):
    # Around 2: where a sum nearly cancels, it has few right digits, in correct code too.
    return Op("mean", x=2 + draw.uniform(1, *shape))


@mean.check(weight=2)
def forward(student, draw):
    """one number: the mean over all elements of x, for x of one, two and three axes"""
    for shape in SHAPES:
        expect_forward(student, any_shape(draw, shape))


@mean.check(weight=3)
def gradient(student, draw):
    """the gradient to x, for a random upstream gradient"""
    for shape in SHAPES:
        expect_gradient(student, draw, any_shape(draw, shape), to="x")


check_gradient_rules(mean, any_shape, to=["x"], after=["forward", "gradient"])
check_inputs_unmodified(mean, any_shape, after=["forward", "gradient"])
