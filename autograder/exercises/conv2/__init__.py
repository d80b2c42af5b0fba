"""conv2: four exercises on one operation. The sizes that they try, and the checks they share, are here."""

from autograder.reference import Op

# (B, H, W, C1), (kh, kw, C2): no two axes of the same length where it can be told apart, even and odd
# sizes, wide and tall images and kernels.
GENERAL = [((2, 3, 4, 1), (2, 2, 1)), ((2, 6, 5, 3), (3, 2, 4)), ((3, 5, 8, 2), (2, 4, 5))]


def correlation(draw, sizes=GENERAL[1], **options):
    """A conv2 of drawn images and kernels of these sizes."""
    images, (kh, kw, c2) = sizes
    return Op("conv2", f=draw.normal(*images), k=draw.normal(kh, kw, images[-1], c2), **options)


def check_special_sizes(exercise, expect):
    """Add the checks of sizes that a conv2 of good intent may get wrong.

    expect(student, draw, op) holds the student's result on one operation against the reference's.
    """

    @exercise.check()
    def square(student, draw):
        """square images with square kernels"""
        expect(student, draw, correlation(draw, ((3, 6, 6, 2), (3, 3, 4))))

    @exercise.check()
    def batch_of_one(student, draw):
        """a batch of a single image"""
        expect(student, draw, correlation(draw, ((1, 5, 4, 2), (2, 3, 3))))

    @exercise.check()
    def kernel_1x1(student, draw):
        """a kernel of a single pixel: the image keeps its size"""
        expect(student, draw, correlation(draw, ((2, 4, 3, 3), (1, 1, 5))))

    @exercise.check()
    def kernel_full_size(student, draw):
        """a kernel as large as the image: a single pixel comes out"""
        expect(student, draw, correlation(draw, ((2, 3, 4, 2), (3, 4, 5))))
