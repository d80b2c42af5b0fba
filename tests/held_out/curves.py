"""Held-out mistakes in RELU, sigmoid and mean."""

from held_out.mistake import HeldOut

CURVES = [
    HeldOut(
        "relu_positive_gradients_only",
        "RELU",
        "Besides the right mask, negative upstream gradients are dropped, as in guided backpropagation.",
        """
class RELU:
    def backward(self):
        if self.x in ops or self.x in params:
            passes = np.logical_and(self.x.top > 0, self.grad > 0)
            self.x.grad = self.x.grad + np.where(passes, self.grad, 0.0)
""",
    ),
    HeldOut(
        "relu_of_the_gradient",
        "RELU",
        "The rectifier is applied to the upstream gradient; where x is negative is not looked at.",
        """
class RELU:
    def backward(self):
        if self.x in ops or self.x in params:
            rectified = (np.abs(self.grad) + self.grad) / 2
            self.x.grad = self.x.grad + rectified
""",
        true=("RELU: mask_by_gradient",),
    ),
    HeldOut(
        "relu_sign_as_slope",
        "RELU",
        "The slope is the sign of x: for negative x it is −1 instead of 0.",
        """
class RELU:
    def backward(self):
        if self.x in params or self.x in ops:
            slope = np.sign(self.x.top)
            self.x.grad = self.x.grad + slope * self.grad
""",
        true=("RELU: not_0_where_expected",),
    ),
    HeldOut(
        "relu_twice_as_large",
        "RELU",
        "The forward computes x + |x| and forgets to halve it; the backward is that of the rectifier.",
        """
class RELU:
    def forward(self):
        x = self.x.top
        self.top = x + abs(x)
""",
        true=("RELU: times_2",),
    ),
    HeldOut(
        "relu_mask_of_another_node",
        "RELU",
        "The mask is taken from a list that all RELUs share, and always the oldest one that is left in it.",
        """
masks = []

class RELU:
    def forward(self):
        mask = self.x.top > 0
        masks.append(mask)
        self.top = self.x.top * mask

    def backward(self):
        mask = masks.pop(0)
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + np.resize(mask, self.grad.shape) * self.grad
""",
    ),
    HeldOut(
        "relu_capped_at_one",
        "RELU",
        "The forward also cuts off above 1; the backward does not know of it.",
        """
class RELU:
    def forward(self):
        self.top = np.clip(self.x.top, 0, 1)

    def backward(self):
        if self.x in ops or self.x in params:
            d = self.grad.copy()
            d[self.x.top < 0] = 0
            self.x.grad = self.x.grad + d
""",
    ),
    HeldOut(
        "relu_exponential",
        "RELU",
        "This is another activation, exp(x) − 1 for negative x, with its own derivative: the two fit together.",
        """
class RELU:
    def forward(self):
        x = self.x.top
        self.top = np.where(x > 0, x, np.exp(np.minimum(x, 0)) - 1)

    def backward(self):
        if self.x in ops or self.x in params:
            slope = np.where(self.x.top > 0, 1, self.top + 1)
            self.x.grad = self.x.grad + self.grad * slope
""",
        true=(
            "RELU: consistent",
            "RELU: not_0_where_expected",
        ),
    ),
    HeldOut(
        "relu_mask_of_the_first_forward",
        "RELU",
        "The mask is made at the first forward and never again, and used by both directions.",
        """
class RELU:
    def forward(self):
        if not hasattr(self, "on"):
            self.on = self.x.top > 0
        self.top = np.where(self.on, self.x.top, 0)

    def backward(self):
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + np.where(self.on, self.grad, 0)
""",
        true=("RELU: mask_of_first_pass",),
    ),
    HeldOut(
        "relu_writes_into_its_input",
        "RELU",
        "The result is the array of the input, in which negative numbers are set to 0: all signs are lost.",
        """
class RELU:
    def forward(self):
        self.top = self.x.top
        self.top[self.top < 0] = 0

    def backward(self):
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + self.grad * (self.x.top >= 0)
""",
        true=("RELU: input_in_place_hides_mask",),
    ),
    HeldOut(
        "sigmoid_slope_of_itself",
        "sigmoid",
        "The derivative is taken at the result of the forward pass, as if that were the input.",
        """
def logistic(z):
    return 1 / (1 + np.exp(-z))

class sigmoid:
    def forward(self):
        self.top = logistic(self.x.top)

    def backward(self):
        if self.x in ops or self.x in params:
            s = logistic(self.top)
            self.x.grad = self.x.grad + self.grad * s * (1 - s)
""",
        true=("sigmoid: applied_twice",),
    ),
    HeldOut(
        "sigmoid_half_a_slope",
        "sigmoid",
        "The derivative is top alone: the factor 1 − top is missing.",
        """
class sigmoid:
    def backward(self):
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + np.multiply(self.grad, self.top)
""",
        true=("sigmoid: half_of_slope",),
    ),
    HeldOut(
        "sigmoid_falling",
        "sigmoid",
        "The sign in the exponent is missing, so that it falls where it should rise; its derivative fits that.",
        """
class sigmoid:
    def forward(self):
        e = np.exp(self.x.top)
        self.top = np.reciprocal(1.0 + e)

    def backward(self):
        if self.x in ops or self.x in params:
            e = np.exp(self.x.top)
            self.x.grad = self.x.grad - self.grad * e / (1.0 + e) ** 2
""",
        true=(
            "sigmoid: carried",
            "sigmoid: exponent_sign",
        ),
    ),
    HeldOut(
        "sigmoid_softsign",
        "sigmoid",
        "It computes another curve, (1 + x / (1 + |x|)) / 2, with the logistic function's derivative.",
        """
class sigmoid:
    def forward(self):
        x = self.x.top
        self.top = 0.5 * (1 + x / (1 + np.fabs(x)))
""",
    ),
    HeldOut(
        "sigmoid_clipped_too_early",
        "sigmoid",
        "Against overflow, x is clipped to ±1, where it should be far more.",
        """
class sigmoid:
    def forward(self):
        safe = np.minimum(np.maximum(self.x.top, -1), 1)
        self.top = 1 / (1 + np.exp(-safe))
""",
    ),
    HeldOut(
        "sigmoid_keeps_its_result",
        "sigmoid",
        "forward computes its result only once and keeps it, whatever its input becomes.",
        """
class sigmoid:
    def forward(self):
        if not hasattr(self, "top"):
            self.top = 1 / (1 + np.exp(-self.x.top))
""",
    ),
    HeldOut(
        "sigmoid_slope_into_the_upstream",
        "sigmoid",
        "The upstream gradient is multiplied in place by the slope, so that the operation's own .grad changes.",
        """
class sigmoid:
    def backward(self):
        if self.x in ops or self.x in params:
            g = self.grad
            g *= self.top
            g *= 1 - self.top
            self.x.grad = self.x.grad + g
""",
        true=("sigmoid: upstream_in_place",),
    ),
    HeldOut(
        "sigmoid_hyperbolic_tangent",
        "sigmoid",
        "It is the hyperbolic tangent, with its own derivative.",
        """
class sigmoid:
    def forward(self):
        a, b = np.exp(self.x.top), np.exp(-self.x.top)
        self.top = (a - b) / (a + b)

    def backward(self):
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + self.grad * (1 - np.square(self.top))
""",
        true=("sigmoid: consistent",),
    ),
    HeldOut(
        "sigmoid_of_listed_types",
        "sigmoid",
        "Only Params and the operations that it lists get a gradient: a sigmoid of a sigmoid passes none on.",
        """
class sigmoid:
    def backward(self):
        if isinstance(self.x, (Param, matmul, add, conv2, flatten)):
            self.x.grad = self.x.grad + self.grad * self.top * (1 - self.top)
""",
        true=("sigmoid: operations_left_out",),
    ),
    HeldOut(
        "mean_one_less",
        "mean",
        "It divides by one less than the number of elements, forward and backward.",
        """
class mean:
    def forward(self):
        self.n = self.x.top.size - 1
        self.top = self.x.top.sum() / self.n

    def backward(self):
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + np.full(self.x.top.shape, self.grad / self.n)
""",
        true=("mean: consistent",),
    ),
    HeldOut(
        "mean_over_one_axis_forward",
        "mean",
        "The forward averages over the last axis alone and adds up the rest; the backward is right.",
        """
class mean:
    def forward(self):
        per_row = self.x.top.mean(axis=-1)
        self.top = np.sum(per_row)
""",
        true=("mean: times_number_of_elements_along_all_axes_but_the_last",),
    ),
    HeldOut(
        "mean_share_of_first_axis",
        "mean",
        "The backward divides by the length of the first axis instead of by the number of elements.",
        """
class mean:
    def backward(self):
        if self.x in ops or self.x in params:
            dx = np.zeros_like(self.x.top)
            dx[...] = self.grad
            dx = dx / len(self.x.top)
            self.x.grad = self.x.grad + dx
""",
        true=("mean: divided_by_batch_only",),
    ),
    HeldOut(
        "mean_whole_number",
        "mean",
        "The division is one of whole numbers, so that the result is rounded down.",
        """
class mean:
    def forward(self):
        total = np.sum(self.x.top)
        count = np.prod(self.x.top.shape)
        self.top = total // count
""",
    ),
    HeldOut(
        "mean_median",
        "mean",
        "It computes the median.",
        """
class mean:
    def forward(self):
        self.top = np.median(self.x.top)
""",
    ),
    HeldOut(
        "mean_share_of_last_two_axes",
        "mean",
        "The backward divides by the lengths of the last two axes alone: right for x with two axes or one.",
        """
class mean:
    def backward(self):
        if self.x in ops or self.x in params:
            count = 1
            for n in self.x.top.shape[-2:]:
                count = count * n
            self.x.grad = self.x.grad + self.grad * np.ones(self.x.top.shape) / count
""",
    ),
]
