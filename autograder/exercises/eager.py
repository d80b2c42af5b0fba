"""eager: graphs that are built and run at once, and dropped after each iteration."""

import numpy as np

from autograder.compare import Mismatch, expect_close
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

    width: of the layers.

    Returns [(loss, gradient to w, number of ops)] and, at the end, w. It works alike on the student's edf
    and on the reference.
    """
    matmul, sigmoid = edf.call("eager", edf.name("matmul")), edf.call("eager", edf.name("sigmoid"))
    # Small: far out on the sigmoid, 1 − top has few right digits, in correct code too.
    w = edf.param(draw.normal(width, width) / 4)
    seen = []
    for _ in range(count):
        x = edf.value(draw.normal(1, width))
        h = edf.op(matmul, x, w)
        # At most four layers; a further one as long as the first element is positive.
        for _ in range(3):
            if not _first(h.top) > 0:
                break
            h = edf.op(matmul, h, w)
        loss = edf.op(sigmoid, h)
        edf.call("Backward", loss)
        top, grad = edf.read((loss, "top"), (w, "grad"))
        seen.append((top, grad, edf.length("ops")))
        edf.call("SGD", 0.25)
        edf.call("reset")
    return seen, w.top


def _first(top):
    return 0 if isinstance(top, str) or not top.size else top.flat[0]


def expect_same_iterations(student, draw, count):
    """The student's iterations must give the reference's losses, gradients, graphs and final Param."""
    ((count, width),) = draw.sizes([(count, 3)], small=[(i, 1) for i in range(1, count + 1)])
    state = draw.rng.bit_generator.state
    edf = reference()
    edf.fresh()
    expected, expected_w = iterate(edf, draw, count, width)
    draw.rng.bit_generator.state = state
    got, got_w = iterate(student, draw, count, width)
    for i, (mine, theirs) in enumerate(zip(expected, got), start=1):
        expect_close(theirs[0], mine[0].astype(np.float64), f"the loss of iteration {i}")
        if theirs[2] != mine[2]:
            raise Mismatch(
                f"in iteration {i} the graph has {theirs[2]} operations, not the {mine[2]} just made"
            )
        expect_close(theirs[1], mine[1].astype(np.float64), f"the gradient in iteration {i}")
    expect_close(got_w, expected_w.astype(np.float64), f"the Param after {count} iterations")


@eager.check(weight=2)
def runs_at_once(student, draw):
    """eager(cls) makes nodes whose .top is there as soon as they are constructed, whatever they take"""
    x, y, image = draw.normal(2, 3), draw.normal(3, 4), draw.normal(2, 4, 6, 1)
    product = student.op(student.call("eager", student.name("matmul")), student.value(x), student.value(y))
    expect_close(product.top, x.astype(np.float64) @ y, "matmul.top")
    down = student.op(student.call("eager", student.name("down2")), x=student.value(image))
    flat = student.op(student.call("eager", student.name("flatten")), x=down)
    expect_close(flat.top, image[:, ::2, ::2].astype(np.float64).reshape(2, -1), "flatten.top")


@eager.check(after=["runs_at_once"])
def runs_once(student, draw):
    """constructing a node runs its forward exactly once, and puts it into ops exactly once"""
    x = student.value(draw.normal(2, 3))
    node = student.op(student.call("eager", student.name("probe")), x)
    runs = node.top
    if isinstance(runs, str) or not np.array_equal(runs, 1):
        raise Mismatch(f"the constructor should run forward once, not {runs} times")
    if (count := student.length("ops")) != 1:
        raise Mismatch(f"one node was made, and ops holds {count}")


@eager.check(weight=2, after=["runs_at_once"])
def data_dependent_graph(student, draw):
    """a graph whose depth depends on its data, and Backward through it, in the first iteration"""
    expect_same_iterations(student, draw, count=1)


@eager.check(weight=3, after=["data_dependent_graph"])
def iterations(student, draw):
    """five iterations with reset() between them: graphs are dropped, Params stay and learn"""
    expect_same_iterations(student, draw, count=5)


@eager.check(after=["runs_at_once"])
def class_unchanged(student, draw):
    """eager(cls) leaves cls itself alone: it can still be used without running at once"""
    x, y = student.value(draw.normal(2, 3)), student.value(draw.normal(3, 4))
    student.call("eager", student.name("matmul"))
    node = student.op("matmul", x, y)
    if not isinstance(node.top, str):
        raise Mismatch("after eager(matmul), matmul itself runs at once too")
