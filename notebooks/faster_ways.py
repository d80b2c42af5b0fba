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


# %%
class conv2_by_windows(edf.conv2):
    """conv2 whose forward and gradient to the kernel are one matrix product over all windows of the image."""

    def forward(self):
        f, k = self.f.top, self.k.top
        kh, kw, C1, C2 = k.shape
        windows = sliding_window_view(f, (kh, kw), axis=(1, 2))[:, :: self.stride, :: self.stride]
        B, height, width = windows.shape[:3]
        # B×height×width×C1×kh×kw → one row a window, its numbers in the order of the kernel's axes.
        self.windows = windows.transpose(0, 1, 2, 4, 5, 3).reshape(B * height * width, kh * kw * C1)
        self.top = (self.windows @ k.reshape(-1, C2)).reshape(B, height, width, C2)

    def backward_kernel(self):
        upstream = self.grad.reshape(-1, self.grad.shape[-1])
        self.k.grad = self.k.grad + (self.windows.T @ upstream).reshape(self.k.top.shape)


reference = edf.conv2
edf.conv2 = conv2_by_windows
check("conv2")
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
        }
    )
for label, each in measured.items():
    slow, fast = each.values()
    print(f"{label.splitlines()[1]:<28} {slow:7.2f} ms → {fast:7.2f} ms   {slow / fast:.1f} times as fast")

# %%
figure, panels = plt.subplots(1, 3, figsize=(9, 2.2), layout="constrained")
for place, (axes, (label, each)) in enumerate(zip(panels, measured.items())):
    bars = axes.barh(list(each), list(each.values()), color=["#0072B2", "#E69F00"], hatch=["", "//"])
    axes.bar_label(bars, fmt=" %.1f ms")
    axes.set_title(label, fontsize=9)
    axes.set_xlim(0, 1.4 * np.max(list(each.values())))
    axes.invert_yaxis()
    if place:
        axes.set_yticklabels([])
plt.show()

# %% [markdown]
# The first layer gains much. The second hardly does, and the largest may even lose: with more channels the loop's own
# products are large enough to be fast, while the matrix of windows is $k_h k_w$ times as large as the image, and
# writing and reading it no longer stays within the processor's cache. A faster way is one that was measured on the
# sizes that matter.
#
# ## Not computing what is thrown away
#
# The conv net computes a convolution at every pixel and then `down2` drops three of four. With `stride=2` the
# dropped ones are never computed. The result is the same.

# %%
image_shape, kernel_shape = (50, 28, 28, 1), (4, 4, 1, 8)
full, strided = (
    node(conv2_by_windows, image_shape, kernel_shape),
    node(conv2_by_windows, image_shape, kernel_shape, stride=2),
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
# - **One thread.** For arrays of this size, the threads of the BLAS library can cost more than they bring, the more so
#   if the computer is busy with something else: set `OPENBLAS_NUM_THREADS=1` before numpy is imported, and measure.
#
# `ops`, `params` and `values` now hold the nodes of the measurements:

# %%
ops.clear()
params.clear()
values.clear()
