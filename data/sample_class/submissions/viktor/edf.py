"""edf - Viktor K."""

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
        p.v = np.zeros(p.top.shape, dtype=np.float32)


def momentum(lr, mom=0.9):
    for p in params:
        p.v = mom * p.v + p.grad
        p.top = p.top - lr * p.v


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
        # d(x + y)/dx = d(x + y)/dy = 1, so the gradient just goes through
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + self.grad
        if self.y in ops or self.y in params:
            self.y.grad = self.y.grad + self.grad


class RELU:
    def __init__(self, x):
        ops.append(self)
        self.x = x

    def forward(self):
        self.top = np.maximum(0, self.x.top)

    def backward(self):
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + self.grad * np.greater(self.x.top, 0)


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
        if self.x in ops or self.x in params:
            share = self.grad / self.x.top.size
            self.x.grad = self.x.grad + np.tile(share, self.x.top.shape)


class smaxloss:
    def __init__(self, x, y):
        ops.append(self)
        self.x = x
        self.y = y

    def forward(self):
        x = self.x.top - np.amax(self.x.top, axis=1, keepdims=True)
        self.e = np.exp(x)
        self.total = self.e.sum(axis=1)
        self.top = np.zeros_like(self.total)
        for i in range(len(x)):
            self.top[i] = np.log(self.total[i]) - x[i, int(self.y.top[i])]

    def backward(self):
        if self.x in ops or self.x in params:
            g = self.e / self.total[:, None]
            for i in range(len(g)):
                g[i, int(self.y.top[i])] -= 1
                g[i] *= self.grad[i]
            self.x.grad = self.x.grad + g


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
        f, k, s = self.f.top, self.k.top, self.stride
        gh = (f.shape[1] - k.shape[0]) // s + 1
        gw = (f.shape[2] - k.shape[1]) // s + 1
        self.top = np.zeros((f.shape[0], gh, gw, k.shape[3]), f.dtype)
        for y in range(gh):
            for x in range(gw):
                block = f[:, y * s : y * s + k.shape[0], x * s : x * s + k.shape[1], :]
                self.top[:, y, x, :] = np.einsum("bijc,ijcd->bd", block, k, optimize=True)

    def backward(self):
        if self.f in ops or self.f in params:
            self.backward_image()
        if self.k in ops or self.k in params:
            self.backward_kernel()

    def backward_image(self):
        k, s = self.k.top, self.stride
        grad = np.zeros_like(self.f.top)
        for y in range(self.grad.shape[1]):
            for x in range(self.grad.shape[2]):
                block = np.einsum("bd,ijcd->bijc", self.grad[:, y, x], k, optimize=True)
                grad[:, y * s : y * s + k.shape[0], x * s : x * s + k.shape[1], :] += block
        self.f.grad = self.f.grad + grad

    def backward_kernel(self):
        f, s = self.f.top, self.stride
        kh, kw = self.k.top.shape[:2]
        grad = np.zeros_like(self.k.top)
        for y in range(self.grad.shape[1]):
            for x in range(self.grad.shape[2]):
                block = f[:, y * s : y * s + kh, x * s : x * s + kw, :]
                grad += np.einsum("bijc,bd->ijcd", block, self.grad[:, y, x], optimize=True)
        self.k.grad = self.k.grad + grad


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
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + self.grad * np.greater_equal(self.x.top, self.y.top)
        if self.y in ops or self.y in params:
            self.y.grad = self.y.grad + self.grad * np.less(self.x.top, self.y.top)


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
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + self.grad * np.greater_equal(self.p.top, self.q.top)
        if self.y in ops or self.y in params:
            self.y.grad = self.y.grad + self.grad * np.less(self.p.top, self.q.top)


def eager(op):
    class eager_op(op):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.forward()

    return eager_op


def reset():
    ops.clear()
    values.clear()
