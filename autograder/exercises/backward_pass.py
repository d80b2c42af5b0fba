"""Backward: gradients of a loss to everything, in reverse order."""

import numpy as np

from autograder.compare import Mismatch, expect_close
from autograder.exercise import Exercise
from autograder.reference import reference

Backward = Exercise("Backward", title="Backward pass", stubs=["Backward"], needs=["matmul", "sigmoid"])


def network(edf, arrays, with_side):
    """A graph, run forward: {name: node}. with_side: whether an operation follows that the loss does not use.

    The Param w and the operation `gate` are used twice, and `mixed` is nobody's first input: it takes some care
    to walk along the inputs in place of ops.
    """
    x, w, v = edf.value(arrays["x"]), edf.param(arrays["w"]), edf.param(arrays["v"])
    gate = edf.op("sigmoid", w)
    first = edf.op("matmul", x, w)
    second = edf.op("matmul", first, gate)
    hidden = edf.op("sigmoid", second)
    mixed = edf.op("matmul", gate, v)
    last = edf.op("matmul", hidden, mixed)
    loss = edf.op("sigmoid", last)
    ops = [gate, first, second, hidden, mixed, last, loss]
    if with_side:
        ops.append(edf.op("sigmoid", hidden))
    for op in ops:
        op.forward()
    return {"x": x, "w": w, "v": v, "hidden": hidden, "last": last, "loss": loss, "side": ops[-1]}


def chain(edf, arrays, with_side):
    """The same, of two operations: what a simple mistake is shown with."""
    x, v = edf.value(arrays["x"]), edf.param(arrays["v"])
    last = edf.op("matmul", x, v)
    loss = edf.op("sigmoid", last)
    ops = [last, loss, *([edf.op("sigmoid", last)] if with_side else [])]
    for op in ops:
        op.forward()
    return {"x": x, "v": v, "last": last, "loss": loss, "side": ops[-1]}


# What is compared, where it is in the graph, and what messages call it.
COMPARED = {
    "w": "the gradient of a Param used in two layers",
    "v": "the gradient of the last layer's Param",
    "last": "the gradient of the operation before the loss",
    "hidden": "the gradient of an operation in the middle",
}


def draw_graph(draw):
    """`network` or `chain`, and what goes into it: {name: array}."""
    small = [(chain, (1, 1, 1)), (network, (1, 1, 1)), (network, (1, 2, 1))]
    ((graph, (rows, inner, columns)),) = draw.sizes([(network, (2, 3, 4))], small)
    # Halved: far out on the sigmoid, 1 − top has few right digits, in correct code too.
    return graph, {
        "x": draw.normal(rows, inner),
        "w": draw.normal(inner, inner) / 2,
        "v": draw.normal(inner, columns) / 2,
    }


def expect_gradients(student, graph, arrays, times, with_side):
    """Backward, `times` times on one `graph` (network, chain), must give the reference's gradients."""
    edf = reference()
    edf.fresh()
    right = graph(edf, {name: array.astype(np.float64) for name, array in arrays.items()}, with_side)
    edf.call("Backward", right["loss"])
    student.fresh()
    nodes = graph(student, arrays, with_side)
    for _ in range(times):
        student.call("Backward", nodes["loss"])
    for name, what in [item for item in COMPARED.items() if item[0] in nodes]:
        expect_close(nodes[name].grad, right[name].grad, what)
    # A 1 that numpy spreads over the loss is as good.
    seed = nodes["loss"].grad
    if isinstance(seed, str) or not (seed == 1).all():
        raise Mismatch("the gradient of the loss itself is not 1 everywhere", "", seed, right["loss"].grad)
    if with_side and (isinstance(side := nodes["side"].grad, str) or side.any()):
        message = "an operation that the loss does not depend on has a gradient that is not 0"
        raise Mismatch(message, "", side, right["side"].grad)


@Backward.check(weight=3)
def gradients(student, draw):
    """the gradient of the loss to all Params and operations, also where others follow the loss"""
    graph, arrays = draw_graph(draw)
    for with_side in (False, True):
        expect_gradients(student, graph, arrays, times=1, with_side=with_side)


@Backward.check(after=["gradients"])
def grads_are_zeroed(student, draw):
    """a second Backward gives the same gradients, not twice as much"""
    expect_gradients(student, *draw_graph(draw), times=2, with_side=True)


