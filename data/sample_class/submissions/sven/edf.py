"""edf, Sven"""

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
        p.old_grad = np.zeros_like(p.top)


def momentum(lr, mom=0.9):
    for p in params:
        # the velocity: this gradient, plus most of the one before
        velocity = mom * p.old_grad + p.grad
        p.top = p.top - lr * velocity
        p.old_grad = p.grad


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
        x_needs = self.x in ops or self.x in params
        y_needs = self.y in ops or self.y in params
        if x_needs:
            self.x.grad = self.x.grad + self.grad
        if y_needs:
            lost = self.top.ndim - self.y.top.ndim
            self.y.grad = self.y.grad + self.grad.sum(tuple(range(lost)))


class RELU:
    def __init__(self, x):
        ops.append(self)
        self.x = x

    def forward(self):
        self.top = np.maximum(self.x.top, 0)

    def backward(self):
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + self.grad * (self.top != 0)


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
            self.x.grad = self.x.grad + np.full(self.x.top.shape, self.grad) / self.x.top.size


class smaxloss:
    def __init__(self, x, y):
        ops.append(self)
        self.x = x
        self.y = y

    def forward(self):
        self.truth = np.eye(self.x.top.shape[1])[self.y.top.astype(int)] > 0
        z = self.x.top - self.x.top.max(axis=1, keepdims=True)
        lse = np.log(np.exp(z).sum(axis=1))
        self.softmax = np.exp(z - lse[:, None])
        self.top = lse - z[self.truth]

    def backward(self):
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + self.grad[:, None] * (self.softmax - self.truth)


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
        f, k = self.f.top, self.k.top
        h, w = f.shape[1] - k.shape[0] + 1, f.shape[2] - k.shape[1] + 1
        total = np.zeros((f.shape[0], h, w, k.shape[3]), f.dtype)
        for v in range(k.shape[0]):
            for u in range(k.shape[1]):
                total += np.matmul(f[:, v : v + h, u : u + w, :], k[v, u])
        self.top = total

    def backward(self):
        if self.f in ops or self.f in params:
            self.backward_image()
        if self.k in ops or self.k in params:
            self.backward_kernel()

    def backward_image(self):
        k, g = self.k.top, self.grad
        h, w = g.shape[1:3]
        df = np.zeros_like(self.f.top)
        for v in range(k.shape[0]):
            for u in range(k.shape[1]):
                df[:, v : v + h, u : u + w, :] += np.matmul(g, k[v, u].T)
        self.f.grad = self.f.grad + df

    def backward_kernel(self):
        f, g = self.f.top, self.grad
        h, w = g.shape[1:3]
        dk = np.zeros_like(self.k.top)
        for v in range(dk.shape[0]):
            for u in range(dk.shape[1]):
                fv = f[:, v : v + h, u : u + w, :].reshape(-1, f.shape[3])
                dk[v, u] = np.matmul(fv.T, g.reshape(-1, g.shape[3]))
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
        self.top = np.maximum(self.x.top, self.y.top)

    def backward(self):
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + self.grad * (self.top == self.x.top)
        if self.y in ops or self.y in params:
            self.y.grad = self.y.grad + self.grad * (self.top != self.x.top)


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
            self.x.grad = self.x.grad + self.grad * (self.p.top >= self.q.top)
        if self.y in ops or self.y in params:
            self.y.grad = self.y.grad + self.grad * (self.p.top < self.q.top)


def eager(op):
    class eager_op(op):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.forward()

    return eager_op


def reset():
    ops.clear()
    values.clear()
