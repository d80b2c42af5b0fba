"""mean: over all elements, whatever the shape."""

from autograder.exercise import Exercise
from autograder.op_checks import (
    Cases,
    check_gradient_rules,
    check_inputs_unmodified,
    expect_forward,
    expect_gradient,
)
from autograder.reference import Op

mean = Exercise("mean", title="Mean", stubs=["mean.forward", "mean.backward"])


def any_shape(draw, shape):
    # Around 2: where a sum nearly cancels, it has few right digits, in correct code too.
    return Op("mean", x=2 + draw.uniform(1, *shape))


cases = Cases(
    any_shape,
    sizes=[(3,), (2, 3), (4, 3, 5)],
    usual=(4, 3),
    small=[(1,), (2,), (1, 2), (2, 1), (2, 3)],
)


@mean.check(weight=2)
def forward(student, draw):
    """one number: the mean over all elements of x, for x of one, two and three axes"""
    for op in cases.each(draw):
        expect_forward(student, op)


@mean.check(weight=3, carries=True)
def gradient(student, draw):
    """the gradient to x, for a random upstream gradient"""
    for op in cases.each(draw):
        expect_gradient(student, draw, op, to="x")


check_gradient_rules(mean, cases, to=["x"], after=["forward", "gradient"])
check_inputs_unmodified(mean, cases, after=["forward", "gradient"])

IF_X, TO_X = "self.x in ops or self.x in params", "self.x.grad = self.x.grad + "
FORWARD, SHARE = "np.mean(self.x.top)", "self.grad / self.x.top.size"

