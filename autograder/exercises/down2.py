"""down2: every second row and column."""

from autograder.exercise import Exercise
from autograder.op_checks import (
    Cases,
    check_gradient_rules,
    check_inputs_unmodified,
    expect_forward,
    expect_gradient,
)
from autograder.reference import Op

down2 = Exercise("down2", title="Downsampling", stubs=["down2.forward", "down2.backward"])


def images(draw, shape):
    return Op("down2", x=draw.normal(*shape))


cases = Cases(
    images,
    sizes=[(1, 2, 2, 1), (2, 4, 6, 3), (3, 5, 7, 2)],
    usual=(2, 5, 4, 3),
    small=[
        (1, 1, 1, 1),
        (1, 1, 2, 1),
        (1, 2, 1, 1),
        (1, 2, 2, 1),
        (1, 1, 3, 1),
        (1, 2, 3, 1),
        (2, 2, 2, 1),
        (1, 2, 2, 2),
    ],
)


@down2.check(weight=2)
def forward(student, draw):
    """every second row and column from the first, for even and odd sizes"""
    for op in cases.each(draw):
        expect_forward(student, op)


@down2.check(weight=3, carries=True)
def gradient(student, draw):
    """the gradient to x, for a random upstream gradient"""
    for op in cases.each(draw):
        expect_gradient(student, draw, op, to="x")


check_gradient_rules(down2, cases, to=["x"], after=["forward", "gradient"])
check_inputs_unmodified(down2, cases, after=["forward", "gradient"])

IF_X, TO_X = "self.x in ops or self.x in params", "self.x.grad = self.x.grad + "
FORWARD, KEPT = "self.x.top[:, ::2, ::2, :]", "x_grad[:, ::2, ::2, :]"
PLACED = f"{KEPT} = self.grad"
# Each number of the upstream gradient repeated over a block of 2×2, cut to the size of x.
REPEATED = "x_grad[:] = self.grad.repeat(2, 1).repeat(2, 2)[:, : x_grad.shape[1], : x_grad.shape[2]]"

