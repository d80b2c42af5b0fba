"""Measures the numbers that the judge's tolerances and bars rest on; prints the tables of docs/judging.md.

    python tests/measure_judging.py [--seeds N]

It needs scipy besides numpy. Progress goes to stderr, Markdown to stdout. Every seed stands for one course
secret, so that the inputs are drawn as the checks draw them. The checks themselves are run too, with
`expect_close` replaced by a recorder, so that shapes and comparisons are the judge's own.

Variants of the reference solution stand for students' code: correct ones that compute in another order or
precision, and wrong ones with one mistake each. A variant is a list of edits of the solution's text.
"""

import argparse
import collections
import dataclasses
import multiprocessing
import sys
import time
import types
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np  # noqa: E402
from numpy.lib.stride_tricks import sliding_window_view  # noqa: E402
from scipy import signal  # noqa: E402

import autograder  # noqa: E402, F401  before numpy: it sets the number of BLAS threads
from autograder import compare, paths, reference, training  # noqa: E402
from autograder.draw import Draw  # noqa: E402
from autograder.exercise import load_exercises  # noqa: E402
from autograder.student import Edf, local_request  # noqa: E402

PROCESSES = 2
WRONG_RUNS = 3  # long runs of each wrong variant
MAX_NORM = "max norm"
# Shares of the root mean square that an element may be off by, besides its own size; first the judge's.
RULES = tuple(dict.fromkeys([compare.RMS_SHARE, 0.01, 0.03, 0.1, 0.3, MAX_NORM]))
NETS = ("mnist_mlp", "mnist_conv")
CONV2_EXERCISES = ("conv2_forward", "conv2_image", "conv2_kernel", "stride")


# Variants of the solution


@dataclasses.dataclass(frozen=True)
class Variant:
    """The reference solution, changed.

    edits: (old, new) pairs of its text; old must occur exactly once. conv2: None, or a class from below
    whose methods replace those of conv2. dtype: None, or the one in which every operation and every step
    of an optimizer computes. nets: those in which the change is one.
    """

    name: str
    edits: tuple = ()
    conv2: type | None = None
    dtype: type | None = None
    nets: tuple = NETS

    def load(self):
        """(Edf, module) of the changed solution."""
        source = paths.SOLUTION.read_text(encoding="utf-8")
        for old, new in self.edits:
            if source.count(old) != 1:
                raise ValueError(f"{self.name}: the solution has {source.count(old)} times {old!r}")
            source = source.replace(old, new)
        module = types.ModuleType("edf")
        exec(compile(source, self.name, "exec"), module.__dict__)
        if self.conv2:
            module.conv2 = type("conv2", (self.conv2, module.conv2), {})
        if self.dtype:
            compute_in(module, self.dtype)
        return Edf(local_request(module)), module


def compute_in(module, dtype):
    """Make every operation and optimizer of an edf see and leave arrays of `dtype` only."""

    def narrowed(method):
        def run(self):
            inputs = [node for node in vars(self).values() if hasattr(node, "top")]
            tops = [node.top for node in inputs]
            for node in [*inputs, self]:
                narrow(node)
            method(self)
            for node, top in zip(inputs, tops):
                node.top = top  # the checks want inputs left as they were
            for node in [*inputs, self]:
                narrow(node, "grad" if method.__name__ == "backward" else "top")

        return run

    def narrow(node, *attributes):
        for name in attributes or ("top", "grad", "velocity"):
            if hasattr(node, name):
                setattr(node, name, np.asarray(getattr(node, name)).astype(dtype))

    def stepping(optimizer):
        def step(*rates, **options):
            optimizer(*rates, **options)
            for param in module.params:
                narrow(param)

        return step

    for name, op in list(vars(module).items()):
        if isinstance(op, type) and hasattr(op, "backward"):
            changed = {"forward": narrowed(op.forward), "backward": narrowed(op.backward)}
            setattr(module, name, type(name, (op,), changed))
    module.SGD, module.momentum = stepping(module.SGD), stepping(module.momentum)


class Conv2Style:
    """conv2 of three functions without stride: correlate(f, k), to_image(g, k) and to_kernel(f, g)."""

    def forward(self):
        every = self.stride
        self.top = self.correlate(self.f.top, self.k.top)[:, ::every, ::every]

    def backward_image(self):
        self.f.grad = self.f.grad + self.to_image(self._spread(), self.k.top)

    def backward_kernel(self):
        self.k.grad = self.k.grad + self.to_kernel(self.f.top, self._spread())

    def _spread(self):
        """The upstream gradient, with zeros at the places that the stride left out."""
        (B, H, W, _), (kh, kw, _, C2) = self.f.top.shape, self.k.top.shape
        spread = np.zeros((B, H - kh + 1, W - kw + 1, C2), self.grad.dtype)
        spread[:, :: self.stride, :: self.stride] = self.grad
        return spread


def padded(g, k):
    """g with a border of zeros, so that a flipped kernel slides over it as `to_image` wants it."""
    (kh, kw), nothing = k.shape[:2], (0, 0)
    return np.pad(g, (nothing, (kh - 1, kh - 1), (kw - 1, kw - 1), nothing))


