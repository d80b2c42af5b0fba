"""Wrong variants of the gradient of conv2 to the image: in each, all else is the reference's."""

from autograder.exercises.conv2.image import conv2_image

KERNEL = "self.k.top[ky, kx].T"
TAP = f"image_grad[seen] += self.grad @ {KERNEL}"
ADDED = "self.f.grad = self.f.grad + image_grad"
GUARD = "if self.f in ops or self.f in params:"


def first(line):
    """Edits that run another line when the sum is complete, before it goes to the image."""
    return [(ADDED, f"{line}\n        {ADDED}")]


conv2_image.wrong(
    "kernel_flipped",
    "the upstream gradient meets the opposite element of the kernel each time, as if the kernel were turned "
    "by 180°",
    gives_away="gradient",
    hints=(
        "A pixel's gradient is a sum over the results that it goes into, each times the very element of the "
        "kernel that the pixel is multiplied with there.",
        "Look at which element of k conv2.backward_image multiplies with which place of the upstream "
        "gradient. A row of two pixels with a kernel of two elements shows it.",
    ),
    edits=[(KERNEL, "self.k.top[-1 - ky, -1 - kx].T")],
)
conv2_image.wrong(
    "overlaps_overwritten",
    "a pixel keeps only the gradient that comes through the last element of the kernel to meet it: it "
    "overwrites the others",
    gives_away="gradient",
    hints=(
        "A pixel goes into as many results as there are places of the kernel above it, and their gradients "
        "add up.",
        "Look at what conv2.backward_image does with what is already there when it writes to a part of the "
        "image.",
    ),
    edits=[("image_grad[seen] +=", "image_grad[seen] =")],
)
conv2_image.wrong(
    "last_product_only",
    "a pixel keeps only one product, that of the last place of the kernel above it and the last channel that "
    "comes out: it overwrites the others",
    gives_away="gradient",
    hints=(
        "A pixel's gradient is a sum of products, over all places of the kernel above it and all channels "
        "that come out.",
        "Look at what conv2.backward_image does with what is already there when it writes a product to a "
        "pixel.",
    ),
    code="""
class conv2:
    def backward_image(self):
        for ky, kx, seen in reversed(list(self._taps())):
            self.f.grad[seen] = self.grad[..., -1:] * self.k.top[ky, kx, :, -1]
""",
)
conv2_image.wrong(
    "last_place_only",
    "a pixel keeps only the gradient from the last place of the kernel above it: it overwrites the others",
    gives_away="gradient",
    hints=(
        "A pixel goes into as many results as there are places of the kernel above it, and their gradients "
        "add up.",
        "Look at what conv2.backward_image does with what is already there when it writes to a part of the "
        "image.",
    ),
    edits=[
        (
            "for ky, kx, seen in self._taps():\n            image",
            "for ky, kx, seen in reversed([*self._taps()]):\n            image",
        ),
        ("image_grad[seen] +=", "image_grad[seen] ="),
    ],
)
conv2_image.wrong(
    "upstream_ignored",
    "the upstream gradient is left out, as if it were 1 everywhere",
    gives_away="gradient",
    hints=(
        "By the chain rule, every gradient is proportional to the upstream gradient.",
        "Look at what conv2.backward_image multiplies the elements of k with.",
    ),
    edits=[(TAP, TAP.replace("self.grad", "np.ones_like(self.grad)"))],
)
conv2_image.wrong(
    "overwrites",
    "the gradient of the image is set to that of this operation, and what was there is lost",
    gives_away="accumulates",
    hints=(
        "An image that two operations use gets the sum of both gradients.",
        "Look at what conv2.backward_image does with the gradient that f already has.",
    ),
    edits=[(ADDED, "self.f.grad = image_grad")],
)
conv2_image.wrong(
    "channels_not_transposed",
    "the channels of the kernel are exchanged by a reshape, which moves its numbers to wrong places, and "
    "not by a transpose",
    gives_away="gradient",
    hints=(
        "A channel that goes in gets its gradient from each channel that comes out, times the element of the "
        "kernel that joins the two.",
        "Look at the last two axes of k in conv2.backward_image. A reshape keeps the order of the numbers; "
        "it does not exchange axes.",
    ),
    edits=[(KERNEL, "self.k.top[ky, kx].reshape(self.k.top.shape[:1:-1])")],
)
conv2_image.wrong(
    "channels_flipped_too",
    "the kernel is reversed along all of its axes, the channels among them",
    gives_away="gradient",
    hints=(
        "Seen from the image, the kernel slides over the upstream gradient upside down and mirrored, but "
        "each channel keeps its number.",
        "Look at which axes of k conv2.backward_image reverses.",
    ),
    edits=[(KERNEL, "self.k.top[ky, kx, ::-1, ::-1].T")],
)
conv2_image.wrong(
    "rows_and_columns_swapped",
    "the rows and columns of the kernel are exchanged",
    gives_away="gradient",
    hints=(
        "The first axis of the kernel runs along the height of the image, the second along its width.",
        "Look at the order of the indices with which conv2.backward_image picks an element of k, and the "
        "part of the image that it adds to.",
    ),
    edits=[(KERNEL, "self.k.top[kx, ky].T")],
)
conv2_image.wrong(
    "summed_over_batch",
    "every image gets the sum of the gradients of all images of the batch",
    gives_away="gradient",
    hints=(
        "An image goes into its own result only, so its gradient comes from there alone. It is the kernel "
        "that all images share.",
        "Look at what conv2.backward_image does with the batch axis of the upstream gradient.",
    ),
    edits=[(TAP, TAP.replace("self.grad", "self.grad.sum(axis=0, keepdims=True)"))],
)
conv2_image.wrong(
    "divided_by_batch",
    "the gradient is divided by the number of images in the batch",
    gives_away="gradient",
    hints=(
        "The gradient of conv2 is a sum of products; how large the batch is does not matter to it. Where a "
        "loss is a mean, the upstream gradient has the division in it.",
        "Look at where the size of the batch enters conv2.backward_image.",
    ),
    edits=first("image_grad /= len(self.grad)"),
)
conv2_image.wrong(
    "last_image_only",
    "only the last image of the batch gets a gradient, and that of the others stays 0",
    gives_away="gradient",
    hints=(
        "Each image of the batch has a gradient of its own.",
        "Look at how conv2.backward_image goes through the batch: what is done once an image, and what just "
        "once?",
    ),
    edits=first("image_grad[:-1] = 0"),
)
conv2_image.wrong(
    "first_image_only",
    "only the first image of the batch gets a gradient, and that of the others stays 0",
    gives_away="gradient",
    hints=(
        "Each image of the batch has a gradient of its own.",
        "Look at how conv2.backward_image goes through the batch: does it get past the first image?",
    ),
    edits=first("image_grad[1:] = 0"),
)
conv2_image.wrong(
    "first_channel_only",
    "only the first channel of the images gets a gradient, and that of the others stays 0",
    gives_away="gradient",
    hints=(
        "All channels of an image go into the result, each with its own part of the kernel, and each has a "
        "gradient.",
        "Look at which channels of f conv2.backward_image goes through.",
    ),
    edits=first("image_grad[..., 1:] = 0"),
)
conv2_image.wrong(
    "last_places_missing",
    "the last row and the last column of the upstream gradient are left out",
    gives_away="gradient",
    hints=(
        "Each result passes its gradient on to the pixels that it was computed from, the last ones too.",
        "Look at how far conv2.backward_image goes through the rows and columns of the upstream gradient.",
    ),
    edits=[
        (
            "image_grad = np.zeros_like(self.f.top)",
            "image_grad, g = np.zeros_like(self.f.top), self.grad.copy()",
        ),
        (TAP, f"g[:, -1] = g[:, :, -1] = 0\n            {TAP.replace('self.grad', 'g')}"),
    ],
)
conv2_image.wrong(
    "same_padding",
    "the gradient lands half a kernel too far up and to the left, as if the correlation had been one with "
    "'same' padding",
    gives_away="gradient",
    hints=(
        "The correlation is a valid one: the first result is computed from the pixels in the upper left "
        "corner, as many as the kernel has, and its gradient goes to these.",
        "Look at how many rows and columns of zeros conv2.backward_image puts around the upstream gradient, "
        "and at which part of what it computes it keeps.",
    ),
    edits=first(
        "up, left = ((n - 1) // 2 for n in self.k.top.shape[:2])\n"
        "        image_grad = np.pad(image_grad, ((0, 0), (0, up), (0, left), (0, 0)))[:, up:, left:]"
    ),
)
conv2_image.wrong(
    "square_results_only",
    "of an upstream gradient that is wider than tall, only as many columns are used as it has rows",
    gives_away="gradient",
    hints=(
        "Each result passes its gradient on, whether there are more rows of them or more columns.",
        "Look at how far conv2.backward_image goes through the columns of the upstream gradient. Try an "
        "image that is wider than tall.",
    ),
    edits=[
        (TAP, f"n = self.grad.shape[1]\n            {TAP}".replace("[seen]", "[seen][:, :, :n]", 1)),
        (f"self.grad @ {KERNEL}", f"self.grad[:, :, :n] @ {KERNEL}"),
    ],
)
conv2_image.wrong(
    "square_kernels_only",
    "of a kernel that is wider than tall, only as many columns are used as it has rows",
    gives_away="gradient",
    hints=(
        "All columns of the kernel pass gradients on, and it has a width of its own.",
        "Look at where conv2.backward_image takes the width of k from. Try a kernel that is wider than tall.",
    ),
    edits=[(TAP, f"if kx < len(self.k.top):\n                {TAP}")],
)
conv2_image.wrong(
    "two_by_two_kernels_only",
    "only the upper left 2×2 elements of the kernel are used, as if all kernels were of 2×2",
    gives_away="gradient",
    hints=(
        "All elements of the kernel pass gradients on, however many it has.",
        "Look for numbers in conv2.backward_image that should come from the shape of k.",
    ),
    edits=[(TAP, f"if ky < 2 and kx < 2:\n                {TAP}")],
)
conv2_image.wrong(
    "broadcast_by_resize",
    "the upstream gradient is repeated for the channels that go in by the order in which its numbers lie in "
    "memory, as np.resize does",
    gives_away="gradient",
    hints=(
        "Each channel that goes in meets the upstream gradient of the same place and of all channels that "
        "come out.",
        "Look at how conv2.backward_image brings the upstream gradient and k to the same shape, where more "
        "than one channel goes in.",
    ),
    edits=[
        (
            f"self.grad @ {KERNEL}",
            "(np.resize(self.grad, (*image_grad[seen].shape, self.grad.shape[-1])) * self.k.top[ky, "
            "kx]).sum(4)",
        )
    ],
)
conv2_image.wrong(
    "operations_left_out",
    "not every image that is the result of an operation gets a gradient, as Params do",
    gives_away="values_get_no_gradient",
    hints=(
        "Operations and Params have a gradient. An operation that gets none has none to pass on, and nothing "
        "below it learns.",
        "Look at when conv2.backward adds to the gradient of f.",
    ),
    edits=[(GUARD, "if self.f in params:")],
)
conv2_image.wrong(
    "value_gets_gradient",
    "the image gets a gradient although it is a Value",
    gives_away="values_get_no_gradient",
    hints=(
        "Values are data: they have no gradient. Operations and Params have one.",
        "Look at when conv2.backward writes to the gradient of f.",
    ),
    edits=[(GUARD, "if True:"), (ADDED, "self.f.grad = getattr(self.f, 'grad', 0) + image_grad")],
)
conv2_image.wrong(
    "sum_not_restarted",
    "the gradient of the backward before is still in the sum",
    gives_away="second_pass",
    hints=(
        "Each backward adds the gradient of its own pass, once.",
        "Look at what the sum in conv2.backward_image starts from, in the first call and in the second.",
    ),
    edits=[
        (
            "image_grad = np.zeros_like(self.f.top)",
            "image_grad = self.__dict__.setdefault('sum', 0 * self.f.top)",
        )
    ],
)
conv2_image.wrong(
    "kernel_left_flipped",
    "the kernel is left turned by 180° after backward",
    gives_away="inputs_unmodified",
    hints=(
        "An operation reads its inputs, and leaves them as they were: others use them too.",
        "Look at what conv2.backward_image stores in the kernel, and in arrays that share its numbers.",
    ),
    edits=[
        ("image_grad = np.zeros", "self.k.top = self.k.top[::-1, ::-1]\n        image_grad = np.zeros"),
        (KERNEL, "self.k.top[-1 - ky, -1 - kx].T"),
    ],
)
conv2_image.wrong(
    "upstream_left_padded",
    "the gradient is right, but the upstream gradient is left with a border of zeros around it",
    gives_away="inputs_unmodified",
    hints=(
        "A backward reads the upstream gradient, and leaves it as it was: the gradient to the kernel is "
        "computed from it too.",
        "Look at what conv2.backward_image stores in the upstream gradient.",
    ),
    edits=first(
        "borders = [(n - 1, n - 1) for n in self.k.top.shape[:2]]\n"
        "        self.grad = np.pad(self.grad, ((0, 0), *borders, (0, 0)))"
    ),
)

