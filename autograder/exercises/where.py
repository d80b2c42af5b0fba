"""where: a choice between x and y that p and q make."""

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
            raise Mismatch(f"where.backward changed the gradient of {name}, which only chooses")


check_gradient_rules(where, cases, to=["x", "y"], after=["forward", "gradient"])
check_inputs_unmodified(where, cases, after=["forward", "gradient"])
