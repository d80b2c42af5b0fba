"""The public checks of conv2's four exercises: worked examples, and the sizes to try gradients on."""

import functools

import numpy as np

from edf_kit.checks.calls import student_code
from edf_kit.checks.case import Case
from edf_kit.checks.exercise import Exercise
from edf_kit.checks.gradients import (
    add_op_checks,
    example,
    expect_examples,
    expect_gradient,
    upstream_for,
)
from edf_kit.checks.opcodes import count_opcodes
from edf_kit.checks.ops import each, numbers
from edf_kit.checks.work import ADVICE, KERNEL, pixel_loops


def image(*rows):
    """One image of one channel (1×H×W×1)."""
    return np.array(rows, float)[np.newaxis, :, :, np.newaxis]


def kernel(*rows):
    """A kernel from one channel to one (kh×kw×1×1)."""
    return np.array(rows, float)[:, :, np.newaxis, np.newaxis]


def pixels(*batch):
    """Images of a single pixel: a list of channels for each (B×1×1×C)."""
    return np.array(batch, float)[:, np.newaxis, np.newaxis, :]


def mixing(*rows):
    """A kernel of a single pixel, a row for each channel that goes in (1×1×C1×C2)."""
    return np.array(rows, float)[np.newaxis, np.newaxis]


def ramp(B, H, W, C):
    """Images with 1000b + 100y + 10x + c at [b, y, x, c]."""
    b, y, x, c = np.indices((B, H, W, C)).astype(float)
    return 1000 * b + 100 * y + 10 * x + c


# On a ramp, correlation gives a ramp again: in channel c2 with the sum of k[..., c2] as slope, starting at
# the sum of k · (100ky + 10kx + c1).
RAMP_KERNEL = np.array(
    [
        [[[1, 0, 2], [0, 1, 0]], [[2, 0, 0], [0, -1, 1]], [[0, 1, 0], [1, 0, 0]]],
        [[[0, 2, 0], [0, 0, 1]], [[-1, 0, 0], [0, 0, 3]], [[0, 0, 1], [2, 0, 0]]],
    ]
)
RAMP_SLOPE, RAMP_START = np.array([5, 3, 8]), np.array([173, 210, 565])

EXAMPLES = [
    example(image([6]), f=image([2]), k=kernel([3])),
    example(image([0.3]), f=image([0.1]), k=kernel([3])),
    example(image([20, 30]), f=image([2, 3]), k=kernel([10])),
    example(image([23]), f=image([2, 3]), k=kernel([10, 1])),
    example(image([23]), f=image([2], [3]), k=kernel([10], [1])),
    example(image([12, 23]), f=image([1, 2, 3]), k=kernel([10, 1])),
    example(image([12], [23]), f=image([1], [2], [3]), k=kernel([10], [1])),
    example(pixels([32]), f=pixels([2, 3]), k=mixing([1], [10])),
    example(pixels([2, 20]), f=pixels([2]), k=mixing([1, 10])),
    example(pixels([21, 42, 63]), f=pixels([1, 2]), k=mixing([1, 2, 3], [10, 20, 30])),
    example(pixels([32], [54]), f=pixels([2, 3], [4, 5]), k=mixing([1], [10])),
    example(image([5421, 6532]), f=image([1, 2, 3], [4, 5, 6]), k=kernel([1, 10], [100, 1000])),
    # As large as the image: one number comes out.
    example(image([231]), f=image([1, 2, 3], [0, 0, 0]), k=kernel([1, 100, 10], [5, 6, 7])),
    example(
        RAMP_SLOPE * ramp(2, 3, 3, 1) + RAMP_START,
        f=ramp(2, 4, 5, 2),
        k=RAMP_KERNEL,
    ),
]

# B, H, W, C1, then kh, kw, C2.
SIZES = [
    (1, 1, 1, 1, 1, 1, 1),
    (1, 1, 2, 1, 1, 2, 1),
    (1, 2, 1, 1, 2, 1, 1),
    (1, 1, 3, 1, 1, 2, 1),
    (1, 1, 1, 2, 1, 1, 1),
    (1, 1, 1, 1, 1, 1, 2),
    (2, 1, 1, 1, 1, 1, 1),
    (3, 1, 1, 1, 1, 1, 1),
    (1, 2, 3, 1, 2, 3, 1),
    (1, 3, 4, 1, 2, 2, 1),
    (1, 1, 2, 3, 1, 1, 2),
    (2, 3, 2, 2, 2, 1, 3),
    (2, 4, 5, 2, 3, 2, 3),
]


