"""Carries whole files: copies those of the student's own, names those handed out that they changed.

Also how carry writes a file: in one step, and never over work.
"""

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from edf_kit.answers.notebook import unify_newlines
from edf_kit.carry_module import COPIED, LEFT, THERE, Done
from edf_kit.released import RELEASE

MAX_BYTES = 5_000_000
NO_WORK = {"__pycache__", "outputs"}  # folders, beside hidden ones and virtual environments
KIT = "edf_kit"
ALL = "all of it"
TEXTS = {".py", ".ipynb", ".txt", ".md"}
BACKUP = ".before-carry"


def carry_files(old, new, was, handled, dry_run=False):
    """Carry the files of the folder `old` that are not handled cell by cell: a list of Done.

    was: the old release. handled: names of files to leave out. dry_run: change no file.
    """
    done = []
    for path in sorted(_files(old)):
        name = path.relative_to(old).as_posix()
        if name in handled or BACKUP in path.name:
            continue
        try:
            if found := _carry_file(path, name, old, new / name, was.get("files"), dry_run):
                done.append(found)
        except OSError as error:
            note = f"it can't be copied ({error.strerror or error}): copy it by hand from {old}"
            done.append(Done(name, ALL, LEFT, note))
    return done


def _files(folder):
    """The regular files of a folder that may be work, in folders below it too, but not in other releases."""
    for place, folders, files in os.walk(folder):
        place = Path(place)
        folders[:] = [
            name
            for name in folders
            if not name.startswith(".") and name not in NO_WORK
            if not (place / name / "pyvenv.cfg").exists() and not (place / name / RELEASE).exists()
        ]
        for name in files:
            path = place / name
            if not name.startswith(".") and path.is_file() and not path.is_symlink():
                yield path


def _carry_file(path, name, old, target, files, dry_run):
    """The Done of one file, or None if there is nothing to say. files: hashes of the old release's, or None."""
    is_released, is_kit = name in (files or ()), name.startswith(f"{KIT}/")
    if is_kit and not is_released:
        return None
    if files is None and (path.suffix not in TEXTS or target.exists()):
        return None  # without a list, these may be the release's own
    if not is_released and path.stat().st_size > MAX_BYTES:
        note = f"it is larger than 5 MB: copy it by hand from {old}"
        return None if target.exists() else Done(name, ALL, LEFT, note)
    data = path.read_bytes()
    if is_released and files[name] in _hashes(data):
        return None
    if target.is_file() and target.read_bytes() == data:
        return Done(name, ALL, THERE)
    if not is_kit and not target.exists():
        if not dry_run:
            target.parent.mkdir(parents=True, exist_ok=True)
            replace_file(target, data, path)
        return Done(name, ALL, COPIED, "you changed it" if is_released else "a file of your own")
    if is_released:
        return Done(name, ALL, LEFT, f"you changed it: the release's own is kept here, yours is in {old}")
    return Done(name, ALL, LEFT, f"another file of that name is here: compare it by hand with {path}")


def _hashes(data):
    """SHA-256 of a file, and, if it is text, of that text with plain line ends: editors change these."""
    found = {hashlib.sha256(data).hexdigest()}
    try:
        found.add(hashlib.sha256(unify_newlines(data.decode("utf-8-sig")).encode()).hexdigest())
    except UnicodeDecodeError:
        pass
    return found


def backup_of(path):
    """Where the version before of a file is to be kept: a name that is free."""
    backup, count = path.with_name(path.name + BACKUP), 1
    while backup.exists():
        count += 1
        backup = path.with_name(f"{path.name}{BACKUP}-{count}")
    return backup


def replace_file(path, data, like):
    """Write a file in one step, with the permissions of the file `like`."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        shutil.copymode(like, temporary)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
