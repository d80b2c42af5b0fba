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
READABLE, FAST, PRODUCTS = "conv2", "fast conv2", "three products"
ROUNDS, TURN_SECONDS = 9, 0.1


def section():
    """Measure, and return the section of the page."""
    times, against = [], []
    for name, (images, kernel) in SIZES.items():
        sizes = {"images": images, "kernel": kernel}
        milliseconds = _measured("conv2", sizes, {PRODUCTS: ("numpy_side", "three_products", sizes)})
        torch = _faster_layout(milliseconds)
        shape = f"{name}: {'×'.join(map(str, images))}, {'×'.join(map(str, kernel))}"
        times.append([shape, *(spread(milliseconds[side]) for side in (torch, FAST, READABLE, PRODUCTS))])
        compared = [(FAST, torch), (READABLE, torch), (FAST, PRODUCTS)]
        against.append([name, *(spread(ratios(milliseconds[a], milliseconds[b])) for a, b in compared)])
    steps = []
    for name, stride in {"conv2, then down2": False, "conv2 with stride 2": True}.items():
        milliseconds = _measured("training", {"stride": stride})
        torch = _faster_layout(milliseconds)
        a_second = {side: [1000 / each for each in milliseconds[side]] for side in (torch, FAST, READABLE)}
        speed = [spread(ratios(a_second[side], a_second[torch])) for side in (FAST, READABLE)]
        steps.append([name, *(spread(numbers) for numbers in a_second.values()), *speed])
    return TEXT.format(
        version=peer_version("torch"),
        times=table(["ms, CPU time", "PyTorch", FAST, READABLE, PRODUCTS], times),
        against=table(
            ["times as long", "fast / PyTorch", "conv2 / PyTorch", "fast / three products"], against
        ),
        steps=table(
            ["steps a second", "PyTorch", FAST, READABLE, "fast / PyTorch", "conv2 / PyTorch"], steps
        ),
    )


def _measured(function, arguments, more=None):
    """{side: [milliseconds of CPU time, one a round]} of `function` in both our conv2 and PyTorch's layouts.

    more: {side: (module, function, arguments)} besides.
    """
    sides = {layout: ("torch_side", function, {**arguments, "layout": layout}) for layout in LAYOUTS}
    sides[FAST] = ("numpy_side", function, {**arguments, "fast": True})
    sides[READABLE] = ("numpy_side", function, {**arguments, "fast": False})
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
autograd, in the memory layout that is the faster one. *conv2* is the model answer, written to be read; *fast conv2* is
the right variant `windows_in_parts`, which the solutions handout explains; *three products* are the matrix products
that a convolution is made of, in numpy, with all that belongs to them laid out in memory beforehand.

{times}

{against}

A step of training the conv net of `mnist_conv.py`: 50 digits, forward, backward, momentum. PyTorch's step is the same
network, with `torch.optim.SGD`.

{steps}
"""
