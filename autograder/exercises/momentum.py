"""momentum: gradient descent with a velocity."""

import numpy as np

from autograder.compare import expect_close, expect_unchanged
from autograder.exercise import Exercise

momentum = Exercise("momentum", title="Momentum", stubs=["init_momentum", "momentum"])

# Two steps would not do: velocity that keeps only the last gradient, or restarts, can be right for two.
STEPS = 6
# Steps, and shapes of the Params. A single velocity for all of them must show in wrong numbers, not in an error:
# so the shapes are alike, or numpy can broadcast the later ones to the first.
UNLIKE = (STEPS, [(2, 3, 1, 4), (1, 4), (4,)])
ALIKE = (STEPS, [(3, 4), (3, 4)])
SMALL = [(1, [()]), (2, [()]), (2, [(), ()]), (3, [()]), (3, [(2,)])]


def expect_descent(student, draw, size, lr, **mom):
    """Steps of momentum on drawn gradients must move every Param as v ← mom·v + g, p ← p − lr·v does."""
    ((steps, shapes),) = draw.sizes([size], SMALL)
    starts = [draw.normal(*shape) for shape in shapes]
    params = [student.param(start) for start in starts]
    student.call("init_momentum")
    expected = [start.astype(np.float64) for start in starts]
    velocities = [np.zeros_like(p) for p in expected]
    for step in range(steps):
        gradients = [draw.normal(*shape) for shape in shapes]
        for param, gradient in zip(params, gradients):
            param.grad = gradient
        student.call("momentum", lr, **mom)
        for i, gradient in enumerate(gradients):
            velocities[i] = mom.get("mom", 0.9) * velocities[i] + gradient
            expected[i] = expected[i] - lr * velocities[i]
        for i, param in enumerate(params):
            expect_close(param.top, expected[i], f"Param {i + 1} of {len(params)} after step {step + 1}")


@momentum.check()
def first_step(student, draw):
    """the first step is that of plain gradient descent: the velocity starts at 0"""
    (shape,) = draw.sizes([(3, 4)], small=[(), (2,)])
    start, gradient = draw.normal(*shape), draw.normal(*shape)
    param = student.param(start)
    student.call("init_momentum")
    param.grad = gradient
    student.call("momentum", 0.125)
    expect_close(param.top, start.astype(np.float64) - 0.125 * gradient, "the Param after one step")


@momentum.check(weight=5)
def several_steps(student, draw):
    """six steps with the default of 0.9: the velocity keeps the history of all gradients"""
    expect_descent(student, draw, UNLIKE, lr=0.125)


@momentum.check(weight=2)
def other_constants(student, draw):
    """six steps with another mom and lr, of two Params of one shape: each has a velocity of its own"""
    expect_descent(student, draw, ALIKE, lr=0.01, mom=0.5)


@momentum.check(after=["several_steps"])
def gradients_unmodified(student, draw):
    """a step does not modify the gradients, nor does a later one see them modified"""
    (shape,) = draw.sizes([(3, 4)], small=[(), (2,)])
    gradient = draw.normal(*shape)
    param = student.param(draw.normal(*shape))
    student.call("init_momentum")
    param.grad = gradient
    for _ in range(3):
        student.call("momentum", 0.125)
        expect_unchanged(param.grad, gradient, "the Param's gradient")


VELOCITY, MOVE = "mom * p.velocity + p.grad", "p.top = p.top - lr * p.velocity"

