"""flatten: all axes but the first made one."""

from autograder.exercise import Exercise
from autograder.op_checks import (
    Cases,
    check_gradient_rules,
    check_inputs_unmodified,
    expect_forward,
    expect_gradient,
)
from autograder.reference import Op

flatten = Exercise("flatten", title="Flattening", stubs=["flatten.forward", "flatten.backward"])


def any_shape(draw, shape):
    return Op("flatten", x=draw.normal(*shape))


cases = Cases(
    any_shape,
    sizes=[(2, 3), (2, 3, 4), (3, 2, 4, 5)],
    usual=(2, 3, 4, 5),
    small=[(1, 2), (2, 1), (2, 2), (1, 1, 2), (1, 2, 2), (2, 2, 2), (2, 1, 2, 3)],
)


@flatten.check(weight=2)
def forward(student, draw):
    """all axes but the first become one, in C order"""
    for op in cases.each(draw):
        expect_forward(student, op)


@flatten.check(weight=3, carries=True)
def gradient(student, draw):
    """the gradient to x, for a random upstream gradient"""
    for op in cases.each(draw):
        expect_gradient(student, draw, op, to="x")


check_gradient_rules(flatten, cases, to=["x"], after=["forward", "gradient"])
check_inputs_unmodified(flatten, cases, after=["forward", "gradient"])

IF_X, TO_X = "self.x in ops or self.x in params", "self.x.grad = self.x.grad + "
FORWARD, BACK = "self.x.top.reshape(len(self.x.top), -1)", "self.grad.reshape(self.x.top.shape)"
FORTRAN_FORWARD = (FORWARD, "self.x.top.reshape(len(self.x.top), -1, order='F')")
FORTRAN_BACK = (BACK, "self.grad.reshape(self.x.top.shape, order='F')")

flatten.wrong(
    "fortran_backward",
    "backward reads the upstream gradient in Fortran order, where forward wrote in C order",
    gives_away="gradient",
    hints=(
        "Each number of the gradient goes back to where its element came from.",
        "Look at the order in which flatten.backward lays out the numbers.",
    ),
    edits=[FORTRAN_BACK],
)
flatten.wrong(
    "fortran_both",
    "forward and backward both use Fortran order, in which the first axis runs fastest",
    gives_away="forward",
    hints=(
        "The numbers of an image come in C order: channels run fastest, then columns, then rows.",
        "Look at the order in which flatten.forward and flatten.backward lay out the numbers.",
    ),
    edits=[FORTRAN_FORWARD, FORTRAN_BACK],
)
flatten.wrong(
    "fortran_forward",
    "forward uses Fortran order, in which the first axis runs fastest",
    gives_away="forward",
    hints=(
        "The numbers of an image come in C order: channels run fastest, then columns, then rows.",
        "Look at the order in which flatten.forward lays out the numbers.",
    ),
    edits=[FORTRAN_FORWARD],
)
flatten.wrong(
    "batch_flattened",
    "the batch is flattened too, so that all images end up in one row",
    gives_away="forward",
    hints=(
        "Images of a batch stay apart: the first axis of the result is that of x.",
        "Look at the shape that flatten.forward asks for.",
    ),
    edits=[(FORWARD, "self.x.top.reshape(-1)")],
)
flatten.wrong(
    "images_as_columns",
    "each image becomes a column of the result, and not a row",
    gives_away="forward",
    hints=(
        "The first axis is the batch, before and after: one row an image.",
        "Look at the order of the axes of the result of flatten.forward.",
    ),
    edits=[(FORWARD, f"{FORWARD}.T")],
)
flatten.wrong(
    "gradient_stays_flat",
    "the gradient to x is set to the upstream gradient in its flat shape",
    gives_away="gradient",
    hints=(
        "A gradient has the shape of what it belongs to.",
        "Look at the shape of what flatten.backward gives to x.",
    ),
    edits=[(f"{TO_X}{BACK}", "self.x.grad = self.grad")],
)
flatten.wrong(
    "input_flattened_too",
    "x itself is flattened along with the result",
    gives_away="inputs_unmodified",
    hints=(
        "What x holds belongs to others too, and has to keep its shape.",
        "Look at which array flatten.forward gives a new shape to.",
    ),
    edits=[
        (f"self.top = {FORWARD}", f"self.shape = self.x.top.shape; self.x.top = self.top = {FORWARD}"),
        ("reshape(self.x.top.shape)", "reshape(self.shape)"),
    ],
)
flatten.wrong(
    "overwrites",
    "the gradient to x replaces what is there already instead of being added to it",
    gives_away="accumulates",
    hints=(
        "An input that two operations use gets a gradient from each, and gradients add up.",
        "Look at what flatten.backward does with the gradient that x already has.",
    ),
    edits=[(TO_X, "self.x.grad = ")],
)
flatten.wrong(
    "operations_left_out",
    "not every operation gets a gradient, as Params do",
    gives_away="values_get_no_gradient",
    hints=(
        "What an operation computed needs its gradient too: that is how it reaches the operations before.",
        "Look at the condition under which flatten.backward gives a gradient to x.",
    ),
    edits=[(IF_X, "self.x in params")],
)
flatten.wrong(
    "gradient_to_value",
    "x gets a gradient even where it is a Value",
    gives_away="values_get_no_gradient",
    hints=(
        "Values are data and have no gradient. Only Params and operations have one.",
        "Look at the condition under which flatten.backward gives a gradient to x.",
    ),
    edits=[(IF_X, "True"), (TO_X, "self.x.grad = getattr(self.x, 'grad', 0) + ")],
)
flatten.wrong(
    "view_of_first_pass",
    "forward makes the result once, as a view of what x holds in the first pass",
    gives_away="second_pass",
    hints=(
        "A graph is built once and run many times: in each pass x may hold another array.",
        "Look at what flatten.forward keeps from one pass to the next. A view shows the array that it was made "
        "of, not the one that takes its place.",
    ),
    edits=[(f"self.top = {FORWARD}", f"self.top = vars(self).setdefault('flat', {FORWARD})")],
)
flatten.right(
    "shape_saved",
    "forward computes the length and saves the shape; a copy",
    edits=[
        (
            FORWARD,
            "self.x.top.copy(); self.shape = self.x.top.shape; "
            "self.top.shape = self.shape[0], np.prod(self.shape[1:])",
        ),
        ("reshape(self.x.top.shape)", "reshape(self.shape)"),
    ],
)
flatten.right(
    "image_by_image",
    "one image after the other, stacked",
    edits=[
        (FORWARD, "np.stack([image.ravel() for image in self.x.top])"),
        (BACK, "np.array([row.reshape(self.x.top.shape[1:]) for row in self.grad])"),
    ],
)
flatten.right(
    "added_flat",
    "adds in the flat shape, and reshapes the sum",
    edits=[
        (
            f"{TO_X}{BACK}",
            "self.x.grad = (self.x.grad.reshape(self.top.shape) + self.grad).reshape(self.x.top.shape)",
        ),
    ],
)