class Einsum(Conv2Style):
    """Windows and einsum, without BLAS."""

    def correlate(self, f, k):
        return np.einsum("byxcij,ijcd->byxd", sliding_window_view(f, k.shape[:2], axis=(1, 2)), k)

    def to_image(self, g, k):
        windows = sliding_window_view(padded(g, k), k.shape[:2], axis=(1, 2))
        return np.einsum("byxdij,ijcd->byxc", windows, k[::-1, ::-1])

    def to_kernel(self, f, g):
        return np.einsum("bijcyx,byxd->ijcd", sliding_window_view(f, g.shape[1:3], axis=(1, 2)), g)


class Im2col(Conv2Style):
    """Windows copied into the rows of a matrix, and one matrix product."""

    def correlate(self, f, k):
        rows, shape = self._rows(f, *k.shape[:2])
        return (rows @ k.reshape(-1, k.shape[-1])).reshape(*shape, -1)

    def to_image(self, g, k):
        rows, shape = self._rows(padded(g, k), *k.shape[:2])
        turned = k[::-1, ::-1].transpose(0, 1, 3, 2)
        return (rows @ turned.reshape(-1, k.shape[2])).reshape(*shape, -1)

    def to_kernel(self, f, g):
        kh, kw = f.shape[1] - g.shape[1] + 1, f.shape[2] - g.shape[2] + 1
        rows, _ = self._rows(f, kh, kw)
        return (rows.T @ g.reshape(-1, g.shape[-1])).reshape(kh, kw, f.shape[-1], -1)

    @staticmethod
    def _rows(f, kh, kw):
        windows = sliding_window_view(f, (kh, kw), axis=(1, 2)).transpose(0, 1, 2, 4, 5, 3)
        return windows.reshape(-1, kh * kw * f.shape[-1]), windows.shape[:3]


class OneByOne(Conv2Style):
    """Sums to which one product after the other is added, as six nested loops do: the least accurate."""

    def correlate(self, f, k):
        h, w = f.shape[1] - k.shape[0] + 1, f.shape[2] - k.shape[1] + 1
        top = np.zeros((len(f), h, w, k.shape[-1]), f.dtype)
        for ky, kx, c in np.ndindex(k.shape[:3]):
            top += f[:, ky : ky + h, kx : kx + w, c, np.newaxis] * k[ky, kx, c]
        return top

    def to_image(self, g, k):
        (B, h, w, C2), (kh, kw, C1, _) = g.shape, k.shape
        image = np.zeros((B, h + kh - 1, w + kw - 1, C1), g.dtype)
        for ky, kx, c in np.ndindex(kh, kw, C2):
            image[:, ky : ky + h, kx : kx + w] += g[..., c, np.newaxis] * k[ky, kx, :, c]
        return image

    def to_kernel(self, f, g):
        kh, kw = f.shape[1] - g.shape[1] + 1, f.shape[2] - g.shape[2] + 1
        kernel = np.zeros((kh, kw, f.shape[-1], g.shape[-1]), g.dtype)
        for b, y, x in np.ndindex(g.shape[:3]):
            kernel += f[b, y : y + kh, x : x + kw, :, np.newaxis] * g[b, y, x]
        return kernel


class Scipy2d(Conv2Style):
    """scipy.signal's correlate2d and convolve2d, one pair of channels at a time."""

    def correlate(self, f, k):
        def one(b, c):
            pairs = ((f[b, :, :, i], k[:, :, i, c]) for i in range(f.shape[-1]))
            return sum(signal.correlate2d(*pair, "valid") for pair in pairs)

        return self._table(one, len(f), k.shape[3]).transpose(0, 2, 3, 1)

    def to_image(self, g, k):
        def one(b, i):
            pairs = ((g[b, :, :, c], k[:, :, i, c]) for c in range(g.shape[-1]))
            return sum(signal.convolve2d(*pair, "full") for pair in pairs)

        return self._table(one, len(g), k.shape[2]).transpose(0, 2, 3, 1)

    def to_kernel(self, f, g):
        def one(i, c):
            pairs = ((f[b, :, :, i], g[b, :, :, c]) for b in range(len(f)))
            return sum(signal.correlate2d(*pair, "valid") for pair in pairs)

        return self._table(one, f.shape[3], g.shape[3]).transpose(2, 3, 0, 1)

    @staticmethod
    def _table(one, rows, columns):
        return np.array([[one(row, column) for column in range(columns)] for row in range(rows)])


class ScipyFFT(Conv2Style):
    """scipy.signal.fftconvolve: its errors are spread evenly over small and large elements."""

    def correlate(self, f, k):
        f, k = f[..., np.newaxis], k[np.newaxis, ::-1, ::-1]
        return signal.fftconvolve(f, k, "valid", axes=(1, 2)).sum(axis=3)

    def to_image(self, g, k):
        return signal.fftconvolve(g[:, :, :, np.newaxis], k[np.newaxis], "full", axes=(1, 2)).sum(axis=4)

    def to_kernel(self, f, g):
        f, g = f[..., np.newaxis], g[:, ::-1, ::-1, np.newaxis]
        return signal.fftconvolve(f, g, "valid", axes=(1, 2)).sum(axis=0)


