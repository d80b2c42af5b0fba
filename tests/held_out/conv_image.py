"""Held-out mistakes in the gradient of conv2 to the image."""

from held_out.mistake import HeldOut

CONV_IMAGE = [
    HeldOut(
        "image_last_row_of_even_kernels",
        "conv2_image",
        "With a kernel of even height, the last row of the gradient stays 0; all else is right.",
        """
class conv2:
    def backward_image(self):
        H, W = self.f.top.shape[1:3]
        kh, kw = self.k.top.shape[:2]
        half = kh // 2
        d = np.zeros(self.f.top.shape)
        for i, j, where_seen in self._taps():
            d[where_seen] += np.einsum("bhwd,cd->bhwc", self.grad, self.k.top[i, j])
        if 2 * half == kh:
            d[:, H - 1] = 0
        self.f.grad = self.f.grad + d
""",
    ),
    HeldOut(
        "image_columns_unflipped",
        "conv2_image",
        "The kernel is flipped along its rows, but not along its columns.",
        """
class conv2:
    def backward_image(self):
        kh, kw = self.k.top.shape[:2]
        s = self.stride
        full = np.zeros((len(self.f.top), *(n + m - 1 for n, m in zip(self.f.top.shape[1:3], (kh, kw))),
                         self.grad.shape[3]))
        full[:, kh - 1 : full.shape[1] - kh + 1 : s, kw - 1 : full.shape[2] - kw + 1 : s] = self.grad
        seen = np.lib.stride_tricks.sliding_window_view(full, (kh, kw), axis=(1, 2))
        self.f.grad = self.f.grad + np.einsum("byxdij,ijcd->byxc", seen, np.flipud(self.k.top))
""",
    ),
    HeldOut(
        "image_overlaps_averaged",
        "conv2_image",
        "Where windows overlap, the gradient is averaged over them instead of added up.",
        """
class conv2:
    def backward_image(self):
        image_grad = np.zeros(self.f.top.shape)
        times = np.zeros(self.f.top.shape)
        for ky, kx, seen in self._taps():
            image_grad[seen] += self.grad @ self.k.top[ky, kx].T
            times[seen] += 1
        self.f.grad = self.f.grad + image_grad / np.maximum(times, 1)
""",
    ),
    HeldOut(
        "image_windows_overwrite",
        "conv2_image",
        "Each window overwrites what those before it have left in the pixels that they share.",
        """
class conv2:
    def backward_image(self):
        d = np.zeros_like(self.f.top)
        kh, kw = self.k.top.shape[:2]
        for y in range(self.grad.shape[1]):
            for x in range(self.grad.shape[2]):
                piece = np.tensordot(self.grad[:, y, x], self.k.top, axes=(1, 3))
                top, left = y * self.stride, x * self.stride
                d[:, top : top + kh, left : left + kw] = piece
        self.f.grad = self.f.grad + d
""",
        true=("conv2_image: last_place_only",),
    ),
    HeldOut(
        "image_channels_summed_apart",
        "conv2_image",
        "Gradient and kernel are each summed over the output channels before they are multiplied.",
        """
class conv2:
    def backward_image(self):
        up, weights = self.grad.sum(-1), self.k.top.sum(-1)
        d = np.zeros(self.f.top.shape)
        for ky, kx, seen in self._taps():
            d[seen] += up[..., None] * weights[ky, kx]
        self.f.grad = self.f.grad + d
""",
    ),
    HeldOut(
        "image_first_for_all",
        "conv2_image",
        "All images get the gradient of the first one.",
        """
class conv2:
    def backward_image(self):
        one = np.zeros(self.f.top.shape[1:])
        for ky, kx, (_, rows, columns) in self._taps():
            one[rows, columns] += self.grad[0] @ self.k.top[ky, kx].T
        for b in range(len(self.f.top)):
            self.f.grad[b] += one
""",
        true=("conv2_image: only_first_0",),
    ),
    HeldOut(
        "image_kernel_as_it_is",
        "conv2_image",
        "The padded gradient is correlated with the kernel as it is, where it must be turned by half.",
        """
class conv2:
    def backward_image(self):
        k, s = self.k.top, self.stride
        (B, H, W, C1), (kh, kw, _, C2) = self.f.top.shape, k.shape
        spread = np.zeros((B, H - kh + 1, W - kw + 1, C2))
        spread[:, ::s, ::s] = self.grad
        padded = np.pad(spread, [(0, 0), (kh - 1, kh - 1), (kw - 1, kw - 1), (0, 0)])
        d = sum(padded[:, i : i + H, j : j + W] @ k[i, j].T for i in range(kh) for j in range(kw))
        self.f.grad = self.f.grad + d
""",
        true=("conv2_image: kernel_flipped",),
    ),
    HeldOut(
        "image_noisy",
        "conv2_image",
        "Small random numbers are added to the gradient.",
        """
noise = np.random.default_rng(3)

class conv2:
    def backward_image(self):
        d = noise.normal(0, 0.01, self.f.top.shape)
        for ky, kx, seen in self._taps():
            d[seen] += self.grad @ self.k.top[ky, kx].T
        self.f.grad = self.f.grad + d
""",
    ),
    HeldOut(
        "image_one_pixel_off",
        "conv2_image",
        "The gradient is right but for its place: it sits one row too low, the last row at the top.",
        """
class conv2:
    def backward_image(self):
        H = self.f.top.shape[1]
        d = np.zeros_like(self.f.top)
        for ky, kx, (_, rows, columns) in self._taps():
            lines = np.arange(H)[rows] + 1
            for n, line in enumerate(lines):
                d[:, line % H, columns] += self.grad[:, n] @ self.k.top[ky, kx].T
        self.f.grad = self.f.grad + d
""",
        true=("conv2_image: permuted",),
    ),
    HeldOut(
        "image_unturned_and_averaged",
        "conv2_image",
        "Two mistakes in one result: the kernel is not turned, and all is divided by the batch size.",
        """
class conv2:
    def backward_image(self):
        turned = self.k.top[::-1, ::-1]
        d = np.zeros(self.f.top.shape)
        for ky, kx, seen in self._taps():
            d[seen] += np.einsum("...d,cd->...c", self.grad, turned[ky, kx])
        self.f.grad = self.f.grad + d / d.shape[0]
""",
    ),
    HeldOut(
        "image_padded_on_one_side",
        "conv2_image",
        "The gradient is padded below and to the right only: the result is right but for its place.",
        """
class conv2:
    def backward_image(self):
        k, s = self.k.top[::-1, ::-1], self.stride
        (B, H, W, _), (kh, kw, _, C2) = self.f.top.shape, k.shape
        padded = np.zeros((B, H + kh - 1, W + kw - 1, C2))
        padded[:, : H - kh + 1 : s, : W - kw + 1 : s] = self.grad
        d = sum(padded[:, i : i + H, j : j + W] @ k[i, j].T for i in range(kh) for j in range(kw))
        self.f.grad = self.f.grad + d
""",
    ),
    HeldOut(
        "image_last_row_left_out",
        "conv2_image",
        "The rows of the upstream gradient are gone through but for the last one.",
        """
class conv2:
    def backward_image(self):
        k, s = self.k.top, self.stride
        kh, kw = k.shape[:2]
        d = np.zeros(self.f.top.shape)
        for y in range(self.grad.shape[1] - 1):
            for x in range(self.grad.shape[2]):
                window = np.einsum("bd,ijcd->bijc", self.grad[:, y, x], k)
                d[:, y * s : y * s + kh, x * s : x * s + kw] += window
        self.f.grad = self.f.grad + d
""",
    ),
    HeldOut(
        "image_added_up_over_the_batch",
        "conv2_image",
        "Each image gets the sum of its own gradient and those of the images before it.",
        """
class conv2:
    def backward_image(self):
        d = np.zeros(self.f.top.shape)
        one = np.zeros(self.f.top.shape[1:])
        for b in range(len(d)):
            for ky, kx, (_, rows, columns) in self._taps():
                one[rows, columns] += self.grad[b] @ self.k.top[ky, kx].T
            d[b] = one
        self.f.grad = self.f.grad + d
""",
        true=("conv2_image: only_first_0",),
    ),
]
