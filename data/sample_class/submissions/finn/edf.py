"""edf (Finn). Still to do: the gradient to the kernel, where, eager."""

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
        p.velocity = np.zeros_like(p.top)


def momentum(lr, mom=0.9):
    for p in params:
        p.velocity *= mom
        p.velocity += p.grad
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
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + self.grad
        if self.y in ops or self.y in params:
            if self.y.top.shape != self.grad.shape:
                all_but_last = tuple(np.arange(self.grad.ndim - 1))
                self.y.grad = self.y.grad + self.grad.sum(axis=all_but_last)
            else:
                self.y.grad = self.y.grad + self.grad


class RELU:
    def __init__(self, x):
        ops.append(self)
        self.x = x

    def forward(self):
        self.top = np.maximum(self.x.top, 0)

    def backward(self):
        if self.x in ops or self.x in params:
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

    def backward(self):
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + np.ones(self.x.top.shape) * (self.grad / self.x.top.size)


class smaxloss:
    def __init__(self, x, y):
        ops.append(self)
        self.x = x
        self.y = y

    def forward(self):
        x = self.x.top - self.x.top.max(axis=1, keepdims=True)
        ex = np.exp(x)
        self.softmax = ex / np.sum(ex, axis=1, keepdims=True)
        logsum = np.log(np.sum(ex, axis=1))
        self.top = logsum - x[np.arange(len(x)), self.y.top.astype(int)]

    def backward(self):
        if self.x in ops or self.x in params:
            step = np.array(self.softmax)
            step[np.arange(len(step)), self.y.top.astype(int)] -= 1
            self.x.grad = self.x.grad + step * self.grad[:, None]


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
        self.top = np.zeros((len(f), h, w, k.shape[3]), dtype=f.dtype)
        for i in range(k.shape[0]):
            for j in range(k.shape[1]):
                for c in range(k.shape[2]):
                    self.top += f[:, i : i + h, j : j + w, c, None] * k[i, j, c]

    def backward(self):
        if self.f in ops or self.f in params:
            self.backward_image()
        if self.k in ops or self.k in params:
            self.backward_kernel()

    def backward_image(self):
        k = self.k.top
        h, w = self.grad.shape[1:3]
        g = np.zeros_like(self.f.top)
        for i in range(k.shape[0]):
            for j in range(k.shape[1]):
                for c in range(k.shape[2]):
                    g[:, i : i + h, j : j + w, c] += (self.grad * k[i, j, c]).sum(axis=3)
        self.f.grad = self.f.grad + g

    def backward_kernel(self):
        raise NotImplementedError("exercise 'conv2_kernel': conv2.backward_kernel is still to be written")


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
        raise NotImplementedError("exercise 'where': where.forward is still to be written")

    def backward(self):
        raise NotImplementedError("exercise 'where': where.backward is still to be written")


def eager(op):
    raise NotImplementedError("exercise 'eager': eager is still to be written")


def reset():
    raise NotImplementedError("exercise 'eager': reset is still to be written")
