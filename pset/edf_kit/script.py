"""What mnist.py and mnist_conv.py share: the command line and the training loop."""

import argparse
import sys

import numpy as np

from edf_kit.digits import DigitsError, batches, load_training

STEPS_PER_LINE = 20


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
        training, validation = load_training(image_shape, options.data)
    except DigitsError as error:
        sys.exit(str(error))
    train(network, training, validation, options)


def train(network, training, validation, options):
    """Train a network, and print how it does.

    training, validation: (images, labels). options: what the command line says.
    """
    import edf

    rng = np.random.default_rng(options.seed)
    x, y = edf.Value(), edf.Value()
    logits = network(x, rng)
    loss = edf.mean(edf.smaxloss(logits, y))
    right = edf.mean(edf.accuracy(logits, y))
    if options.momentum:
        edf.init_momentum()

    def forward(digits, chosen):
        """Run the network on some of the digits; returns (loss, share that it gets right)."""
        images, labels = digits
        x.set(images[chosen])
        y.set(labels[chosen])
        edf.Forward()
        return np.asarray(loss.top).item(), np.asarray(right.top).item()

    step, since = 0, []  # since: (loss, accuracy) of the steps since the last line
    print("epoch   step     loss   training   validation", flush=True)
    for epoch in range(1, options.epochs + 1):
        for batch in batches(rng.permutation(len(training[0])), options.batch):
            # Only now: the line of an epoch's last steps waits for the validation.
            if len(since) == STEPS_PER_LINE:
                print(_line(epoch, step, since), flush=True)
                since = []
            since.append(forward(training, batch))
            edf.Backward(loss)
            if options.momentum:
                edf.momentum(options.lr, options.momentum)
            else:
                edf.SGD(options.lr)
            step += 1
            if step == options.steps:
                break
        # In batches too: the images of all 1,000 between two layers take much memory.
        parts = batches(np.arange(len(validation[0])), options.batch)
        correct = sum(forward(validation, part)[1] * len(part) for part in parts)
        print(_line(epoch, step, since) + f"{correct / len(validation[0]):13.1%}", flush=True)
        since = []
        if step == options.steps:
            break


def _line(epoch, step, since):
    """A line of the table; loss and training accuracy are means over the steps since the last one."""
    loss, right = np.mean(since, axis=0)
    return f"{epoch:5}{step:7}{loss:9.4f}{right:11.1%}"


def _count(text):
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number above 0")
    return int(text)