class SixLoops(Conv2Style):
    """Six nested Python loops around one multiplication: for its time."""

    def correlate(self, f, k):
        h, w = f.shape[1] - k.shape[0] + 1, f.shape[2] - k.shape[1] + 1
        top = np.zeros((len(f), h, w, k.shape[-1]), f.dtype)
        for b, y, x, c2, ky, kx, c1 in self._places(top, k):
            top[b, y, x, c2] += f[b, y + ky, x + kx, c1] * k[ky, kx, c1, c2]
        return top

    def to_image(self, g, k):
        image = np.zeros_like(self.f.top)
        for b, y, x, c2, ky, kx, c1 in self._places(g, k):
            image[b, y + ky, x + kx, c1] += g[b, y, x, c2] * k[ky, kx, c1, c2]
        return image

    def to_kernel(self, f, g):
        kernel = np.zeros_like(self.k.top)
        for b, y, x, c2, ky, kx, c1 in self._places(g, kernel):
            kernel[ky, kx, c1, c2] += f[b, y + ky, x + kx, c1] * g[b, y, x, c2]
        return kernel

    @staticmethod
    def _places(g, k):
        (B, h, w, C2), (kh, kw, C1, _) = g.shape, k.shape
        for b in range(B):
            for y in range(h):
                for x in range(w):
                    for c2 in range(C2):
                        for ky in range(kh):
                            for kx in range(kw):
                                for c1 in range(C1):
                                    yield b, y, x, c2, ky, kx, c1


# What is edited: each of these occurs once in the solution.
PRODUCT, TO_LEFT, TO_RIGHT = "self.x.top @ self.y.top", "self.grad @ self.y.top.T", "self.x.top.T @ self.grad"
BIAS = "over_batch.sum(axis=copied[:-1])"
RELU_SLOPE = "self.grad * (self.x.top >= 0)"
SIGMOID = "np.where(self.x.top >= 0, 1, small) / (1 + small)"
MEAN, SHARE = "np.mean(self.x.top)", "self.grad / self.x.top.size"
LOSS, LOSS_GRADIENT = "-log_softmax[rows, labels]", "self.grad[:, np.newaxis] * (self.softmax - onehot)"
CONV, TO_IMAGE = "f[seen] @ k[ky, kx]", "self.grad @ self.k.top[ky, kx].T"
KERNEL_PLACE, TO_KERNEL = "kernel_grad[ky, kx] =", "np.tensordot(self.f.top[seen], self.grad,"
VELOCITY, STEP, SGD_STEP = "mom * p.velocity + p.grad", "lr * p.velocity", "lr * p.grad"
FLATTEN, UNFLATTEN = "reshape(len(self.x.top), -1)", "self.grad.reshape(self.x.top.shape)"

ROUGH_SUMS = (  # every sum taken one addend after the other
    (PRODUCT, "np.cumsum(self.x.top.T[:, :, np.newaxis] * self.y.top[:, np.newaxis], axis=0)[-1]"),
    (TO_LEFT, "np.cumsum(self.grad.T[:, :, np.newaxis] * self.y.top.T[:, np.newaxis], axis=0)[-1]"),
    (TO_RIGHT, "np.cumsum(self.x.top[:, :, np.newaxis] * self.grad[:, np.newaxis], axis=0)[-1]"),
    (BIAS, "np.cumsum(self.grad.reshape(-1, *self.y.top.shape), axis=0)[-1]"),
    (MEAN, "np.cumsum(self.x.top)[-1] / self.x.top.dtype.type(self.x.top.size)"),
)
EINSUMS = (
    (PRODUCT, "np.einsum('bn,nm->bm', self.x.top, self.y.top)"),
    (TO_LEFT, "np.einsum('bm,nm->bn', self.grad, self.y.top)"),
    (TO_RIGHT, "np.einsum('bn,bm->nm', self.x.top, self.grad)"),
    (SIGMOID, "1 / (1 + np.exp(-self.x.top))"),
    # As a textbook's log-sum-exp: in float32, a largest logit of 1000 swallows digits of the loss.
    (LOSS, "np.log(np.exp(shifted).sum(axis=1)) + self.x.top.max(axis=1) - self.x.top[rows, labels]"),
)
STYLES = [
    Variant("the reference's code"),
    Variant("einsum", EINSUMS, Einsum),
    Variant("im2col", ((SIGMOID, "(1 + np.tanh(self.x.top / 2)) / 2"),), Im2col),
    Variant("one addend after the other", ROUGH_SUMS, OneByOne),
    Variant("scipy correlate2d", (), Scipy2d),
    Variant("scipy fftconvolve", (), ScipyFFT),
]
FLOAT16 = Variant("all in float16", (), None, np.float16)

