"""edf of Bea. The prints helped me to find the mistakes in conv2."""

import numpy as np

ops = []  # operations, in the order in which they were made
params = []  # leaves with a gradient
values = []  # leaves without one

def debug(op, *names):
    """Print what an operation has just computed."""
    print("===", type(op).__name__, "number", ops.index(op), "===")
    for name in names:
        array = np.asarray(getattr(op, name))
        print(f"  {name}: shape {array.shape}, dtype {array.dtype}, first numbers:")
        print("   ", " ".join(f"{number:+.6f}" for number in array.ravel()[:48]))


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
    for i, p in enumerate(params):
        p.velocity = mom * p.velocity + p.grad
        p.top = p.top - lr * p.velocity
        print("momentum: Param", i, "is now", p.top.ravel()[:4])


def has_grad(node):
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
        debug(self, "top")

    def backward(self):
        if has_grad(self.x):
            self.x.grad = self.x.grad + self.grad
        if has_grad(self.y):
            missing = self.grad.ndim - self.y.top.ndim
            self.y.grad = self.y.grad + self.grad.sum(axis=tuple(range(missing)))


class RELU:
    def __init__(self, x):
        ops.append(self)
        self.x = x

    def forward(self):
        self.top = np.maximum(self.x.top, 0)
        debug(self, "top")

    def backward(self):
        if has_grad(self.x):
            self.x.grad = self.x.grad + self.grad * (self.x.top > 0)


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
        debug(self, "top")

    def backward(self):
        if has_grad(self.x):
            self.x.grad = self.x.grad + self.grad / self.x.top.size


class smaxloss:
    def __init__(self, x, y):
        ops.append(self)
        self.x = x
        self.y = y

    def forward(self):
        z = self.x.top - self.x.top.max(axis=1, keepdims=True)
        lse = np.log(np.exp(z).sum(axis=1))
        correct = z[np.arange(len(z)), self.y.top.astype(int)]
        self.top = lse - correct
        self.softmax = np.exp(z - lse[:, None])
        debug(self, "top", "softmax")

    def backward(self):
        if has_grad(self.x):
            target = np.zeros_like(self.softmax)
            target[np.arange(len(target)), self.y.top.astype(int)] = 1
            self.x.grad = self.x.grad + (self.softmax - target) * self.grad[:, None]


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
        # all patches as a matrix, one row for each pixel of the result
        patches = np.lib.stride_tricks.sliding_window_view(self.f.top, (kh, kw, c1), axis=(1, 2, 3))
        patches = patches[:, :: self.stride, :: self.stride, 0]
        self.size = patches.shape[:3]
        self.patches = patches.reshape(-1, kh * kw * c1)
        self.top = (self.patches @ self.k.top.reshape(-1, c2)).reshape(*self.size, c2)
        debug(self, "top", "patches")

    def backward(self):
        if self.f in ops or self.f in params:
            self.backward_image()
        if self.k in ops or self.k in params:
            self.backward_kernel()

    def backward_image(self):
        kh, kw, c1, c2 = self.k.top.shape
        grad = self.grad.reshape(-1, c2) @ self.k.top.reshape(-1, c2).T
        grad = grad.reshape(*self.size, kh, kw, c1)
        (_, h, w), s = self.size, self.stride
        df = np.zeros_like(self.f.top)
        for i in range(kh):
            for j in range(kw):
                part = df[:, i : i + h * s : s, j : j + w * s : s]
                part += grad[:, :, :, i, j]
        self.f.grad = self.f.grad + df

    def backward_kernel(self):
        dk = self.patches.T @ self.grad.reshape(len(self.patches), -1)
        self.k.grad = self.k.grad + dk.reshape(self.k.top.shape)


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
        debug(self, "top")

    def backward(self):
        x_wins = self.x.top >= self.y.top
        if has_grad(self.x):
            self.x.grad = self.x.grad + self.grad * x_wins
        if has_grad(self.y):
            self.y.grad = self.y.grad + self.grad * ~x_wins


class where:
    def __init__(self, p, q, x, y):
        ops.append(self)
        self.p = p
        self.q = q
        self.x = x
        self.y = y

    def forward(self):
        self.top = np.where(self.p.top >= self.q.top, self.x.top, self.y.top)
        debug(self, "top")

    def backward(self):
        chosen = self.p.top >= self.q.top
        if has_grad(self.x):
            self.x.grad = self.x.grad + self.grad * chosen
        if has_grad(self.y):
            self.y.grad = self.y.grad + self.grad * ~chosen


def eager(op):
    class eager_op(op):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.forward()

    return eager_op


def reset():
    ops.clear()
    values.clear()
