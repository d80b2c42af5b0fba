"""smaxloss: softmax and cross-entropy, row by row."""

from autograder.exercise import Exercise
from autograder.op_checks import (
    check_gradient_rules,
    check_inputs_unmodified,
    expect_forward,
    expect_gradient,
)
from autograder.reference import Op

smaxloss = Exercise("smaxloss", title="Softmax loss", stubs=["smaxloss.forward", "smaxloss.backward"])

SHAPES = [(1, 2), (3, 4), (5, 10)]


def logits(draw, shape=(4, 5)):
    return Op("smaxloss", x=draw.normal(*shape), y=draw.labels(*shape))


def huge_logits(draw):
    # Rows near +1000 and near −1000 in one batch: one shift for all rows would not save both. Half of the
    # labels are at the largest logit, where the loss is small, half elsewhere.
    x = draw.normal(6, 4)
    y = draw.labels(6, 4)
    y[::2] = x[::2].argmax(axis=1)
    x[:3] += 1000
    x[3:] -= 1000
    x[5, int(y[5]) - 1] = 1000
    return Op("smaxloss", x=x, y=y)


@smaxloss.check(weight=2)
def forward(student, draw):
    """one loss a row: −log of the softmax at the label"""
    for shape in SHAPES:
        expect_forward(student, logits(draw, shape))


@smaxloss.check(weight=3)
def gradient(student, draw):
    """the gradient to the logits, for a random upstream gradient: each row has its own"""
    for shape in SHAPES:
        expect_gradient(student, draw, logits(draw, shape), to="x")


@smaxloss.check(weight=2, after=["forward"])
def forward_huge_logits(student, draw):
    """logits of ±1000 give a finite, correct loss: exp must not overflow, nor log see 0"""
    expect_forward(student, huge_logits(draw))


@smaxloss.check(after=["gradient"])
def gradient_huge_logits(student, draw):
    """logits of ±1000 give a finite, correct gradient"""
    expect_gradient(student, draw, huge_logits(draw), to="x")


check_gradient_rules(smaxloss, logits, to=["x"], after=["forward", "gradient"])
check_inputs_unmodified(smaxloss, logits, after=["forward", "gradient"])