conv2_image.right(
    "full_correlation",
    "slides the kernel, turned by 180°, over the upstream gradient with a border of zeros",
    code="""
class conv2:
    def backward_image(self):
        (B, H, W, C1), (kh, kw, _, C2) = self.f.top.shape, self.k.top.shape
        bordered = np.zeros((B, H + kh - 1, W + kw - 1, C2), dtype=self.grad.dtype)
        bordered[:, kh - 1 : H : self.stride, kw - 1 : W : self.stride] = self.grad
        turned = np.rot90(self.k.top, 2).transpose(0, 1, 3, 2)
        for y in range(kh):
            for x in range(kw):
                self.f.grad = self.f.grad + bordered[:, y : y + H, x : x + W] @ turned[y, x]
""",
)
conv2_image.right(
    "padded_taps",
    "pads what each element of the kernel passes on to the size of the image, and adds that up",
    without=("stride",),
    code="""
class conv2:
    def backward_image(self):
        kh, kw = self.k.top.shape[:2]
        each_tap = []
        for y, x in np.ndindex(kh, kw):
            given = np.tensordot(self.grad, self.k.top[y, x], axes=(-1, -1))
            each_tap.append(np.pad(given, ((0, 0), (y, kh - 1 - y), (x, kw - 1 - x), (0, 0))))
        self.f.grad += np.sum(each_tap, axis=0)
""",
)
conv2_image.right(
    "asks_for_grad",
    "takes what has a gradient for an operation or a Param",
    edits=[
        (GUARD, "if hasattr(self.f, 'grad'):"),
        (GUARD.replace("self.f", "self.k"), "if hasattr(self.k, 'grad'):"),
    ],
)
