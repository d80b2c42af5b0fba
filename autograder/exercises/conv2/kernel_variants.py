"""Wrong variants of the gradient of conv2 to the kernel: in each, all else is the reference's."""

from autograder.exercises.conv2.kernel import conv2_kernel

PLACE = "kernel_grad[ky, kx] ="
PIXELS = "self.f.top[seen]"
SUM = f"np.tensordot({PIXELS}, self.grad, axes=([0, 1, 2], [0, 1, 2]))"
BUFFER = "kernel_grad = np.zeros_like(self.k.top)"
ADDED = "self.k.grad = self.k.grad + kernel_grad"
GUARD = "if self.k in ops or self.k in params:"


def summed(pixels, upstream="self.grad"):
    """Edits that sum the products of other pixels, and of another upstream gradient."""
    return [(SUM, SUM.replace(PIXELS, pixels).replace("self.grad", upstream))]


conv2_kernel.wrong(
    "flipped",
    "the gradient is turned by 180°: that of the first element of the kernel stands at the last",
    gives_away="gradient",
    hints=(
        "The gradient of an element of the kernel is a sum over the results, each times the very pixel that "
        "the element is multiplied with there.",
        "Look at which pixels conv2.backward_kernel multiplies with the upstream gradient for the first "
        "element of k: those at the upper left, or those at the lower right?",
    ),
    edits=[(PLACE, "kernel_grad[-1 - ky, -1 - kx] =")],
)
conv2_kernel.wrong(
    "last_image_only",
    "only the last image of the batch counts",
    gives_away="gradient",
    hints=(
        "All images of the batch use the same kernel, so its gradient is a sum over all of them.",
        "Look at what conv2.backward_kernel does with what the images before have given.",
    ),
    edits=summed(f"{PIXELS}[-1:]", "self.grad[-1:]"),
)
conv2_kernel.wrong(
    "first_image_only",
    "only the first image of the batch counts",
    gives_away="gradient",
    hints=(
        "All images of the batch use the same kernel, so its gradient is a sum over all of them.",
        "Look at how conv2.backward_kernel goes through the batch: does it get past the first image?",
    ),
    edits=summed(f"{PIXELS}[:1]", "self.grad[:1]"),
)
conv2_kernel.wrong(
    "last_product_only",
    "only the last place in the last image counts: its product overwrites those before it",
    gives_away="gradient",
    hints=(
        "An element of the kernel goes into all places of the result, and their gradients add up.",
        "Look at what conv2.backward_kernel does with what is already there when it writes a product to the "
        "gradient.",
    ),
    edits=[
        *summed(f"{PIXELS}[-1:, -1:, -1:]", "self.grad[-1:, -1:, -1:]"),
        (ADDED, "self.k.grad = kernel_grad"),
    ],
)
conv2_kernel.wrong(
    "last_place_only",
    "only the last place of the kernel counts: what it gives overwrites that of the places before it",
    gives_away="gradient",
    hints=(
        "An element of the kernel goes into all places of the result, and their gradients add up.",
        "Look at what conv2.backward_kernel does with what the places before have given.",
    ),
    edits=summed(f"{PIXELS}[:, -1:, -1:]", "self.grad[:, -1:, -1:]"),
)
conv2_kernel.wrong(
    "divided_by_batch",
    "the gradient is divided by the number of images in the batch",
    gives_away="gradient",
    hints=(
        "A kernel that all images use gets the sum of their gradients. Where a loss is a mean, the upstream "
        "gradient has the division in it.",
        "Look at where the size of the batch enters conv2.backward_kernel.",
    ),
    edits=[(ADDED, f"{ADDED} / len(self.grad)")],
)
conv2_kernel.wrong(
    "mean_for_sum",
    "the gradient is the mean over all images and places, where it should be the sum",
    gives_away="gradient",
    hints=(
        "An element of the kernel that is used n times gets n gradients, and gradients add up.",
        "Look at how conv2.backward_kernel takes the images, rows and columns together.",
    ),
    edits=[(ADDED, f"{ADDED} / self.grad[..., 0].size")],
)
conv2_kernel.wrong(
    "product_of_batch_sums",
    "images and upstream gradient are each summed over the batch before they are multiplied",
    gives_away="gradient",
    hints=(
        "The upstream gradient of an image meets the pixels of that image, and of no other.",
        "Look at the order in which conv2.backward_kernel multiplies and sums over the batch.",
    ),
    edits=summed(f"{PIXELS}.sum(0, keepdims=True)", "self.grad.sum(0, keepdims=True)"),
)
conv2_kernel.wrong(
    "not_summed_over_batch",
    "the gradient is summed over the places, but not over the images of the batch",
    gives_away="gradient",
    hints=(
        "A gradient has the shape of what it belongs to. All images of the batch use the same kernel.",
        "Look at the axes that conv2.backward_kernel sums over, and at the shape that is left.",
    ),
    edits=[
        (BUFFER, f"{BUFFER}[np.newaxis].repeat(len(self.grad), axis=0)"),
        (PLACE, "kernel_grad[:, ky, kx] ="),
        (SUM, f"np.einsum('byxi,byxj->bij', {PIXELS}, self.grad)"),
    ],
)
conv2_kernel.wrong(
    "upstream_ignored",
    "the upstream gradient is left out, as if it were 1 everywhere",
    gives_away="gradient",
    hints=(
        "By the chain rule, every gradient is proportional to the upstream gradient.",
        "Look at what conv2.backward_kernel multiplies the pixels with.",
    ),
    edits=summed(PIXELS, "np.ones_like(self.grad)"),
)
conv2_kernel.wrong(
    "overwrites",
    "the gradient of the kernel is set to that of this operation, and what was there is lost",
    gives_away="accumulates",
    hints=(
        "A kernel that two operations use gets the sum of both gradients.",
        "Look at what conv2.backward_kernel does with the gradient that k already has.",
    ),
    edits=[(ADDED, "self.k.grad = kernel_grad")],
)
conv2_kernel.wrong(
    "channels_by_reshape",
    "the products are computed with the channels that come out before those that go in, and then reshaped to "
    "the shape of the kernel, which moves them to wrong places",
    gives_away="gradient",
    hints=(
        "The element of the gradient for two channels is the sum for these very two.",
        "Look at the last two axes of the gradient in conv2.backward_kernel. A reshape keeps the order of "
        "the numbers; it does not exchange axes.",
    ),
    edits=[(SUM, f"{SUM}.T.reshape(self.k.top.shape[2:])")],
)
conv2_kernel.wrong(
    "rows_and_columns_swapped",
    "the rows and columns of the gradient are exchanged",
    gives_away="gradient",
    hints=(
        "The first axis of the kernel runs along the height of the image, the second along its width.",
        "Look at the order of the indices with which conv2.backward_kernel picks the pixels, and the "
        "element of the gradient that it writes to.",
    ),
    edits=[(PLACE, "kernel_grad[kx, ky] =")],
)
conv2_kernel.wrong(
    "first_channel_only",
    "only the part of the kernel for the first channel of the images gets a gradient",
    gives_away="gradient",
    hints=(
        "Each channel that goes in has its own part of the kernel, with a gradient of its own.",
        "Look at which channels of f conv2.backward_kernel goes through.",
    ),
    edits=[(ADDED, f"kernel_grad[:, :, 1:] = 0\n        {ADDED}")],
)
conv2_kernel.wrong(
    "last_places_missing",
    "the last row and the last column of the upstream gradient are left out",
    gives_away="gradient",
    hints=(
        "Each result that an element of the kernel goes into passes a gradient on to it, the last ones too.",
        "Look at how far conv2.backward_kernel goes through the rows and columns of the upstream gradient.",
    ),
    edits=summed(f"{PIXELS}[:, :-1, :-1]", "self.grad[:, :-1, :-1]"),
)
conv2_kernel.wrong(
    "last_kernel_row_and_column_zero",
    "the last row and the last column of the kernel get no gradient",
    gives_away="gradient",
    hints=(
        "Each element of the kernel has a gradient, the last ones too.",
        "Look at how far conv2.backward_kernel goes through the rows and columns of k.",
    ),
    edits=[(ADDED, f"kernel_grad[-1] = kernel_grad[:, -1] = 0\n        {ADDED}")],
)
conv2_kernel.wrong(
    "same_padding",
    "the pixels are taken from an image with a border of zeros of half a kernel, as for a correlation with "
    "'same' padding",
    gives_away="gradient",
    hints=(
        "The correlation is a valid one: for the first result, the first element of the kernel meets the "
        "first pixel.",
        "Look at the image that conv2.backward_kernel picks its pixels from, and at where it begins.",
    ),
    edits=[
        (
            BUFFER,
            f"{BUFFER}\n        borders = [(n // 2, n // 2) for n in self.k.top.shape[:2]]\n"
            "        images = np.pad(self.f.top, ((0, 0), *borders, (0, 0)))",
        ),
        *summed("images[seen]"),
    ],
)
conv2_kernel.wrong(
    "square_results_only",
    "of an upstream gradient that is wider than tall, only as many columns are used as it has rows",
    gives_away="gradient",
    hints=(
        "Each result passes its gradient on, whether there are more rows of them or more columns.",
        "Look at how far conv2.backward_kernel goes through the columns of the upstream gradient. Try an "
        "image that is wider than tall.",
    ),
    edits=summed(f"{PIXELS}[:, :, : self.grad.shape[1]]", "self.grad[:, :, : self.grad.shape[1]]"),
)
conv2_kernel.wrong(
    "square_kernels_only",
    "of a kernel that is wider than tall, only as many columns get a gradient as it has rows",
    gives_away="gradient",
    hints=(
        "All columns of the kernel have a gradient, and it has a width of its own.",
        "Look at where conv2.backward_kernel takes the width of k from. Try a kernel that is wider than "
        "tall.",
    ),
    edits=[(PLACE, f"if kx < len(self.k.top):\n                {PLACE}")],
)
conv2_kernel.wrong(
    "two_by_two_kernels_only",
    "only the upper left 2×2 elements of the kernel get a gradient, as if all kernels were of 2×2",
    gives_away="gradient",
    hints=(
        "All elements of the kernel have a gradient, however many it has.",
        "Look for numbers in conv2.backward_kernel that should come from the shape of k.",
    ),
    edits=[(PLACE, f"if ky < 2 and kx < 2:\n                {PLACE}")],
)
conv2_kernel.wrong(
    "broadcast_by_resize",
    "the upstream gradient is repeated for the channels that go in by the order in which its numbers lie in "
    "memory, as np.resize does",
    gives_away="gradient",
    hints=(
        "Each channel that goes in meets the upstream gradient of the same place and of all channels that "
        "come out.",
        "Look at how conv2.backward_kernel brings the pixels and the upstream gradient to the same shape, "
        "where more than one channel goes in.",
    ),
    edits=[
        (
            SUM,
            f"({PIXELS}[..., np.newaxis] * np.resize(self.grad, ({PIXELS}.shape + self.grad.shape[-1:])))"
            ".sum(axis=(0, 1, 2))",
        )
    ],
)
conv2_kernel.wrong(
    "pixels_multiplied_in_place",
    "the products overwrite the pixels of the image itself, which later products then start from",
    gives_away="gradient",
    hints=(
        "An operation reads its inputs, and leaves them as they were: the next product needs them too.",
        "Look at where conv2.backward_kernel puts its products. A slice of an array shares its numbers.",
    ),
    code="""
class conv2:
    def backward_kernel(self):
        kernel_grad = np.zeros_like(self.k.top)
        for ky, kx, seen in self._taps():
            for c in range(self.grad.shape[-1]):
                products = self.f.top[seen]
                products *= self.grad[..., c, np.newaxis]
                kernel_grad[ky, kx, :, c] = products.sum(axis=(0, 1, 2))
        self.k.grad = self.k.grad + kernel_grad
""",
)
conv2_kernel.wrong(
    "value_gets_gradient",
    "the kernel gets a gradient although it is a Value",
    gives_away="values_get_no_gradient",
    hints=(
        "Values are data: they have no gradient. Operations and Params have one.",
        "Look at when conv2.backward writes to the gradient of k.",
    ),
    edits=[(GUARD, "if True:"), (ADDED, "self.k.grad = getattr(self.k, 'grad', 0) + kernel_grad")],
)
conv2_kernel.wrong(
    "images_of_first_pass",
    "the images of the first backward are used again in all later ones",
    gives_away="second_pass",
    hints=(
        "Each backward works on the numbers that the inputs hold at that time.",
        "Look at what conv2.backward_kernel keeps from one call to the next, and when it is made anew.",
    ),
    edits=summed("self.__dict__.setdefault('images', self.f.top)[seen]"),
)
conv2_kernel.wrong(
    "upstream_left_flat",
    "the gradient is right, but the upstream gradient is left as a matrix, with a row for each place",
    gives_away="inputs_unmodified",
    hints=(
        "A backward reads the upstream gradient, and leaves it as it was, in its shape too.",
        "Look at what conv2.backward_kernel stores in the upstream gradient before it multiplies.",
    ),
    edits=[
        (BUFFER, f"{BUFFER}\n        self.grad = self.grad.reshape(-1, self.k.top.shape[3])"),
        (SUM, f"{PIXELS}.reshape(-1, self.k.top.shape[2]).T @ self.grad"),
    ],
)

conv2_kernel.right(
    "upstream_slides",
    "slides the upstream gradient over the images, as if it were the kernel",
    without=("stride",),
    code="""
from numpy.lib.stride_tricks import sliding_window_view


class conv2:
    def backward_kernel(self):
        windows = sliding_window_view(self.f.top, self.grad.shape[1:3], axis=(1, 2))
        self.k.grad = self.k.grad + np.tensordot(windows, self.grad, axes=[(0, 4, 5), (0, 1, 2)])
""",
)
conv2_kernel.right(
    "one_number_at_a_time",
    "computes each element of the gradient by itself, as a sum of products",
    code="""
class conv2:
    def backward_kernel(self):
        for ky, kx, seen in self._taps():
            for c1, c2 in np.ndindex(self.k.top.shape[2:]):
                products = self.f.top[seen][..., c1] * self.grad[..., c2]
                self.k.grad[ky, kx, c1, c2] += products.sum()
""",
)
