"""stride: conv2 that moves the kernel by more than one pixel. Extra credit; it has no stub of its own."""

from autograder.exercise import Exercise
from autograder.exercises.conv2 import correlation
from autograder.op_checks import Cases, expect_forward, expect_gradient

stride = Exercise(
    "stride",
    title="Stride",
    needs=["conv2_forward", "conv2_image", "conv2_kernel"],
)


# Rows and columns that the stride divides, and that it leaves a rest of, on either side.
strided = Cases(
    lambda draw, size: correlation(draw, *size),
    sizes=[
        (((2, 4, 6, 1), (2, 2, 3)), 2),
        (((2, 7, 6, 3), (4, 3, 4)), 2),
        (((1, 9, 8, 2), (3, 2, 3)), 3),
    ],
    usual=(((2, 7, 6, 3), (4, 3, 4)), 2),
    small=[
        (((1, 1, 2, 1), (1, 1, 1)), 2),
        (((1, 1, 3, 1), (1, 1, 1)), 2),
        (((1, 3, 1, 1), (1, 1, 1)), 2),
        (((1, 1, 4, 1), (1, 2, 1)), 2),
        (((1, 1, 5, 1), (1, 3, 1)), 2),
        (((1, 4, 5, 1), (2, 2, 1)), 2),
        (((1, 4, 4, 1), (1, 1, 1)), 3),
    ],
)


@stride.check()
def forward(student, draw):
    """only every s-th row and column of the result comes out, from the first"""
    for op in strided.each(draw):
        expect_forward(student, op)


@stride.check(after=["forward"])
def image_gradient(student, draw):
    """the gradient to the image with a stride"""
    for op in strided.each(draw):
        expect_gradient(student, draw, op, to="f")


@stride.check(after=["forward"])
def kernel_gradient(student, draw):
    """the gradient to the kernel with a stride"""
    for op in strided.each(draw):
        expect_gradient(student, draw, op, to="k")


CONV2 = ("conv2",)
TAP = "self.top += f[seen] @ k[ky, kx]"

