"""Intake: finds what each student handed in, and says in a sentence what can't be graded, and why.

A class is a folder with one folder, or one .py file, a student. Nothing here runs or even parses what was
handed in; links are not followed, and everything is bounded in size and number.
"""

import dataclasses
import hashlib
import os
import stat
from pathlib import Path

MODULE = "edf.py"
MAX_MODULE_BYTES = 1 << 20
MAX_EXTRA_BYTES = 20 << 20
MAX_EXTRA_FILES = 200
MAX_DEPTH = 4
# What operating systems and editors leave behind.
IGNORED = {"__MACOSX", "__pycache__", ".git", ".ipynb_checkpoints", "Thumbs.db", "desktop.ini"}


class IntakeError(Exception):
    """The folder of submissions itself can't be used; the message says what to do."""


class Broken(Exception):
    """A submission that can't be graded: `status`, a few words, and a message for the student."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status, self.message = status, message


@dataclasses.dataclass(frozen=True)
class Submission:
    """What one student handed in. student: their name, that of their folder or file; path: where it is."""

    student: str
    path: Path


@dataclasses.dataclass(frozen=True)
class Contents:
    """The files of a submission that go into the sandbox.

    files: bytes by relative path, edf.py among them. notes: what was done on the way, for the report.
    """

    files: dict
    notes: tuple

    def digest(self):
        """SHA-256 of all names and bytes, hexadecimal."""
        hashed = hashlib.sha256()
        for name, data in sorted(self.files.items()):
            encoded = name.encode()
            hashed.update(b"%d %d " % (len(encoded), len(data)) + encoded + data)
        return hashed.hexdigest()

    def write_to(self, folder):
        """Write the files below `folder`, readable by anybody."""
        for name, data in self.files.items():
            target = Path(folder, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)


def find_submissions(folder):
    """The submissions in a class's folder, in alphabetical order. Raises IntakeError."""
    folder = Path(folder)
    if not folder.is_dir():
        raise IntakeError(f"There is no folder {folder}. Name the one that holds the submissions.")
    if (folder / MODULE).exists():
        raise IntakeError(f"{folder} is a single submission. Name the folder above it, that of the class.")
    found = {}
    for entry in sorted(os.scandir(folder), key=lambda e: e.name):
        if _is_ignored(entry.name):
            continue
        is_folder = entry.is_dir(follow_symlinks=False)
        if is_folder or entry.name.endswith(".py"):
            name = entry.name if is_folder else entry.name.removesuffix(".py")
            # A folder and a file of the same name are two submissions.
            student = _printable(name if name not in found else entry.name)
            found[student] = Submission(student, Path(entry.path))
    if not found:
        raise IntakeError(f"{folder} holds no submissions: no folders, and no .py files.")
    return list(found.values())


def read_submission(submission):
    """The `Contents` of a submission. Raises Broken if there is nothing in it that can be graded."""
    if stat.S_ISDIR(os.lstat(submission.path).st_mode):
        paths = list(_walk(submission.path))
        module = _find_module(submission.path, paths)
    else:
        paths = [submission.path]
        module = submission.path
    notes = []
    if module.name != MODULE:
        notes.append(f"{_printable(module.name)} was taken as {MODULE}")
    files = {MODULE: _read_module(module)}
    room = MAX_EXTRA_BYTES
    for path in paths:
        if path == module:
            continue
        # Relative to edf.py, so that its imports find them wherever the student's folder begins.
        name = os.path.relpath(path, module.parent)
        if reason := _why_not(path, name, room, len(files)):
            notes.append(f"{_printable(name)} was left out: {reason}")
            continue
        files[name] = _read(path, room)
        room -= len(files[name])
    return Contents(files, tuple(notes[:50]))


def _walk(folder, depth=0):
    """Paths of everything in `folder` but folders, in alphabetical order."""
    for entry in sorted(os.scandir(folder), key=lambda e: e.name):
        if _is_ignored(entry.name):
            continue
        if not entry.is_dir(follow_symlinks=False):
            yield Path(entry.path)
        elif depth < MAX_DEPTH:
            yield from _walk(entry.path, depth + 1)


def _find_module(folder, paths):
    """The file that is meant as edf.py: of that name, or the only Python file. Raises Broken."""
    python = [path for path in paths if path.suffix == ".py"]
    named = [path for path in python if path.name == MODULE]
    top = [path for path in named if path.parent == folder]
    if len(top or named) == 1:
        return (top or named)[0]
    if named:
        raise Broken("several edf.py", f"there are {len(named)} files {MODULE}, in several folders")
    if len(python) == 1:
        return python[0]
    there = ", ".join(_printable(path.name) for path in paths[:5]) or "nothing"
    raise Broken("missing", f"there is no {MODULE} in the submission; found: {there}")


def _read_module(path):
    mode = os.lstat(path).st_mode
    if not stat.S_ISREG(mode):
        raise Broken("not a file", f"{MODULE} is {_kind(mode)}, not a file")
    if (size := os.lstat(path).st_size) > MAX_MODULE_BYTES:
        raise Broken("too large", f"{MODULE} has {size / 2**20:.1f} MB; at most 1 MB is read")
    data = _read(path, MAX_MODULE_BYTES)
    if not data.strip():
        raise Broken("empty", f"{MODULE} is empty")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Broken("not UTF-8", f"{MODULE} is UTF-16 text; save it as UTF-8")
    if b"\0" in data:
        raise Broken("binary", f"{MODULE} is no text: it has null bytes in it")
    try:
        data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise Broken("not UTF-8", f"{MODULE} is not UTF-8 text (line {line}); save it as UTF-8") from None
    return data


def _read(path, limit):
    # A link or a pipe put in the file's place since it was looked at must neither lead away nor block.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with open(descriptor, "rb") as file:
        return file.read(limit + 1)[:limit]


def _why_not(path, name, room, count):
    """Why an extra file is not taken along; None if it is."""
    information = os.lstat(path)
    if not stat.S_ISREG(information.st_mode):
        return f"it is {_kind(information.st_mode)}"
    if name.startswith(".."):
        return f"it lies above {MODULE}"
    if not name.isprintable():
        return "its name can't be printed"
    if count >= MAX_EXTRA_FILES:
        return f"there are more than {MAX_EXTRA_FILES} files"
    if information.st_size > room:
        return f"all files together are larger than {MAX_EXTRA_BYTES >> 20} MB"
    return None


def _kind(mode):
    if stat.S_ISLNK(mode):
        return "a link"
    return "a folder" if stat.S_ISDIR(mode) else "a device or pipe"


def _is_ignored(name):
    return name in IGNORED or name.startswith("._") or name == ".DS_Store"


def _printable(name):
    """A file's name as text that can be shown: no control characters, nothing that is not Unicode."""
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
