"""The MNIST digits: the students' 9,000, and the hidden 1,000 that never enter a sandbox."""

import functools

import numpy as np

from autograder.paths import ROOT

DIGITS = ROOT / "data" / "mnist_10k.npz"
HIDDEN_INDEX = ROOT / "data" / "hidden_index.txt"


@functools.cache
def _split():
    with np.load(DIGITS) as file:
        images, labels = file["images"], file["labels"]
    hidden = np.zeros(len(labels), dtype=bool)
    hidden[np.loadtxt(HIDDEN_INDEX, dtype=int)] = True
    return images, labels, hidden


@functools.cache
def student_digits():
    """Images (9000×28×28) and labels (9000), both uint8: what students train and validate on."""
    images, labels, hidden = _split()
    return images[~hidden], labels[~hidden]


@functools.cache
def hidden_digits():
    """Images (1000×28×28) and labels (1000), both uint8: what trained parameters are tried on."""
    images, labels, hidden = _split()
    return images[hidden], labels[hidden]
