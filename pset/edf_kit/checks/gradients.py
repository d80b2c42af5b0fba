"""The checks that every operation shares: worked examples, and its backward against differences of its forward.

The differences are central ones of the student's own forward, in float64: leaves get their `.top` directly.
"""

import dataclasses

import numpy as np

from edf_kit.checks.calls import student_code
from edf_kit.checks.compare import (
    TOLERANCE,
    CheckFailed,
    as_numbers,
    expect,
    expect_unchanged,
    first,
    is_numeric,
    side_by_side,
    wrong_elements,
)
from edf_kit.checks.exercise import student_module

STEP = 1e-5
# For a forward that computes in float32 inside: a long step, as a short one drowns in rounding.
COARSE_STEP, COARSE_TOLERANCE = 1e-2, 5e-3


@dataclasses.dataclass(frozen=True)
class Example:
    """A worked example. inputs: {name: array} in the constructor's order. Then what must come out of them:
    top, or, for an upstream gradient, grads: {name: array}."""

    inputs: dict
    top: object = None
    upstream: object = None
    grads: dict | None = None
    options: dict = dataclasses.field(default_factory=dict)


def example(top, options=None, **inputs):
    """A worked example of a forward pass."""
    return Example(_floats(inputs), top=np.asarray(top, float), options=options or {})


def gradient_example(upstream, grads, **inputs):
    """A worked example of a backward pass."""
    return Example(_floats(inputs), upstream=np.asarray(upstream, float), grads=_floats(grads))


def _floats(arrays):
    return {name: np.asarray(array, float) for name, array in arrays.items()}


class _Result:
    """An operation of the kit's own that has its result already: it stands for the layer before."""


