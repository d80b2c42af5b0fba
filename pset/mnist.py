"""Trains a network of two layers, 784–1024–10, to read handwritten digits.

`python mnist.py --help` lists its options. It runs on your own edf.py, which must be beside it, with the
folder edf_kit and the digits, mnist.npz.
"""

import edf
from edf_kit.digits import xavier, zeros
from edf_kit.script import run


def network(x, rng):
    """Logits (B×10) of images x (B×784)."""
    w1, b1 = xavier(rng, 784, 784, 1024), zeros(1024)
    w2, b2 = xavier(rng, 1024, 1024, 10), zeros(10)
    hidden = edf.RELU(edf.add(edf.matmul(x, w1), b1))
    return edf.add(edf.matmul(hidden, w2), b2)


if __name__ == "__main__":
    run(network, (784,), __doc__, lr=0.1, momentum=0, epochs=5)
