"""Forward: all operations, in the order in which they were made."""

import numpy as np

from autograder.compare import Mismatch, expect_close
from autograder.exercise import Exercise
from autograder.reference import Op, forward

Forward = Exercise("Forward", title="Forward pass", stubs=["Forward"], needs=["matmul", "sigmoid"])


@Forward.check(weight=2)
def chain(student, draw):
    """an operation sees the .top of the operations before it"""
    x, y = draw.normal(2, 3), draw.normal(3, 4)
    product = student.op("matmul", student.value(x), student.value(y))
    student.op("matmul", product, student.value(draw.normal(4, 2)))
    last = student.op("sigmoid", product)
    student.call("Forward")
    between = forward(Op("matmul", x=x, y=y))
    expect_close(last.top, forward(Op("sigmoid", x=between)), "the last operation's top")


@Forward.check(after=["chain"])
def each_once(student, draw):
    """each operation's forward runs exactly once"""
    x = student.value(draw.normal(2))
    probes = [student.op(student.name("probe"), x) for _ in range(3)]
    student.call("Forward")
    for top in student.read(*((probe, "top") for probe in probes)):
        if isinstance(top, str) or not np.array_equal(top, 1):
            raise Mismatch(f"an operation's forward should run once, but ran {top} times")
