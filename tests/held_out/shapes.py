"""Held-out mistakes in down2, flatten and the leaves."""

from held_out.mistake import HeldOut

SHAPES = [
    HeldOut(
        "down2_average",
        "down2",
        "It averages each block of 2×2 pixels, cut off at the border, instead of taking its first pixel.",
        """
class down2:
    def forward(self):
        x = self.x.top
        H, W = x.shape[1:3]
        x = np.pad(x, ((0, 0), (0, H % 2), (0, W % 2), (0, 0)), mode="edge")
        self.top = (x[:, ::2, ::2] + x[:, 1::2, ::2] + x[:, ::2, 1::2] + x[:, 1::2, 1::2]) / 4
""",
    ),
    HeldOut(
        "down2_largest",
        "down2",
        "It takes the largest pixel of each block of 2×2, with a backward that fits neither this nor the exercise.",
        """
class down2:
    def forward(self):
        x = self.x.top
        B, H, W, C = x.shape
        padded = np.full((B, H + H % 2, W + W % 2, C), -np.inf)
        padded[:, :H, :W] = x
        self.top = padded.reshape(B, (H + 1) // 2, 2, (W + 1) // 2, 2, C).max(axis=(2, 4))
""",
    ),
    HeldOut(
        "down2_whole_blocks_only",
        "down2",
        "The last row or column is dropped where their number is odd.",
        """
class down2:
    def forward(self):
        H, W = self.x.top.shape[1] // 2, self.x.top.shape[2] // 2
        self.top = np.array([[[img[2 * i, 2 * j] for j in range(W)] for i in range(H)] for img in self.x.top])

    def backward(self):
        if self.x in ops or self.x in params:
            d = np.zeros(self.x.top.shape)
            for i in range(self.grad.shape[1]):
                for j in range(self.grad.shape[2]):
                    d[:, 2 * i, 2 * j] = self.grad[:, i, j]
            self.x.grad = self.x.grad + d
""",
        true=(
            "down2: carried",
            "down2: last_of_odd_lost",
        ),
    ),
    HeldOut(
        "down2_rows_only",
        "down2",
        "Only rows are left out; all columns stay, and the backward fits that.",
        """
class down2:
    def forward(self):
        self.top = self.x.top[:, range(0, self.x.top.shape[1], 2)]

    def backward(self):
        if self.x in ops or self.x in params:
            self.x.grad[:, range(0, self.x.top.shape[1], 2)] += self.grad
""",
        true=("down2: consistent",),
    ),
    HeldOut(
        "down2_shared_among_four",
        "down2",
        "The backward gives each pixel of a block a quarter of the gradient, as for an average.",
        """
class down2:
    def backward(self):
        if self.x in ops or self.x in params:
            H, W = self.x.top.shape[1], self.x.top.shape[2]
            block = np.ones((1, 2, 2, 1)) / 4
            self.x.grad = self.x.grad + np.kron(self.grad, block)[:, :H, :W, :]
""",
        true=("down2: shared_by_block",),
    ),
    HeldOut(
        "down2_even_and_halved",
        "down2",
        "Two mistakes in one result: it takes the second pixel of each block, and halves it.",
        """
class down2:
    def forward(self):
        x = self.x.top
        rows = [min(i + 1, x.shape[1] - 1) for i in range(0, x.shape[1], 2)]
        columns = [min(j + 1, x.shape[2] - 1) for j in range(0, x.shape[2], 2)]
        self.top = x[:, rows][:, :, columns] * 0.5
""",
    ),
    HeldOut(
        "flatten_channels_first",
        "flatten",
        "For images, the channels are moved to the front before flattening; the backward does not undo it.",
        """
class flatten:
    def forward(self):
        x = self.x.top
        if x.ndim == 4:
            x = np.transpose(x, (0, 3, 1, 2))
        self.top = x.reshape(x.shape[0], -1)
""",
        true=("flatten: permuted",),
    ),
    HeldOut(
        "flatten_batch_last",
        "flatten",
        "It flattens to N×B and transposes that, which mixes the images; the backward undoes just this.",
        """
class flatten:
    def forward(self):
        self.top = self.x.top.reshape(-1, self.x.top.shape[0]).T

    def backward(self):
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + self.grad.T.reshape(self.x.top.shape)
""",
        true=(
            "eager: permuted",
            "flatten: consistent",
            "flatten: permuted",
        ),
    ),
    HeldOut(
        "flatten_first_axis_fastest",
        "flatten",
        "The axes are gone through in Fortran's order, the first of them fastest.",
        """
class flatten:
    def forward(self):
        self.top = np.stack([sample.T.ravel() for sample in self.x.top])
""",
        true=(
            "eager: permuted",
            "flatten: fortran_forward",
        ),
    ),
    HeldOut(
        "flatten_backward_mirrored",
        "flatten",
        "The backward puts the numbers back from the last to the first.",
        """
class flatten:
    def backward(self):
        if self.x in ops or self.x in params:
            shape = self.x.top.shape
            back = [np.array(row[::-1]).reshape(shape[1:]) for row in self.grad]
            self.x.grad = self.x.grad + np.array(back)
""",
        true=("flatten: permuted",),
    ),
    HeldOut(
        "flatten_gives_x_another_shape",
        "flatten",
        "The input itself is given the new shape, so that backward does not know the old one any more.",
        """
class flatten:
    def forward(self):
        x = self.x.top
        x.shape = (x.shape[0], x.size // x.shape[0])
        self.top = x
""",
        true=("eager: raises",),
    ),
    HeldOut(
        "value_double",
        "Value",
        "Value stores in the precision that numpy chooses, mostly float64; Param is right.",
        """
class Value:
    def set(self, value):
        self.top = np.array(value).copy()
""",
    ),
    HeldOut(
        "value_as_matrix",
        "Value",
        "Lists and single numbers become matrices of one row.",
        """
class Value:
    def set(self, value):
        self.top = np.array(value, dtype="float32", ndmin=2)

class Param:
    def set(self, value):
        self.top = np.atleast_2d(np.array(value, dtype="float32"))
""",
        true=("Value: another_shape",),
    ),
    HeldOut(
        "value_whole_numbers",
        "Value",
        "Numbers are cut off to whole ones before they are stored.",
        """
class Value:
    def set(self, value):
        self.top = np.array(value, dtype=int).astype(np.float32)
""",
    ),
    HeldOut(
        "value_view",
        "Value",
        "An array that is float32 already is kept as it is, not copied.",
        """
def as_float32(value):
    if isinstance(value, np.ndarray) and value.dtype == np.float32:
        return value
    return np.array(value, dtype=np.float32)

class Value:
    def set(self, value):
        self.top = as_float32(value)

class Param:
    def set(self, value):
        self.top = as_float32(value)
""",
        true=("Value: not_copied",),
    ),
    HeldOut(
        "value_as_it_comes",
        "Value",
        "What is given is kept as it is: no copy, no float32, lists stay lists.",
        """
class Value:
    def set(self, value):
        self.top = value

class Param:
    def set(self, value):
        self.top = value
""",
        true=("Value: stored_as_given",),
    ),
]
