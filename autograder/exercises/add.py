"""add: the sum of two arrays, and of an array and a bias."""

from autograder.exercise import Exercise
from autograder.op_checks import (
    Cases,
    check_gradient_rules,
    check_inputs_unmodified,
    expect_forward,
    expect_gradient,
    expect_sum_of_gradients,
)
from autograder.reference import Op

add = Exercise("add", title="Sum and bias", stubs=["add.forward", "add.backward"])

SHAPES = [(1, 1), (2, 3), (4, 5), (2, 4, 3, 5)]


def added(draw, shape):
    return Op("add", x=draw.normal(*shape), y=draw.normal(*shape))


same_shape = Cases(
    added,
    sizes=SHAPES,
    usual=(4, 3),
    small=[(1,), (1, 2), (2, 1), (2, 3), (1, 2, 1, 2)],
)


def with_bias(draw, shape):
    return Op("add", x=draw.normal(*shape), y=draw.normal(shape[-1]))


bias = Cases(
    with_bias,
    # A square one before the others: a sum over the wrong axis does not fit otherwise, and raises.
    sizes=[(1, 1), (3, 3), (2, 3), (4, 5), (2, 4, 3, 5)],
    usual=(4, 3),
    # Two rows before one: of a single row there is nothing to sum, and the mistakes don't show.
    small=[(2, 1), (2, 2), (1, 1), (1, 2), (2, 2, 2)],
)


@add.check()
def forward(student, draw):
    """x and y of the same shape are added element by element"""
    for op in same_shape.each(draw):
        expect_forward(student, op)


@add.check()
def forward_bias(student, draw):
    """a bias (y 1-D) is added along the last axis of x, whatever else x has"""
    for op in bias.each(draw):
        expect_forward(student, op)


@add.check(weight=2, carries=True)
def gradient_same_shape(student, draw):
    """the gradients to x and y of the same shape, for a random upstream gradient"""
    for op in same_shape.each(draw):
        expect_gradient(student, draw, op, to="x")
        expect_gradient(student, draw, op, to="y")


@add.check(weight=2, carries=True)
def gradient_bias(student, draw):
    """the gradients to x and to a bias, which has fewer axes than the upstream gradient"""
    for op in bias.each(draw):
        expect_gradient(student, draw, op, to="x")
        expect_gradient(student, draw, op, to="y")


@add.check(after=["gradient_bias"], carries=True)
def accumulates_bias(student, draw):
    """gradients add up for a bias too: one that two operations use gets the sum of both gradients"""
    expect_sum_of_gradients(student, draw, bias.one(draw), to=["y"])


check_gradient_rules(add, same_shape, to=["x", "y"], after=["gradient_same_shape"])
check_inputs_unmodified(add, bias, after=["gradient_bias"])

IF_X, IF_Y = "self.x in ops or self.x in params", "self.y in ops or self.y in params"
TO_X, TO_Y = "self.x.grad = self.x.grad + ", "self.y.grad = self.y.grad + "
SUMMED = "over_batch.sum(axis=copied[:-1])"