class Case:
    """One operation of the student's, on float64 inputs.

    inputs: {name: array}. kinds: {name: "Param", "Value" or "op"}; Param for those that it doesn't name.
    same: names of inputs that are one and the same leaf, that of the first of them.
    """

    def __init__(self, op, inputs, kinds=None, options=None, same=()):
        edf = student_module()
        self.op, self.inputs, self.options = op, dict(inputs), options or {}
        self.shown = {**inputs, **self.options}
        self.leaves = {}
        for name, array in inputs.items():
            if name in same[1:]:
                self.leaves[name] = self.leaves[same[0]]
                continue
            kind = (kinds or {}).get(name, "Param")
            with student_code(kind):
                self.leaves[name] = leaf = _Result() if kind == "op" else getattr(edf, kind)()
            if kind == "op":
                edf.ops.append(leaf)
            leaf.top = array.copy()
            if kind != "Value":
                leaf.grad = np.zeros_like(array)
        if not hasattr(edf, op):
            raise CheckFailed(f"edf has no {op}.", hint=f"Run the cell that defines it, and edf.{op} = {op}.")
        with student_code(f"{op}(...)", self.shown):
            self.node = getattr(edf, op)(*self.leaves.values(), **self.options)
        if not any(node is self.node for node in edf.ops):
            raise CheckFailed(
                f"The constructor of {op} does not append the new node to edf.ops.",
                hint="edf.ops must stay one and the same list: if it was ever assigned anew, restart.",
            )

    def forward(self):
        """Run forward; returns a float64 copy of .top."""
        with student_code(f"{self.op}.forward", self.shown):
            returned = self.node.forward()
        if getattr(self.node, "top", None) is None:
            raise self._no_top(returned)
        sentence = f"{self.op}.forward does not set self.top to numbers"
        return as_numbers(self.node.top, sentence, self.shown)

    def _no_top(self, returned):
        """The failure of a forward that leaves no result."""
        if returned is not None:
            sentence = f"{self.op}.forward does not set self.top: it returns its result."
            return CheckFailed(sentence, hint="Write self.top = … there instead of return.")
        what = "sets self.top to None" if hasattr(self.node, "top") else "does not set self.top"
        return CheckFailed(f"{self.op}.forward {what}.", hint="Write self.top = … with the result.")

    def backward(self, upstream, keep=False):
        """Run backward; returns {name: .grad} for the inputs that have one. keep: add to what is there."""
        case = {**self.shown, "upstream gradient": upstream}
        if not keep:
            for leaf in self.leaves.values():
                if hasattr(leaf, "grad"):
                    leaf.grad = np.zeros_like(leaf.top)
        self.node.grad = upstream.copy()
        before = self._grads()
        with student_code(f"{self.op}.backward", case):
            returned = self.node.backward()
        self.only_returns = returned is not None and self._grads() == before
        return {name: leaf.grad for name, leaf in self.leaves.items() if hasattr(leaf, "grad")}

    def _grads(self):
        """What the .grad of each input is: for comparison alone."""
        return [np.asarray(getattr(leaf, "grad", None)).tolist() for leaf in self.leaves.values()]

    def explain(self, failure):
        """Whether wrong gradients are no wonder, as backward returned them and did no more; the failure says so."""
        if self.only_returns:
            failure.sentence = f"{self.op}.backward changes no .grad: it returns its result."
            failure.case = ""
            failure.hint = "Add it to the .grad of the input instead: self.x.grad = self.x.grad + …, say."
        return self.only_returns

    def differences(self, name, upstream, step):
        """The gradient to an input by central differences of forward: float64, of the input's shape."""
        leaf = self.leaves[name]
        start, gradient = leaf.top, np.zeros(leaf.top.shape)
        for index in np.ndindex(start.shape):
            ends = []
            for sign in (1, -1):
                leaf.top = start.copy()
                leaf.top[index] += sign * step
                ends.append(self.forward())
            gradient[index] = np.sum(upstream * (ends[0] - ends[1])) / (2 * step)
        leaf.top = start
        return gradient

    def is_coarse(self, name):
        """Whether forward computes in less than float64 inside, as correct code may.

        Its result is then not smooth in the input `name`: the second difference of a tiny step is rounding,
        not curvature.
        """
        leaf, rng = self.leaves[name], np.random.default_rng(0)
        start, middle = leaf.top, self.forward()
        bends = []
        for _ in range(8):
            step = rng.uniform(0.5, 1.5, start.shape) * 1e-6
            leaf.top = start + step
            bend = self.forward() - 2 * middle
            leaf.top = start - step
            bends.append(np.abs(bend + self.forward()).max())
        leaf.top = start
        return np.asarray(self.node.top).dtype != np.float64 or max(bends) > 1e-9 * np.abs(middle).max()

    def numeric(self, name, upstream):
        """(gradient to an input by differences, tolerance): as fine as this forward allows."""
        for other, leaf in self.leaves.items():
            leaf.top = self.shown[other].copy()
        coarse = self.is_coarse(name)
        gradient = self.differences(name, upstream, COARSE_STEP if coarse else STEP)
        return gradient, COARSE_TOLERANCE if coarse else TOLERANCE


def upstream_for(rng, shape):
    """An upstream gradient: not of ones, which many a mistake gets right; short to read."""
    return np.asarray(np.round(rng.uniform(0.3, 2.9, shape) * rng.choice([-1, 1], shape), 1) + 0.05)


def expect_gradient(case, names, upstream, sentence="{op}.backward gives the wrong gradient to {name}"):
    """Run forward and backward; the gradients to `names` must be those of the differences."""
    case.forward()
    expect_slopes(case, names, case.backward(upstream), upstream, sentence)


def expect_slopes(case, names, grads, upstream, sentence, before=0.0):
    """The gradients that backward left must be `before` plus those of the differences."""
    shown = {**case.shown, "upstream gradient": upstream}
    copies = {name: _copied(grads.get(name)) for name in names}
    for name in names:
        expected, tolerance = case.numeric(name, upstream)
        floor = 1e-6 if tolerance == TOLERANCE else 1e-4
        text = sentence.format(op=case.op, name=name)
        try:
            expect(copies[name], before + expected, text, shown, tolerance, floor, kernels=name == "k")
        except CheckFailed as failure:
            if not case.explain(failure) and is_numeric(copies[name]):
                ones = case.numeric(name, np.ones_like(upstream))[0]
                failure.hint = _diagnosis(copies[name], before + expected, before + ones)
            raise


