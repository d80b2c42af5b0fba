"""Our side, on numpy: conv2 of the solutions or a fast right variant, and the training of the conv net."""

import types

import numpy as np

from autograder.exercise import exercise_by_id
from autograder.paths import SOLUTION


def load_edf(variant):
    """edf as a module: the solutions', or with conv2 as the right variant of that tag."""
    source = SOLUTION.read_text(encoding="utf-8")
    if variant:
        variants = exercise_by_id("conv2_forward").right_variants
        source = next(right.source for right in variants if right.tag == variant)
    module = types.ModuleType("edf")
    exec(compile(source, "edf", "exec"), module.__dict__)
    return module


def conv2(images, kernel, variant):
    """Forward and both gradients of float32. images: (B, H, W, C1). kernel: (kh, kw, C1, C2)."""
    edf, rng = load_edf(variant), np.random.default_rng(0)
    f, k = edf.Param(), edf.Param()
    f.set(rng.normal(size=images))
    k.set(rng.normal(size=kernel))
    op = edf.conv2(f, k)
    op.forward()
    op.grad = rng.normal(size=op.top.shape).astype(np.float32)
    zeros = np.zeros_like(f.top), np.zeros_like(k.top)

    def run():
        f.grad, k.grad = zeros  # conv2 puts arrays of its own in their place
        op.forward()
        op.backward()

    return run


def three_products(images, kernel):
    """The three matrix products that conv2 is made of, alone: windows with the kernel, and the two backwards."""
    (B, H, W, C1), (kh, kw, _, C2) = images, kernel
    rng = np.random.default_rng(0)
    places, window = B * (H - kh + 1) * (W - kw + 1), kh * kw * C1
    windows, matrix, upstream = (
        rng.normal(size=size).astype(np.float32) for size in [(places, window), (window, C2), (places, C2)]
    )

    def run():
        windows @ matrix
        windows.T @ upstream
        upstream @ matrix.T

    return run


def training(variant, stride):
    """A step of the conv net of mnist_conv.py: Forward, Backward, momentum. stride: in place of down2?"""
    edf, rng = load_edf(variant), np.random.default_rng(0)

    def param(*shape):
        made = edf.Param()
        made.set(rng.normal(size=shape) / 10)
        return made

    def layer(images, kernel, bias):
        g = edf.conv2(images, kernel, stride=2) if stride else edf.down2(edf.conv2(images, kernel))
        return edf.RELU(edf.add(g, bias))

    x, y = edf.Value(), edf.Value()
    hidden = layer(layer(x, param(4, 4, 1, 8), param(8)), param(2, 2, 8, 16), param(16))
    loss = edf.mean(edf.smaxloss(edf.matmul(edf.flatten(hidden), param(576, 10)), y))
    edf.init_momentum()
    x.set(rng.random((50, 28, 28, 1)))
    y.set(rng.integers(10, size=50))

    def step():
        edf.Forward()
        edf.Backward(loss)
        edf.momentum(0.01)

    return step
