"""What the checks of an operation have in common: forward, one gradient, and how it treats its inputs."""

import dataclasses

import numpy as np

from autograder import reference
from autograder.compare import Mismatch, expect_close, expect_unchanged


@dataclasses.dataclass(frozen=True)
class Cases:
    """Operations of one kind, for trying a property on them.

    make(draw, size) gives the operation (reference.Op) of a size. sizes: those that are tried; usual: the
    one that is tried where one is enough; small: a ladder, the smallest first, to find one to show.
    """

    make: callable
    sizes: list
    usual: tuple
    small: list

    def each(self, draw):
        """An operation of each of the sizes, one after the other."""
        return (self.make(draw, size) for size in draw.sizes(self.sizes, self.small))

    def one(self, draw):
        """An operation of the usual size."""
        return self.make(draw, *draw.sizes([self.usual], self.small))


def expect_forward(student, op):
    """The student's forward of `op` (reference.Op) must equal the reference's."""
    node, _ = op.build(student)
    node.forward()
    expect_close(node.top, reference.forward(op), f"{op.name}.top")
    student.fresh()


def expect_gradient(student, draw, op, to, tolerance=None):
    """The student's gradient to the input named `to` must be the reference's, for a random upstream one.

    tolerance: as for compare.expect_close.
    """
    upstream = random_upstream(draw, op)
    node, leaves = op.build(student, params=[to])
    run(node, upstream)
    expect_close(leaves[to].grad, reference.gradient(op, upstream, to), gradient_name(op, to), tolerance)
    student.fresh()


def random_upstream(draw, op):
    """A normal upstream gradient for `op`: not of ones, which many mistakes get right.

    That of a single number is positive: two of them, added up, must not nearly cancel.
    """
    shape = reference.forward(op).shape
    return draw.normal(*shape) if shape else 1 + draw.uniform(0.5)


def run(node, upstream):
    """One forward and backward pass of one operation, its upstream gradient put there."""
    node.forward()
    node.grad = upstream
    node.backward()


def gradient_name(op, to):
    """How the gradient to an input is called in messages."""
    return f"the gradient of {op.name} to {to}"


def on_operations(op, student, names):
    """Make `op` on the student's edf, its inputs `names` being operations whose `.top` is there already.

    Returns (node, {input name: operation or Value}).
    """
    leaves = {name: student.value(array) for name, array in op.inputs.items()}
    inputs = dict(leaves)
    for name in names:
        # Any operation will do: only its constructor ever runs.
        inputs[name] = student.op(op.name, *leaves.values(), **op.options)
        inputs[name].top = op.inputs[name]
        inputs[name].grad = np.zeros_like(op.inputs[name])
    return student.op(op.name, *inputs.values(), **op.options), inputs


def expect_sum_of_gradients(student, draw, op, to):
    """Two operations of the student's on the same inputs must add up their gradients to the inputs `to`."""
    upstreams = random_upstream(draw, op), random_upstream(draw, op)
    first, leaves = op.build(student, params=to)
    second = student.op(op.name, *leaves.values(), **op.options)
    run(first, upstreams[0])
    run(second, upstreams[1])
    for name in to:
        expected = sum(reference.gradient(op, upstream, name) for upstream in upstreams)
        expect_close(leaves[name].grad, expected, f"{gradient_name(op, name)}, used twice,")


def check_inputs_unmodified(exercise, cases, after, params=None):
    """Add the check that forward and backward leave the inputs and the upstream gradient as they were.

    cases: operations to try it on; after: ids of the checks that this one builds on; params: names of the
    inputs that are Params, by default all.
    """

    @exercise.check(after=after, carries=True)
    def inputs_unmodified(student, draw):
        """forward and backward do not modify their inputs or the upstream gradient"""
        op = cases.one(draw)
        upstream = random_upstream(draw, op)
        node, leaves = op.build(student, params=op.inputs if params is None else params)
        run(node, upstream)
        for name, leaf in leaves.items():
            expect_unchanged(leaf.top, op.inputs[name], f"{op.name}'s input {name}")
        expect_unchanged(node.grad, upstream, f"{op.name}'s upstream gradient")


def check_gradient_rules(exercise, cases, to, after, never=()):
    """Add the checks that hold for the backward of every operation.

    to: names of the inputs that get a gradient; never: of those that get none whatever they are; cases,
    after: as above.
    """
    has_forward = any(stub.endswith(".forward") for stub in exercise.stubs)

    @exercise.check(after=after, carries=True)
    def accumulates(student, draw):
        """gradients add up: an input that two operations use gets the sum of both gradients"""
        expect_sum_of_gradients(student, draw, cases.one(draw), to)

    @exercise.check(after=after, carries=True)
    def values_get_no_gradient(student, draw):
        """an input that is a Value gets no gradient; all others get theirs, operations as well as Params"""
        op = cases.one(draw)
        upstream = random_upstream(draw, op)
        for name in to:
            others = [other for other in to if other != name]
            node, leaves = op.build(student, params=others)
            run(node, upstream)
            for other in others:
                expected = reference.gradient(op, upstream, other)
                expect_close(leaves[other].grad, expected, gradient_name(op, other))
            for value in (name, *never):
                if not isinstance(grad := leaves[value].grad, str):
                    message = f"{op.name}.backward gave a gradient to {value}, although it is a Value"
                    raise Mismatch(message, "", grad, "None")
            student.fresh()
        node, inputs = on_operations(op, student, to)
        run(node, upstream)
        for name in to:
            expected = reference.gradient(op, upstream, name)
            expect_close(inputs[name].grad, expected, f"{gradient_name(op, name)}, an operation,")

    @exercise.check(after=after, carries=True)
    def second_pass(student, draw):
        """a second forward and backward on new numbers is right too, and so is one more backward: nothing is
        left or spoilt by those before"""
        first, second = cases.one(draw), cases.one(draw)
        node, leaves = first.build(student, params=to)
        run(node, random_upstream(draw, first))
        student.flush()
        for name, leaf in leaves.items():
            leaf.top = second.inputs[name]
        upstream = random_upstream(draw, second)
        node.forward()
        # A backward that works in place on what its forward saved is right once, not twice.
        for when in ("in the second pass", "in one more backward after the same forward"):
            for name in to:
                leaves[name].grad = np.zeros_like(second.inputs[name])
            node.grad = upstream
            node.backward()
            if has_forward:
                expect_close(node.top, reference.forward(second), f"{second.name}.top {when}")
            for name in to:
                expected = reference.gradient(second, upstream, name)
                expect_close(leaves[name].grad, expected, f"{gradient_name(second, name)} {when}")
