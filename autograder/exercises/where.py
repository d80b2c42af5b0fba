"""where: a choice between x and y that p and q make."""

from autograder.compare import Mismatch
from autograder.exercise import Exercise
from autograder.op_checks import (
    check_gradient_rules,
    check_inputs_unmodified,
    expect_forward,
    expect_gradient,
    random_upstream,
    run,
)
from autograder.reference import Op

where = Exercise("where", title="Choice", stubs=["where.forward", "where.backward"])

SHAPES = [(1, 2), (3, 4), (2, 3, 4)]


def no_ties(draw, shape=(4, 5)):
    p, q = draw.distinct(2, *shape)
    return Op("where", p=p, q=q, x=draw.normal(*shape), y=draw.normal(*shape))


def some_ties(draw, shape=(4, 5)):
    op = no_ties(draw, shape)
    op.inputs["q"][::2] = op.inputs["p"][::2]
    return op


@where.check(weight=2)
def forward(student, draw):
    """x where p is larger, y where q is larger, element by element"""
    for shape in SHAPES:
        expect_forward(student, no_ties(draw, shape))


@where.check(weight=3)
def gradient(student, draw):
    """the gradients to x and y, for a random upstream gradient"""
    for shape in SHAPES:
        expect_gradient(student, draw, no_ties(draw, shape), to="x")
        expect_gradient(student, draw, no_ties(draw, shape), to="y")


@where.check(weight=2, after=["forward", "gradient"])
def ties(student, draw):
    """where p equals q, x is chosen and gets the gradient"""
    expect_forward(student, some_ties(draw))
    expect_gradient(student, draw, some_ties(draw), to="x")
    expect_gradient(student, draw, some_ties(draw), to="y")


@where.check(after=["gradient"])
def condition_gets_no_gradient(student, draw):
    """p and q only choose: no gradient goes to them, even when they are Params"""
    op = no_ties(draw)
    node, leaves = op.build(student, params=op.inputs)
    run(node, random_upstream(draw, op))
    for name in ("p", "q"):
        grad = leaves[name].grad
        if isinstance(grad, str) or grad.any():
            raise Mismatch(f"where.backward changed the gradient of {name}, which only chooses")


check_gradient_rules(where, no_ties, to=["x", "y"], after=["forward", "gradient"])
check_inputs_unmodified(where, no_ties, after=["forward", "gradient"])
