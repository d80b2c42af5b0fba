"""edf, Hana. conv2 loops over the pixels of the result and takes one window at a time."""

import functools

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


def is_learned(node):
    return not isinstance(node, Value)


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
    # I keep lr inside of the velocity (v is then the step itself), the same for a constant lr
    for p in params:
        p.velocity = mom * p.velocity + lr * p.grad
        p.top = p.top - p.velocity


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
        if is_learned(self.x):
            self.x.grad = self.x.grad + self.grad
        if is_learned(self.y):
            grad = self.grad
            if len(self.y.top.shape) < len(grad.shape):
                grad = np.apply_over_axes(np.sum, grad, range(grad.ndim - 1)).ravel()
            self.y.grad = self.y.grad + grad


class RELU:
    def __init__(self, x):
        ops.append(self)
        self.x = x

    def forward(self):
        self.top = np.maximum(self.x.top, 0)

    def backward(self):
        if is_learned(self.x):
            slope = np.where(self.x.top > 0, 1, 0)  # and 0 at 0
            self.x.grad = self.x.grad + self.grad * slope


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
        self.top = np.mean(self.x.top)

    def backward(self):
        if is_learned(self.x):
            self.x.grad = self.x.grad + np.broadcast_to(self.grad / self.x.top.size, self.x.top.shape)


class smaxloss:
    def __init__(self, x, y):
        ops.append(self)
        self.x = x
        self.y = y

    def forward(self):
        # log(exp(a) + exp(b) + ...) without overflow is what logaddexp is for
        lse = np.logaddexp.reduce(self.x.top, axis=1, keepdims=True)
        self.log_probs = self.x.top - lse
        self.target = np.equal.outer(self.y.top, np.arange(self.x.top.shape[1]))
        self.top = -self.log_probs[self.target]

    def backward(self):
        if is_learned(self.x):
            error = np.exp(self.log_probs) - self.target
            self.x.grad = self.x.grad + (error.T * self.grad).T


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
        f = self.f.top
        self.top = np.stack(
            [
                np.stack([np.tensordot(self.window(f, y, x), self.k.top, 3) for x in self.columns()], 1)
                for y in self.rows()
            ],
            axis=1,
        )

    def backward(self):
        if self.f in ops or self.f in params:
            self.backward_image()
        if self.k in ops or self.k in params:
            self.backward_kernel()

    def backward_image(self):
        total = np.zeros_like(self.f.top)
        for i, y in enumerate(self.rows()):
            for j, x in enumerate(self.columns()):
                part = self.window(total, y, x)
                part += np.tensordot(self.grad[:, i, j], self.k.top, axes=(1, 3))
        self.f.grad = self.f.grad + total

    def backward_kernel(self):
        total = np.zeros_like(self.k.top)
        for i, y in enumerate(self.rows()):
            for j, x in enumerate(self.columns()):
                total += np.tensordot(self.window(self.f.top, y, x), self.grad[:, i, j], axes=(0, 0))
        self.k.grad = self.k.grad + total

    def rows(self):
        return range(0, self.f.top.shape[1] - self.k.top.shape[0] + 1, self.stride)

    def columns(self):
        return range(0, self.f.top.shape[2] - self.k.top.shape[1] + 1, self.stride)

    def window(self, images, y, x):
        kh, kw = self.k.top.shape[:2]
        return images[:, y : y + kh, x : x + kw]


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
        winner = np.where(self.x.top >= self.y.top, 1, 0)
        if is_learned(self.x):
            self.x.grad = self.x.grad + self.grad * winner
        if is_learned(self.y):
            self.y.grad = self.y.grad + self.grad * (1 - winner)


class where:
    def __init__(self, p, q, x, y):
        ops.append(self)
        self.p = p
        self.q = q
        self.x = x
        self.y = y

    def forward(self):
        self.top = np.where(self.p.top < self.q.top, self.y.top, self.x.top)

    def backward(self):
        rest = self.p.top < self.q.top
        if is_learned(self.x):
            self.x.grad = self.x.grad + np.where(rest, 0, self.grad)
        if is_learned(self.y):
            self.y.grad = self.y.grad + np.where(rest, self.grad, 0)


def _build_and_run(self, init, *args, **kwargs):
    init(self, *args, **kwargs)
    self.forward()


def eager(op):
    return type(op.__name__, (op,), {"__init__": functools.partialmethod(_build_and_run, op.__init__)})


def reset():
    for nodes in ops, values:
        nodes.clear()
