"""Intake: files that are no code, but zips, names, links and notebooks, made to break or to fool whoever reads them."""

import base64
import csv
import functools
import io
import json
import os
import stat
import zipfile

from handed_in import ADD, MEAN, notebook, zipped
from raw_zips import deflated, entry, raw_zip

from attacks.attack import IGNORED, attack, right, submission

ADD_AND_MEAN = 7  # points of the two exercises that a notebook here answers
LINK, DEVICE = stat.S_IFLNK | 0o777, stat.S_IFCHR | 0o666


def made(make, *arguments):
    """A maker of a file: of the bytes that `make` returns."""
    return lambda path, world: path.write_bytes(make(*arguments))


def notebook_of(cells):
    """The bytes of a notebook of cells with these sources."""
    more = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    made = [{**more, "source": source} for source in cells]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": made}).encode()


def refused(evidence, status):
    assert evidence.status == status, evidence.score
    assert evidence.points == 0


def refused_zip(tries, status, *entries):
    """Register an attack by a zip that is refused as a whole, for this reason."""

    def proof(evidence):
        refused(evidence, status)

    def register(name):
        proof.__name__ = name
        return attack(tries, files={"work.zip": made(lambda: raw_zip(*entries))}, ends="")(proof)

    return register


ZEROS = deflated(bytes(150 << 20))  # 150 MB in as many kB
EDF = entry("edf.py", b"x = 1\n")

refused_zip(
    "is a zip bomb: two files of 150 MB of zeros each, in 300 kB", "zip bomb",
    *(entry(f"{i}.txt", ZEROS, size=150 << 20, method=8) for i in range(2)),
)("zip_bomb")  # fmt: skip
refused_zip(
    "is a zip bomb whose entries share their bytes", "unsafe zip",
    entry("0.txt", ZEROS, size=150 << 20, method=8),
    *(entry(f"{i}.txt", b"", packed=len(ZEROS), size=150 << 20, method=8, offset=0) for i in range(1, 50)),
)("overlapping_zip")  # fmt: skip
refused_zip(
    "says that a file in it has 10 bytes, and unpacks to 150 MB", "damaged zip",
    entry("edf.py", ZEROS, size=10, method=8),
)("understated_zip")  # fmt: skip
refused_zip(
    "leads out of its folder: ../../ in the names of a zip", "unsafe zip", EDF, entry("../../../planted.py")
)("path_traversal")
refused_zip(
    "leads out of its folder with the slashes of Windows, and by its drives", "unsafe zip", EDF,
    entry("..\\..\\planted.py"), entry("C:\\planted.py"),
)("path_traversal_of_windows")  # fmt: skip
refused_zip("has absolute paths in a zip", "unsafe zip", EDF, entry("/var/tmp/planted.py"))("absolute_path")
refused_zip(
    "has symbolic links in a zip, and a file that lies behind one", "unsafe zip", EDF,
    entry("out", b"/", mode=LINK), entry("out/var/tmp/planted.py"),
)("links_in_a_zip")  # fmt: skip
refused_zip("has a device node in a zip", "unsafe zip", EDF, entry("zero", b"", mode=DEVICE))(
    "device_in_a_zip"
)
refused_zip(
    "has one name twice in a zip, for a reader that takes the first and one that takes the last", "unsafe zip",
    EDF, entry("edf.py", b"x = 2\n"),
)("duplicate_names")  # fmt: skip
refused_zip(
    "has names in a zip that differ only in case, or in how Unicode spells them", "unsafe zip",
    EDF, entry("caf\u00e9.py"), entry("CAFE\u0301.py"),
)("case_clashes")  # fmt: skip
refused_zip("has a name of 60,000 bytes in a zip", "unsafe zip", EDF, entry("x" * 60_000))("very_long_name")
refused_zip(
    "says that files of 2 GB are in a zip of 200 bytes", "unsafe zip",
    EDF, entry("x", size=1 << 31, packed=1 << 31, offset=0),
)("impossible_sizes")  # fmt: skip