CONV_ONLY, MLP_ONLY = ("mnist_conv",), ("mnist_mlp",)
FLOAT32_BUFFERS = (
    ("dtype=f.dtype", "dtype=np.float32"),
    ("np.zeros_like(self.f.top)", "np.zeros_like(self.f.top, dtype=np.float32)"),
    ("np.zeros_like(self.k.top)", "np.zeros_like(self.k.top, dtype=np.float32)"),
)
FLOAT32_CONSTANTS = (
    (SHARE, "self.grad * np.float32(1 / self.x.top.size)"),
    (VELOCITY, "np.float32(mom) * p.velocity + p.grad"),
    (STEP, "np.float32(lr) * p.velocity"),
    (SGD_STEP, "np.float32(lr) * p.grad"),
)
CORRECT = [
    *STYLES[1:4],
    Variant("scipy correlate2d", (), Scipy2d, nets=CONV_ONLY),
    Variant("scipy fftconvolve", (), ScipyFFT, nets=CONV_ONLY),
    Variant("float32 sums inside conv2", FLOAT32_BUFFERS, nets=CONV_ONLY),
    Variant("velocity kept in float32", ((VELOCITY, f"({VELOCITY}).astype(np.float32)"),), nets=CONV_ONLY),
    Variant("RELU with slope 0 at 0", ((RELU_SLOPE, "self.grad * (self.x.top > 0)"),)),
    Variant("constants rounded to float32", FLOAT32_CONSTANTS),
    Variant("1e-8 added inside the log", ((LOSS, "-np.log(np.exp(log_softmax[rows, labels]) + 1e-8)"),)),
    Variant("all in float32", (), None, np.float32),
    Variant("all in float32, im2col", (), Im2col, np.float32, CONV_ONLY),
    Variant("all in float32, one addend after the other", ROUGH_SUMS, OneByOne, np.float32),
    Variant("all in float32, scipy fftconvolve", (), ScipyFFT, np.float32, CONV_ONLY),
]


def wrong(name, *edits, nets=NETS):
    return Variant(name, edits, nets=nets)


def wrong_conv(name, *edits):
    return Variant(name, edits, nets=CONV_ONLY)


FLIPPED = "[-1 - ky, -1 - kx]"
FLIP_FORWARD, FLIP_IMAGE = (CONV, f"f[seen] @ k{FLIPPED}"), (TO_IMAGE, f"self.grad @ self.k.top{FLIPPED}.T")
FLIP_KERNEL = (KERNEL_PLACE, f"kernel_grad{FLIPPED} =")
WRONG = [
    wrong("bias: no gradient", (BIAS, "0")),
    wrong("bias: gradient divided by the batch size", (BIAS, f"{BIAS} / len(self.grad)")),
    wrong_conv("bias: mean over all places, not sum", (BIAS, "self.grad.mean(axis=copied)")),
    wrong("bias: gradient of the first image only", (BIAS, "self.grad[:1].sum(axis=copied)")),
    wrong("RELU: backward passes everything on", (RELU_SLOPE, "self.grad")),
    wrong("RELU: looks at the sign of the gradient", (RELU_SLOPE, "self.grad * (self.grad >= 0)")),
    wrong("mean: forward gives the sum", (MEAN, "np.sum(self.x.top)")),
    wrong("mean: backward does not divide", (SHARE, "self.grad")),
    wrong("smaxloss: gradient divided by the batch size once more", (LOSS_GRADIENT, f"{LOSS_GRADIENT} / len(rows)")),
    wrong("smaxloss: upstream gradient ignored", (LOSS_GRADIENT, "(self.softmax - onehot)")),
    wrong("smaxloss: gradient without the label", (LOSS_GRADIENT, "self.grad[:, np.newaxis] * self.softmax")),
    wrong("matmul: no gradient to x", (TO_LEFT, "0")),
    wrong("Backward: Params' gradients are not zeroed", ("for node in ops + params:", "for node in ops:")),
    wrong("SGD: uphill", (f"p.top - {SGD_STEP}", f"p.top + {SGD_STEP}"), nets=MLP_ONLY),
    wrong("SGD: step 1 % too long", (SGD_STEP, f"1.01 * {SGD_STEP}"), nets=MLP_ONLY),
    wrong_conv("conv2: forward flipped", FLIP_FORWARD),
    wrong_conv("conv2: true convolution, all three flipped", FLIP_FORWARD, FLIP_IMAGE, FLIP_KERNEL),
    wrong_conv("image gradient: kernel flipped", FLIP_IMAGE),
    wrong_conv("image gradient: zero", ("self.f.grad + image_grad", "self.f.grad + 0 * image_grad")),
    wrong_conv("image gradient: overwritten, not summed", ("image_grad[seen] +=", "image_grad[seen] =")),
    wrong_conv("kernel gradient: flipped", FLIP_KERNEL),
    wrong_conv("kernel gradient: rows and columns exchanged", (KERNEL_PLACE, "kernel_grad[kx, ky] =")),
    wrong_conv("kernel gradient: of the first image only", (TO_KERNEL, "np.tensordot(self.f.top[seen][:1], self.grad[:1],")),
    wrong_conv("kernel gradient: divided by the batch size", (TO_KERNEL, f"1 / len(self.grad) * {TO_KERNEL}")),
    wrong_conv("kernel gradient: last row missing", (TO_KERNEL, f"(ky + 1 < len(kernel_grad)) * {TO_KERNEL}")),
    wrong_conv("kernel gradient: 1 % too large", (TO_KERNEL, f"1.01 * {TO_KERNEL}")),
    wrong_conv("down2: gradient divided by 4", ("x_grad[:, ::2, ::2, :] = self.grad", "x_grad[:, ::2, ::2, :] = self.grad / 4")),
    wrong_conv("flatten: backward in Fortran order", (UNFLATTEN, f"{UNFLATTEN[:-1]}, order='F')")),
    wrong_conv("flatten: Fortran order both ways", (UNFLATTEN, f"{UNFLATTEN[:-1]}, order='F')"), (FLATTEN, f"{FLATTEN[:-1]}, order='F')")),
    wrong_conv("momentum: no history", (VELOCITY, "p.grad")),
    wrong_conv("momentum: only the last gradient", (f"p.velocity = {VELOCITY}", "p.velocity, p.last = mom * getattr(p, 'last', 0) + p.grad, p.grad")),
    wrong_conv("momentum: gradient times 1 − mom", (VELOCITY, "mom * p.velocity + (1 - mom) * p.grad")),
    wrong_conv("momentum: Nesterov's", (STEP, "lr * (mom * p.velocity + p.grad)")),
    wrong_conv("momentum: lr applied twice", (VELOCITY, "mom * p.velocity + lr * p.grad")),
    wrong_conv("momentum: always 0.9", (VELOCITY, "0.9 * p.velocity + p.grad")),
    wrong_conv("momentum: restarts every fifth step", (f"p.velocity = {VELOCITY}", f"p.n = getattr(p, 'n', 0) + 1; p.velocity = (p.n % 5 > 0) * {VELOCITY}")),
    wrong_conv("momentum: uphill", (f"p.top - {STEP}", f"p.top + {STEP}")),
]  # fmt: skip


