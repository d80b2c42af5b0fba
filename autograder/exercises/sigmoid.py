"""sigmoid: the logistic function."""

from autograder.exercise import Exercise
from autograder.op_checks import (
    Cases,
    check_gradient_rules,
    check_inputs_unmodified,
    expect_forward,
    expect_gradient,
)
from autograder.reference import Op

sigmoid = Exercise("sigmoid", title="Logistic function", stubs=["sigmoid.forward", "sigmoid.backward"])


def any_shape(draw, shape):
    return Op("sigmoid", x=draw.normal(*shape))


cases = Cases(
    any_shape,
    sizes=[(1, 2), (3, 4), (2, 3, 4, 5)],
    usual=(4, 5),
    small=[(1,), (2,), (2, 3)],
)


@sigmoid.check(weight=2)
def forward(student, draw):
    """1 / (1 + exp(−x)), element by element"""
    for op in cases.each(draw):
        expect_forward(student, op)


@sigmoid.check(weight=3, carries=True)
def gradient(student, draw):
    """the gradient to x, for a random upstream gradient"""
    for op in cases.each(draw):
        expect_gradient(student, draw, op, to="x")


check_gradient_rules(sigmoid, cases, to=["x"], after=["forward", "gradient"])
check_inputs_unmodified(sigmoid, cases, after=["forward", "gradient"])
