"""Farah's edf. Plain loops everywhere: slow, but I can see what it does."""

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
        p.speed = np.zeros(np.shape(p.top))


def momentum(lr, mom=0.9):
    for p in params:
        p.speed = mom * p.speed + p.grad
        p.top = p.top - lr * p.speed


def add_to(node, g):
    if node in ops or node in params:
        node.grad = node.grad + g


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
        add_to(self.x, self.grad)
        g = self.grad
        if self.y.top.shape != self.x.top.shape:
            g = np.array([g[..., c].sum() for c in range(g.shape[-1])])
        add_to(self.y, g)


class RELU:
    def __init__(self, x):
        ops.append(self)
        self.x = x

    def forward(self):
        self.top = self.x.top * (self.x.top > 0)

    def backward(self):
        add_to(self.x, self.grad * (self.x.top > 0))


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
        self.top = self.x.top.mean()

    def backward(self):
        add_to(self.x, np.ones_like(self.x.top) * self.grad / self.x.top.size)


class smaxloss:
    def __init__(self, x, y):
        ops.append(self)
        self.x = x
        self.y = y

    def forward(self):
        self.softmax = np.zeros_like(self.x.top)
        self.top = self.softmax[:, 0].copy()
        for b in range(len(self.x.top)):
            row = self.x.top[b] - self.x.top[b].max()
            total = np.exp(row).sum()
            self.softmax[b] = np.exp(row) / total
            self.top[b] = np.log(total) - row[int(self.y.top[b])]

    def backward(self):
        g = np.zeros_like(self.softmax)
        for b in range(g.shape[0]):
            for c in range(g.shape[1]):
                g[b, c] = (self.softmax[b, c] - (c == self.y.top[b])) * self.grad[b]
        add_to(self.x, g)


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
        (B, H, W, C1), (kh, kw, C1, C2) = f.shape, k.shape
        # rounded up: a last row is there even if the stride does not divide
        OH, OW = (H - kh + s) // s, (W - kw + s) // s
        self.top = np.zeros((B, OH, OW, C2), f.dtype)
        for b in range(B):
            for y in range(OH):
                for x in range(OW):
                    for c2 in range(C2):
                        total = 0.0
                        for ky in range(kh):
                            for kx in range(kw):
                                for c1 in range(C1):
                                    total += f[b, y * s + ky, x * s + kx, c1] * k[ky, kx, c1, c2]
                        self.top[b, y, x, c2] = total

    def backward(self):
        if self.f in ops or self.f in params:
            self.backward_image()
        if self.k in ops or self.k in params:
            self.backward_kernel()

    def backward_image(self):
        k, s, up = self.k.top, self.stride, self.grad
        (kh, kw, C1, C2), (B, OH, OW, C2) = k.shape, up.shape
        df = np.zeros_like(self.f.top)
        for b in range(B):
            for y in range(OH):
                for x in range(OW):
                    for c2 in range(C2):
                        for ky in range(kh):
                            for kx in range(kw):
                                for c1 in range(C1):
                                    df[b, y * s + ky, x * s + kx, c1] += up[b, y, x, c2] * k[ky, kx, c1, c2]
        self.f.grad = self.f.grad + df

    def backward_kernel(self):
        f, s, up = self.f.top, self.stride, self.grad
        (kh, kw, C1, C2), (B, OH, OW, C2) = self.k.top.shape, up.shape
        dk = np.zeros(self.k.top.shape, self.k.top.dtype)
        for ky in range(kh):
            for kx in range(kw):
                for c1 in range(C1):
                    for c2 in range(C2):
                        total = 0.0
                        for b in range(B):
                            for y in range(OH):
                                for x in range(OW):
                                    total += f[b, y * s + ky, x * s + kx, c1] * up[b, y, x, c2]
                        dk[ky, kx, c1, c2] = total
        self.k.grad = self.k.grad + dk


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
        self.top = np.where(self.y.top > self.x.top, self.y.top, self.x.top)

    def backward(self):
        add_to(self.x, self.grad * (self.x.top >= self.y.top))
        add_to(self.y, self.grad * (self.x.top < self.y.top))


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
        add_to(self.x, self.grad * (self.p.top >= self.q.top))
        add_to(self.y, self.grad * (self.p.top < self.q.top))


def eager(op):
    class e(op):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.forward()

    return e


def reset():
    ops.clear()
    values.clear()
