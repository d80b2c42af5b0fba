"""conv2_kernel: the gradient of conv2 to the kernel."""

from autograder.exercise import Exercise
from autograder.exercises.conv2 import cases, check_rest_of_gradient
from autograder.op_checks import expect_gradient

conv2_kernel = Exercise(
    "conv2_kernel",
    title="Gradient to the kernel",
    stubs=["conv2.backward_kernel"],
    needs=["conv2_forward"],
)


@conv2_kernel.check(weight=5, carries=True)
def gradient(student, draw):
    """the gradient to the kernel, for a random upstream gradient, on several sizes"""
    for op in cases.each(draw):
        expect_gradient(student, draw, op, to="k")


check_rest_of_gradient(conv2_kernel, to="k")
