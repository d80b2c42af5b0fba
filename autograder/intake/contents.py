"""From a submission to its `Contents`: its files, zips unpacked, and which of them is meant as edf.py."""

import contextlib
import io
import itertools
import posixpath

from autograder.intake.archive import Archive, refuse_clashes
from autograder.intake.names import MAX_PART, Names
from autograder.intake.submission import MODULE, Broken, Contents, Part, is_left_behind, printable, shown
from autograder.intake.tree import FILE, broken_zip, files_below, zip_file

TIMESTAMP = "timestamp.txt"  # nbgrader's
MAX_MODULE_BYTES = 1 << 20
MAX_NOTEBOOK_BYTES = 20 << 20
MAX_NOTEBOOKS_BYTES = 40 << 20  # of all notebooks of a submission
MAX_NOTEBOOKS = 20
MAX_ZIP_BYTES = 50 << 20
MAX_EXTRA_BYTES = 20 << 20
MAX_EXTRA_FILES = 200
MAX_NOTES = 50
OTHER_ARCHIVES = (".7z", ".bz2", ".gz", ".rar", ".tar", ".tgz", ".xz")


def read_submission(submission):
    """The `Contents` of a submission, its notebooks as they are. Raises Broken if nothing in it can be graded."""
    with contextlib.ExitStack() as stack:
        files = _unpacked(submission, stack)
        python = [file for file in files if file.name.endswith(".py")]
        notebooks = [file for file in files if file.name.lower().endswith(".ipynb")]
        module = _find_module(python, notebooks, files)
        notes = []
        if module and _base(module.name) != MODULE:
            notes.append(f"{shown(_base(module.name))} was taken as {MODULE}")
        taken = {MODULE: _read_module(module, notebooks, notes)} if module else {}
        taken = {name: data for name, data in taken.items() if data is not None}
        # Notebooks become an edf.py, and the gradebook adds nbgrader's time.
        names = Names([MODULE, TIMESTAMP])
        handed_in = _read_notebooks(notebooks, names, notes)
        if not taken and not handed_in:
            raise Broken(
                "missing", f"there is no {MODULE} and no notebook that can be read in the submission"
            )
        # Relative to edf.py, so that its imports find them wherever the student's folder begins.
        folder = posixpath.dirname(module.name if module else notebooks[0].name) or "."
        room = MAX_EXTRA_BYTES
        for file in files:
            if file is module or file in notebooks:
                continue
            name = posixpath.relpath(file.name, folder)
            if reason := _why_not(file, name, room, taken, names):
                notes.append(f"{shown(name)} was left out: {reason}")
                continue
            names.take(name)
            taken[name] = file.read(room)
            room -= len(taken[name])
    return Contents(taken, tuple(notes[:MAX_NOTES]), handed_in)


def _unpacked(submission, stack):
    """All files of a submission, those in its zips among them."""
    parts = submission.parts or (Part("", submission.path),)
    files = [file for part in parts for file in files_below(part, stack) if file.name != TIMESTAMP]
    if any(part.member is not None for part in parts):
        with broken_zip():
            refuse_clashes([file.name for file in files])
    zips = [file for file in files if file.kind == FILE and file.name.lower().endswith(".zip")]
    if (size := sum(file.size for file in zips)) > MAX_ZIP_BYTES:
        first, limit = shown(_base(zips[0].name)), MAX_ZIP_BYTES >> 20
        raise Broken("too large", f"{first} has {size >> 20} MB; at most {limit} MB are read")
    for file in zips:
        # The only thing that was handed in is no folder of its own.
        prefix = "" if len(files) == 1 else f"{file.name}/"
        files = [other for other in files if other is not file] + _unzip(file, prefix)
    return files


def _unzip(file, prefix):
    """The files in a zip that a student handed in. Raises Broken."""
    zip_name = shown(_base(file.name))
    with broken_zip(zip_name):
        archive = Archive(io.BytesIO(file.read(MAX_ZIP_BYTES)))
        archive.require_sound()
    members = [m for m in archive.members if not any(map(is_left_behind, m.name.split("/")))]
    for member in members:
        if member.name.lower().endswith(".zip"):
            inner = shown(_base(member.name))
            what_to_do = "put the files into one zip, or hand them in as they are"
            raise Broken("zip in a zip", f"{zip_name} has another zip in it, {inner}: {what_to_do}")
    return [zip_file(archive, member, prefix + member.name, zip_name) for member in members]


