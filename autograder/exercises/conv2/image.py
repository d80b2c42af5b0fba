"""conv2_image: the gradient of conv2 to the image."""

from autograder.exercise import Exercise
from autograder.exercises.conv2 import cases, check_special_sizes
from autograder.exercises.conv2.pixel_loops import check_pixel_loops
from autograder.op_checks import check_gradient_rules, check_inputs_unmodified, expect_gradient

conv2_image = Exercise(
    "conv2_image",
    title="Gradient to the image",
    stubs=["conv2.backward_image"],
    needs=["conv2_forward"],
)


def expect_image_gradient(student, draw, op):
    expect_gradient(student, draw, op, to="f")


@conv2_image.check(weight=5, carries=True)
def gradient(student, draw):
    """the gradient to the image, for a random upstream gradient, on several sizes"""
    for op in cases.each(draw):
        expect_image_gradient(student, draw, op)


check_special_sizes(conv2_image, expect_image_gradient, carries=True)
check_gradient_rules(conv2_image, cases, to=["f"], after=["gradient"])
check_inputs_unmodified(conv2_image, cases, params=["f"], after=["gradient"])
check_pixel_loops(conv2_image, to="f", after=["gradient"])
