"""Nadia, edf."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

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
            if self.y.top.ndim == 1 and self.x.top.ndim > 1:
                self.y.grad = self.y.grad + self.grad.reshape(-1, len(self.y.top)).sum(axis=0)
            else:
                self.y.grad = self.y.grad + self.grad


class RELU:
    def __init__(self, x):
        ops.append(self)
        self.x = x

    def forward(self):
        self.mask = self.x.top > 0
        self.top = np.where(self.mask, self.x.top, 0)

    def backward(self):
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + np.where(self.mask, self.grad, 0)


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
        self.top = self.x.top.sum() / np.float32(self.x.top.size)

    def backward(self):
        if self.x in ops or self.x in params:
            one = np.ones_like(self.x.top) / np.float32(self.x.top.size)
            self.x.grad = self.x.grad + self.grad * one


def log_softmax(x):
    x = x - x.max(axis=1, keepdims=True)
    return x - np.log(np.exp(x).sum(axis=1, keepdims=True))


class smaxloss:
    def __init__(self, x, y):
        ops.append(self)
        self.x = x
        self.y = y

    def forward(self):
        rows = range(len(self.x.top))
        self.top = -log_softmax(self.x.top)[rows, self.y.top.astype(int)]

    def backward(self):
        if self.x in ops or self.x in params:
            g = np.exp(log_softmax(self.x.top))
            g[range(len(g)), self.y.top.astype(int)] -= 1
            self.x.grad = self.x.grad + self.grad[:, None] * g


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
        kh, kw = self.k.top.shape[:2]
        # windows: B, H', W', C1, kh, kw
        windows = sliding_window_view(self.f.top, (kh, kw), axis=(1, 2))[:, :: self.stride, :: self.stride]
        self.top = np.tensordot(windows, self.k.top, axes=([4, 5, 3], [0, 1, 2]))

    def backward(self):
        if self.f in ops or self.f in params:
            self.backward_image()
        if self.k in ops or self.k in params:
            self.backward_kernel()

    def backward_image(self):
        kh, kw = self.k.top.shape[:2]
        s = self.stride
        image_grad = np.zeros(self.f.top.shape, self.f.top.dtype)
        for y in range(self.grad.shape[1]):
            for x in range(self.grad.shape[2]):
                patch = image_grad[:, y * s : y * s + kh, x * s : x * s + kw]
                patch = patch + np.tensordot(self.grad[:, y, x], self.k.top, axes=(1, 3))
        self.f.grad = self.f.grad + image_grad

    def backward_kernel(self):
        kh, kw = self.k.top.shape[:2]
        windows = sliding_window_view(self.f.top, (kh, kw), axis=(1, 2))[:, :: self.stride, :: self.stride]
        g = np.tensordot(windows, self.grad, axes=([0, 1, 2], [0, 1, 2]))  # C1, kh, kw, C2
        self.k.grad = self.k.grad + g.transpose(1, 2, 0, 3)


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
        to_x = np.where(self.x.top >= self.y.top, self.grad, 0)
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + to_x
        if self.y in ops or self.y in params:
            self.y.grad = self.y.grad + self.grad - to_x


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
        to_x = np.where(self.p.top >= self.q.top, self.grad, 0)
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + to_x
        if self.y in ops or self.y in params:
            self.y.grad = self.y.grad + self.grad - to_x


def eager(op):
    class eager_op(op):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.forward()

    return eager_op


def reset():
    ops.clear()
    values.clear()
