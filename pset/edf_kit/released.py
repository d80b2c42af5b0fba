"""Reads release.json: what this folder is a release of, and the hashes of all that was handed out in it."""

import hashlib
import json
from pathlib import Path

from edf_kit.answers.names import DEFINITIONS
from edf_kit.answers.notebook import parse, unify_newlines

RELEASE = Path("edf_kit", "release.json")


class ReleaseError(Exception):
    """A folder that is no release, or not the one that is needed; the message says what to do."""


def read_release(folder):
    """The release.json of a release's folder. Raises ReleaseError."""
    folder = Path(folder)
    try:
        release = json.loads((folder / RELEASE).read_text(encoding="utf-8"))
        if isinstance(release["cells"], dict) and isinstance(release["definitions"], dict):
            return release
    except FileNotFoundError:
        raise ReleaseError(f"{folder} is no release: it has no {RELEASE.as_posix()}.") from None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        pass
    raise ReleaseError(f"{folder / RELEASE} can't be read: unpack the release once more.")


def stubs_of(release):
    """The dotted names of all stubs of a release."""
    return [stub for exercise in release["exercises"] for stub in exercise["stubs"]]


def source_hash(text):
    """SHA-256 of a text with plain line ends, hexadecimal: that of a cell or a definition in release.json."""
    return hashlib.sha256(unify_newlines(text).encode("utf-8", "surrogatepass")).hexdigest()


def definition_sources(text):
    """{name: source, with its decorators} of the top-level functions and classes of an edf.py. Raises CellError."""
    text = unify_newlines(text)
    return {
        name: "\n".join(text.split("\n")[first - 1 : last])
        for name, (first, last) in definition_lines(text).items()
    }


def definition_lines(text):
    """{name: (first line, last line)} of the top-level functions and classes of an edf.py. Raises CellError."""
    return {
        node.name: (min([node.lineno, *(d.lineno for d in node.decorator_list)]), node.end_lineno)
        for node in parse(text).body
        if isinstance(node, DEFINITIONS)
    }
