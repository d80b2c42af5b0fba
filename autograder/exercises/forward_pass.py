"""Forward: all operations, in the order in which they were made."""

import numpy as np

from autograder.compare import Mismatch, count_in_words, expect_close
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
    for probe in probes:
        runs = np.zeros((), int) if isinstance(top := probe.top, str) else top
        if not np.array_equal(runs, 1):
            message = f"an operation's forward should run once, but ran {count_in_words(runs)} times"
            raise Mismatch(message, "", runs, np.ones(()))


@Forward.check()
def new_numbers(student, draw):
    """run again on new numbers, every operation sees what those before it have just computed"""
    ((rows, inner, columns),) = draw.sizes([(2, 3, 4)], small=[(1, 1, 1)])
    x, y, new = draw.normal(rows, inner), draw.normal(inner, columns), draw.normal(rows, inner)
    leaf = student.value(x)
    product = student.op("matmul", leaf, student.value(y))
    last = student.op("sigmoid", product)
    product.forward()
    last.forward()
    leaf.top = new
    student.call("Forward")
    between = forward(Op("matmul", x=new, y=y))
    expect_close(last.top, forward(Op("sigmoid", x=between)), "the last operation's top in the second pass")


Forward.wrong(
    "reverse_order",
    "the operations run in reverse order, the last one first",
    gives_away="new_numbers",
    hints=(
        "An operation needs the .top of its inputs: these have to run before it.",
        "Look at the order in which Forward walks along ops. They were put there as they were made.",
    ),
    edits=[("in ops", "in reversed(ops)")],
)
Forward.wrong(
    "last_left_out",
    "the last operation does not run",
    gives_away="chain",
    hints=(
        "Every operation of the graph runs, the loss too.",
        "Look at where the walk along ops ends.",
    ),
    edits=[("in ops", "in ops[:-1]")],
)
Forward.wrong(
    "first_only",
    "only the first operation runs",
    gives_away="chain",
    hints=(
        "Every operation of the graph runs, one after the other.",
        "Look at where the loop over ops ends.",
    ),
    edits=[("op.forward()", "return op.forward()")],
)
Forward.wrong(
    "run_twice",
    "each operation runs twice",
    gives_away="each_once",
    hints=(
        "One pass runs each operation once.",
        "Look at all places from which Forward makes an operation run.",
    ),
    edits=[("op.forward()", "op.forward()\n        op.forward()")],
)
Forward.wrong(
    "results_kept",
    "the leaves have new numbers, and Forward leaves the results of the pass before",
    gives_away="new_numbers",
    hints=(
        "When a Value is set anew, the results of the pass before no longer hold.",
        "Look at which operations Forward runs in a second pass.",
    ),
    edits=[("op.forward()", "if not hasattr(op, 'top'):\n            op.forward()")],
)
Forward.right(
    "by_index",
    "counts through the places in ops",
    code="""
def Forward():
    i = 0
    while i < len(ops):
        ops[i].forward()
        i += 1
""",
)
Forward.right(
    "inputs_first",
    "goes from each operation to its inputs, and runs what has not been run in this pass",
    code="""
def Forward():
    done = set()

    def run(node):
        if id(node) in done or not hasattr(node, "forward"):
            return
        done.add(id(node))
        for input in list(vars(node).values()):
            run(input)
        node.forward()

    for op in reversed(ops):
        run(op)
""",
)
