"""Ways to write conv2's forward as a function of images and kernels: without loops over pixels, and with them.

The names of the functions are their styles. They are read as text, too, to be run in the sandbox.
"""

import functools
import itertools
import operator
from itertools import starmap as imported_starmap

import numpy as np
import scipy.fft
import scipy.linalg
import scipy.ndimage
import scipy.signal
from numpy.lib.stride_tricks import as_strided, sliding_window_view


def sizes(f, k):
    """B, height and width of the result, kh, kw, C1, C2."""
    (B, H, W, C1), (kh, kw, _, C2) = f.shape, k.shape
    return B, H - kh + 1, W - kw + 1, kh, kw, C1, C2


def patches(f, k):
    """A row for each place of the kernel, the kernel as a matrix, and the shape of the result."""
    B, h, w, kh, kw, C1, C2 = sizes(f, k)
    rows = sliding_window_view(f, (kh, kw), axis=(1, 2)).reshape(B * h * w, C1 * kh * kw)
    return rows, k.transpose(2, 0, 1, 3).reshape(-1, C2), (B, h, w, C2)


def one_by_one(correlate):
    """conv2 by a function that correlates one image of one channel with one kernel."""

    def conv(f, k):
        B, h, w, _, _, C1, C2 = sizes(f, k)
        g = np.zeros((B, h, w, C2))
        for b, c1, c2 in np.ndindex(B, C1, C2):
            g[b, :, :, c2] += correlate(f[b, :, :, c1], k[:, :, c1, c2])
        return g

    return conv


def taps(f, k):
    B, h, w, kh, kw, C1, C2 = sizes(f, k)
    g = np.zeros((B, h, w, C2))
    for y in range(kh):
        for x in range(kw):
            g += f[:, y : y + h, x : x + w] @ k[y, x]
    return g


def tap_comprehension(f, k):
    _, h, w, kh, kw, _, _ = sizes(f, k)
    return sum(np.tensordot(f[:, y : y + h, x : x + w], k[y, x], 1) for y, x in np.ndindex(kh, kw))


def im2col(f, k):
    rows, matrix, shape = patches(f, k)
    return (rows @ matrix).reshape(shape)


def index_arrays(f, k):
    _, h, w, kh, kw, _, _ = sizes(f, k)
    rows, columns = np.arange(h)[:, None] + np.arange(kh), np.arange(w)[:, None] + np.arange(kw)
    return np.tensordot(f[:, rows[:, None, :, None], columns[None, :, None, :]], k, 3)


def ix(f, k):
    B, h, w, kh, kw, _, _ = sizes(f, k)
    places = itertools.product(range(kh), range(kw))
    return sum(f[np.ix_(range(B), range(y, y + h), range(x, x + w))] @ k[y, x] for y, x in places)


def einsum(f, k):
    return np.einsum("byxcij,ijcd->byxd", sliding_window_view(f, k.shape[:2], axis=(1, 2)), k)


def einsum_optimized(f, k):
    return np.einsum("byxcij,ijcd->byxd", sliding_window_view(f, k.shape[:2], axis=(1, 2)), k, optimize=True)


def strides(f, k):
    B, h, w, kh, kw, C1, _ = sizes(f, k)
    b, y, x, c = f.strides
    return np.tensordot(as_strided(f, (B, h, w, kh, kw, C1), (b, y, x, y, x, c)), k, 3)


def fft(f, k):
    _, h, w, *_ = sizes(f, k)
    size = f.shape[1:3]
    waves = np.fft.rfft2(f, size, (1, 2))[..., None, :] @ np.conj(np.fft.rfft2(k, size, (0, 1)))
    return np.fft.irfft2(waves[..., 0, :], size, (1, 2))[:, :h, :w]


def scipy_fft(f, k):
    _, h, w, *_ = sizes(f, k)
    size = [scipy.fft.next_fast_len(n, real=True) for n in f.shape[1:3]]
    waves = scipy.fft.rfft2(f, size, (1, 2))[..., None, :] @ np.conj(scipy.fft.rfft2(k, size, (0, 1)))
    return scipy.fft.irfft2(waves[..., 0, :], size, (1, 2))[:, :h, :w]


def padded(f, k):
    return taps(np.pad(f, ((0, 0), (1, 1), (2, 2), (0, 0))), k)[:, 1:-1, 2:-2]


