"""RELU: the rectifier."""

from autograder.exercise import Exercise
from autograder.op_checks import (
    Cases,
    check_gradient_rules,
    check_inputs_unmodified,
    expect_forward,
    expect_gradient,
)
from autograder.reference import Op

RELU = Exercise("RELU", title="Rectifier", stubs=["RELU.forward", "RELU.backward"])


def off_the_kink(draw, shape):
    # The slope at 0 is 1 on the slide and 0 in many a text: no input is near enough to 0 to tell.
    return Op("RELU", x=draw.off_zero(*shape))


cases = Cases(
    off_the_kink,
    sizes=[(1, 2), (3, 4), (2, 3, 4, 5)],
    usual=(4, 5),
    small=[(1,), (2,), (4,), (2, 3)],
)


@RELU.check(weight=2)
def forward(student, draw):
    """x where it is positive, 0 where it is negative"""
    for op in cases.each(draw):
        expect_forward(student, op)


@RELU.check(weight=3, carries=True)
def gradient(student, draw):
    """the gradient to x, for a random upstream gradient"""
    for op in cases.each(draw):
        expect_gradient(student, draw, op, to="x")


check_gradient_rules(RELU, cases, to=["x"], after=["forward", "gradient"])
check_inputs_unmodified(RELU, cases, after=["forward", "gradient"])
