"""Wren's edf: the batch is averaged over, as in the lecture's loss."""

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
        p.momentum = np.zeros_like(p.top)


def momentum(lr, mom=0.9):
    for p in params:
        p.momentum = p.momentum * mom + p.grad
        p.top = p.top - lr * p.momentum


def backprop(node, gradient):
    if node in ops or node in params:
        node.grad = node.grad + gradient


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
        backprop(self.x, self.grad)
        if self.y.top.ndim < self.x.top.ndim:
            backprop(self.y, self.grad.mean(axis=tuple(range(self.x.top.ndim - 1))))
        else:
            backprop(self.y, self.grad)


class RELU:
    def __init__(self, x):
        ops.append(self)
        self.x = x

    def forward(self):
        self.top = np.maximum(self.x.top, 0)

    def backward(self):
        backprop(self.x, self.grad * (self.x.top > 0))


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
        backprop(self.x, np.ones_like(self.x.top) / self.x.top.size * self.grad)


class smaxloss:
    def __init__(self, x, y):
        ops.append(self)
        self.x = x
        self.y = y

    def forward(self):
        def logsumexp(rows):
            m = rows.max(axis=1, keepdims=True)
            return m + np.log(np.sum(np.exp(rows - m), axis=1, keepdims=True))

        self.logp = self.x.top - logsumexp(self.x.top)
        self.mask = np.zeros(self.logp.shape, dtype=bool)
        self.mask[np.arange(len(self.mask)), self.y.top.astype(int)] = True
        self.top = -self.logp[self.mask]

    def backward(self):
        backprop(self.x, (np.exp(self.logp) - self.mask) * self.grad[:, None])


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
        _, height, width, _ = self.f.top.shape
        self.area = height - kh + 1, width - kw + 1
        pieces = []
        for i in range(kh):
            for j in range(kw):
                pieces.append(self.crop(self.f.top, i, j) @ self.k.top[i, j])
        self.top = np.sum(pieces, axis=0)

    def backward(self):
        if self.f in ops or self.f in params:
            self.backward_image()
        if self.k in ops or self.k in params:
            self.backward_kernel()

    def backward_image(self):
        kh, kw = self.k.top.shape[:2]
        g = np.zeros_like(self.f.top)
        for i in range(kh):
            for j in range(kw):
                piece = self.crop(g, i, j)
                piece += self.grad @ self.k.top[i, j].T
        backprop(self.f, g)

    def backward_kernel(self):
        g = np.empty_like(self.k.top)
        for i in range(g.shape[0]):
            for j in range(g.shape[1]):
                g[i, j] = np.tensordot(self.crop(self.f.top, i, j), self.grad, axes=[(0, 1, 2), (0, 1, 2)])
        backprop(self.k, g)

    def crop(self, images, i, j):
        rows, columns = self.area
        return images[:, i : i + rows, j : j + columns]


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
        backprop(self.x, self.grad * (self.x.top >= self.y.top))
        backprop(self.y, self.grad * (self.x.top < self.y.top))


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
        backprop(self.x, self.grad * (self.p.top >= self.q.top))
        backprop(self.y, self.grad * (self.p.top < self.q.top))


def eager(op):
    class eager_op(op):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.forward()

    return eager_op


def reset():
    ops.clear()
    values.clear()