def correlation(rng, size):
    """Inputs of a conv2 of that size."""
    B, H, W, C1, kh, kw, C2 = size
    return {"f": numbers(rng, B, H, W, C1), "k": numbers(rng, kh, kw, C1, C2)}


def add_work_check(exercise, to=None):
    """Add the check that warns of loops over pixels, in forward, or in the backward to the input `to`."""
    method = "backward" if to else "forward"

    @exercise.check("It should work for images of any size.", warns=True)
    def no_pixel_loops():
        @functools.cache
        def work(B, H, W, C1, C2):
            inputs = {"f": np.ones((B, H, W, C1)), "k": np.ones((*KERNEL, C1, C2))}
            case = Case("conv2", inputs, {name: "Value" for name in inputs if name != to})
            case.node.grad = np.ones_like(case.forward())
            with student_code(f"conv2.{method}", case.shown):
                return count_opcodes(getattr(case.node, method))

        loops = pixel_loops(work, f"conv2.{method}")
        return loops and f"It is right, but {loops} {ADVICE} Loops over pixels may cost points."


conv2_forward = Exercise("conv2_forward", "convolution")
add_op_checks(
    conv2_forward,
    "conv2",
    to=[],
    make=[],
    examples=EXAMPLES,
    forward_hint="Lay the kernel on the image, as it is, at each place where it fits wholly; sum over its "
    "elements and the channels that go in.",
    gradient_hint="",
)
add_work_check(conv2_forward)

conv2_image = Exercise("conv2_image", "gradient to the image", needs=["conv2_forward"])
add_op_checks(
    conv2_image,
    "conv2",
    to=["f"],
    make=each(SIZES, correlation),
    kinds={"k": "Value"},
    drawn=9,
    forward_hint="",
    gradient_hint="To which results does one pixel contribute, and with which element of the kernel each time?",
)
add_work_check(conv2_image, to="f")

conv2_kernel = Exercise("conv2_kernel", "gradient to the kernel", needs=["conv2_forward"])
add_op_checks(
    conv2_kernel,
    "conv2",
    to=["k"],
    make=each(SIZES, correlation),
    kinds={"f": "Value"},
    drawn=9,
    forward_hint="",
    gradient_hint="To which results does one element of the kernel contribute, and with which pixel each time? "
    "It is used in every image of the batch.",
)
add_work_check(conv2_kernel, to="k")

stride = Exercise("stride", "stride", needs=["conv2_forward", "conv2_image", "conv2_kernel"])

# SIZES with a stride: one that divides height and width, and one that leaves a rest.
STRIDES = [
    ((1, 1, 2, 1, 1, 1, 1), 2),
    ((1, 1, 3, 1, 1, 1, 1), 2),
    ((1, 3, 1, 1, 1, 1, 1), 2),
    ((1, 1, 4, 1, 1, 1, 1), 3),
    ((1, 1, 4, 1, 1, 2, 1), 2),
    ((1, 4, 5, 1, 2, 2, 1), 2),
    ((2, 5, 4, 2, 2, 1, 3), 3),
]


def strided(size, step):
    return Case("conv2", correlation(np.random.default_rng(7), size), options={"stride": step})


@stride.check("A stride of s leaves every s-th row and column of the result without stride, from the first.")
def forward():
    every = {"stride": 2}
    expect_examples(
        "conv2",
        [
            example(image([2]), every, f=image([2, 3]), k=kernel([1])),
            example(image([2, 4]), every, f=image([2, 3, 4]), k=kernel([1])),
            example(image([2], [4]), every, f=image([2], [3], [4]), k=kernel([1])),
            example(image([2, 5]), {"stride": 3}, f=image([2, 3, 4, 5]), k=kernel([1])),
            example(image([12, 34]), every, f=image([1, 2, 3, 4]), k=kernel([10, 1])),
            example(image([12, 34]), every, f=image([1, 2, 3, 4, 5]), k=kernel([10, 1])),
            example(image([14]), {"stride": 3}, f=image([1, 2], [3, 4], [5, 6]), k=kernel([10, 0], [0, 1])),
        ],
    )


@stride.check("Pixels that no place of the kernel meets have no influence; the others only on what came out.")
def image_gradient():
    expect_strided_gradient("f")


@stride.check("An element of the kernel meets only the pixels that are a stride apart.")
def kernel_gradient():
    expect_strided_gradient("k")


def expect_strided_gradient(name):
    """The gradient to f or k must be that of the differences, for all STRIDES."""
    for size, step in STRIDES:
        case = strided(size, step)
        upstream = upstream_for(np.random.default_rng(5), case.forward().shape)
        expect_gradient(case, [name], upstream)
