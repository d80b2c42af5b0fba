"""A class's folder, or the zip of one, as a tree that both look the same in."""

import contextlib
import dataclasses
import os
import stat
from pathlib import Path

from autograder.intake.archive import MAX_CLASS_ENTRIES, Archive, ArchiveError
from autograder.intake.submission import Broken, IntakeError, is_left_behind, shown

MAX_DEPTH = 4
MAX_NODES = 2 * MAX_CLASS_ENTRIES  # files and folders: a long path is one entry, and many folders
FILE, FOLDER, LINK, OTHER = "a file", "a folder", "a link", "a device or pipe"


@dataclasses.dataclass(frozen=True)
class File:
    """A file of a submission. name: its path in there; kind: FILE, or what it is instead; size: in bytes.

    read(limit): its bytes, at most `limit` of them. Raises Broken, OSError.
    """

    name: str
    kind: str
    size: int
    read: callable


class DiskNode:
    """A file or folder on the disk. path: where it is; member: None, as it is in no zip."""

    member = None

    def __init__(self, path, name=None, kind=FOLDER):
        self.path, self.name, self.kind = Path(path), name or Path(path).name, kind

    def children(self):
        """What is in a folder, in alphabetical order."""
        entries = sorted(os.scandir(self.path), key=lambda e: e.name)
        return [DiskNode(e.path, e.name, _kind(e.stat(follow_symlinks=False).st_mode)) for e in entries]


class ZipNode:
    """A file or folder in the zip at `path`; member: its name in there."""

    def __init__(self, path, name, member, kind=FOLDER):
        self.path, self.name, self.member, self.kind = path, name, member, kind
        self._children = {}

    def children(self):
        """What is in a folder, in alphabetical order."""
        return [self._children[name] for name in sorted(self._children)]

    def insert(self, parts):
        """Add a file, by the parts of its path below this folder. Returns how many nodes that makes."""
        node, made = self, 0
        for depth, part in enumerate(parts, start=1):
            child = node._children.get(part)
            if child is None:
                kind = FILE if depth == len(parts) else FOLDER
                child = ZipNode(self.path, part, f"{node.member}/{part}".lstrip("/"), kind)
                node._children[part] = child
                made += 1
            node = child
        return made


def open_class(path):
    """(root of a class's folder or zip, [(name, reason)] of what in it can't be used). Raises IntakeError."""
    path = Path(path)
    if path.is_dir():
        return DiskNode(path, os.path.basename(os.path.abspath(path))), []
    if not path.is_file():
        raise IntakeError(
            f"There is no folder {path}. Name the one that holds the submissions, or a zip of it."
        )
    if path.suffix.lower() != ".zip":
        raise IntakeError(f"{path} is neither a folder nor a .zip of one.")
    root, refused = ZipNode(path, path.name, ""), []
    try:
        with open(path, "rb") as file:
            members = Archive(file, MAX_CLASS_ENTRIES).members
    except ArchiveError as error:
        raise IntakeError(f"{path} can't be used: {error.message}.") from None
    except OSError as error:
        raise IntakeError(f"{path} can't be read: {error.strerror}.") from None
    nodes = 0
    for member in members:
        if member.is_unsafe:
            refused.append((shown(member.name), member.problem.message))
        else:
            nodes += root.insert(member.name.split("/"))
        if nodes > MAX_NODES:
            raise IntakeError(f"{path} can't be used: it has more than {MAX_NODES:,} files and folders.")
    return root, refused


def files_below(part, stack):
    """The `File`s of a submission.Part, in alphabetical order. stack: an ExitStack that outlives them."""
    if part.member is not None:
        return _files_in_zip(part, stack)
    status = os.lstat(part.path)
    if stat.S_ISDIR(status.st_mode):
        prefix = f"{part.name}/" if part.name else ""
        return [_disk_file(path, prefix + os.path.relpath(path, part.path)) for path in _walk(part.path)]
    return [_disk_file(part.path, part.name or part.path.name)]


def _files_in_zip(part, stack):
    found = []
    archive = Archive(stack.enter_context(open(part.path, "rb")), MAX_CLASS_ENTRIES)
    for member in archive.members:
        if member.name == part.member:
            name = part.name or member.name.rpartition("/")[2]
        elif member.name.startswith(f"{part.member}/"):
            name = f"{part.name}/{member.name[len(part.member) + 1 :]}".lstrip("/")
        else:
            continue
        if not member.is_unsafe and not any(is_left_behind(folder) for folder in name.split("/")):
            found.append(zip_file(archive, member, name))
    return sorted(found, key=lambda file: file.name)


def zip_file(archive, member, name, zip_name="the zip"):
    """A member of a zip as a `File` of this name. zip_name: what to call the zip in a verdict."""

    def read(limit):
        with broken_zip(zip_name):
            return archive.read(member, limit)

    return File(name, FILE, member.size, read)


@contextlib.contextmanager
def broken_zip(zip_name="the zip"):
    """What is refused about a zip, as a verdict on the submission."""
    try:
        yield
    except ArchiveError as error:
        raise Broken(error.status, f"{zip_name}: {error.message}") from None


def _walk(folder, depth=0):
    """Paths of everything in `folder` but folders, in alphabetical order."""
    for entry in sorted(os.scandir(folder), key=lambda e: e.name):
        if is_left_behind(entry.name):
            continue
        if not entry.is_dir(follow_symlinks=False):
            yield Path(entry.path)
        elif depth < MAX_DEPTH:
            yield from _walk(entry.path, depth + 1)


def _disk_file(path, name):
    status = os.lstat(path)

    def read(limit):
        # A link or a pipe put in the file's place since it was looked at must neither lead away nor block.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(descriptor, "rb") as file:
            return file.read(limit + 1)[:limit]

    return File(name, _kind(status.st_mode), status.st_size, read)


def _kind(mode):
    if stat.S_ISLNK(mode):
        return LINK
    if stat.S_ISDIR(mode):
        return FOLDER
    return FILE if stat.S_ISREG(mode) else OTHER
