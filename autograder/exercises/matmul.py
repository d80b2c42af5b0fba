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
    # Square ones too: factors in the wrong order, or not transposed, do not fit otherwise and raise.
    sizes=[(1, 1, 1), (2, 2, 2), (1, 2, 3), (4, 3, 5)],
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

IF_X, IF_Y = "self.x in ops or self.x in params", "self.y in ops or self.y in params"
TO_X, TO_Y = "self.x.grad = self.x.grad + ", "self.y.grad = self.y.grad + "
FORWARD, X_GRAD, Y_GRAD = "self.x.top @ self.y.top", "self.grad @ self.y.top.T", "self.x.top.T @ self.grad"

matmul.wrong(
    "transpose_forgotten",
    "the upstream gradient is multiplied by the other input as it is, and not by its transpose",
    gives_away="gradient",
    hints=(
        "A gradient has the shape of what it belongs to. Try it with matrices that are not square: the shapes "
        "leave only one way to multiply.",
        "Look at what the upstream gradient is multiplied by in matmul.backward.",
    ),
    edits=[(X_GRAD, "self.grad @ self.y.top"), (Y_GRAD, "self.x.top @ self.grad")],
)
matmul.wrong(
    "order_in_backward",
    "the upstream gradient and the transposed input are multiplied in the wrong order",
    gives_away="gradient",
    hints=(
        "A product of matrices is another one in the other order. With matrices that are not square, only one "
        "order fits.",
        "Look at which factor comes first in matmul.backward, for x and for y.",
    ),
    edits=[(X_GRAD, "self.y.top.T @ self.grad"), (Y_GRAD, "self.grad @ self.x.top.T")],
)
matmul.wrong(
    "own_input",
    "the gradient to x is made from x and the one to y from y, where each needs the other input",
    gives_away="gradient",
    hints=(
        "A product changes with one factor as steeply as the other one is large.",
        "Look at which input the gradient to x is made from in matmul.backward, and which one that to y.",
    ),
    edits=[(X_GRAD, Y_GRAD), (TO_Y + Y_GRAD, TO_Y + X_GRAD)],
)
matmul.wrong(
    "reshape_for_transpose",
    "an input is reshaped to the shape of its transpose, which leaves its numbers in their old order",
    gives_away="gradient",
    hints=(
        "Transposing makes rows of columns. Reshaping keeps the order of the numbers and only breaks the rows "
        "elsewhere.",
        "Look at how matmul.backward gets from an input to its transpose.",
    ),
    edits=[
        (X_GRAD, "self.grad @ self.y.top.reshape(self.y.top.shape[::-1])"),
        (Y_GRAD, "self.x.top.reshape(self.x.top.shape[::-1]) @ self.grad"),
    ],
)
matmul.wrong(
    "upstream_ignored",
    "ones take the place of the upstream gradient",
    gives_away="gradient",
    hints=(
        "By the chain rule, the gradient to an input is the upstream gradient times what the operation itself "
        "contributes.",
        "Look for the upstream gradient in matmul.backward.",
    ),
    edits=[
        (X_GRAD, "np.ones_like(self.top) @ self.y.top.T"),
        (Y_GRAD, "self.x.top.T @ np.ones_like(self.top)"),
    ],
)
matmul.wrong(
    "divided_by_batch",
    "the gradient to y is divided by the number of rows of x, as if it were a mean over the batch",
    gives_away="gradient",
    hints=(
        "Gradients add up over the rows of a batch. A mean over the batch is the business of the loss.",
        "Look at what happens to the gradient to y after the multiplication.",
    ),
    edits=[(Y_GRAD, f"{Y_GRAD} / len(self.x.top)")],
)
matmul.wrong(
    "order",
    "the matrices are multiplied in the wrong order, y before x",
    gives_away="forward",
    hints=(
        "A product of matrices is another one in the other order: rows of the first meet columns of the second.",
        "Look at which factor comes first in matmul.forward.",
    ),
    edits=[(FORWARD, "self.y.top @ self.x.top")],
)
matmul.wrong(
    "element_by_element",
    "x and y are multiplied element by element",
    gives_away="forward",
    hints=(
        "Each number of a matrix product is a sum of products: a row of x meets a column of y.",
        "Look at the kind of product in matmul.forward.",
    ),
    edits=[(FORWARD, "self.x.top * self.y.top")],
)
matmul.wrong(
    "overwrites",
    "the gradients to x and y replace what is there already instead of being added to it",
    gives_away="accumulates",
    hints=(
        "An input that two operations use gets a gradient from each, and gradients add up.",
        "Look at what matmul.backward does with the gradient that x or y already has.",
    ),
    edits=[(TO_X, "self.x.grad = "), (TO_Y, "self.y.grad = ")],
)
matmul.wrong(
    "overwrites_x",
    "the gradient to x replaces what is there already instead of being added to it",
    gives_away="accumulates",
    hints=(
        "An input that two operations use gets a gradient from each, and gradients add up.",
        "Look at what matmul.backward does with the gradient that x already has.",
    ),
    edits=[(TO_X, "self.x.grad = ")],
)
matmul.wrong(
    "overwrites_y",
    "the gradient to y replaces what is there already instead of being added to it",
    gives_away="accumulates",
    hints=(
        "An input that two operations use gets a gradient from each, and gradients add up.",
        "Look at what matmul.backward does with the gradient that y already has.",
    ),
    edits=[(TO_Y, "self.y.grad = ")],
)
matmul.wrong(
    "y_only_with_x",
    "y gets its gradient only where x gets one too",
    gives_away="gradient",
    hints=(
        "Each input is looked at for itself: weights need their gradient although the data is a Value.",
        "Look at how the questions whether x and y need a gradient are nested in matmul.backward.",
    ),
    edits=[(IF_Y, f"({IF_X}) and ({IF_Y})")],
)
matmul.wrong(
    "operations_left_out",
    "not every operation gets a gradient, as Params do",
    gives_away="values_get_no_gradient",
    hints=(
        "What an operation computed needs its gradient too: that is how it reaches the operations before.",
        "Look at the conditions under which matmul.backward gives a gradient to x and to y.",
    ),
    edits=[(IF_X, "self.x in params"), (IF_Y, "self.y in params")],
)
matmul.wrong(
    "gradient_to_value",
    "every input gets a gradient, a Value too",
    gives_away="values_get_no_gradient",
    hints=(
        "Values are data and have no gradient. Only Params and operations have one.",
        "Look at the conditions under which matmul.backward gives a gradient to x and to y.",
    ),
    edits=[
        (IF_X, "True"),
        (IF_Y, "True"),
        (TO_X, "self.x.grad = getattr(self.x, 'grad', 0) + "),
        (TO_Y, "self.y.grad = getattr(self.y, 'grad', 0) + "),
    ],
)
matmul.wrong(
    "transpose_of_first_pass",
    "the transpose of y is made in the first backward, and kept for all later ones",
    gives_away="second_pass",
    hints=(
        "A graph is built once and run many times: the weights are other numbers after each step.",
        "Look at what matmul.backward keeps from one call to the next. A transpose shows the array that it was "
        "made of, not the one that takes its place.",
    ),
    edits=[(X_GRAD, "self.grad @ vars(self).setdefault('transposed', self.y.top.T)")],
)
matmul.wrong(
    "upstream_left_transposed",
    "the gradients are right, but the upstream gradient is left transposed",
    gives_away="inputs_unmodified",
    hints=(
        "A backward reads the upstream gradient, and leaves it as it was, in its shape too.",
        "Look at what matmul.backward stores in the upstream gradient.",
    ),
    edits=[(f"{TO_Y}{Y_GRAD}", f"self.grad = self.grad.T; {TO_Y}(self.grad @ self.x.top).T")],
)
matmul.right(
    "in_place",
    "adds to the gradients in place",
    edits=[(TO_X, "self.x.grad += "), (TO_Y, "self.y.grad += ")],
)
matmul.right(
    "einsum",
    "einsum for all three products",
    edits=[
        (FORWARD, "np.einsum('bn,nm->bm', self.x.top, self.y.top)"),
        (X_GRAD, "np.einsum('bm,nm->bn', self.grad, self.y.top)"),
        (Y_GRAD, "np.einsum('bn,bm->nm', self.x.top, self.grad)"),
    ],
)
matmul.right(
    "sums_of_outer_products",
    "adds up outer products, of a column and a row each",
    code="""
def outer_products(a, b):
    total = np.zeros((a.shape[0], b.shape[1]), np.float32)
    for i in range(a.shape[1]):
        total += np.outer(a[:, i], b[i])
    return total

class matmul:
    def forward(self):
        self.top = outer_products(self.x.top, self.y.top)

    def backward(self):
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + outer_products(self.grad, self.y.top.T)
        if self.y in ops or self.y in params:
            self.y.grad = self.y.grad + outer_products(self.x.top.T, self.grad)
""",
)
matmul.right(
    "transposed_products",
    "multiplies the transposes in the other order, and transposes the product",
    edits=[
        (FORWARD, "np.dot(self.y.top.T, self.x.top.T).T"),
        (X_GRAD, "(self.y.top @ self.grad.T).T"),
        (Y_GRAD, "np.tensordot(self.grad, self.x.top, axes=(0, 0)).T"),
    ],
)
