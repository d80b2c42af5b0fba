"""The public checks of the two networks: a short training run on the digits."""

import time

import numpy as np

from edf_kit.checks.calls import student_code
from edf_kit.checks.compare import CheckFailed
from edf_kit.checks.exercise import Exercise, student_module

TRIED = 500  # digits of the validation set
ENOUGH_SECONDS = 20  # for code that is right but slow


def mlp(edf, x, rng):
    """Logits (B×10) of images x (B×784)."""
    from edf_kit.digits import xavier, zeros

    w1, b1 = xavier(rng, 784, 784, 1024), zeros(1024)
    w2, b2 = xavier(rng, 1024, 1024, 10), zeros(10)
    return edf.add(edf.matmul(edf.RELU(edf.add(edf.matmul(x, w1), b1)), w2), b2)


def conv_net(edf, x, rng):
    """Logits (B×10) of images x (B×28×28×1)."""
    from edf_kit.digits import xavier, zeros

    k1, b1 = xavier(rng, 16, 4, 4, 1, 8), zeros(8)
    k2, b2 = xavier(rng, 32, 2, 2, 8, 16), zeros(16)
    w = xavier(rng, 576, 576, 10)
    h = edf.RELU(edf.add(edf.down2(edf.conv2(x, k1)), b1))
    h = edf.RELU(edf.add(edf.down2(edf.conv2(h, k2)), b2))
    return edf.matmul(edf.flatten(h), w)


def train(network, image_shape, steps, bar, optimizer, *rates, size=50):
    """Train for some steps of `size` digits; the loss must fall, and the share of new digits that it reads reach `bar`.

    Returns what it reached, as text.
    """
    from edf_kit.digits import DigitsError, batches, load_training

    try:
        training, validation = load_training(image_shape)
    except DigitsError as error:
        raise CheckFailed("There are no digits to train on.", str(error)) from None
    edf, rng = student_module(), np.random.default_rng(1)
    with student_code("Building the network"):
        x, y = edf.Value(), edf.Value()
        logits = network(edf, x, rng)
        loss = edf.mean(edf.smaxloss(logits, y))
        if optimizer == "momentum":
            edf.init_momentum()

    def forward(digits, chosen):
        x.set(digits[0][chosen])
        y.set(digits[1][chosen])
        edf.Forward()

    losses, start = [], time.monotonic()
    with student_code("Training"):
        for batch in batches(rng.permutation(len(training[0])), size)[:steps]:
            forward(training, batch)
            losses.append(np.asarray(loss.top).item())
            edf.Backward(loss)
            getattr(edf, optimizer)(*rates)
            if time.monotonic() - start > ENOUGH_SECONDS:
                break
    before, after = np.mean(losses[:5]), np.mean(losses[-5:])
    fell = f"loss {before:.2f} → {after:.2f}"
    if not np.isfinite(losses).all():
        raise CheckFailed(f"The loss does not stay a number: expected one, got {losses[-1]}.")
    if len(losses) < steps:
        return f"too slow to finish: {len(losses)} of {steps} steps in {ENOUGH_SECONDS} s, {fell}"
    if not after < 0.8 * before:
        raise CheckFailed(f"The loss does not fall in {steps} steps: expected far less, got {fell}.")
    right = 0
    with student_code("Trying the network"):
        for batch in batches(np.arange(TRIED), size):
            forward(validation, batch)
            right += np.sum(np.argmax(logits.top, axis=1) == validation[1][batch])
    share = right / TRIED
    if not share >= bar:
        raise CheckFailed(
            f"After {steps} steps the network reads too few new digits: expected {bar:.0%}, got {share:.0%}."
        )
    return f"{steps} steps: {fell}, {share:.0%} of new digits right"


# Each operation passed its own checks before this runs: what is left is how they work together.
HINT = "Restart and run all cells from the top, so that no definition is an old one."

mnist_mlp = Exercise(
    "mnist_mlp",
    "MLP on MNIST",
    needs=["Value", "matmul", "add", "RELU", "mean", "smaxloss", "Forward", "Backward", "SGD"],
)


@mnist_mlp.check(HINT)
def mlp_learns():
    return train(mlp, (784,), 60, 0.6, "SGD", 0.1)


mnist_conv = Exercise(
    "mnist_conv",
    "conv net on MNIST",
    needs=[
        *("Value", "matmul", "add", "RELU", "mean", "smaxloss", "down2", "flatten"),
        *("conv2_forward", "conv2_image", "conv2_kernel", "Forward", "Backward", "momentum"),
    ],
)


@mnist_conv.check(HINT)
def conv_net_learns():
    # Small steps: none is cut short, and with a conv2 of plain Python loops one of 50 digits takes half a minute.
    return train(conv_net, (28, 28, 1), 150, 0.6, "momentum", 0.01, 0.9, size=20)
