"""Quinn's edf"""

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
        p.velocity = p.top * 0


def momentum(lr, mom=0.9):
    for p in params:
        p.velocity = p.velocity * mom + p.grad
        p.top = p.top - p.velocity * lr


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
            per_row = self.grad.reshape(-1, *self.y.top.shape)
            self.y.grad = self.y.grad + per_row.sum(0)


class RELU:
    def __init__(self, x):
        ops.append(self)
        self.x = x

    def forward(self):
        self.top = self.x.top * (self.x.top >= 0)

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
        self.top = self.x.top.mean()

    def backward(self):
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + self.grad / float(self.x.top.size)


class smaxloss:
    def __init__(self, x, y):
        ops.append(self)
        self.x = x
        self.y = y

    def forward(self):
        x = (self.x.top.T - self.x.top.max(axis=1)).T
        self.logp = (x.T - np.log(np.exp(x).sum(axis=1))).T
        self.top = np.array([-self.logp[i, int(t)] for i, t in enumerate(self.y.top)])

    def backward(self):
        if self.x in ops or self.x in params:
            d = np.exp(self.logp)
            for i, t in enumerate(self.y.top):
                d[i, int(t)] -= 1
            self.x.grad = self.x.grad + (d.T * self.grad).T


class accuracy:
    def __init__(self, x, y):
        ops.append(self)
        self.x = x
        self.y = y

    def forward(self):
        self.top = (self.x.top.argmax(axis=1) == self.y.top).astype(np.float32)

    def backward(self):
        pass


# The four pixels under a kernel: top left, top right, bottom left, bottom right.
CORNERS = {
    (0, 0): np.s_[:, :-1, :-1],
    (0, 1): np.s_[:, :-1, 1:],
    (1, 0): np.s_[:, 1:, :-1],
    (1, 1): np.s_[:, 1:, 1:],
}


class conv2:
    def __init__(self, f, k, stride=1):
        ops.append(self)
        self.f = f
        self.k = k
        self.stride = stride

    def forward(self):
        self.top = sum(self.f.top[part] @ self.k.top[at] for at, part in CORNERS.items())

    def backward(self):
        if self.f in ops or self.f in params:
            self.backward_image()
        if self.k in ops or self.k in params:
            self.backward_kernel()

    def backward_image(self):
        df = np.zeros_like(self.f.top)
        for at, part in CORNERS.items():
            df[part] += self.grad @ self.k.top[at].T
        self.f.grad = self.f.grad + df

    def backward_kernel(self):
        dk = np.zeros_like(self.k.top)
        for at, part in CORNERS.items():
            dk[at] = np.tensordot(self.f.top[part], self.grad, axes=((0, 1, 2), (0, 1, 2)))
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
            self.x.grad = self.x.grad + self.grad * (self.x.top >= self.y.top)
        if self.y in ops or self.y in params:
            self.y.grad = self.y.grad + self.grad * (self.x.top < self.y.top)


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
    class Q(op):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.forward()

    Q.__name__ = op.__name__
    return Q


def reset():
    ops.clear()
    values.clear()
