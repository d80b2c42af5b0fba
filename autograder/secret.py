"""The course secret: it draws the hidden inputs, so nobody who lacks it can know them."""

import hashlib
import os
import secrets
import tempfile
from pathlib import Path

from autograder.errors import Refusal
from autograder.paths import ROOT

FILE = ROOT / ".course-secret"
SIZE = 32


class SecretError(Refusal):
    """The file of the secret can't be used; the message says what to do."""


def course_secret(path=FILE):
    """The secret's bytes, and True if it was made just now. Raises SecretError.

    The file holds them in hexadecimal, readable by its owner alone.
    """
    path = Path(path)
    if os.path.lexists(path):
        return _read(path), False
    secret = secrets.token_bytes(SIZE)
    try:
        with tempfile.NamedTemporaryFile("w", prefix=f"{path.name}.", dir=path.parent) as file:
            file.write(secret.hex() + "\n")
            file.flush()
            os.fsync(file.fileno())
            # It is there whole or not at all; of two runs that start at once, one makes it and the other reads it.
            try:
                os.link(file.name, path)
            except FileExistsError:
                raise
            except OSError:  # FAT and some network drives have no hard links
                _write_new(path, secret)
    except FileExistsError:
        return _read(path), False
    except OSError as error:
        raise SecretError(f"The course secret {path} can't be made: {error.strerror}.") from None
    return secret, True


def known_secret(path):
    """The bytes of a secret that submissions were graded with. Raises SecretError if it is not there."""
    if not os.path.lexists(path):
        raise SecretError(
            f"The course secret {path} is gone: restore it from your backup, or name it (--secret)."
        )
    return _read(Path(path))


def _write_new(path, secret):
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secret.hex() + "\n")


def _read(path):
    try:
        secret = bytes.fromhex(path.read_text(encoding="ascii"))
    except OSError as error:
        raise SecretError(f"The course secret {path} can't be read: {error.strerror}.") from None
    except ValueError:
        secret = b""
    if len(secret) != SIZE:
        raise SecretError(
            f"{path} is no course secret ({2 * SIZE} hexadecimal digits). Restore it from your backup; "
            "if there is none, delete it, and all submissions are graded anew with another one."
        )
    return secret


def fingerprint(secret):
    """Twelve characters that tell one secret from another, and do not give it away."""
    return hashlib.blake2b(secret, person=b"fingerprint", digest_size=6).hexdigest()
