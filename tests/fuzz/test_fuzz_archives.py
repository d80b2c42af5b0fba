"""Whatever is handed in, in a zip or a folder: its files under safe names, or a verdict in a sentence."""

import contextlib
import os
import stat
import tempfile
import unicodedata
from pathlib import Path

from guard import assert_clear, fuzz, guarded
from handed_in import GOOD, notebook, write_files, zipped
from hypothesis import given
from hypothesis import strategies as st
from mutate import changed_bytes
from raw_zips import deflated, entry, raw_zip

from autograder.intake import Broken, IntakeError, Submission, read_submission, survey
from autograder.intake.contents import MAX_EXTRA_BYTES, MAX_NOTEBOOKS_BYTES

MEGABYTES = 3 * (MAX_NOTEBOOKS_BYTES + MAX_EXTRA_BYTES) >> 20
BOMB = deflated(bytes(30 << 20))
NAMES = [
    "edf.py", "EDF.PY", "helper.py", "1_autograd.ipynb", "a.ipynb", "hw.zip", "x.7z", "timestamp.txt", "submitted",
    "ada", "Ada Lovelace", "é", "e\u0301", "ß", "SS", "ﬁ", "İ", "\u202egnp.py", "\x1b[31m", "\n", "\u2028", " ", "=1+1",
    "..", ".", "...", "~", "-rf", "con", "C:", "c:x", "\\", "..\\..\\x", "\0", "__MACOSX", "._edf.py", ".git",
    "__pycache__", "n" * 90, "n" * 250, "n" * 300, "é" * 120,
    "ada_1_12345_edf.py", "ada_1_12345_..", "ada_1_12345_.", "bo_2_77_x",
    "adalovelace_LATE_7_12346_edf.py", "ada_1_text.html", "anon_x1_12345_a.ipynb", "Ada L_12_assignsubmission_file",
    "Ada L_12_assignsubmission_file_edf.py", "Ada L_12_assignsubmission_file_..", "Bo_assignsubmission_onlinetext",
    "ada+edf+2024-01-02 03:04:05 UTC", "ada+edf+2024-01-02T03:04:05 A/../b+x=", "ada+other+2024-99",
    "2024-01-02 03:04:05",
]  # fmt: skip
ON_DISK = [
    name
    for name in NAMES
    if not set("/\0") & set(name) and len(name.encode()) < 256 and name not in (".", "..")
]
TIMES = [
    b"2024-01-02 03:04:05 UTC", b"2024-13-45 03:04", b"2024-01-02 03:04:05 +99:99", b"0001-01-01 00:00:00 +2359",
    b"2024-01-02 03:04 " + b"A" * 300, b"2024-01-02 03:04 America", b"2024-01-02 03:04 a//b", b"\xff", b"",
]  # fmt: skip
DATA = [
    GOOD.encode(),
    notebook(add="x = 1"),
    b"",
    b"\xff\xfe\0",
    b"\0",
    zipped({"edf.py": GOOD}),
    b"PK\5\6",
    *TIMES,
]
PATHS = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3).map("/".join)
# A path whose folders are as many as fit into a name, and another one inside it.
DEEP = "/".join("d" * 330)
NUMBERS = st.sampled_from(
    [0, 1, 2, 30, 99, 1 << 16, 1 << 20, 30 << 20, (1 << 31) - 1, 1 << 31, 0xFFFFFFFE, 0xFFFFFFFF]
)
ZIP64 = b"\1\0\x10\0" + b"\xff" * 7 + b"\x7f" + b"\0\0\0\0\0\0\0\x80"
EXTRAS = [b"", ZIP64, ZIP64[:9], b"\1\0\xff\xff", b"up\x09\0\1\0\0\0\0edf2", b"\0" * 3, ZIP64 * 50]
METHODS = [0, 8, 8, 1, 9, 12, 14, 93, 99, 0xFFFF]
FLAGS = [0, 0x800, 0x800, 1, 8, 0x20, 0x40, 0x2000, 0xFFFF]
MODES = [0, stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK, 0xFFFF]


@st.composite
def entries(draw):
    """An entry of a zip in which one thing or two are not what they should be."""
    name = draw(
        st.one_of(PATHS, PATHS, st.sampled_from(NAMES), st.sampled_from([DEEP, DEEP + "/edf.py", "", "/"]))
    )
    made = entry(name, draw(st.sampled_from(DATA)))
    for _ in range(draw(st.integers(0, 2))):
        match draw(
            st.sampled_from(
                ["crc", "packed", "size", "offset", "method", "flags", "mode", "extra", "data", "name"]
            )
        ):
            case "crc" | "packed" | "size" | "offset" as field:
                made[field] = draw(NUMBERS)
            case "method":
                made["method"] = draw(st.sampled_from(METHODS))
            case "flags":
                made["flags"] = draw(st.sampled_from(FLAGS))
            case "mode":
                made["mode"] = draw(st.sampled_from(MODES))
            case "extra":
                made["extra"] = draw(st.sampled_from(EXTRAS))
            case "data":
                data = draw(st.sampled_from([BOMB, BOMB[:-9], deflated(GOOD.encode()), b"\xff\xff"]))
                size = draw(st.sampled_from([30 << 20, 19 << 20, len(GOOD), 1]))
                made.update(data=data, packed=len(data), size=size, method=8)
            case "name":
                made["name"] = draw(changed_bytes(made["name"], [b"/", b"../", b"\0", b"\xff", b"\\"]))
    return made


