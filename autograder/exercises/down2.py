"""down2: every second row and column."""

from autograder.exercise import Exercise
from autograder.op_checks import (
    check_gradient_rules,
    check_inputs_unmodified,
    expect_forward,
    expect_gradient,
)
from autograder.reference import Op

down2 = Exercise("down2", title="Downsampling", stubs=["down2.forward", "down2.backward"])

SHAPES = [(1, 2, 2, 1), (2, 4, 6, 3), (3, 5, 7, 2)]


def images(draw, shape=(2, 5, 4, 3)):
    return Op("down2", x=draw.normal(*shape))


@down2.check(weight=2)
def forward(student, draw):
    """every second row and column from the first, for even and odd sizes"""
    for shape in SHAPES:
        expect_forward(student, images(draw, shape))


@down2.check(weight=3)
def gradient(student, draw):
    """the gradient to x, for a random upstream gradient"""
    for shape in SHAPES:
        expect_gradient(student, draw, images(draw, shape), to="x")


check_gradient_rules(down2, images, to=["x"], after=["forward", "gradient"])
check_inputs_unmodified(down2, images, after=["forward", "gradient"])
