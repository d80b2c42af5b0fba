"""eager: graphs that are built and run at once, and dropped after each iteration."""

import numpy as np

from autograder.compare import Mismatch, count_in_words, expect_close
from autograder.exercise import Exercise
from autograder.reference import reference

# Its checks use only operations that the lecture prints, so that it stands on its own.
eager = Exercise(
    "eager",
    title="Eager execution",
    stubs=["eager", "reset"],
    needs=["matmul", "sigmoid", "down2", "flatten", "Backward", "SGD"],
)


def iterate(edf, draw, count, width):
    """`count` iterations of training in which the data choose the graph: the depth depends on `.top`.

    width: of the layers. Yields (what it is, its value): the loss, the number of ops and the gradient to w of each
    iteration, and w at the end. It works alike on the student's edf and on the reference.
    """
    matmul, sigmoid = edf.call("eager", edf.name("matmul")), edf.call("eager", edf.name("sigmoid"))
    # Small: far out on the sigmoid, 1 − top has few right digits, in correct code too.
    w = edf.param(draw.normal(width, width) / 4)
    for i in range(1, count + 1):
        x = edf.value(draw.normal(1, width))
        h = edf.op(matmul, x, w)
        # At most four layers; a further one as long as the first element is positive.
        for _ in range(3):
            if not _first(h.top) > 0:
                break
            h = edf.op(matmul, h, w)
        loss = edf.op(sigmoid, h)
        edf.call("Backward", loss)
        yield f"the loss of iteration {i}", loss.top
        yield f"the number of operations in iteration {i}", edf.length("ops")
        yield f"the gradient in iteration {i}", w.grad
        edf.call("SGD", 0.25)
        edf.call("reset")
    yield "the Param after the last iteration", w.top


def _first(top):
    return 0 if isinstance(top, str) or not top.size else top.flat[0]


def expect_same_iterations(student, draw, count):
    """The student's iterations must give the reference's losses, gradients, graphs and final Param."""
    ((count, width),) = draw.sizes([(count, 3)], small=[(i, 1) for i in range(1, count + 1)])
    state = draw.rng.bit_generator.state
    edf = reference()
    edf.fresh()
    expected = list(iterate(edf, draw, count, width))
    draw.rng.bit_generator.state = state
    for (what, right), (_, got) in zip(expected, iterate(student, draw, count, width)):
        if not isinstance(right, int):
            expect_close(got, right.astype(np.float64), what)
        elif got != right:
            message = f"{what} is {count_in_words(got)}, not the {right} just made"
            raise Mismatch(message, "", np.array(got), np.array(right))


@eager.check()
def runs_at_once(student, draw):
    """eager(cls) makes nodes whose .top is there as soon as they are constructed, whatever they take"""
    small = [((1, 1, 1), (1, 1, 1, 1)), ((1, 2, 1), (1, 2, 3, 1))]
    (((rows, inner, columns), images),) = draw.sizes([((2, 3, 4), (2, 4, 6, 1))], small)
    x, y, image = draw.normal(rows, inner), draw.normal(inner, columns), draw.normal(*images)
    product = student.op(student.call("eager", student.name("matmul")), student.value(x), student.value(y))
    expect_close(product.top, x.astype(np.float64) @ y, "matmul.top")
    student.fresh()
    down = student.op(student.call("eager", student.name("down2")), student.value(image))
    flat = student.op(student.call("eager", student.name("flatten")), down)
    expect_close(flat.top, image[:, ::2, ::2].astype(np.float64).reshape(len(image), -1), "flatten.top")


@eager.check(after=["runs_at_once"])
def passes_options(student, draw):
    """an argument that is given by name reaches the constructor of cls by that name"""
    (shape,) = draw.sizes([(2,)], small=[(1,)])
    x, probe = student.value(draw.normal(*shape)), student.call("eager", student.name("probe"))
    for given in (3, 5):
        (got,) = student.read((student.op(probe, x, step=given), "step"))
        if isinstance(got, str) or not np.array_equal(got, given):
            raise Mismatch("an option that is given by name does not reach cls", "", got, np.array(given))


