"""conv2_kernel: the gradient of conv2 to the kernel."""

from autograder.exercise import Exercise
from autograder.exercises.conv2 import cases, check_special_sizes
from autograder.exercises.conv2.pixel_loops import check_pixel_loops
from autograder.op_checks import check_gradient_rules, check_inputs_unmodified, expect_gradient

conv2_kernel = Exercise(
    "conv2_kernel",
    title="Gradient to the kernel",
    stubs=["conv2.backward_kernel"],
    needs=["conv2_forward"],
)


def expect_kernel_gradient(student, draw, op):
    expect_gradient(student, draw, op, to="k")


@conv2_kernel.check(weight=5, carries=True)
def gradient(student, draw):
    """the gradient to the kernel, for a random upstream gradient, on several sizes"""
    for op in cases.each(draw):
        expect_kernel_gradient(student, draw, op)


check_special_sizes(conv2_kernel, expect_kernel_gradient, carries=True)
check_gradient_rules(conv2_kernel, cases, to=["k"], after=["gradient"])
check_inputs_unmodified(conv2_kernel, cases, params=["k"], after=["gradient"])
check_pixel_loops(conv2_kernel, to="k", after=["gradient"])
