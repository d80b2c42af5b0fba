"""The public checks of what is no operation: leaves, the two passes, the optimizers, eager execution.

Graphs here are built of the kit's own small operations, so that these checks stand on their own.
"""

import numpy as np

from edf_kit.checks.calls import student_code
from edf_kit.checks.compare import CheckFailed, expect, expect_unchanged
from edf_kit.checks.exercise import Exercise, student_module


class Probe:
    """x·factor + offset, an operation of the kit's own; it counts how often each of its passes runs."""

    def __init__(self, x, factor=1.0, offset=0.0):
        student_module().ops.append(self)
        self.x, self.factor, self.offset = x, factor, offset
        self.forwards = self.backwards = 0

    def forward(self):
        self.forwards += 1
        if not hasattr(self.x, "top"):
            raise CheckFailed(
                "An operation ran before its input: expected the order in edf.ops, got another."
            )
        self.top = self.factor * self.x.top + self.offset

    def backward(self):
        self.backwards += 1
        self.x.grad = self.x.grad + self.factor * self.grad


class Product:
    """x·y, element by element: an operation of the kit's own, and none of edf's."""

    def __init__(self, x, y):
        student_module().ops.append(self)
        self.x, self.y = x, y

    def forward(self):
        self.top = self.x.top * self.y.top

    def backward(self):
        for node, other in ((self.x, self.y), (self.y, self.x)):
            node.grad = node.grad + other.top * self.grad


def fresh(op):
    """A class of its own, like `op`: whatever an `eager` may do to it, `op` stays as it is."""
    return type(op.__name__, (op,), {})


def leaf(kind, top):
    """A Value or Param of the student's that holds `top`, in float64."""
    with student_code(f"{kind}()"):
        node = getattr(student_module(), kind)()
    node.top = np.array(top, float)
    return node


def call(name, *args, **kwargs):
    """Call a function of the student's edf."""
    edf = student_module()
    if not hasattr(edf, name):
        raise CheckFailed(f"edf has no {name}.", hint=f"Define it, then edf.{name} = {name}.")
    with student_code(name):
        return getattr(edf, name)(*args, **kwargs)


Value = Exercise("Value", "leaves")


def set_to(kind, given):
    """The .top of a new leaf after set(given)."""
    node = leaf(kind, 0)
    with student_code(f"{kind}.set", {"given": given}):
        node.set(given)
    return node.top


@Value.check("set keeps what it is given in .top, for Value and Param alike.")
def set_stores():
    for kind in ("Value", "Param"):
        for given in ([[2.0]], [[1.0, 2.0]], [[1, 2, 3], [4, 5, 6]], 2.5):
            expect(
                set_to(kind, np.array(given)), given, f"{kind}.set stores something else", {"given": given}
            )


@Value.check("All numbers of edf are float32: name the dtype when you make the array.")
def set_stores_float32():
    for kind in ("Value", "Param"):
        for given, what in (([[2.0]], "a list"), (2.5, "a number"), (np.array([1, 2]), "whole numbers")):
            top = set_to(kind, given)
            if getattr(top, "dtype", None) != np.float32:
                got = getattr(top, "dtype", type(top).__name__)
                raise CheckFailed(f"{kind}.set, given {what}, stores {got}; expected float32, got {got}.")


@Value.check("The leaf needs a copy of its own: the array may be used again, for the next batch, say.")
def set_stores_a_copy():
    for kind in ("Value", "Param"):
        array = np.array([[1, 2]], np.float32)
        top = set_to(kind, array)
        array[0, 0] = 7
        sentence = f"{kind}.top changes when the array that it was set from changes later"
        expect(top, [[1, 2]], sentence, {"the array now": array})


Forward = Exercise("Forward", "forward pass")


@Forward.check("One pass runs forward of each operation once.")
def each_once():
    x = leaf("Value", [[3]])
    probes = [Probe(x) for _ in range(3)]
    call("Forward")
    expect([probe.forwards for probe in probes], [1, 1, 1], "Forward does not run each forward once", {})


@Forward.check("Operations run in the order in which they were made, which is their order in edf.ops.")
def chain():
    x = leaf("Value", [[3]])
    first = Probe(x, 2)
    last = Probe(Probe(first, 10), 1, 1)
    for number in (3.0, 4.0):
        x.top = np.array([[number]])
        call("Forward")
        case = {"x": x.top, "operations": "2x, then 10 times that, then 1 more"}
        expect(last.top, 20 * x.top + 1, "Forward leaves the wrong .top in the last operation", case)


Backward = Exercise("Backward", "backward pass")


def branched():
    """x → 2x and 5x → their product, the loss, run forward; and a branch that is not part of the loss."""
    x = leaf("Param", [[3, 4]])
    left, right = Probe(x, 2), Probe(x, 5)
    loss = Product(left, right)
    side = Probe(left, 100)
    for op in (left, right, loss, side):
        op.forward()
    return x, left, loss, side


BRANCHED = {"x": np.array([[3, 4]]), "loss": "2x · 5x"}


@Backward.check("The loss gets ones; then the operations run in reverse order, each adding to its inputs.")
def gradients():
    x, left, loss, _ = branched()
    call("Backward", loss)
    expect(loss.grad, [[1, 1]], "After Backward(loss), loss.grad is wrong", BRANCHED)
    expect(left.grad, [[15, 20]], "After Backward(loss), the gradient to 2x is wrong", BRANCHED)
    expect(x.grad, [[60, 80]], "After Backward(loss), the gradient to x is wrong", BRANCHED)


