"""The public checks of the operations: worked examples, done by hand, and the sizes to try gradients on.

Smallest first, always: the first that fails is what a student sees.
"""

import numpy as np

from edf_kit.checks.case import Case
from edf_kit.checks.compare import expect
from edf_kit.checks.exercise import Exercise
from edf_kit.checks.gradients import (
    add_op_checks,
    example,
    expect_examples,
    expect_gradient_examples,
    expect_inputs_unchanged,
    expect_no_grad,
    gradient_example,
    upstream_for,
)

SHAPES = [(1, 1), (1, 2), (2, 3), (2, 1, 3, 2)]

# What to draw inputs with: functions (rng, *shape), numbers of one decimal.


def numbers(rng, *shape):
    """Away from 0, where RELU has its kink."""
    return np.round(rng.uniform(0.4, 2.5, shape) * rng.choice([-1, 1], shape), 1)


def apart(rng, *shape):
    """Two arrays, nowhere equal or nearly so; the first is larger in the first place, not in the second."""
    low, is_larger = numbers(rng, *shape), rng.random(shape) < 0.5
    is_larger.flat[:2] = [True, False][: is_larger.size]
    gap = np.round(rng.uniform(0.4, 1.5, shape), 1)
    return low + gap * is_larger, low + gap * ~is_larger


def each(shapes, draw):
    """One function of rng for each shape: {name: array} of draw(rng, shape)."""
    return [lambda rng, shape=shape: draw(rng, shape) for shape in shapes]


matmul = Exercise("matmul", "matrix product")
add_op_checks(
    matmul,
    "matmul",
    to=["x", "y"],
    make=each(
        [(1, 1, 1), (1, 2, 1), (1, 1, 2), (2, 1, 1), (2, 3, 4)],
        lambda rng, s: {"x": numbers(rng, s[0], s[1]), "y": numbers(rng, s[1], s[2])},
    ),
    examples=[
        example([[6]], x=[[2]], y=[[3]]),
        example([[210]], x=[[1, 2]], y=[[10], [100]]),
        example([[31, 302], [64, 605]], x=[[1, 2, 3], [4, 5, 6]], y=[[1, 0], [0, 1], [10, 100]]),
    ],
    drawn=4,
    few=(1, 3),
    forward_hint="Rows of x meet columns of y.",
    gradient_hint="The shapes leave one way only to multiply the upstream gradient with the other input.",
)


def _sum(rng, shape):
    shape, bias = shape[:-1], shape[-1]
    return {"x": numbers(rng, *shape), "y": numbers(rng, *(shape[-1:] if bias else shape))}


add = Exercise("add", "sum and bias")
add_op_checks(
    add,
    "add",
    to=["x", "y"],
    # True: y is a bias. Two rows before one: of a single row there is nothing to sum, and the mistakes don't show.
    make=each(
        [
            *[(1, 1, False), (1, 2, False), (2, 1, True), (2, 2, True), (1, 1, True), (2, 3, False)],
            *[(2, 3, True), (3, 3, True), (2, 1, 3, 2, False), (2, 1, 3, 2, True)],
        ],
        _sum,
    ),
    same=["x", "y"],
    drawn=6,
    few=(1, 3),
    examples=[
        example([[5]], x=[[2]], y=[[3]]),
        example([[12]], x=[[2]], y=[10]),
        example([[11, 22]], x=[[1, 2]], y=[[10, 20]]),
        example([[11, 22]], x=[[1, 2]], y=[10, 20]),
        example([[11, 22], [13, 24]], x=[[1, 2], [3, 4]], y=[10, 20]),
        example([[11, 22, 33], [14, 25, 36]], x=[[1, 2, 3], [4, 5, 6]], y=[10, 20, 30]),
        example([[[[11, 22]], [[13, 24]]]], x=[[[[1, 2]], [[3, 4]]]], y=[10, 20]),
        example([[[[11, 22]], [[33, 44]]]], x=[[[[1, 2]], [[3, 4]]]], y=[[[[10, 20]], [[30, 40]]]]),
    ],
    forward_hint="A bias is added along the last axis of x, to each row alike.",
    gradient_hint="Each number of x and y gets the upstream gradient of the place where it is used; a bias is "
    "used in several places and gets the sum of theirs.",
)

