"""Tests of `python -m edf_kit`: what its commands say, and their exit status."""

import json
import os
import subprocess
import sys

import pytest
from cells import REFERENCE, RELU, SKELETON, code
from conftest import ROOT
from edf_kit.__main__ import main
from edf_kit.carry import carry
from edf_kit.checks import calls
from edf_kit.released import ReleaseError, definition_sources
from releases import (
    CELLS,
    FILLED,
    MODULE,
    changed,
    contents,
    make_release,
    read_cells,
    two_releases,
    write_cells,
)


@pytest.fixture
def folders(tmp_path):
    return two_releases(tmp_path)


def test_a_dry_run_shows_and_changes_nothing(folders, capsys):
    old, new = folders
    write_cells(old, changed(CELLS, write_add=FILLED))
    before = contents(new)
    assert main(["carry", str(old), "--dry-run"], new) == 0
    assert contents(new) == before
    assert "cell 2 (write-add)  carried" in capsys.readouterr().out


def test_the_exit_status_says_that_something_was_left(folders, capsys):
    old, new = folders
    write_cells(old, changed(CELLS, add="pass"))
    assert main(["carry", str(old)], new) == 1
    assert "look at it there" in capsys.readouterr().out


@pytest.mark.parametrize("case", ["no release", "same folder", "other assignment", "broken release"])
def test_a_folder_that_can_not_be_used_is_told_in_a_sentence(folders, tmp_path, capsys, case):
    old, new = folders
    if case == "no release":
        old = tmp_path / "nothing"
    elif case == "same folder":
        old = new / "edf_kit" / ".."
    elif case == "other assignment":
        old = make_release(tmp_path / "other", assignment="other")
    else:
        (old / "edf_kit" / "release.json").write_text("[")
    with pytest.raises(ReleaseError):
        carry(old, new)
    assert main(["carry", str(old)], new) == 2
    assert capsys.readouterr().out.count("\n") == 1


def test_preview_says_where_each_exercise_is_taken_from(folders, capsys):
    _, new = folders
    write_cells(new, changed(read_cells(new), write_add=FILLED))
    assert main(["preview"], new) == 0
    assert "  add  1_autograd.ipynb, cell 2\n" in capsys.readouterr().out
    assert main(["preview", "--source"], new) == 0
    assert "# from 1_autograd.ipynb, cell 2\n" + FILLED in capsys.readouterr().out


def test_preview_writes_the_module_that_is_graded_but_never_over_edf_py(folders, capsys):
    _, new = folders
    write_cells(new, changed(read_cells(new), write_add=FILLED))
    assert main(["preview", "--out", str(new / "edf_preview.py")], new) == 0
    assert FILLED in (new / "edf_preview.py").read_text(encoding="utf-8")
    assert main(["preview", "--out", str(new / "edf.py")], new) == 2
    assert (new / "edf.py").read_text(encoding="utf-8") == MODULE


def test_preview_of_a_notebook_that_is_not_there_is_a_sentence(folders, capsys):
    assert main(["preview", "nothing.ipynb"], folders[1]) == 2
    assert capsys.readouterr().out.startswith("nothing.ipynb can't be read")


SOLVED = definition_sources(REFERENCE)["RELU"]


@pytest.mark.parametrize("cell, status", [(SOLVED, 0), (RELU.format("self.x.top"), 1), ("1 /", 2)])
def test_check_is_of_what_the_grader_takes(tmp_path, monkeypatch, capsys, cell, status):
    monkeypatch.setitem(sys.modules, "edf", None)  # put back afterwards
    folder = make_release(tmp_path / "new", module=SKELETON)
    write_cells(folder, [*CELLS, code(cell, "RELU")])
    (folder / "edf_kit" / "release.json").write_text(
        (folder / "edf_kit" / "release.json")
        .read_text()
        .replace('["add"]', '["RELU.forward", "RELU.backward"]')
    )
    assert main(["check", "RELU" if status < 2 else "nothing"], folder) == status
    printed = capsys.readouterr()
    assert printed.out and printed.err == ""


def filled(folder, source, packages=None):
    """A release of RELU whose cell holds `source`."""
    folder = make_release(folder, module=SKELETON)
    write_cells(folder, [*CELLS, code(source, "RELU")])
    path = folder / "edf_kit" / "release.json"
    release = json.loads(path.read_text())
    release["exercises"] = [
        {"id": "RELU", "stubs": ["RELU.forward", "RELU.backward"]},
        {"id": "stride", "stubs": []},
    ]
    path.write_text(json.dumps(release | ({"packages": packages} if packages is not None else {})))
    return folder


@pytest.fixture
def no_edf(monkeypatch):
    """What a check leaves behind is put back afterwards."""
    monkeypatch.setitem(sys.modules, "edf", None)
    monkeypatch.setattr(calls, "written_at", {})
    monkeypatch.setattr(calls, "lines_at", {})


