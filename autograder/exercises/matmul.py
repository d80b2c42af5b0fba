"""matmul: the product of two matrices."""

from autograder.exercise import Exercise
from autograder.op_checks import (
    check_gradient_rules,
    check_inputs_unmodified,
    expect_forward,
    expect_gradient,
)
from autograder.reference import Op

matmul = Exercise("matmul", title="Matrix product", stubs=["matmul.forward", "matmul.backward"])

SIZES = [(1, 1, 1), (1, 2, 3), (4, 3, 5)]


def product(draw, sizes=(4, 3, 5)):
    rows, inner, columns = sizes
    return Op("matmul", x=draw.normal(rows, inner), y=draw.normal(inner, columns))


@matmul.check(weight=2)
def forward(student, draw):
    """the matrix product of x and y"""
    for sizes in SIZES:
        expect_forward(student, product(draw, sizes))


@matmul.check(weight=3)
def gradient(student, draw):
    """the gradients to x and y, for a random upstream gradient"""
    for sizes in SIZES:
        expect_gradient(student, draw, product(draw, sizes), to="x")
        expect_gradient(student, draw, product(draw, sizes), to="y")


check_gradient_rules(matmul, product, to=["x", "y"], after=["forward", "gradient"])
check_inputs_unmodified(matmul, product, after=["forward", "gradient"])
