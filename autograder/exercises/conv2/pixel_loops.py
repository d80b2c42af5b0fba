"""conv2's Python work must not grow with the height or width of the images. There is no clock in it."""

import functools

import numpy as np
from edf_kit.checks.work import ADVICE, KERNEL, other_loops, pixel_loops

from autograder.compare import Mismatch, expect_shape
from autograder.reference import Op


def check_pixel_loops(exercise, after, to=None):
    """Add the check to an exercise; last, for code that it takes long.

    after: ids of the checks of the results. to: the input whose gradient's work is counted; None: the forward's.
    """
    method = "backward" if to else "forward"

    @exercise.check(after=after, carries=to is not None, efficiency=True)
    def no_pixel_loops(student, draw):
        """no loops over pixels: the Python work does not grow with the height or width of the images"""

        @functools.cache
        def work(*size):
            return opcodes(student, size, method, [to] if to else [])

        what = f"conv2.{method}"
        if loops := pixel_loops(work, what):
            raise Mismatch(f"{loops} {ADVICE}")
        return other_loops(work, what)


def opcodes(student, size, method, params):
    """What a method of the student's conv2 takes on images of a size (B, H, W, C1, C2); params: as Op.build's."""
    *images, c2 = size
    # All numbers are 1: if the code prints them, they are printed alike.
    op = Op("conv2", f=np.ones(images, np.float32), k=np.ones((*KERNEL, images[-1], c2), np.float32))
    node, _ = op.build(student, params)
    if method == "backward":
        node.forward()
        (B, H, W, _), (kh, kw) = images, KERNEL
        shape = B, H - kh + 1, W - kw + 1, c2
        expect_shape(node.top, shape, "conv2.top")
        node.grad = np.ones(shape, np.float32)
    counted = node.opcodes(method)
    student.fresh()
    if not isinstance(counted, int):
        raise Mismatch("the Python work can't be counted")
    return counted
