"""flatten: all axes but the first made one."""

from autograder.exercise import Exercise
from autograder.op_checks import (
    Cases,
    check_gradient_rules,
    check_inputs_unmodified,
    expect_forward,
    expect_gradient,
)
from autograder.reference import Op

flatten = Exercise("flatten", title="Flattening", stubs=["flatten.forward", "flatten.backward"])


def any_shape(draw, shape):
    return Op("flatten", x=draw.normal(*shape))


cases = Cases(
    any_shape,
    sizes=[(2, 3), (2, 3, 4), (3, 2, 4, 5)],
    usual=(2, 3, 4, 5),
    small=[(1, 2), (2, 1), (2, 2), (1, 1, 2), (1, 2, 2), (2, 2, 2), (2, 1, 2, 3)],
)


@flatten.check(weight=2)
def forward(student, draw):
    """all axes but the first become one, in C order"""
    for op in cases.each(draw):
        expect_forward(student, op)


@flatten.check(weight=3, carries=True)
def gradient(student, draw):
    """the gradient to x, for a random upstream gradient"""
    for op in cases.each(draw):
        expect_gradient(student, draw, op, to="x")


check_gradient_rules(flatten, cases, to=["x"], after=["forward", "gradient"])
check_inputs_unmodified(flatten, cases, after=["forward", "gradient"])
