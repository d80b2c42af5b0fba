"""mnist_conv: the convolutional network on digits, trained with momentum."""

from autograder.exercise import Exercise
from autograder.training import Training, check_training

mnist_conv = Exercise(
    "mnist_conv",
    title="Conv net on MNIST",
    needs=[
        *("Value", "matmul", "add", "RELU", "mean", "smaxloss", "down2", "flatten"),
        *("conv2_forward", "conv2_image", "conv2_kernel", "Forward", "Backward", "momentum"),
    ],
    # Six nested Python loops need about 25 s for the first steps.
    cpu_seconds=120,
)


def logits(edf, x, params):
    return network(edf, x, params, lambda x, k: edf.op("down2", edf.op("conv2", x, k)))


def strided_logits(edf, x, params):
    """The same logits for a quarter of the work: a stride of 2 leaves out what down2 drops."""
    return network(edf, x, params, lambda x, k: edf.op("conv2", x, k, stride=2))


def network(edf, x, params, convolved):
    """The nodes from images to logits. convolved(x, k): those of a convolution of which every second row and column
    is kept."""
    k1, b1, k2, b2, w = params
    h = edf.op("RELU", edf.op("add", convolved(x, k1), b1))
    h = edf.op("RELU", edf.op("add", convolved(h, k2), b2))
    return edf.op("matmul", edf.op("flatten", h), w)


check_training(
    mnist_conv,
    Training(
        logits=logits,
        quick_logits=strided_logits,
        image_shape=(28, 28, 1),
        shapes=((4, 4, 1, 8), (8,), (2, 2, 8, 16), (16,), (6 * 6 * 16, 10)),
        fan_in=(4 * 4 * 1, None, 2 * 2 * 8, None, 6 * 6 * 16),
        optimizer="momentum",
        first_rate=2**-6,
        tolerance=1e-5,
        rate=0.003,
        steps=200,
        accuracy=0.70,
    ),
)
