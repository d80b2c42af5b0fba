"""Draw the 1,000 hidden digits of mnist_10k.npz and write hidden_index.txt.

python data/make_split.py            # write the file
python data/make_split.py --check    # compare only
"""

import argparse
import hashlib
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
DIGITS = HERE / "mnist_10k.npz"
TARGET = HERE / "hidden_index.txt"
HIDDEN = 1000
SEED = 60000


def shares(counts, total):
    """Divide `total` places over classes in proportion to `counts`.

    `counts` is a 1-D integer array; returns an int64 array of the same shape
    that sums to `total`, each entry less than 1 away from its exact share
    (the largest-remainder method; among equal remainders the lower class
    gets the place).
    """
    counts = np.asarray(counts, dtype=np.int64)
    # Whole numbers all through: with floats, equal remainders might not
    # compare equal.
    places, remainder = np.divmod(counts * total, counts.sum())
    first = np.argsort(-remainder, kind="stable")
    places[first[: total - places.sum()]] += 1
    return places


def draw(labels, total=HIDDEN, seed=SEED):
    """Draw a stratified sample of `total` positions in `labels`.

    `labels` is a 1-D array of class numbers 0..9; returns the positions as
    an ascending int64 array of shape (total,).
    """
    # RandomState rather than default_rng: NumPy promises that its stream
    # stays the same in later versions.
    rng = np.random.RandomState(seed)
    counts = np.bincount(labels, minlength=10)
    chosen = [
        rng.permutation(np.flatnonzero(labels == digit))[:places]
        for digit, places in enumerate(shares(counts, total))
    ]
    return np.sort(np.concatenate(chosen)).astype(np.int64)


def main(argv=None):
    parser = argparse.ArgumentParser(description="Make data/hidden_index.txt.")
    parser.add_argument("--check", action="store_true", help="compare with the file, write nothing")
    args = parser.parse_args(argv)

    with np.load(DIGITS) as data:
        index = draw(data["labels"])
    raw = "".join(f"{i}\n" for i in index).encode("ascii")
    print(f"{hashlib.sha256(raw).hexdigest()}  {TARGET.name}")
    if args.check:
        same = TARGET.read_bytes() == raw
        print(f"{TARGET.name}: {'identical' if same else 'differs'}")
        return 0 if same else 1
    TARGET.write_bytes(raw)
    return 0


if __name__ == "__main__":
    sys.exit(main())
