"""Looks through a bundle for anything that must not leave: make release refuses to make one that holds any."""

import base64
import binascii
import bz2
import fnmatch
import gzip
import io
import json
import lzma
import re
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from autograder import secret as course
from autograder.digits import HIDDEN_INDEX, hidden_digits
from autograder.paths import ROOT, SOLUTION
from autograder.release.digit_leaks import HiddenDigits
from autograder.release.statements import Runs, Vocabulary, code_in_strings, joined, windows
from autograder.skeleton import make_skeleton

# What no bundle has, whatever is in it, by the name of the file or folder.
REFUSED = {
    "__pycache__": "compiled Python",
    "*.py[co]": "compiled Python",
    ".git": "the history of the repository",
    ".ipynb_checkpoints": "Jupyter's copies of notebooks",
    "gradebook.db*": "a gradebook",
    ".course-secret*": "the file of the course secret",
    "hidden_index*": "the list of hidden digits",
    "*solution*": "a file of solutions",
}
# How much a run of statements must say (statements.windows). Of what 12 MB of Python's standard library hold by
# chance, runs of answers weigh at most 6 and runs of the grader's code at most 8: idioms. In the kit it is less.
ANSWER, CODE = 7, 9
# What a cell of a bundle's notebook has none of, by its key in the notebook's file.
OUTPUTS = {"outputs": "an output", "execution_count": "an execution count", "attachments": "an attachment"}
DEPTH = 6  # zip in a zip in a notebook …
LARGEST = 1 << 28  # bytes, unpacked
BASE64 = re.compile(r"[A-Za-z0-9+/_-]{40,}(?:\s+[A-Za-z0-9+/_-]{4,})*")
HEXADECIMAL = re.compile(r"(?:[0-9a-fA-F]{2}){20,}")
PRINTABLE = re.compile(rb"[\t\n\r\x20-\x7e]{20,}")
INTEGER = re.compile(r"(?<![\w.])\d{1,9}(?![\w.])")


@dataclass(frozen=True)
class Leak:
    """file: its path in the bundle, "edf.zip/edf/edf.py" in a zip; place: where in it; what: what it gives away."""

    file: str
    place: str
    what: str

    def __str__(self):
        return f"{self.file}, {self.place}: {self.what}" if self.place else f"{self.file}: {self.what}"


@dataclass(frozen=True)
class Secrets:
    """runs: of secret code; digits: HiddenDigits; needles: the course secret in every spelling, as bytes."""

    runs: Runs
    digits: HiddenDigits
    needles: tuple


def find_leaks(bundle, secrets):
    """The leaks in a bundle, a list of Leak: of its folder, or of its zip; zips inside are looked through too."""
    bundle = Path(bundle)
    search = _Search(secrets)
    if bundle.is_dir():
        for path in sorted(bundle.rglob("*")):
            name = path.relative_to(bundle).as_posix()
            if path.is_symlink():
                search.report(name, "", "a link: what it leads to can't be looked into")
            elif path.is_file():
                search.file(name, path.read_bytes())
    else:
        search.file(bundle.name, bundle.read_bytes())
    return search.leaks