mean.wrong(
    "not_divided",
    "the whole upstream gradient goes to each element, as it would for a sum",
    gives_away="gradient",
    hints=(
        "When one of n numbers changes by 1, their mean changes by one part in n.",
        "Look at what mean.backward divides the upstream gradient by.",
    ),
    edits=[(SHARE, "self.grad")],
)
mean.wrong(
    "divided_by_batch_only",
    "the upstream gradient is divided by the length of the first axis alone",
    gives_away="gradient",
    hints=(
        "The mean is over all elements, on all axes. Each of them has the same small share in it.",
        "Look at the number that mean.backward divides by when x has more than one axis.",
    ),
    edits=[(SHARE, "self.grad / len(self.x.top)")],
)
mean.wrong(
    "divided_twice",
    "the upstream gradient is divided by the number of elements twice",
    gives_away="gradient",
    hints=(
        "The gradients of all elements add up to the upstream gradient: together they move the mean by as much "
        "as they are moved.",
        "Look at each place in mean.backward that divides, or takes a mean.",
    ),
    edits=[(SHARE, f"{SHARE} / self.x.top.size")],
)
mean.wrong(
    "upstream_ignored",
    "each element gets one part in n as its gradient, whatever the upstream gradient is",
    gives_away="gradient",
    hints=(
        "The mean need not be the loss. By the chain rule, its own slope is multiplied by the upstream gradient.",
        "Look for the upstream gradient in mean.backward.",
    ),
    edits=[(SHARE, "1 / self.x.top.size")],
)
mean.wrong(
    "mean_over_batch_only",
    "forward takes the mean over the first axis alone",
    gives_away="forward",
    hints=(
        "The result is one number, whatever the shape of x.",
        "Look at the axes that mean.forward takes the mean over.",
    ),
    edits=[(FORWARD, "np.mean(self.x.top, axis=0)")],
)
mean.wrong(
    "mean_of_each_row",
    "forward takes the mean over the last axis alone, one for each row",
    gives_away="forward",
    hints=(
        "The result is one number, whatever the shape of x.",
        "Look at the axes that mean.forward takes the mean over.",
    ),
    edits=[(FORWARD, "np.mean(self.x.top, axis=-1)")],
)
mean.wrong(
    "sum",
    "forward gives the sum of all elements, and does not divide it",
    gives_away="forward",
    hints=(
        "The mean of equal numbers is that number, however many there are.",
        "Look at what mean.forward does after it has added everything up.",
    ),
    edits=[(FORWARD, "np.sum(self.x.top)")],
)
mean.wrong(
    "sum_divided_by_batch",
    "forward divides the sum of all elements by the length of the first axis alone",
    gives_away="forward",
    hints=(
        "The mean of equal numbers is that number, however many there are, and on however many axes.",
        "Look at the number that mean.forward divides by when x has more than one axis.",
    ),
    edits=[(FORWARD, "np.sum(self.x.top) / len(self.x.top)")],
)
mean.wrong(
    "gradient_is_one_number",
    "the gradient to x is set to one number, and not to one for each element of x",
    gives_away="gradient",
    hints=(
        "A gradient has the shape of what it belongs to.",
        "Look at what mean.backward does with the gradient that x already has: its shape is the one to keep.",
    ),
    edits=[(f"{TO_X}share * np.ones_like(self.x.top)", "self.x.grad = share")],
)
mean.wrong(
    "upstream_in_place",
    "the upstream gradient itself is divided by the number of elements",
    gives_away="inputs_unmodified",
    hints=(
        "The upstream gradient is the gradient of the result: mean.backward reads it, and may share it with others.",
        "Look at what mean.backward assigns the quotient to.",
    ),
    edits=[(SHARE, "self.grad; share /= self.x.top.size")],
)
mean.wrong(
    "overwrites",
    "the gradient to x replaces what is there already instead of being added to it",
    gives_away="accumulates",
    hints=(
        "An input that two operations use gets a gradient from each, and gradients add up.",
        "Look at what mean.backward does with the gradient that x already has.",
    ),
    edits=[(TO_X, "self.x.grad = ")],
)
mean.wrong(
    "operations_left_out",
    "not every operation gets a gradient, as Params do",
    gives_away="values_get_no_gradient",
    hints=(
        "What an operation computed needs its gradient too: that is how it reaches the operations before.",
        "Look at the condition under which mean.backward gives a gradient to x.",
    ),
    edits=[(IF_X, "self.x in params")],
)
mean.wrong(
    "gradient_to_value",
    "x gets a gradient even where it is a Value",
    gives_away="values_get_no_gradient",
    hints=(
        "Values are data and have no gradient. Only Params and operations have one.",
        "Look at the condition under which mean.backward gives a gradient to x.",
    ),
    edits=[(IF_X, "True"), (TO_X, "self.x.grad = getattr(self.x, 'grad', 0) + ")],
)
mean.wrong(
    "share_of_first_pass",
    "the share of each element is worked out in the first backward, and kept for all later ones",
    gives_away="second_pass",
    hints=(
        "Each backward has an upstream gradient of its own. Only where the mean is the loss itself is it always 1.",
        "Look at what mean.backward keeps from one call to the next, and what it is made from.",
    ),
    edits=[(SHARE, f"vars(self).setdefault('share', {SHARE})")],
)
mean.right(
    "sum_divided",
    "the sum divided by the number of elements; one share for all, added in place",
    edits=[
        (FORWARD, "self.x.top.sum() / np.prod(self.x.top.shape)"),
        (f"{TO_X}share * np.ones_like(self.x.top)", "self.x.grad += share"),
    ],
)
mean.right(
    "python_float",
    "a Python float, summed exactly",
    code="""
import math

class mean:
    def forward(self):
        self.top = math.fsum(self.x.top.ravel().tolist()) / self.x.top.size
""",
)
mean.right(
    "axes_kept",
    "the result keeps all axes, each of length 1",
    edits=[(FORWARD, "np.mean(self.x.top, keepdims=True)")],
)
mean.right(
    "axis_after_axis",
    "the mean of means, in float32; the gradient by np.full",
    edits=[
        (
            "self.top = " + FORWARD,
            "top = self.x.top\n        while np.ndim(top): top = top.mean(-1)\n"
            "        self.top = np.float32(top)",
        ),
        ("share * np.ones_like(self.x.top)", "np.full(self.x.top.shape, share, dtype=np.float32)"),
    ],
)
