"""conv2_forward: valid cross-correlation."""

from autograder import reference
from autograder.compare import expect_close, expect_unchanged
from autograder.exercise import Exercise
from autograder.exercises.conv2 import cases, check_special_sizes
from autograder.exercises.conv2.pixel_loops import check_pixel_loops
from autograder.op_checks import expect_forward

conv2_forward = Exercise("conv2_forward", title="Convolution", stubs=["conv2.forward"])


@conv2_forward.check(weight=4)
def forward(student, draw):
    """g[b,y,x,c2] = Σ f[b,y+ky,x+kx,c1] k[ky,kx,c1,c2] on images and kernels of several sizes"""
    for op in cases.each(draw):
        expect_forward(student, op)


check_special_sizes(conv2_forward, lambda student, draw, op: expect_forward(student, op))


@conv2_forward.check(after=["forward"])
def second_pass(student, draw):
    """a second forward on new numbers is right too: nothing is left from the first"""
    first, second = cases.one(draw), cases.one(draw)
    node, leaves = first.build(student)
    node.forward()
    student.flush()
    for name, leaf in leaves.items():
        leaf.top = second.inputs[name]
    node.forward()
    expect_close(node.top, reference.forward(second), "conv2.top in the second pass")


@conv2_forward.check(after=["forward"])
def inputs_unmodified(student, draw):
    """forward modifies neither the image nor the kernel"""
    op = cases.one(draw)
    node, leaves = op.build(student)
    node.forward()
    for name, leaf in leaves.items():
        expect_unchanged(leaf.top, op.inputs[name], f"conv2's input {name}")


check_pixel_loops(conv2_forward, after=["forward"])