def known_secrets(assignment, secret_file=None):
    """All that must not leave, for this assignment. secret_file: of the course secret, by default the course's own."""
    skeleton = make_skeleton(assignment.stubs)
    vocabulary = Vocabulary([skeleton])
    kit = [_text(path) for path in sorted((ROOT / "pset").rglob("*.py")) if path != ROOT / "pset" / "edf.py"]
    notebooks = [_text(path) for path in sorted((ROOT / "notebooks").glob("[0-9]*.py"))]
    handout = [path for path in _python(ROOT / "notebooks") if not path.name[0].isdigit()]
    answers = [SOLUTION, *handout, *_python(ROOT / "data" / "sample_class")]
    exercises = _python(ROOT / "autograder" / "exercises")
    grader = [path for path in _python(ROOT / "autograder") if path not in exercises]
    runs = [
        *_not_given(vocabulary, _answers(vocabulary, answers, skeleton, assignment.stubs), [skeleton]),
        *_not_given(vocabulary, _code(vocabulary, exercises), [skeleton]),
        *_not_given(vocabulary, _code_in_strings(vocabulary, [*exercises, *grader]), [skeleton]),
        # The grader and the kit both read files and notebooks: what they share is no secret.
        *_not_given(vocabulary, _code(vocabulary, grader), [skeleton, *kit]),
        *_not_given(vocabulary, _code(vocabulary, _python(ROOT / "tests")), [skeleton, *kit, *notebooks]),
    ]
    indices = np.loadtxt(HIDDEN_INDEX, dtype=int)
    path = Path(secret_file or course.FILE)
    needles = _spellings(course.course_secret(path)[0]) if path.exists() else ()
    return Secrets(Runs(vocabulary, runs), HiddenDigits(hidden_digits()[0], indices), needles)


# What is secret


def _python(folder):
    return sorted(folder.rglob("*.py"))


def _text(path):
    return path.read_text(encoding="utf-8", errors="replace")


def _label(name, path):
    place = path.relative_to(ROOT).as_posix()
    return f"{name} in {place}" if name else place


def _code(vocabulary, paths):
    """The runs of what the files hold."""
    for path in paths:
        for name, statements in vocabulary.scopes(_text(path)):
            yield from windows(vocabulary, statements, CODE, f"statements of {_label(name, path)}")


def _code_in_strings(vocabulary, paths):
    """The runs of the sources that the files hold as strings: wrong and right variants."""
    for path in paths:
        what = f"statements of a text in {_label('', path)}"
        for text in code_in_strings(_text(path)):
            for _, statements in vocabulary.scopes(text):
                if len(statements) == 1:
                    yield from _if_heavy(vocabulary, joined(statements, what), ANSWER)
                yield from windows(vocabulary, statements, ANSWER, what)


def _answers(vocabulary, paths, skeleton, stubs):
    """The runs of solved stubs, and of all that is beside them and not given."""
    solved = {name for name, _ in vocabulary.scopes(skeleton)} - stubs.keys() - {""}
    scopes = [
        (name, statements, _label(name, path))
        for path in paths
        for name, statements in vocabulary.scopes(_text(path))
        if name not in solved
    ]
    every = [joined([statement], "") for _, statements, _ in scopes for statement in statements]
    own = {run.normal for run in _not_given(vocabulary, every, [skeleton])}
    for name, statements, label in scopes:
        runs = list(windows(vocabulary, statements, ANSWER, f"statements of {label}"))
        singles = [joined([part], f"the statement of {label}") for part in statements[1:]]
        singles = [run for run in singles if run.normal in own]
        if len(singles) == 1:
            runs += _if_heavy(vocabulary, singles[0], ANSWER)
        # `ops.clear(); values.clear()` could be in any notebook; with `def reset():` before it it could not.
        yield from runs or ([joined(statements, f"the statements of {label}")] if name in stubs else [])


def _if_heavy(vocabulary, run, minimum):
    return [run] if vocabulary.weight(run) >= minimum else []


def _not_given(vocabulary, runs, given):
    """Those of the runs that the given texts do not hold."""
    runs = list(runs)
    looked_for = Runs(vocabulary, runs)
    held = {run.normal for text in given for _, run in looked_for.find(text)}
    return [run for run in runs if run.normal not in held]


def _spellings(secret):
    """The bytes to look for: raw, hexadecimal, base64 at each alignment, UTF-16, a list of numbers, repr."""
    digits = secret.hex()
    texts = {
        digits,
        digits.upper(),
        repr(secret)[2:-1],
        ", ".join(map(str, secret)),
        ",".join(map(str, secret)),
    }
    texts |= {" ".join(map(str, secret)), digits.upper(), secret.hex(" "), secret.hex(":")}
    for raw in (secret, digits.encode()):
        for shift in range(3):
            coded = base64.b64encode(b"\0" * shift + raw).decode().rstrip("=")
            # The characters that share bits with what stands before and after differ from place to place.
            inner = coded[(4 if shift else 0) : -1]
            texts |= {inner, inner.replace("+", "-").replace("/", "_")}
    encodings = ("utf-8", "utf-16-le", "utf-16-be")
    return (secret, *sorted(text.encode(encoding) for text in texts for encoding in encodings))


