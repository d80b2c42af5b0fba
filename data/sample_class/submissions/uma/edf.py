"""Uma's edf"""

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


def trainable(*nodes):
    return [node for node in nodes if node in ops or node in params]


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
        for node in trainable(self.x, self.y):
            if node.top.ndim < self.grad.ndim:
                node.grad = node.grad + self.grad.sum(axis=tuple(range(self.grad.ndim - 1)))
            else:
                node.grad = node.grad + self.grad


class RELU:
    def __init__(self, x):
        ops.append(self)
        self.x = x

    def forward(self):
        self.top = np.maximum(self.x.top, 0)

    def backward(self):
        for node in trainable(self.x):
            node.grad = node.grad + self.grad * (node.top >= 0)


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
        for node in trainable(self.x):
            node.grad = node.grad + self.grad / node.top.size


class smaxloss:
    def __init__(self, x, y):
        ops.append(self)
        self.x = x
        self.y = y

    def forward(self):
        # softmax = e^x / sum e^x, and the loss is -log of it at the label
        e = np.exp(self.x.top)
        self.softmax = e / e.sum(axis=1, keepdims=True)
        self.where = np.arange(len(e)), self.y.top.astype(int)
        self.top = -np.log(self.softmax[self.where])

    def backward(self):
        for node in trainable(self.x):
            slope = self.softmax.copy()
            slope[self.where] -= 1
            node.grad = node.grad + slope * self.grad.reshape(-1, 1)


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
        b, h, w, _ = self.f.top.shape
        s = self.stride
        windows = [
            self.f.top[:, i : i + kh, j : j + kw].reshape(b, -1)
            for i in range(0, h - kh + 1, s)
            for j in range(0, w - kw + 1, s)
        ]
        self.windows = np.stack(windows, axis=1)  # b, places, kh*kw*c1
        self.shape = (b, len(range(0, h - kh + 1, s)), len(range(0, w - kw + 1, s)), c2)
        self.top = (self.windows @ self.k.top.reshape(-1, c2)).reshape(self.shape)

    def backward(self):
        if self.f in ops or self.f in params:
            self.backward_image()
        if self.k in ops or self.k in params:
            self.backward_kernel()

    def backward_image(self):
        kh, kw, c1, c2 = self.k.top.shape
        b, oh, ow, _ = self.shape
        back = self.grad @ self.k.top.reshape(-1, c2).T
        back = back.reshape(b, oh, ow, kh, kw, c1)
        image = np.zeros_like(self.f.top)
        for i in range(oh):
            for j in range(ow):
                y, x = i * self.stride, j * self.stride
                image[:, y : y + kh, x : x + kw] += back[:, i, j]
        self.f.grad = self.f.grad + image

    def backward_kernel(self):
        n = self.windows.shape[2]
        g = self.windows.reshape(-1, n).T @ self.grad.reshape(-1, self.shape[3])
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
        for node in trainable(self.x):
            node.grad = node.grad + self.grad * (self.x.top >= self.y.top)
        for node in trainable(self.y):
            node.grad = node.grad + self.grad * (self.y.top > self.x.top)


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
        for node in trainable(self.x):
            node.grad = node.grad + self.grad * (self.p.top >= self.q.top)
        for node in trainable(self.y):
            node.grad = node.grad + self.grad * (self.q.top > self.p.top)


def eager(op):
    class eager_op(op):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.forward()

    return eager_op


def reset():
    ops.clear()
    values.clear()