def _copied(grad):
    """A .grad that a further pass does not change; whatever is no array stays what it is."""
    return grad.copy() if isinstance(grad, np.ndarray) else grad


def _diagnosis(got, expected, with_ones):
    """A hint for the commonest mistakes of all operations, or ""."""
    got = np.array(got, dtype=float)

    def is_got(array):
        return got.shape == array.shape and not wrong_elements(got, array).any()

    if is_got(with_ones):
        return "It is right for an upstream gradient of ones; in general, the upstream gradient counts too."
    if is_got(-expected):
        return "It has the wrong sign."
    return ""


def add_op_checks(
    exercise, op, to, make, forward_hint, gradient_hint, examples=(), kinds=None, same=None, drawn=2
):
    """Add what is checked of every operation to an exercise.

    to: names of the inputs that get a gradient. make: functions of a random generator that give the inputs
    of one case each, the smallest first. examples: of the forward pass, the smallest first. kinds: of the
    inputs that are no Params. same: inputs that can be one and the same node. drawn:
    the place in `make` of the case for pictures.
    """
    kinds = kinds or {}

    def cases():
        rng = np.random.default_rng(7)
        for inputs in make:
            yield rng, inputs(rng)

    def small_case(**changes):
        # The second: more than one number, but few.
        rng, inputs = list(cases())[1]
        case = Case(op, inputs, **{"kinds": kinds, **changes})
        return case, upstream_for(rng, case.forward().shape)

    if examples:

        @exercise.check(forward_hint)
        def forward():
            expect_examples(op, examples)

        @exercise.check("Compute from .top of the inputs each time; keep nothing of the pass before.")
        def forward_again():
            expect_second_forward(op, examples)

    if not to:
        return

    exercise.picture = lambda: (op, compare_gradients(Case(op, list(cases())[drawn][1], kinds), to))

    @exercise.check(gradient_hint)
    def gradient():
        for rng, inputs in cases():
            case = Case(op, inputs, kinds)
            expect_gradient(case, to, upstream_for(rng, case.forward().shape))

    @exercise.check("Several operations may use one node: each adds its share to what is in .grad already.")
    def accumulates():
        case, upstream = small_case()
        for name in to:
            case.leaves[name].grad = case.leaves[name].grad + 100.0
        sentence = "{op}.backward does not add to what is in the .grad of {name} already, here 100"
        expect_slopes(case, to, case.backward(upstream, keep=True), upstream, sentence, before=100.0)

    if same:

        @exercise.check("When both inputs are one node, its .grad is the sum of both shares.")
        def used_twice():
            rng, inputs = list(cases())[1]
            inputs = {**inputs, same[1]: inputs[same[0]]}
            case = Case(op, inputs, kinds, same=same)
            sentence = f"{op}.backward gives the wrong gradient when {' and '.join(same)} are one node"
            expect_gradient(case, same[:1], upstream_for(rng, case.forward().shape), sentence)

    @exercise.check(
        "Inputs in edf.ops get a gradient, as those in edf.params do: that is how layers connect."
    )
    def inputs_that_are_operations():
        case, upstream = small_case(kinds={**kinds, **dict.fromkeys(to, "op")})
        sentence = "{op}.backward gives the wrong gradient to {name} when {name} is an operation"
        expect_gradient(case, to, upstream, sentence)

    @exercise.check("Values are data and have no .grad: look whether an input is in edf.ops or edf.params.")
    def values_get_no_gradient():
        for value in to:
            case, upstream = small_case(kinds={**kinds, value: "Value"})
            others = [name for name in to if name != value]
            sentence = f"{{op}}.backward gives the wrong gradient to {{name}} when {value} is a Value"
            try:
                expect_gradient(case, others, upstream, sentence)
            except CheckFailed as failure:
                failure.sentence = failure.sentence.replace(
                    f"{op}.backward raises", f"With a Value as {value}, {op}.backward raises"
                )
                raise
            if hasattr(case.leaves[value], "grad"):
                raise CheckFailed(
                    f"{op}.backward gives a gradient to {value}, although it is a Value.",
                    side_by_side(case.shown),
                )

    @exercise.check("Compute everything anew in each pass; keep nothing of the pass before.")
    def second_pass():
        case, upstream = small_case()
        case.forward()
        case.backward(upstream)
        rng = np.random.default_rng(11)
        # Flipped, so that where x was the larger before, say, it is now the smaller.
        for name, array in make[1](rng).items():
            case.leaves[name].top = np.flip(array).copy()
            case.shown[name] = np.flip(array)
        sentence = "{op}.backward gives the wrong gradient to {name} in a second pass on new numbers"
        expect_gradient(case, to, upstream_for(rng, upstream.shape), sentence)

    @exercise.check("What an operation is given belongs to others, too.")
    def leaves_its_inputs_alone():
        case, upstream = small_case()
        case.forward()
        case.backward(upstream)
        expect_inputs_unchanged(case)
        shown = {**case.shown, "upstream gradient": upstream}
        expect_unchanged(case.node.grad, upstream, f"The upstream gradient of {op}", shown)


