"""Value: the leaves, Value and Param, and what `set` stores."""

import numpy as np

from autograder.compare import Mismatch, expect_close, expect_shape
from autograder.exercise import Exercise

Value = Exercise("Value", title="Leaves", stubs=["Value.set", "Param.set"])


@Value.check(weight=2)
def stores_values(student, draw):
    """set stores what it is given in .top, for Value and Param"""
    (shape,) = draw.sizes([(3, 4)], small=[(1,), (2,), (1, 2), (2, 2)])
    for kind in ("Value", "Param"):
        student.fresh()
        array = draw.normal(*shape)
        leaf = student.call(kind)
        leaf.set(array)
        expect_close(leaf.top, array.astype(np.float64), f"{kind}.top")


@Value.check(after=["stores_values"])
def stores_float32(student, draw):
    """float64 arrays, lists and single numbers are all stored as float32"""
    (shape,) = draw.sizes([(2, 3)], small=[(1,)])
    for kind in ("Value", "Param"):
        for given in (draw.normal(*shape).astype(np.float64), [1, 2, 3], 2.5):
            student.fresh()
            leaf = student.call(kind)
            leaf.set(given)
            # The diagnosis compares numbers: so the dtype is asked for as one too.
            student.read((leaf.attribute("top").attribute("dtype"), "num"))
            top = leaf.top
            expect_shape(top, np.shape(given), f"{kind}.top")
            if top.dtype != np.float32:
                message = f"{kind}.top has dtype {top.dtype}, not float32"
                raise Mismatch(message, "", top.dtype, np.dtype(np.float32))


@Value.check(after=["stores_values"])
def stores_a_copy(student, draw):
    """a leaf that was set from an array keeps its numbers when that array changes in place"""
    (shape,) = draw.sizes([(3, 4)], small=[(1,), (2,)])
    for kind in ("Value", "Param"):
        student.fresh()
        array = draw.normal(*shape)
        source, leaf = student.call(kind), student.call(kind)
        source.top = array
        leaf.set(source.attribute("top"))
        source.attribute("top").call("fill", 7)
        expect_close(leaf.top, array.astype(np.float64), f"{kind}.top, after its source changed,")


SET = "np.array(value, dtype=np.float32)"

Value.wrong(
    "not_copied",
    "a leaf keeps the very array that it is given when that is one of float32, and not a copy",
    gives_away="stores_a_copy",
    hints=(
        "A leaf keeps its numbers when the array that it was set from changes later, for the next batch, say.",
        "Look at whether Value.set and Param.set make a new array in every case. Several ways to convert an "
        "array return the array itself where nothing is to be converted.",
    ),
    code="""
class Value:
    def set(self, value):
        self.top = np.asarray(value, dtype=np.float32)

class Param:
    def set(self, value):
        self.top = np.asarray(value, dtype=np.float32)
""",
)
Value.wrong(
    "stored_as_given",
    "what is given is stored as it is: it is neither copied nor made an array of float32",
    gives_away="stores_float32",
    hints=(
        "Whatever is given, a list, a number, an array, the leaf holds an array of float32 of its own.",
        "Look at whether Value.set and Param.set make a new array, and of which dtype.",
    ),
    code="""
class Value:
    def set(self, value):
        self.top = value

class Param:
    def set(self, value):
        self.top = value
""",
)
Value.wrong(
    "not_float32",
    "the numbers are copied in the dtype that they come in, not as float32",
    gives_away="stores_float32",
    hints=(
        "All numbers of edf are float32; numpy makes float64 of a list of Python's floats, and whole numbers of "
        "whole numbers.",
        "Look at where the array is made in Value.set and Param.set: its dtype has to be named there.",
    ),
    code="""
class Value:
    def set(self, value):
        self.top = np.array(value)

class Param:
    def set(self, value):
        self.top = np.array(value)
""",
)
Value.wrong(
    "value_not_copied",
    "a Value keeps the very array that it is given, while a Param copies it",
    gives_away="stores_a_copy",
    hints=(
        "A leaf keeps its numbers when the array that it was set from changes later, for the next batch, say.",
        "Look at what differs between Value.set and Param.set.",
    ),
    edits=[(SET, "np.asarray(value, dtype=np.float32)")],
    of=["Value"],
)
Value.wrong(
    "param_not_float32",
    "a Param copies the numbers in the dtype that they come in, while a Value makes them float32",
    gives_away="stores_float32",
    hints=(
        "All numbers of edf are float32, in Values and in Params.",
        "Look at what differs between Value.set and Param.set.",
    ),
    edits=[(SET, "np.array(value)")],
    of=["Param"],
)
Value.wrong(
    "whole_numbers",
    "the numbers are stored as whole ones, and lose what comes after the point",
    gives_away="stores_values",
    hints=(
        "Labels and pixels are whole numbers, weights are not: a leaf keeps each number as it is given.",
        "Look at the dtype that Value.set and Param.set name.",
    ),
    code="""
class Value:
    def set(self, value):
        self.top = np.array(value, dtype=int)

class Param:
    def set(self, value):
        self.top = np.array(value, dtype=int)
""",
)
Value.right(
    "astype",
    "makes an array of what is given, and another of it with astype",
    code="""
class Value:
    def set(self, value):
        self.top = np.asarray(value).astype(np.float32)

class Param:
    def set(self, value):
        self.top = np.asarray(value).astype("f4")
""",
)
Value.right(
    "filled",
    "makes an empty array and fills it, in a function that both kinds share",
    code="""
def as_float32(value):
    array = np.empty(np.shape(value), dtype=np.float32)
    array[...] = value
    return array

class Value:
    def set(self, value):
        self.top = as_float32(value)

class Param:
    def set(self, value):
        self.top = as_float32(value)
""",
)