# Where it is looked for


class _Search:
    """Collects leaks. place: where in a file something is, for what is a part of it; "" for the file itself."""

    def __init__(self, secrets):
        self.secrets = secrets
        self.leaks = []

    def report(self, file, place, what):
        leak = Leak(file, place, what)
        if leak not in self.leaks:
            self.leaks.append(leak)

    def name(self, file):
        for part in PurePosixPath(file).parts:
            for pattern, what in REFUSED.items():
                if fnmatch.fnmatch(part.lower(), pattern):
                    self.report(file, "", what)

    def file(self, file, data, place="", depth=0):
        """Look through a file, or what was packed or encoded in one."""
        self.name(file)
        if depth > DEPTH:
            return self.report(file, place, f"packed more than {DEPTH} times over: it can't be looked into")
        found = len(self.leaks)
        try:
            members = _unpacked(data)
        except Exception as error:  # whatever a broken or locked archive raises
            return self.report(file, place, f"an archive that can't be looked into ({error})")
        for member, content in members:
            self.file(f"{file}/{member}" if member else file, content, place, depth + 1)
        if data.startswith(b"\x93NUMPY"):
            self._array(file, data)
        elif not members:
            text = _decoded(data)
            if file.endswith(".ipynb") and not place:
                self._notebook(file, text, depth)
            else:
                self._text(file, text, place, depth)
        if len(self.leaks) == found:  # else these bytes are what was just found
            self._bytes(file, data, place)

    def _bytes(self, file, data, place):
        def place_of(offset):
            return place or (f"byte {offset}" if b"\0" in data else f"line {data.count(10, 0, offset) + 1}")

        lower = data.lower()
        for needle in self.secrets.needles:
            if (offset := max(data.find(needle), lower.find(needle))) >= 0:
                return self.report(file, place_of(offset), "the course secret")
        for offset, index in self.secrets.digits.in_bytes(data):
            self.report(file, place_of(offset), f"hidden digit {index}")

    def _array(self, file, data):
        name = PurePosixPath(file).stem  # that of the array in an .npz file
        try:
            array = np.load(io.BytesIO(data), allow_pickle=False)
        except (ValueError, OSError, EOFError) as error:
            return self.report(file, "", f"an array that can't be looked into ({error})")
        for entry, index in self.secrets.digits.in_array(array):
            self.report(file, f"entry {entry} of {name}", f"hidden digit {index}")
        if array.dtype.kind in "iuf":
            self._indices(file, array.ravel().tolist(), lambda at: f"entry {at} of {name}")

    def _indices(self, file, numbers, place_of):
        if (at := self.secrets.digits.lists_indices(numbers)) is not None:
            self.report(file, place_of(at), "the list of hidden digits")

    def _text(self, file, text, place, depth):
        def place_of(offset):
            return place or f"line {text.count(chr(10), 0, offset) + 1}"

        self._code(file, text, place_of)
        self._numbers(file, text, place_of)
        for offset, content, shifted in _encoded(text):
            self.file(file, content, place_of(offset), depth + 1)
            for other in shifted:
                self._bytes(file, other, place_of(offset))
        if not place and file.endswith(".json"):
            self._strings(file, _parsed(text), "", depth)

    def _code(self, file, text, place_of):
        met = set()
        for offset, run in self.secrets.runs.find(text):
            if run.what not in met:
                met.add(run.what)
                self.report(file, place_of(offset), run.what)

    def _numbers(self, file, text, place_of):
        for offset, index in self.secrets.digits.in_text(text):
            self.report(file, place_of(offset), f"hidden digit {index}")
        integers = list(INTEGER.finditer(text))
        self._indices(file, [int(m[0]) for m in integers], lambda at: place_of(integers[at].start()))

    def _strings(self, file, value, place, depth):
        """Look through every string in what was JSON, its keys, and its numbers."""
        for string in _strings_in(value):
            self._text(file, string, place or "a string", depth)
            self._bytes(file, string.encode("utf-8", "replace"), place or "a string")
        self._numbers(file, json.dumps(value), lambda offset: place or "a list")

    def _notebook(self, file, text, depth):
        notebook = _parsed(text)
        if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
            self.report(file, "", "a notebook that can't be looked into")
            return self._text(file, text, "", depth)
        if "widgets" in (notebook.get("metadata") or {}):
            self.report(file, "metadata", "the state of widgets")
        self._strings(
            file, {key: part for key, part in notebook.items() if key != "cells"}, "metadata", depth
        )
        for number, cell in enumerate(notebook["cells"], 1):
            cell = cell if isinstance(cell, dict) else {"source": cell}
            for part, what in OUTPUTS.items():
                if cell.get(part) not in (None, [], {}):
                    self.report(file, f"cell {number}", what)
            for part, value in cell.items():
                place = f"cell {number}" if part == "source" else f"{part} of cell {number}"
                self._strings(file, {part: value}, place, depth)