# The measurements. Each function up to `main` is one job, done in a process of the pool.


def secret(seed):
    return f"measure {seed}".encode()


def judge_with(**functions):
    """Put other functions in place of the judge's own, in every module that imported them by name."""
    for module in [m for name, m in sys.modules.items() if name.startswith("autograder.")]:
        for name, function in functions.items():
            if hasattr(module, name):
                setattr(module, name, function)


def analytic(op, upstream, to):
    """The reference's own backward, in float64."""
    edf = reference.reference()
    edf.fresh()
    node, leaves = reference.in_float64(op).build(edf, params=[to])
    node.forward()
    node.grad = upstream.astype(np.float64)
    node.backward()
    return leaves[to].grad


def run_op_checks(variant, seeds, before=lambda exercise: None, failed=None):
    """Run every check but those of training, with the inputs of these course secrets."""
    student, _ = variant.load()
    # Where only conv2 is another, the other exercises would only be measured twice.
    only_conv2 = variant.conv2 and not variant.edits
    for seed in seeds:
        for exercise in load_exercises().values():
            if exercise.id in NETS or only_conv2 and exercise.id not in CONV2_EXERCISES:
                continue
            before(exercise)
            for check in exercise.checks:
                try:
                    check.run(student, Draw(secret(seed), exercise.id, check.id))
                except compare.Mismatch:
                    # Not of numbers: a graph of another depth, where rounding to float16 chose.
                    if variant.dtype != np.float16:
                        raise
                    failed()
                student.fresh()
        reference._remembered.clear()


def op_deviations(variant, seeds):
    """How far a variant is from the reference: {exercise: Counter}.

    It counts the comparisons, those that each rule would call wrong, and those in which the rule would
    notice that one element, drawn, is off by 1 %. Of all elements it keeps the largest relative deviation
    and the largest share of what the rule allows.
    """
    found = collections.defaultdict(collections.Counter)
    rng = np.random.default_rng(seeds[0])
    here = None

    def begin(exercise):
        nonlocal here
        here = found[exercise.id]

    def failed():
        here["comparisons"] += 1
        here.update(("alarms", rule) for rule in RULES)

    def raise_to(key, number):
        here[key] = max(here[key], number)

    def record(got, expected, what, tolerance=None):
        tolerance = compare.TOLERANCES.get(got.dtype, compare.TOLERANCES[np.dtype(np.float32)])
        expected, got = np.asarray(expected, np.float64), got.astype(np.float64).reshape(np.shape(expected))
        off, size = np.abs(got - expected), np.abs(expected)
        place = None
        if places := list(np.flatnonzero(expected)):
            place = np.unravel_index(rng.choice(places), expected.shape)
            raise_to("relative", (off[expected != 0] / size[expected != 0]).max())
        here["comparisons"] += 1
        here["changed"] += place is not None
        for rule in RULES:
            if rule == MAX_NORM:
                allowed = tolerance * np.full_like(size, size.max())
            else:
                allowed = tolerance * (size + rule * np.sqrt(np.mean(expected**2)))
            here["alarms", rule] += bool((off > allowed).any())
            raise_to(("ratio", rule), np.nan_to_num(off / allowed).max())  # 0 / 0 where all is 0, rightly
            if place is not None:
                here["caught", rule] += abs(1.01 * got[place] - expected[place]) > allowed[place]

    judge_with(expect_close=record, expect_unchanged=lambda *_: None)
    reference.gradient = analytic
    with np.errstate(all="ignore"):
        run_op_checks(variant, seeds, begin, failed)
    return dict(found)


