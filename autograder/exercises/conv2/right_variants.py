"""Right variants of conv2: forward and both gradients, in ways that people choose."""

from autograder.exercises.conv2.forward import conv2_forward

conv2_forward.right(
    "sums_of_generators",
    "adds up the taps with sum, on slices that a helper function makes",
    code="""
def part(images, k, ky, kx, stride):
    H, W = images.shape[1:3]
    kh, kw = k.shape[:2]
    return images[:, ky : H - kh + 1 + ky : stride, kx : W - kw + 1 + kx : stride, :]


class conv2:
    def forward(self):
        f, k = self.f.top, self.k.top
        self.top = sum(part(f, k, *tap, self.stride).dot(k[tap]) for tap in np.ndindex(k.shape[:2]))

    def backward_image(self):
        k, image_grad = self.k.top, np.zeros(self.f.top.shape)
        for tap in np.ndindex(k.shape[:2]):
            given = np.einsum("byxj,ij->byxi", self.grad, k[tap])
            np.add(part(image_grad, k, *tap, self.stride), given, part(image_grad, k, *tap, self.stride))
        self.f.grad = image_grad + self.f.grad

    def backward_kernel(self):
        f, k, g = self.f.top, self.k.top, self.grad.reshape(-1, self.grad.shape[-1])
        parts = [part(f, k, *tap, self.stride) for tap in np.ndindex(k.shape[:2])]
        products = np.array([p.reshape(-1, p.shape[-1]).T @ g for p in parts])
        self.k.grad = self.k.grad + products.reshape(k.shape)
""",
)
conv2_forward.right(
    "in_place",
    "adds to the gradients in place, tap by tap",
    edits=[
        ("image_grad = np.zeros_like(self.f.top)", "image_grad = self.f.grad"),
        ("        self.f.grad = self.f.grad + image_grad\n", ""),
        ("kernel_grad = np.zeros_like(self.k.top)", "kernel_grad = self.k.grad"),
        ("kernel_grad[ky, kx] =", "kernel_grad[ky, kx] +="),
        ("        self.k.grad = self.k.grad + kernel_grad\n", ""),
    ],
)
conv2_forward.right(
    "float32_sums",
    "keeps results and gradients in float32, whatever comes in",
    edits=[
        ("dtype=f.dtype", "dtype=np.float32"),
        ("image_grad = np.zeros_like(self.f.top)", "image_grad = np.zeros(self.f.top.shape, 'float32')"),
        ("kernel_grad = np.zeros_like(self.k.top)", "kernel_grad = np.zeros(self.k.top.shape, 'float32')"),
    ],
)
conv2_forward.right(
    "backward_in_one",
    "backward computes both gradients itself, in one loop",
    code="""
class conv2:
    def backward(self):
        to_image, to_kernel = self.f in ops or self.f in params, self.k in ops or self.k in params
        image_grad, kernel_grad = np.zeros_like(self.f.top), np.zeros_like(self.k.top)
        for ky, kx, seen in self._taps():
            image_grad[seen] += np.inner(self.grad, self.k.top[ky, kx])
            for c in range(self.grad.shape[3]):
                products = self.f.top[seen] * self.grad[..., c : c + 1]
                kernel_grad[ky, kx, :, c] = products.sum(axis=(0, 1, 2))
        if to_image:
            self.f.grad = self.f.grad + image_grad
        if to_kernel:
            self.k.grad = self.k.grad + kernel_grad
""",
)
conv2_forward.right(
    "windows_einsum",
    "sliding windows and einsum; for the image, over the upstream gradient with a border of zeros",
    code="""
from numpy.lib.stride_tricks import sliding_window_view


class conv2:
    def forward(self):
        self.windows = sliding_window_view(self.f.top, self.k.top.shape[:2], axis=(1, 2))
        self.windows = self.windows[:, :: self.stride, :: self.stride]
        self.top = np.einsum("byxcij,ijcd->byxd", self.windows, self.k.top)

    def backward_image(self):
        kh, kw = self.k.top.shape[:2]
        B, H, W, C1 = self.f.top.shape
        bordered = np.zeros((B, H + kh - 1, W + kw - 1, self.grad.shape[-1]), self.grad.dtype)
        bordered[:, kh - 1 : H : self.stride, kw - 1 : W : self.stride] = self.grad
        around = sliding_window_view(bordered, (kh, kw), axis=(1, 2))
        self.f.grad = self.f.grad + np.einsum("byxdij,ijcd->byxc", around, np.flip(self.k.top, (0, 1)))

    def backward_kernel(self):
        self.k.grad = self.k.grad + np.einsum("byxcij,byxd->ijcd", self.windows, self.grad, optimize=True)
""",
)
conv2_forward.right(
    "windows_tensordot",
    "sliding windows and tensordot; the gradient to the image through a window view that can be written to",
    code="""
import numpy.lib.stride_tricks as tricks


class conv2:
    def forward(self):
        windows = tricks.sliding_window_view(self.f.top, self.k.top.shape[:2], (1, 2))
        self.windows = windows[:, :: self.stride, :: self.stride]
        self.top = np.tensordot(self.windows, self.k.top, axes=[(4, 5, 3), (0, 1, 2)])

    def backward_image(self):
        kh, kw = self.k.top.shape[:2]
        products = np.tensordot(self.grad, self.k.top, axes=(3, 3))
        image_grad = np.zeros_like(self.f.top)
        windows = tricks.sliding_window_view(image_grad, (kh, kw), (1, 2), writeable=True)
        windows = windows[:, :: self.stride, :: self.stride]
        for y in range(kh):
            for x in range(kw):
                # Of one tap, no two windows share a pixel.
                windows[..., y, x] += products[:, :, :, y, x]
        self.f.grad = self.f.grad + image_grad

    def backward_kernel(self):
        kernel_grad = np.tensordot(self.windows, self.grad, axes=[(0, 1, 2)] * 2)
        self.k.grad = self.k.grad + kernel_grad.transpose(1, 2, 0, 3)
""",
)
conv2_forward.right(
    "im2col_indices",
    "im2col with index arrays, kept from forward for the backward; np.add.at on the way back",
    code="""
class conv2:
    def forward(self):
        f, k = self.f.top, self.k.top
        (B, H, W, C1), (kh, kw, _, C2) = f.shape, k.shape
        y, x = np.arange(0, H - kh + 1, self.stride), np.arange(0, W - kw + 1, self.stride)
        self.rows = y[:, None, None, None] + np.arange(kh)[:, None]
        self.columns = x[:, None, None] + np.arange(kw)
        self.patches = f[:, self.rows, self.columns].reshape(-1, kh * kw * C1)
        self.top = (self.patches @ k.reshape(-1, C2)).reshape(B, len(y), len(x), C2)

    def backward_image(self):
        k, image_grad = self.k.top, np.zeros_like(self.f.top)
        patches = self.grad @ k.reshape(-1, k.shape[-1]).T
        patches = patches.reshape(*self.grad.shape[:3], *k.shape[:3])
        np.add.at(image_grad, (slice(None), self.rows, self.columns), patches)
        self.f.grad = self.f.grad + image_grad

    def backward_kernel(self):
        kernel_grad = self.patches.T @ self.grad.reshape(-1, self.grad.shape[-1])
        self.k.grad = self.k.grad + kernel_grad.reshape(self.k.top.shape)
""",
)
conv2_forward.right(
    "taps_side_by_side",
    "im2col by putting the taps side by side as channels; the gradient split again in the same way",
    code="""
class conv2:
    def forward(self):
        parts = [self.f.top[seen] for _, _, seen in self._taps()]
        self.columns = np.concatenate(parts, axis=-1)
        self.top = self.columns @ self.k.top.reshape(-1, self.k.top.shape[-1])

    def backward_image(self):
        k, image_grad = self.k.top, np.zeros_like(self.f.top)
        parts = np.split(self.grad @ k.reshape(-1, k.shape[-1]).T, k.shape[0] * k.shape[1], axis=-1)
        for part, (_, _, seen) in zip(parts, self._taps()):
            image_grad[seen] += part
        self.f.grad += image_grad

    def backward_kernel(self):
        rows = self.columns.reshape(-1, self.columns.shape[-1])
        kernel_grad = np.matmul(self.grad.reshape(len(rows), -1).T, rows).T
        self.k.grad += kernel_grad.reshape(self.k.top.shape)
""",
)
conv2_forward.right(
    "windows_one_product",
    "sliding windows copied into one matrix, kept for the gradient to the kernel: a product each",
    code="""
from numpy.lib.stride_tricks import sliding_window_view


class conv2:
    def forward(self):
        f, k = self.f.top, self.k.top
        kh, kw, C1, C2 = k.shape
        windows = sliding_window_view(f, (kh, kw), axis=(1, 2))[:, :: self.stride, :: self.stride]
        B, height, width = windows.shape[:3]
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
""",
)
conv2_forward.right(
    "windows_in_parts",
    "for each row of the kernel one matrix product with all that it meets; some images at a time, to stay in the cache",
    code="""
class conv2:
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
        (B, H, W, C1), (_, kw, _, C2) = self.f.top.shape, self.k.top.shape
        size = 1 + 2**17 // (H * W * np.maximum(kw * C1, C2))
        return [slice(b, b + size) for b in range(0, B, size)]

    def _windows(self, f):
        (B, H, W, C1), (kh, kw, _, _) = f.shape, self.k.top.shape
        shifted = [f[:, :, kx : W - kw + kx + 1 : self.stride] for kx in range(kw)]
        side_by_side = np.concatenate(shifted, axis=3)
        for ky in range(kh):
            rows = side_by_side[:, ky : H - kh + ky + 1 : self.stride]
            yield ky, rows.reshape(B, -1, kw * C1)
""",
)
conv2_forward.right(
    "as_strided_matmul",
    "stride tricks and one matrix product; the kernel's gradient from windows as large as the result",
    without=("stride",),
    code="""
from numpy.lib.stride_tricks import as_strided


def patches_of(images, height, width):
    B, H, W, C = images.shape
    b, y, x, c = images.strides
    shape = B, H - height + 1, W - width + 1, height, width, C
    return as_strided(images, shape, (b, y, x, y, x, c), writeable=False)


class conv2:
    def forward(self):
        kh, kw, C1, C2 = self.k.top.shape
        patches = patches_of(self.f.top, kh, kw)
        matrix = patches.reshape(-1, kh * kw * C1) @ self.k.top.reshape(-1, C2)
        self.top = matrix.reshape(*patches.shape[:3], C2)

    def backward_image(self):
        kh, kw, C1, C2 = self.k.top.shape
        patches = patches_of(np.pad(self.grad, [(0, 0), (kh - 1,) * 2, (kw - 1,) * 2, (0, 0)]), kh, kw)
        turned = self.k.top[::-1, ::-1].swapaxes(2, 3).reshape(-1, C1)
        self.f.grad = self.f.grad + (patches.reshape(-1, kh * kw * C2) @ turned).reshape(self.f.top.shape)

    def backward_kernel(self):
        kh, kw, C1, C2 = self.k.top.shape
        patches = patches_of(self.f.top, *self.grad.shape[1:3]).transpose(1, 2, 5, 0, 3, 4)
        matrix = patches.reshape(kh * kw * C1, -1) @ self.grad.reshape(-1, C2)
        self.k.grad = self.k.grad + matrix.reshape(kh, kw, C1, C2)
""",
)
conv2_forward.right(
    "one_image_at_a_time",
    "loops over the images of the batch, with roll in place of slices",
    without=("stride",),
    code="""
class conv2:
    def forward(self):
        kh, kw, C1, C2 = self.k.top.shape
        results = []
        for image in self.f.top:
            H, W, _ = image.shape
            total = np.zeros((H, W, C2))
            for y in range(kh):
                for x in range(kw):
                    total += np.roll(image, (-y, -x), (0, 1)) @ self.k.top[y, x]
            results.append(total[: H - kh + 1, : W - kw + 1])
        self.top = np.stack(results)

    def backward_image(self):
        for b, g in enumerate(self.grad):
            spread = np.zeros((*self.f.top.shape[1:3], g.shape[-1]))
            spread[: g.shape[0], : g.shape[1]] = g
            for y, x in np.ndindex(self.k.top.shape[:2]):
                self.f.grad[b] += np.roll(spread, (y, x), (0, 1)) @ self.k.top[y, x].T

    def backward_kernel(self):
        h, w = self.grad.shape[1:3]
        for image, g in zip(self.f.top, self.grad):
            for y, x in np.ndindex(self.k.top.shape[:2]):
                part = image[y : y + h, x : x + w]
                self.k.grad[y, x] += np.einsum("yxc,yxd->cd", part, g)
""",
)
conv2_forward.right(
    "correlate2d",
    "scipy's correlate2d and convolve2d, for one image and one pair of channels at a time",
    without=("stride",),
    code="""
from scipy.signal import convolve2d, correlate2d


class conv2:
    def forward(self):
        f, k = self.f.top, self.k.top
        self.top = np.zeros((len(f), f.shape[1] - k.shape[0] + 1, f.shape[2] - k.shape[1] + 1, k.shape[3]))
        for b, c1, c2 in np.ndindex(len(f), *k.shape[2:]):
            self.top[b, :, :, c2] += correlate2d(f[b, :, :, c1], k[:, :, c1, c2], mode="valid")

    def backward_image(self):
        for b, c1, c2 in np.ndindex(len(self.f.top), *self.k.top.shape[2:]):
            self.f.grad[b, :, :, c1] += convolve2d(self.grad[b, :, :, c2], self.k.top[:, :, c1, c2])

    def backward_kernel(self):
        for b, c1, c2 in np.ndindex(len(self.f.top), *self.k.top.shape[2:]):
            image, g = self.f.top[b, :, :, c1], self.grad[b, :, :, c2]
            self.k.grad[:, :, c1, c2] += correlate2d(image, g, mode="valid")
""",
)
conv2_forward.right(
    "fft",
    "Fourier transforms, a product for each frequency, and back",
    code="""
def transformed(array, size):
    return np.fft.rfft2(array.astype(np.float64), size, axes=(0, 1))


def back(array, size):
    return np.fft.irfft2(array, size, axes=(0, 1))


class conv2:
    def forward(self):
        f, k, self.size = self.f.top.transpose(1, 2, 0, 3), self.k.top, self.f.top.shape[1:3]
        top = back(transformed(f, self.size) @ transformed(k, self.size).conj(), self.size)
        h, w = (n - m + 1 for n, m in zip(self.size, k.shape))
        self.top = top[: h : self.stride, : w : self.stride].transpose(2, 0, 1, 3)

    def _upstream(self):
        spread = np.zeros((*self.size, len(self.grad), self.grad.shape[-1]))
        h, w = (n - m + 1 for n, m in zip(self.size, self.k.top.shape))
        spread[: h : self.stride, : w : self.stride] = self.grad.transpose(1, 2, 0, 3)
        return transformed(spread, self.size)

    def backward_image(self):
        k = transformed(self.k.top, self.size).swapaxes(2, 3)
        self.f.grad = self.f.grad + back(self._upstream() @ k, self.size).transpose(2, 0, 1, 3)

    def backward_kernel(self):
        f, (kh, kw) = transformed(self.f.top.transpose(1, 2, 0, 3), self.size), self.k.top.shape[:2]
        products = f.swapaxes(2, 3) @ self._upstream().conj()
        self.k.grad = self.k.grad + back(products, self.size)[:kh, :kw]
""",
)
conv2_forward.right(
    "fftconvolve",
    "scipy's fftconvolve on the whole batch, with an axis for each pair of channels",
    without=("stride",),
    code="""
from scipy import signal


class conv2:
    def forward(self):
        f, k = self.f.top[..., np.newaxis], self.k.top[np.newaxis, ::-1, ::-1]
        self.top = signal.fftconvolve(f, k, "valid", axes=(1, 2)).sum(axis=3)

    def backward_image(self):
        g, k = self.grad[:, :, :, np.newaxis], self.k.top[np.newaxis]
        self.f.grad = self.f.grad + signal.fftconvolve(g, k, "full", axes=(1, 2)).sum(axis=4)

    def backward_kernel(self):
        f, g = self.f.top[..., np.newaxis], self.grad[:, ::-1, ::-1, np.newaxis]
        self.k.grad = self.k.grad + signal.fftconvolve(f, g, "valid", axes=(1, 2)).sum(axis=0)
""",
)
conv2_forward.right(
    "pixel_by_pixel",
    "loops over the pixels of the result: slow, but right",
    slow=True,
    code="""
class conv2:
    def forward(self):
        (B, H, W, C1), (kh, kw, C1, C2), s = self.f.top.shape, self.k.top.shape, self.stride
        self.top = np.zeros((B, (H - kh) // s + 1, (W - kw) // s + 1, C2))
        for y in range(self.top.shape[1]):
            for x in range(self.top.shape[2]):
                patch = self.f.top[:, y * s : y * s + kh, x * s : x * s + kw]
                self.top[:, y, x] = np.tensordot(patch, self.k.top, 3)

    def backward_image(self):
        (kh, kw), s = self.k.top.shape[:2], self.stride
        for b, y, x in np.ndindex(self.grad.shape[:3]):
            patch = self.f.grad[b, y * s : y * s + kh, x * s : x * s + kw]
            patch += (self.k.top * self.grad[b, y, x]).sum(-1)

    def backward_kernel(self):
        (kh, kw), s = self.k.top.shape[:2], self.stride
        for b, y, x in np.ndindex(self.grad.shape[:3]):
            patch = self.f.top[b, y * s : y * s + kh, x * s : x * s + kw]
            self.k.grad = self.k.grad + patch[..., np.newaxis] * self.grad[b, y, x]
""",
)
