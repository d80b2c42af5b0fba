"""smaxloss: softmax and cross-entropy, row by row."""

from autograder.exercise import Exercise
from autograder.op_checks import (
    Cases,
    check_gradient_rules,
    check_inputs_unmodified,
    expect_forward,
    expect_gradient,
)
from autograder.reference import Op

smaxloss = Exercise("smaxloss", title="Softmax loss", stubs=["smaxloss.forward", "smaxloss.backward"])


def logits(draw, shape):
    return Op("smaxloss", x=draw.normal(*shape), y=draw.labels(*shape))


ordinary = Cases(
    logits,
    sizes=[(1, 2), (3, 4), (5, 10)],
    usual=(4, 5),
    small=[(1, 2), (2, 2), (1, 3), (3, 2)],
)


def huge_logits(draw, shape):
    # Rows near +1000 and near −1000 in one batch: one shift for all rows would not save both. Half of the
    # labels are at the largest logit, where the loss is small, half elsewhere, some of these 2000 below it.
    x = draw.normal(*shape)
    y = draw.labels(*shape)
    y[::2] = x[::2].argmax(axis=1)
    half = -(-len(x) // 2)
    x[:half] += 1000
    x[half:] -= 1000
    if len(x) > 3:
        for row in range(half | 1, len(x), 2):
            x[row, int(y[row]) - 1] = 1000
    return Op("smaxloss", x=x, y=y)


# Neighbours in float32 are 6e-5 apart at 1000: right code that takes the logarithm of the sum for unshifted
# logits, before it subtracts it from them, has a softmax of so few digits.
HUGE_TOLERANCE = 1e-3

huge = Cases(huge_logits, sizes=[(6, 4)], usual=(6, 4), small=[(1, 2), (2, 2), (4, 2)])


@smaxloss.check(weight=2)
def forward(student, draw):
    """one loss a row: −log of the softmax at the label"""
    for op in ordinary.each(draw):
        expect_forward(student, op)


@smaxloss.check(weight=3, carries=True)
def gradient(student, draw):
    """the gradient to the logits, for a random upstream gradient: each row has its own"""
    for op in ordinary.each(draw):
        expect_gradient(student, draw, op, to="x")


@smaxloss.check(weight=2, after=["forward"])
def forward_huge_logits(student, draw):
    """logits of ±1000 give a finite, correct loss: exp must not overflow, nor log see 0"""
    expect_forward(student, huge.one(draw))


@smaxloss.check(after=["gradient"], carries=True)
def gradient_huge_logits(student, draw):
    """logits of ±1000 give a finite, correct gradient"""
    expect_gradient(student, draw, huge.one(draw), to="x", tolerance=HUGE_TOLERANCE)


check_gradient_rules(smaxloss, ordinary, to=["x"], after=["forward", "gradient"], never=["y"])
check_inputs_unmodified(smaxloss, ordinary, after=["forward", "gradient"])
