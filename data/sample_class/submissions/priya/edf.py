"""edf / Priya"""

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
    for prm in params:
        prm.velocity = np.zeros(prm.top.shape, prm.top.dtype)


def momentum(lr, mom=0.9):
    for prm in params:
        prm.velocity = mom * prm.velocity + prm.grad
        prm.top = prm.top - lr * prm.velocity


def wants_gradient(node):
    return node in params or node in ops


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
        if wants_gradient(self.x):
            self.x.grad = self.x.grad + self.grad
        if wants_gradient(self.y):
            if self.y.top.ndim < self.grad.ndim:
                self.y.grad = self.y.grad + np.sum(self.grad, axis=tuple(range(self.grad.ndim))[:-1])
            else:
                self.y.grad = self.y.grad + self.grad


class RELU:
    def __init__(self, x):
        ops.append(self)
        self.x = x

    def forward(self):
        self.top = np.where(self.x.top > 0, self.x.top, 0)

    def backward(self):
        if wants_gradient(self.x):
            self.x.grad = self.x.grad + self.grad * np.where(self.x.top > 0, 1, 0)


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
        self.N = self.x.top.size
        self.top = self.x.top.sum() / self.N

    def backward(self):
        if wants_gradient(self.x):
            self.x.grad = self.x.grad + self.grad / self.N


class smaxloss:
    def __init__(self, x, y):
        ops.append(self)
        self.x = x
        self.y = y

    def forward(self):
        N = len(self.x.top)
        scores = self.x.top - np.max(self.x.top, axis=1, keepdims=True)
        Z = np.sum(np.exp(scores), axis=1, keepdims=True)
        self.softmax = np.exp(scores) / Z
        self.top = np.log(Z[:, 0]) - scores[np.arange(N), self.y.top.astype(np.int32)]

    def backward(self):
        if wants_gradient(self.x):
            N = len(self.x.top)
            dscores = np.array(self.softmax)
            dscores[np.arange(N), self.y.top.astype(np.int32)] -= 1
            self.x.grad = self.x.grad + dscores * self.grad.reshape(N, 1)


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
        n = self.f.top.shape[1]  # image size
        m = self.k.top.shape[0]  # kernel size
        s = self.stride
        size = (n - m) // s + 1
        self.top = np.zeros((self.f.top.shape[0], size, size, self.k.top.shape[3]), self.f.top.dtype)
        for i in range(m):
            for j in range(m):
                self.top += self.f.top[:, i : i + size * s : s, j : j + size * s : s] @ self.k.top[i, j]

    def backward(self):
        if self.f in ops or self.f in params:
            self.backward_image()
        if self.k in ops or self.k in params:
            self.backward_kernel()

    def backward_image(self):
        m, s = self.k.top.shape[0], self.stride
        size = self.grad.shape[1]
        dimage = np.zeros_like(self.f.top)
        for i in range(m):
            for j in range(m):
                dimage[:, i : i + size * s : s, j : j + size * s : s] += self.grad @ self.k.top[i, j].T
        self.f.grad = self.f.grad + dimage

    def backward_kernel(self):
        m, s = self.k.top.shape[0], self.stride
        size = self.grad.shape[1]
        dkernel = np.zeros_like(self.k.top)
        for i in range(m):
            for j in range(m):
                part = self.f.top[:, i : i + size * s : s, j : j + size * s : s]
                dkernel[i, j] = np.tensordot(part, self.grad, axes=([0, 1, 2], [0, 1, 2]))
        self.k.grad = self.k.grad + dkernel


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
        if wants_gradient(self.x):
            self.x.grad = self.x.grad + self.grad * (self.x.top >= self.y.top)
        if wants_gradient(self.y):
            self.y.grad = self.y.grad + self.grad * (self.y.top > self.x.top)


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
        if wants_gradient(self.x):
            self.x.grad = self.x.grad + self.grad * (self.p.top >= self.q.top)
        if wants_gradient(self.y):
            self.y.grad = self.y.grad + self.grad * (self.q.top > self.p.top)


def eager(op):
    def __init__(self, *args, **kwargs):
        op.__init__(self, *args, **kwargs)
        self.forward()

    return type("eager", (op,), {"__init__": __init__})


def reset():
    ops[:], values[:] = [], []
