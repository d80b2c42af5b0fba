"""sigmoid: the logistic function."""

from autograder.exercise import Exercise
from autograder.op_checks import (
    check_gradient_rules,
    check_inputs_unmodified,
    expect_forward,
    expect_gradient,
)
from autograder.reference import Op

sigmoid = Exercise("sigmoid", title="Logistic function", stubs=["sigmoid.forward", "sigmoid.backward"])

SHAPES = [(1, 2), (3, 4), (2, 3, 4, 5)]


def any_shape(draw, shape=(4, 5)):
    return Op("sigmoid", x=draw.normal(*shape))


@sigmoid.check(weight=2)
def forward(student, draw):
    """1 / (1 + exp(−x)), element by element"""
    for shape in SHAPES:
        expect_forward(student, any_shape(draw, shape))


@sigmoid.check(weight=3)
def gradient(student, draw):
    """the gradient to x, for a random upstream gradient"""
    for shape in SHAPES:
        expect_gradient(student, draw, any_shape(draw, shape), to="x")


check_gradient_rules(sigmoid, any_shape, to=["x"], after=["forward", "gradient"])
check_inputs_unmodified(sigmoid, any_shape, after=["forward", "gradient"])