def toeplitz(f, k):
    B, h, w, kh, kw, C1, C2 = sizes(f, k)
    g = np.zeros((B, h, w, C2))
    for y, c1, c2 in np.ndindex(kh, C1, C2):
        column = np.pad(k[y, :1, c1, c2], (0, w - 1))
        band = scipy.linalg.toeplitz(column, np.pad(k[y, :, c1, c2], (0, w - 1)))
        g[..., c2] += f[:, y : y + h, :, c1] @ band.T
    return g


def printing(f, k):
    """What is left in the code after looking for a mistake."""
    g = taps(f, k)
    print("f", f, repr(k))
    print(f"{g} {g.ravel()}")
    return g


def tested(f, k):
    g = taps(f, k)
    np.testing.assert_allclose(g, einsum(f, k), rtol=1e-3, atol=1e-3)
    return g


def in_blocks(f, k):
    """Of 16 rows each, to spare memory."""
    h, kh = sizes(f, k)[1], len(k)
    return np.concatenate([einsum(f[:, y : y + 15 + kh], k) for y in range(0, h, 16)], axis=1)


def cached_indices(f, k):
    """The loops run once for each size, however often it is used."""
    B, h, w, kh, kw, C1, C2 = sizes(f, k)
    return np.tensordot(f[:, *_indices(h, w, kh, kw)], k, 3)


@functools.cache
def _indices(h, w, kh, kw):
    rows = np.array([[[[y + i] for i in range(kh)]] for y in range(h)])
    return rows, np.array([[[[x + j for j in range(kw)]] for x in range(w)]])


correlate2d = one_by_one(lambda image, kernel: scipy.signal.correlate2d(image, kernel, "valid"))
correlate = one_by_one(lambda image, kernel: scipy.signal.correlate(image, kernel, "valid"))
fftconvolve = one_by_one(lambda image, kernel: scipy.signal.fftconvolve(image, kernel[::-1, ::-1], "valid"))
oaconvolve = one_by_one(lambda image, kernel: scipy.signal.oaconvolve(image, kernel[::-1, ::-1], "valid"))