momentum.wrong(
    "ascent",
    "the Params move along the velocity, uphill, where they should move against it",
    gives_away="first_step",
    hints=(
        "The gradient points to where the loss grows; a step goes the other way.",
        "Look at the sign with which the velocity enters the Params.",
    ),
    edits=[("p.top - lr", "p.top + lr")],
)
momentum.wrong(
    "gradient_times_one_minus_mom",
    "the gradient enters the velocity multiplied by 1 − mom, as in a running mean",
    gives_away="first_step",
    hints=(
        "The velocity is mom·v + g: what is new enters in full, and so the first step is one of plain descent.",
        "Look at what the gradient is multiplied by on its way into the velocity.",
    ),
    edits=[(VELOCITY, "mom * p.velocity + (1 - mom) * p.grad")],
)
momentum.wrong(
    "no_history",
    "nothing of the old velocity is kept from step to step: each is a step of plain gradient descent",
    gives_away="several_steps",
    hints=(
        "A step goes on with mom times the velocity of the step before.",
        "Look at where the velocity is kept from one call to the next, and at what else writes there.",
    ),
    edits=[(VELOCITY, "p.grad")],
)
momentum.wrong(
    "nesterov",
    "the step is Nesterov's, which looks ahead: mom times the new velocity, plus the gradient",
    gives_away="first_step",
    hints=(
        "Each Param moves by lr times its new velocity, and by nothing else: the first step is one of plain "
        "gradient descent.",
        "Look at what is multiplied by lr when the Params move.",
    ),
    edits=[("lr * p.velocity", "lr * (mom * p.velocity + p.grad)")],
)
momentum.wrong(
    "lr_twice",
    "the step is multiplied by lr twice",
    gives_away="first_step",
    hints=(
        "The first step is one of plain gradient descent: lr times the gradient.",
        "Follow lr from the gradient to the Params. It may enter with the gradient or with the velocity, not "
        "with both.",
    ),
    edits=[(VELOCITY, "mom * p.velocity + lr * p.grad")],
)
momentum.wrong(
    "one_step_stale",
    "the Params move by the velocity from before this step's gradient",
    gives_away="first_step",
    hints=(
        "The gradient of a step takes part in that very step: the first one already moves the Params.",
        "Look at what comes first, the move of the Params or the new velocity.",
    ),
    code="""
def momentum(lr, mom=0.9):
    for p in params:
        p.top = p.top - lr * p.velocity
        p.velocity = mom * p.velocity + p.grad
""",
)
momentum.wrong(
    "mom_ignored",
    "the old velocity is multiplied by 0.9, whatever mom is given",
    gives_away="other_constants",
    hints=(
        "0.9 is just what mom is when none is given.",
        "Look at what the old velocity is multiplied by.",
    ),
    edits=[("mom * p.velocity", "0.9 * p.velocity")],
)
momentum.wrong(
    "old_velocity_in_full",
    "the old velocity is kept in full, not multiplied by mom",
    gives_away="several_steps",
    hints=(
        "Old gradients fade: with each step, what they left in the velocity is multiplied by mom.",
        "Look at what becomes of the old velocity when a gradient is added to it.",
    ),
    edits=[(VELOCITY, "p.velocity + p.grad")],
)
momentum.wrong(
    "mom_times_gradient",
    "mom multiplies the new gradient in place of the old velocity",
    gives_away="first_step",
    hints=(
        "What is old fades, what is new enters in full: the first step is one of plain gradient descent.",
        "Look at which of the two, the velocity or the gradient, is multiplied by mom.",
    ),
    edits=[(VELOCITY, "p.velocity + mom * p.grad")],
)
momentum.wrong(
    "last_gradient_only",
    "the velocity remembers just the last gradient: it is mom times that, plus the new one",
    gives_away="several_steps",
    hints=(
        "The velocity holds the whole history: a gradient of n steps ago is still in it, times mom to the n.",
        "Look at what is kept for the next call. It has to be the velocity, not the gradient.",
    ),
    code="""
def momentum(lr, mom=0.9):
    for p in params:
        p.top = p.top - lr * (mom * p.velocity + p.grad)
        p.velocity = p.grad
""",
)
momentum.wrong(
    "history_subtracted",
    "the old velocity is subtracted from the new gradient, where both should be added",
    gives_away="several_steps",
    hints=(
        "While the gradients point the same way, the steps become longer: what is old and what is new add up.",
        "Look at the signs of the velocity and the gradient, and whether both mean a step the same way.",
    ),
    edits=[(VELOCITY, "p.grad - mom * p.velocity")],
)
momentum.wrong(
    "shared_velocity",
    "there is one velocity, into which the gradients of all Params go",
    gives_away="other_constants",
    hints=(
        "Each Param has a velocity of its own, of its own shape; no other Param's gradient enters it.",
        "Look at how many arrays hold velocities when there are two Params.",
    ),
    edits=[
        ("p.velocity = mom * p.velocity", "params[0].velocity = mom * params[0].velocity"),
        ("lr * p.velocity", "lr * params[0].velocity"),
    ],
)
momentum.wrong(
    "last_param_only",
    "only the last Param is moved",
    gives_away="several_steps",
    hints=(
        "Every Param moves in every step.",
        "Look at what is inside the loop over params, and what comes after it.",
    ),
    edits=[("        p.top", "    p.top")],
)
momentum.wrong(
    "first_param_only",
    "only the first Param is moved",
    gives_away="several_steps",
    hints=(
        "Every Param moves in every step.",
        "Look at where the loop over params ends.",
    ),
    edits=[(MOVE, f"{MOVE}\n        return")],
)
momentum.wrong(
    "lr_missing",
    "the Params move by the whole velocity, not by lr times it",
    gives_away="first_step",
    hints=(
        "The first step is one of plain gradient descent: lr times the gradient.",
        "Look for the place where lr enters.",
    ),
    edits=[("lr * p.velocity", "p.velocity")],
)
momentum.wrong(
    "gradient_scaled_in_place",
    "the gradient itself is multiplied by lr, in place",
    gives_away="gradients_unmodified",
    hints=(
        "A step reads the gradients and leaves them as they were.",
        "Look for an assignment that writes into a gradient: make a new array in its stead.",
    ),
    edits=[
        ("        p.velocity = mom", "        p.grad *= lr\n        p.velocity = mom"),
        ("lr * p.velocity", "p.velocity"),
    ],
)
momentum.wrong(
    "velocity_is_gradient",
    "the velocity and the gradient are one and the same array: to change one in place changes the other",
    gives_away="gradients_unmodified",
    hints=(
        "A step reads the gradients and leaves them as they were.",
        "Look at where the velocity comes from in the first step. It has to be an array of its own.",
    ),
    code="""
def init_momentum():
    for p in params:
        p.velocity = None


def momentum(lr, mom=0.9):
    for p in params:
        if p.velocity is None:
            p.velocity = p.grad
        else:
            p.velocity *= mom
            p.velocity += p.grad
        p.top = p.top - lr * p.velocity
""",
)
momentum.right(
    "lr_in_the_velocity",
    "lr enters with the gradient; the velocity is the step itself, and points downhill",
    edits=[(VELOCITY, "mom * p.velocity - lr * p.grad"), ("p.top - lr * p.velocity", "p.top + p.velocity")],
)
momentum.right(
    "starts_as_a_number",
    "the velocity starts as the number 0, and the Param is changed in place",
    edits=[("np.zeros_like(p.top)", "0"), ("p.top = p.top - ", "p.top -= ")],
)
momentum.right(
    "all_in_place",
    "one list holds all velocities; they and the Params are changed in place",
    code="""
velocities = []


def init_momentum():
    velocities[:] = [np.zeros(p.top.shape, p.top.dtype) for p in params]


def momentum(lr, mom=0.9):
    for p, v in zip(params, velocities):
        v *= mom
        v += p.grad
        p.top -= lr * v
""",
)
momentum.right(
    "made_when_needed",
    "the velocity is made in the first step, and rounded to float32",
    code="""
def init_momentum():
    for p in params:
        p.__dict__.pop("v", None)


def momentum(lr, mom=0.9):
    for p in params:
        p.v = np.float32(mom * p.v + p.grad) if hasattr(p, "v") else np.array(p.grad, np.float32)
        p.top = np.subtract(p.top, np.multiply(lr, p.v))
""",
)
