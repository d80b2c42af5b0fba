"""down2: every second row and column."""

from autograder.exercise import Exercise
from autograder.op_checks import (
    Cases,
    check_gradient_rules,
    check_inputs_unmodified,
    expect_forward,
    expect_gradient,
)
from autograder.reference import Op

down2 = Exercise("down2", title="Downsampling", stubs=["down2.forward", "down2.backward"])


def images(draw, shape):
    return Op("down2", x=draw.normal(*shape))


cases = Cases(
    images,
    sizes=[(1, 2, 2, 1), (2, 4, 6, 3), (3, 5, 7, 2)],
    usual=(2, 5, 4, 3),
    small=[
        (1, 1, 1, 1),
        (1, 1, 2, 1),
        (1, 2, 1, 1),
        (1, 2, 2, 1),
        (1, 1, 3, 1),
        (1, 2, 3, 1),
        (2, 2, 2, 1),
        (1, 2, 2, 2),
    ],
)


@down2.check(weight=2)
def forward(student, draw):
    """every second row and column from the first, for even and odd sizes"""
    for op in cases.each(draw):
        expect_forward(student, op)


@down2.check(weight=3, carries=True)
def gradient(student, draw):
    """the gradient to x, for a random upstream gradient"""
    for op in cases.each(draw):
        expect_gradient(student, draw, op, to="x")


check_gradient_rules(down2, cases, to=["x"], after=["forward", "gradient"])
check_inputs_unmodified(down2, cases, after=["forward", "gradient"])