def difference_errors(epsilon, seeds):
    """Worst distance of central differences to the analytic gradients: {op: relative to the largest}."""
    errors = collections.Counter()
    central = reference._gradient
    reference.EPSILON, reference.AGREEMENT = epsilon, 1e9

    def gradient(op, upstream, to):
        right = analytic(op, upstream, to)
        if right.any():
            numeric = central(op, upstream.astype(np.float64), to)
            name = f"{op.name}, logits of ±1000" if np.abs(op.inputs[to]).max() > 900 else op.name
            errors[name] = max(errors[name], np.abs(right - numeric).max() / np.abs(numeric).max())
        return right

    judge_with(expect_close=lambda *_: None, expect_unchanged=lambda *_: None)
    reference.gradient = gradient
    run_op_checks(STYLES[0], seeds)
    return dict(errors)


def single_sums(count):
    """`mean` in float32: {what it is of: share of draws that the judge would call wrong, for two orders}."""
    rng = np.random.default_rng(0)
    shares = {}
    for kind, draw in (("normal", rng.standard_normal), ("between 1 and 3", lambda s: rng.uniform(1, 3, s))):
        for n in (3, 12, 60):
            x = draw((count, n)).astype(np.float32)
            right = x.mean(axis=1, dtype=np.float64)
            got = x.mean(axis=1), np.cumsum(x, axis=1)[:, -1] / np.float32(n)
            allowed = compare.TOLERANCES[x.dtype] * (1 + compare.RMS_SHARE) * np.abs(right)
            shares[f"{n}, {kind}"] = [np.mean(np.abs(g - right) > allowed) for g in got]
    return shares


def start_of(net, seed, check, rate=None):
    """(Training, its start, its batches, rates) of a check, for this course secret."""
    run = load_exercises()[net].training
    start, batches, _, *rates = getattr(run, check)(Draw(secret(seed), net, check))
    return run, start, batches, [rate, *rates[1:]] if rate else rates


def losses_of(variant, run, start, batches, dtype, rates):
    """The losses of a training run; nan from the step on at which it broke."""
    losses = np.full(len(batches), np.nan)
    with np.errstate(all="ignore"):
        for i, (loss, _) in enumerate(run.losses(variant.load()[0], start, batches, dtype, *rates)):
            losses[i] = np.squeeze(loss)
    return losses


def loss_deviations(net, seed, check, dtype, variants, rate=None):
    """{variant: largest relative deviation of its first ten losses from the reference's}."""
    run, start, batches, rates = start_of(net, seed, check, rate)
    batches = batches[: training.FIRST_STEPS]
    right = losses_of(STYLES[0], run, start, batches, dtype, rates)
    deviations = {}
    for variant in variants:
        if net in variant.nets:
            losses = losses_of(variant, run, start, batches, dtype, rates)
            off = np.abs(losses - right) / np.abs(right)
            deviations[variant.name] = float(np.nan_to_num(off, nan=np.inf).max())
    return deviations


def kinks(net, seed, with_biases):
    """RELU inputs in the first step: (share exactly 0, share nearer to 0 than 1e-6)."""
    run, start, batches, _ = start_of(net, seed, "first_steps")
    if not with_biases:
        start = [array if fan_in else 0 * array for array, fan_in in zip(start, run.fan_in)]
    edf, module = STYLES[0].load()
    next(run.losses(edf, start, batches, np.float64, *[0] * (1 + (run.optimizer == "momentum"))))
    inputs = np.concatenate([op.x.top.ravel() for op in module.ops if isinstance(op, module.RELU)])
    return np.mean(inputs == 0), np.mean(np.abs(inputs) < 1e-6)


def long_run(net, seed, variant, rate=None):
    """A whole long run: (share of hidden digits right, CPU seconds of the training)."""
    run, start, batches, rates = start_of(net, seed, "long_run", rate)
    began = time.process_time()
    with np.errstate(all="ignore"):
        for _, nodes in run.losses(variant.load()[0], start, batches, np.float32, *rates):
            pass
        seconds = time.process_time() - began
        return run.accuracy_of([np.asarray(node.top, np.float32) for node in nodes]), seconds


def six_loops(steps):
    """CPU seconds a step of the first steps of the conv net, with a conv2 of six Python loops."""
    run, start, batches, rates = start_of("mnist_conv", 0, "first_steps")
    began = time.process_time()
    losses_of(Variant("six loops", (), SixLoops), run, start, batches[:steps], np.float64, rates)
    return (time.process_time() - began) / steps


# Tables


def done(pool, title, function, jobs):
    """Results of function(*job) for all jobs, in their order, with progress on stderr."""
    began, handles = time.monotonic(), [pool.apply_async(function, job) for job in jobs]
    results = []
    for handle in handles:
        results.append(handle.get())
        print(f"\r{title}: {len(results)} of {len(jobs)}", end="", file=sys.stderr, flush=True)
    print(f", {time.monotonic() - began:.0f} s", file=sys.stderr)
    return results


