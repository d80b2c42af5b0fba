"""What mnist.py and mnist_conv.py share: the digits, the start of the parameters, the training loop.

The digits are in an .npz file with two arrays: `images` (N×28×28, bytes from 0 to 255) and `labels` (N). The
last 1,000 of them are for validation: the network is tried on them, but never trained on them.
"""

import argparse
import sys
import zipfile
from pathlib import Path

import edf
import numpy as np

HERE = Path(__file__).resolve().parent
# The second place is where the course's own repository keeps them.
PLACES = (HERE / "mnist.npz", HERE.parent / "data" / "mnist_10k.npz")
VALIDATION = 1000
STEPS_PER_LINE = 20


class DigitsError(Exception):
    """There are no digits to train on; the message says what to do."""


def load_digits(path=None):
    """(images, labels) of the file at `path`, by default of mnist.npz beside this script.

    Digits that a file hidden_index.txt beside it lists are left out: the grader keeps them for itself.
    Raises DigitsError.
    """
    path = Path(path or next(filter(Path.exists, PLACES), PLACES[0]))
    try:
        with np.load(path) as file:
            images, labels = file["images"], file["labels"]
    except FileNotFoundError:
        raise DigitsError(f"There is no file {path}: put it there, or name another with --data.") from None
    except (KeyError, OSError, TypeError, ValueError, zipfile.BadZipFile):
        # numpy takes a plain array, too, but that is no archive with names in it: a TypeError.
        raise DigitsError(f"{path} is no .npz file with the arrays `images` and `labels`.") from None
    if (hidden := path.with_name("hidden_index.txt")).exists():
        indices = np.loadtxt(hidden, dtype=int)
        images, labels = np.delete(images, indices, axis=0), np.delete(labels, indices)
    if len(images) <= VALIDATION:
        raise DigitsError(f"{path} has {len(images)} digits: too few, {VALIDATION} are for validation alone.")
    return images, labels


def xavier(rng, fan_in, *shape):
    """A new Param of random weights; fan_in: how many inputs each output sums over.

    Their variance is 1 / fan_in, so that the numbers neither grow nor shrink from layer to layer.
    """
    limit = np.sqrt(3 / fan_in)
    return _param(rng.uniform(-limit, limit, shape))


def zeros(*shape):
    """A new Param of zeros: a bias."""
    return _param(np.zeros(shape))


def _param(start):
    param = edf.Param()
    param.set(start)
    return param


def run(network, image_shape, description, lr, momentum, epochs):
    """The whole script: train `network` on images of `image_shape` as the command line says.

    network(x, rng): makes the Params and the operations on the images x, returns the node of the logits.
    description: the first line is shown by --help. lr, momentum, epochs: defaults.
    """
    parser = argparse.ArgumentParser(description=description.partition("\n")[0])
    add = parser.add_argument
    add("--data", metavar="FILE", help="the digits (default: mnist.npz beside this script)")
    add("--epochs", metavar="N", type=_count, default=epochs, help="passes over the digits (%(default)s)")
    add("--steps", metavar="N", type=_count, help="stop after N steps, if that is sooner")
    add("--lr", metavar="LR", type=float, default=lr, help="learning rate (%(default)s)")
    add("--momentum", metavar="MOM", type=float, default=momentum, help="0 means plain SGD (%(default)s)")
    add("--batch", metavar="B", type=_count, default=50, help="digits in a step (%(default)s)")
    add("--seed", metavar="S", type=_count, default=1, help="of weights and shuffling (%(default)s)")
    options = parser.parse_args()
    try:
        images, labels = load_digits(options.data)
    except DigitsError as error:
        sys.exit(str(error))
    # From bytes to numbers between 0 and 1.
    train(network, (images / np.float32(255)).reshape(-1, *image_shape), labels, options)


def train(network, images, labels, options):
    """Train a network, and print how it does."""
    rng = np.random.default_rng(options.seed)
    x, y = edf.Value(), edf.Value()
    logits = network(x, rng)
    loss = edf.mean(edf.smaxloss(logits, y))
    right = edf.mean(edf.accuracy(logits, y))
    if options.momentum:
        edf.init_momentum()

    def forward(chosen):
        """Run the network on some of the digits; returns (loss, share that it gets right)."""
        x.set(images[chosen])
        y.set(labels[chosen])
        edf.Forward()
        return float(loss.top), float(right.top)

    training, validation = np.split(np.arange(len(images)), [-VALIDATION])
    step, since = 0, []  # since: (loss, accuracy) of the steps since the last line
    print("epoch   step     loss   training   validation", flush=True)
    for epoch in range(1, options.epochs + 1):
        for batch in batches(rng.permutation(training), options.batch):
            # Only now: the line of an epoch's last steps waits for the validation.
            if len(since) == STEPS_PER_LINE:
                print(_line(epoch, step, since), flush=True)
                since = []
            since.append(forward(batch))
            edf.Backward(loss)
            if options.momentum:
                edf.momentum(options.lr, options.momentum)
            else:
                edf.SGD(options.lr)
            step += 1
            if step == options.steps:
                break
        # In batches too: the images of all 1,000 between two layers take much memory.
        parts = batches(validation, options.batch)
        correct = sum(forward(part)[1] * len(part) for part in parts)
        print(_line(epoch, step, since) + f"{correct / VALIDATION:13.1%}", flush=True)
        since = []
        if step == options.steps:
            break


def batches(order, size):
    """The indices in `order`, cut into arrays of `size`; the last may be shorter."""
    return [order[start : start + size] for start in range(0, len(order), size)]


def _line(epoch, step, since):
    """A line of the table; loss and training accuracy are means over the steps since the last one."""
    loss, right = np.mean(since, axis=0)
    return f"{epoch:5}{step:7}{loss:9.4f}{right:11.1%}"


def _count(text):
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number above 0")
    return int(text)
