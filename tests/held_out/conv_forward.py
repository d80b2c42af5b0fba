"""Held-out mistakes in the forward of conv2."""

from held_out.mistake import HeldOut

CONV_FORWARD = [
    HeldOut(
        "conv2_rows_flipped",
        "conv2_forward",
        "The kernel is flipped along its rows, and along its rows alone.",
        """
from numpy.lib.stride_tricks import sliding_window_view as windows

class conv2:
    def forward(self):
        k = self.k.top[::-1]
        seen = windows(self.f.top, k.shape[:2], axis=(1, 2))
        seen = seen[:, :: self.stride, :: self.stride]
        self.top = np.einsum("byxcij,ijcd->byxd", seen, k)
""",
    ),
    HeldOut(
        "conv2_rolled_the_wrong_way",
        "conv2_forward",
        "The image is shifted against the kernel in the wrong direction: pixels come around from the other end.",
        """
class conv2:
    def forward(self):
        f, k, s = self.f.top, self.k.top, self.stride
        H, W = f.shape[1] - k.shape[0] + 1, f.shape[2] - k.shape[1] + 1
        g = 0
        for (a, b), tap in zip(np.ndindex(k.shape[:2]), k.reshape(-1, *k.shape[2:])):
            moved = np.roll(np.roll(f, a, axis=1), b, axis=2)
            g = g + np.tensordot(moved, tap, 1)
        self.top = g[:, :H:s, :W:s]
""",
    ),
    HeldOut(
        "conv2_patches_in_another_order",
        "conv2_forward",
        "Patches are laid out channel by channel, the kernel pixel by pixel: they agree for one channel only.",
        """
class conv2:
    def forward(self):
        f, k, s = self.f.top, self.k.top, self.stride
        kh, kw, C1, C2 = k.shape
        patches = np.lib.stride_tricks.sliding_window_view(f, (kh, kw), axis=(1, 2))[:, ::s, ::s]
        B, h, w = patches.shape[:3]
        columns = patches.reshape(B * h * w, C1 * kh * kw)
        self.top = (columns @ k.reshape(kh * kw * C1, C2)).reshape(B, h, w, C2)
""",
        true=("conv2_forward: im2col_order",),
    ),
    HeldOut(
        "conv2_mean_over_channels",
        "conv2_forward",
        "The input channels are averaged instead of added up.",
        """
class conv2:
    def forward(self):
        f, k, s = self.f.top, self.k.top, self.stride
        h, w = f.shape[1] - k.shape[0] + 1, f.shape[2] - k.shape[1] + 1
        per_channel = []
        for c in range(f.shape[3]):
            g = np.zeros((len(f), h, w, k.shape[3]))
            for i in range(k.shape[0]):
                for j in range(k.shape[1]):
                    g += f[:, i : i + h, j : j + w, c, None] * k[i, j, c]
            per_channel.append(g)
        self.top = np.mean(per_channel, axis=0)[:, ::s, ::s]
""",
        true=("conv2_forward: divided_by_number_of_input_channels",),
    ),
    HeldOut(
        "conv2_weighted_average",
        "conv2_forward",
        "The sum is divided by the area of the kernel, as for a blur.",
        """
class conv2:
    def forward(self):
        view = np.lib.stride_tricks.sliding_window_view(self.f.top, self.k.top.shape[:2], axis=(1, 2))
        view = np.moveaxis(view[:, :: self.stride, :: self.stride], 3, 5)
        g = np.tensordot(view, self.k.top, axes=3)
        self.top = g / (self.k.top.shape[0] * self.k.top.shape[1])
""",
        true=("conv2_forward: divided_by_area_of_the_kernel",),
    ),
    HeldOut(
        "conv2_scipy_convolves",
        "conv2_forward",
        "scipy's convolve flips the kernel along rows and columns: this is a convolution, not a correlation.",
        """
from scipy import signal

class conv2:
    def forward(self):
        f, k, s = self.f.top, self.k.top, self.stride
        B, H, W, C1 = f.shape
        kh, kw, _, C2 = k.shape
        self.top = np.zeros((B, H - kh + 1, W - kw + 1, C2))
        for b in range(B):
            for out in range(C2):
                for c in range(C1):
                    self.top[b, :, :, out] += signal.convolve2d(f[b, :, :, c], k[:, :, c, out], mode="valid")
        self.top = self.top[:, ::s, ::s]
""",
        true=("conv2_forward: kernel_flipped",),
    ),
    HeldOut(
        "conv2_output_channels_backwards",
        "conv2_forward",
        "Each output channel is put in front of those before it: they come out in reverse order.",
        """
class conv2:
    def forward(self):
        f, k, s = self.f.top, self.k.top, self.stride
        h, w = f.shape[1] - k.shape[0] + 1, f.shape[2] - k.shape[1] + 1
        maps = []
        for out in range(k.shape[3]):
            one = 0
            for i in range(k.shape[0]):
                for j in range(k.shape[1]):
                    one = one + f[:, i : i + h, j : j + w] @ k[i, j, :, out]
            maps.insert(0, one)
        self.top = np.stack(maps, axis=-1)[:, ::s, ::s]
""",
        true=("conv2_forward: flipped_3",),
    ),
    HeldOut(
        "conv2_first_image_for_all",
        "conv2_forward",
        "Only the first image is convolved, and its result copied for every image of the batch.",
        """
class conv2:
    def forward(self):
        f, k, s = self.f.top, self.k.top, self.stride
        kh, kw = k.shape[:2]
        image = f[0]
        h, w = image.shape[0] - kh + 1, image.shape[1] - kw + 1
        g = sum(image[i : i + h, j : j + w] @ k[i, j] for i in range(kh) for j in range(kw))
        self.top = np.repeat(g[None, ::s, ::s], len(f), axis=0)
""",
        true=("conv2_forward: first_image_for_all",),
    ),
    HeldOut(
        "conv2_channel_sums",
        "conv2_forward",
        "The channels of the image are added up, and those of the kernel too, before the two are multiplied.",
        """
class conv2:
    def forward(self):
        grey = self.f.top.sum(axis=3)
        k = self.k.top.sum(axis=2)
        seen = np.lib.stride_tricks.sliding_window_view(grey, k.shape[:2], axis=(1, 2))
        self.top = np.tensordot(seen[:, :: self.stride, :: self.stride], k, axes=([3, 4], [0, 1]))
""",
    ),
    HeldOut(
        "conv2_one_place_too_few",
        "conv2_forward",
        "The kernel stops one place short of the end: the last row and the last column are missing.",
        """
class conv2:
    def forward(self):
        f, k, s = self.f.top, self.k.top, self.stride
        (B, H, W, _), (kh, kw, _, C2) = f.shape, k.shape
        rows = []
        for y in range(0, H - kh, s):
            row = [np.tensordot(f[:, y : y + kh, x : x + kw], k, 3) for x in range(0, W - kw, s)]
            rows.append(np.array(row).reshape(-1, B, C2))
        self.top = np.array(rows).reshape(len(rows), -1, B, C2).transpose(2, 0, 1, 3)
""",
        true=(
            "conv2_image: raises",
            "conv2_kernel: raises",
        ),
    ),
    HeldOut(
        "conv2_kept_from_the_pass_before",
        "conv2_forward",
        "The sums go on from the result of the pass before, if its shape fits, instead of from 0.",
        """
class conv2:
    def forward(self):
        f, k, s = self.f.top, self.k.top, self.stride
        seen = np.lib.stride_tricks.sliding_window_view(f, k.shape[:2], axis=(1, 2))[:, ::s, ::s]
        shape = seen.shape[:3] + (k.shape[3],)
        if getattr(self, "top", np.zeros(0)).shape != shape:
            self.top = np.zeros(shape)
        self.top = self.top + np.einsum("byxcij,ijcd->byxd", seen, k)
""",
        true=("conv2_forward: sum_not_restarted",),
    ),
    HeldOut(
        "conv2_turned_and_last_image",
        "conv2_forward",
        "Two mistakes at once: the kernel is turned by half, and all but the last image stay 0.",
        """
class conv2:
    def forward(self):
        f, k, s = self.f.top, np.rot90(self.k.top, 2), self.stride
        for b in range(len(f)):
            seen = np.lib.stride_tricks.sliding_window_view(f[b], k.shape[:2], axis=(0, 1))[::s, ::s]
            self.top = np.zeros((len(f), *seen.shape[:2], k.shape[3]))
            self.top[b] = np.einsum("yxcij,ijcd->yxd", seen, k)
""",
    ),
    HeldOut(
        "conv2_half_precision",
        "conv2_forward",
        "Images and kernels are rounded to float16, to save memory.",
        """
class conv2:
    def forward(self):
        f = np.asarray(self.f.top, dtype=np.half)
        k = np.asarray(self.k.top, dtype=np.half)
        seen = np.lib.stride_tricks.sliding_window_view(f, k.shape[:2], axis=(1, 2))
        seen = seen[:, :: self.stride, :: self.stride].astype(np.float32)
        self.top = np.einsum("byxcij,ijcd->byxd", seen, k.astype(np.float32))
""",
    ),
    HeldOut(
        "conv2_height_and_width_of_kernel",
        "conv2_forward",
        "The kernel is laid on the image with its height and width exchanged; the size of the result is right.",
        """
class conv2:
    def forward(self):
        f, k, s = self.f.top, self.k.top, self.stride
        h, w = f.shape[1] - k.shape[0] + 1, f.shape[2] - k.shape[1] + 1
        k = k.transpose(1, 0, 2, 3)
        f = np.pad(f, [(0, 0), (0, k.shape[0]), (0, k.shape[1]), (0, 0)])
        g = sum(
            f[:, i : i + h, j : j + w] @ k[i, j] for i in range(k.shape[0]) for j in range(k.shape[1])
        )
        self.top = g[:, ::s, ::s]
""",
    ),
    HeldOut(
        "conv2_first_image_left_out",
        "conv2_forward",
        "The loop over the batch starts at 1: the first image stays 0.",
        """
class conv2:
    def forward(self):
        f, k, s = self.f.top, self.k.top, self.stride
        h, w = f.shape[1] - k.shape[0] + 1, f.shape[2] - k.shape[1] + 1
        out = np.zeros((f.shape[0], h, w, k.shape[3]))
        for b in range(1, f.shape[0]):
            for i in range(k.shape[0]):
                for j in range(k.shape[1]):
                    out[b] += f[b, i : i + h, j : j + w].dot(k[i, j])
        self.top = out[:, ::s, ::s]
""",
        true=("conv2_forward: but_first_0",),
    ),
    HeldOut(
        "conv2_turns_its_kernel",
        "conv2_forward",
        "Each forward turns the kernel itself by half, and leaves it so for the backward and the next forward.",
        """
class conv2:
    def forward(self):
        self.k.top = np.flip(self.k.top, (0, 1))
        seen = np.lib.stride_tricks.sliding_window_view(self.f.top, self.k.top.shape[:2], axis=(1, 2))
        seen = seen[:, :: self.stride, :: self.stride]
        self.top = np.einsum("byxcij,ijcd->byxd", seen, self.k.top)
""",
        true=(
            "conv2_forward: kernel_flipped",
            "conv2_forward: kernel_left_flipped",
            "conv2_kernel: flipped_0_1",
        ),
    ),
    HeldOut(
        "conv2_turns_its_kernel_once",
        "conv2_forward",
        "The first forward of a node turns the kernel itself by half, for the backward too.",
        """
class conv2:
    def forward(self):
        if not hasattr(self, "ready"):
            self.k.top = self.k.top[::-1, ::-1].copy()
            self.ready = True
        seen = np.lib.stride_tricks.sliding_window_view(self.f.top, self.k.top.shape[:2], axis=(1, 2))
        seen = seen[:, :: self.stride, :: self.stride]
        self.top = np.einsum("byxcij,ijcd->byxd", seen, self.k.top)
""",
        true=("conv2_kernel: flipped_0_1", "conv2_forward: kernel_left_flipped"),
    ),
    HeldOut(
        "conv2_scales_its_kernel",
        "conv2_forward",
        "forward divides the kernel itself by its area, again and again.",
        """
class conv2:
    def forward(self):
        kh, kw = self.k.top.shape[:2]
        self.k.top = self.k.top / (kh * kw)
        seen = np.lib.stride_tricks.sliding_window_view(self.f.top, (kh, kw), axis=(1, 2))
        seen = seen[:, :: self.stride, :: self.stride]
        self.top = np.einsum("byxcij,ijcd->byxd", seen, self.k.top)
""",
        true=("conv2_forward: divided_by_area_of_the_kernel",),
    ),
    HeldOut(
        "conv2_pads_its_image",
        "conv2_forward",
        "forward pads the image itself with zeros on the right and below, so that the result has its size.",
        """
class conv2:
    def forward(self):
        k = self.k.top
        self.f.top = np.pad(self.f.top, [(0, 0), (0, k.shape[0] - 1), (0, k.shape[1] - 1), (0, 0)])
        seen = np.lib.stride_tricks.sliding_window_view(self.f.top, k.shape[:2], axis=(1, 2))
        self.top = np.einsum("byxcij,ijcd->byxd", seen[:, :: self.stride, :: self.stride], k)
""",
        true=(
            "conv2_image: raises",
            "conv2_kernel: raises",
        ),
    ),
    HeldOut(
        "conv2_centred_and_padded",
        "conv2_forward",
        "The image is padded on all sides, so that the result has the size of the image.",
        """
from scipy.ndimage import correlate

class conv2:
    def forward(self):
        f, k, s = self.f.top, self.k.top, self.stride
        out = np.zeros(f.shape[:3] + k.shape[3:])
        for b in range(f.shape[0]):
            for c in range(k.shape[2]):
                for d in range(k.shape[3]):
                    out[b, ..., d] += correlate(f[b, ..., c], k[..., c, d], mode="constant")
        self.top = out[:, ::s, ::s]
""",
    ),
]
