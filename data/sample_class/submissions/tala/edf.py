"""Tala: edf"""

import numpy as np

ops = []  # operations, in the order in which they were made
params = []  # leaves with a gradient
values = []  # leaves without one


class Value:
    def __init__(self):
        values.append(self)

    def set(self, value):
        self.top = np.array(value, dtype=np.float32)


class Param:
    def __init__(self):
        params.append(self)

    def set(self, value):
        self.top = np.array(value, dtype=np.float32)


def Forward():
    for op in ops:
        op.forward()


def Backward(loss):
    for node in ops + params:
        node.grad = np.zeros_like(node.top)
    loss.grad = np.ones_like(loss.top)
    for op in reversed(ops):
        op.backward()


def SGD(lr):
    for p in params:
        p.top = p.top - lr * p.grad


def init_momentum():
    for p in params:
        p.velocity = np.zeros_like(p.top)


def momentum(lr, mom=0.9):
    init_momentum()
    for p in params:
        p.velocity = mom * p.velocity + p.grad
        p.top = p.top - lr * p.velocity


class matmul:
    def __init__(self, x, y):
        ops.append(self)
        self.x = x
        self.y = y

    def forward(self):
        self.top = self.x.top @ self.y.top

    def backward(self):
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + self.grad @ self.y.top.T
        if self.y in ops or self.y in params:
            self.y.grad = self.y.grad + self.x.top.T @ self.grad


class add:
    def __init__(self, x, y):
        ops.append(self)
        self.x = x
        self.y = y

    def forward(self):
        self.top = self.x.top + self.y.top

    def backward(self):
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + self.grad
        if self.y in ops or self.y in params:
            self.y.grad = self.y.grad + self.grad.reshape((-1,) + self.y.top.shape).sum(axis=0)


class RELU:
    def __init__(self, x):
        ops.append(self)
        self.x = x

    def forward(self):
        self.top = np.maximum(self.x.top, 0 * self.x.top)

    def backward(self):
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + self.grad * (self.x.top > 0)


class sigmoid:
    def __init__(self, x):
        ops.append(self)
        self.x = x

    def forward(self):
        # exp of a negative number only: the same function, without overflow for x far below zero.
        small = np.exp(-np.abs(self.x.top))
        self.top = np.where(self.x.top >= 0, 1, small) / (1 + small)

    def backward(self):
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + self.grad * self.top * (1 - self.top)


class mean:
    def __init__(self, x):
        ops.append(self)
        self.x = x

    def forward(self):
        self.top = self.x.top.mean()

    def backward(self):
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + self.grad / self.x.top.size * np.ones_like(self.x.top)


class smaxloss:
    def __init__(self, x, y):
        ops.append(self)
        self.x = x
        self.y = y

    def forward(self):
        self.m = self.x.top.max(axis=1)
        self.s = np.exp(self.x.top - self.m[:, None]).sum(axis=1)
        batch = np.arange(len(self.m))
        self.top = self.m + np.log(self.s) - self.x.top[batch, self.y.top.astype(int)]

    def backward(self):
        if self.x in ops or self.x in params:
            batch = np.arange(len(self.m))
            g = np.exp(self.x.top - self.m[:, None]) / self.s[:, None]
            g[batch, self.y.top.astype(int)] -= 1
            self.x.grad = self.x.grad + g * self.grad[:, None]


class accuracy:
    def __init__(self, x, y):
        ops.append(self)
        self.x = x
        self.y = y

    def forward(self):
        self.top = (self.x.top.argmax(axis=1) == self.y.top).astype(np.float32)

    def backward(self):
        pass


class conv2:
    def __init__(self, f, k, stride=1):
        ops.append(self)
        self.f = f
        self.k = k
        self.stride = stride

    def forward(self):
        p = self.patches()
        b, h, w = p.shape[:3]
        k = self.k.top.reshape(-1, self.k.top.shape[-1])
        self.top = (p.reshape(b * h * w, -1) @ k).reshape(b, h, w, -1)

    def backward(self):
        if self.f in ops or self.f in params:
            self.backward_image()
        if self.k in ops or self.k in params:
            self.backward_kernel()

    def backward_image(self):
        # pad the gradient and correlate it with the flipped kernel, input and output channels swapped
        kh, kw, c1, c2 = self.k.top.shape
        flipped = self.k.top[::-1, ::-1].transpose(0, 1, 3, 2)
        padded = np.pad(self.grad, [(0, 0), (kh - 1, kh - 1), (kw - 1, kw - 1), (0, 0)])
        p = self.patches(padded)
        self.f.grad = self.f.grad + p @ flipped.reshape(-1, c1)

    def backward_kernel(self):
        p = self.patches()
        dk = np.tensordot(p, self.grad, axes=([0, 1, 2], [0, 1, 2]))
        self.k.grad = self.k.grad + dk.reshape(self.k.top.shape)

    def patches(self, images=None):
        """Every window as one long row: B, H', W', kh * kw * C."""
        images = self.f.top if images is None else images
        kh, kw = self.k.top.shape[:2]
        h, w = images.shape[1] - kh + 1, images.shape[2] - kw + 1
        shifted = [images[:, i : i + h, j : j + w] for i in range(kh) for j in range(kw)]
        return np.concatenate(shifted, axis=3)


class down2:
    def __init__(self, x):
        ops.append(self)
        self.x = x

    def forward(self):
        self.top = self.x.top[:, ::2, ::2, :]

    def backward(self):
        if self.x in ops or self.x in params:
            x_grad = np.zeros_like(self.x.top)
            x_grad[:, ::2, ::2, :] = self.grad
            self.x.grad = self.x.grad + x_grad


class flatten:
    def __init__(self, x):
        ops.append(self)
        self.x = x

    def forward(self):
        self.top = self.x.top.reshape(len(self.x.top), -1)

    def backward(self):
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + self.grad.reshape(self.x.top.shape)


class max:
    def __init__(self, x, y):
        ops.append(self)
        self.x = x
        self.y = y

    def forward(self):
        self.top = np.maximum(self.x.top, self.y.top)

    def backward(self):
        w = self.x.top >= self.y.top
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + self.grad * w
        if self.y in ops or self.y in params:
            self.y.grad = self.y.grad + self.grad * ~w


class where:
    def __init__(self, p, q, x, y):
        ops.append(self)
        self.p = p
        self.q = q
        self.x = x
        self.y = y

    def forward(self):
        w = self.p.top >= self.q.top
        self.top = np.where(w, self.x.top, self.y.top)

    def backward(self):
        w = self.p.top >= self.q.top
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + self.grad * w
        if self.y in ops or self.y in params:
            self.y.grad = self.y.grad + self.grad * ~w


def eager(op):
    class eager_op(op):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.forward()

    eager_op.__name__ = f"eager({op.__name__})"
    return eager_op


def reset():
    ops.clear()
    values.clear()