stride.wrong(
    "ignored",
    "the stride is ignored: the kernel moves on by one pixel each time",
    gives_away="forward",
    hints=(
        "With a stride of s, only every s-th row and column of the result without stride comes out.",
        "Look at where the stride enters conv2.forward: in the size of the result, and in the places.",
    ),
    edits=[("self.stride = stride", "self.stride = 1")],
    of=CONV2,
)
stride.wrong(
    "missing",
    "conv2 takes a stride and does not use it: the kernel moves on by one pixel each time",
    gives_away="forward",
    hints=(
        "With a stride of s, only every s-th row and column of the result without stride comes out.",
        "Look at where the stride enters conv2.forward: in the size of the result, and in the places.",
    ),
    code="""
class conv2:
    def forward(self):
        f, k = self.f.top, self.k.top
        h, w = (n - m + 1 for n, m in zip(f.shape[1:3], k.shape))
        self.top = sum(f[:, y : y + h, x : x + w] @ k[y, x] for y, x in np.ndindex(k.shape[:2]))

    def backward_image(self):
        h, w = self.grad.shape[1:3]
        image_grad = np.zeros_like(self.f.top)
        for y, x in np.ndindex(self.k.top.shape[:2]):
            image_grad[:, y : y + h, x : x + w] += self.grad @ self.k.top[y, x].T
        self.f.grad = self.f.grad + image_grad

    def backward_kernel(self):
        h, w = self.grad.shape[1:3]
        kernel_grad = np.zeros_like(self.k.top)
        for y, x in np.ndindex(self.k.top.shape[:2]):
            seen = self.f.top[:, y : y + h, x : x + w]
            kernel_grad[y, x] = np.tensordot(seen, self.grad, axes=([0, 1, 2], [0, 1, 2]))
        self.k.grad = self.k.grad + kernel_grad
""",
    of=CONV2,
)
stride.wrong(
    "rounded_down",
    "height and width of the result are rounded down: its last row and column are lost where the stride "
    "leaves a remainder",
    gives_away="forward",
    hints=(
        "The first place always counts: of 3 places a stride of 2 keeps the first and the third.",
        "Look at how conv2.forward computes height and width of the result where the division leaves a "
        "remainder.",
    ),
    edits=[
        (
            TAP,
            f"{TAP}\n        height, width = (H - kh + 1) // self.stride, (W - kw + 1) // self.stride"
            "\n        self.top = self.top[:, :height, :width]",
        )
    ],
    of=CONV2,
)
stride.wrong(
    "starts_late",
    "the first result is kept only after a whole stride: of every s rows and columns the last, not the first",
    gives_away="forward",
    hints=(
        "The first place is the one in the upper left corner of the image.",
        "Look at the row and the column at which conv2.forward starts.",
    ),
    code="""
class conv2:
    def forward(self):
        f, k, s = self.f.top, self.k.top, self.stride
        h, w = (n - m + 1 for n, m in zip(f.shape[1:3], k.shape))
        top = sum(f[:, y : y + h, x : x + w] @ k[y, x] for y, x in np.ndindex(k.shape[:2]))
        self.top = top[:, s - 1 :: s, s - 1 :: s]
""",
    of=CONV2,
)
stride.wrong(
    "rows_only",
    "the stride is taken along the height, but not along the width",
    gives_away="forward",
    hints=(
        "The stride holds for both directions.",
        "Look at how conv2.forward moves the kernel to the right, and how downwards.",
    ),
    code="""
class conv2:
    def forward(self):
        f, k = self.f.top, self.k.top
        h, w = (n - m + 1 for n, m in zip(f.shape[1:3], k.shape))
        top = sum(f[:, y : y + h, x : x + w] @ k[y, x] for y, x in np.ndindex(k.shape[:2]))
        self.top = top[:, :: self.stride]
""",
    of=CONV2,
)
stride.wrong(
    "always_two",
    "every stride above 1 is taken for a stride of 2",
    gives_away="forward",
    hints=(
        "The stride may be any whole number from 1.",
        "Look for numbers in conv2 that should be the stride.",
    ),
    edits=[("self.stride = stride", "self.stride = min(stride, 2)")],
    of=CONV2,
)
stride.wrong(
    "image_thinned_out",
    "the image is thinned out before the kernel is laid on it, not the result afterwards",
    gives_away="forward",
    hints=(
        "A stride leaves out places of the kernel; at each place that is left, the kernel meets neighbouring "
        "pixels.",
        "Look at which pixels one place of the kernel meets in conv2.forward.",
    ),
    code="""
class conv2:
    def forward(self):
        f, k = self.f.top[:, :: self.stride, :: self.stride], self.k.top
        h, w = (n - m + 1 for n, m in zip(f.shape[1:3], k.shape))
        self.top = sum(f[:, y : y + h, x : x + w] @ k[y, x] for y, x in np.ndindex(k.shape[:2]))
""",
    of=CONV2,
)
stride.wrong(
    "kernel_dilated",
    "the elements of the kernel are set apart by the stride, and the kernel still moves by one pixel each "
    "time",
    gives_away="forward",
    hints=(
        "A stride moves the kernel as a whole; its elements still meet neighbouring pixels.",
        "Look at which pixels one place of the kernel meets in conv2.forward, and how far it is to the next.",
    ),
    code="""
class conv2:
    def forward(self):
        f, k, s = self.f.top, self.k.top, self.stride
        h, w = (n - s * (m - 1) for n, m in zip(f.shape[1:3], k.shape))
        taps = np.ndindex(k.shape[:2])
        self.top = sum(f[:, s * y : s * y + h, s * x : s * x + w] @ k[y, x] for y, x in taps)
""",
    of=CONV2,
)
stride.wrong(
    "upstream_not_spread",
    "the upstream gradient goes to the image as if neighbouring results came from neighbouring places",
    gives_away="image_gradient",
    hints=(
        "With a stride of s, neighbouring results come from places that are s pixels apart, and their "
        "gradients go back there.",
        "Look at where conv2.backward_image lets the second row and column of the upstream gradient land.",
    ),
    edits=[
        (
            "image_grad[seen] += ",
            "h, w = self.grad.shape[1:3]\n            image_grad[:, ky : ky + h, kx : kx + w] += ",
        )
    ],
    of=CONV2,
)
stride.wrong(
    "upstream_repeated",
    "the places that the stride leaves out get the upstream gradient of the place before them",
    gives_away="image_gradient",
    hints=(
        "A place that the stride leaves out has no result, and passes no gradient on.",
        "Look at what conv2.backward_image puts between the rows and columns of the upstream gradient.",
    ),
    code="""
class conv2:
    def backward_image(self):
        k, image_grad = self.k.top, np.zeros_like(self.f.top)
        h, w = (n - m + 1 for n, m in zip(image_grad.shape[1:3], k.shape))
        g = self.grad.repeat(self.stride, axis=1).repeat(self.stride, axis=2)[:, :h, :w]
        for y, x in np.ndindex(k.shape[:2]):
            image_grad[:, y : y + h, x : x + w] += g @ k[y, x].T
        self.f.grad = self.f.grad + image_grad
""",
    of=CONV2,
)
stride.wrong(
    "pixels_not_strided",
    "the kernel's gradient comes from neighbouring pixels, as if neighbouring results came from neighbouring "
    "places",
    gives_away="kernel_gradient",
    hints=(
        "With a stride of s, an element of the kernel meets pixels that are s apart.",
        "Look at the pixels that conv2.backward_kernel multiplies the upstream gradient with.",
    ),
    edits=[
        (
            "np.tensordot(self.f.top[seen], ",
            "np.tensordot(self.f.top[:, ky:, kx:][:, : self.grad.shape[1], : self.grad.shape[2]], ",
        )
    ],
    of=CONV2,
)
