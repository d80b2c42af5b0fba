"""conv2_image: the gradient of conv2 to the image."""

from autograder.exercise import Exercise
from autograder.exercises.conv2 import cases, check_rest_of_gradient
from autograder.op_checks import expect_gradient

conv2_image = Exercise(
    "conv2_image",
    title="Gradient to the image",
    stubs=["conv2.backward_image"],
    needs=["conv2_forward"],
)


@conv2_image.check(weight=5, carries=True)
def gradient(student, draw):
    """the gradient to the image, for a random upstream gradient, on several sizes"""
    for op in cases.each(draw):
        expect_gradient(student, draw, op, to="f")


check_rest_of_gradient(conv2_image, to="f")
