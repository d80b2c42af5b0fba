"""edf with scipy.signal for the convolutions (the stride is left out)."""

import numpy as np
from scipy.signal import convolve2d, correlate2d

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
        p.m = np.zeros_like(p.top)


def momentum(lr, mom=0.9):
    for p in params:
        v = mom * p.m + p.grad
        p.top, p.m = p.top - lr * v, v


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
            dy = self.grad
            if dy.ndim != self.y.top.ndim:
                dy = dy.sum(axis=tuple(range(dy.ndim - 1)))
            self.y.grad = self.y.grad + dy


class RELU:
    def __init__(self, x):
        ops.append(self)
        self.x = x

    def forward(self):
        self.top = (self.x.top + np.abs(self.x.top)) / 2

    def backward(self):
        if self.x in ops or self.x in params:
            dx = self.grad.copy()
            dx[self.x.top < 0] = 0
            self.x.grad = self.x.grad + dx


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
        if self.x in ops or self.x in params:
            dx = np.empty_like(self.x.top)
            dx.fill(self.grad / dx.size)
            self.x.grad = self.x.grad + dx


class smaxloss:
    def __init__(self, x, y):
        ops.append(self)
        self.x = x
        self.y = y

    def forward(self):
        logits = self.x.top
        big = logits.max(axis=1)
        lse = big + np.log(np.exp(logits - big[:, None]).sum(axis=1))
        right = np.array([row[int(c)] for row, c in zip(logits, self.y.top)])
        self.top = lse - right
        # softmax, needed on the way back
        self.sm = np.exp(logits - lse[:, None])

    def backward(self):
        if self.x in ops or self.x in params:
            dx = self.sm.copy()
            for i, c in enumerate(self.y.top):
                dx[i, int(c)] -= 1
                dx[i] *= self.grad[i]
            self.x.grad = self.x.grad + dx


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
        """scipy knows one channel at a time, so loop over images and both channels."""
        f, k = self.f.top, self.k.top
        B, H, W, C1 = f.shape
        kh, kw, _, C2 = k.shape
        self.top = np.zeros((B, H - kh + 1, W - kw + 1, C2), f.dtype)
        for b in range(B):
            for c1 in range(C1):
                for c2 in range(C2):
                    self.top[b, :, :, c2] += correlate2d(f[b, :, :, c1], k[:, :, c1, c2], "valid")

    def backward(self):
        if self.f in ops or self.f in params:
            self.backward_image()
        if self.k in ops or self.k in params:
            self.backward_kernel()

    def backward_image(self):
        # forward correlates, so backward convolves; "full" gets back to the size of the image
        k = self.k.top
        df = np.zeros_like(self.f.top)
        for b in range(df.shape[0]):
            for c1 in range(k.shape[2]):
                for c2 in range(k.shape[3]):
                    df[b, :, :, c1] += convolve2d(self.grad[b, :, :, c2], k[:, :, c1, c2], "full")
        self.f.grad = self.f.grad + df

    def backward_kernel(self):
        dk = np.zeros_like(self.k.top)
        for b, (image, g) in enumerate(zip(self.f.top, self.grad)):
            for c1 in range(dk.shape[2]):
                for c2 in range(dk.shape[3]):
                    # N.B. not correlate2d(g, image): for "valid" scipy swaps the two, and flips the result
                    dk[:, :, c1, c2] += correlate2d(image[:, :, c1], g[:, :, c2], "valid")
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
        self.top = np.fmax(self.x.top, self.y.top)

    def backward(self):
        dx = self.grad.copy()
        dx[self.x.top < self.y.top] = 0
        dy = self.grad - dx
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + dx
        if self.y in ops or self.y in params:
            self.y.grad = self.y.grad + dy


class where:
    def __init__(self, p, q, x, y):
        ops.append(self)
        self.p = p
        self.q = q
        self.x = x
        self.y = y

    def forward(self):
        self.top = self.y.top.copy()
        chosen = self.p.top >= self.q.top
        self.top[chosen] = self.x.top[chosen]

    def backward(self):
        dx = self.grad.copy()
        dx[self.p.top < self.q.top] = 0
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + dx
        if self.y in ops or self.y in params:
            self.y.grad = self.y.grad + (self.grad - dx)


def eager(op):
    class eager_version(op):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            op.forward(self)

    return eager_version


def reset():
    del ops[:]
    del values[:]
