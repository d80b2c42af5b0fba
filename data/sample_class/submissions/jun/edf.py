"""edf (Jun). The array work of conv2 is in patches.py, next to this file."""

import numpy as np

from patches import cut, paste

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


def add_grad(node, grad):
    """Every backward ends here."""
    if node in ops or node in params:
        node.grad = node.grad + grad


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
    for p in params:
        p.velocity = p.grad + mom * p.velocity
        step = lr * p.velocity
        p.top = p.top - step


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
        add_grad(self.x, self.grad)
        if self.y.top.ndim == self.x.top.ndim:
            add_grad(self.y, self.grad)
        else:
            ones = np.ones(self.grad.size // self.y.top.size, dtype=self.grad.dtype)
            add_grad(self.y, ones @ self.grad.reshape(len(ones), -1))


class RELU:
    def __init__(self, x):
        ops.append(self)
        self.x = x

    def forward(self):
        self.top = np.fmax(self.x.top, 0)

    def backward(self):
        add_grad(self.x, (self.x.top >= 0) * self.grad)


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
        self.top = self.x.top.mean(axis=None)

    def backward(self):
        add_grad(self.x, np.tile(self.grad / self.x.top.size, self.x.top.shape))


class smaxloss:
    def __init__(self, x, y):
        ops.append(self)
        self.x = x
        self.y = y

    def forward(self):
        self.z = self.x.top - self.x.top.max(axis=-1, keepdims=True)
        self.z = self.z - np.log(np.exp(self.z).sum(axis=-1, keepdims=True))
        self.labels = [int(label) for label in self.y.top]
        self.top = np.array([-row[label] for row, label in zip(self.z, self.labels)], dtype=self.z.dtype)

    def backward(self):
        g = np.exp(self.z)
        for row, label in zip(g, self.labels):
            row[label] -= 1
        add_grad(self.x, np.diag(self.grad) @ g)


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
        kernel = self.k.top.reshape(-1, self.k.top.shape[-1])
        self.pieces = cut(self.f.top, *self.k.top.shape[:2], self.stride)
        self.top = self.pieces @ kernel

    def backward(self):
        if self.f in ops or self.f in params:
            self.backward_image()
        if self.k in ops or self.k in params:
            self.backward_kernel()

    def backward_image(self):
        kernel = self.k.top.reshape(-1, self.k.top.shape[-1])
        add_grad(self.f, paste(self.grad @ kernel.T, self.f.top.shape, *self.k.top.shape[:2], self.stride))

    def backward_kernel(self):
        flat_grad = self.grad.reshape(-1, self.grad.shape[-1])
        flat_pieces = self.pieces.reshape(len(flat_grad), -1)
        add_grad(self.k, (flat_pieces.T @ flat_grad).reshape(self.k.top.shape))


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
        self.top = self.x.top + np.maximum(self.y.top - self.x.top, 0)

    def backward(self):
        x_is_max = self.x.top >= self.y.top
        add_grad(self.x, x_is_max * self.grad)
        add_grad(self.y, (1 - x_is_max) * self.grad)


class where:
    def __init__(self, p, q, x, y):
        ops.append(self)
        self.p = p
        self.q = q
        self.x = x
        self.y = y

    def forward(self):
        self.top = np.where(self.p.top >= self.q.top, self.x.top, self.y.top)

    def backward(self):
        first = self.p.top >= self.q.top
        add_grad(self.x, first * self.grad)
        add_grad(self.y, (1 - first) * self.grad)


def eager(op):
    class Now:
        """Mixed in before the operation, so that its __init__ comes first."""

        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.forward()

    return type("now_" + op.__name__, (Now, op), {})


def reset():
    ops.clear()
    values.clear()
