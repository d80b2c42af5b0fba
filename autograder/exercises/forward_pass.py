"""Forward: all operations, in the order in which they were made."""

import numpy as np

from autograder.compare import Mismatch, expect_close
from autograder.exercise import Exercise
from autograder.reference import Op, forward

Forward = Exercise("Forward", title="Forward pass", stubs=["Forward"], needs=["matmul", "sigmoid"])


@Forward.check(weight=2)
def chain(student, draw):
    """an operation sees the .top of the operations before it"""
    ((rows, inner, columns),) = draw.sizes([(2, 3, 4)], small=[(1, 1, 1)])
    x, y = draw.normal(rows, inner), draw.normal(inner, columns)
    product = student.op("matmul", student.value(x), student.value(y))
    student.op("matmul", product, student.value(draw.normal(columns, 2)))
    last = student.op("sigmoid", product)
    student.call("Forward")
    between = forward(Op("matmul", x=x, y=y))
    expect_close(last.top, forward(Op("sigmoid", x=between)), "the last operation's top")


@Forward.check(after=["chain"])
def each_once(student, draw):
    """each operation's forward runs exactly once"""
    ((count,),) = draw.sizes([(3,)], small=[(1,)])
    x = student.value(draw.normal(2))
    probes = [student.op(student.name("probe"), x) for _ in range(count)]
    student.call("Forward")
    for top in student.read(*((probe, "top") for probe in probes)):
        if isinstance(top, str) or not np.array_equal(top, 1):
            raise Mismatch(f"an operation's forward should run once, but ran {top} times")
