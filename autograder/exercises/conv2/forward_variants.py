"""Wrong variants of conv2.forward: in each, the gradients are the reference's."""

from autograder.exercises.conv2.forward import conv2_forward

INPUTS = "f, k = self.f.top, self.k.top"
TAP = "self.top += f[seen] @ k[ky, kx]"

# Only the upper left rows × columns of the kernel.
PART_OF_KERNEL = """
class conv2:
    def forward(self):
        f, k = self.f.top, self.k.top
        rows, columns = {part}
        h, w = f.shape[1] - rows + 1, f.shape[2] - columns + 1
        top = sum(f[:, y : y + h, x : x + w] @ k[y, x] for y, x in np.ndindex(rows, columns))
        self.top = top[:, :: self.stride, :: self.stride]
"""


def then(line):
    """Edits that run another line when the sum is complete."""
    return [(TAP, f"{TAP}\n        {line}")]


conv2_forward.wrong(
    "kernel_flipped",
    "the kernel is turned by 180° before it is laid on the image: a true convolution, not a correlation",
    gives_away="forward",
    hints=(
        "conv2 is a cross-correlation: it lays the kernel on the image as it is, so its upper left element "
        "meets the upper left one of the pixels below it.",
        "Look at which element of k conv2.forward multiplies with which pixel. An image that is 0 but for "
        "one pixel shows it.",
    ),
    edits=[("f[seen] @ k[ky, kx]", "f[seen] @ k[-1 - ky, -1 - kx]")],
)
conv2_forward.wrong(
    "last_tap_only",
    "only the last element of the kernel counts: it overwrites what the elements before it gave",
    gives_away="forward",
    hints=(
        "All elements of the kernel contribute to each result: what they give is added up.",
        "Look at how conv2.forward puts together what the single elements of k give.",
    ),
    edits=[(TAP, "self.top = f[seen] @ k[ky, kx]")],
)
conv2_forward.wrong(
    "last_product_only",
    "only the last element of the kernel and the last channel count: their product overwrites those before "
    "it",
    gives_away="forward",
    hints=(
        "A result is a sum of products, over all elements of the kernel and all channels that come in.",
        "Look at what conv2.forward does with what is already there when it writes a product to the result.",
    ),
    edits=[(TAP, "self.top = f[seen][..., -1:] @ k[ky, kx, -1:]")],
)
conv2_forward.wrong(
    "last_row_and_column_short",
    "the result lacks the last row and the last column of places where the kernel still fits",
    gives_away="forward",
    hints=(
        "An image as large as the kernel has one place for it, and each further row or column gives one "
        "more.",
        "Look at where conv2.forward takes the height and width of the result from: count the places of a "
        "kernel of 2 pixels on a row of 3.",
    ),
    edits=then("self.top = self.top[:, :-1, :-1]"),
)
conv2_forward.wrong(
    "last_row_and_column_zero",
    "the last row and the last column of the result are never computed and stay 0",
    gives_away="forward",
    hints=(
        "The kernel also has a place in the last rows and columns of the image, where it ends at the border.",
        "Look at how far conv2.forward lets the kernel slide, down and to the right.",
    ),
    edits=then("self.top[:, -1] = self.top[:, :, -1] = 0"),
)
conv2_forward.wrong(
    "same_padding",
    "the image gets a border of zeros, so that the result is as large as the image",
    gives_away="forward",
    hints=(
        "The correlation is a valid one: a result belongs to each place where the kernel lies wholly inside "
        "the image, and to no other.",
        "Look at the places that conv2.forward tries near the border of the image.",
    ),
    code="""
class conv2:
    def forward(self):
        k, (H, W) = self.k.top, self.f.top.shape[1:3]
        borders = [((n - 1) // 2, n // 2) for n in k.shape[:2]]
        f = np.pad(self.f.top, ((0, 0), *borders, (0, 0)))
        top = sum(f[:, y : y + H, x : x + W] @ k[y, x] for y, x in np.ndindex(k.shape[:2]))
        self.top = top[:, :: self.stride, :: self.stride]
""",
)
conv2_forward.wrong(
    "im2col_order",
    "the pixels below the kernel are listed channel by channel, but the kernel's elements place by place, "
    "before the lists are multiplied",
    gives_away="forward",
    hints=(
        "A pixel meets the element of the kernel that is for its own place and its own channel.",
        "Look at the order of the axes in which conv2.forward lays out the pixels below the kernel, and at "
        "that of k, with more than one channel coming in.",
    ),
    edits=[(INPUTS, f"{INPUTS}; k = k.reshape(k.shape[2], *k.shape[:2], -1).transpose(1, 2, 0, 3)")],
)
conv2_forward.wrong(
    "rows_and_columns_swapped",
    "the rows and columns of the kernel are exchanged",
    gives_away="forward",
    hints=(
        "The first axis of the kernel runs along the height of the image, the second along its width.",
        "Look at the order of the indices with which conv2.forward picks an element of k and the pixels that "
        "it meets.",
    ),
    edits=[("f[seen] @ k[ky, kx]", "f[seen] @ k[kx, ky]")],
)
conv2_forward.wrong(
    "first_channel_only",
    "only the first channel of the images is used",
    gives_away="forward",
    hints=(
        "A result is a sum over all channels that come in, each with its own part of the kernel.",
        "Look at which channels of f conv2.forward goes through.",
    ),
    edits=[("f[seen] @ k[ky, kx]", "f[seen][..., :1] @ k[ky, kx, :1]")],
)
conv2_forward.wrong(
    "channels_flipped_too",
    "the kernel is reversed along its height, its width and the channels that come in, as a convolution of "
    "arrays with three axes does",
    gives_away="forward",
    hints=(
        "conv2 reverses nothing: an element of the kernel belongs to its own place and its own channel.",
        "Look at what the function that conv2.forward leaves the sum to does with the axes of the kernel.",
    ),
    edits=[("f[seen] @ k[ky, kx]", "f[seen] @ k[-1 - ky, -1 - kx, ::-1]")],
)
conv2_forward.wrong(
    "first_image_only",
    "only the first image of the batch is computed, and the results of the others stay 0",
    gives_away="forward",
    hints=(
        "Each image of the batch has a result of its own.",
        "Look at how conv2.forward goes through the batch: does it get past the first image?",
    ),
    edits=then("self.top[1:] = 0"),
)
conv2_forward.wrong(
    "last_image_only",
    "only the last image of the batch is computed, and the results of the others stay 0",
    gives_away="forward",
    hints=(
        "Each image of the batch has a result of its own.",
        "Look at how conv2.forward goes through the batch: what is done once an image, and what just once?",
    ),
    edits=then("self.top[:-1] = 0"),
)
conv2_forward.wrong(
    "first_image_for_all",
    "all images of the batch get the result of the first",
    gives_away="forward",
    hints=(
        "Each image of the batch has a result of its own.",
        "Look at which image conv2.forward takes the pixels from. A batch of one hides it.",
    ),
    edits=then("self.top[:] = self.top[0]"),
)
conv2_forward.wrong(
    "channels_by_reshape",
    "the results are computed one channel after the other and then reshaped to B×H×W×C2, which moves them to "
    "wrong places",
    gives_away="forward",
    hints=(
        "An element keeps its image, its place and its channel when the axes change their order.",
        "Look at how conv2.forward brings the channels of the result to the last axis. A reshape keeps the "
        "order of the numbers in memory; it does not exchange axes.",
    ),
    edits=then("self.top = self.top.transpose(0, 3, 1, 2).reshape(self.top.shape)"),
)
conv2_forward.wrong(
    "broadcast_by_resize",
    "the pixels are repeated for the channels of the result in the order in which they lie in memory, as "
    "np.resize does",
    gives_away="forward",
    hints=(
        "In a product of pixels and kernel, each pixel meets the kernel of its own channel for all channels "
        "that come out.",
        "Look at how conv2.forward brings pixels and kernel to the same shape, where more than one channel "
        "comes out.",
    ),
    edits=[("f[seen] @ k[ky, kx]", "(np.resize(f[seen], (*f[seen].shape, C2)) * k[ky, kx]).sum(axis=3)")],
)
conv2_forward.wrong(
    "empty_for_one_pixel_kernels",
    "the result is empty for a kernel of height or width 1, as if to cut off no rows or columns were to cut "
    "off all",
    gives_away="kernel_1x1",
    hints=(
        "A kernel of a single pixel fits everywhere: the result is as large as the image.",
        "Look at where the slices in conv2.forward end. An end of −1 leaves out the last row; what does an "
        "end of 0 leave out?",
    ),
    code="""
class conv2:
    def forward(self):
        f, k = self.f.top, self.k.top
        kh, kw = k.shape[:2]
        top = sum(np.roll(f, (-y, -x), axis=(1, 2)) @ k[y, x] for y, x in np.ndindex(kh, kw))
        self.top = top[:, : -kh + 1 : self.stride, : -kw + 1 : self.stride]
""",
)
conv2_forward.wrong(
    "square_images_only",
    "of a result that is wider than tall, only as many columns are computed as it has rows",
    gives_away="forward",
    hints=(
        "Height and width of the result come from the height and the width of image and kernel, each from "
        "its own.",
        "Look at how conv2.forward computes the width of the result, and how far the kernel slides to the "
        "right. Try an image that is wider than tall.",
    ),
    edits=then("self.top = self.top[:, :, : self.top.shape[1]]"),
)
conv2_forward.wrong(
    "square_kernels_only",
    "of a kernel that is wider than tall, only as many columns count as it has rows",
    gives_away="forward",
    hints=(
        "All columns of the kernel count, and it has a width of its own.",
        "Look at where conv2.forward takes the width of k from, in the sum and for the size of the result. "
        "Try a kernel that is wider than tall.",
    ),
    code=PART_OF_KERNEL.format(part="len(k), min(k.shape[:2])"),
)
conv2_forward.wrong(
    "two_by_two_kernels_only",
    "only the upper left 2×2 elements of the kernel count, as if all kernels were of 2×2",
    gives_away="forward",
    hints=(
        "All elements of the kernel count, however many it has.",
        "Look for numbers in conv2.forward that should come from the shape of k.",
    ),
    code=PART_OF_KERNEL.format(part="2, 2"),
)
conv2_forward.wrong(
    "stride_of_two",
    "only every second row and column of the result comes out, although no stride was asked for",
    gives_away="forward",
    hints=(
        "Without a stride, the kernel moves on by one pixel at a time.",
        "Look at how far apart the places are that conv2.forward tries. To keep every second one is the "
        "work of down2.",
    ),
    edits=then("self.top = self.top[:, ::2, ::2]"),
)
conv2_forward.wrong(
    "single_axes_dropped",
    "the result loses its axes of length 1",
    gives_away="batch_of_one",
    hints=(
        "The result always has four axes, B×H×W×C2, even where one of them has the length 1.",
        "Look at where conv2.forward removes axes: does it say which ones?",
    ),
    edits=then("self.top = self.top.squeeze()"),
)
conv2_forward.wrong(
    "kernel_left_flipped",
    "the kernel is left turned by 180° after forward",
    gives_away="inputs_unmodified",
    hints=(
        "An operation reads its inputs, and leaves them as they were: others use them too.",
        "Look at what conv2.forward stores in the kernel, and in arrays that share its numbers.",
    ),
    edits=[(INPUTS, f"self.k.top = self.k.top[::-1, ::-1]; {INPUTS}[::-1, ::-1]")],
)
conv2_forward.wrong(
    "images_of_first_pass",
    "the images of the first forward are used again in all later ones",
    gives_away="second_pass",
    hints=(
        "Each forward works on the numbers that its inputs hold at that time.",
        "Look at what conv2.forward keeps from one call to the next, and when it is made anew.",
    ),
    edits=[(INPUTS, "f, k = self.__dict__.setdefault('images', self.f.top), self.k.top")],
)
conv2_forward.wrong(
    "sum_not_restarted",
    "the result of the forward before is still in the sum",
    gives_away="second_pass",
    hints=(
        "Each forward gives the result for the numbers that its inputs hold at that time, and for no others.",
        "Look at what the sum in conv2.forward starts from, in the first call and in the second.",
    ),
    edits=[("self.top = np.zeros(", "self.top = getattr(self, 'top', 0) + np.zeros(")],
)
