"""Cuts images into the patches that a kernel sees, and adds patches back up into images."""

import numpy as np


def _positions(kh, kw):
    return [(y, x) for y in range(kh) for x in range(kw)]


def _region(y, x, height, width, kh, kw, stride):
    return (slice(None), slice(y, height - kh + y + 1, stride), slice(x, width - kw + x + 1, stride))


def cut(images, kh, kw, stride):
    """B x H x W x C -> B x h x w x (kh * kw * C)."""
    height, width = images.shape[1:3]
    parts = [images[_region(y, x, height, width, kh, kw, stride)] for y, x in _positions(kh, kw)]
    return np.concatenate(parts, axis=-1)


def paste(patches, shape, kh, kw, stride):
    """The transpose of cut: what overlaps is added."""
    images = np.zeros(shape, patches.dtype)
    parts = np.split(patches, kh * kw, axis=-1)
    for part, (y, x) in zip(parts, _positions(kh, kw)):
        images[_region(y, x, shape[1], shape[2], kh, kw, stride)] += part
    return images
