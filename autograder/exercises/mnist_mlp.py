"""mnist_mlp: the two-layer network on digits, 784–1024–10, trained by gradient descent."""

from autograder.exercise import Exercise
from autograder.training import Training, check_training

mnist_mlp = Exercise(
    "mnist_mlp",
    title="MLP on MNIST",
    needs=["Value", "matmul", "add", "RELU", "mean", "smaxloss", "Forward", "Backward", "SGD"],
    cpu_seconds=30,
)


def logits(edf, x, params):
    w1, b1, w2, b2 = params
    hidden = edf.op("RELU", edf.op("add", edf.op("matmul", x, w1), b1))
    return edf.op("add", edf.op("matmul", hidden, w2), b2)


check_training(
    mnist_mlp,
    Training(
        logits=logits,
        image_shape=(784,),
        shapes=((784, 1024), (1024,), (1024, 10), (10,)),
        fan_in=(784, None, 1024, None),
        optimizer="SGD",
        first_rate=2**-4,
        tolerance=1e-4,
        rate=0.05,
        steps=100,
        accuracy=0.68,
    ),
)
