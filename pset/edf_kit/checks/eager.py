"""The public checks of eager execution, on the kit's own small operations."""

import numpy as np

from edf_kit.checks.calls import student_code
from edf_kit.checks.compare import CheckFailed, expect
from edf_kit.checks.exercise import Exercise, student_module
from edf_kit.checks.graph import Probe, Product, call, leaf


def fresh(op):
    """A class of its own, like `op`: whatever an `eager` may do to it, `op` stays as it is."""
    return type(op.__name__, (op,), {})


eager = Exercise("eager", "eager execution", needs=["Backward"])

IN_PLACE = (
    "edf, your code and the operations hold one and the same list: empty it where it is. A new list under its "
    "name leaves theirs as it was."
)


def eager_class(op):
    """eager(op), which must be something to make nodes with."""
    made = call("eager", op)
    if not callable(made):
        kind = "None" if made is None else f"a {type(made).__name__}"
        raise CheckFailed(f"eager(op) returns {kind}; expected a class, got {kind}.")
    return made


def make(cls, *args, **kwargs):
    """A node of an eager class."""
    with student_code("Making a node of eager(op)"):
        node = cls(*args, **kwargs)
    if not hasattr(node, "top"):
        raise CheckFailed("A node of eager(op) has no .top once it is made: expected one, got none.")
    return node


@eager.check("Making the node is what runs forward, after the constructor that op has already.")
def runs_at_once():
    node = make(eager_class(fresh(Probe)), leaf("Value", [[3]]), 2)
    expect(node.top, [[6]], "A node of eager(op) has the wrong .top", {"x": [[3]], "op": "2x"})


@eager.check("Operations differ in what they take: pass on whatever the constructor was given, by name too.")
def passes_arguments_on():
    node = make(eager_class(fresh(Probe)), leaf("Value", [[3]]), offset=10.0, factor=2.0)
    expect(node.top, [[16]], "A node of eager(op) has the wrong .top", {"x": [[3]], "op": "2x + 10"})
    x, y = leaf("Value", [[3]]), leaf("Value", [[4]])
    expect(
        make(eager_class(fresh(Product)), x, y).top,
        [[12]],
        "A node of eager(op) has the wrong .top",
        {"x": [[3]], "y": [[4]], "op": "x·y"},
    )


@eager.check(
    "op's own constructor puts the node into edf.ops already; the node's own forward need run but once."
)
def runs_once():
    scaled, x = eager_class(fresh(Probe)), leaf("Value", [[3]])
    nodes = []
    for number in ("one", "two"):
        nodes.append(make(scaled, x))
        case = {"nodes made": number}
        runs = [node.forwards for node in nodes]
        expect(runs, np.ones(len(nodes)), "Making nodes does not run the forward of each once", case)
        expect(len(student_module().ops), len(nodes), "edf.ops does not hold the nodes that were made", case)


@eager.check("Forward() may run the graph once more: the node's forward stays that of op.")
def runs_again():
    node = make(eager_class(fresh(Probe)), leaf("Value", [[3]]))
    with student_code("forward of a node of eager(op)"):
        node.forward()
    expect(node.forwards, 2, "Called once more, forward of a node does not run once more", {})


@eager.check("eager makes a new class from op; op itself stays as it is.")
def leaves_the_class_alone():
    op = fresh(Probe)
    eager_class(op)
    if hasattr(op(leaf("Value", [[3]])), "top"):
        raise CheckFailed("After eager(op), op itself runs at once: expected no .top, got one.")


@eager.check("An eager node is a node of the graph like any other: Backward must find it in edf.ops.")
def backward_works():
    w = leaf("Param", [[3]])
    scaled = eager_class(fresh(Probe))
    loss = make(scaled, make(scaled, w, 2), 5)
    call("Backward", loss)
    expect(w.grad, [[10]], "Backward through two eager nodes gives the wrong gradient", {"op": "5·(2w)"})


@eager.check(IN_PLACE)
def reset_empties_the_graph():
    edf = student_module()
    lists = {"ops": edf.ops, "values": edf.values}
    w, x = leaf("Param", [[3]]), leaf("Value", [[3]])
    Probe(x)
    call("reset")
    for name, before in lists.items():
        if getattr(edf, name) is not before:
            raise CheckFailed(f"reset() makes edf.{name} another list: expected the same one, got a new one.")
        if before:
            raise CheckFailed(f"After reset(), edf.{name} still holds nodes: expected 0, got {len(before)}.")
    if not any(param is w for param in edf.params):
        hint = "Params hold what was learned: they outlive each graph."
        raise CheckFailed("After reset(), a Param is gone from edf.params: expected 1, got 0.", hint=hint)
    expect(w.top, [[3]], "reset() changes a Param", {"w": [[3]]})


@eager.check("Each iteration starts with an empty graph; otherwise the old operations run again.")
def iterations():
    w = leaf("Param", [[3]])
    scaled = eager_class(fresh(Probe))
    # The graph depends on the data: another layer for as long as the number is small.
    for start, layers, slope in ((1.0, 3, 8), (20.0, 1, 2), (1.0, 3, 8)):
        w.top = np.array([[start]])
        h = make(scaled, w, 2)
        while h.top[0, 0] < 8:
            h = make(scaled, h, 2)
        case = {"w": w.top, "operations": "doubled until it is 8 or more"}
        sentence = "After a few iterations, edf.ops has the wrong number of operations"
        expect(len(student_module().ops), layers, sentence, case)
        call("Backward", h)
        expect(w.grad, [[slope]], "After a few iterations, the gradient to w is wrong", case)
        call("reset")