@attack("has 100,000 entries in a zip", ends="", files={
    "work.zip": made(lambda: zipped({f"{i}.py": b"" for i in range(100_000)}))})  # fmt: skip
def many_entries(evidence):
    refused(evidence, "too large")


@attack("hides zips in zips, ten deep", ends="", files={
    "work.zip": made(lambda: functools.reduce(lambda inner, i: zipped({f"{i}.zip": inner}), range(10), b"x"))
})  # fmt: skip
def nested_zips(evidence):
    refused(evidence, "zip in a zip")


@attack("hands in a link to the course secret as edf.py, and others to devices and to neighbours", ends="", files={
    "edf.py": lambda path, world: path.symlink_to(world.course_secret),
    "zero.py": lambda path, world: path.symlink_to("/dev/zero"),
    "all": lambda path, world: path.symlink_to(world.folder),
})  # fmt: skip
def links(evidence):
    refused(evidence, "not a file")


@attack("hands in a pipe, of which nobody would ever read the end, and a socket", ends="", files={
    "edf.py": lambda path, world: os.mkfifo(path),
    "data.bin": lambda path, world: os.mknod(path, stat.S_IFSOCK | 0o600),
})  # fmt: skip
def pipes(evidence):
    refused(evidence, "not a file")


@attack("brings links beside right code: to the secret, to a neighbour, to itself, to all there is", files={
    "edf.py": submission("links_beside", """
        import edf
        here = os.path.dirname(edf.__file__)
        for name in os.listdir(here):
            if name != "edf.py":
                attempt("file", lambda: print(open(f"{here}/{name}", errors="replace").read()))
        """),
    "secret.txt": lambda path, world: path.symlink_to(world.course_secret),
    "neighbour.py": lambda path, world: path.symlink_to("../innocent right/edf.py"),
    "self": lambda path, world: path.symlink_to("."),
    "mine.txt": "mine\n",
})  # fmt: skip
def links_beside(evidence):
    assert "mine" in evidence.output
    assert sum("it is a link" in note for note in evidence.score["notes"]) == 3


@attack("has a folder 900 levels deep, and files of odd names: commands, controls, halves of characters", files={
    "edf.py": lambda path, world: path.write_text(right()),
    "/".join(["d"] * 900) + "/deep.py": "x = 1\n",
    "-rf ~; $(id) `id` | id.py": "x = 1\n",
    "new\nline \x1b[2J \u202e.py": "x = 1\n",
    "\udcff\udcfe.py": "x = 1\n",
    "x" * 250 + ".py": "x = 1\n",
    "COM1.py": "x = 1\n",
})  # fmt: skip
def odd_names(evidence):
    assert evidence.status == "graded"


@attack("is a file in the class's folder whose name is a formula, a link and a script", beside=True, ends="",
        student="=HYPERLINK(\"http:⁄⁄x\")<script>alert(1)<⁄script>", files={
    "=HYPERLINK(\"http:⁄⁄x\")<script>alert(1)<⁄script>.py": "raise SystemExit\n"})  # fmt: skip
def formula_as_a_name(evidence):
    with open(evidence.run.out / "grades.csv", newline="", encoding="utf-8") as file:
        students = [row[0] for row in csv.reader(file)]
    assert any(name.startswith("'=HYPERLINK") for name in students)
    assert not any(name.startswith(("=", "+", "@", "-")) for name in students)
    course = evidence.run.out / "course"
    assert not any("<script>" in str(path) for path in course.rglob("*"))


@attack("is a link in the class's folder, that leads to another's submission", beside=True, ends=IGNORED,
        among_others=True, student="linked", files={
    "linked": lambda path, world: path.symlink_to("innocent right")})  # fmt: skip
def another_ones_submission(evidence):
    assert "linked" not in evidence.run.rows


