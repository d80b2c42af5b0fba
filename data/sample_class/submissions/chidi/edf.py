# Chidi, group B. conv2 with einsum; I did not do the stride.

import numpy as np
from numpy.lib.stride_tricks import as_strided

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


def differentiable(node):
    return any(node is other for other in ops + params)


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
    for param in params:
        param.vel = np.zeros_like(param.top)


def momentum(lr, mom=0.9):
    for param in params:
        param.vel *= mom
        param.vel += param.grad
        param.top = param.top - lr * param.vel


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
        if differentiable(self.x):
            self.x.grad = self.x.grad + self.grad
        if differentiable(self.y):
            is_bias = self.y.top.ndim == 1 and self.grad.ndim > 1
            g = np.einsum("nc->c", self.grad.reshape(-1, self.grad.shape[-1])) if is_bias else self.grad
            self.y.grad = self.y.grad + g


class RELU:
    def __init__(self, x):
        ops.append(self)
        self.x = x

    def forward(self):
        self.top = self.x.top.clip(min=0)

    def backward(self):
        if differentiable(self.x):
            slope = (np.sign(self.x.top) + 1) / 2
            self.x.grad = self.x.grad + slope * self.grad


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
        self.top = np.average(self.x.top)

    def backward(self):
        if differentiable(self.x):
            self.x.grad = self.x.grad + self.grad / np.prod(self.x.top.shape)


class smaxloss:
    def __init__(self, x, y):
        ops.append(self)
        self.x = x
        self.y = y

    def forward(self):
        shift = self.x.top.max(axis=1, keepdims=True)
        logZ = shift + np.log(np.einsum("bc->b", np.exp(self.x.top - shift)))[:, None]
        self.logp = self.x.top - logZ
        idx = self.y.top.astype(np.int64)[:, None]
        self.top = -np.take_along_axis(self.logp, idx, axis=1)[:, 0]

    def backward(self):
        if differentiable(self.x):
            classes = np.arange(self.logp.shape[1])
            target = classes[None, :] == self.y.top[:, None]
            self.x.grad = self.x.grad + np.einsum("b,bc->bc", self.grad, np.exp(self.logp) - target)


class accuracy:
    def __init__(self, x, y):
        ops.append(self)
        self.x = x
        self.y = y

    def forward(self):
        self.top = (self.x.top.argmax(axis=1) == self.y.top).astype(np.float32)

    def backward(self):
        pass


def windows(images, kh, kw):
    """View of all kh x kw windows: B, H-kh+1, W-kw+1, kh, kw, C."""
    B, H, W, C = images.shape
    sb, sy, sx, sc = images.strides
    shape = (B, H - kh + 1, W - kw + 1, kh, kw, C)
    return as_strided(images, shape, (sb, sy, sx, sy, sx, sc), writeable=False)


class conv2:
    def __init__(self, f, k, stride=1):
        ops.append(self)
        self.f = f
        self.k = k
        self.stride = stride

    def forward(self):
        kh, kw = self.k.top.shape[:2]
        self.top = np.einsum("byxijc,ijcd->byxd", windows(self.f.top, kh, kw), self.k.top, optimize=True)

    def backward(self):
        if self.f in ops or self.f in params:
            self.backward_image()
        if self.k in ops or self.k in params:
            self.backward_kernel()

    def backward_image(self):
        # full correlation of the gradient with the kernel turned by 180 degrees
        kh, kw = self.k.top.shape[:2]
        padded = np.pad(self.grad, ((0, 0), (kh - 1, kh - 1), (kw - 1, kw - 1), (0, 0)))
        turned = self.k.top[::-1, ::-1]
        g = np.einsum("byxijd,ijcd->byxc", windows(padded, kh, kw), turned, optimize=True)
        self.f.grad = self.f.grad + g

    def backward_kernel(self):
        kh, kw = self.k.top.shape[:2]
        g = np.einsum("byxijc,byxd->ijcd", windows(self.f.top, kh, kw), self.grad, optimize=True)
        self.k.grad = self.k.grad + g


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
        stacked = np.stack([self.x.top, self.y.top])
        self.winner = stacked.argmax(axis=0)  # argmax takes the first one at ties, that is x
        self.top = stacked.max(axis=0)

    def backward(self):
        for number, node in enumerate([self.x, self.y]):
            if differentiable(node):
                node.grad = node.grad + self.grad * (self.winner == number)


class where:
    def __init__(self, p, q, x, y):
        ops.append(self)
        self.p = p
        self.q = q
        self.x = x
        self.y = y

    def forward(self):
        self.take_x = np.greater_equal(self.p.top, self.q.top)
        self.top = np.select([self.take_x], [self.x.top], self.y.top)

    def backward(self):
        g = self.grad
        if differentiable(self.x):
            self.x.grad = self.x.grad + g * self.take_x
        if differentiable(self.y):
            self.y.grad = self.y.grad + (g - g * self.take_x)


def eager(op):
    class Eager(op):
        def __init__(self, *a, **k):
            super(Eager, self).__init__(*a, **k)
            super(Eager, self).forward()

    return Eager


def reset():
    for graph in (ops, values):
        while graph:
            graph.pop()
