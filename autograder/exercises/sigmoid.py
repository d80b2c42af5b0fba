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

IF_X, TO_X = "self.x in ops or self.x in params", "self.x.grad = self.x.grad + "
RESULT = "np.where(self.x.top >= 0, 1, small) / (1 + small)"
SLOPE = "self.top * (1 - self.top)"

sigmoid.wrong(
    "input_for_result",
    "the slope is taken as x (1 − x), with x in place of the result",
    gives_away="gradient",
    hints=(
        "The slope can be written with the result: it is at most 1/4, and never negative.",
        "Look at which array sigmoid.backward makes the slope from.",
    ),
    edits=[(SLOPE, "self.x.top * (1 - self.x.top)")],
)
sigmoid.wrong(
    "applied_twice",
    "backward applies the logistic function once more to the result, and takes the slope from that",
    gives_away="gradient",
    hints=(
        "The slope is that at x. The result is the value of the function there already.",
        "Look at what sigmoid.backward does with the result before it makes the slope from it.",
    ),
    edits=[(SLOPE, "(s := 1 / (1 + np.exp(-self.top))) * (1 - s)")],
)
sigmoid.wrong(
    "upstream_ignored",
    "the gradient is the slope alone, without the upstream gradient",
    gives_away="gradient",
    hints=(
        "By the chain rule, the gradient to an input is the upstream gradient times the operation's own slope.",
        "Look for the upstream gradient in sigmoid.backward.",
    ),
    edits=[(f"self.grad * {SLOPE}", SLOPE)],
)
sigmoid.wrong(
    "half_of_slope",
    "the upstream gradient is multiplied by the result alone, without the factor 1 − result",
    gives_away="gradient",
    hints=(
        "For large x the function is nearly flat: its slope goes to 0 at both ends.",
        "Look at the slope in sigmoid.backward: a factor is missing.",
    ),
    edits=[(SLOPE, "self.top")],
)
sigmoid.wrong(
    "slope_of_tanh",
    "the slope is taken as 1 − result², which is that of tanh",
    gives_away="gradient",
    hints=(
        "The logistic function and tanh are different functions. The slope of this one is 1/4 at 0.",
        "Look at the slope in sigmoid.backward.",
    ),
    edits=[(SLOPE, "(1 - self.top**2)")],
)
sigmoid.wrong(
    "slope_negated",
    "the gradient has the wrong sign, as when one of the two minus signs of the derivative is lost",
    gives_away="gradient",
    hints=(
        "The function grows everywhere: its slope is positive.",
        "Look at the inner derivative, that of −x, in what sigmoid.backward is made from.",
    ),
    edits=[(f"self.grad * {SLOPE}", f"self.grad * -{SLOPE}")],
)
sigmoid.wrong(
    "exponent_sign",
    "the result falls from 1 to 0, as it does with the wrong sign in the exponent",
    gives_away="forward",
    hints=(
        "The function grows: it is nearly 0 for very negative x, and nearly 1 for large x.",
        "Look at the sign in the exponent in sigmoid.forward.",
    ),
    edits=[("self.x.top >= 0", "self.x.top < 0")],
)
sigmoid.wrong(
    "upstream_in_place",
    "the upstream gradient itself is multiplied by the slope",
    gives_away="inputs_unmodified",
    hints=(
        "The upstream gradient is the gradient of the result: sigmoid.backward reads it, and may share it with "
        "others.",
        "Look at which array sigmoid.backward writes to.",
    ),
    edits=[(f"{TO_X}self.grad * {SLOPE}", f"self.grad *= {SLOPE}; {TO_X}self.grad")],
)
sigmoid.wrong(
    "result_spoilt_in_backward",
    "backward works in place on the result that forward left, and makes the slope of it",
    gives_away="second_pass",
    hints=(
        "After one forward, backward gives the same gradient however often it runs, and the result stays.",
        "Look at which array sigmoid.backward writes the slope to.",
    ),
    edits=[(f"{TO_X}self.grad * {SLOPE}", f"self.top *= 1 - self.top; {TO_X}self.grad * self.top")],
)
sigmoid.wrong(
    "overwrites",
    "the gradient to x replaces what is there already instead of being added to it",
    gives_away="accumulates",
    hints=(
        "An input that two operations use gets a gradient from each, and gradients add up.",
        "Look at what sigmoid.backward does with the gradient that x already has.",
    ),
    edits=[(TO_X, "self.x.grad = ")],
)
sigmoid.wrong(
    "operations_left_out",
    "not every operation gets a gradient, as Params do",
    gives_away="values_get_no_gradient",
    hints=(
        "What an operation computed needs its gradient too: that is how it reaches the operations before.",
        "Look at the condition under which sigmoid.backward gives a gradient to x.",
    ),
    edits=[(IF_X, "self.x in params")],
)
sigmoid.wrong(
    "gradient_to_value",
    "x gets a gradient even where it is a Value",
    gives_away="values_get_no_gradient",
    hints=(
        "Values are data and have no gradient. Only Params and operations have one.",
        "Look at the condition under which sigmoid.backward gives a gradient to x.",
    ),
    edits=[(IF_X, "True"), (TO_X, "self.x.grad = getattr(self.x, 'grad', 0) + ")],
)
sigmoid.right(
    "as_defined", "1 / (1 + exp(−x)) as it stands", edits=[(RESULT, "1 / (1 + np.exp(-self.x.top))")]
)
sigmoid.right("tanh", "by way of tanh", edits=[(RESULT, "0.5 + 0.5 * np.tanh(self.x.top / 2)")])
sigmoid.right(
    "logaddexp",
    "exp of −log(1 + exp(−x)); the slope is the result squared times exp(−x)",
    edits=[
        (RESULT, "np.exp(-np.logaddexp(0, -self.x.top))"),
        (SLOPE, "self.top**2 * np.exp(-self.x.top)"),
    ],
)
sigmoid.right(
    "saved_slope",
    "forward saves the slope in float32; backward adds in place",
    edits=[
        (RESULT, f"({RESULT}).astype(np.float32); self.slope = {SLOPE}"),
        (f"{TO_X}self.grad * {SLOPE}", "self.x.grad += self.grad * self.slope"),
    ],
)
