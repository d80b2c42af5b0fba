"""edf / Ivo. im2col with fancy indices, and np.add.at for the way back."""

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
        p.velocity = 0  # broadcasts to whatever shape the first gradient has


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
        def unbroadcast(grad, shape):
            return grad if grad.shape == shape else grad.sum(tuple(range(grad.ndim - len(shape))))

        if self.x in ops + params:
            self.x.grad = self.x.grad + self.grad
        if self.y in ops + params:
            self.y.grad = self.y.grad + unbroadcast(self.grad, self.y.top.shape)


class RELU:
    def __init__(self, x):
        ops.append(self)
        self.x = x

    def forward(self):
        self.top = self.x.top * (self.x.top > 0)

    def backward(self):
        if self.x in ops + params:
            self.x.grad = self.x.grad + self.grad * (self.top > 0)


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
        flat = self.x.top.ravel()
        self.top = flat.sum() / len(flat)

    def backward(self):
        if self.x in ops + params:
            self.x.grad = self.x.grad + self.grad * np.full_like(self.x.top, 1 / self.x.top.size)


class smaxloss:
    def __init__(self, x, y):
        ops.append(self)
        self.x = x
        self.y = y

    def forward(self):
        x, y = self.x.top, self.y.top.astype(np.intp)
        self.pick = (np.arange(y.size), y)
        m = np.amax(x, axis=1, keepdims=True)
        ex = np.exp(x - m)
        s = np.sum(ex, axis=1, keepdims=True)
        self.softmax = ex / s
        self.top = (m + np.log(s)).squeeze(1) - x[self.pick]

    def backward(self):
        if self.x in ops + params:
            g = self.softmax * self.grad.reshape((-1, 1))
            np.subtract.at(g, self.pick, self.grad)
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
        kh, kw, c1, c2 = self.k.top.shape
        r, c = self.index()
        # r and c broadcast to oh, ow, kh, kw
        self.patches = self.f.top[:, r, c]
        b, oh, ow = self.patches.shape[:3]
        flat = self.patches.reshape(b * oh * ow, kh * kw * c1)
        self.top = np.dot(flat, self.k.top.reshape(kh * kw * c1, c2)).reshape(b, oh, ow, c2)

    def backward(self):
        if self.f in ops or self.f in params:
            self.backward_image()
        if self.k in ops or self.k in params:
            self.backward_kernel()

    def backward_image(self):
        kh, kw, c1, c2 = self.k.top.shape
        g = np.dot(self.grad, self.k.top.reshape(kh * kw * c1, c2).T)
        g = g.reshape(*self.grad.shape[:3], kh, kw, c1)
        out = np.zeros_like(self.f.top)
        r, c = self.index()
        np.add.at(out, (slice(None), r, c), g)  # a pixel is in many patches: += would lose some
        self.f.grad = self.f.grad + out

    def backward_kernel(self):
        c2 = self.grad.shape[-1]
        n = self.grad.size // c2
        g = np.dot(self.patches.reshape(n, -1).T, self.grad.reshape(n, c2))
        self.k.grad = self.k.grad + g.reshape(self.k.top.shape)

    def index(self):
        """Row and column of the image under every output pixel and kernel element."""
        H, W = self.f.top.shape[1:3]
        kh, kw = self.k.top.shape[:2]
        rows = np.arange(0, H - kh + 1, self.stride)[:, None] + np.arange(kh)
        cols = np.arange(0, W - kw + 1, self.stride)[:, None] + np.arange(kw)
        return rows[:, None, :, None], cols[None, :, None, :]


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
        lose = self.y.top > self.x.top
        if self.x in ops + params:
            self.x.grad = self.x.grad + np.where(lose, 0, self.grad)
        if self.y in ops + params:
            self.y.grad = self.y.grad + np.where(lose, self.grad, 0)


class where:
    def __init__(self, p, q, x, y):
        ops.append(self)
        self.p = p
        self.q = q
        self.x = x
        self.y = y

    def forward(self):
        self.top = np.choose(self.p.top >= self.q.top, [self.y.top, self.x.top])

    def backward(self):
        zero = np.zeros_like(self.grad)
        c = self.p.top >= self.q.top
        if self.x in ops + params:
            self.x.grad = self.x.grad + np.choose(c, [zero, self.grad])
        if self.y in ops + params:
            self.y.grad = self.y.grad + np.choose(c, [self.grad, zero])


def eager(op):
    def then_forward(constructor):
        def constructor_and_forward(self, *args, **kwargs):
            constructor(self, *args, **kwargs)
            self.forward()

        return constructor_and_forward

    class eager_class(op):
        __init__ = then_forward(op.__init__)

    return eager_class


def reset():
    while ops:
        del ops[-1]
    while values:
        del values[-1]
