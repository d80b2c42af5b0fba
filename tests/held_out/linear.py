"""Held-out mistakes in matmul and add."""

from held_out.mistake import HeldOut

LINEAR = [
    HeldOut(
        "matmul_x_untransposed",
        "matmul",
        "The gradient to x multiplies by y itself instead of its transpose; that to y is right.",
        """
class matmul:
    def backward(self):
        A, B, G = self.x.top, self.y.top, self.grad
        if not isinstance(self.x, Value):
            self.x.grad = self.x.grad + np.dot(G, B)
        if not isinstance(self.y, Value):
            self.y.grad = self.y.grad + np.dot(A.T, G)
""",
    ),
    HeldOut(
        "matmul_y_gradient_transposed",
        "matmul",
        "The gradient to y comes out transposed: the order of the factors was exchanged, as if y were M×N.",
        """
class matmul:
    def backward(self):
        upstream = self.grad
        for node in (self.x, self.y):
            if node in values:
                continue
            if node is self.x:
                node.grad = node.grad + np.einsum("bm,nm->bn", upstream, self.y.top)
            else:
                node.grad = node.grad + np.einsum("bm,bn->mn", upstream, self.x.top)
""",
    ),
    HeldOut(
        "matmul_mean_of_outer_products",
        "matmul",
        "The gradient to y is averaged over the batch instead of summed.",
        """
class matmul:
    def backward(self):
        if self.x in ops + params:
            self.x.grad = self.x.grad + (self.y.top @ self.grad.T).T
        if self.y in ops + params:
            outer = [np.outer(row, g) for row, g in zip(self.x.top, self.grad)]
            self.y.grad = self.y.grad + np.mean(outer, axis=0)
""",
        true=("matmul: divided_by_batch",),
    ),
    HeldOut(
        "matmul_last_sample_only",
        "matmul",
        "The loop over the batch overwrites its result: the gradient to y is that of the last sample alone.",
        """
class matmul:
    def backward(self):
        rows = self.grad.shape[0]
        if self.x in ops or self.x in params:
            dx = np.empty(self.x.top.shape)
            for i in range(rows):
                dx[i] = self.y.top @ self.grad[i]
            self.x.grad = self.x.grad + dx
        if self.y in ops or self.y in params:
            for i in range(rows):
                dy = self.x.top[i][:, None] * self.grad[i][None, :]
            self.y.grad = self.y.grad + dy
""",
    ),
    HeldOut(
        "matmul_result_as_upstream",
        "matmul",
        "Both gradients use the result of the forward pass where the upstream gradient belongs.",
        """
class matmul:
    def backward(self):
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + self.top @ np.transpose(self.y.top)
        if self.y in ops or self.y in params:
            self.y.grad = self.y.grad + np.transpose(self.x.top) @ self.top
""",
    ),
    HeldOut(
        "matmul_half_precision",
        "matmul",
        "The product is computed in float16, so that three digits of it are right.",
        """
class matmul:
    def forward(self):
        a = self.x.top.astype(np.float16)
        b = self.y.top.astype(np.float16)
        self.top = np.matmul(a, b).astype(np.float32)
""",
    ),
    HeldOut(
        "matmul_order_and_overwritten",
        "matmul",
        "Two mistakes: the gradient to x uses y untransposed, and that to y is assigned where it must be added.",
        """
class matmul:
    def backward(self):
        g = self.grad
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + g @ self.y.top
        if self.y in ops or self.y in params:
            self.y.grad = self.x.top.T.dot(g)
""",
    ),
    HeldOut(
        "matmul_reshaped_for_transposed",
        "matmul",
        "reshape stands in for the transpose in both gradients: the shapes fit, the numbers are mixed up.",
        """
class matmul:
    def backward(self):
        x, y, g = self.x.top, self.y.top, self.grad
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + g @ y.reshape(y.shape[::-1])
        if self.y in ops or self.y in params:
            self.y.grad = self.y.grad + x.reshape(x.shape[::-1]) @ g
""",
        true=("matmul: reshape_for_transpose",),
    ),
    HeldOut(
        "matmul_either_x_or_y",
        "matmul",
        "It returns after the gradient to x: y gets a gradient only if x needs none.",
        """
class matmul:
    def backward(self):
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + self.grad.dot(self.y.top.T)
            return
        if self.y in ops or self.y in params:
            self.y.grad = self.y.grad + self.x.top.T.dot(self.grad)
""",
    ),
    HeldOut(
        "matmul_values_too",
        "matmul",
        "Whatever comes in gets a gradient, Values too.",
        """
class matmul:
    def backward(self):
        for node, g in ((self.x, self.grad @ self.y.top.T), (self.y, self.x.top.T @ self.grad)):
            node.grad = getattr(node, "grad", 0) + g
""",
        true=("matmul: gradient_to_value",),
    ),
    HeldOut(
        "matmul_last_row_left_out",
        "matmul",
        "The loop over the rows ends one too early: the last row of the gradient to x stays 0.",
        """
class matmul:
    def backward(self):
        n = self.grad.shape[0]
        if self.x in ops or self.x in params:
            d = np.zeros(self.x.top.shape)
            for i in range(n - 1):
                d[i] = self.y.top.dot(self.grad[i])
            self.x.grad = self.x.grad + d
        if self.y in ops or self.y in params:
            self.y.grad = self.y.grad + sum(np.outer(self.x.top[i], self.grad[i]) for i in range(n))
""",
        true=("matmul: but_last_0",),
    ),
    HeldOut(
        "matmul_assigns",
        "matmul",
        "Both gradients are assigned: what other operations have given to x and y before is lost.",
        """
class matmul:
    def backward(self):
        x, y = self.x, self.y
        if x in ops or x in params:
            x.grad = np.inner(self.grad, y.top)
        if y in ops or y in params:
            y.grad = np.einsum("bn,bm->nm", x.top, self.grad)
""",
        true=("matmul: overwrites",),
    ),
    HeldOut(
        "add_first_pixel_of_4d",
        "add",
        "The bias gradient is summed over the batch alone; of an image's pixels only the first is counted.",
        """
class add:
    def backward(self):
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + self.grad
        if self.y in ops or self.y in params:
            g = self.grad
            if g.ndim != self.y.top.ndim:
                g = g.sum(axis=0)
                while g.ndim > self.y.top.ndim:
                    g = g[0]
            self.y.grad = self.y.grad + g
""",
    ),
    HeldOut(
        "add_mean_over_pixels",
        "add",
        "The bias gradient is averaged over the pixels and summed over the batch; of 2-D x it is right.",
        """
class add:
    def backward(self):
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + self.grad
        if self.y in ops or self.y in params:
            g = self.grad
            if g.shape != self.y.top.shape:
                per_sample = g.reshape(g.shape[0], -1, g.shape[-1]).mean(axis=1)
                g = per_sample.sum(axis=0)
            self.y.grad = self.y.grad + g
""",
    ),
    HeldOut(
        "add_bias_keeps_axis",
        "add",
        "The bias gradient keeps an axis of length 1 in front: its numbers are right, its shape is not.",
        """
class add:
    def backward(self):
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + self.grad
        if self.y in ops or self.y in params:
            if np.shape(self.y.top) == np.shape(self.x.top):
                self.y.grad = self.y.grad + self.grad
            else:
                channels = self.grad.shape[-1]
                self.y.grad = self.y.grad + self.grad.reshape(-1, channels).sum(axis=0, keepdims=True)
""",
        true=("add: another_shape",),
    ),
    HeldOut(
        "add_mean_over_everything_copied",
        "add",
        "The bias gradient is the average of the upstream gradients that reach it, not their sum.",
        """
class add:
    def backward(self):
        def shrink(g, like):
            while len(g.shape) > len(like.shape):
                g = np.average(g, axis=0)
            return g

        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + shrink(self.grad, self.x.top)
        if self.y in ops or self.y in params:
            self.y.grad = self.y.grad + shrink(self.grad, self.y.top)
""",
        true=("add: bias_mean",),
    ),
    HeldOut(
        "add_slightly_too_large",
        "add",
        "Both gradients are one per cent too large.",
        """
class add:
    def backward(self):
        gain = 1.01
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + gain * self.grad
        if self.y in ops or self.y in params:
            axes = tuple(range(self.grad.ndim - self.y.top.ndim))
            self.y.grad = self.y.grad + gain * np.sum(self.grad, axis=axes)
""",
    ),
    HeldOut(
        "add_bias_average_and_overwritten",
        "add",
        "Two mistakes in the bias gradient at once: it is averaged over the batch, and assigned, not added.",
        """
class add:
    def backward(self):
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + self.grad
        if self.y in ops or self.y in params:
            if self.y.top.ndim < self.x.top.ndim:
                flat = self.grad.reshape(-1, self.grad.shape[-1])
                self.y.grad = flat.sum(axis=0) / len(flat)
            else:
                self.y.grad = self.y.grad + self.grad
""",
    ),
    HeldOut(
        "add_keeps_the_upstream_array",
        "add",
        "The first gradient that arrives is kept as it is; the next is added in place, into others' arrays.",
        """
class add:
    def backward(self):
        for node in (self.x, self.y):
            if node in values:
                continue
            lead = self.grad.ndim - node.top.ndim
            g = self.grad.sum(axis=tuple(range(lead))) if lead else self.grad
            if np.any(node.grad):
                node.grad += g
            else:
                node.grad = g
""",
        true=("add: one_array_for_both",),
    ),
    HeldOut(
        "add_bias_of_the_last_row",
        "add",
        "The bias gets the upstream gradient of the last row alone.",
        """
class add:
    def backward(self):
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + self.grad
        if self.y in ops or self.y in params:
            if self.grad.ndim > self.y.top.ndim:
                for row in self.grad.reshape(-1, self.grad.shape[-1]):
                    collected = row
                self.y.grad = self.y.grad + collected
            else:
                self.y.grad = self.y.grad + self.grad
""",
    ),
    HeldOut(
        "add_writes_into_x",
        "add",
        "The sum is written into the array of x.",
        """
class add:
    def forward(self):
        self.top = self.x.top
        self.top += self.y.top
""",
        true=("add: input_in_place",),
    ),
    HeldOut(
        "add_either_x_or_y",
        "add",
        "It says elif where it should say if: y gets a gradient only if x needs none.",
        """
class add:
    def backward(self):
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + self.grad
        elif self.y in ops or self.y in params:
            extra = self.grad.ndim - self.y.top.ndim
            self.y.grad = self.y.grad + np.sum(self.grad, axis=tuple(range(extra)))
""",
    ),
]
