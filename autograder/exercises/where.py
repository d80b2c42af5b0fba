"""where: a choice between x and y that p and q make."""

import numpy as np

from autograder.compare import Mismatch
from autograder.exercise import Exercise
from autograder.op_checks import (
    Cases,
    check_gradient_rules,
    check_inputs_unmodified,
    expect_forward,
    expect_gradient,
    random_upstream,
    run,
)
from autograder.reference import Op

where = Exercise("where", title="Choice", stubs=["where.forward", "where.backward"])


def no_ties(draw, shape):
    p, q = draw.distinct(2, *shape)
    return Op("where", p=p, q=q, x=draw.normal(*shape), y=draw.normal(*shape))


cases = Cases(
    no_ties,
    sizes=[(1, 2), (3, 4), (2, 3, 4)],
    usual=(4, 5),
    small=[(1,), (2,), (4,), (2, 3)],
)


def some_ties(draw, shape):
    op = no_ties(draw, shape)
    op.inputs["q"][::2] = op.inputs["p"][::2]
    return op


with_ties = Cases(some_ties, sizes=[(4, 5)], usual=(4, 5), small=[(1,), (2,), (4,)])


@where.check(weight=2)
def forward(student, draw):
    """x where p is larger, y where q is larger, element by element"""
    for op in cases.each(draw):
        expect_forward(student, op)


@where.check(weight=3, carries=True)
def gradient(student, draw):
    """the gradients to x and y, for a random upstream gradient"""
    for op in cases.each(draw):
        expect_gradient(student, draw, op, to="x")
        expect_gradient(student, draw, op, to="y")


@where.check(weight=2, after=["forward", "gradient"])
def ties(student, draw):
    """where p equals q, x is chosen and gets the gradient"""
    op = with_ties.one(draw)
    expect_forward(student, op)
    expect_gradient(student, draw, op, to="x")
    expect_gradient(student, draw, op, to="y")


@where.check(after=["gradient"], carries=True)
def condition_gets_no_gradient(student, draw):
    """p and q only choose: no gradient goes to them, even when they are Params"""
    op = cases.one(draw)
    node, leaves = op.build(student, params=op.inputs)
    run(node, random_upstream(draw, op))
    for name in ("p", "q"):
        grad = leaves[name].grad
        if isinstance(grad, str) or grad.any():
            message = f"where.backward changed the gradient of {name}, which only chooses"
            raise Mismatch(message, "", grad, np.zeros_like(op.inputs[name]))


check_gradient_rules(where, cases, to=["x", "y"], after=["forward", "gradient"], never=["p", "q"])
check_inputs_unmodified(where, cases, after=["forward", "gradient"])

CHOSEN = "chosen = self.p.top >= self.q.top"
TOP = "np.where(self.p.top >= self.q.top, self.x.top, self.y.top)"
TO_X, TO_Y = "self.grad * chosen", "self.grad * ~chosen"

