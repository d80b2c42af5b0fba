"""The benchmark's assignment for every grader: six tests of a conv2, one of them by finite differences."""

import numpy as np


def _made(Param, conv2, images, kernel):
    rng = np.random.default_rng(1)
    f, k = Param(), Param()
    f.top, k.top = rng.normal(size=images), rng.normal(size=kernel)
    f.grad, k.grad = np.zeros(images), np.zeros(kernel)
    return f, k, conv2(f, k)


def _expected(f, k):
    height, width = f.shape[1] - k.shape[0] + 1, f.shape[2] - k.shape[1] + 1
    g = np.zeros((len(f), height, width, k.shape[3]))
    for y in range(height):
        for x in range(width):
            g[:, y, x] = np.tensordot(f[:, y : y + k.shape[0], x : x + k.shape[1]], k, axes=3)
    return g


def forward(Param, conv2):
    f, k, op = _made(Param, conv2, (2, 6, 6, 1), (3, 3, 1, 2))
    op.forward()
    assert np.allclose(op.top, _expected(f.top, k.top))


def forward_not_square(Param, conv2):
    f, k, op = _made(Param, conv2, (3, 7, 5, 2), (2, 3, 2, 4))
    op.forward()
    assert np.allclose(op.top, _expected(f.top, k.top))


def one_by_one(Param, conv2):
    f, k, op = _made(Param, conv2, (2, 4, 5, 3), (1, 1, 3, 2))
    op.forward()
    assert np.allclose(op.top, f.top @ k.top[0, 0])


def _finite_differences(array, loss, eps=1e-5):
    slopes = np.zeros_like(array)
    for place in np.ndindex(*array.shape):
        kept = array[place]
        array[place] = kept + eps
        above = loss()
        array[place] = kept - eps
        slopes[place] = (above - loss()) / (2 * eps)
        array[place] = kept
    return slopes


def _gradient(Param, conv2, wanted):
    f, k, op = _made(Param, conv2, (2, 5, 6, 2), (2, 3, 2, 3))
    op.forward()
    weights = np.random.default_rng(2).normal(size=op.top.shape)
    op.grad = weights
    op.backward()
    leaf = {"image": f, "kernel": k}[wanted]

    def loss():
        op.forward()
        return (weights * op.top).sum()

    assert np.allclose(leaf.grad, _finite_differences(leaf.top, loss), atol=1e-6)


def image_gradient(Param, conv2):
    _gradient(Param, conv2, "image")


def kernel_gradient(Param, conv2):
    _gradient(Param, conv2, "kernel")


def gradients_add_up(Param, conv2):
    f, k, op = _made(Param, conv2, (1, 4, 4, 1), (2, 2, 1, 1))
    op.forward()
    op.grad = np.ones_like(op.top)
    op.backward()
    once = f.grad.copy(), k.grad.copy()
    op.backward()
    assert np.allclose(f.grad, 2 * once[0]) and np.allclose(k.grad, 2 * once[1])


TESTS = (forward, forward_not_square, one_by_one, image_gradient, kernel_gradient, gradients_add_up)