@Backward.check(after=["gradients"])
def values_are_left_alone(student, draw):
    """a Value gets no gradient"""
    graph, arrays = draw_graph(draw)
    nodes = graph(student, arrays, with_side=False)
    student.call("Backward", nodes["loss"])
    if not isinstance(grad := nodes["x"].grad, str):
        raise Mismatch("Backward gave a gradient to a Value", "", grad, "None")


ZEROS, SEED = "node.grad = np.zeros_like(node.top)", "loss.grad = np.ones_like(loss.top)"
WALK = "for op in reversed(ops):\n        op.backward()"

Backward.wrong(
    "forward_order",
    "the operations run in the order in which they were made, and not in reverse: each passes its gradient on "
    "before it has one",
    gives_away="gradients",
    hints=(
        "An operation passes on the gradient that all that use its result have given it: these have to run before.",
        "Look at the order in which Backward walks along ops.",
    ),
    edits=[("reversed(ops)", "ops")],
)
Backward.wrong(
    "params_not_zeroed",
    "the gradients of the Params are not set to 0 first: those of the pass before stay in them",
    gives_away="grads_are_zeroed",
    hints=(
        "Every backward adds to what is there. So each pass has to start from zeros, at operations and Params alike.",
        "Look at which nodes are set to 0 before the walk.",
    ),
    edits=[("ops + params", "ops")],
)
Backward.wrong(
    "nothing_zeroed",
    "no gradient is set to 0 that is there already: those of the pass before stay in operations and Params",
    gives_away="grads_are_zeroed",
    hints=(
        "Every backward adds to what is there. So each pass has to start from zeros.",
        "Look at what happens to the gradients before the walk, when it is not the first.",
    ),
    edits=[(ZEROS, f"node.grad = getattr(node, 'grad', {ZEROS.partition(' = ')[2]})")],
)
Backward.wrong(
    "ops_not_zeroed",
    "the gradients of the operations are not set to 0 first: those of the pass before stay in them",
    gives_away="grads_are_zeroed",
    hints=(
        "Every backward adds to what is there. So each pass has to start from zeros, at operations and Params alike.",
        "Look at which nodes are set to 0 before the walk, when it is not the first.",
    ),
    edits=[(ZEROS, f"if node in params or not hasattr(node, 'grad'):\n            {ZEROS}")],
)
Backward.wrong(
    "last_op_is_the_loss",
    "the operation that was made last gets the ones, whichever is the loss",
    gives_away="gradients",
    hints=(
        "The gradient is that of the loss which Backward is given; other operations may have been made after it.",
        "Look at which node gets the ones that the pass starts with.",
    ),
    edits=[(SEED, "ops[-1].grad = np.ones_like(ops[-1].top)")],
)
Backward.wrong(
    "seed_is_zero",
    "the gradient of the loss is 0 when the walk begins, so that all others stay 0",
    gives_away="gradients",
    hints=(
        "The loss changes by 1 when it changes by 1: its own gradient is ones.",
        "Look at what comes last before the walk, the ones for the loss or the zeros for all.",
    ),
    edits=[("np.ones_like(loss.top)", "np.zeros_like(loss.top)")],
)
Backward.wrong(
    "seed_is_loss",
    "the pass starts with the value of the loss in place of ones",
    gives_away="gradients",
    hints=(
        "The loss changes by 1 when it changes by 1, however large it is: its own gradient is ones.",
        "Look at what the loss gets for its gradient before the walk.",
    ),
    edits=[("np.ones_like(loss.top)", "loss.top.copy()")],
)
Backward.wrong(
    "last_op_left_out",
    "the walk begins one operation too late: the last one of ops does not run",
    gives_away="gradients",
    hints=(
        "Every operation runs, the loss too: it passes the ones on to what it was made of.",
        "Look at where the walk along ops begins.",
    ),
    edits=[("reversed(ops)", "reversed(ops[:-1])")],
)
Backward.wrong(
    "first_op_left_out",
    "the walk ends one operation too early: the first one of ops does not run",
    gives_away="gradients",
    hints=(
        "Every operation runs; what the first one was made of is owed its gradient too.",
        "Look at where the walk along ops ends. What range counts down to is not part of it.",
    ),
    edits=[("reversed(ops)", "reversed(ops[1:])")],
)
Backward.wrong(
    "values_too",
    "the Values are given a gradient as well",
    gives_away="values_are_left_alone",
    hints=(
        "Data are not learned: only operations and Params have a gradient.",
        "Look at which nodes are set to 0 before the walk.",
    ),
    edits=[("ops + params", "ops + params + values")],
)
Backward.wrong(
    "once_per_use",
    "an operation runs once for each use of its result, and so passes its gradient on more than once",
    gives_away="gradients",
    hints=(
        "Gradients add up first; then each operation passes its own on, once.",
        "Look at how often an operation runs that two others use. Walking along ops in place of the inputs, you "
        "meet each just once.",
    ),
    code="""
def Backward(loss):
    for node in ops + params:
        node.grad = np.zeros_like(node.top)
    loss.grad = np.ones_like(loss.top)

    def run(op):
        op.backward()
        for name in ("x", "y"):
            if getattr(op, name, None) in ops:
                run(getattr(op, name))

    run(loss)
""",
)
Backward.wrong(
    "before_all_uses",
    "an operation runs when it is first met, before all that use its result have added to its gradient",
    gives_away="gradients",
    hints=(
        "An operation passes on the gradient that all that use its result have given it: these have to run before.",
        "Look at the order in which the operations run when one is used by two others. In ops, all that use it "
        "come after it.",
    ),
    code="""
def Backward(loss):
    for node in ops + params:
        node.grad = np.zeros_like(node.top)
    loss.grad = np.ones_like(loss.top)
    done = []

    def run(op):
        if op not in done:
            done.append(op)
            op.backward()
            for name in ("x", "y"):
                if getattr(op, name, None) in ops:
                    run(getattr(op, name))

    run(loss)
""",
)
Backward.wrong(
    "first_input_only",
    "the walk follows just the first input of each operation: what stands behind the second never runs",
    gives_away="gradients",
    hints=(
        "Every operation between the Params and the loss runs, whichever input of others it is.",
        "Look at how the walk gets from one operation to the next.",
    ),
    code="""
def Backward(loss):
    for node in ops + params:
        node.grad = np.zeros_like(node.top)
    loss.grad = np.ones_like(loss.top)
    op = loss
    while op in ops:
        op.backward()
        op = op.x
""",
)
Backward.wrong(
    "next_pass_astray",
    "the next Backward on the same graph does not walk it from the loss to the inputs",
    gives_away="grads_are_zeroed",
    hints=(
        "A pass leaves the graph as it found it, ops and its order included: it may be run again.",
        "Look at what Backward leaves changed: the order of ops, say.",
    ),
    edits=[(WALK, "ops.reverse()\n    for op in ops:\n        op.backward()")],
)
Backward.wrong(
    "ops_emptied",
    "the operations are taken out of ops as they run: the next pass finds none",
    gives_away="grads_are_zeroed",
    hints=(
        "A pass leaves the graph as it found it: it may be run again.",
        "Look at what the walk does to ops.",
    ),
    edits=[(WALK, "while ops:\n        ops.pop().backward()")],
)
Backward.right(
    "up_to_the_loss",
    "counts down from the loss; what was made after it does not run",
    edits=[(WALK, "for i in range(ops.index(loss), -1, -1):\n        ops[i].backward()")],
)
Backward.right(
    "sorted_by_inputs",
    "sorts the operations by their inputs, and starts with the number 1",
    code="""
def Backward(loss):
    for node in [*params, *ops]:
        node.grad = np.zeros(np.shape(node.top), np.float32)
    loss.grad = 1.0
    order = []

    def visit(node):
        if node in ops and node not in order:
            for name in "xyfkpq":
                visit(getattr(node, name, None))
            order.append(node)

    visit(loss)
    while order:
        order.pop().backward()
""",
)
Backward.right(
    "zeroed_in_place",
    "sets the arrays of old gradients to 0 in place, and makes new ones only where there are none",
    edits=[
        (
            ZEROS,
            "if getattr(node, 'grad', None) is None:\n            node.grad = np.zeros(node.top.shape)\n"
            "        node.grad[...] = 0",
        ),
        (SEED, "loss.grad[...] = 1"),
    ],
)