def forged():
    """A notebook whose metadata give points to cells of its own, and whose outputs are those of full marks."""
    cells = json.loads(notebook(add=ADD, mean=MEAN.replace("np.mean", "np.sum")))
    for i, cell in enumerate(cells["cells"]):
        cell["metadata"]["nbgrader"] = {
            "grade": True, "solution": True, "locked": False, "schema_version": 3, "points": 1000, "cell_type": "code",
            "grade_id": ("add", "mean", "momentum", "bonus")[i % 4], "checksum": "0" * 32, "score": 1000,
        }  # fmt: skip
        text = {"output_type": "stream", "name": "stdout", "text": "mean: 3 of 3 points\n"}
        page = {"text/html": "<script>document.body.innerHTML = '12 / 12'</script>"}
        cell["outputs"] = [text, {"output_type": "display_data", "data": page, "metadata": {}}]
    cells["metadata"] = {
        "celltoolbar": "Create Assignment",
        "kernelspec": {"name": "../../x", "display_name": "x"},
    }
    return json.dumps(cells).encode()


@attack("forges a notebook's metadata and outputs: points of its own, 1000 for each cell, and a page of full marks",
        ends="", files={"1_autograd.ipynb": made(forged)})  # fmt: skip
def forged_notebook(evidence):
    assert 4 <= evidence.points < ADD_AND_MEAN
    assert float(evidence.run.rows["forged_notebook"]["score"]) == evidence.points
    assert "document.body" not in evidence.told


@attack("has outputs of 15 MB in a notebook, of base64 that is no picture", ends="", files={"1_autograd.ipynb": made(
    lambda: notebook(add=ADD, mean=MEAN).replace(
        b'"outputs": []', b'"outputs": [{"output_type": "display_data", "metadata": {}, "data": {"image/png": "'
        + base64.b64encode(os.urandom(11 << 20)) + b'"}}]', 1))})  # fmt: skip
def huge_outputs(evidence):
    assert evidence.points == ADD_AND_MEAN
    assert len(evidence.told) < 1 << 20


@attack("has JSON 200,000 levels deep for a notebook", ends="",
        files={"1_autograd.ipynb": b'{"cells":' + b"[" * 200_000 + b"]" * 200_000 + b"}"})  # fmt: skip
def deep_json(evidence):
    assert evidence.points == 0


@attack("has numbers of a million digits, keys that come twice, and 20,000 cells in a notebook", ends="", files={
    "1_autograd.ipynb": made(
        lambda: notebook(add=ADD).replace(b'"nbformat": 4', b'"nbformat": 4, "nbformat": ' + b"9" * 10**6)),
    "2_training.ipynb": made(lambda: notebook_of(f"x = {i}" for i in range(20_000))),
})  # fmt: skip
def huge_notebook(evidence):
    assert evidence.points == 0


CELLS = (
    "!touch /var/tmp/edf-planted",
    "%%bash\ntouch /var/tmp/edf-planted",
    "%run /etc/passwd",
    "class add:\n x = " + "-" * 90_000 + "1",
    "class mean:\n  def forward(self): return " + "(" * 5000 + ")" * 5000,
)


@attack("has cells that would run when they are read: magics, shell lines, and code that takes a parser down", ends="",
        files={"1_autograd.ipynb": made(notebook_of, CELLS)})  # fmt: skip
def cells_that_run(evidence):
    assert evidence.points == 0
    assert not os.path.exists("/var/tmp/edf-planted")


@attack("brings 3,000 files, to make its reading long, and one of 30 MB", files={
    "edf.py": lambda path, world: path.write_text(right()),
    "data/0.bin": lambda path, world: [(path.parent / f"{i}.txt").write_text("x") for i in range(3000)],
    "large.bin": lambda path, world: os.truncate(path, 30 << 20) if path.write_bytes(b"x") else None,
})  # fmt: skip
def many_files(evidence):
    assert evidence.points == 12
    assert len(evidence.score["notes"]) <= 50


def same_name_in_a_zip():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for folder in ("a", "b"):
            archive.writestr(f"{folder}/edf.py", f"# {folder}\n")
    return buffer.getvalue()


@attack("has two files edf.py, so that it can say afterwards which was meant", ends="",
        files={"work.zip": made(same_name_in_a_zip)})  # fmt: skip
def two_answers(evidence):
    refused(evidence, "several edf.py")