def expect_examples(op, examples):
    """Forward must give what was worked out by hand."""
    for ex in examples:
        case = Case(op, ex.inputs, options=ex.options)
        expect(case.forward(), ex.top, f"{op}.forward gives the wrong result", case.shown)
        expect_inputs_unchanged(case)


def expect_second_forward(op, examples):
    """One node, run on one example and then on another of the same shapes, must be right again."""
    for ex in examples[1:]:
        case = Case(op, ex.inputs, options=ex.options)
        for name, leaf in case.leaves.items():
            leaf.top = np.flip(leaf.top).copy()
        case.forward()
        for name, leaf in case.leaves.items():
            leaf.top = ex.inputs[name].copy()
        sentence = f"{op}.forward gives the wrong result in a second pass on new numbers"
        expect(case.forward(), ex.top, sentence, case.shown)


def expect_gradient_examples(op, examples, kinds=None):
    """Backward must give what was worked out by hand."""
    for ex in examples:
        case = Case(op, ex.inputs, kinds)
        case.forward()
        grads = case.backward(ex.upstream)
        for name, expected in ex.grads.items():
            sentence = f"{op}.backward gives the wrong gradient to {name}"
            expect(grads.get(name), expected, sentence, {**case.shown, "upstream gradient": ex.upstream})


def expect_inputs_unchanged(case):
    """The arrays of the inputs must be as they were."""
    for name, leaf in case.leaves.items():
        expect_unchanged(leaf.top, case.shown[name], f"The input {name} of {case.op}", case.shown)


def compare_gradients(case, to):
    """What a picture of a gradient check shows: [(name, analytic, numeric, first wrong index or None)]."""
    top = case.forward()
    upstream = upstream_for(np.random.default_rng(5), top.shape)
    grads, found = case.backward(upstream), []
    sentence = "{op}.backward gives the wrong gradient to {name}"
    if case.only_returns or any(np.size(grads[name]) == 0 for name in grads if is_numeric(grads[name])):
        expect_slopes(case, to, grads, upstream, sentence)  # there is nothing to see
    analytic = {
        name: as_numbers(grads.get(name), sentence.format(op=case.op, name=name), case.shown) for name in to
    }
    for name in to:
        numeric, tolerance = case.numeric(name, upstream)
        wrong = np.zeros(0)
        if analytic[name].shape == numeric.shape:
            wrong = wrong_elements(analytic[name], numeric, tolerance)
        found.append((name, analytic[name], numeric, first(wrong) if wrong.any() else None))
    return found
