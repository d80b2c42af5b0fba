"""max: the larger of two, x wins ties."""

import numpy as np

from autograder.compare import expect_close
from autograder.exercise import Exercise
from autograder.op_checks import (
    Cases,
    check_gradient_rules,
    check_inputs_unmodified,
    expect_forward,
    expect_gradient,
    gradient_name,
    run,
)
from autograder.reference import Op

max = Exercise("max", title="Maximum", stubs=["max.forward", "max.backward"])


def no_ties(draw, shape):
    # x and y are two halves of one shuffled grid: nowhere equal, nowhere near enough to change places.
    x, y = draw.distinct(2, *shape)
    return Op("max", x=x, y=y)


cases = Cases(
    no_ties,
    sizes=[(1, 2), (3, 4), (2, 3, 4)],
    usual=(4, 5),
    small=[(1,), (2,), (4,), (2, 3)],
)


@max.check(weight=2)
def forward(student, draw):
    """the larger of x and y, element by element"""
    for op in cases.each(draw):
        expect_forward(student, op)


@max.check(weight=3, carries=True)
def gradient(student, draw):
    """the gradients to x and y, for a random upstream gradient, where x and y differ"""
    for op in cases.each(draw):
        expect_gradient(student, draw, op, to="x")
        expect_gradient(student, draw, op, to="y")


@max.check(weight=2, after=["gradient"])
def ties(student, draw):
    """where x equals y, the whole gradient goes to x and none to y"""
    (shape,) = draw.sizes([(3, 4)], small=[(1,), (2,), (3,)])
    x, upstream = draw.normal(*shape), draw.normal(*shape)
    y = x.copy()
    y[1::3] += 1
    y[2::3] -= 1
    op = Op("max", x=x, y=y)
    node, leaves = op.build(student, params=["x", "y"])
    run(node, upstream)
    # Here the definition decides, not a derivative: at a tie there is none.
    expect_close(leaves["x"].grad, np.where(x >= y, upstream, 0.0), f"{gradient_name(op, 'x')} at ties")
    expect_close(leaves["y"].grad, np.where(x >= y, 0.0, upstream), f"{gradient_name(op, 'y')} at ties")


check_gradient_rules(max, cases, to=["x", "y"], after=["forward", "gradient"])
check_inputs_unmodified(max, cases, after=["forward", "gradient"])

MASK = "x_wins = self.x.top >= self.y.top"
TO_X, TO_Y = "self.grad * x_wins", "self.grad * ~x_wins"

