"""Problem set edf -- Ada."""

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
        p.v = 0 * p.top


def momentum(lr, mom=0.9):
    for p in params:
        p.v = mom * p.v + p.grad
        p.top = p.top - lr * p.v


def needs_grad(node):
    # Values are neither in ops nor in params
    return node in ops or node in params


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
        if needs_grad(self.x):
            self.x.grad = self.x.grad + self.grad
        if needs_grad(self.y):
            if self.y.top.shape == self.top.shape:
                self.y.grad = self.y.grad + self.grad
            else:  # bias: one number per channel, used by every row/pixel
                channels = self.grad.shape[-1]
                self.y.grad = self.y.grad + self.grad.reshape(-1, channels).sum(axis=0)


class RELU:
    def __init__(self, x):
        ops.append(self)
        self.x = x

    def forward(self):
        self.positive = self.x.top > 0
        self.top = self.x.top * self.positive

    def backward(self):
        if needs_grad(self.x):
            self.x.grad = self.x.grad + self.grad * self.positive


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
        if needs_grad(self.x):
            self.x.grad = self.x.grad + np.full(self.x.top.shape, self.grad / self.x.top.size)


class smaxloss:
    def __init__(self, x, y):
        ops.append(self)
        self.x = x
        self.y = y

    def forward(self):
        z = self.x.top - np.max(self.x.top, axis=1, keepdims=True)  # largest logit becomes 0
        e = np.exp(z)
        total = e.sum(axis=1, keepdims=True)
        self.p = e / total
        self.label = self.y.top.astype(int)
        self.row = np.arange(z.shape[0])
        # -log(e[label] / total), but without ever taking the log of a tiny quotient
        self.top = np.log(total[:, 0]) - z[self.row, self.label]

    def backward(self):
        if needs_grad(self.x):
            d = self.p.copy()
            d[self.row, self.label] -= 1
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
        """One kernel element at a time: a shifted copy of the image times a C1 x C2 matrix."""
        self.top = 0
        for i in range(self.k.top.shape[0]):
            for j in range(self.k.top.shape[1]):
                self.top = self.top + self.shifted(i, j) @ self.k.top[i, j]

    def backward(self):
        if self.f in ops or self.f in params:
            self.backward_image()
        if self.k in ops or self.k in params:
            self.backward_kernel()

    def backward_image(self):
        g = np.zeros(self.f.top.shape, self.f.top.dtype)
        for i in range(self.k.top.shape[0]):
            for j in range(self.k.top.shape[1]):
                # slices are views, so adding to one adds to g
                part = self.shifted(i, j, g)
                part += self.grad @ self.k.top[i, j].T
        self.f.grad = self.f.grad + g

    def backward_kernel(self):
        c1, c2 = self.k.top.shape[2:]
        out = self.grad.reshape(-1, c2)
        g = np.zeros(self.k.top.shape)
        for i in range(g.shape[0]):
            for j in range(g.shape[1]):
                g[i, j] = self.shifted(i, j).reshape(-1, c1).T @ out
        self.k.grad = self.k.grad + g.astype(self.k.top.dtype)

    def shifted(self, i, j, image=None):
        """The pixels which kernel element (i, j) sees."""
        image = self.f.top if image is None else image
        s = self.stride
        last_row = image.shape[1] - self.k.top.shape[0] + i
        last_col = image.shape[2] - self.k.top.shape[1] + j
        return image[:, i : last_row + 1 : s, j : last_col + 1 : s, :]


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
        self.top = np.where(self.x.top >= self.y.top, self.x.top, self.y.top)

    def backward(self):
        first = (self.x.top >= self.y.top).astype(self.grad.dtype)
        if needs_grad(self.x):
            self.x.grad = self.x.grad + self.grad * first
        if needs_grad(self.y):
            self.y.grad = self.y.grad + self.grad * (1 - first)


class where:
    def __init__(self, p, q, x, y):
        ops.append(self)
        self.p = p
        self.q = q
        self.x = x
        self.y = y

    def forward(self):
        self.cond = self.p.top >= self.q.top
        self.top = np.where(self.cond, self.x.top, self.y.top)

    def backward(self):
        if needs_grad(self.x):
            self.x.grad = self.x.grad + np.where(self.cond, self.grad, 0)
        if needs_grad(self.y):
            self.y.grad = self.y.grad + np.where(self.cond, 0, self.grad)


def eager(op):
    class now(op):
        def __init__(self, *inputs, **options):
            op.__init__(self, *inputs, **options)
            self.forward()

    return now


def reset():
    del ops[:]
    del values[:]