def said(arguments, folder, capfd):
    """(exit status, what is printed, in one line)."""
    status = main(arguments, folder)
    out, err = capfd.readouterr()
    assert err == ""
    return status, " ".join(out.split())


def test_check_names_the_cell_that_is_to_be_filled(tmp_path, no_edf, capfd):
    blank = definition_sources(SKELETON)["RELU"]
    status, text = said(["check", "RELU", "stride"], filled(tmp_path / "new", blank), capfd)
    assert status == 1 and "fill in RELU.forward in 1_autograd.ipynb, cell 6, save it" in text


@pytest.mark.parametrize(
    ("statement", "status", "text"),
    [
        (
            "raise KeyboardInterrupt",
            130,
            "RELU … Stopped in RELU.forward, 1_autograd.ipynb, cell 6: is there",
        ),
        ("self.tip", 1, "'tip'. 1_autograd.ipynb, cell 6: self.tip"),
        ("raise SystemExit", 1, "RELU.forward raises SystemExit."),
        (
            "self.x.grad = matmul(self.x, 3).forward()",
            1,
            "line {} of edf.py: self.top = self.x.top @ self.y.top",
        ),
    ],
)
def test_check_says_which_cell_or_line_of_edf_py_it_was(tmp_path, no_edf, capfd, statement, status, text):
    folder = filled(tmp_path / "new", SOLVED.replace("self.top = ", f"{statement}; self.top = "))
    line = SKELETON[: SKELETON.index("self.top = self.x.top @ self.y.top")].count("\n") + 1
    done, out = said(["check", "RELU"], folder, capfd)
    assert done == status and text.format(line) in out


@pytest.mark.parametrize(
    ("last", "status", "text"),
    [
        ("raise KeyboardInterrupt", 130, "Stopped in line {} of edf.py: is there an endless loop?"),
        ("1 / 0", 1, "import edf raises ZeroDivisionError: division by zero. line {} of edf.py: 1 / 0"),
        ("print('here')", 0, "Your code printed: here RELU ✓ rectifier, 10 checks"),
    ],
)
def test_check_of_a_module_that_does_something(tmp_path, no_edf, capfd, last, status, text):
    folder = filled(tmp_path / "new", SOLVED)
    (folder / "edf.py").write_text(f"{SKELETON}\n{last}\n", encoding="utf-8")
    line = SKELETON.count("\n") + 2
    done, out = said(["check", "RELU"], folder, capfd)
    assert done == status and out.startswith(text.format(line))


def test_check_says_which_cell_can_not_be_read(tmp_path, no_edf, capfd):
    folder = filled(tmp_path / "new", "class RELU:\n    def forward(self)\n")
    status, text = said(["check", "RELU"], folder, capfd)
    assert status == 1 and "cell 6 (RELU), is not valid Python: line 2" in text and "in its cell" in text


def test_preview_says_what_stride_is_part_of(tmp_path, capfd):
    status, text = said(["preview"], filled(tmp_path / "new", SOLVED), capfd)
    assert "stride part of conv2: forward, backward_image and backward_kernel take it into account" in text


IMPORTING = SOLVED.replace("self.top = ", "import os, helper, scipy.signal, matplotlib.pyplot; self.top = ")


def test_preview_says_which_imports_the_grader_may_not_have(tmp_path, capfd):
    folder = filled(tmp_path / "new", IMPORTING, ["scipy"])
    (folder / "helper.py").write_text(
        "from more import x\nif __name__ == '__main__':\n    import tkinterish\n"
    )
    (folder / "more.py").touch()
    status, text = said(["preview"], folder, capfd)
    assert text.partition("Look at: ")[2] == (
        "- It imports helper: helper.py is a file of yours; hand it in too. "
        "- It imports matplotlib, which the grader may not have: the grader has numpy and scipy. "
        "- It imports more: more.py is a file of yours; hand it in too."
    )


def test_preview_of_a_release_that_names_no_packages(tmp_path, capfd):
    _, text = said(["preview"], filled(tmp_path / "new", IMPORTING), capfd)
    assert (
        "It imports scipy, which the grader may not have: the grader has numpy and what your course allows."
        in text
    )


def test_nobody_reads_on(tmp_path):
    folder = filled(tmp_path / "new", SOLVED)
    program = (
        "import sys; from pathlib import Path; from edf_kit.__main__ import main; "
        f"sys.exit(main(['preview'], Path({str(folder)!r})))"
    )
    reading, writing = os.pipe()
    os.close(reading)
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "pset")}
    done = subprocess.run(
        [sys.executable, "-c", program], stdout=writing, stderr=subprocess.PIPE, env=environment
    )
    os.close(writing)
    assert done.stderr == b"" and done.returncode == 1