where.wrong(
    "upstream_ignored",
    "the upstream gradient is left out: the chosen one gets 1",
    gives_away="gradient",
    hints=(
        "By the chain rule, what an operation passes on is the upstream gradient times its own slope.",
        "Look at the use of the upstream gradient in where.backward.",
    ),
    edits=[(TO_X, "chosen"), (TO_Y, "~chosen")],
)
where.wrong(
    "ties_to_y",
    "y is chosen where p and q are equal",
    gives_away="ties",
    hints=(
        "p need only be as large as q for x to be chosen.",
        "Look at how where compares p with q, in forward and in backward.",
    ),
    edits=[(TOP, TOP.replace(">=", ">")), (CHOSEN, CHOSEN.replace(">=", ">"))],
)
where.wrong(
    "gradient_of_ties_to_y",
    "the gradient goes to y where p and q are equal, although x was chosen",
    gives_away="ties",
    hints=(
        "The gradient goes to the one that forward chose, at ties too.",
        "Look at how where.backward compares p with q: as forward does?",
    ),
    edits=[(CHOSEN, CHOSEN.replace(">=", ">"))],
)
where.wrong(
    "gradient_of_ties_to_both",
    "x and y both get the whole gradient where p and q are equal",
    gives_away="ties",
    hints=(
        "Each upstream gradient goes to one of the two: where p and q are equal, x was chosen.",
        "Look at what where.backward does with the gradient at ties: does exactly one of its two conditions hold?",
    ),
    edits=[(TO_Y, "self.grad * (self.q.top >= self.p.top)")],
)
where.wrong(
    "gradient_of_ties_to_neither",
    "neither x nor y gets a gradient where p and q are equal",
    gives_away="ties",
    hints=(
        "Each upstream gradient goes to one of the two: where p and q are equal, x was chosen.",
        "Look at what where.backward does with the gradient at ties: does one of its two conditions hold?",
    ),
    edits=[(TO_X, "self.grad * (self.p.top > self.q.top)")],
)
where.wrong(
    "unmasked",
    "x and y both get the whole upstream gradient, chosen or not",
    gives_away="gradient",
    hints=(
        "The one that was not chosen has no influence on the result.",
        "Look at how where.backward decides which of the two gets the gradient, place by place.",
    ),
    edits=[(TO_X, "self.grad"), (TO_Y, "self.grad")],
)
where.wrong(
    "swapped",
    "the gradient goes to the one that was not chosen",
    gives_away="gradient",
    hints=(
        "Only the one that was chosen has an influence on the result.",
        "Look at which of the two where.backward gives the gradient to.",
    ),
    edits=[(CHOSEN, CHOSEN.replace(">=", "<"))],
)
where.wrong(
    "choice_reversed",
    "x and y have changed places, in the result and in the gradient: y is taken where p ≥ q",
    gives_away="forward",
    hints=(
        "Where p is larger, the result is x.",
        "Look at the order in which where.forward names the two that it chooses from.",
    ),
    edits=[(TOP, TOP.replace(">=", "<")), (CHOSEN, CHOSEN.replace(">=", "<"))],
)
where.wrong(
    "condition_gets_gradient",
    "p and q get the upstream gradient too, as if they were the x and y that they choose",
    gives_away="condition_gets_no_gradient",
    hints=(
        "A small change of p or q changes no choice, and so not the result: they have no slope.",
        "Look at which inputs where.backward gives a gradient to.",
    ),
    edits=[
        (
            f"{CHOSEN}\n",
            f"""{CHOSEN}
        if self.p in ops or self.p in params:
            self.p.grad = self.p.grad + self.grad * chosen
        if self.q in ops or self.q in params:
            self.q.grad = self.q.grad + self.grad * ~chosen
""",
        )
    ],
)
where.wrong(
    "choice_by_x_and_y",
    "backward gives the gradient to the larger of x and y, as that of max does",
    gives_away="gradient",
    hints=(
        "It is p and q that choose; x and y are only chosen from.",
        "Look at what where.backward compares.",
    ),
    edits=[(CHOSEN, "chosen = self.x.top >= self.y.top")],
)
where.wrong(
    "mask_by_gradient_sign",
    "the sign of the upstream gradient decides which of the two it goes to",
    gives_away="gradient",
    hints=(
        "Which of the two gets the gradient depends on p and q, not on the gradient.",
        "Look at what where.backward compares.",
    ),
    edits=[(CHOSEN, "chosen = self.grad >= 0")],
)
where.wrong(
    "q_ignored",
    "p alone chooses, by its sign: q is left out",
    gives_away="forward",
    hints=(
        "Whether x is chosen depends on both p and q: on which is larger.",
        "Look at the condition in where, in forward and in backward.",
    ),
    edits=[(TOP, TOP.replace("self.q.top", "0")), (CHOSEN, "chosen = self.p.top >= 0")],
)
where.wrong(
    "overwrites",
    "the gradients are assigned to x and y, where they should be added to what is there",
    gives_away="accumulates",
    hints=(
        "Several operations may use the same input, and its gradient is the sum of what they all pass on.",
        "Look at what where.backward does with a gradient that x or y has already.",
    ),
    edits=[
        ("self.x.grad = self.x.grad + ", "self.x.grad = "),
        ("self.y.grad = self.y.grad + ", "self.y.grad = "),
    ],
)
where.wrong(
    "x_overwritten",
    "forward writes what it chooses of y into x itself",
    gives_away="inputs_unmodified",
    hints=(
        "What an operation is given belongs to others, too: it stays as it was.",
        "Look at which array where.forward works in: is it one of its own?",
    ),
    code="""
class where:
    def forward(self):
        self.top = self.x.top
        other = self.p.top < self.q.top
        self.top[other] = self.y.top[other]
""",
)
where.wrong(
    "upstream_overwritten",
    "backward sets its own upstream gradient to 0 wherever y was chosen",
    gives_away="inputs_unmodified",
    hints=(
        "The upstream gradient may be in use elsewhere: an operation only reads it.",
        "Look at whether where.backward works on a copy when it sets places to 0.",
    ),
    edits=[(f"self.y.grad + {TO_Y}", f"self.y.grad + {TO_Y}\n        self.grad *= chosen")],
)
where.wrong(
    "choice_kept",
    "backward still uses the choice between x and y of the first pass",
    gives_away="second_pass",
    hints=(
        "Every pass has numbers of its own, and with them a choice of its own.",
        "Look at what where keeps from one pass to the next.",
    ),
    edits=[(CHOSEN, 'chosen = self.chosen = getattr(self, "chosen", self.p.top >= self.q.top)')],
)
where.wrong(
    "gradient_to_value",
    "x and y get a gradient even where they are Values",
    gives_away="values_get_no_gradient",
    hints=(
        "Values are data and have no gradient. Only Params and operations have one.",
        "Look at the conditions under which where.backward gives a gradient to x and to y.",
    ),
    edits=[
        ("self.x in ops or self.x in params", "True"),
        ("self.y in ops or self.y in params", "True"),
        ("self.x.grad = self.x.grad + ", "self.x.grad = getattr(self.x, 'grad', 0) + "),
        ("self.y.grad = self.y.grad + ", "self.y.grad = getattr(self.y, 'grad', 0) + "),
    ],
)

