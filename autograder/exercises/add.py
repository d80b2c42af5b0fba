"""add: the sum of two arrays, and of an array and a bias."""

from autograder.exercise import Exercise
from autograder.op_checks import (
    Cases,
    check_gradient_rules,
    check_inputs_unmodified,
    expect_forward,
    expect_gradient,
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
    small=[(1,), (1, 2), (2, 1), (2, 3)],
)


def with_bias(draw, shape):
    return Op("add", x=draw.normal(*shape), y=draw.normal(shape[-1]))


bias = Cases(
    with_bias,
    sizes=SHAPES,
    usual=(4, 3),
    small=[(1, 1), (1, 2), (2, 1), (2, 2), (2, 2, 2)],
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


@add.check(weight=3, carries=True)
def gradient_bias(student, draw):
    """the gradients to x and to a bias, which has fewer axes than the upstream gradient"""
    for op in bias.each(draw):
        expect_gradient(student, draw, op, to="x")
        expect_gradient(student, draw, op, to="y")


check_gradient_rules(add, same_shape, to=["x", "y"], after=["gradient_same_shape"])
check_inputs_unmodified(add, bias, after=["gradient_bias"])

TO_X, TO_Y = "self.x.grad = self.x.grad + ", "self.y.grad = self.y.grad + "

add.wrong(
    "bias_not_summed",
    "the upstream gradient goes to the bias as it is, of the shape of x",
    gives_away="gradient_bias",
    hints=(
        "A gradient has the shape of what it belongs to. A bias enters the result once a row, and each of "
        "these uses counts.",
        "Look at what add.backward adds to the gradient of y when y has fewer axes than the result.",
    ),
    edits=[("self.grad.sum(axis=copied)", "self.grad")],
)
add.wrong(
    "bias_mean",
    "the gradient to the bias is the mean over the rows, where it should be their sum",
    gives_away="gradient_bias",
    hints=(
        "A bias that is used n times gets n gradients, and gradients add up.",
        "Look at how add.backward takes the axes of the upstream gradient together that y does not have.",
    ),
    edits=[("self.grad.sum(axis=copied)", "self.grad.mean(axis=copied)")],
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
