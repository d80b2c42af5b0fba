"""conv2: four exercises on one operation. The sizes that they try, and the checks they share, are here."""

from autograder.exercises.conv2.pixel_loops import check_pixel_loops
from autograder.op_checks import Cases, check_gradient_rules, check_inputs_unmodified, expect_gradient
from autograder.reference import Op

# (B, H, W, C1), (kh, kw, C2): no two axes of the same length where it can be told apart, even and odd
# sizes, wide and tall images and kernels.
GENERAL = [((2, 3, 4, 1), (2, 2, 1)), ((2, 6, 5, 3), (3, 2, 4)), ((3, 5, 8, 2), (2, 4, 5))]
# To show a failure with: one thing more at a time, of a product of two numbers.
SMALL = [
    ((1, 1, 1, 1), (1, 1, 1)),
    ((1, 1, 2, 1), (1, 2, 1)),
    ((1, 2, 1, 1), (2, 1, 1)),
    ((1, 1, 3, 1), (1, 2, 1)),
    ((1, 3, 1, 1), (2, 1, 1)),
    ((2, 1, 1, 1), (1, 1, 1)),
    ((1, 1, 1, 2), (1, 1, 1)),
    ((1, 1, 1, 1), (1, 1, 2)),
    ((1, 1, 1, 2), (1, 1, 2)),
    ((1, 1, 3, 1), (1, 3, 1)),
    ((1, 3, 1, 1), (3, 1, 1)),
    ((1, 3, 3, 1), (2, 2, 1)),
    ((1, 2, 3, 2), (2, 1, 2)),
    ((2, 3, 4, 2), (2, 3, 2)),
]


def correlation(draw, size, stride=None):
    """A conv2 of drawn images and kernels of these sizes; without a `stride` unless there is one."""
    images, (kh, kw, c2) = size
    options = {} if stride is None else {"stride": stride}
    return Op("conv2", f=draw.normal(*images), k=draw.normal(kh, kw, images[-1], c2), **options)


cases = Cases(correlation, sizes=GENERAL, usual=GENERAL[1], small=SMALL)


def check_special_sizes(exercise, expect, carries=False):
    """Add the checks of sizes that a conv2 of good intent may get wrong.

    expect(student, draw, op) holds the student's result on one operation against the reference's.
    """

    def try_size(student, draw, size, small):
        expect(student, draw, correlation(draw, *draw.sizes([size], small)))

    @exercise.check(carries=carries)
    def square(student, draw):
        """square images with square kernels"""
        try_size(
            student,
            draw,
            ((3, 6, 6, 2), (3, 3, 4)),
            small=[
                ((1, 2, 2, 1), (1, 1, 1)),
                ((1, 3, 3, 1), (2, 2, 1)),
                ((2, 2, 2, 1), (2, 2, 1)),
                ((1, 2, 2, 1), (1, 1, 2)),
                ((1, 1, 1, 2), (1, 1, 2)),
                ((1, 2, 2, 2), (1, 1, 1)),
                ((1, 3, 3, 1), (3, 3, 1)),
                ((1, 2, 2, 2), (2, 2, 2)),
            ],
        )

    @exercise.check(carries=carries)
    def batch_of_one(student, draw):
        """a batch of a single image"""
        try_size(student, draw, ((1, 5, 4, 2), (2, 3, 3)), small=[s for s in SMALL if s[0][0] == 1])

    @exercise.check(carries=carries)
    def kernel_1x1(student, draw):
        """a kernel of a single pixel: the image keeps its size"""
        sizes = [(1, 1, 1, 1), (1, 1, 2, 1), (1, 2, 1, 1), (2, 1, 1, 1), (1, 1, 1, 2), (2, 2, 3, 2)]
        small = [(size, (1, 1, c2)) for c2 in (1, 2) for size in sizes]
        try_size(student, draw, ((2, 4, 3, 3), (1, 1, 5)), small)

    @exercise.check(carries=carries)
    def kernel_full_size(student, draw):
        """a kernel as large as the image: a single pixel comes out"""
        sizes = [(1, 1, 2, 1), (1, 2, 1, 1), (2, 1, 2, 1), (1, 1, 3, 1), (2, 1, 1, 2), (1, 2, 2, 2)]
        small = [(size, (*size[1:3], c2)) for c2 in (1, 2) for size in sizes]
        try_size(student, draw, ((2, 3, 4, 2), (3, 4, 5)), small)


def check_rest_of_gradient(exercise, to):
    """Add to an exercise that has its check `gradient` all else that is checked of the gradient to the input `to`."""
    check_special_sizes(
        exercise, lambda student, draw, op: expect_gradient(student, draw, op, to), carries=True
    )
    check_gradient_rules(exercise, cases, to=[to], after=["gradient"])
    check_inputs_unmodified(exercise, cases, params=[to], after=["gradient"])
    check_pixel_loops(exercise, to=to, after=["gradient"])
