"""SGD: plain gradient descent."""

import numpy as np

from autograder.compare import expect_close, expect_unchanged
from autograder.exercise import Exercise

SGD = Exercise("SGD", title="Gradient descent", stubs=["SGD"])


@SGD.check(weight=3)
def steps(student, draw):
    """three steps on three Params: each moves by −lr times its own gradient"""
    sizes = [(3, [(3, 4), (5,), (2, 3, 1, 4)])]
    ((steps, shapes),) = draw.sizes(sizes, small=[(1, [()]), (2, [()]), (1, [(), ()]), (1, [(2,)])])
    starts = [draw.normal(*shape) for shape in shapes]
    params = [student.param(start) for start in starts]
    expected = [start.astype(np.float64) for start in starts]
    for _ in range(steps):
        gradients = [draw.normal(*start.shape) for start in starts]
        for param, gradient in zip(params, gradients):
            param.grad = gradient
        student.call("SGD", 0.125)
        expected = [p - 0.125 * g for p, g in zip(expected, gradients)]
        for i, param in enumerate(params):
            expect_close(param.top, expected[i], f"Param {i + 1} of {len(params)}")


@SGD.check(after=["steps"])
def gradients_unmodified(student, draw):
    """a step does not modify the gradients"""
    (shape,) = draw.sizes([(3, 4)], small=[(), (2,)])
    gradient = draw.normal(*shape)
    param = student.param(draw.normal(*shape))
    param.grad = gradient
    student.call("SGD", 0.125)
    expect_unchanged(param.grad, gradient, "the Param's gradient")


MOVE = "p.top = p.top - lr * p.grad"

SGD.wrong(
    "ascent",
    "the Params move along the gradient, uphill, where they should move against it",
    gives_away="steps",
    hints=(
        "The gradient points to where the loss grows; a step goes the other way.",
        "Look at the sign with which the gradient enters the Params.",
    ),
    edits=[("p.top - lr", "p.top + lr")],
)
SGD.wrong(
    "last_param_only",
    "only the last Param is moved",
    gives_away="steps",
    hints=(
        "Every Param moves in every step.",
        "Look at what is inside the loop over params, and what comes after it.",
    ),
    edits=[("    for p in params:\n        p.top", "    for p in params:\n        pass\n    p.top")],
)
SGD.wrong(
    "first_param_only",
    "only the first Param is moved",
    gives_away="steps",
    hints=("Every Param moves in every step.", "Look at where the loop over params ends."),
    edits=[(MOVE, f"{MOVE}\n        return")],
)
SGD.wrong(
    "not_stored",
    "no Param is moved: each still holds the numbers that it had",
    gives_away="steps",
    hints=(
        "After a step, what a Param holds is what the step came to.",
        "Look at where the result is stored. A name of your own that takes it is forgotten at the end.",
    ),
    edits=[("p.top = p.top", "moved = p.top")],
)
SGD.wrong(
    "lr_missing",
    "the Params move by the whole gradient, not by lr times it",
    gives_away="steps",
    hints=("lr scales the step: half of it, half as far.", "Look for the place where lr enters."),
    edits=[("lr * p.grad", "p.grad")],
)
SGD.wrong(
    "gradient_scaled_in_place",
    "the gradient itself is multiplied by lr, in place",
    gives_away="gradients_unmodified",
    hints=(
        "A step reads the gradients and leaves them as they were.",
        "Look for an assignment that writes into a gradient: make a new array in its stead.",
    ),
    edits=[(MOVE, "p.grad *= lr\n        p.top = p.top - p.grad")],
)
SGD.wrong(
    "gradients_zeroed",
    "the gradients are set back to 0 at the end of the step",
    gives_away="gradients_unmodified",
    hints=(
        "A step reads the gradients and leaves them as they were. It is Backward that starts from zeros.",
        "Look at what else is done to a Param once it has moved.",
    ),
    edits=[(MOVE, f"{MOVE}\n        p.grad = np.zeros_like(p.top)")],
)
SGD.right(
    "in_place",
    "the arrays of the Params are changed in place",
    edits=[("p.top = p.top - ", "p.top -= ")],
)
SGD.right(
    "by_set",
    "the new numbers, computed in float32, go into the Params by `set`",
    edits=[(MOVE, "p.set(np.subtract(p.top, np.float32(lr) * p.grad))")],
)
