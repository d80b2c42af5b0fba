"""Download the full MNIST data set (70,000 digits) to data/mnist_full.npz.

    pip install pooch tqdm
    python data/fetch_full.py

The file is the one the Keras library uses, about 11 MB. It holds x_train
(60000, 28, 28), y_train (60000,), x_test (10000, 28, 28) and y_test
(10000,), all uint8. Nothing in the problem sets needs it.
"""

import argparse
import sys
from pathlib import Path

URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"
TARGET = Path(__file__).resolve().parent / "mnist_full.npz"
TIMEOUT = 30


class FetchError(RuntimeError):
    """The file could not be had; the message says why and what to do."""


def has_tqdm():
    """Return whether tqdm, which draws the progress bar, can be imported."""
    try:
        import tqdm  # noqa: F401
    except ImportError:
        return False
    return True


def fetch(url=URL, known_hash=SHA256, target=TARGET):
    """Download `url` to the path `target` and return it as a Path.

    `known_hash` is the SHA-256 of the file in hex. A target that already has
    it is left alone and nothing is downloaded. The target appears only once
    the whole file has arrived and its hash is right.

    Raises FetchError if pooch is missing, the server cannot be reached or
    refuses, the hash is wrong, or the target cannot be written. Raises
    ValueError if `known_hash` is empty, since that would turn the check off.
    """
    if not known_hash:
        raise ValueError("known_hash must be the SHA-256 of the file")
    try:
        import pooch
        import requests
    except ImportError as error:
        raise FetchError(
            f"the download needs the library {error.name}: run 'pip install pooch tqdm' and try again"
        ) from error

    bar = has_tqdm()
    if not bar:
        print("no progress bar: tqdm is not installed", file=sys.stderr)
    target = Path(target)
    try:
        pooch.retrieve(
            url,
            known_hash=known_hash,
            fname=target.name,
            path=target.parent,
            downloader=pooch.HTTPDownloader(progressbar=bar, timeout=TIMEOUT),
        )
    except requests.HTTPError as error:
        raise FetchError(f"the server refused {url}: {error}") from error
    # The order matters: some of requests' errors are also ValueError, and all
    # of them are OSError.
    except requests.RequestException as error:
        raise FetchError(f"cannot download {url}: is this computer online? ({error})") from error
    except ValueError as error:
        raise FetchError(f"the file at {url} is not the expected one, and was not kept: {error}") from error
    except OSError as error:
        raise FetchError(f"cannot write {target}: {error}") from error
    return target


def main(argv=None):
    parser = argparse.ArgumentParser(description="Download the full MNIST data set.")
    parser.add_argument("--url", default=URL)
    parser.add_argument("--sha256", default=SHA256, help="of the file at the URL")
    parser.add_argument("--target", type=Path, default=TARGET)
    args = parser.parse_args(argv)
    try:
        path = fetch(args.url, args.sha256, args.target)
    except (FetchError, ValueError) as error:
        print(f"fetch_full: {error}", file=sys.stderr)
        return 1
    print(f"{path}: {path.stat().st_size:,} bytes, SHA-256 checked")
    return 0


if __name__ == "__main__":
    sys.exit(main())