max.wrong(
    "ties_to_both",
    "x and y both get the whole gradient where they are equal",
    gives_away="ties",
    hints=(
        "Each upstream gradient goes to one of the two, and x wins ties.",
        "Look at where max.backward sends the gradient when x and y are equal: does exactly one of its two "
        "conditions hold there?",
    ),
    edits=[(TO_Y, "self.grad * (self.y.top >= self.x.top)")],
)
max.wrong(
    "ties_to_y",
    "the gradient goes to y where x and y are equal",
    gives_away="ties",
    hints=(
        "Where x and y are equal, it is x that wins and gets the gradient.",
        "Look at how max.backward compares x with y.",
    ),
    edits=[(MASK, "x_wins = self.x.top > self.y.top")],
)
max.wrong(
    "ties_to_neither",
    "neither x nor y gets a gradient where they are equal",
    gives_away="ties",
    hints=(
        "Each upstream gradient goes to one of the two, and x wins ties.",
        "Look at where max.backward sends the gradient when x and y are equal: does one of its two conditions "
        "hold there?",
    ),
    edits=[(TO_X, "self.grad * (self.x.top > self.y.top)")],
)
max.wrong(
    "ties_shared",
    "x and y get half of the gradient each where they are equal",
    gives_away="ties",
    hints=(
        "There is no derivative at a tie, so there is a choice; here it is that x wins and gets all.",
        "Look at what max.backward does when x and y are equal.",
    ),
    edits=[
        (TO_X, "self.grad * (x_wins - 0.5 * (self.x.top == self.y.top))"),
        (TO_Y, "self.grad * (~x_wins + 0.5 * (self.x.top == self.y.top))"),
    ],
)
max.wrong(
    "upstream_ignored",
    "the upstream gradient is left out: the winner gets 1",
    gives_away="gradient",
    hints=(
        "By the chain rule, what an operation passes on is the upstream gradient times its own slope.",
        "Look at the use of the upstream gradient in max.backward.",
    ),
    edits=[(TO_X, "x_wins"), (TO_Y, "~x_wins")],
)
max.wrong(
    "unmasked",
    "x and y both get the whole upstream gradient, the smaller of them too",
    gives_away="gradient",
    hints=(
        "The smaller of the two has no influence on the result.",
        "Look at how max.backward decides which of the two gets the gradient, place by place.",
    ),
    edits=[(TO_X, "self.grad"), (TO_Y, "self.grad")],
)
max.wrong(
    "swapped",
    "the gradient goes to the smaller of the two",
    gives_away="gradient",
    hints=(
        "The larger of the two is the result: only its changes matter.",
        "Look at which of the two max.backward gives the gradient to.",
    ),
    edits=[(MASK, "x_wins = self.x.top < self.y.top")],
)
max.wrong(
    "mask_by_gradient_sign",
    "the sign of the upstream gradient decides which of the two it goes to",
    gives_away="gradient",
    hints=(
        "Which of the two gets the gradient depends on which one is larger, not on the gradient.",
        "Look at what max.backward compares.",
    ),
    edits=[(MASK, "x_wins = self.grad >= 0")],
)
max.wrong(
    "overwrites",
    "the gradients are assigned to x and y, where they should be added to what is there",
    gives_away="accumulates",
    hints=(
        "Several operations may use the same input, and its gradient is the sum of what they all pass on.",
        "Look at what max.backward does with a gradient that x or y has already.",
    ),
    edits=[
        ("self.x.grad = self.x.grad + ", "self.x.grad = "),
        ("self.y.grad = self.y.grad + ", "self.y.grad = "),
    ],
)
max.wrong(
    "x_overwritten",
    "forward writes the larger numbers of y into x itself, so that x wins everywhere in backward",
    gives_away="gradient",
    hints=(
        "What an operation is given belongs to others, too: it stays as it was.",
        "Look at which array max.forward works in: is it one of its own?",
    ),
    code="""
class max:
    def forward(self):
        self.top = self.x.top
        larger = self.y.top > self.top
        self.top[larger] = self.y.top[larger]
""",
)
max.wrong(
    "upstream_overwritten",
    "backward sets its own upstream gradient to 0 wherever y wins",
    gives_away="inputs_unmodified",
    hints=(
        "The upstream gradient may be in use elsewhere: an operation only reads it.",
        "Look at whether max.backward works on a copy when it sets places to 0.",
    ),
    edits=[
        (f"self.x.grad + {TO_X}", "self.x.grad + np.where(x_wins, self.grad, 0)"),
        (f"self.y.grad + {TO_Y}", f"self.y.grad + {TO_Y}\n        self.grad *= x_wins"),
    ],
)
max.wrong(
    "choice_kept",
    "backward still uses the choice between x and y of the first pass",
    gives_away="second_pass",
    hints=(
        "Every pass has numbers of its own, and with them a choice of its own.",
        "Look at what max keeps from one pass to the next.",
    ),
    edits=[(MASK, 'x_wins = self.x_wins = getattr(self, "x_wins", self.x.top >= self.y.top)')],
)
max.wrong(
    "minimum",
    "the smaller of the two is taken",
    gives_away="forward",
    hints=("The result is nowhere below x or y.", "Look at which of the two max.forward takes."),
    edits=[("np.maximum", "np.minimum")],
)
max.wrong(
    "gradient_to_value",
    "x and y get a gradient even where they are Values",
    gives_away="values_get_no_gradient",
    hints=(
        "Values are data and have no gradient. Only Params and operations have one.",
        "Look at the conditions under which max.backward gives a gradient to x and to y.",
    ),
    edits=[
        ("self.x in ops or self.x in params", "True"),
        ("self.y in ops or self.y in params", "True"),
        ("self.x.grad = self.x.grad + ", "self.x.grad = getattr(self.x, 'grad', 0) + "),
        ("self.y.grad = self.y.grad + ", "self.y.grad = getattr(self.y, 'grad', 0) + "),
    ],
)

max.right(
    "places_of_the_winner",
    "keeps the mask of forward and adds in place where it holds",
    code="""
class max:
    def forward(self):
        self.y_wins = self.x.top < self.y.top
        self.top = self.x.top.copy()
        self.top[self.y_wins] = self.y.top[self.y_wins]

    def backward(self):
        for node, wins in ((self.x, ~self.y_wins), (self.y, self.y_wins)):
            if node in ops or node in params:
                node.grad[wins] += self.grad[wins]
""",
)
max.right(
    "by_rectifier",
    "x plus the positive part of y − x; the gradient to y is what is left of that to x",
    code="""
class max:
    def forward(self):
        self.top = self.x.top + np.maximum(self.y.top - self.x.top, 0)

    def backward(self):
        to_x = np.where(self.x.top - self.y.top >= 0, self.grad, 0)
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + to_x
        if self.y in ops or self.y in params:
            self.y.grad = self.y.grad + (self.grad - to_x)
""",
)
max.right(
    "stacked",
    "argmax along a new axis, which takes the first of equal numbers",
    code="""
class max:
    def forward(self):
        both = np.stack([self.x.top, self.y.top])
        self.winner = both.argmax(axis=0)
        self.top = np.take_along_axis(both, self.winner[np.newaxis], axis=0)[0].astype(np.float32)

    def backward(self):
        for i, node in enumerate([self.x, self.y]):
            if node in ops or node in params:
                node.grad = node.grad + np.where(self.winner == i, self.grad, 0).astype(np.float32)
""",
)