where.right(
    "zeros_and_ones",
    "a mask of zeros and ones, kept from forward, multiplies x, and 1 minus it y; adds in place",
    code="""
class where:
    def forward(self):
        self.m = (self.p.top - self.q.top >= 0).astype(np.float32)
        self.top = self.m * self.x.top + (1 - self.m) * self.y.top

    def backward(self):
        if self.x in ops or self.x in params:
            self.x.grad += self.m * self.grad
        if self.y in ops or self.y in params:
            self.y.grad += (1 - self.m) * self.grad
""",
)
where.right(
    "copy_and_replace",
    "a copy of y with x put in its places; gradients of zeros, filled in where they belong",
    code="""
class where:
    def forward(self):
        self.places = np.nonzero(self.p.top >= self.q.top)
        self.top = np.array(self.y.top)
        self.top[self.places] = self.x.top[self.places]

    def backward(self):
        to_x, to_y = np.zeros_like(self.grad), self.grad.copy()
        to_x[self.places] = self.grad[self.places]
        to_y[self.places] = 0
        for node, gradient in ((self.x, to_x), (self.y, to_y)):
            if node in ops + params:
                node.grad = node.grad + gradient
""",
)
where.right(
    "select",
    "np.select with two conditions, and np.copyto of the upstream gradient where each holds",
    code="""
class where:
    def conditions(self):
        return [self.p.top >= self.q.top, self.p.top < self.q.top]

    def forward(self):
        self.top = np.select(self.conditions(), [self.x.top, self.y.top])

    def backward(self):
        for node, mine in zip([self.x, self.y], self.conditions()):
            if node in ops or node in params:
                share = np.zeros(mine.shape)
                np.copyto(share, self.grad, where=mine)
                node.grad = node.grad + share
""",
)
where.right(
    "one_by_one",
    "loops over all elements",
    code="""
class where:
    def forward(self):
        self.top = np.empty(self.x.top.shape, dtype=np.float32)
        for place in np.ndindex(self.top.shape):
            source = self.x if self.p.top[place] >= self.q.top[place] else self.y
            self.top[place] = source.top[place]

    def backward(self):
        for place in np.ndindex(self.top.shape):
            winner = self.x if self.p.top[place] >= self.q.top[place] else self.y
            if winner in ops or winner in params:
                winner.grad[place] += self.grad[place]
""",
)
