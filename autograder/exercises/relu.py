"""RELU: the rectifier."""

from autograder.exercise import Exercise
from autograder.op_checks import (
    Cases,
    check_gradient_rules,
    check_inputs_unmodified,
    expect_forward,
    expect_gradient,
)
from autograder.reference import Op

RELU = Exercise("RELU", title="Rectifier", stubs=["RELU.forward", "RELU.backward"])


def off_the_kink(draw, shape):
    # The slope at 0 is 1 on the slide and 0 in many a text: no input is near enough to 0 to tell.
    return Op("RELU", x=draw.off_zero(*shape))


cases = Cases(
    off_the_kink,
    sizes=[(1, 2), (3, 4), (2, 3, 4, 5)],
    usual=(4, 5),
    small=[(1,), (2,), (4,), (2, 3)],
)


@RELU.check(weight=2)
def forward(student, draw):
    """x where it is positive, 0 where it is negative"""
    for op in cases.each(draw):
        expect_forward(student, op)


@RELU.check(weight=3, carries=True)
def gradient(student, draw):
    """the gradient to x, for a random upstream gradient"""
    for op in cases.each(draw):
        expect_gradient(student, draw, op, to="x")


check_gradient_rules(RELU, cases, to=["x"], after=["forward", "gradient"])
check_inputs_unmodified(RELU, cases, after=["forward", "gradient"])

IF_X, TO_X = "self.x in ops or self.x in params", "self.x.grad = self.x.grad + "
FORWARD, SLOPE = "np.maximum(self.x.top, 0)", "(self.x.top >= 0)"

