"""RELU: the rectifier."""

from autograder.exercise import Exercise
from autograder.op_checks import (
    check_gradient_rules,
    check_inputs_unmodified,
    expect_forward,
    expect_gradient,
)
from autograder.reference import Op

RELU = Exercise("RELU", title="Rectifier", stubs=["RELU.forward", "RELU.backward"])

SHAPES = [(1, 2), (3, 4), (2, 3, 4, 5)]


def off_the_kink(draw, shape=(4, 5)):
    # The slope at 0 is 1 on the slide and 0 in many a text: no input is near enough to 0 to tell.
    return Op("RELU", x=draw.off_zero(*shape))


@RELU.check(weight=2)
def forward(student, draw):
    """x where it is positive, 0 where it is negative"""
    for shape in SHAPES:
        expect_forward(student, off_the_kink(draw, shape))


@RELU.check(weight=3)
def gradient(student, draw):
    """the gradient to x, for a random upstream gradient"""
    for shape in SHAPES:
        expect_gradient(student, draw, off_the_kink(draw, shape), to="x")


check_gradient_rules(RELU, off_the_kink, to=["x"], after=["forward", "gradient"])
check_inputs_unmodified(RELU, off_the_kink, after=["forward", "gradient"])