down2.wrong(
    "spread_over_block",
    "the gradient goes to all four pixels of a block, and not only to the one that was kept",
    gives_away="gradient",
    hints=(
        "Pixels that were left out have no influence on the result: their gradient is 0.",
        "Look at which places down2.backward puts the upstream gradient in.",
    ),
    edits=[(PLACED, REPEATED)],
)
down2.wrong(
    "shared_by_block",
    "each of the four pixels of a block gets a quarter of the gradient, as if forward had taken their mean",
    gives_away="gradient",
    hints=(
        "One pixel of a block is kept as it is, and the others are left out: it has all of the influence.",
        "Look at which places down2.backward puts the upstream gradient in, and at its factor.",
    ),
    edits=[(PLACED, f"{REPEATED} / 4")],
)
down2.wrong(
    "divided_by_4",
    "the pixel that was kept gets only a quarter of the upstream gradient",
    gives_away="gradient",
    hints=(
        "A pixel that is kept goes into the result as it is: a change of it changes the result by as much.",
        "Look at the factor of the upstream gradient in down2.backward.",
    ),
    edits=[(PLACED, f"{PLACED} / 4")],
)
down2.wrong(
    "gradient_to_odd_pixels",
    "the gradient goes to the second row and column of each block, where the first ones were kept",
    gives_away="gradient",
    hints=(
        "The gradient goes back to where a number came from.",
        "Look at the first row and column that down2.backward writes to.",
    ),
    edits=[(PLACED, "x_grad[:, 1::2, 1::2, :] = self.grad")],
)
down2.wrong(
    "upstream_ignored",
    "each pixel that was kept gets the gradient 1, whatever the upstream gradient is",
    gives_away="gradient",
    hints=(
        "By the chain rule, the gradient to an input is the upstream gradient times the operation's own slope.",
        "Look for the upstream gradient in down2.backward.",
    ),
    edits=[(PLACED, f"{KEPT} = 1")],
)
down2.wrong(
    "odd_pixels",
    "every second row and column is kept from the second one on, and not from the first",
    gives_away="forward",
    hints=(
        "The first row and the first column are kept, and then every second one.",
        "Look at where down2.forward begins to count.",
    ),
    edits=[(FORWARD, "self.x.top[:, 1::2, 1::2, :]")],
)
down2.wrong(
    "rows_only",
    "only the rows are thinned out, and all columns are kept",
    gives_away="forward",
    hints=(
        "The result has half the height and half the width of x.",
        "Look at axis 2 in down2.forward.",
    ),
    edits=[(FORWARD, "self.x.top[:, ::2]")],
)
down2.wrong(
    "columns_only",
    "only the columns are thinned out, and all rows are kept",
    gives_away="forward",
    hints=(
        "The result has half the height and half the width of x.",
        "Look at axis 1 in down2.forward.",
    ),
    edits=[(FORWARD, "self.x.top[:, :, ::2]")],
)
down2.wrong(
    "channels_first",
    "the last two axes are thinned out, as if the channels came before height and width",
    gives_away="forward",
    hints=(
        "Images are arrays of batch, height, width and channels, in this order.",
        "Look at which axes down2.forward thins out.",
    ),
    edits=[(FORWARD, "self.x.top[:, :, ::2, ::2]")],
)
down2.wrong(
    "batch_thinned_out",
    "the first two axes are thinned out, so that every second image is lost",
    gives_away="forward",
    hints=(
        "Images are arrays of batch, height, width and channels, in this order. All images stay.",
        "Look at which axes down2.forward thins out.",
    ),
    edits=[(FORWARD, "self.x.top[::2, ::2]")],
)
down2.wrong(
    "last_of_odd_lost",
    "the last row or column of an image of odd height or width is lost",
    gives_away="forward",
    hints=(
        "Of five rows, the first, the third and the fifth are kept.",
        "Look at where down2.forward ends when height or width is odd.",
    ),
    edits=[
        (FORWARD, "self.x.top[:, : self.x.top.shape[1] // 2 * 2 : 2, : self.x.top.shape[2] // 2 * 2 : 2]")
    ],
)
down2.wrong(
    "gradient_of_first_pass_kept",
    "the array that collects the gradient is made once, and still holds that of the backward before",
    gives_away="second_pass",
    hints=(
        "A graph is built once and run many times: each pass has a gradient of its own.",
        "Look at when the array that down2.backward fills is made, and whether it starts at 0 each time.",
    ),
    edits=[
        (
            "x_grad = np.zeros_like(self.x.top)",
            "x_grad = vars(self).setdefault('buffer', np.zeros_like(self.x.top))",
        ),
        (PLACED, f"{KEPT} += self.grad"),
    ],
)
down2.wrong(
    "overwrites",
    "the gradient to x replaces what is there already instead of being added to it",
    gives_away="accumulates",
    hints=(
        "An input that two operations use gets a gradient from each, and gradients add up.",
        "Look at what down2.backward does with the gradient that x already has.",
    ),
    edits=[(TO_X, "self.x.grad = ")],
)
down2.wrong(
    "operations_left_out",
    "not every operation gets a gradient, as Params do",
    gives_away="values_get_no_gradient",
    hints=(
        "What an operation computed needs its gradient too: that is how it reaches the operations before.",
        "Look at the condition under which down2.backward gives a gradient to x.",
    ),
    edits=[(IF_X, "self.x in params")],
)
down2.wrong(
    "gradient_to_value",
    "x gets a gradient even where it is a Value",
    gives_away="values_get_no_gradient",
    hints=(
        "Values are data and have no gradient. Only Params and operations have one.",
        "Look at the condition under which down2.backward gives a gradient to x.",
    ),
    edits=[(IF_X, "True"), (TO_X, "self.x.grad = getattr(self.x, 'grad', 0) + ")],
)
down2.wrong(
    "upstream_left_spread",
    "the gradient is right, but the upstream gradient is left spread over an image of the size of x",
    gives_away="inputs_unmodified",
    hints=(
        "A backward reads the upstream gradient, and leaves it as it was, in its shape too.",
        "Look at what down2.backward stores in the upstream gradient.",
    ),
    edits=[(PLACED, f"{PLACED}; self.grad = x_grad")],
)
down2.right(
    "into_every_second",
    "adds in place to every second row and column of the gradient of x",
    code="""
class down2:
    def backward(self):
        if self.x in ops or self.x in params:
            self.x.grad[:, ::2, ::2] += self.grad
""",
)
down2.right(
    "indices",
    "index arrays, and np.add.at",
    code="""
class down2:
    def kept(self):
        B, H, W, C = self.x.top.shape
        return np.ix_(np.arange(B), np.arange(0, H, 2), np.arange(0, W, 2), np.arange(C))

    def forward(self):
        self.top = self.x.top[self.kept()]

    def backward(self):
        if self.x in ops or self.x in params:
            np.add.at(self.x.grad, self.kept(), self.grad)
""",
)
down2.right(
    "selection_matrices",
    "multiplies by matrices that select rows and columns",
    code="""
class down2:
    def forward(self):
        H, W = self.x.top.shape[1:3]
        self.rows, self.columns = np.eye(H)[::2], np.eye(W)[::2]
        self.top = np.einsum("iy,jx,byxc->bijc", self.rows, self.columns, self.x.top)

    def backward(self):
        if self.x in ops or self.x in params:
            x_grad = np.einsum("iy,jx,bijc->byxc", self.rows, self.columns, self.grad)
            self.x.grad = self.x.grad + x_grad
""",
)
down2.right(
    "repeated_and_masked",
    "repeats the upstream gradient over blocks, and multiplies by a mask",
    edits=[
        (FORWARD, f"np.ascontiguousarray({FORWARD})"),
        (PLACED, f"{REPEATED}; x_grad[:, 1::2] = 0; x_grad[:, :, 1::2] = 0"),
    ],
)