def table(title, header, rows):
    print(f"\n### {title}\n")
    print("| " + " | ".join(header) + " |")
    print("| --- " + "| --: " * (len(header) - 1) + "|")
    for row in rows:
        print("| " + " | ".join(map(str, row)) + " |")


def spread(numbers):
    """Smallest, median and largest, as three cells."""
    return [f"{n:.1e}" for n in (min(numbers), np.median(numbers), max(numbers))]


def gathered(results):
    """[{name: number}] → {name: [numbers]}"""
    lists = collections.defaultdict(list)
    for result in results:
        for name, number in result.items():
            lists[name].append(number)
    return lists


def chunks(count, size=25):
    return [range(i, min(i + size, count)) for i in range(0, count, size)]


def measure_ops(pool, secrets):
    jobs = [(variant, seeds) for variant in [*STYLES, FLOAT16] for seeds in chunks(secrets)]
    by_style, by_exercise = (collections.defaultdict(collections.Counter) for _ in range(2))
    rules = collections.Counter()
    for (variant, _), found in zip(jobs, done(pool, "A operations", op_deviations, jobs)):
        for id, counts in found.items():
            merge(by_style[variant.name], counts)
            if variant is not FLOAT16:
                merge(by_exercise[id], counts)
                merge(rules, counts)

    def cells(counts, rule=RULES[0]):
        caught = counts["caught", rule] / counts["changed"]
        return [counts["alarms", rule], f"{counts['ratio', rule]:.2g}", f"{caught:.2%}"]

    header = ["false alarms", "largest share of what is allowed", "1 % in one element caught"]
    title = f"A. Operations in float32 against the reference in float64, {secrets} secrets"
    near = {id: counts for id, counts in by_exercise.items() if counts["ratio", RULES[0]] >= 0.01}
    near["the other " + str(len(by_exercise) - len(near))] = others = collections.Counter()
    for id in by_exercise.keys() - near.keys():
        merge(others, by_exercise[id])
    for kind, groups in (("style", by_style), ("exercise", near)):
        rows = [[n, c["comparisons"], *cells(c), f"{c['relative']:.0e}"] for n, c in groups.items()]
        table(f"{title}, by {kind}", [kind, "comparisons", *header, "largest relative deviation"], rows)
    rows = [[rule, rules["comparisons"], *cells(rules, rule)] for rule in RULES]
    table(f"{title}, by RMS_SHARE", ["rule", "comparisons", *header], rows)


def merge(total, counts):
    """Add counts up; of "relative" and "ratio", keep the largest."""
    for key, number in counts.items():
        largest = key == "relative" or key[0] == "ratio"
        total[key] = max(total[key], number) if largest else total[key] + number


def measure_single_sums(pool, count):
    (shares,) = done(pool, "A single sums", single_sums, [(count,)])
    rows = [[kind, *(f"{share:.1e}" for share in orders)] for kind, orders in shares.items()]
    title = f"A. `mean`: share of {count} draws on which the judge would call correct float32 code wrong"
    table(title, ["elements", "np.mean", "one addend after the other"], rows)


def measure_differences(pool, secrets):
    epsilons = [1e-3, 1e-4, 1e-5, 1e-6, 1e-7]
    jobs = [(e, seeds) for e in epsilons for seeds in chunks(secrets if e == 1e-5 else 4, 5)]
    worst = collections.Counter()
    for (epsilon, _), errors in zip(jobs, done(pool, "E central differences", difference_errors, jobs)):
        for name, error in errors.items():
            worst[name, epsilon] = max(worst[name, epsilon], error)
    rows = [[name, *(f"{worst[name, e]:.1e}" for e in epsilons)] for name in sorted({n for n, _ in worst})]
    title = f"E. Central differences: error by the largest element, {secrets} secrets (4 unless 1e-5)"
    table(title, ["operation", *(f"ε = {e:.0e}" for e in epsilons)], rows)


