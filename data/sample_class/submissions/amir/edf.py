"""edf, Amir. im2col into a buffer that is made large enough for every network of this course."""

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
            if self.y.top.ndim == 1:
                self.y.grad = self.y.grad + self.grad.reshape(-1, self.y.top.shape[0]).sum(axis=0)
            else:
                self.y.grad = self.y.grad + self.grad


class RELU:
    def __init__(self, x):
        ops.append(self)
        self.x = x

    def forward(self):
        self.top = np.maximum(self.x.top, 0)

    def backward(self):
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + self.grad * (self.x.top >= 0)


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
            self.x.grad = self.x.grad + self.grad * np.ones_like(self.x.top) / self.x.top.size


class smaxloss:
    def __init__(self, x, y):
        ops.append(self)
        self.x = x
        self.y = y

    def forward(self):
        self.b = np.arange(self.y.top.size)
        self.c = self.y.top.astype(int)
        z = self.x.top - self.x.top.max(axis=1, keepdims=True)
        self.logp = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        self.top = -self.logp[self.b, self.c]

    def backward(self):
        if self.x in ops or self.x in params:
            g = np.exp(self.logp)
            g[self.b, self.c] -= 1
            self.x.grad = self.x.grad + self.grad[:, None] * g


class accuracy:
    def __init__(self, x, y):
        ops.append(self)
        self.x = x
        self.y = y

    def forward(self):
        self.top = (self.x.top.argmax(axis=1) == self.y.top).astype(np.float32)

    def backward(self):
        pass


# Largest sizes: batch, pixels of the result, elements of a kernel, channels.
MAX_BATCH, MAX_PIXELS, MAX_KERNEL, MAX_CHANNELS = 128, 28 * 28, 7 * 7, 128


class conv2:
    def __init__(self, f, k, stride=1):
        ops.append(self)
        self.f = f
        self.k = k
        self.stride = stride

    def forward(self):
        (b, h, w, c1), (kh, kw, _, c2) = self.f.top.shape, self.k.top.shape
        oh, ow = h - kh + 1, w - kw + 1
        buffer = np.ones((MAX_BATCH, MAX_PIXELS, MAX_KERNEL, MAX_CHANNELS))
        for i in range(kh):
            for j in range(kw):
                part = self.f.top[:, i : i + oh, j : j + ow].reshape(b, oh * ow, c1)
                buffer[:b, : oh * ow, i * kw + j, :c1] = part
        self.cols = buffer[:b, : oh * ow, : kh * kw, :c1].reshape(b, oh, ow, kh * kw * c1)
        self.top = self.cols @ self.k.top.reshape(kh * kw * c1, c2)

    def backward(self):
        if self.f in ops or self.f in params:
            self.backward_image()
        if self.k in ops or self.k in params:
            self.backward_kernel()

    def backward_image(self):
        kh, kw, c1, c2 = self.k.top.shape
        b, oh, ow, _ = self.grad.shape
        g = self.grad @ self.k.top.reshape(-1, c2).T
        g = g.reshape(b, oh, ow, kh, kw, c1)
        image = np.zeros_like(self.f.top)
        for i in range(kh):
            for j in range(kw):
                image[:, i : i + oh, j : j + ow] += g[:, :, :, i, j]
        self.f.grad = self.f.grad + image

    def backward_kernel(self):
        g = np.tensordot(self.cols, self.grad, axes=([0, 1, 2], [0, 1, 2]))
        self.k.grad = self.k.grad + g.reshape(self.k.top.shape)


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
        x_larger = self.x.top >= self.y.top
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + np.where(x_larger, self.grad, 0)
        if self.y in ops or self.y in params:
            self.y.grad = self.y.grad + np.where(x_larger, 0, self.grad)


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
        p_larger = self.p.top >= self.q.top
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + np.where(p_larger, self.grad, 0)
        if self.y in ops or self.y in params:
            self.y.grad = self.y.grad + np.where(p_larger, 0, self.grad)


def eager(op):
    class eager_op(op):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.forward()

    return eager_op


def reset():
    ops.clear()
    values.clear()
