"""What intake passes on: who handed in what and when, the files of it, and why there are none."""

import dataclasses
import datetime
import hashlib
import os
from pathlib import Path

from autograder.errors import Refusal

MODULE = "edf.py"
# What operating systems and editors leave behind.
LEFT_BEHIND = {
    "__MACOSX",
    "__pycache__",
    ".git",
    ".ipynb_checkpoints",
    ".DS_Store",
    "Thumbs.db",
    "desktop.ini",
}


class IntakeError(Refusal):
    """The folder of submissions, or the roster, can't be used; the message says what to do."""


class Broken(Exception):
    """A submission that can't be graded: `status`, a few words, and a message for the student."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status, self.message = status, message


@dataclasses.dataclass(frozen=True)
class Part:
    """A file or folder that was handed in, and where it lies.

    name: what it is called in the submission; "" for a folder that is the submission. path: where it is; with a
    `member`, that of the class's zip, and `member` its name in there.
    """

    name: str
    path: Path
    member: str | None = None


@dataclasses.dataclass(frozen=True)
class Submission:
    """What one student handed in at one time.

    student: their name, unique in the class. path: where it is. parts: what it consists of; the whole of `path`
    if there are none. attempt: what tells it from the student's others; "" if it is the only one. when: time of
    handing in, with a time zone, or None if it is not known. late: what the learning management system says of
    that, or None. lms: "canvas", "moodle" or ""; lms_id and lms_name: the student's id and name in there.
    could_be: the ids in there of all whose it could be, if its name does not tell; `student` is then nobody's name.
    """

    student: str
    path: Path
    parts: tuple = ()
    attempt: str = ""
    when: datetime.datetime | None = None
    late: bool | None = None
    lms: str = ""
    lms_id: str = ""
    lms_name: str = ""
    could_be: tuple = ()

    @property
    def doubt(self):
        """A sentence on whose it could be, if that can't be told; "" if it can."""
        return self.could_be and f"whose it is can't be told: could be {' or '.join(self.could_be)}" or ""


@dataclasses.dataclass(frozen=True)
class Contents:
    """The files of a submission.

    files: bytes by relative path, for the sandbox; edf.py is among them, once nothing is left in `notebooks`:
    bytes by name. cells: for each definition that was taken from a notebook, where it was. notes: what was done
    on the way, for the report.
    """

    files: dict
    notes: tuple
    notebooks: dict = dataclasses.field(default_factory=dict)
    cells: dict = dataclasses.field(default_factory=dict)

    def digest(self):
        """SHA-256 of all names and bytes, hexadecimal."""
        hashed = hashlib.sha256()
        for name, data in sorted(self.files.items()) + sorted(self.notebooks.items()):
            encoded = name.encode()
            hashed.update(b"%d %d " % (len(encoded), len(data)) + encoded + data)
        return hashed.hexdigest()

    def write_to(self, folder):
        """Write the files below `folder`, readable by anybody."""
        for name, data in self.files.items():
            target = Path(folder, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)


def is_left_behind(name):
    """True of what operating systems and editors put into folders and zips by themselves."""
    return name in LEFT_BEHIND or name.startswith("._")


def printable(name):
    """A file's name as text that can be shown: no control characters, nothing that is not Unicode."""
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def shown(name, limit=100):
    """A file's name for a sentence: `printable`, and not too long."""
    text = printable(name)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