@eager.check(after=["runs_at_once"])
def runs_once(student, draw):
    """constructing a node runs its forward once, and puts it into ops once; forward can be called again"""
    ((count,),) = draw.sizes([(3,)], small=[(1,), (2,)])
    x = student.value(draw.normal(2))
    probe = student.call("eager", student.name("probe"))
    nodes = [student.op(probe, x) for _ in range(count)]
    for node in nodes:
        _expect_count(node.top, 1, "once the nodes are made, the forward of one has run {} times, not once")
    _expect_count(student.length("ops"), count, f"ops holds {{}} nodes, not the {count} just made")
    for node in nodes:
        node.forward()
        _expect_count(node.top, 2, "called once more, the forward of a node has run {} times, not 2")


def _expect_count(got, right, message):
    """The student's count must be right. got: as read; a str says that there is none. message: with {} for it."""
    got = np.zeros((), int) if isinstance(got, str) else np.asarray(got)
    if not np.array_equal(got, right):
        raise Mismatch(message.format(count_in_words(got)), "", got, np.array(right))


@eager.check(after=["runs_at_once"])
def data_dependent_graph(student, draw):
    """a graph whose depth depends on its data, and Backward through it, in the first iteration"""
    expect_same_iterations(student, draw, count=1)


@eager.check(weight=2, after=["data_dependent_graph"])
def iterations(student, draw):
    """five iterations with reset() between them: graphs are dropped, Params stay and learn"""
    expect_same_iterations(student, draw, count=5)


@eager.check(after=["runs_at_once"])
def class_unchanged(student, draw):
    """eager(cls) leaves cls itself alone: it can still be used without running at once"""
    ((rows, inner, columns),) = draw.sizes([(2, 3, 4)], small=[(1, 1, 1)])
    x, y = student.value(draw.normal(rows, inner)), student.value(draw.normal(inner, columns))
    student.call("eager", student.name("matmul"))
    node = student.op("matmul", x, y)
    if not isinstance(top := node.top, str):
        raise Mismatch("after eager(matmul), matmul itself runs at once too", "", top, "None")


@eager.check()
def reset_empties_lists(student, draw):
    """reset() empties ops and values where they are, so that all who hold these lists see it, and keeps params"""
    (shape,) = draw.sizes([(2, 3)], small=[(1,)])
    student.value(draw.normal(*shape))
    student.param(draw.normal(*shape))
    # Nodes that hold the lists themselves, as code does that imports them.
    holders = {name: student.op(student.name("probe"), student.name(name)) for name in ("ops", "values")}
    student.call("reset")
    _expect_count(student.length("ops"), 0, "after reset(), ops still holds nodes: {}")
    _expect_count(student.length("values"), 0, "after reset(), values still holds Values: {}")
    _expect_count(student.length("params"), 1, "after reset(), params holds {}, not the one that was made")
    for name, holder in holders.items():
        holder.attribute("x").call("append", holder)
        _expect_count(student.length(name), 1, f"after reset(), edf.{name} is another list than before")


CALL = "            self.forward()"

