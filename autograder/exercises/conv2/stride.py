"""stride: conv2 that moves the kernel by more than one pixel. Extra credit; it has no stub of its own."""

from autograder.exercise import Exercise
from autograder.exercises.conv2 import correlation
from autograder.op_checks import Cases, expect_forward, expect_gradient

stride = Exercise(
    "stride",
    title="Stride",
    needs=["conv2_forward", "conv2_image", "conv2_kernel"],
)


# Rows and columns that the stride divides, and that it leaves a rest of, on either side.
strided = Cases(
    lambda draw, size: correlation(draw, *size),
    sizes=[
        (((2, 4, 6, 1), (2, 2, 3)), 2),
        (((2, 7, 6, 3), (2, 3, 4)), 2),
        (((1, 9, 8, 2), (3, 2, 3)), 3),
    ],
    usual=(((2, 7, 6, 3), (2, 3, 4)), 2),
    small=[
        (((1, 1, 2, 1), (1, 1, 1)), 2),
        (((1, 1, 3, 1), (1, 1, 1)), 2),
        (((1, 3, 1, 1), (1, 1, 1)), 2),
        (((1, 1, 4, 1), (1, 2, 1)), 2),
        (((1, 4, 5, 1), (2, 2, 1)), 2),
        (((1, 4, 4, 1), (1, 1, 1)), 3),
    ],
)


@stride.check()
def forward(student, draw):
    """only every s-th row and column of the result comes out, from the first"""
    for op in strided.each(draw):
        expect_forward(student, op)


@stride.check(after=["forward"])
def image_gradient(student, draw):
    """the gradient to the image with a stride"""
    for op in strided.each(draw):
        expect_gradient(student, draw, op, to="f")


@stride.check(after=["forward"])
def kernel_gradient(student, draw):
    """the gradient to the kernel with a stride"""
    for op in strided.each(draw):
        expect_gradient(student, draw, op, to="k")