RELU.wrong(
    "mask_by_gradient",
    "the sign of the upstream gradient decides what passes, and not the sign of x",
    gives_away="gradient",
    hints=(
        "Where x is negative, a small change of it changes nothing: the gradient there is 0, whatever comes from "
        "above. Where x is positive, all of it passes, negative numbers too.",
        "Look at what RELU.backward compares with 0.",
    ),
    edits=[(SLOPE, "(self.grad >= 0)")],
)
RELU.wrong(
    "no_mask",
    "the upstream gradient passes everywhere, also where x is negative",
    gives_away="gradient",
    hints=(
        "Where x is negative, a small change of it changes nothing: the gradient there is 0.",
        "Look at where RELU.backward asks which numbers were negative, and of which array: the result has none.",
    ),
    edits=[(f"self.grad * {SLOPE}", "self.grad")],
)
RELU.wrong(
    "upstream_ignored",
    "the gradient is 1 where x is positive, whatever the upstream gradient is",
    gives_away="gradient",
    hints=(
        "By the chain rule, the gradient to an input is the upstream gradient times the operation's own slope.",
        "Look for the upstream gradient in RELU.backward.",
    ),
    edits=[(f"self.grad * {SLOPE}", SLOPE)],
)
RELU.wrong(
    "output_for_slope",
    "the upstream gradient is multiplied by the result itself, where the slope is 0 or 1",
    gives_away="gradient",
    hints=(
        "To the right of 0 the rectifier has the slope 1, however large x is.",
        "Look at what the upstream gradient is multiplied by in RELU.backward.",
    ),
    edits=[(SLOPE, "self.top")],
)
RELU.wrong(
    "mask_inverted",
    "the gradient passes where x is negative and is 0 where it is positive",
    gives_away="gradient",
    hints=(
        "Only numbers that got through can have an influence, and so a gradient.",
        "Look at the comparison in RELU.backward.",
    ),
    edits=[(SLOPE, "(self.x.top < 0)")],
)
RELU.wrong(
    "leaky",
    "negative numbers become a hundredth of themselves, as in a leaky rectifier",
    gives_away="forward",
    hints=(
        "The rectifier of this problem set is 0 for all negative numbers.",
        "Look at what RELU.forward makes of a negative number.",
    ),
    edits=[(FORWARD, "np.where(self.x.top > 0, self.x.top, 0.01 * self.x.top)")],
)
RELU.wrong(
    "leaky_gradient",
    "a hundredth of the upstream gradient passes where x is negative, as in a leaky rectifier",
    gives_away="gradient",
    hints=(
        "The rectifier is flat to the left of 0: nothing passes there.",
        "Look at the slope that RELU.backward takes for negative numbers.",
    ),
    edits=[(SLOPE, "np.where(self.x.top > 0, 1, 0.01)")],
)
RELU.wrong(
    "max_along_axis",
    "forward takes the largest number along the first axis, and not, for each number, the larger of it and 0",
    gives_away="forward",
    hints=(
        "The result has the shape of x: each number is treated for itself.",
        "Look at the numpy function in RELU.forward: some of them take a number for an axis.",
    ),
    edits=[(FORWARD, "np.max(self.x.top, 0)")],
)
RELU.wrong(
    "upstream_in_place",
    "the upstream gradient itself is set to 0 where x is negative",
    gives_away="inputs_unmodified",
    hints=(
        "The upstream gradient is the gradient of the result: RELU.backward reads it, and may share it with others.",
        "Look at which array RELU.backward writes to.",
    ),
    edits=[(f"{TO_X}self.grad * {SLOPE}", f"self.grad *= {SLOPE}; {TO_X}self.grad")],
)
RELU.wrong(
    "input_in_place",
    "the negative numbers of x itself are set to 0",
    gives_away="inputs_unmodified",
    hints=(
        "What x holds belongs to others too. Another operation that uses x would see the changed numbers.",
        "Look at which array RELU.forward writes to.",
    ),
    edits=[(FORWARD, "self.x.top; self.top[self.top < 0] = 0"), (SLOPE, "(self.x.top > 0)")],
)
RELU.wrong(
    "input_in_place_hides_mask",
    "the negative numbers of x itself are set to 0, so that backward finds none any more and lets everything pass",
    gives_away="gradient",
    hints=(
        "What x holds belongs to others too, and RELU.backward needs it as it was.",
        "Look at which array RELU.forward writes to.",
    ),
    edits=[(FORWARD, "self.x.top; self.top[self.top < 0] = 0")],
)
RELU.wrong(
    "mask_of_first_pass",
    "the mask of the first pass is used in every later one",
    gives_away="second_pass",
    hints=(
        "A graph is built once and run many times: each pass has other numbers, and other signs.",
        "Look at when RELU finds out which numbers are negative, and how often.",
    ),
    edits=[(SLOPE, "self.__dict__.setdefault('mask', self.x.top >= 0)")],
)
RELU.wrong(
    "overwrites",
    "the gradient to x replaces what is there already instead of being added to it",
    gives_away="accumulates",
    hints=(
        "An input that two operations use gets a gradient from each, and gradients add up.",
        "Look at what RELU.backward does with the gradient that x already has.",
    ),
    edits=[(TO_X, "self.x.grad = ")],
)
RELU.wrong(
    "operations_left_out",
    "not every operation gets a gradient, as Params do",
    gives_away="values_get_no_gradient",
    hints=(
        "What an operation computed needs its gradient too: that is how it reaches the operations before.",
        "Look at the condition under which RELU.backward gives a gradient to x.",
    ),
    edits=[(IF_X, "self.x in params")],
)
RELU.wrong(
    "gradient_to_value",
    "x gets a gradient even where it is a Value",
    gives_away="values_get_no_gradient",
    hints=(
        "Values are data and have no gradient. Only Params and operations have one.",
        "Look at the condition under which RELU.backward gives a gradient to x.",
    ),
    edits=[(IF_X, "True"), (TO_X, "self.x.grad = getattr(self.x, 'grad', 0) + ")],
)
RELU.right(
    "where",
    "np.where in both directions, with the slope 0 at 0",
    edits=[
        (FORWARD, "np.where(self.x.top > 0, self.x.top, 0)"),
        (f"{TO_X}self.grad * {SLOPE}", "self.x.grad += np.where(self.x.top > 0, self.grad, 0)"),
    ],
)
RELU.right(
    "saved_mask",
    "forward saves the mask for backward",
    edits=[
        ("self.top = " + FORWARD, "self.mask = self.x.top > 0; self.top = self.x.top * self.mask"),
        (SLOPE, "self.mask"),
    ],
)
RELU.right(
    "in_place_on_copies",
    "sets to 0 by a mask, in copies",
    code="""
class RELU:
    def forward(self):
        self.top = self.x.top.copy()
        self.top[self.top < 0] = 0

    def backward(self):
        if self.x in ops or self.x in params:
            grad = self.grad.copy()
            grad[self.top <= 0] = 0
            self.x.grad += grad
""",
)
RELU.right(
    "half_of_sum",
    "half of x plus its magnitude; the slope from the sign",
    edits=[
        (FORWARD, "(self.x.top + np.abs(self.x.top)) / 2"),
        (SLOPE, "(0.5 + 0.5 * np.sign(self.x.top))"),
    ],
)