def _find_module(python, notebooks, files):
    """The file that is meant as edf.py: of that name, or the only Python file. Raises Broken.

    None if it is not there, but notebooks are.
    """
    named = [file for file in python if _base(file.name) == MODULE]
    top = [file for file in named if file.name == MODULE]
    if len(top or named) == 1:
        return (top or named)[0]
    if named:
        # Of notebooks and what they came with, copies of edf.py do no harm.
        if notebooks and len({file.read(MAX_MODULE_BYTES) for file in named if file.kind == FILE}) == 1:
            return named[0]
        raise Broken("several edf.py", f"there are {len(named)} files {MODULE}, in several folders")
    if notebooks:
        return None
    if len(python) == 1:
        return python[0]
    there = ", ".join(shown(_base(file.name)) for file in files[:5]) or "nothing"
    message = f"there is no {MODULE} and no notebook in the submission; found: {there}"
    if any(file.name.lower().endswith(OTHER_ARCHIVES) for file in files):
        message += ". Only .zip is unpacked"
    raise Broken("missing", message)


def _read_module(file, notebooks, notes):
    """The bytes of edf.py. Beside notebooks, one that can't be read is left out: None."""
    try:
        return _module_text(file)
    except Broken as broken:
        if not notebooks:
            raise
        notes.append(f"{MODULE} was left out: {broken.message}")


def _module_text(file):
    if file.kind != FILE:
        raise Broken("not a file", f"{MODULE} is {file.kind}, not a file")
    if file.size > MAX_MODULE_BYTES:
        raise Broken("too large", f"{MODULE} has {file.size / 2**20:.1f} MB; at most 1 MB is read")
    data = file.read(MAX_MODULE_BYTES)
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


def _read_notebooks(notebooks, names, notes):
    """The bytes of the notebooks by name: that of the file, with its folder where two are called the same."""
    found, size = {}, 0
    for file in notebooks:
        whole, short = printable(file.name), shown(file.name)
        if file.kind != FILE:
            notes.append(f"{short} was left out: it is {file.kind}")
        elif file.size > MAX_NOTEBOOK_BYTES:
            limit = f"{file.size >> 20} MB; at most {MAX_NOTEBOOK_BYTES >> 20} MB are read: clear its outputs"
            raise Broken("too large", f"{shown(_base(file.name))} has {limit}")
        elif len(found) == MAX_NOTEBOOKS:
            notes.append(f"{short} was left out: there are more than {MAX_NOTEBOOKS} notebooks")
        else:
            data = file.read(MAX_NOTEBOOK_BYTES)
            if data in found.values():
                continue
            if (size := size + len(data)) > MAX_NOTEBOOKS_BYTES:
                limit = f"{MAX_NOTEBOOKS_BYTES >> 20} MB are read: clear their outputs"
                raise Broken("too large", f"the notebooks together have more than {limit}")
            name = _notebook_name(whole, names)
            if name not in (whole, _base(whole)):
                notes.append(
                    f"{short} is called {name} here: its own name is too long, or another file has it"
                )
            names.take(name)
            found[name] = data
    return found


def _notebook_name(whole, names):
    """A free name for a notebook: its own, with its folder if need be, or else one with a number.

    At most MAX_PART characters, which is what is shown of it.
    """
    stem = names.shortened(_base(whole)[: -len(".ipynb")])
    numbered = (f"{stem} ({number}).ipynb" for number in itertools.count(2))
    wanted = itertools.chain([_base(whole), whole], numbered)
    return next(name for name in wanted if len(name) <= MAX_PART and names.why_not(name) is None)


def _why_not(file, name, room, taken, names):
    """Why an extra file is not taken along; None if it is."""
    if file.kind != FILE:
        return f"it is {file.kind}"
    if name in (".", "..") or name.startswith("../"):
        return f"it lies above {MODULE}"
    if not name.isprintable():
        return "its name can't be printed"
    if reason := names.why_not(name):
        return reason
    if len(taken) >= MAX_EXTRA_FILES:
        return f"there are more than {MAX_EXTRA_FILES} files"
    if file.size > room:
        return f"all files together are larger than {MAX_EXTRA_BYTES >> 20} MB"
    return None


def _base(name):
    return name.rpartition("/")[2]
