"""Held-out mistakes in the gradient of conv2 to the kernel."""

from held_out.mistake import HeldOut

CONV_KERNEL = [
    HeldOut(
        "kernel_first_two_images",
        "conv2_kernel",
        "Only the first two images of the batch are counted.",
        """
class conv2:
    def backward_kernel(self):
        dk = np.zeros(self.k.top.shape)
        for ky, kx, seen in self._taps():
            f = self.f.top[seen]
            for b in [0, 1][: len(f)]:
                dk[ky, kx] += f[b].reshape(-1, f.shape[3]).T @ self.grad[b].reshape(-1, self.grad.shape[3])
        self.k.grad = self.k.grad + dk
""",
    ),
    HeldOut(
        "kernel_mean_over_the_batch",
        "conv2_kernel",
        "The gradient is averaged over the images of the batch.",
        """
class conv2:
    def backward_kernel(self):
        per_image = []
        for b in range(len(self.f.top)):
            d = np.zeros(self.k.top.shape)
            for i, j, (_, rows, columns) in self._taps():
                d[i, j] = np.einsum("hwc,hwd->cd", self.f.top[b, rows, columns], self.grad[b])
            per_image.append(d)
        self.k.grad = self.k.grad + np.array(per_image).mean(0)
""",
        true=("conv2_kernel: divided_by_batch",),
    ),
    HeldOut(
        "kernel_columns_mirrored",
        "conv2_kernel",
        "The gradient comes out mirrored along the kernel's columns, and along these alone.",
        """
class conv2:
    def backward_kernel(self):
        kw = self.k.top.shape[1]
        found = {}
        for ky, kx, seen in self._taps():
            found[ky, kw - kx - 1] = np.tensordot(self.f.top[seen], self.grad, ((0, 1, 2), (0, 1, 2)))
        d = np.array([found[place] for place in sorted(found)])
        self.k.grad = self.k.grad + d.reshape(self.k.top.shape)
""",
        true=("conv2_kernel: flipped_1",),
    ),
    HeldOut(
        "kernel_mean_over_places",
        "conv2_kernel",
        "The sum over all places of the kernel in an image is made a mean.",
        """
class conv2:
    def backward_kernel(self):
        places = self.grad.shape[1] * self.grad.shape[2]
        for ky, kx, seen in self._taps():
            f = self.f.top[seen]
            self.k.grad[ky, kx] += np.einsum("byxc,byxd->cd", f, self.grad) / places
""",
        true=("conv2_kernel: divided_by_number_of_places_of_the_kernel_in_an_image",),
    ),
    HeldOut(
        "kernel_batch_sums_multiplied",
        "conv2_kernel",
        "Image and gradient are each summed over the batch before they are multiplied.",
        """
class conv2:
    def backward_kernel(self):
        image, upstream = np.add.reduce(self.f.top), np.add.reduce(self.grad)
        d = np.zeros(self.k.top.shape)
        for ky, kx, (_, rows, columns) in self._taps():
            part = image[rows, columns]
            d[ky, kx] = (part[..., :, None] * upstream[..., None, :]).sum((0, 1))
        self.k.grad = self.k.grad + d
""",
        true=("conv2_kernel: product_of_batch_sums",),
    ),
    HeldOut(
        "kernel_running_average",
        "conv2_kernel",
        "Images are folded in one after the other as (so far + new) / 2, which counts the last one most.",
        """
class conv2:
    def backward_kernel(self):
        total = None
        for f, g in zip(self.f.top, self.grad):
            d = np.zeros(self.k.top.shape)
            for i, j, (_, rows, columns) in self._taps():
                d[i, j] = np.tensordot(f[rows, columns], g, axes=([0, 1], [0, 1]))
            total = d if total is None else (total + d) / 2
        self.k.grad = self.k.grad + total
""",
    ),
    HeldOut(
        "kernel_turned_and_averaged",
        "conv2_kernel",
        "Two mistakes in one result: it is turned by half, and divided by the batch size.",
        """
class conv2:
    def backward_kernel(self):
        d = np.zeros(self.k.top.shape)
        for ky, kx, seen in self._taps():
            d[-1 - ky, -1 - kx] = np.einsum("byxc,byxd->cd", self.f.top[seen], self.grad)
        self.k.grad = self.k.grad + d / len(self.grad)
""",
    ),
    HeldOut(
        "kernel_input_channels_mixed",
        "conv2_kernel",
        "The image is summed over its channels: every input channel of the kernel gets the same gradient.",
        """
class conv2:
    def backward_kernel(self):
        grey = self.f.top.sum(axis=3, keepdims=True)
        d = np.zeros_like(self.k.top)
        for ky, kx, seen in self._taps():
            d[ky, kx] = (grey[seen] * self.grad).sum(axis=(0, 1, 2))
        self.k.grad = self.k.grad + d
""",
    ),
    HeldOut(
        "kernel_patches_regrouped",
        "conv2_kernel",
        "The result of the product is C1×kh×kw and is reshaped to kh×kw×C1, where axes have to be moved.",
        """
class conv2:
    def backward_kernel(self):
        kh, kw, C1, C2 = self.k.top.shape
        s = self.stride
        patches = np.lib.stride_tricks.sliding_window_view(self.f.top, (kh, kw), axis=(1, 2))[:, ::s, ::s]
        columns = patches.reshape(-1, C1 * kh * kw)
        d = columns.T @ self.grad.reshape(-1, C2)
        self.k.grad = self.k.grad + d.reshape(self.k.top.shape)
""",
        true=("conv2_kernel: reshaped_order_2_0_1_3",),
    ),
    HeldOut(
        "kernel_unsigned_gradient",
        "conv2_kernel",
        "The upstream gradient enters with its magnitude, without its sign.",
        """
class conv2:
    def backward_kernel(self):
        size = np.abs(self.grad)
        d = [np.tensordot(self.f.top[seen], size, ([0, 1, 2], [0, 1, 2])) for _, _, seen in self._taps()]
        self.k.grad = self.k.grad + np.reshape(d, self.k.top.shape)
""",
    ),
    HeldOut(
        "kernel_patches_of_the_first_forward",
        "conv2_kernel",
        "The patches of the image are cut out at the first backward and kept, when the image has changed too.",
        """
class conv2:
    def backward_kernel(self):
        if not hasattr(self, "patches"):
            self.patches = [np.array(self.f.top[seen]) for _, _, seen in self._taps()]
        d = [np.einsum("byxc,byxd->cd", patch, self.grad) for patch in self.patches]
        self.k.grad = self.k.grad + np.array(d).reshape(self.k.top.shape)
""",
        true=("conv2_kernel: images_of_first_pass",),
    ),
    HeldOut(
        "kernel_one_less_than_the_batch",
        "conv2_kernel",
        "The sum over the batch is divided by its size less one, as a variance is.",
        """
class conv2:
    def backward_kernel(self):
        n = np.maximum(len(self.f.top) - 1, 1)
        d = [np.tensordot(self.f.top[seen], self.grad, ([0, 1, 2], [0, 1, 2])) for _, _, seen in self._taps()]
        self.k.grad = self.k.grad + np.reshape(d, self.k.top.shape) / n
""",
    ),
    HeldOut(
        "kernel_place_by_place_overwritten",
        "conv2_kernel",
        "What each place of the kernel contributes overwrites that of the place before.",
        """
class conv2:
    def backward_kernel(self):
        kh, kw = self.k.top.shape[:2]
        for y in range(self.grad.shape[1]):
            for x in range(self.grad.shape[2]):
                patch = self.f.top[:, y * self.stride :, x * self.stride :][:, :kh, :kw]
                contribution = np.einsum("bijc,bd->ijcd", patch, self.grad[:, y, x])
        self.k.grad = self.k.grad + contribution
""",
        true=("conv2_kernel: last_place_only",),
    ),
]
