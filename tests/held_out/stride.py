"""Held-out mistakes in conv2 with a stride."""

from held_out.mistake import HeldOut

STRIDE = [
    HeldOut(
        "stride_rows_only",
        "stride",
        "The forward applies the stride to the rows and forgets it for the columns.",
        """
class conv2:
    def forward(self):
        f, k = self.f.top, self.k.top
        self.seen = np.lib.stride_tricks.sliding_window_view(f, k.shape[:2], axis=(1, 2))[:, :: self.stride]
        self.top = np.einsum("byxcij,ijcd->byxd", self.seen, k)
""",
        true=("stride: rows_only",),
    ),
    HeldOut(
        "stride_averages_blocks",
        "stride",
        "Instead of every s-th place, it gives the average over blocks of s×s places.",
        """
class conv2:
    def forward(self):
        f, k, s = self.f.top, self.k.top, self.stride
        g = np.einsum(
            "byxcij,ijcd->byxd", np.lib.stride_tricks.sliding_window_view(f, k.shape[:2], axis=(1, 2)), k
        )
        for axis in (1, 2):
            n = g.shape[axis]
            g = np.add.reduceat(g, range(0, n, s), axis=axis)
            counts = np.array([np.minimum(s, n - start) for start in range(0, n, s)])
            g = g / counts.reshape([-1 if a == axis else 1 for a in range(4)])
        self.top = g
""",
    ),
    HeldOut(
        "stride_copied_gradient",
        "stride",
        "The backward to the image spreads each gradient over the s×s places around, instead of leaving zeros.",
        """
class conv2:
    def backward_image(self):
        (B, H, W, C1), (kh, kw, _, C2), s = self.f.top.shape, self.k.top.shape, self.stride
        h, w = H - kh + 1, W - kw + 1
        dense = np.repeat(np.repeat(self.grad, s, axis=1), s, axis=2)[:, :h, :w]
        image_grad = np.zeros((B, H, W, C1))
        for i in range(kh):
            for j in range(kw):
                image_grad[:, i : i + h, j : j + w] += dense @ self.k.top[i, j].T
        self.f.grad = self.f.grad + image_grad
""",
        true=("stride: upstream_repeated",),
    ),
    HeldOut(
        "stride_forgotten_for_the_kernel",
        "stride",
        "The gradient to the kernel takes neighbouring pixels where every s-th belongs.",
        """
class conv2:
    def backward_kernel(self):
        kh, kw = self.k.top.shape[:2]
        h, w = self.grad.shape[1:3]
        dk = np.empty(self.k.top.shape)
        for i in range(kh):
            for j in range(kw):
                dk[i, j] = np.einsum("bhwc,bhwd->cd", self.f.top[:, i : i + h, j : j + w], self.grad)
        self.k.grad = self.k.grad + dk
""",
        true=("stride: pixels_not_strided",),
    ),
    HeldOut(
        "stride_rounded_down",
        "stride",
        "The size of the result is rounded down, so that a last place that still fits is lost.",
        """
class conv2:
    def forward(self):
        f, k, s = self.f.top, self.k.top, self.stride
        (B, H, W, C1), (kh, kw, _, C2) = f.shape, k.shape
        h, w = (H - kh + 1) // s, (W - kw + 1) // s
        self.top = np.zeros((B, h, w, C2))
        for i in range(kh):
            for j in range(kw):
                part = f[:, i : i + s * h : s, j : j + s * w : s]
                self.top += np.einsum("bhwc,cd->bhwd", part, k[i, j])
""",
        true=("stride: rounded_down",),
    ),
]
