"""edf, Kemi. Value/Param keep what they get, and Backward only zeroes what has no gradient yet."""

import numpy as np

ops = []  # operations, in the order in which they were made
params = []  # leaves with a gradient
values = []  # leaves without one


class Value:
    def __init__(self):
        values.append(self)

    def set(self, value):
        self.top = np.asarray(value)


class Param:
    def __init__(self):
        params.append(self)

    def set(self, value):
        self.top = np.array(value, dtype=np.float32)


def Forward():
    for op in ops:
        op.forward()


def Backward(loss):
    # changed: gradients of Params add up over several batches until I clear them
    for node in ops + params:
        if node in ops or not hasattr(node, "grad"):
            node.grad = np.zeros_like(node.top)
    loss.grad = np.ones_like(loss.top)
    for op in ops[::-1]:
        op.backward()


def SGD(lr):
    for p in params:
        p.top = p.top - lr * p.grad


speeds = {}  # Param -> velocity


def init_momentum():
    global speeds
    speeds = {}


def momentum(lr, mom=0.9):
    for p in params:
        old = speeds.get(p, np.zeros_like(p.top))
        speeds[p] = mom * old + p.grad
        p.top = p.top - lr * speeds[p]


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
            if self.grad.ndim == self.y.top.ndim:
                self.y.grad = self.y.grad + self.grad
            elif self.grad.ndim == 2:
                self.y.grad = self.y.grad + self.grad.sum(axis=0)
            else:
                self.y.grad = self.y.grad + self.grad.sum(axis=(0, 1, 2))


class RELU:
    def __init__(self, x):
        ops.append(self)
        self.x = x

    def forward(self):
        self.top = self.x.top.copy()
        self.top[self.x.top <= 0] = 0

    def backward(self):
        if self.x in ops or self.x in params:
            grad = self.grad.copy()
            grad[self.x.top <= 0] = 0
            self.x.grad = self.x.grad + grad


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
            self.x.grad = self.x.grad + self.grad / self.x.top.size


class smaxloss:
    def __init__(self, x, y):
        ops.append(self)
        self.x = x
        self.y = y

    def forward(self):
        x = self.x.top - self.x.top.max(axis=1).reshape(-1, 1)
        e = np.exp(x)
        self.softmax = e / e.sum(axis=1).reshape(-1, 1)
        i = np.arange(x.shape[0])
        j = self.y.top.astype("int64")
        self.top = np.log(e.sum(axis=1)) - x[i, j]

    def backward(self):
        if self.x in ops or self.x in params:
            truth = np.zeros_like(self.softmax)
            truth[np.arange(len(truth)), self.y.top.astype("int64")] = 1
            self.x.grad = self.x.grad + (self.softmax - truth) * self.grad[:, np.newaxis]


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
        assert self.stride == 1, "stride: not done"
        kh, kw = self.k.top.shape[:2]
        b, h, w = self.f.top.shape[:3]
        self.oh, self.ow = h - kh + 1, w - kw + 1
        self.top = np.zeros((b, self.oh, self.ow, self.k.top.shape[3]), dtype=self.f.top.dtype)
        for dy in range(kh):
            for dx in range(kw):
                crop = self.f.top[:, dy : dy + self.oh, dx : dx + self.ow]
                self.top = self.top + np.einsum("bhwc,cd->bhwd", crop, self.k.top[dy, dx])

    def backward(self):
        if self.f in ops or self.f in params:
            self.backward_image()
        if self.k in ops or self.k in params:
            self.backward_kernel()

    def backward_image(self):
        kh, kw = self.k.top.shape[:2]
        grad = np.zeros_like(self.f.top)
        for dy in range(kh):
            for dx in range(kw):
                back = np.einsum("bhwd,cd->bhwc", self.grad, self.k.top[dy, dx])
                grad[:, dy : dy + self.oh, dx : dx + self.ow] += back
        self.f.grad = self.f.grad + grad

    def backward_kernel(self):
        kh, kw = self.k.top.shape[:2]
        grad = np.zeros_like(self.k.top)
        for dy in range(kh):
            for dx in range(kw):
                crop = self.f.top[:, dy : dy + self.oh, dx : dx + self.ow]
                grad[dy, dx] = np.einsum("bhwc,bhwd->cd", crop, self.grad, optimize=True)
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
            self.x.grad = self.x.grad + np.where(self.x.top >= self.y.top, self.grad, 0)
        if self.y in ops or self.y in params:
            self.y.grad = self.y.grad + np.where(self.x.top >= self.y.top, 0, self.grad)


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
            self.y.grad = self.y.grad + np.where(self.p.top >= self.q.top, 0, self.grad)


def eager(op):
    class nowop(op):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.forward()

    return nowop


def reset():
    ops.clear()
    values.clear()
