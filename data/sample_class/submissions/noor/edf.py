"""Noor's edf. Convolution theorem: conv2 is a product after a Fourier transform."""

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
        p.history = np.zeros_like(p.top)


def momentum(lr, mom=0.9):
    for p in params:
        p.history = p.history * mom
        p.history = p.history + p.grad
        p.top = p.top - p.history * lr


def deposit(node, grad):
    if node in ops or node in params:
        node.grad = node.grad + grad.astype(node.grad.dtype)


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
        deposit(self.x, self.grad)
        shape = self.y.top.shape
        deposit(self.y, self.grad.reshape(-1, *shape).sum(axis=0))


class RELU:
    def __init__(self, x):
        ops.append(self)
        self.x = x

    def forward(self):
        self.top = np.clip(self.x.top, 0, None)

    def backward(self):
        deposit(self.x, np.where(self.x.top < 0, 0, self.grad))


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
        deposit(self.x, self.grad * np.ones_like(self.x.top) / self.x.top.size)


class smaxloss:
    def __init__(self, x, y):
        ops.append(self)
        self.x = x
        self.y = y

    def forward(self):
        top = self.x.top.max(axis=1, keepdims=True)
        exps = np.exp(self.x.top - top)
        norm = exps.sum(axis=1, keepdims=True)
        self.softmax = exps / norm
        mine = np.take_along_axis(self.x.top - top, self.y.top.astype(int).reshape(-1, 1), axis=1)
        self.top = (np.log(norm) - mine).reshape(-1)

    def backward(self):
        self.onehot = np.eye(self.softmax.shape[1])[self.y.top.astype(int)]
        deposit(self.x, np.einsum("i,ij->ij", self.grad, self.softmax - self.onehot))


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
        H, W = self.f.top.shape[1:3]
        kh, kw = self.k.top.shape[:2]
        # conjugate = mirror, which turns the theorem's convolution into a correlation
        K = np.conj(self.to_waves(self.k.top, (0, 1)))
        G = (self.to_waves(self.f.top, (1, 2))[..., None, :] @ K)[..., 0, :]
        whole = self.to_pixels(G, (1, 2))
        valid = whole[:, : H - kh + 1, : W - kw + 1]
        self.top = valid[:, :: self.stride, :: self.stride].astype(self.f.top.dtype)

    def backward(self):
        if self.f in ops or self.f in params:
            self.backward_image()
        if self.k in ops or self.k in params:
            self.backward_kernel()

    def backward_image(self):
        K = self.to_waves(self.k.top, (0, 1)).transpose(0, 1, 3, 2)
        G = self.to_waves(self.spread_grad(), (1, 2))
        deposit(self.f, self.to_pixels((G[..., None, :] @ K)[..., 0, :], (1, 2)))

    def backward_kernel(self):
        kh, kw = self.k.top.shape[:2]
        F = self.to_waves(self.f.top, (1, 2)).transpose(1, 2, 3, 0)
        G = self.to_waves(self.spread_grad(), (1, 2)).transpose(1, 2, 0, 3)
        deposit(self.k, self.to_pixels(F @ np.conj(G), (0, 1))[:kh, :kw])

    def to_waves(self, a, axes):
        # padded to the image: a valid correlation then never wraps around
        return np.fft.rfft2(a.astype(np.float64), self.f.top.shape[1:3], axes)

    def to_pixels(self, a, axes):
        return np.fft.irfft2(a, self.f.top.shape[1:3], axes)

    def spread_grad(self):
        """The upstream gradient with zeros where the stride skipped."""
        H, W = self.f.top.shape[1:3]
        kh, kw = self.k.top.shape[:2]
        g = np.zeros((len(self.grad), H - kh + 1, W - kw + 1, self.grad.shape[3]))
        g[:, :: self.stride, :: self.stride] = self.grad
        return g


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
        share = (self.x.top >= self.y.top).astype(int)
        deposit(self.x, share * self.grad)
        deposit(self.y, (1 - share) * self.grad)


class where:
    def __init__(self, p, q, x, y):
        ops.append(self)
        self.p = p
        self.q = q
        self.x = x
        self.y = y

    def forward(self):
        self.top = np.where(self.p.top - self.q.top >= 0, self.x.top, self.y.top)

    def backward(self):
        share = (self.p.top - self.q.top >= 0).astype(int)
        deposit(self.x, share * self.grad)
        deposit(self.y, (1 - share) * self.grad)


def eager(op):
    def build(self, *args, **kwargs):
        super(made, self).__init__(*args, **kwargs)
        self.forward()

    made = type(op.__name__ + "_now", (op,), {})
    made.__init__ = build
    return made


def reset():
    del ops[:], values[:]
