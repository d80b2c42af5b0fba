"""edf by Oskar"""

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
        p.v = np.zeros_like(p.top)


def momentum(lr, mom=0.9):
    for p in params:
        p.v = mom * p.v + p.grad
        p.top = p.top - lr * p.v


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
            db = self.grad
            for _ in range(self.grad.ndim - self.y.top.ndim):
                db = np.add.reduce(db)
            self.y.grad = self.y.grad + db


class RELU:
    def __init__(self, x):
        ops.append(self)
        self.x = x

    def forward(self):
        self.top = np.maximum(self.x.top, 0)

    def backward(self):
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + (self.x.top > 0) * self.grad


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
            self.x.grad = self.x.grad + self.grad * np.ones(self.x.top.shape) / self.x.top.size


class smaxloss:
    def __init__(self, x, y):
        ops.append(self)
        self.x = x
        self.y = y

    def forward(self):
        x = self.x.top - self.x.top.max(axis=1, keepdims=True)
        p = np.exp(x)
        n = p.sum(axis=1, keepdims=True)
        self.d = p / n
        self.top = np.zeros(len(x), x.dtype)
        for i, label in enumerate(self.y.top.astype(int)):
            self.top[i] = np.log(n[i, 0]) - x[i, label]
            self.d[i, label] -= 1  # softmax minus one-hot

    def backward(self):
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + self.d * self.grad[:, None]


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
        image = self.f.top[0]
        kh, kw, _, c2 = self.k.top.shape
        h, w = image.shape[0] - kh + 1, image.shape[1] - kw + 1
        out = np.zeros((h, w, c2), image.dtype)
        for y in range(h):
            for x in range(w):
                patch = image[y : y + kh, x : x + kw]
                out[y, x] = np.tensordot(patch, self.k.top, axes=3)
        self.top = out[None]

    def backward(self):
        if self.f in ops or self.f in params:
            self.backward_image()
        if self.k in ops or self.k in params:
            self.backward_kernel()

    def backward_image(self):
        kh, kw = self.k.top.shape[:2]
        g = self.grad[0]
        df = np.zeros_like(self.f.top)
        for y in range(g.shape[0]):
            for x in range(g.shape[1]):
                df[0, y : y + kh, x : x + kw] += self.k.top @ g[y, x]
        self.f.grad = self.f.grad + df

    def backward_kernel(self):
        kh, kw = self.k.top.shape[:2]
        image, g = self.f.top[0], self.grad[0]
        dk = np.zeros_like(self.k.top)
        for y in range(g.shape[0]):
            for x in range(g.shape[1]):
                dk += image[y : y + kh, x : x + kw, :, None] * g[y, x]
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
        m = self.x.top >= self.y.top
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + self.grad * m
        if self.y in ops or self.y in params:
            self.y.grad = self.y.grad + self.grad * (m == False)


class where:
    def __init__(self, p, q, x, y):
        ops.append(self)
        self.p = p
        self.q = q
        self.x = x
        self.y = y

    def forward(self):
        m = self.p.top >= self.q.top
        self.top = self.x.top * m + self.y.top * (m == False)

    def backward(self):
        m = self.p.top >= self.q.top
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + self.grad * m
        if self.y in ops or self.y in params:
            self.y.grad = self.y.grad + self.grad * (m == False)


def eager(op):
    class eager_op(op):
        def __init__(self, *args, **kwargs):
            op.__init__(self, *args, **kwargs)
            op.forward(self)

    return eager_op


def reset():
    ops.clear()
    values.clear()
