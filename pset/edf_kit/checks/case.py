"""One operation of the student's on a few numbers: its two passes, and central differences of its forward.

The differences are in float64: leaves get their `.top` directly.
"""

import copy

import numpy as np

from edf_kit.checks.calls import student_code
from edf_kit.checks.compare import TOLERANCE, CheckFailed, as_numbers
from edf_kit.checks.exercise import student_module

STEP = 1e-5
# For a forward that computes in float32 inside: a long step, as a short one drowns in rounding.
COARSE_STEP, COARSE_TOLERANCE = 1e-2, 5e-3


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
        self.node = self._new_node()

    def _new_node(self):
        edf, op = student_module(), self.op
        if not hasattr(edf, op):
            raise CheckFailed(f"edf has no {op}.", hint=f"Run the cell that defines it, and edf.{op} = {op}.")
        with student_code(f"{op}(...)", self.shown):
            made = getattr(edf, op)(*self.leaves.values(), **self.options)
        if not any(node is made for node in edf.ops):
            raise CheckFailed(
                f"The constructor of {op} does not append the new node to edf.ops.",
                hint="edf.ops must stay one and the same list: if it was ever assigned anew, restart.",
            )
        return made

    def another(self):
        """A Case of one more node of the operation, on the same leaves."""
        other = copy.copy(self)
        other.node = other._new_node()
        return other

    def forward(self, expected=None):
        """Run forward; returns a float64 copy of .top. expected: what it should be, to be shown if it raises."""
        case = self.shown if expected is None else {**self.shown, "expected": expected}
        with student_code(f"{self.op}.forward", case):
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

        Its result is then not smooth in the input `name`: that it does not change in proportion to a tiny step
        is rounding, not curvature.
        """
        leaf, rng = self.leaves[name], np.random.default_rng(0)
        start, here = leaf.top, self.forward()
        bends = []
        for _ in range(8):
            step, changes = rng.uniform(0.5, 1.5, start.shape) * 1e-6, []
            # With −1 and 1, or 1 and 2, round numbers in float32 may be off by as much, and seem smooth.
            for steps in (1, 2.618):
                leaf.top = start + steps * step
                changes.append(self.forward() - here)
            bends.append(np.abs(changes[1] - 2.618 * changes[0]).max())
        leaf.top = start
        return np.asarray(self.node.top).dtype != np.float64 or max(bends) > 1e-9 * np.abs(here).max()

    def numeric(self, name, upstream):
        """(gradient to an input by differences, tolerance): as fine as this forward allows."""
        for other, leaf in self.leaves.items():
            leaf.top = self.shown[other].copy()
        coarse = self.is_coarse(name)
        gradient = self.differences(name, upstream, COARSE_STEP if coarse else STEP)
        return gradient, COARSE_TOLERANCE if coarse else TOLERANCE
