"""edf. I compute everything in float64: float32 gave me noise when I checked gradients numerically."""

import numpy as np

ops = []  # operations, in the order in which they were made
params = []  # leaves with a gradient
values = []  # leaves without one

def f64(a):
    return np.asarray(a, dtype=np.float64)


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
        p.velocity = np.zeros(p.top.shape, dtype=np.float64)


def momentum(lr, mom=0.9):
    for p in params:
        p.velocity = mom * p.velocity + f64(p.grad)
        p.top = f64(p.top) - lr * p.velocity


def give(node, gradient):
    """Add to the gradient of a node, if it has one."""
    if node in params or node in ops:
        node.grad = f64(node.grad) + gradient


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
        self.top = f64(self.x.top) + f64(self.y.top)

    def backward(self):
        give(self.x, self.grad)
        extra = self.grad.ndim - np.ndim(self.y.top)
        give(self.y, f64(self.grad).sum(axis=tuple(range(extra))))


class RELU:
    def __init__(self, x):
        ops.append(self)
        self.x = x

    def forward(self):
        self.top = np.maximum(f64(self.x.top), 0.0)

    def backward(self):
        give(self.x, f64(self.grad) * np.heaviside(f64(self.x.top), 1.0))


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
        self.top = f64(self.x.top).mean()

    def backward(self):
        count = self.x.top.size
        give(self.x, np.ones(self.x.top.shape) * f64(self.grad) / count)


class smaxloss:
    def __init__(self, x, y):
        ops.append(self)
        self.x = x
        self.y = y

    def forward(self):
        x = f64(self.x.top)
        x = x - x.max(axis=1, keepdims=True)
        self.logp = x - np.log(np.exp(x).sum(axis=1, keepdims=True))
        self.onehot = np.zeros(x.shape)
        self.onehot[range(len(x)), self.y.top.astype(int)] = 1.0
        self.top = -(self.logp * self.onehot).sum(axis=1)

    def backward(self):
        give(self.x, f64(self.grad)[:, None] * (np.exp(self.logp) - self.onehot))


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
        f, k, s = f64(self.f.top), f64(self.k.top), self.stride
        rows = f.shape[1] - k.shape[0] + 1
        cols = f.shape[2] - k.shape[1] + 1
        self.top = sum(
            np.tensordot(f[:, a : a + rows : s, b : b + cols : s], k[a, b], axes=1)
            for a in range(k.shape[0])
            for b in range(k.shape[1])
        )

    def backward(self):
        if self.f in ops or self.f in params:
            self.backward_image()
        if self.k in ops or self.k in params:
            self.backward_kernel()

    def backward_image(self):
        g, k, s = f64(self.grad), f64(self.k.top), self.stride
        total = np.zeros(self.f.top.shape)
        rows = total.shape[1] - k.shape[0] + 1
        cols = total.shape[2] - k.shape[1] + 1
        for a in range(k.shape[0]):
            for b in range(k.shape[1]):
                total[:, a : a + rows : s, b : b + cols : s] += np.tensordot(g, k[a, b], axes=(3, 1))
        give(self.f, total)

    def backward_kernel(self):
        f, g, s = f64(self.f.top), f64(self.grad), self.stride
        kh, kw = self.k.top.shape[:2]
        rows, cols = f.shape[1] - kh + 1, f.shape[2] - kw + 1
        total = np.zeros(self.k.top.shape)
        for a, b in np.ndindex(kh, kw):
            seen = f[:, a : a + rows : s, b : b + cols : s]
            total[a, b] = np.tensordot(seen, g, axes=((0, 1, 2), (0, 1, 2)))
        give(self.k, total)


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
        self.top = np.maximum(f64(self.x.top), f64(self.y.top))

    def backward(self):
        x_won = f64(self.x.top >= self.y.top)
        give(self.x, self.grad * x_won)
        give(self.y, self.grad * (1.0 - x_won))


class where:
    def __init__(self, p, q, x, y):
        ops.append(self)
        self.p = p
        self.q = q
        self.x = x
        self.y = y

    def forward(self):
        yes = f64(self.p.top >= self.q.top)
        self.top = yes * self.x.top + (1.0 - yes) * self.y.top

    def backward(self):
        yes = f64(self.p.top >= self.q.top)
        give(self.x, yes * self.grad)
        give(self.y, (1.0 - yes) * self.grad)


def eager(op):
    lazy_init = op.__init__

    def __init__(self, *args, **kwargs):
        lazy_init(self, *args, **kwargs)
        self.forward()

    return type(op.__name__, (op,), dict(__init__=__init__))


def reset():
    ops[:] = []
    values[:] = []
