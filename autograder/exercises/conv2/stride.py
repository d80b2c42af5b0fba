"""stride: conv2 that moves the kernel by more than one pixel. Extra credit; it has no stub of its own."""

from autograder.exercise import Exercise
from autograder.exercises.conv2 import correlation
from autograder.op_checks import expect_forward, expect_gradient

stride = Exercise(
    "stride",
    title="Stride",
    needs=["conv2_forward", "conv2_image", "conv2_kernel"],
)

# Rows and columns that the stride divides, and that it leaves a rest of, on either side.
SIZES = [
    (((2, 4, 6, 1), (2, 2, 3)), 2),
    (((2, 7, 6, 3), (2, 3, 4)), 2),
    (((1, 9, 8, 2), (3, 2, 3)), 3),
]


@stride.check()
def forward(student, draw):
    """only every s-th row and column of the result comes out, from the first"""
    for sizes, step in SIZES:
        expect_forward(student, correlation(draw, sizes, stride=step))


@stride.check(after=["forward"])
def image_gradient(student, draw):
    """the gradient to the image with a stride"""
    for sizes, step in SIZES:
        expect_gradient(student, draw, correlation(draw, sizes, stride=step), to="f")


@stride.check(after=["forward"])
def kernel_gradient(student, draw):
    """the gradient to the kernel with a stride"""
    for sizes, step in SIZES:
        expect_gradient(student, draw, correlation(draw, sizes, stride=step), to="k")
