"""The public checks of what is no operation: leaves, the two passes, the optimizers.

Graphs here are built of the kit's own small operations, so that these checks stand on their own.
"""

import numpy as np

from edf_kit.checks.calls import student_code
from edf_kit.checks.compare import CheckFailed, expect, expect_unchanged, is_numeric
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
    """x·y, element by element: an operation of the kit's own, and none of edf's. names: of its inputs."""

    def __init__(self, x, y, names="xy"):
        student_module().ops.append(self)
        self.names = names
        for name, node in zip(names, (x, y)):
            setattr(self, name, node)

    def forward(self):
        x, y = (getattr(self, name) for name in self.names)
        self.top = x.top * y.top

    def backward(self):
        x, y = (getattr(self, name) for name in self.names)
        for node, other in ((x, y), (y, x)):
            node.grad = node.grad + other.top * self.grad


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
        for given in ([[2.0]], [1.0, 2.0], [[1.0, 2.0]], [[1, 2, 3], [4, 5, 6]], 2.5):
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


def spread(grad, top):
    """A `grad` that is a single number, spread over the shape of `top` as numpy does; others as they are."""
    is_single = is_numeric(grad) and np.size(grad) == 1
    return np.full(np.shape(top), np.array(grad, float).item()) if is_single else grad


@Backward.check("The loss gets ones; then the operations run in reverse order, each adding to its inputs.")
def gradients():
    x = leaf("Param", [[3, 4]])
    double = Probe(x, 2)
    loss = Probe(double, 5)
    for op in (double, loss):
        op.forward()
    call("Backward", loss)
    case = {"x": np.array([[3, 4]]), "loss": "5 · 2x"}
    expect(spread(loss.grad, loss.top), [[1, 1]], "After Backward(loss), loss.grad is wrong", case)
    expect(double.grad, [[5, 5]], "After Backward(loss), the gradient to 2x is wrong", case)
    expect(x.grad, [[10, 10]], "After Backward(loss), the gradient to x is wrong", case)


@Backward.check(
    "Other operations may be made after the loss; it is the loss that gets ones, not the last of all."
)
def branches():
    x, left, loss, _ = branched()
    call("Backward", loss)
    expect(spread(loss.grad, loss.top), [[1, 1]], "After Backward(loss), loss.grad is wrong", BRANCHED)
    expect(left.grad, [[15, 20]], "After Backward(loss), the gradient to 2x is wrong", BRANCHED)
    expect(x.grad, [[60, 80]], "After Backward(loss), the gradient to x is wrong", BRANCHED)


@Backward.check(
    "An operation runs once, after all that use its result: these add to the .grad that it passes on."
)
def used_twice():
    for text in ("2x · 5(2x)", "5(2x) · 2x"):
        x = leaf("Param", [[3]])
        double = Probe(x, 2)
        more = Probe(double, 5)
        loss = Product(double, more) if text.startswith("2x") else Product(more, double)
        for op in (double, more, loss):
            op.forward()
        call("Backward", loss)
        case = {"x": np.array([[3]]), "loss": text}
        expect(double.grad, [[60]], "After Backward(loss), the gradient to 2x is wrong", case)
        expect(x.grad, [[120]], "After Backward(loss), the gradient to x is wrong", case)


@Backward.check("Other operations name their inputs otherwise, conv2 has f and k; edf.ops holds them all.")
def other_names():
    x = leaf("Param", [[3]])
    left, right = Probe(x, 2), Probe(x, 5)
    loss = Product(left, right, names="fk")
    for op in (left, right, loss):
        op.forward()
    call("Backward", loss)
    case = {"x": np.array([[3]]), "loss": "2x · 5x", "its inputs": "f, k"}
    expect(x.grad, [[60]], "After Backward(loss), the gradient to x is wrong", case)


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


@momentum.check("A step reads the gradient and leaves it as it was: the velocity is another array.")
def same_gradient_again():
    p = leaf("Param", [1])
    call("init_momentum")
    p.grad = np.array([2.0])
    # By hand: v is 2, then 2.5.
    for steps, place in ((1, 0), (2, -1.25)):
        call("momentum", 0.5, 0.25)
        case = {"p": [1], "gradient": [2], "steps": steps, "lr": 0.5, "mom": 0.25}
        expect_unchanged(p.grad, np.array([2.0]), "A Param's gradient, in momentum,", case)
        expect(p.top, [place], "Steps of momentum with one gradient lead to the wrong place", case)


@momentum.check("Each Param has a velocity of its own.")
def separate_velocities():
    params = [leaf("Param", [1, 2]), leaf("Param", [[3]]), leaf("Param", [[4]])]
    call("init_momentum")
    for grads in ([[1, 2], [[4]], [[8]]], [[2, 0], [[-2]], [[0]]], [[0, 1], [[1]], [[0]]]):
        step("momentum", params, grads, 0.5, mom=0.5)
    case = {"steps": "three, of three Params", "lr": 0.5, "mom": 0.5}
    sentence = "With three Params, momentum takes the {} to the wrong place"
    expect(params[0].top, [-1.375, -0.25], sentence.format("first"), {"p": [1, 2], **case})
    expect(params[1].top, [[0.5]], sentence.format("second"), {"p": [[3]], **case})
    expect(params[2].top, [[-3]], sentence.format("third"), {"p": [[4]], **case})