def measure_training(pool, net, seeds):
    """First steps of all variants, drift of the long run's losses, and where wrong code gets to."""
    variants = [v for v in CORRECT + WRONG if net in v.nets]
    first = [(net, s, "first_steps", np.float64, variants) for s in range(seeds)]
    first = gathered(done(pool, f"B {net}", loss_deviations, first))
    single = [v for v in variants if not v.dtype]  # in the long run, all is float32 anyway
    drift = [(net, s, "long_run", np.float32, single) for s in range(max(seeds // 2, 2))]
    drift = gathered(done(pool, f"D {net}", loss_deviations, drift))
    wrong_runs = [(v, s) for v in variants if v in WRONG for s in range(WRONG_RUNS)]
    shares = done(pool, f"C {net}, wrong", long_run, [(net, s, v) for v, s in wrong_runs])
    reached = collections.defaultdict(list)
    for (variant, _), (share, _) in zip(wrong_runs, shares):
        reached[variant.name].append(f"{share:.2f}")

    of_first = ["first steps: min", "median", "max"]
    rows = [
        [v.name, *spread(first[v.name]), f"{max(drift[v.name]):.1e}" if v.name in drift else "–"]
        for v in variants
        if v in CORRECT
    ]
    title = f"B, D. {net}, correct code: largest relative deviation of a loss, {seeds} seeds"
    table(title, ["variant", *of_first, "long run, float32: max"], rows)
    rows = [
        [v.name, *spread(first[v.name]), f"{min(drift[v.name]):.1e}", ", ".join(reached[v.name])]
        for v in sorted((v for v in variants if v in WRONG), key=lambda v: min(first[v.name]))
    ]
    title = f"B, C, D. {net}, wrong code: largest relative deviation of a loss, {seeds} seeds"
    table(title, ["variant", *of_first, "long run, float32: min", "hidden digits right"], rows)


def measure_kinks(pool, seeds):
    rows = []
    for net in NETS:
        for biases in (True, False):
            shares = done(pool, f"B kinks {net}", kinks, [(net, s, biases) for s in range(seeds)])
            worst = [f"{share:.1e}" for share in np.max(shares, axis=0)]
            rows.append([f"{net}, {'biases of ±0.05' if biases else 'biases of 0'}", *worst])
    title = f"B. Inputs of RELU at the start, largest share over {seeds} seeds"
    table(title, ["network", "exactly 0", "nearer to 0 than 1e-6"], rows)


def measure_first_rates(pool, seeds):
    rows = []
    for net, exponents in (("mnist_mlp", range(-6, -2)), ("mnist_conv", range(-9, -3))):
        for e in exponents:
            jobs = [(net, s, "first_steps", np.float64, CORRECT + WRONG, 2.0**e) for s in range(seeds)]
            deviations = gathered(done(pool, f"B {net} 2^{e}", loss_deviations, jobs))
            correct = max((max(deviations[v.name]), v.name) for v in CORRECT if v.name in deviations)
            wrongs = sorted((min(deviations[v.name]), v.name) for v in WRONG if v.name in deviations)
            nearest = "; ".join(f"{name} {off:.1e}" for off, name in wrongs[:2])
            rows.append([f"{net}, 2^{e}", f"{correct[0]:.1e}", f"{wrongs[0][0] / correct[0]:.0f}", nearest])
    title = f"B. Other learning rates of the first steps, {seeds} seeds"
    table(title, ["network, rate", "correct code, max", "gap (factor)", "nearest wrong code, min"], rows)


def measure_long_runs(pool, seeds):
    rows = []
    for net in NETS:
        bar = load_exercises()[net].training.accuracy
        results = done(pool, f"C {net}", long_run, [(net, s, STYLES[0]) for s in range(seeds)])
        shares, seconds = np.transpose(results)
        sd = shares.std(ddof=1)
        cells = [f"{shares.mean():.3f}", f"{sd:.3f}", f"{shares.min():.3f}", f"{shares.max():.3f}", bar]
        times = " – ".join(f"{t:.1f}" for t in (min(seconds), np.median(seconds), max(seconds)))
        rows.append([net, *cells, f"{(shares.mean() - bar) / sd:.1f}", times])
    header = ["network", "mean", "sd", "min", "max", "bar", "mean − bar, in sd", "CPU s: min – median – max"]
    table(f"C. Long runs of correct code: share of hidden digits right, {seeds} seeds", header, rows)


def measure_rates(pool, seeds):
    rows = []
    of_net = {"mnist_mlp": (0.02, 0.05, 0.1, 0.2, 0.4), "mnist_conv": (0.001, 0.003, 0.01, 0.03)}
    for net, rates in of_net.items():
        for rate in rates:
            jobs = [(net, s, STYLES[0], rate) for s in range(seeds)]
            shares = np.array([share for share, _ in done(pool, f"C {net} {rate}", long_run, jobs)])
            cells = [shares.mean(), shares.std(ddof=1), shares.min()]
            rows.append([f"{net}, {rate}", *(f"{c:.3f}" for c in cells)])
    table(f"C. Other rates of the long runs, {seeds} seeds", ["network, rate", "mean", "sd", "min"], rows)


def main():
    """Measure everything, about a quarter of an hour at the default."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=20, help="of the first steps; the rest in proportion")
    n = parser.parse_args().seeds
    began = time.monotonic()
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        for net in NETS:
            measure_training(pool, net, n)
        measure_kinks(pool, n)
        measure_first_rates(pool, max(n // 4, 2))
        measure_long_runs(pool, 3 * n)
        measure_rates(pool, max(n // 4, 2))
        (seconds,) = done(pool, "six loops", six_loops, [(2,)])
        print(f"\nA conv2 of six Python loops: {seconds:.1f} s of CPU time for each of the first steps.")
        # Last, since these two leave a changed judge behind in the processes of the pool.
        measure_ops(pool, 50 * n)
        measure_single_sums(pool, 50_000 * n)
        measure_differences(pool, 2 * n)
    print(f"\n{n} seeds, {time.monotonic() - began:.0f} s.", file=sys.stderr)


if __name__ == "__main__":
    main()