RELU = Exercise("RELU", "rectifier")
add_op_checks(
    RELU,
    "RELU",
    to=["x"],
    make=each([(1, 1), (1, 3), (2, 3), (2, 1, 3, 2)], lambda rng, s: {"x": numbers(rng, *s)}),
    examples=[
        example([[2]], x=[[2]]),
        example([[0]], x=[[-3]]),
        example([[0, 0.5]], x=[[-3, 0.5]]),
        example([[1, 0, 3], [0, 0.25, 0]], x=[[1, -2, 3], [-4, 0.25, -0.5]]),
    ],
    forward_hint="Positive numbers stay as they are; negative ones become 0.",
    gradient_hint="It is the sign of the input, not of the gradient, that decides what passes.",
)

LN3 = 1.0986122887  # sigmoid(ln 3) is 3/4, sigmoid(ln 9) is 9/10

sigmoid = Exercise("sigmoid", "logistic function")
add_op_checks(
    sigmoid,
    "sigmoid",
    to=["x"],
    make=each(SHAPES, lambda rng, s: {"x": numbers(rng, *s)}),
    examples=[
        example([[0.5]], x=[[0]]),
        example([[0.75, 0.25]], x=[[LN3, -LN3]]),
        example([[0.5, 0.75, 0.9], [0.1, 0.25, 0.5]], x=[[0, LN3, 2 * LN3], [-2 * LN3, -LN3, 0]]),
    ],
    forward_hint="1 / (1 + exp(−x)): at 0 it is one half, and it grows from 0 to 1.",
    gradient_hint="The slope can be written with the result itself; it is largest, 1/4, at 0.",
)

mean = Exercise("mean", "mean")
add_op_checks(
    mean,
    "mean",
    to=["x"],
    make=each([(1, 1), (1, 2), (3,), (2, 3), (2, 1, 3)], lambda rng, s: {"x": numbers(rng, *s)}),
    examples=[
        example(4, x=[[4]]),
        example(2, x=[[1, 3]]),
        example(3, x=[1, 2, 6]),
        example(4, x=[[1, 2, 3], [4, 5, 9]]),
        example(2.5, x=[[[1, 2]], [[3, 4]]]),
    ],
    drawn=3,
    forward_hint="One number: the mean over all elements of x, whatever its shape.",
    gradient_hint="How much does the mean of n numbers change when one of them does?",
)

LN2 = 0.6931471806

smaxloss = Exercise("smaxloss", "softmax loss")
add_op_checks(
    smaxloss,
    "smaxloss",
    to=["x"],
    make=each(
        [(1, 1), (1, 2), (2, 2), (2, 3), (3, 4)],
        lambda rng, s: {"x": numbers(rng, *s), "y": rng.integers(s[1], size=s[0]).astype(float)},
    ),
    kinds={"y": "Value"},
    drawn=4,
    examples=[
        example([0], x=[[3]], y=[0]),
        example([LN2], x=[[0, 0]], y=[0]),
        example([0.2876820724], x=[[LN3, 0]], y=[0]),  # −ln 3/4
        example([2 * LN2], x=[[LN3, 0]], y=[1]),  # −ln 1/4
        example([LN2, 2 * LN2], x=[[5, 5], [LN3 + 7, 7]], y=[1, 1]),
        # The softmax is 1/8, 2/8, 5/8; then 5/8, 1/8, 2/8.
        example(
            [3 * LN2, 2 * LN2],
            x=[[0, LN2, 1.6094379124], [1.6094379124, 0, LN2]],
            y=[0, 2],
        ),
    ],
    forward_hint="In each row: softmax turns the logits into shares of 1; the loss is −log of the label's share.",
    gradient_hint="A logit pulls by its share of the softmax; the label's pulls the other way. Each row has its "
    "own upstream gradient.",
)

HUGE = [[1000, -1000], [1000, -1000], [-1000, -1000]]


