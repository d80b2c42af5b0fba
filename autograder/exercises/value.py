"""Value: the leaves, Value and Param, and what `set` stores."""

import numpy as np

from autograder.compare import Mismatch, expect_close, expect_shape
from autograder.exercise import Exercise

Value = Exercise("Value", title="Leaves", stubs=["Value.set", "Param.set"])


@Value.check(weight=2)
def stores_values(student, draw):
    """set stores what it is given in .top, for Value and Param"""
    for kind in ("Value", "Param"):
        array = draw.normal(3, 4)
        leaf = student.call(kind)
        leaf.set(array)
        expect_close(leaf.top, array.astype(np.float64), f"{kind}.top")


@Value.check(after=["stores_values"])
def stores_float32(student, draw):
    """float64 arrays, lists and single numbers are all stored as float32"""
    for kind in ("Value", "Param"):
        for given in (draw.normal(2, 3).astype(np.float64), [1, 2, 3], 2.5):
            leaf = student.call(kind)
            leaf.set(given)
            top = leaf.top
            expect_shape(top, np.shape(given), f"{kind}.top")
            if top.dtype != np.float32:
                raise Mismatch(f"{kind}.top has dtype {top.dtype}, not float32")


@Value.check(after=["stores_values"])
def stores_a_copy(student, draw):
    """a leaf that was set from an array keeps its numbers when that array changes in place"""
    for kind in ("Value", "Param"):
        array = draw.normal(3, 4)
        source, leaf = student.call(kind), student.call(kind)
        source.top = array
        leaf.set(source.attribute("top"))
        source.attribute("top").call("fill", 0)
        expect_close(leaf.top, array.astype(np.float64), f"{kind}.top, after its source changed,")
