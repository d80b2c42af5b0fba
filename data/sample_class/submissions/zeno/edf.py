"""edf / Zeno"""

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
            self.x.grad = self.x.grad + self.grad
        if self.y in ops or self.y in params:
            g = self.grad
            while g.ndim > self.y.top.ndim:
                g = g.sum(axis=0)
            self.y.grad = self.y.grad + g


class RELU:
    def __init__(self, x):
        ops.append(self)
        self.x = x

    def forward(self):
        self.top = np.maximum(self.x.top, 0)

    def backward(self):
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + np.where(self.x.top > 0, self.grad, 0)


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
            self.x.grad = self.x.grad + self.grad / self.x.top.size


class smaxloss:
    def __init__(self, x, y):
        ops.append(self)
        self.x = x
        self.y = y

    def forward(self):
        self.top = np.zeros(len(self.x.top), self.x.top.dtype)
        self.softmax = np.zeros_like(self.x.top)
        row = 0
        while row < len(self.x.top):
            logits = self.x.top[row] - self.x.top[row].max()
            label = int(self.y.top[row])
            total = np.exp(logits).sum()
            self.softmax[row] = np.exp(logits) / total
            self.top[row] = np.log(total) - logits[label]

    def backward(self):
        if self.x in ops or self.x in params:
            g = self.softmax.copy()
            row = 0
            while row < len(g):
                g[row, int(self.y.top[row])] -= 1
                g[row] *= self.grad[row]
                row += 1
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
        h = self.f.top.shape[1] - self.k.top.shape[0] + 1
        w = self.f.top.shape[2] - self.k.top.shape[1] + 1
        self.top = np.zeros((self.f.top.shape[0], h, w, self.k.top.shape[3]), self.f.top.dtype)
        ky = 0
        while ky < self.k.top.shape[0]:
            kx = 0
            while kx < self.k.top.shape[1]:
                self.top += self.f.top[:, ky : ky + h, kx : kx + w] @ self.k.top[ky, kx]
                kx += 1
            ky += 1

    def backward(self):
        if self.f in ops or self.f in params:
            self.backward_image()
        if self.k in ops or self.k in params:
            self.backward_kernel()

    def backward_image(self):
        h, w = self.grad.shape[1:3]
        g = np.zeros_like(self.f.top)
        ky = 0
        while ky < self.k.top.shape[0]:
            kx = 0
            while kx < self.k.top.shape[1]:
                g[:, ky : ky + h, kx : kx + w] += self.grad @ self.k.top[ky, kx].T
                kx += 1
            ky += 1
        self.f.grad = self.f.grad + g

    def backward_kernel(self):
        h, w = self.grad.shape[1:3]
        g = np.zeros_like(self.k.top)
        ky = 0
        while ky < self.k.top.shape[0]:
            kx = 0
            while kx < self.k.top.shape[1]:
                seen = self.f.top[:, ky : ky + h, kx : kx + w]
                g[ky, kx] = np.einsum("byxc,byxd->cd", seen, self.grad, optimize=True)
                kx += 1
            ky += 1
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
        self.top = np.maximum(self.x.top, self.y.top)

    def backward(self):
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + np.where(self.x.top >= self.y.top, self.grad, 0)
        if self.y in ops or self.y in params:
            self.y.grad = self.y.grad + np.where(self.x.top < self.y.top, self.grad, 0)


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
            self.x.grad = self.x.grad + np.where(self.p.top >= self.q.top, self.grad, 0)
        if self.y in ops or self.y in params:
            self.y.grad = self.y.grad + np.where(self.p.top < self.q.top, self.grad, 0)


def eager(op):
    class eager_op(op):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.forward()

    return eager_op


def reset():
    while ops:
        ops.pop()
    while values:
        values.pop()