eager.wrong(
    "forward_never_run",
    "the constructor does not run forward",
    gives_away="runs_at_once",
    hints=(
        "An eager node has its .top as soon as it is made.",
        "Look at what the constructor of the new class does beyond that of cls.",
    ),
    edits=[(CALL, "            pass")],
)
eager.wrong(
    "top_is_what_forward_returns",
    "forward runs, and then its .top is replaced by what it returns, which is nothing",
    gives_away="runs_at_once",
    hints=(
        "An eager node has its .top as soon as it is made: forward itself puts it there, and returns None.",
        "Look at what is done with the result of forward in the constructor.",
    ),
    edits=[(CALL, "            self.top = self.forward()")],
)
eager.wrong(
    "forward_run_twice",
    "each new node runs its forward twice",
    gives_away="runs_once",
    hints=(
        "Making a node runs its forward once.",
        "Look at all places from which a new node is made to run.",
    ),
    edits=[(CALL, f"{CALL}\n{CALL}")],
)
eager.wrong(
    "whole_graph_run_again",
    "each new node makes all nodes run again that were made before it",
    gives_away="runs_once",
    hints=(
        "Making a node runs its own forward; the others have run when they were made.",
        "Look at what the constructor runs, a node or the whole graph.",
    ),
    edits=[(CALL, "            Forward()")],
)
eager.wrong(
    "in_ops_twice",
    "each new node is put into ops twice",
    gives_away="runs_once",
    hints=(
        "A node stands in ops once. Otherwise Backward runs it twice, and its gradient counts double.",
        "Look at who puts a node into ops: the constructor of cls does so already.",
    ),
    edits=[(CALL, f"            ops.append(self)\n{CALL}")],
)
eager.wrong(
    "options_dropped",
    "what is given by name does not reach the constructor of cls",
    gives_away="passes_options",
    hints=(
        "Operations differ in what they take: some of it comes by position, some by name, as conv2's stride.",
        "Look at what the new constructor hands on to that of cls.",
    ),
    edits=[("__init__(*args, **kwargs)", "__init__(*args)")],
)
eager.wrong(
    "class_itself_changed",
    "the constructor of cls itself is replaced, so that cls runs at once too",
    gives_away="class_unchanged",
    hints=(
        "eager(cls) gives a new class; cls stays what it was.",
        "Look at which class the new constructor belongs to.",
    ),
    code="""
def eager(op):
    construct = op.__init__

    def construct_and_run(self, *args, **kwargs):
        construct(self, *args, **kwargs)
        self.forward()

    op.__init__ = construct_and_run
    return op
""",
)
eager.wrong(
    "graph_kept",
    "reset leaves the nodes in ops and values",
    gives_away="iterations",
    hints=(
        "Each iteration builds a graph of its own, and the old one has to be gone by then.",
        "Look at whether reset empties the lists of edf. A name that a function assigns is its own, not edf's.",
    ),
    edits=[("ops.clear()", "ops = []"), ("values.clear()", "values = []")],
)
eager.wrong(
    "values_kept",
    "reset drops the operations, but leaves the Values in values",
    gives_away="reset_empties_lists",
    hints=(
        "The Values belong to the graph: each iteration makes new ones, and the old ones would pile up.",
        "Look at which of the three lists reset empties.",
    ),
    edits=[("    values.clear()", "")],
)
eager.wrong(
    "lists_replaced",
    "reset gives edf new lists under the names ops and values, while others still hold the old ones",
    gives_away="reset_empties_lists",
    hints=(
        "edf.ops is one and the same list all the time: others hold it too, and a new one under its name leaves "
        "theirs as it was.",
        "Look at whether reset changes the lists, or what their names stand for.",
    ),
    edits=[("ops.clear()", "global ops, values\n    ops = []"), ("values.clear()", "values = []")],
)
eager.wrong(
    "removed_while_looping",
    "every second operation is left in ops, since the list shrinks while a loop walks along it",
    gives_away="iterations",
    hints=(
        "After reset, ops is empty.",
        "Look at what a loop over a list meets next when the element that it stands at is removed.",
    ),
    edits=[("ops.clear()", "for op in ops:\n        ops.remove(op)")],
)
eager.wrong(
    "params_dropped",
    "after reset, the Params that the program holds are no longer in params: they get no gradient, and stay",
    gives_away="iterations",
    hints=(
        "Params outlive each graph: they hold what was learned, and go on learning.",
        "Look at which of the three lists reset empties or fills anew.",
    ),
    edits=[("values.clear()", "values.clear()\n    params.clear()")],
)
eager.wrong(
    "params_set_to_zero",
    "reset sets the Params to 0, so that what they have learned is lost",
    gives_away="data_dependent_graph",
    hints=(
        "Params outlive each graph: they hold what was learned.",
        "Look at what reset does to Params. It is the graph that has to go.",
    ),
    edits=[("values.clear()", "values.clear()\n    for p in params:\n        p.top = np.zeros_like(p.top)")],
)
eager.right(
    "made_by_a_function",
    "eager returns a function that makes a node of cls and runs it",
    code="""
def eager(op):
    def make(*args, **kwargs):
        node = op(*args, **kwargs)
        node.forward()
        return node

    return make
""",
)
eager.right(
    "made_by_type",
    "makes the class with type(), and empties the lists by slices",
    code="""
def eager(op):
    def construct(self, *args, **kwargs):
        op.__init__(self, *args, **kwargs)
        op.forward(self)

    return type("eager_" + op.__name__, (op,), {"__init__": construct})


def reset():
    ops[:] = []
    del values[:]
""",
)
eager.right(
    "metaclass",
    "the class runs what it has made; reset pops one node after the other, and zeroes the Params' gradients",
    code="""
def eager(op):
    class Running(type):
        def __call__(cls, *args, **kwargs):
            node = super().__call__(*args, **kwargs)
            node.forward()
            return node

    class eager_op(op, metaclass=Running):
        pass

    return eager_op


def reset():
    while ops:
        ops.pop()
    while values:
        values.pop()
    for p in params:
        p.grad = np.zeros_like(p.top)
""",
)