add.wrong(
    "bias_not_summed",
    "the upstream gradient goes to the bias as it is, of the shape of x",
    gives_away="gradient_bias",
    hints=(
        "A gradient has the shape of what it belongs to. A bias enters the result once a row, and each of "
        "these uses counts.",
        "Look at what add.backward adds to the gradient of y when y has fewer axes than the result.",
    ),
    edits=[(SUMMED, "self.grad")],
)
add.wrong(
    "bias_mean",
    "the gradient to the bias is the mean over the rows, where it should be their sum",
    gives_away="gradient_bias",
    hints=(
        "A bias that is used n times gets n gradients, and gradients add up.",
        "Look at how add.backward takes the axes of the upstream gradient together that y does not have.",
    ),
    edits=[(SUMMED, "self.grad.mean(axis=copied)")],
)
add.wrong(
    "bias_first_axis_only",
    "the gradient to the bias is summed over the first axis alone, however many axes x has",
    gives_away="gradient_bias",
    hints=(
        "A bias after a convolution is added in every row and column of every image: each of these uses counts.",
        "Look at which axes add.backward sums over when x has more than two.",
    ),
    edits=[(SUMMED, "self.grad.sum(axis=copied[:1])")],
)
add.wrong(
    "bias_wrong_axis",
    "the gradient to the bias is summed along axis 1, and not over the axes that the bias does not have",
    gives_away="gradient_bias",
    hints=(
        "A bias has one number for each column of x: the sum goes down the columns and leaves the last axis.",
        "Look at the axis that add.backward sums over for y.",
    ),
    edits=[(SUMMED, "(self.grad.sum(axis=1) if copied else self.grad)")],
)
add.wrong(
    "bias_summed_over_everything",
    "the upstream gradient is summed over all of its axes, so that each number of the bias gets the total",
    gives_away="gradient_bias",
    hints=(
        "Each number of a bias is added to one column of x and to no other.",
        "Look at which axes add.backward sums over for y, and which one it should leave.",
    ),
    edits=[(SUMMED, "(self.grad.sum() if copied else self.grad)")],
)
add.wrong(
    "bias_divided_by_batch",
    "the gradient to the bias is divided by the size of the batch",
    gives_away="gradient_bias",
    hints=(
        "Gradients add up over a batch. A mean over the batch is the business of the loss.",
        "Look at what add.backward does with the sum for y.",
    ),
    edits=[(SUMMED, f"({SUMMED} / len(self.grad) if copied else self.grad)")],
)
add.wrong(
    "always_summed",
    "the upstream gradient is summed over the first axis for y of any shape, not for a bias alone",
    gives_away="gradient_same_shape",
    hints=(
        "What is used once gets the upstream gradient of that one place. A y of the shape of x is used once.",
        "Look at how add.backward tells a bias from a y of the same shape as x.",
    ),
    edits=[(SUMMED, "self.grad.sum(axis=0)")],
)
add.wrong(
    "upstream_ignored",
    "ones take the place of the upstream gradient",
    gives_away="gradient_same_shape",
    hints=(
        "A sum changes as much as each of its terms does. By the chain rule, that 1 is to be multiplied by the "
        "upstream gradient.",
        "Look for the upstream gradient in add.backward.",
    ),
    edits=[(f"{TO_X}self.grad", f"{TO_X}1"), (SUMMED, "np.ones_like(self.grad).sum(axis=copied)")],
)
add.wrong(
    "product_rule",
    "the upstream gradient is multiplied by the other input, as it would be for a product",
    gives_away="gradient_same_shape",
    hints=(
        "How much a sum changes with x does not depend on y, nor the other way round.",
        "Look at what the upstream gradient is multiplied by in add.backward.",
    ),
    edits=[
        (f"{TO_X}self.grad", f"{TO_X}self.grad * self.y.top"),
        (SUMMED, "(self.grad * self.x.top).sum(axis=copied)"),
    ],
)
add.wrong(
    "bias_along_first_axis",
    "the bias is added along the rows of x, one number a row, and not along its last axis",
    gives_away="forward_bias",
    hints=(
        "A bias has one number for each column, and every row gets the same ones.",
        "Look at the axis of x that add.forward lines y up with.",
    ),
    edits=[("+ self.y.top", "+ (self.y.top if self.y.top.ndim > 1 else self.y.top[:, np.newaxis])")],
)
add.wrong(
    "bias_of_images",
    "what is added to images is taken for a bias: y gets three more axes in front, whatever it has already",
    gives_away="forward",
    hints=(
        "The sum has the shape of x. Images can be added to images, as well as a bias.",
        "Look at the shape that add.forward gives to y when x has four axes and y has, too.",
    ),
    edits=[
        (
            "+ self.y.top",
            "+ (self.y.top[np.newaxis, np.newaxis, np.newaxis] if self.x.top.ndim == 4 else self.y.top)",
        )
    ],
)
add.wrong(
    "input_in_place",
    "y is added to x in place, so that x itself holds the sum afterwards",
    gives_away="inputs_unmodified",
    hints=(
        "What x holds belongs to others too: its own backward may need it, and so may the next pass.",
        "Look at which array add.forward writes to.",
    ),
    edits=[("self.top = self.x.top + self.y.top", "self.top = self.x.top; self.top += self.y.top")],
)
add.wrong(
    "overwrites",
    "the gradients to x and y replace what is there already instead of being added to it",
    gives_away="accumulates",
    hints=(
        "An input that two operations use gets a gradient from each, and gradients add up.",
        "Look at what add.backward does with the gradient that x or y already has.",
    ),
    edits=[(TO_X, "self.x.grad = "), (TO_Y, "self.y.grad = ")],
)
add.wrong(
    "overwrites_x",
    "the gradient to x replaces what is there already instead of being added to it",
    gives_away="accumulates",
    hints=(
        "An input that two operations use gets a gradient from each, and gradients add up.",
        "Look at what add.backward does with the gradient that x already has.",
    ),
    edits=[(TO_X, "self.x.grad = ")],
)
add.wrong(
    "overwrites_y",
    "the gradient to y replaces what is there already instead of being added to it",
    gives_away="accumulates",
    hints=(
        "An input that two operations use gets a gradient from each, and gradients add up.",
        "Look at what add.backward does with the gradient that y already has.",
    ),
    edits=[(TO_Y, "self.y.grad = ")],
)
add.wrong(
    "overwrites_bias",
    "the gradient to a bias replaces what is there already, while that to a y of the shape of x is added to it",
    gives_away="accumulates_bias",
    hints=(
        "A bias that two operations use gets a gradient from each, and gradients add up.",
        "Look at what add.backward does for a bias with the gradient that y already has.",
    ),
    edits=[(TO_Y, "self.y.grad = (0 if copied else self.y.grad) + ")],
)
add.wrong(
    "one_array_for_both",
    "x and y are given one and the same array as their gradient, and what is added to one in place changes both",
    gives_away="accumulates",
    hints=(
        "Each node has a gradient of its own. Two names of one array are not two arrays.",
        "Look at where add.backward hands out the upstream gradient itself, not a copy, and where it adds in "
        "place.",
    ),
    code="""
class add:
    def backward(self):
        for node in (self.x, self.y):
            if node in ops or node in params:
                copied = tuple(range(self.grad.ndim - node.top.ndim))
                g = self.grad.sum(axis=copied) if copied else self.grad
                if node.grad.any():
                    node.grad += g
                else:
                    node.grad = g
""",
)
add.wrong(
    "y_only_with_x",
    "y gets its gradient only where x gets one too",
    gives_away="gradient_same_shape",
    hints=(
        "Each input is looked at for itself: y may need its gradient although x is a Value.",
        "Look at how the questions whether x and y need a gradient are nested in add.backward.",
    ),
    edits=[(IF_Y, f"({IF_X}) and ({IF_Y})")],
)
add.wrong(
    "operations_left_out",
    "not every operation gets a gradient, as Params do",
    gives_away="values_get_no_gradient",
    hints=(
        "What an operation computed needs its gradient too: that is how it reaches the operations before.",
        "Look at the conditions under which add.backward gives a gradient to x and to y.",
    ),
    edits=[(IF_X, "self.x in params"), (IF_Y, "self.y in params")],
)
add.wrong(
    "gradient_to_value",
    "every input gets a gradient, a Value too",
    gives_away="values_get_no_gradient",
    hints=(
        "Values are data and have no gradient. Only Params and operations have one.",
        "Look at the conditions under which add.backward gives a gradient to x and to y.",
    ),
    edits=[
        (IF_X, "True"),
        (IF_Y, "True"),
        (TO_X, "self.x.grad = getattr(self.x, 'grad', 0) + "),
        (TO_Y, "self.y.grad = getattr(self.y, 'grad', 0) + "),
    ],
)
add.wrong(
    "y_of_first_pass",
    "y is spread to the shape of x in the first forward only, and every later one adds these numbers again",
    gives_away="second_pass",
    hints=(
        "A graph is built once and run many times: in each pass x and y may hold new numbers.",
        "Look at what add.forward keeps from one pass to the next. A view shows the array that it was made of, "
        "not the one that takes its place.",
    ),
    edits=[
        (
            "+ self.y.top",
            "+ vars(self).setdefault('spread', np.broadcast_to(self.y.top, self.x.top.shape))",
        )
    ],
)
add.right(
    "in_place",
    "adds to the gradients in place",
    edits=[(TO_X, "self.x.grad += "), (TO_Y, "self.y.grad += ")],
)
add.right(
    "sum_until_it_fits",
    "sums over the first axis as long as the gradient has more axes than y",
    code="""
class add:
    def backward(self):
        for node in (self.x, self.y):
            if node in ops or node in params:
                g = self.grad
                while g.ndim > node.top.ndim:
                    g = g.sum(0)
                node.grad = node.grad + g
""",
)
add.right(
    "ones_times_rows",
    "sums for a bias by a product with ones, over rows laid out as one matrix",
    edits=[
        (
            SUMMED,
            "(np.ones(self.grad.size // len(self.y.top), self.grad.dtype) @ self.grad.reshape(-1, len(self.y.top))"
            " if copied else self.grad)",
        )
    ],
)
add.right(
    "row_after_row",
    "adds up the rows for a bias one after the other, in Python",
    edits=[(SUMMED, "(sum(self.grad.reshape(-1, self.grad.shape[-1])) if copied else self.grad)")],
)
add.right(
    "shares_until_added_to",
    "takes the upstream gradient itself as the first share, and never adds in place",
    edits=[
        (f"{TO_X}self.grad", "self.x.grad = self.x.grad + self.grad if self.x.grad.any() else self.grad"),
    ],
)
