"""edf by Rosa"""

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
            self.x.grad = self.grad
        if self.y in ops or self.y in params:
            if self.x.top.shape == self.y.top.shape:
                self.y.grad = self.grad
            else:
                self.y.grad = self.grad.sum(axis=tuple(range(self.grad.ndim - 1)))


class RELU:
    def __init__(self, x):
        ops.append(self)
        self.x = x

    def forward(self):
        self.top = np.maximum(self.x.top, 0)

    def backward(self):
        if self.x in ops or self.x in params:
            self.x.grad = np.where(self.x.top > 0, self.grad, 0)


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
            self.x.grad = np.ones_like(self.x.top) * self.grad / self.x.top.size


class smaxloss:
    def __init__(self, x, y):
        ops.append(self)
        self.x = x
        self.y = y

    def forward(self):
        shifted = self.x.top - self.x.top.max(axis=1, keepdims=True)
        self.exp = np.exp(shifted)
        self.rows, self.cols = np.arange(len(shifted)), self.y.top.astype(int)
        self.top = np.log(self.exp.sum(axis=1)) - shifted[self.rows, self.cols]

    def backward(self):
        if self.x in ops or self.x in params:
            p = self.exp / self.exp.sum(axis=1, keepdims=True)
            p[self.rows, self.cols] -= 1
            self.x.grad = self.grad[:, None] * p


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
        h = self.f.top.shape[1] - self.k.top.shape[0] + 1
        w = self.f.top.shape[2] - self.k.top.shape[1] + 1
        self.top = np.zeros((len(self.f.top), h, w, self.k.top.shape[3]), dtype=self.f.top.dtype)
        for (dy, dx), kernel in self.kernel_parts():
            self.top += self.f.top[:, dy : dy + h, dx : dx + w] @ kernel
        self.top = self.top[:, :: self.stride, :: self.stride]

    def backward(self):
        if self.f in ops or self.f in params:
            self.backward_image()
        if self.k in ops or self.k in params:
            self.backward_kernel()

    def backward_image(self):
        self.f.grad = np.zeros_like(self.f.top)
        s = self.stride
        h = self.f.top.shape[1] - self.k.top.shape[0] + 1
        w = self.f.top.shape[2] - self.k.top.shape[1] + 1
        for (dy, dx), kernel in self.kernel_parts():
            self.f.grad[:, dy : dy + h : s, dx : dx + w : s] += self.grad @ kernel.T

    def backward_kernel(self):
        self.k.grad = np.zeros_like(self.k.top)
        s = self.stride
        h = self.f.top.shape[1] - self.k.top.shape[0] + 1
        w = self.f.top.shape[2] - self.k.top.shape[1] + 1
        for (dy, dx), _ in self.kernel_parts():
            crop = self.f.top[:, dy : dy + h : s, dx : dx + w : s]
            self.k.grad[dy, dx] = np.tensordot(crop, self.grad, ([0, 1, 2], [0, 1, 2]))

    def kernel_parts(self):
        for place in np.ndindex(*self.k.top.shape[:2]):
            yield place, self.k.top[place]


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
            self.x.grad = self.grad * (self.x.top >= self.y.top)
        if self.y in ops or self.y in params:
            self.y.grad = self.grad * (self.x.top < self.y.top)


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
            self.x.grad = self.grad * (self.p.top >= self.q.top)
        if self.y in ops or self.y in params:
            self.y.grad = self.grad * (self.p.top < self.q.top)


def eager(op):
    class eager_op(op):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.forward()

    return eager_op


def reset():
    ops.clear()
    values.clear()