@smaxloss.check(
    "Softmax is the same for logits that are shifted; choose the shift in each row so that exp is safe."
)
def huge_logits():
    expect_examples(
        "smaxloss",
        [
            example([0], x=[[1000, -1000]], y=[0]),
            example([2000], x=[[1000, -1000]], y=[1]),
            example([LN2], x=[[-1000, -1000]], y=[1]),
            example([0, 2000, LN2], x=HUGE, y=[0, 1, 1]),
        ],
    )


@smaxloss.check("The softmax of such logits is 0 or 1, never nan: take it from the shifted logits.")
def gradient_of_huge_logits():
    grads = {"x": [[0, 0], [2, -2], [2, -2]]}
    examples = [
        gradient_example([3], {"x": [[0, 0]]}, x=HUGE[:1], y=[0]),
        gradient_example([2], {"x": [[2, -2]]}, x=HUGE[:1], y=[1]),
        gradient_example([3, 2, 4], grads, x=HUGE, y=[0, 1, 1]),
    ]
    expect_gradient_examples("smaxloss", examples, kinds={"y": "Value"})


@smaxloss.check("Labels say what is right; they are data, which no training changes.")
def labels_get_no_gradient():
    expect_no_gradient("smaxloss", {"x": np.array([[2.0, 1.0]]), "y": np.zeros(1)}, {"y": "Value"}, ["y"])


accuracy = Exercise("accuracy", "accuracy")
ACCURACY = [
    example([1], x=[[3, 1]], y=[0]),
    example([0], x=[[3, 1]], y=[1]),
    example([0], x=[[3, 2, 0]], y=[1]),
    example([1, 0], x=[[0.1, 0.7, 0.2], [0.5, 0.3, 0.2]], y=[1, 2]),
    example([0, 1, 1], x=[[-1, -2, -3], [-4, -5, -2], [1, 9, 2]], y=[1, 2, 1]),
]
add_op_checks(
    accuracy,
    "accuracy",
    to=[],
    make=[],
    examples=ACCURACY,
    forward_hint="1 in each row whose largest element stands at the label, else 0.",
    gradient_hint="",
)


@accuracy.check("accuracy is not differentiable: it has no gradient to pass on.")
def passes_no_gradient():
    expect_no_gradient("accuracy", ACCURACY[-1].inputs, kinds={"y": "Value"}, names=["x"])


def expect_no_gradient(op, inputs, kinds, names):
    """Backward must leave the gradients to the inputs `names` at 0, and give none to those that are Values."""
    case = Case(op, inputs, kinds)
    upstream = upstream_for(np.random.default_rng(3), case.forward().shape)
    grads = case.backward(upstream)
    for name in names:
        if kinds.get(name) == "Value":
            expect_no_grad(case, name)
        else:
            sentence = f"{op}.backward gives a gradient to {name}"
            expect(grads[name], np.zeros_like(inputs[name]), sentence, case.shown)
    expect_inputs_unchanged(case)


down2 = Exercise("down2", "downsampling")
add_op_checks(
    down2,
    "down2",
    to=["x"],
    make=each(
        [(1, 1, 1, 1), (1, 1, 2, 1), (1, 2, 1, 1), (1, 3, 3, 1), (2, 4, 5, 3)],
        lambda rng, s: {"x": numbers(rng, *s)},
    ),
    examples=[
        example([[[[5]]]], x=[[[[5]]]]),
        example([[[[5]]]], x=[[[[5], [6]]]]),
        example([[[[5]]]], x=[[[[5]], [[6]]]]),
        example([[[[1], [3]], [[7], [9]]]], x=np.arange(1, 10).reshape(1, 3, 3, 1)),
        example(
            [[[[0, 1], [4, 5]], [[20, 21], [24, 25]]]],
            x=np.array(
                [[0, 1, 2, 3, 4, 5, 6, 7], [10, 11, 12, 13, 14, 15, 16, 17], [20, 21, 22, 23, 24, 25, 26, 27]]
            ).reshape(1, 3, 4, 2),
        ),
    ],
    drawn=3,
    forward_hint="Every second row and column, from the first: height and width are axes 1 and 2.",
    gradient_hint="What was left out has no influence: its gradient is 0.",
)