def ndimage_correlate(image, kernel):
    (H, W), (kh, kw) = image.shape, kernel.shape
    whole = scipy.ndimage.correlate(image, kernel, mode="constant")
    return whole[kh // 2 :, kw // 2 :][: H - kh + 1, : W - kw + 1]


ndimage = one_by_one(ndimage_correlate)

HONEST = [
    *(taps, tap_comprehension, im2col, index_arrays, ix, einsum, einsum_optimized, strides, fft, scipy_fft),
    *(padded, toeplitz, printing, tested, in_blocks, cached_indices),
]
# Over images and channels, which is as honest.
ONE_BY_ONE = {
    "correlate2d": correlate2d,
    "correlate": correlate,
    "fftconvolve": fftconvolve,
    "oaconvolve": oaconvolve,
    "ndimage": ndimage,
}


def six_loops(f, k):
    B, h, w, kh, kw, C1, C2 = sizes(f, k)
    g = np.zeros((B, h, w, C2))
    for b in range(B):
        for y in range(h):
            for x in range(w):
                for c2 in range(C2):
                    for i in range(kh):
                        for j in range(kw):
                            for c1 in range(C1):
                                g[b, y, x, c2] += f[b, y + i, x + j, c1] * k[i, j, c1, c2]
    return g


def pixels_of_taps(f, k):
    """The loops over pixels are the innermost."""
    g = np.zeros(patches(f, k)[2])
    for i, j in np.ndindex(k.shape[:2]):
        for b, y, x in np.ndindex(g.shape[:3]):
            g[b, y, x] += f[b, y + i, x + j] @ k[i, j]
    return g


def ndindex(f, k):
    g = np.zeros(patches(f, k)[2])
    for b, y, x in np.ndindex(g.shape[:3]):
        g[b, y, x] = np.tensordot(f[b, y : y + len(k), x : x + k.shape[1]], k, 3)
    return g


def comprehension(f, k):
    rows, matrix, shape = patches(f, k)
    return np.array([row @ matrix for row in rows]).reshape(shape)


def generator(f, k):
    rows, matrix, shape = patches(f, k)
    return np.fromiter((n for row in rows for n in row @ matrix), float).reshape(shape)


def mapped(f, k):
    rows, matrix, shape = patches(f, k)
    return np.array(list(map(lambda row: row @ matrix, rows))).reshape(shape)


def mapped_in_c(f, k):
    rows, matrix, shape = patches(f, k)
    return np.array(list(map(operator.matmul, rows, itertools.repeat(matrix)))).reshape(shape)


def starmapped_in_c(f, k):
    rows, matrix, shape = patches(f, k)
    return np.array(list(itertools.starmap(operator.matmul, zip(rows, itertools.repeat(matrix))))).reshape(
        shape
    )


def starmapped_by_its_name(f, k):
    rows, matrix, shape = patches(f, k)
    return np.array(list(imported_starmap(operator.matmul, zip(rows, itertools.repeat(matrix))))).reshape(
        shape
    )


def filtered_in_c(f, k):
    rows, matrix, shape = patches(f, k)
    return np.array(list(filter(np.ndarray.tolist, rows @ matrix))).reshape(shape)


def accumulated_in_c(f, k):
    rows, matrix, shape = patches(f, k)
    return np.diff([0, *itertools.accumulate((rows @ matrix).ravel())]).reshape(shape)


def reduced_in_c(f, k):
    rows, matrix, shape = patches(f, k)
    return np.array(functools.reduce(operator.iadd, (rows @ matrix).tolist())).reshape(shape)


def vectorized(f, k):
    rows, matrix, shape = patches(f, k)
    return np.vectorize(lambda i, c: rows[i] @ matrix[:, c])(*np.indices((len(rows), shape[-1]))).reshape(
        shape
    )


def vectorized_in_c(f, k):
    times = np.vectorize(operator.mul)
    h, w = patches(f, k)[2][1:3]
    return sum(
        times(f[:, y : y + h, x : x + w, :, None], k[y, x]).sum(axis=3) for y, x in np.ndindex(k.shape[:2])
    )


def from_python_function(f, k):
    times = np.frompyfunc(operator.mul, 2, 1)
    rows, matrix, shape = patches(f, k)
    return times(rows[:, :, None], matrix).sum(axis=1).astype(float).reshape(shape)


def along_axis(f, k):
    rows, matrix, shape = patches(f, k)
    return np.apply_along_axis(lambda row: row @ matrix, 1, rows).reshape(shape)


def nditer(f, k):
    rows, matrix, shape = patches(f, k)
    with np.nditer(rows @ matrix, flags=["refs_ok"]) as numbers:
        return np.array([float(n) for n in numbers]).reshape(shape)


def recursion(f, k):
    g = np.zeros(patches(f, k)[2])
    _fill(g, f, k, 0)
    return g


def _fill(g, f, k, n):
    if n < g.shape[1] * g.shape[2]:
        y, x = divmod(n, g.shape[2])
        g[:, y, x] = np.tensordot(f[:, y : y + len(k), x : x + k.shape[1]], k, 3)
        _fill(g, f, k, n + 1)


def rows_alone(f, k):
    h, kh = sizes(f, k)[1], len(k)
    return np.concatenate([einsum(f[:, y : y + kh], k) for y in range(h)], axis=1)


def rows_mapped_in_c(f, k):
    """A single call in C for each row."""
    return np.stack(list(map(np.ndarray.copy, einsum(f, k).swapaxes(0, 1))), axis=1)


def columns_alone(f, k):
    w, kw = sizes(f, k)[2], k.shape[1]
    return np.concatenate([einsum(f[:, :, x : x + kw], k) for x in range(w)], axis=2)


def lists_of_indices(f, k):
    """No pixel is looked at, but the lists are made in Python, one number after the other."""
    _, h, w, kh, kw, _, _ = sizes(f, k)
    rows, columns = (
        [[y + i for i in range(kh)] for y in range(h)],
        [[x + j for j in range(kw)] for x in range(w)],
    )
    return np.tensordot(f[:, np.array(rows)[:, None, :, None], np.array(columns)[None, :, None, :]], k, 3)


PIXELS = [
    *(six_loops, pixels_of_taps, ndindex, comprehension, generator, mapped, mapped_in_c, starmapped_in_c),
    *(starmapped_by_its_name, filtered_in_c, accumulated_in_c, reduced_in_c, vectorized, vectorized_in_c),
    *(from_python_function, along_axis, nditer, recursion),
]
LOOPS = {
    **{style.__name__: (style, "pixels") for style in PIXELS},
    "rows_alone": (rows_alone, "rows"),
    "rows_mapped_in_c": (rows_mapped_in_c, "rows"),
    "columns_alone": (columns_alone, "columns"),
    "lists_of_indices": (lists_of_indices, "rows and over columns"),
}
STYLES = {
    **{style.__name__: style for style in HONEST},
    **ONE_BY_ONE,
    **{name: style for name, (style, _) in LOOPS.items()},
}
