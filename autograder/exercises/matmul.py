"""matmul: the product of two matrices."""

from autograder.exercise import Exercise
from autograder.op_checks import (
    Cases,
    check_gradient_rules,
    check_inputs_unmodified,
    expect_forward,
    expect_gradient,
)
from autograder.reference import Op

matmul = Exercise("matmul", title="Matrix product", stubs=["matmul.forward", "matmul.backward"])


def product(draw, sizes):
    rows, inner, columns = sizes
    return Op("matmul", x=draw.normal(rows, inner), y=draw.normal(inner, columns))


products = Cases(
    product,
    sizes=[(1, 1, 1), (1, 2, 3), (4, 3, 5)],
    usual=(4, 3, 5),
    small=[(1, 1, 1), (1, 2, 1), (2, 1, 1), (1, 1, 2), (2, 1, 3), (2, 3, 4)],
)


@matmul.check(weight=2)
def forward(student, draw):
    """the matrix product of x and y"""
    for op in products.each(draw):
        expect_forward(student, op)


@matmul.check(weight=3, carries=True)
def gradient(student, draw):
    """the gradients to x and y, for a random upstream gradient"""
    for op in products.each(draw):
        expect_gradient(student, draw, op, to="x")
        expect_gradient(student, draw, op, to="y")


check_gradient_rules(matmul, products, to=["x", "y"], after=["forward", "gradient"])
check_inputs_unmodified(matmul, products, after=["forward", "gradient"])