def _unpacked(data):
    """[(name, bytes)] of an archive's members; a compressed file's only one has no name. Else nothing."""
    stream = io.BytesIO(data)
    if zipfile.is_zipfile(stream):
        with zipfile.ZipFile(stream) as archive:
            if sum(info.file_size for info in archive.infolist()) > LARGEST:
                raise ValueError("too large")
            members = [
                (info.filename, archive.read(info)) for info in archive.infolist() if not info.is_dir()
            ]
            notes = [archive.comment, *(info.comment for info in archive.infolist())]
            return members + [("", note) for note in notes if note]
    for magic, module in {b"\x1f\x8b": gzip, b"BZh": bz2, b"\xfd7zXZ": lzma}.items():
        if data.startswith(magic):
            with module.open(io.BytesIO(data)) as packed:
                content = packed.read(LARGEST + 1)
            if len(content) > LARGEST:
                raise ValueError("too large")
            return [("", content)]
    if data[257:262] == b"ustar":
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            return [(info.name, archive.extractfile(info).read()) for info in archive if info.isfile()]
    return []


def _decoded(data):
    """The text of a file; of one that is no text, the parts of it that are."""
    for encoding in ("utf-8-sig", "utf-16"):
        if encoding == "utf-8-sig" and b"\0" in data:
            continue
        if encoding == "utf-16" and data[:2] not in (b"\xff\xfe", b"\xfe\xff"):
            continue
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            pass
    return "\n".join(part.decode("ascii") for part in PRINTABLE.findall(data))


def _encoded(text):
    """(offset, bytes, other bytes) of what a text holds in hexadecimal or base64; others: for other alignments."""
    for match in HEXADECIMAL.finditer(text):
        yield match.start(), bytes.fromhex(match[0]), [bytes.fromhex("0" + match[0] + "0")]
    for match in BASE64.finditer(text):
        letters = "".join(match[0].split()).translate(str.maketrans("-_", "+/"))
        contents = []
        for shift in range(4):
            part = letters[shift:]
            try:
                contents.append(base64.b64decode(part[: len(part) - (len(part) % 4 == 1)] + "==="))
            except binascii.Error:
                continue
        if contents:
            yield match.start(), contents[0], contents[1:]


def _parsed(text):
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _strings_in(value):
    """Every string in what was JSON, keys too. A list of strings is one text, of as many lines."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, part in value.items():
            yield key
            yield from _strings_in(part)
    elif isinstance(value, list):
        if value and all(isinstance(part, str) for part in value):
            yield "".join(part if part.endswith("\n") else part + "\n" for part in value)
        else:
            for part in value:
                yield from _strings_in(part)