@Backward.check("Every grad starts at 0, of operations and Params: also of what the loss does not depend on.")
def side_branch():
    x, _, loss, side = branched()
    call("Backward", loss)
    sentence = "An operation that the loss does not depend on has a gradient"
    expect(getattr(side, "grad", None), [[0, 0]], sentence, BRANCHED)


@Backward.check("Grads are left from the pass before: each pass must start from zeros.")
def again():
    x, _, loss, _ = branched()
    for _ in range(2):
        call("Backward", loss)
    expect(x.grad, [[60, 80]], "After a second Backward(loss), the gradient to x is wrong", BRANCHED)


@Backward.check("Only operations and Params have a gradient. A Value may even have no .top yet.")
def values_are_left_alone():
    data = leaf("Value", [[3.0]])
    x, _, loss, _ = branched()
    call("Backward", loss)
    if hasattr(data, "grad"):
        raise CheckFailed("Backward gives a .grad to a Value: expected none, got one.")


def step(optimizer, params, grads, *args, **kwargs):
    """One step of an optimizer; the grads must be left as they were. Returns {"g": grads} to show."""
    for param, grad in zip(params, grads):
        param.grad = np.array(grad, float)
    call(optimizer, *args, **kwargs)
    for param, grad in zip(params, grads):
        expect_unchanged(param.grad, np.array(grad, float), f"A Param's gradient, in {optimizer},", {})


SGD = Exercise("SGD", "gradient descent")


@SGD.check("Each Param moves against its own gradient, by lr times it.")
def descends():
    p = leaf("Param", [1])
    step("SGD", [p], [[2]], 0.25)
    expect(p.top, [0.5], "A step of SGD leads to the wrong place", {"p": [1], "gradient": [2], "lr": 0.25})


@SGD.check("Every Param in edf.params moves, in every step.")
def several_params():
    params = [leaf("Param", [1, 2]), leaf("Param", [[3]])]
    step("SGD", params, [[2, -4], [[8]]], 0.5)
    step("SGD", params, [[0, 2], [[-2]]], 0.5)
    after = {"after": "two steps with lr = 0.5", "gradients": "[2 -4], then [0 2]"}
    expect(params[0].top, [0, 3], "Two steps of SGD lead to the wrong place", {"p": [1, 2], **after})
    after["gradients"] = "[[8]], then [[-2]]"
    expect(
        params[1].top,
        [[0]],
        "Two steps of SGD take the second Param to the wrong place",
        {"p": [[3]], **after},
    )


momentum = Exercise("momentum", "momentum")


@momentum.check("The velocity starts at 0: the first step is that of plain gradient descent.")
def first_step():
    p = leaf("Param", [1])
    call("init_momentum")
    step("momentum", [p], [[2]], 0.25)
    case = {"p": [1], "gradient": [2], "lr": 0.25}
    expect(p.top, [0.5], "The first step of momentum leads to the wrong place", case)


@momentum.check("The velocity keeps, from step to step, mom times what it was, and adds the new gradient.")
def three_steps():
    p = leaf("Param", [1, 2])
    call("init_momentum")
    done = []
    # By hand: v is [1 2], [2.5 1], [1.25 1.5].
    grads, places = [[1, 2], [2, 0], [0, 1]], [[0.5, 1], [-0.75, 0.5], [-1.375, -0.25]]
    for number, (grad, place) in enumerate(zip(grads, places), start=1):
        done.append(str(grad))
        step("momentum", [p], [grad], 0.5, 0.5)
        case = {"p": [1, 2], "gradients": ", then ".join(done), "lr": 0.5, "mom": 0.5}
        expect(p.top, place, f"Step {number} of momentum leads to the wrong place", case)


@momentum.check("When mom is not named it is 0.9: a single push is felt for long.")
def default_mom():
    p = leaf("Param", [0])
    call("init_momentum")
    for grad, place in (([1], [-1]), ([0], [-1.9]), ([0], [-2.71])):
        step("momentum", [p], [grad], 1.0)
        case = {"p": [0], "gradients": "[1], then [0], [0]", "lr": 1}
        expect(p.top, place, "momentum with its default mom leads to the wrong place", case)


@momentum.check("Each Param has a velocity of its own.")
def separate_velocities():
    params = [leaf("Param", [1, 2]), leaf("Param", [[3]])]
    call("init_momentum")
    for grads in ([[1, 2], [[4]]], [[2, 0], [[-2]]], [[0, 1], [[1]]]):
        step("momentum", params, grads, 0.5, mom=0.5)
    case = {"steps": "three, of two Params", "lr": 0.5, "mom": 0.5}
    sentence = "With two Params, momentum takes the {} to the wrong place"
    expect(params[0].top, [-1.375, -0.25], sentence.format("first"), {"p": [1, 2], **case})
    expect(params[1].top, [[0.5]], sentence.format("second"), {"p": [[3]], **case})


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


@eager.check("op's own constructor puts the node into edf.ops already, and forward need run but once.")
def runs_once():
    node = make(eager_class(fresh(Probe)), leaf("Value", [[3]]))
    expect(node.forwards, 1, "Making a node does not run its forward once", {})
    expect(len(student_module().ops), 1, "One node was made, but edf.ops has another number of them", {})


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