flatten = Exercise("flatten", "flatten")
add_op_checks(
    flatten,
    "flatten",
    to=["x"],
    make=each([(1, 1, 1), (1, 1, 2, 1), (2, 2, 1), (2, 2, 3, 2)], lambda rng, s: {"x": numbers(rng, *s)}),
    examples=[
        example([[5]], x=[[[5]]]),
        example([[1, 2]], x=[[[1], [2]]]),
        example([[1, 2, 3, 4], [5, 6, 7, 8]], x=[[[1, 2], [3, 4]], [[5, 6], [7, 8]]]),
        example([[1, 2], [3, 4]], x=[[[[1], [2]]], [[[3], [4]]]]),
    ],
    forward_hint="The first axis stays; all others become one, in numpy's usual order.",
    gradient_hint="Nothing is computed: each number goes back to where it came from.",
)

max_ = Exercise("max", "maximum")
add_op_checks(
    max_,
    "max",
    to=["x", "y"],
    make=each(SHAPES, lambda rng, s: dict(zip("xy", apart(rng, *s)))),
    examples=[
        example([[3]], x=[[3]], y=[[2]]),
        example([[3]], x=[[2]], y=[[3]]),
        example([[-1, 5]], x=[[-1, 5]], y=[[-2, 5]]),
        example([[7, 2, 9], [4, 8, 6]], x=[[7, 1, 9], [4, 0, 6]], y=[[0, 2, 8], [-4, 8, 5]]),
    ],
    forward_hint="Element by element, the larger of x and y.",
    gradient_hint="The larger of the two gets the whole upstream gradient there, the other nothing.",
)


@max_.check("Where x and y are equal, x wins: it gets the whole gradient, y none.")
def ties():
    examples = [
        gradient_example([[3]], {"x": [[3]], "y": [[0]]}, x=[[2]], y=[[2]]),
        gradient_example([[3, 5, -4]], {"x": [[3, 5, 0]], "y": [[0, 0, -4]]}, x=[[2, 1, 0]], y=[[2, 0, 1]]),
    ]
    expect_gradient_examples("max", examples)


where = Exercise("where", "choice")
add_op_checks(
    where,
    "where",
    to=["x", "y"],
    make=each(
        SHAPES,
        lambda rng, s: {**dict(zip("pq", apart(rng, *s))), "x": numbers(rng, *s), "y": numbers(rng, *s)},
    ),
    kinds={"p": "Value", "q": "Value"},
    same=["x", "y"],
    examples=[
        example([[5]], p=[[2]], q=[[1]], x=[[5]], y=[[6]]),
        example([[6]], p=[[1]], q=[[2]], x=[[5]], y=[[6]]),
        example([[5]], p=[[1]], q=[[1]], x=[[5]], y=[[6]]),
        example([[5, 8]], p=[[-1, -2]], q=[[-2, -1]], x=[[5, 6]], y=[[7, 8]]),
        example(
            [[1, 20, 3], [40, 5, 60]],
            p=[[1, 2, 3], [0, 0, 0]],
            q=[[0, 3, 3], [1, -1, 2]],
            x=[[1, 2, 3], [4, 5, 6]],
            y=[[10, 20, 30], [40, 50, 60]],
        ),
    ],
    forward_hint="x where p ≥ q, else y; where p and q are equal it is x.",
    gradient_hint="Only the one that was chosen has an influence: it gets the whole upstream gradient there.",
)


@where.check("Where p and q are equal, x was chosen: it gets the whole gradient.")
def ties_of_the_condition():
    small = gradient_example([[3]], {"x": [[3]], "y": [[0]]}, p=[[1]], q=[[1]], x=[[5]], y=[[6]])
    expect_gradient_examples("where", [small])


@where.check("p and q only choose: a small change of them changes nothing.")
def condition_gets_no_gradient():
    inputs = {"p": [[2.0, 1.0]], "q": [[1.0, 2.0]], "x": [[5.0, 6.0]], "y": [[7.0, 8.0]]}
    inputs = {name: np.array(array) for name, array in inputs.items()}
    for kind in ("Param", "Value"):
        expect_no_gradient("where", inputs, dict.fromkeys("pq", kind), names=["p", "q"])
