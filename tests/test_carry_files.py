"""Tests of carry on whole files: a student's own are copied, the others named, and nothing is overwritten."""

import hashlib
import json

import pytest
from edf_kit.__main__ import main
from edf_kit.carry import carry
from releases import CELLS, FILLED, changed, contents, make_release, two_releases, write_cells

GIVEN = {"mnist.py": "given = 1\n", "edf_kit/digits.py": "digits = 1\n"}


@pytest.fixture
def folders(tmp_path):
    """Two releases that list their files."""
    folders = two_releases(tmp_path)
    for folder in folders:
        path = folder / "edf_kit" / "release.json"
        for name, text in GIVEN.items():
            (folder / name).write_bytes(text.encode())
        files = {name: hashlib.sha256(data).hexdigest() for name, data in by_name(folder).items()}
        del files["edf_kit/release.json"]
        path.write_text(json.dumps(json.loads(path.read_text()) | {"files": files}))
    return folders


def by_name(folder):
    return {path.as_posix(): data for path, data in contents(folder).items()}


def outcomes(done):
    return {d.file: d.outcome for d in done}


def test_files_of_ones_own_are_copied(folders):
    old, new = folders
    before = by_name(new)
    own = {"helper.py": b"x = 1", "notes.txt": b"", "mine.ipynb": b"{}", "more/plot.png": b"\xff"}
    (old / "more").mkdir()
    for name, data in own.items():
        (old / name).write_bytes(data)
    assert outcomes(carry(old, new, dry_run=True)) == dict.fromkeys(own, "copied")
    assert by_name(new) == before
    carry(old, new)
    assert by_name(new) == before | own
    assert (new / "helper.py").stat().st_mode == (old / "helper.py").stat().st_mode
    assert set(outcomes(carry(old, new)).values()) == {"there already"}


def test_what_is_no_work_is_not_copied(folders, tmp_path):
    old, new = folders
    for folder in (
        "__pycache__",
        ".venv",
        ".git",
        ".ipynb_checkpoints",
        "outputs",
        "env",
        "edf_kit",
        "a/.git",
    ):
        (old / folder).mkdir(parents=True, exist_ok=True)
        (old / folder / "own.py").touch()
    (old / "env" / "pyvenv.cfg").touch()
    for name in (".DS_Store", "edf.py.before-carry"):
        (old / name).touch()
    (tmp_path / "elsewhere.py").touch()
    (old / "link.py").symlink_to(tmp_path / "elsewhere.py")
    (old / "newer").mkdir()
    make_release(old / "newer" / "release")
    assert carry(old, new) == []


def test_files_that_are_here_are_not_overwritten(folders):
    old, new = folders
    (old / "helper.py").write_text("old")
    (new / "helper.py").write_text("new")
    (done,) = carry(old, new)
    assert (new / "helper.py").read_text() == "new"
    assert done.outcome == "left alone" and done.note.endswith(f"compare it by hand with {old / 'helper.py'}")


@pytest.mark.parametrize("name", GIVEN)
def test_a_given_file_that_was_changed_is_named(folders, name):
    old, new = folders
    (old / name).write_text("mine")
    (done,) = carry(old, new)
    assert (done.file, done.outcome) == (name, "left alone")
    assert done.note == f"you changed it: the release's own is kept here, yours is in {old}"
    assert (new / name).read_text() == GIVEN[name]


def test_other_line_ends_are_no_change(folders):
    (folders[0] / "mnist.py").write_bytes(b"given = 1\r\n")
    assert carry(*folders) == []


def test_large_files_are_named(folders):
    old, new = folders
    (old / "large.npz").write_bytes(bytes(5_000_001))
    (done,) = carry(old, new)
    assert (
        done.outcome == "left alone" and "larger than 5 MB" in done.note and not (new / "large.npz").exists()
    )


def test_a_release_that_lists_no_files(tmp_path):
    old, new = two_releases(tmp_path)
    for name in ("helper.py", "notes.md", "data.npz", "mnist.py"):
        (old / name).touch()
    (new / "mnist.py").write_text("given")
    assert outcomes(carry(old, new)) == {"helper.py": "copied", "notes.md": "copied"}


def test_a_good_carry_has_the_exit_status_0(folders, capsys):
    old, new = folders
    write_cells(old, [*changed(CELLS, write_add=FILLED), changed(CELLS)[3] | {"id": "mine"}])
    (old / "mine.ipynb").write_text("{}")
    assert main(["carry", str(old)], new) == 0
    (old / "mine.ipynb").write_text("{ }")
    assert main(["carry", str(old)], new) == 1
    assert "compare it by hand" in capsys.readouterr().out
