"""Trains a small convolutional network to read handwritten digits.

`python mnist_conv.py --help` lists its options. It runs on your own edf.py, which must be beside it, with the
folder edf_kit and the digits, mnist.npz.
"""

import edf
from edf_kit.digits import xavier, zeros
from edf_kit.script import run


def network(x, rng):
    """Logits (B×10) of images x (B×28×28×1)."""
    k1, b1 = xavier(rng, 4 * 4 * 1, 4, 4, 1, 8), zeros(8)
    k2, b2 = xavier(rng, 2 * 2 * 8, 2, 2, 8, 16), zeros(16)
    w = xavier(rng, 6 * 6 * 16, 6 * 6 * 16, 10)
    # 28×28×1 → conv2 25×25×8 → down2 13×13×8 → conv2 12×12×16 → down2 6×6×16 → flatten 576
    x = edf.RELU(edf.add(edf.down2(edf.conv2(x, k1)), b1))
    x = edf.RELU(edf.add(edf.down2(edf.conv2(x, k2)), b2))
    return edf.matmul(edf.flatten(x), w)


if __name__ == "__main__":
    run(network, (28, 28, 1), __doc__, lr=0.01, momentum=0.9, epochs=5)
