"""edf -- Marek. conv2 as a sum over kernel elements."""

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
        p.vel = np.zeros_like(p.top)


def momentum(lr, mom=0.9):
    for p in params:
        p.vel = mom * p.vel + p.grad
        p.top = p.top - lr * p.vel


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
            axes = tuple(range(self.x.top.ndim - self.y.top.ndim))
            self.y.grad = self.y.grad + np.sum(self.grad, axis=axes)


class RELU:
    def __init__(self, x):
        ops.append(self)
        self.x = x

    def forward(self):
        self.top = np.maximum(self.x.top, 0)

    def backward(self):
        if self.x in ops or self.x in params:
            dead = self.x.top < 0
            self.x.grad = self.x.grad + np.where(dead, 0, self.grad)


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
        b = np.arange(len(self.y.top))
        c = self.y.top.astype(int)
        x = self.x.top - self.x.top.max(axis=1, keepdims=True)
        self.top = np.log(np.exp(x).sum(axis=1)) - x[b, c]

    def backward(self):
        if self.x in ops or self.x in params:
            x = self.x.top - self.x.top.max(axis=1, keepdims=True)
            d = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
            d[np.arange(len(d)), self.y.top.astype(int)] -= 1
            self.x.grad = self.x.grad + d * self.grad[:, None]


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
        """Convolution: the kernel is turned around and moved over the image."""
        B, H, W, _ = self.f.top.shape
        kh, kw, _, C2 = self.k.top.shape
        self.top = np.zeros((B, H - kh + 1, W - kw + 1, C2), self.f.top.dtype)
        for i in range(kh):
            for j in range(kw):
                self.top += self.under(self.f.top, i, j) @ self.k.top[kh - 1 - i, kw - 1 - j]

    def backward(self):
        if self.f in ops or self.f in params:
            self.backward_image()
        if self.k in ops or self.k in params:
            self.backward_kernel()

    def backward_image(self):
        kh, kw = self.k.top.shape[:2]
        df = np.zeros_like(self.f.top)
        for i in range(kh):
            for j in range(kw):
                self.under(df, i, j)[...] += self.grad @ self.k.top[kh - 1 - i, kw - 1 - j].T
        self.f.grad = self.f.grad + df

    def backward_kernel(self):
        kh, kw = self.k.top.shape[:2]
        dk = np.zeros_like(self.k.top)
        for i in range(kh):
            for j in range(kw):
                seen = self.under(self.f.top, i, j)
                dk[kh - 1 - i, kw - 1 - j] = np.einsum("byxc,byxd->cd", seen, self.grad, optimize=True)
        self.k.grad = self.k.grad + dk

    def under(self, image, i, j):
        h = image.shape[1] - self.k.top.shape[0] + 1
        w = image.shape[2] - self.k.top.shape[1] + 1
        return image[:, i : i + h, j : j + w]


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
        bigger = self.x.top >= self.y.top
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + bigger * self.grad
        if self.y in ops or self.y in params:
            self.y.grad = self.y.grad + ~bigger * self.grad


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
        cond = self.p.top >= self.q.top
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + cond * self.grad
        if self.y in ops or self.y in params:
            self.y.grad = self.y.grad + ~cond * self.grad


def eager(op):
    class E(op):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.forward()

    return E


def reset():
    ops.clear()
    values.clear()
