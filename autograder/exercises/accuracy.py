"""accuracy: is the largest logit at the label?"""

import numpy as np

from autograder.compare import Mismatch, expect_unchanged
from autograder.exercise import Exercise
from autograder.op_checks import Cases, expect_forward, run
from autograder.reference import Op

accuracy = Exercise("accuracy", title="Accuracy", stubs=["accuracy.forward", "accuracy.backward"])


def guesses(draw, size):
    # Every second row is right, so that both answers occur. Most mistakes would give 0 everywhere. So that they
    # show what they do, some wrong labels are at the smallest logit; in some rows, right and wrong ones, the
    # largest logit is the very number of the label; and the largest of all is in the first row. The step is
    # exact in binary: what should be equal is.
    rows, classes = size
    x = draw.distinct(rows, classes, step=1 / 8)
    y = x.argmax(axis=1)
    y[::4] = x[::4].argmin(axis=1)
    y[2::4] = (y[2::4] + 1) % classes
    for shifted in (slice(1, None, 4), slice(2, None, 4)):
        x[shifted] += (y[shifted] - x[shifted].max(axis=1))[:, np.newaxis]
    x[0, x[0].argmax()] = 1 + x.max()
    return Op("accuracy", x=x, y=y.astype(np.float32))


cases = Cases(guesses, sizes=[(1, 3), (4, 4), (6, 6), (8, 4)], usual=(8, 4), small=[(1, 2), (2, 2), (2, 3)])


@accuracy.check(weight=2)
def per_row(student, draw):
    """1 in each row whose largest element stands at the label, else 0"""
    for op in cases.each(draw):
        expect_forward(student, op)


@accuracy.check(after=["per_row"])
def no_gradient(student, draw):
    """backward passes no gradient on: accuracy is not differentiable"""
    op = cases.one(draw)
    node, leaves = op.build(student, params=["x"])
    run(node, draw.normal(len(op.inputs["x"])))
    expect_unchanged(leaves["x"].top, op.inputs["x"], "accuracy's input x")
    grad = leaves["x"].grad
    if isinstance(grad, str) or grad.any():
        expected = np.zeros_like(op.inputs["x"])
        raise Mismatch("accuracy.backward changed the gradient of x", "", grad, expected)


BEST = "self.x.top.argmax(axis=1)"

accuracy.wrong(
    "argmax_over_batch",
    "the largest is looked for along the batch: the best row of each class, not the best class of each row",
    gives_away="per_row",
    hints=(
        "Each row is one guess: the place of its largest logit. There are as many answers as rows.",
        "Look at the axis in accuracy.forward.",
    ),
    edits=[("axis=1", "axis=0")],
)
accuracy.wrong(
    "mean_over_batch",
    "the answers are averaged over the batch to one number",
    gives_away="per_row",
    hints=(
        "The result has one number for each row, 1 or 0.",
        "Look at the last step of accuracy.forward. There is an operation of its own for the mean.",
    ),
    edits=[(".astype(np.float32)", ".astype(np.float32).mean()")],
)
accuracy.wrong(
    "compares_the_logit",
    "the largest logit itself is compared with the label, not its place in the row",
    gives_away="per_row",
    hints=(
        "The label is the number of a class, and a class is a place in the row. How large the logit there is "
        "does not matter.",
        "Look at what accuracy.forward compares with the label.",
    ),
    edits=[(BEST, "self.x.top.max(axis=1)")],
)
accuracy.wrong(
    "argmax_of_whole_array",
    "the largest is looked for in the whole array, one place for all rows",
    gives_away="per_row",
    hints=(
        "Each row is one guess: the place of its own largest logit.",
        "Look at the axis in accuracy.forward.",
    ),
    edits=[(BEST, "self.x.top.argmax()")],
)
accuracy.wrong(
    "argmin",
    "the smallest logit of each row is looked for",
    gives_away="per_row",
    hints=(
        "The larger a logit, the more the network believes in that class.",
        "Look at which logit of a row accuracy.forward takes for its guess.",
    ),
    edits=[("argmax", "argmin")],
)
accuracy.wrong(
    "passes_gradient_on",
    "backward passes the upstream gradient on to all logits of its row",
    gives_away="no_gradient",
    hints=(
        "A small change of the logits changes no answer: there is no slope to pass on.",
        "Look at what accuracy.backward does.",
    ),
    edits=[("        pass", "        self.x.grad = self.x.grad + self.grad[:, np.newaxis]")],
)

accuracy.right(
    "label_is_largest",
    "compares the label's logit with the largest of its row, and leaves the answer a truth value",
    code="""
class accuracy:
    def forward(self):
        x = self.x.top
        self.top = x[np.arange(len(x)), self.y.top.astype(int)] == x.max(axis=1)
""",
)
accuracy.right(
    "row_by_row",
    "sorts each row and looks at the last place, in a list",
    code="""
class accuracy:
    def forward(self):
        pairs = zip(self.x.top, self.y.top)
        self.top = [1.0 if np.argsort(row)[-1] == int(label) else 0.0 for row, label in pairs]

    def backward(self):
        return None
""",
)
