"""Draws the hidden inputs of a check: the same for every student of a course, unknown to all of them."""

import hashlib

import numpy as np


class Draw:
    """The inputs of one check, drawn from a keyed hash of the course secret and the check's name.

    All arrays are float32 unless said otherwise, so that the reference in float64 starts from the very
    numbers that the student's code gets.
    """

    def __init__(self, secret, exercise_id, check_id):
        key = hashlib.blake2b(f"{exercise_id}/{check_id}".encode(), key=secret, digest_size=32)
        self.rng = np.random.default_rng(int.from_bytes(key.digest(), "big"))

    def sizes(self, sizes, small):
        """Those of `sizes` that a check is to try: here all; see SimpleDraw for `small`."""
        return sizes

    def normal(self, *shape):
        """Independent standard normal numbers."""
        return self.rng.standard_normal(shape).astype(np.float32)

    def off_zero(self, *shape, margin=0.05):
        """Normal numbers whose magnitude is at least `margin`: away from RELU's kink."""
        x = self.rng.standard_normal(shape)
        return (np.sign(x) * (np.abs(x) + margin)).astype(np.float32)

    def distinct(self, *shape, step=0.1):
        """A shuffled grid around 0: no two elements closer than `step`, none closer to 0 than step / 2."""
        count = int(np.prod(shape))
        grid = (np.arange(count) - count // 2 + 0.5) * step
        return self.rng.permutation(grid).reshape(shape).astype(np.float32)

    def labels(self, count, classes):
        """`count` whole numbers from 0 to classes − 1, as float32; neither all equal nor sorted."""
        labels = self.rng.integers(classes, size=count)
        if count > 1:
            labels[:2] = (classes - 1, 0)
        return labels.astype(np.float32)

    def uniform(self, limit, *shape):
        """Independent numbers, uniform in [−limit, limit)."""
        return self.rng.uniform(-limit, limit, shape).astype(np.float32)

    def batches(self, count, size, population):
        """`count` batches of `size` distinct indices below `population`: whole passes, each shuffled."""
        passes = -(-count * size // population)
        order = np.concatenate([self.rng.permutation(population) for _ in range(passes)])
        return order[: count * size].reshape(count, size)


class EndOfLadder(Exception):
    """A SimpleDraw was asked for sizes that its rung is beyond."""


class SimpleDraw(Draw):
    """Small inputs of short numbers, for showing a failure: the same for everyone, and no secret in them.

    rung: the place, from 0, in a check's ladder of sizes: its `small` ones, the smallest first, then those
    that it tries otherwise. Raises EndOfLadder when asked for sizes beyond.
    """

    SHORT = np.array([-3, -2, -1.5, -1, -0.5, 0.5, 1, 1.5, 2, 3])

    def __init__(self, rung):
        self.rng = np.random.default_rng(rung)
        self.rung = rung
        self.has_sizes = False  # whether the check has asked for any

    def sizes(self, sizes, small):
        """The size at this rung of the ladder, alone."""
        self.has_sizes = True
        ladder = [*small, *sizes]
        if self.rung >= len(ladder):
            raise EndOfLadder
        return [ladder[self.rung]]

    def normal(self, *shape):
        """Short numbers, none of them 0."""
        return self.rng.choice(self.SHORT, shape).astype(np.float32)

    def off_zero(self, *shape, margin=0.05):
        """The same: 0 is not among them."""
        return self.normal(*shape)

    def distinct(self, *shape, step=0.1):
        """A shuffled grid around 0, a whole step apart."""
        return super().distinct(*shape, step=1)

    def uniform(self, limit, *shape):
        """Halves of the limit, none of them 0."""
        return (limit * self.rng.choice([-1, -0.5, 0.5, 1], shape)).astype(np.float32)

    def batches(self, count, size, population):
        """A training run has no small case: raises EndOfLadder."""
        raise EndOfLadder