@st.composite
def zips(draw):
    """A zip of such entries, whose list of them may say something else than they do."""
    parts = draw(st.lists(entries(), max_size=6))
    if parts and draw(st.integers(0, 3)) == 0:
        parts.append(draw(st.sampled_from(parts)))
    ends = st.fixed_dictionaries(
        {}, optional={"count": st.integers(0, 70), "directory_size": NUMBERS, "directory_at": NUMBERS}
    )
    end = draw(ends) if draw(st.integers(0, 3)) == 0 else {}
    data = raw_zip(*parts, **end)
    return draw(changed_bytes(data, PIECES)) if draw(st.integers(0, 3)) == 0 else data


VALID = zipped(
    {
        "ada/edf.py": GOOD,
        "bo/1_autograd.ipynb": notebook(add="x = 1"),
        "bo/a/helper.py": GOOD * 50,
        "cy.py": GOOD,
    }
)
PIECES = [b"PK\1\2", b"PK\3\4", b"PK\5\6", b"PK\6\6", b"PK\6\7", b"\0" * 20, b"\xff" * 8, b"../", VALID]


@contextlib.contextmanager
def folder():
    with tempfile.TemporaryDirectory(prefix="edf-fuzz-") as path:
        yield Path(path)


def check_class(path):
    """Everything in a class is read, ignored for a reason, or gets a verdict."""
    try:
        found = survey(path)
    except IntakeError as error:
        assert_clear(str(error).replace(str(path), "PATH"))
        return
    for name, reason in found.ignored:
        assert_clear(f"{name}: {reason}")
    ids = [(submission.student, submission.attempt) for submission in found.submissions]
    assert len(set(ids)) == len(ids)
    for submission in found.submissions:
        assert_clear(f"of {submission.student} {submission.attempt} {submission.doubt}")
        check_submission(submission)


def check_submission(submission):
    try:
        contents = read_submission(submission)
    except Broken as broken:
        assert_clear(broken.status)
        assert_clear(broken.message)
        return
    assert contents.digest()
    for note in contents.notes:
        assert_clear(note)
    names = [*contents.files, *contents.notebooks]
    keys = [unicodedata.normalize("NFC", name).casefold() for name in names]
    assert len(set(keys)) == len(keys)
    assert sum(map(len, contents.files.values())) <= MAX_EXTRA_BYTES + (1 << 20)
    assert sum(map(len, contents.notebooks.values())) <= MAX_NOTEBOOKS_BYTES
    with folder() as outer:
        (outer / "inner").mkdir()
        contents.write_to(outer / "inner")
        written = {
            str(path.relative_to(outer / "inner")) for path in (outer / "inner").rglob("*") if path.is_file()
        }
        assert written == set(contents.files) and os.listdir(outer) == ["inner"]


def check_zip(data):
    with folder() as where:
        write_files(where / "students" / "ada", {"hw.zip": data})
        (where / "class.zip").write_bytes(data)
        with guarded("archives", MEGABYTES):
            check_submission(Submission("ada", where / "students" / "ada"))
            check_class(where / "class.zip")


@fuzz(short=40, full=1700)
@given(zips())
def test_zips_of_odd_entries(data):
    check_zip(data)


@fuzz(short=40, full=1200)
@given(changed_bytes(VALID, PIECES))
def test_damaged_zips(data):
    check_zip(data)


@st.composite
def trees(draw, depth=2):
    """A folder: files, folders, links and pipes by name."""
    names = draw(
        st.lists(st.sampled_from(ON_DISK) | st.text(max_size=5).filter(_fits_a_disk), max_size=5, unique=True)
    )
    inner = [st.sampled_from(DATA), st.sampled_from(DATA), st.sampled_from(["link", "loop", "pipe"])]
    return {name: draw(st.one_of(*inner, *([trees(depth - 1)] * (depth > 0)))) for name in names}


def _fits_a_disk(name):
    return name not in ("", ".", "..") and not set("/\0") & set(name) and name.isascii()


def grow(tree, path):
    path.mkdir()
    for name, what in tree.items():
        match what:
            case dict():
                grow(what, path / name)
            case bytes():
                (path / name).write_bytes(what)
            case "link":
                (path / name).symlink_to("/etc/passwd")
            case "loop":
                (path / name).symlink_to(path)
            case "pipe":
                os.mkfifo(path / name)


@fuzz(short=40, full=1300)
@given(trees(), st.sampled_from(["class", "submitted"]))
def test_folders_of_odd_names(tree, called):
    with folder() as where:
        grow(tree, where / called)
        with guarded("archives", MEGABYTES):
            check_class(where / called)
            check_submission(Submission("ada", where / called))
