"""flatten: all axes but the first made one."""

from autograder.exercise import Exercise
from autograder.op_checks import (
    check_gradient_rules,
    check_inputs_unmodified,
    expect_forward,
    expect_gradient,
)
from autograder.reference import Op

flatten = Exercise("flatten", title="Flattening", stubs=["flatten.forward", "flatten.backward"])

SHAPES = [(2, 3), (2, 3, 4), (3, 2, 4, 5)]


def any_shape(draw, shape=(2, 3, 4, 5)):
    return Op("flatten", x=draw.normal(*shape))


@flatten.check(weight=2)
def forward(student, draw):
    """all axes but the first become one, in C order"""
    for shape in SHAPES:
        expect_forward(student, any_shape(draw, shape))


@flatten.check(weight=3)
def gradient(student, draw):
    """the gradient to x, for a random upstream gradient"""
    for shape in SHAPES:
        expect_gradient(student, draw, any_shape(draw, shape), to="x")


check_gradient_rules(flatten, any_shape, to=["x"], after=["forward", "gradient"])
check_inputs_unmodified(flatten, any_shape, after=["forward", "gradient"])
