"""edf: the tiny autograd framework of the lecture, on numpy.

A program builds a graph once: leaves (`Value` for data, `Param` for what is learned) and operations on
them. Constructing a node only does book-keeping in the three lists below. `Forward` then computes every
`.top` in the order in which the operations were made, `Backward` every `.grad` in the opposite order, and
`SGD` or `momentum` moves the parameters.

Every operation has `forward()`, which sets `.top`, and `backward()`, which *adds* to the `.grad` of those
of its inputs that are operations or Params. Values have no gradient. Images are arrays of B×H×W×C (batch,
height, width, channels).

This module defines `max`: inside it, that name is the operation below and no longer Python's builtin.
"""

import numpy as np

ops = []  # operations, in the order in which they were made
params = []  # leaves with a gradient
values = []  # leaves without one


class Value:
    """A leaf that holds data: inputs and labels. It never receives a gradient."""

    def __init__(self):
        values.append(self)

    def set(self, value):
        """Store a float32 copy of `value` (anything numpy takes as an array) in `.top`."""
        self.top = np.array(value, dtype=np.float32)


class Param:
    """A leaf that is learned: `Backward` fills its `.grad`, `SGD` or `momentum` moves its `.top`."""

    def __init__(self):
        params.append(self)

    def set(self, value):
        """Store a float32 copy of `value` (anything numpy takes as an array) in `.top`."""
        self.top = np.array(value, dtype=np.float32)


def Forward():
    """Run every operation's `forward`, in the order in which they were made."""
    for op in ops:
        op.forward()


def Backward(loss):
    """Fill the `.grad` of every operation and Param with the gradient of `loss`.

    Zeroes the grads of all operations and Params, sets `loss.grad` to ones, then runs every operation's
    `backward` in reverse order. Values are left alone.
    """
    for node in ops + params:
        node.grad = np.zeros_like(node.top)
    loss.grad = np.ones_like(loss.top)
    for op in reversed(ops):
        op.backward()


def SGD(lr):
    """Move every Param one step of length `lr` against its gradient."""
    for p in params:
        p.top = p.top - lr * p.grad


def init_momentum():
    """Give every Param a velocity of zero. Called once, after the Params are set."""
    for p in params:
        p.velocity = np.zeros_like(p.top)


def momentum(lr, mom=0.9):
    """Gradient descent with momentum, for every Param: v ← mom·v + g, then p ← p − lr·v.

    Each Param keeps a velocity v of its own from one call to the next; g is its gradient.
    """
    for p in params:
        p.velocity = mom * p.velocity + p.grad
        p.top = p.top - lr * p.velocity


class matmul:
    """Matrix product of x (B×N) and y (N×M): B×M."""

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
    """Sum of x and y: of the same shape, or y 1-D, a bias added along the last axis of x."""

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
            # A bias was copied to every place it was added to: its gradient is the sum over those places.
            copied = tuple(range(self.grad.ndim - self.y.top.ndim))
            # Over the batch first: numpy takes ten times as long for all axes at once.
            over_batch = self.grad.sum(axis=copied[:1])
            self.y.grad = self.y.grad + over_batch.sum(axis=copied[:-1])


class RELU:
    """Rectifier, element by element: x where x is positive, else 0."""

    def __init__(self, x):
        ops.append(self)
        self.x = x

    def forward(self):
        self.top = np.maximum(self.x.top, 0)

    def backward(self):
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + self.grad * (self.x.top >= 0)


class sigmoid:
    """Logistic function, element by element: 1 / (1 + exp(−x))."""

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
    """Mean of x over all its elements, whatever its shape: one number."""

    def __init__(self, x):
        ops.append(self)
        self.x = x

    def forward(self):
        self.top = np.mean(self.x.top)

    def backward(self):
        if self.x in ops or self.x in params:
            share = self.grad / self.x.top.size
            self.x.grad = self.x.grad + share * np.ones_like(self.x.top)


class smaxloss:
    """Softmax followed by cross-entropy, row by row.

    x holds the logits (B×classes), y the labels (B whole numbers, stored as float32). `.top` has one loss
    a row (B): −log softmax(x)[label]. Logits of ±1000 must give a finite loss and gradient. The labels
    have no gradient.
    """

    def __init__(self, x, y):
        ops.append(self)
        self.x = x
        self.y = y

    def forward(self):
        # Softmax is the same for logits shifted by a constant; with the largest at 0, exp can't overflow.
        shifted = self.x.top - self.x.top.max(axis=1, keepdims=True)
        log_softmax = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        rows, labels = np.arange(len(shifted)), self.y.top.astype(int)
        self.top = -log_softmax[rows, labels]
        self.softmax = np.exp(log_softmax)

    def backward(self):
        if self.x in ops or self.x in params:
            rows, labels = np.arange(len(self.softmax)), self.y.top.astype(int)
            onehot = np.zeros_like(self.softmax)
            onehot[rows, labels] = 1
            self.x.grad = self.x.grad + self.grad[:, np.newaxis] * (self.softmax - onehot)


