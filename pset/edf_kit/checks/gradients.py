"""The checks that every operation shares: worked examples, and its backward against differences of its forward."""

import dataclasses

import numpy as np

from edf_kit.checks.case import Case
from edf_kit.checks.compare import (
    TOLERANCE,
    CheckFailed,
    as_numbers,
    below,
    expect,
    expect_unchanged,
    first,
    is_numeric,
    side_by_side,
    wrong_elements,
)


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


def upstream_for(rng, shape):
    """An upstream gradient: not of ones, which many a mistake gets right; short to read."""
    return np.asarray(np.round(rng.uniform(0.3, 2.9, shape) * rng.choice([-1, 1], shape), 1) + 0.05)


def expect_gradient(case, names, upstream, sentence="{op}.backward gives the wrong gradient to {name}"):
    """Run forward and backward; the gradients to `names` must be those of the differences. If backward raises,
    these are shown all the same."""
    case.forward()
    try:
        grads = case.backward(upstream)
    except CheckFailed as failure:
        if failure.blank is None:
            expected = {f"expected gradient to {name}": case.numeric(name, upstream)[0] for name in names}
            failure.case = below(failure.case, side_by_side(expected, kernels=names == ["k"]))
        raise
    expect_slopes(case, names, grads, upstream, sentence)


def expect_slopes(case, names, grads, upstream, sentence, before=0.0, times=1):
    """The gradients that backward left must be `before` plus `times` those of the differences."""
    shown = {**case.shown, "upstream gradient": upstream}
    copies = {name: _copied(grads.get(name)) for name in names}
    for name in names:
        expected, tolerance = case.numeric(name, upstream)
        floor = 1e-6 if tolerance == TOLERANCE else 1e-4
        text = sentence.format(op=case.op, name=name)
        try:
            right = before + times * expected
            expect(copies[name], right, text, shown, tolerance, floor, kernels=name == "k")
        except CheckFailed as failure:
            if not case.explain(failure) and is_numeric(copies[name]):
                ones = case.numeric(name, np.ones_like(upstream))[0]
                failure.hint = _diagnosis(copies[name], right, before + times * ones)
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
    exercise, op, to, make, forward_hint, gradient_hint, examples=(), kinds=None, same=None, drawn=2, few=(1,)
):
    """Add what is checked of every operation to an exercise.

    to: names of the inputs that get a gradient. make: functions of a random generator that give the inputs
    of one case each, the smallest first. examples: of the forward pass, the smallest first. kinds: of the
    inputs that are no Params. same: inputs that can be one and the same node. drawn:
    the place in `make` of the case for pictures. few: the places there of those for what holds of every
    backward: of more than one number, but few.
    """
    kinds = kinds or {}

    def cases():
        rng = np.random.default_rng(7)
        for inputs in make:
            yield rng, inputs(rng)

    def small_cases(**changes):
        for place in few:
            rng, inputs = list(cases())[place]
            case = Case(op, inputs, **{"kinds": kinds, **changes})
            yield case, upstream_for(rng, case.forward().shape)

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
        for case, upstream in small_cases():
            for name in to:
                case.leaves[name].grad = case.leaves[name].grad + 100.0
            sentence = "{op}.backward does not add to what is in the .grad of {name} already, here 100"
            expect_slopes(case, to, case.backward(upstream, keep=True), upstream, sentence, before=100.0)

    @exercise.check(
        "The .grad of each node is an array of its own: what is added to one must not reach others."
    )
    def used_by_two():
        for case, upstream in small_cases():
            other = case.another()
            other.forward()
            case.backward(upstream)
            grads = other.backward(upstream, keep=True)
            sentence = "{op}.backward gives the wrong gradient to {name} when two nodes of {op} use it"
            expect_slopes(case, to, grads, upstream, sentence, times=2)

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
        for case, upstream in small_cases(kinds={**kinds, **dict.fromkeys(to, "op")}):
            sentence = "{op}.backward gives the wrong gradient to {name} when {name} is an operation"
            expect_gradient(case, to, upstream, sentence)

    @exercise.check("Values are data and have no .grad: look whether an input is in edf.ops or edf.params.")
    def values_get_no_gradient():
        for value in to:
            for case, upstream in small_cases(kinds={**kinds, value: "Value"}):
                others = [name for name in to if name != value]
                sentence = f"{{op}}.backward gives the wrong gradient to {{name}} when {value} is a Value"
                try:
                    expect_gradient(case, others, upstream, sentence)
                except CheckFailed as failure:
                    failure.sentence = failure.sentence.replace(
                        f"{op}.backward raises", f"With a Value as {value}, {op}.backward raises"
                    )
                    raise
                expect_no_grad(case, value)

    @exercise.check("Compute everything anew in each pass; keep nothing of the pass before.")
    def second_pass():
        for place, (case, upstream) in zip(few, small_cases()):
            case.forward()
            case.backward(upstream)
            rng = np.random.default_rng(11)
            # Flipped, so that where x was the larger before, say, it is now the smaller.
            for name, array in make[place](rng).items():
                case.leaves[name].top = np.flip(array).copy()
                case.shown[name] = np.flip(array)
            sentence = "{op}.backward gives the wrong gradient to {name} in a second pass on new numbers"
            expect_gradient(case, to, upstream_for(rng, upstream.shape), sentence)

    @exercise.check("What forward leaves for backward is to be read there, and not changed.")
    def backward_twice():
        for case, upstream in small_cases():
            case.forward()
            case.backward(upstream)
            sentence = "{op}.backward, run twice after one forward, gives the wrong gradient to {name}"
            expect_slopes(case, to, case.backward(upstream), upstream, sentence)

    @exercise.check("What an operation is given belongs to others, too.")
    def leaves_its_inputs_alone():
        for case, upstream in small_cases():
            case.forward()
            case.backward(upstream)
            expect_inputs_unchanged(case)
            shown = {**case.shown, "upstream gradient": upstream}
            expect_unchanged(case.node.grad, upstream, f"The upstream gradient of {op}", shown)


def expect_examples(op, examples):
    """Forward must give what was worked out by hand."""
    for ex in examples:
        case = Case(op, ex.inputs, options=ex.options)
        expect(case.forward(ex.top), ex.top, f"{op}.forward gives the wrong result", case.shown)
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
        expect(case.forward(ex.top), ex.top, sentence, case.shown)


def expect_gradient_examples(op, examples, kinds=None):
    """Backward must give what was worked out by hand."""
    for ex in examples:
        case = Case(op, ex.inputs, kinds)
        case.forward()
        grads = case.backward(ex.upstream)
        for name, expected in ex.grads.items():
            sentence = f"{op}.backward gives the wrong gradient to {name}"
            expect(grads.get(name), expected, sentence, {**case.shown, "upstream gradient": ex.upstream})


def expect_no_grad(case, name):
    """Backward must have given no .grad to the input of that name, a Value."""
    if hasattr(case.leaves[name], "grad"):
        sentence = f"{case.op}.backward gives a .grad to {name}, a Value: expected none, got one."
        raise CheckFailed(sentence, side_by_side(case.shown))


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
