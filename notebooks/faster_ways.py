# %% [markdown]
# # 5 · Faster ways
#
# The answers in this handout are written to be read. This last part shows what makes `conv2` faster, and how
# much. The times are those of the computer that this notebook ran on: run it on yours.

# %%
import time

import edf
import matplotlib.pyplot as plt
import numpy as np
from edf import Param, ops, params, values
from edf_kit import check
from numpy.lib.stride_tricks import sliding_window_view

# %% [markdown]
# ## Where the time goes
#
# The reference loops over the few elements of the kernel and leaves the many pixels to numpy. Each turn of that
# loop is a matrix product of its own, and a small one: for the first layer of the conv net it multiplies by a
# matrix of $1 \times 8$. Most of the time goes into moving pixels to and fro, not into arithmetic.
#
# ## One large matrix product
#
# All that the kernel sees at one place of the image is a window of $k_h \cdot k_w \cdot C_1$ numbers. Write each
# window into a row of one matrix, and the whole convolution is one product with the kernel as a matrix of
# $(k_h k_w C_1) \times C_2$. `sliding_window_view` gives the windows without copying anything; `reshape` then
# copies them once. The same matrix, transposed, gives the gradient to the kernel. This is known as *im2col*
# (K. Chellapilla, S. Puri, P. Simard: High Performance Convolutional Neural Networks for Document Processing, 2006).
#
# The gradient to the image stays a loop over the elements of the kernel, as in the reference, since windows overlap
# and each must be added. But there, too, all pixels make one product, in place of one for each image row.


# %%
class conv2_by_windows(edf.conv2):
    """conv2 whose forward and gradient to the kernel are one matrix product each, over all windows of the image."""

    def forward(self):
        f, k = self.f.top, self.k.top
        kh, kw, C1, C2 = k.shape
        windows = sliding_window_view(f, (kh, kw), axis=(1, 2))[:, :: self.stride, :: self.stride]
        B, height, width = windows.shape[:3]
        # B×height×width×C1×kh×kw → one row a window, its numbers in the order of the kernel's axes.
        self.windows = windows.transpose(0, 1, 2, 4, 5, 3).reshape(B * height * width, kh * kw * C1)
        self.top = (self.windows @ k.reshape(-1, C2)).reshape(B, height, width, C2)

    def backward_image(self):
        image_grad = np.zeros_like(self.f.top)
        upstream = self.grad.reshape(-1, self.grad.shape[-1])
        for ky, kx, seen in self._taps():
            products = upstream @ self.k.top[ky, kx].T
            image_grad[seen] += products.reshape(image_grad[seen].shape)
        self.f.grad = self.f.grad + image_grad

    def backward_kernel(self):
        upstream = self.grad.reshape(-1, self.grad.shape[-1])
        self.k.grad = self.k.grad + (self.windows.T @ upstream).reshape(self.k.top.shape)


# %% [markdown]
# ## Smaller windows, in parts that fit the cache
#
# The matrix of all windows is $k_h k_w$ times as large as the image: writing and reading it takes longer than moving
# the image itself. Two thoughts make it cheaper.
#
# - **Windows along a row only.** Put the pixels that one *row* of the kernel meets side by side: that is only $k_w$
#   times the image. The windows of the kernel's next row are then the same numbers, one image row further down: no
#   second copy is needed. The result is a sum of $k_h$ matrix products, each with a row of the kernel as a matrix of
#   $(k_w C_1) \times C_2$.
# - **Some images at a time.** A processor computes much faster than it reads main memory; only its cache, a megabyte or
#   so, keeps up. If images are taken in parts whose windows and results fit in there, each product finds what
#   it needs in the cache. The results are the same: images do not depend on each other.
#
# The gradient to the image is as above, part by part.


