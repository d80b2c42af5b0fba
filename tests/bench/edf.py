"""edf against PyTorch: conv2 alone, and the training of the conv net."""

import contextlib
import statistics

from bench.measure import PEERS, Worker, interleaved, peer_version, ratios, spread, table

TITLE = "edf: conv2 and training"
SIZES = {
    "first layer": ((50, 28, 28, 1), (4, 4, 1, 8)),
    "second layer": ((50, 13, 13, 8), (2, 2, 8, 16)),
    "medium": ((32, 32, 32, 16), (3, 3, 16, 32)),
    "large": ((32, 64, 64, 32), (3, 3, 32, 64)),
}
LAYOUTS = ("contiguous", "channels_last")
READABLE, ONE, PARTS, PRODUCTS = "conv2", "one product", "in parts", "three products"
# Right variants of conv2_forward, by their tags; None is the model answer.
OURS = {ONE: "windows_one_product", PARTS: "windows_in_parts", READABLE: None}
ROUNDS, TURN_SECONDS = 9, 0.1


def section():
    """Measure, and return the section of the page."""
    times, against = [], []
    for name, (images, kernel) in SIZES.items():
        sizes = {"images": images, "kernel": kernel}
        milliseconds = _measured("conv2", sizes, {PRODUCTS: ("numpy_side", "three_products", sizes)})
        torch = _faster_layout(milliseconds)
        shape = f"{name}: {'×'.join(map(str, images))}, {'×'.join(map(str, kernel))}"
        times.append([shape, *(spread(milliseconds[side]) for side in (torch, *OURS, PRODUCTS))])
        compared = [*((side, torch) for side in OURS), (PARTS, PRODUCTS)]
        against.append([name, *(spread(ratios(milliseconds[a], milliseconds[b])) for a, b in compared)])
    steps = []
    for name, stride in {"conv2, then down2": False, "conv2 with stride 2": True}.items():
        milliseconds = _measured("training", {"stride": stride})
        torch = _faster_layout(milliseconds)
        a_second = {side: [1000 / each for each in milliseconds[side]] for side in (torch, *OURS)}
        speed = [spread(ratios(a_second[side], a_second[torch])) for side in OURS]
        steps.append([name, *(spread(numbers) for numbers in a_second.values()), *speed])
    by_torch = [f"{side} / PyTorch" for side in OURS]
    return TEXT.format(
        version=peer_version("torch"),
        times=table(["ms, CPU time", "PyTorch", *OURS, PRODUCTS], times),
        against=table(["times as long", *by_torch, f"{PARTS} / {PRODUCTS}"], against),
        steps=table(["steps a second", "PyTorch", *OURS, *by_torch], steps),
    )


def _measured(function, arguments, more=None):
    """{side: [milliseconds of CPU time, one a round]} of `function` in each conv2 of ours and PyTorch's layouts.

    more: {side: (module, function, arguments)} besides.
    """
    sides = {layout: ("torch_side", function, {**arguments, "layout": layout}) for layout in LAYOUTS}
    for side, variant in OURS.items():
        sides[side] = ("numpy_side", function, {**arguments, "variant": variant})
    with contextlib.ExitStack() as stack:
        workers = {}
        for side, (module, name, given) in {**sides, **(more or {})}.items():
            python = {"python": PEERS} if module == "torch_side" else {}
            workers[side] = stack.enter_context(contextlib.closing(Worker(module, name, **python, **given)))
        turns = interleaved(workers, ROUNDS, TURN_SECONDS)
    return {side: [1000 * turn.cpu for turn in each] for side, each in turns.items()}


def _faster_layout(milliseconds):
    """The layout in which PyTorch is the faster, by the median."""
    return min(LAYOUTS, key=lambda layout: statistics.median(milliseconds[layout]))


TEXT = """\
One `conv2` in float32: forward and the gradients to image and kernel, on one thread. *PyTorch* ({version}) is its
autograd, in the memory layout that is the faster one. *conv2* is the model answer, written to be read; *one product*
and *in parts* are the right variants `windows_one_product` and `windows_in_parts`, which the solutions handout
explains; *three products* are the matrix products that a convolution is made of, in numpy, with all that belongs to
them laid out in memory beforehand.

{times}

{against}

A step of training the conv net of `mnist_conv.py`: 50 digits, forward, backward, momentum. PyTorch's step is the same
network, with `torch.optim.SGD`.

{steps}
"""
