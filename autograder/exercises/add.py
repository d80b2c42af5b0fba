"""add: the sum of two arrays, and of an array and a bias."""

from autograder.exercise import Exercise
from autograder.op_checks import (
    check_gradient_rules,
    check_inputs_unmodified,
    expect_forward,
    expect_gradient,
)
from autograder.reference import Op

add = Exercise("add", title="Sum and bias", stubs=["add.forward", "add.backward"])

SHAPES = [(1, 1), (2, 3), (4, 5), (2, 4, 3, 5)]


def same_shape(draw, shape=(4, 3)):
    return Op("add", x=draw.normal(*shape), y=draw.normal(*shape))


def bias(draw, shape=(4, 3)):
    return Op("add", x=draw.normal(*shape), y=draw.normal(shape[-1]))


@add.check()
def forward(student, draw):
    """x and y of the same shape are added element by element"""
    for shape in SHAPES:
        expect_forward(student, same_shape(draw, shape))


@add.check()
def forward_bias(student, draw):
    """a bias (y 1-D) is added along the last axis of x, whatever else x has"""
    for shape in SHAPES:
        expect_forward(student, bias(draw, shape))


@add.check(weight=2)
def gradient_same_shape(student, draw):
    """the gradients to x and y of the same shape, for a random upstream gradient"""
    for shape in SHAPES:
        expect_gradient(student, draw, same_shape(draw, shape), to="x")
        expect_gradient(student, draw, same_shape(draw, shape), to="y")


@add.check(weight=3)
def gradient_bias(student, draw):
    """the gradients to x and to a bias, which has fewer axes than the upstream gradient"""
    for shape in SHAPES:
        expect_gradient(student, draw, bias(draw, shape), to="x")
        expect_gradient(student, draw, bias(draw, shape), to="y")


check_gradient_rules(add, same_shape, to=["x", "y"], after=["gradient_same_shape"])
check_inputs_unmodified(add, bias, after=["gradient_bias"])