class accuracy:
    """1 in each row of x (B×classes) whose largest element stands at the label y (B), else 0.

    Not differentiable: it has no gradient to pass on.
    """

    def __init__(self, x, y):
        ops.append(self)
        self.x = x
        self.y = y

    def forward(self):
        self.top = (self.x.top.argmax(axis=1) == self.y.top).astype(np.float32)

    def backward(self):
        pass


class conv2:
    """'Valid' cross-correlation of images f (B×H×W×C1) with kernels k (kh×kw×C1×C2).

    g[b, y, x, c2] = Σ over ky, kx, c1 of f[b, y+ky, x+kx, c1] · k[ky, kx, c1, c2]

    for every place where the kernel lies wholly inside the image: B×(H−kh+1)×(W−kw+1)×C2. With a stride
    s, only every s-th of these rows and columns, from the first: as conv2 without stride, then [:, ::s, ::s].
    """

    def __init__(self, f, k, stride=1):
        ops.append(self)
        self.f = f
        self.k = k
        self.stride = stride

    def forward(self):
        """Set `.top` to g."""
        f, k = self.f.top, self.k.top
        (B, H, W, _), (kh, kw, _, C2) = f.shape, k.shape
        # -(-n // s) is n / s rounded up.
        height, width = -(-(H - kh + 1) // self.stride), -(-(W - kw + 1) // self.stride)
        self.top = np.zeros((B, height, width, C2), dtype=f.dtype)
        for ky, kx, seen in self._taps():
            self.top += f[seen] @ k[ky, kx]

    def backward(self):
        if self.f in ops or self.f in params:
            self.backward_image()
        if self.k in ops or self.k in params:
            self.backward_kernel()

    def backward_image(self):
        """Add the gradient to the image to `self.f.grad` (B×H×W×C1)."""
        image_grad = np.zeros_like(self.f.top)
        for ky, kx, seen in self._taps():
            image_grad[seen] += self.grad @ self.k.top[ky, kx].T
        self.f.grad = self.f.grad + image_grad

    def backward_kernel(self):
        """Add the gradient to the kernel to `self.k.grad` (kh×kw×C1×C2)."""
        kernel_grad = np.zeros_like(self.k.top)
        for ky, kx, seen in self._taps():
            kernel_grad[ky, kx] = np.tensordot(self.f.top[seen], self.grad, axes=([0, 1, 2], [0, 1, 2]))
        self.k.grad = self.k.grad + kernel_grad

    def _taps(self):
        """For each element of the kernel, the part of the image that it meets as the kernel slides.

        That part has the height and width of `.top`. Looping over the few taps, not over the many
        pixels, leaves the work to numpy.
        """
        kh, kw = self.k.top.shape[:2]
        H, W = self.f.top.shape[1:3]
        for ky in range(kh):
            for kx in range(kw):
                rows = slice(ky, H - kh + ky + 1, self.stride)
                columns = slice(kx, W - kw + kx + 1, self.stride)
                yield ky, kx, (slice(None), rows, columns)


class down2:
    """Every second row and column of x (B×H×W×C), from the first."""

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
    """x (B×anything) with all but the first axis made one: B×N, in C order."""

    def __init__(self, x):
        ops.append(self)
        self.x = x

    def forward(self):
        self.top = self.x.top.reshape(len(self.x.top), -1)

    def backward(self):
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + self.grad.reshape(self.x.top.shape)


class max:
    """The larger of x and y, element by element; x and y have the same shape.

    Where x ≥ y the gradient goes to x, elsewhere to y: x wins ties.
    """

    def __init__(self, x, y):
        ops.append(self)
        self.x = x
        self.y = y

    def forward(self):
        self.top = np.maximum(self.x.top, self.y.top)

    def backward(self):
        x_wins = self.x.top >= self.y.top
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + self.grad * x_wins
        if self.y in ops or self.y in params:
            self.y.grad = self.y.grad + self.grad * ~x_wins


class where:
    """x where p ≥ q, else y, element by element; all four have the same shape.

    The gradient goes to x and y. p and q only choose: they get none.
    """

    def __init__(self, p, q, x, y):
        ops.append(self)
        self.p = p
        self.q = q
        self.x = x
        self.y = y

    def forward(self):
        self.top = np.where(self.p.top >= self.q.top, self.x.top, self.y.top)

    def backward(self):
        chosen = self.p.top >= self.q.top
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + self.grad * chosen
        if self.y in ops or self.y in params:
            self.y.grad = self.y.grad + self.grad * ~chosen


def eager(op):
    """A subclass of the operation class `op` whose constructor also runs `forward`.

    So `.top` is there as soon as a node is made, and Python's own `if` and loops can look at it to choose
    the next operation. The graph is then the one that this iteration built: `Backward` works as before.
    """

    class eager_op(op):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.forward()

    eager_op.__name__ = op.__name__
    return eager_op


def reset():
    """Drop the graph: forget all operations and Values. Params stay, with what they have learned."""
    ops.clear()
    values.clear()