# %%
class conv2_in_parts(edf.conv2):
    """conv2 as a matrix product for each row of the kernel, on some images at a time."""

    def forward(self):
        f, k = self.f.top, self.k.top
        (B, H, W, C1), (kh, kw, _, C2) = f.shape, k.shape
        height, width = -(-(H - kh + 1) // self.stride), -(-(W - kw + 1) // self.stride)
        self.top = np.zeros((B, height, width, C2), dtype=f.dtype)
        for images in self._parts():
            for ky, windows in self._windows(f[images]):
                products = windows @ k[ky].reshape(kw * C1, C2)
                self.top[images] += products.reshape(-1, height, width, C2)

    def backward_image(self):
        image_grad = np.zeros_like(self.f.top)
        for images in self._parts():
            upstream, part = self.grad[images], image_grad[images]
            for ky, kx, seen in self._taps():
                products = upstream.reshape(-1, upstream.shape[3]) @ self.k.top[ky, kx].T
                part[seen] += products.reshape(part[seen].shape)
        self.f.grad = self.f.grad + image_grad

    def backward_kernel(self):
        kernel_grad = np.zeros_like(self.k.top)
        for images in self._parts():
            upstream = self.grad[images].reshape(len(self.grad[images]), -1, self.grad.shape[3])
            for ky, windows in self._windows(self.f.top[images]):
                products = (windows.swapaxes(1, 2) @ upstream).sum(axis=0)
                kernel_grad[ky] += products.reshape(kernel_grad[ky].shape)
        self.k.grad = self.k.grad + kernel_grad

    def _parts(self):
        """Slices of the batch: of as many images as have, with their windows, about half a megabyte in float32."""
        (B, H, W, C1), (_, kw, _, C2) = self.f.top.shape, self.k.top.shape
        size = 1 + 2**17 // (H * W * np.maximum(kw * C1, C2))
        return [slice(b, b + size) for b in range(0, B, size)]

    def _windows(self, f):
        """For each row ky of the kernel, what it meets at each place of images f: B × places × (kw·C1)."""
        (B, H, W, C1), (kh, kw, _, _) = f.shape, self.k.top.shape
        shifted = [f[:, :, kx : W - kw + kx + 1 : self.stride] for kx in range(kw)]
        side_by_side = np.concatenate(shifted, axis=3)
        for ky in range(kh):
            rows = side_by_side[:, ky : H - kh + ky + 1 : self.stride]
            yield ky, rows.reshape(B, -1, kw * C1)


# %% [markdown]
# Both must be right before they may be fast:

# %%
reference = edf.conv2
for faster in (conv2_by_windows, conv2_in_parts):
    edf.conv2 = faster
    check("conv2", "stride")
edf.conv2 = reference

# %% [markdown]
# ## How much faster, and where
#
# Forward and both gradients, in float32, for the two layers of the conv net and for a larger one. The variants
# take turns, and the median of several rounds counts, so that a busy moment of the computer hits both.

# %%
rng = np.random.default_rng(0)


def node(conv2, image_shape, kernel_shape, **options):
    """A conv2 on random images and kernels, both Params, so that both gradients are computed."""
    f, k = Param(), Param()
    f.set(rng.normal(size=image_shape))
    k.set(rng.normal(size=kernel_shape))
    return conv2(f, k, **options)


def run(op):
    """Forward and backward of one node; returns seconds."""
    start = time.perf_counter()
    op.forward()
    for leaf in (op.f, op.k, op):
        leaf.grad = np.ones_like(leaf.top)
    op.backward()
    return time.perf_counter() - start


def medians(variants, rounds=15):
    """{name: median milliseconds} of nodes that take turns."""
    times = {name: [] for name in variants}
    for _ in range(rounds):
        for name, op in variants.items():
            times[name].append(1000 * run(op))
    return {name: np.median(each) for name, each in times.items()}


sizes = {
    "first layer\n50×28×28×1, 4×4×1×8": ((50, 28, 28, 1), (4, 4, 1, 8)),
    "second layer\n50×13×13×8, 2×2×8×16": ((50, 13, 13, 8), (2, 2, 8, 16)),
    "larger\n32×32×32×16, 3×3×16×32": ((32, 32, 32, 16), (3, 3, 16, 32)),
}
measured = {}
for label, (image_shape, kernel_shape) in sizes.items():
    measured[label] = medians(
        {
            "loop over the kernel": node(reference, image_shape, kernel_shape),
            "windows, one product": node(conv2_by_windows, image_shape, kernel_shape),
            "windows of rows, in parts": node(conv2_in_parts, image_shape, kernel_shape),
        }
    )
for label, each in measured.items():
    slow, *faster = each.values()
    print(f"{label.splitlines()[1]:<28}{slow:7.2f} ms", end="")
    print("".join(f"  → {ms:6.2f} ms ({slow / ms:.1f} times as fast)" for ms in faster))

# %%
figure, panels = plt.subplots(1, 3, figsize=(9, 2.2), layout="constrained")
for place, (axes, (label, each)) in enumerate(zip(panels, measured.items())):
    bars = axes.barh(
        list(each), list(each.values()), color=["#0072B2", "#E69F00", "#009E73"], hatch=["", "//", ".."]
    )
    axes.bar_label(bars, fmt=" %.1f ms")
    axes.set_title(label, fontsize=9)
    axes.set_xlim(0, 1.4 * np.max(list(each.values())))
    axes.invert_yaxis()
    if place:
        axes.set_yticklabels([])
plt.show()

# %% [markdown]
# One large matrix product gains much in the first layer, and something in the second. In the largest it hardly does:
# with more channels the loop's own products are large enough to be fast, while the matrix of all windows no longer
# stays within the cache. There, windows along rows only, in parts, are the fastest. A library with hand-written
# convolutions, such as PyTorch, takes as long or longer at the sizes of this network, on one thread; at the larger one
# it takes two thirds of the time. A faster way is one that was measured on the sizes that matter.
#
# ## Not computing what is thrown away
#
# The conv net computes a convolution at every pixel and then `down2` drops three of four. With `stride=2` the
# dropped ones are never computed. The result is the same.

# %%
image_shape, kernel_shape = (50, 28, 28, 1), (4, 4, 1, 8)
full, strided = (
    node(conv2_in_parts, image_shape, kernel_shape),
    node(conv2_in_parts, image_shape, kernel_shape, stride=2),
)
strided.f.top, strided.k.top = full.f.top, full.k.top
each = medians({"conv2, then down2": full, "conv2 with stride 2": strided})
print("the same numbers:", np.allclose(full.top[:, ::2, ::2], strided.top, atol=1e-5))
print(", ".join(f"{name} {milliseconds:.2f} ms" for name, milliseconds in each.items()))

# %% [markdown]
# ## Smaller things
#
# - **float32 throughout.** One float64 array, such as `np.zeros(shape)` without a dtype, turns everything after it
#   into float64: twice the memory to move.
# - **No sum where a product does it.** `(a * b).sum(axis=0)` makes a large array only to add it up; a matrix product
#   or `np.tensordot` does not.
# - **The batch first.** The gradient to a bias is a sum over three axes, with few channels left. As
#   `.sum(axis=0).sum(axis=(0, 1))` it takes a tenth of what `.sum(axis=(0, 1, 2))` does: numpy then adds whole images,
#   and not eight numbers at a time.
# - **One thread.** For arrays of this size, the threads of the BLAS library can cost more than they bring, the more so
#   if the computer is busy with something else: set `OPENBLAS_NUM_THREADS=1` before numpy is imported, and measure.
#
# `ops`, `params` and `values` now hold the nodes of the measurements:

# %%
ops.clear()
params.clear()
values.clear()
