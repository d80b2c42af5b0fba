"""conv2_kernel: the gradient of conv2 to the kernel."""

from autograder.exercise import Exercise
from autograder.exercises.conv2 import GENERAL, check_special_sizes, correlation
from autograder.op_checks import check_gradient_rules, check_inputs_unmodified, expect_gradient

conv2_kernel = Exercise(
    "conv2_kernel",
    title="Gradient to the kernel",
    stubs=["conv2.backward_kernel"],
    needs=["conv2_forward"],
)


def expect_kernel_gradient(student, draw, op):
    expect_gradient(student, draw, op, to="k")


@conv2_kernel.check(weight=5)
def gradient(student, draw):
    """the gradient to the kernel, for a random upstream gradient, on several sizes"""
    for sizes in GENERAL:
        expect_kernel_gradient(student, draw, correlation(draw, sizes))


check_special_sizes(conv2_kernel, expect_kernel_gradient)
check_gradient_rules(conv2_kernel, correlation, to=["k"], after=["gradient"])
check_inputs_unmodified(conv2_kernel, correlation, params=["k"], after=["gradient"])
