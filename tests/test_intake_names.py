"""Names in a submission: no file takes another's place, whatever students call their files and folders."""

import os

import pytest
from handed_in import ADD, GOOD, MEAN, notebook, write_files, zipped

from autograder.intake import Broken, Submission, read_submission, take_notebooks

LONG = "n" * 99


@pytest.fixture(params=["files", "zip"])
def contents_of(request, tmp_path):
    """contents_of(files) → what is read of them, handed in as they are or in a zip; they can be written."""

    def read(files):
        files = files if request.param == "files" else {"hw.zip": zipped(files)}
        contents = read_submission(Submission("student", write_files(tmp_path / "student", files)))
        contents.write_to(tmp_path / "written")
        return contents

    return read


def test_a_folder_called_edf_py_beside_what_is_taken_as_edf_is_left_out(contents_of):
    contents = contents_of({"work.py": GOOD, "edf.py/data.txt": "x"})
    assert contents.files == {"edf.py": GOOD.encode()}
    assert contents.notes[1] == (
        "edf.py/data.txt was left out: another file has its name, or that of its folder"
    )


def test_a_folder_called_like_a_notebook_is_left_out(contents_of):
    files = {"edf.py": GOOD, "sub/a.ipynb": b"1", "a.ipynb/data.txt": "x", "A.ipynb/more.txt": "x"}
    contents = contents_of(files)
    assert (sorted(contents.files), contents.notebooks) == (["edf.py"], {"a.ipynb": b"1"})
    assert len(contents.notes) == 2


def test_a_folder_called_edf_py_beside_notebooks_is_left_out(contents_of, assignment, tmp_path):
    contents = contents_of({"1.ipynb": notebook(add=ADD), "edf.py/data.txt": "x"})
    taken = take_notebooks(contents, assignment.stubs)
    assert list(taken.files) == ["edf.py"]
    taken.write_to(tmp_path / "taken")


def test_notebooks_in_folders_called_like_others_get_names_of_their_own(contents_of):
    files = {"a.ipynb/a.ipynb": b"1", "edf.py/a.ipynb": b"2", "x/a.ipynb": b"3", "x/u.txt": "u"}
    contents = contents_of(files)
    assert contents.notebooks == {"a.ipynb": b"1", "a (2).ipynb": b"2", "x/a.ipynb": b"3"}
    assert contents.notes[0].startswith("edf.py/a.ipynb is called a (2).ipynb here: ")


@pytest.mark.parametrize(
    "name", ["timestamp.txt", "hw/timestamp.txt", "hw/timestamp.txt/x", "hw/TimeStamp.txt"]
)
def test_a_students_own_timestamp_is_never_nbgraders(contents_of, name):
    contents = contents_of(
        {f"{'hw/' if name.startswith('hw') else ''}edf.py": GOOD, name: "2020-01-01 00:00:00"}
    )
    assert list(contents.files) == ["edf.py"]


@pytest.mark.parametrize(
    "name, is_taken",
    [
        ("x" * 100, True),
        ("x" * 101, False),
        ("é" * 51, False),
        ("x" * 101 + "/u.py", False),
        ("d/" * 21 + "u.py", False),
    ],
)
def test_files_with_long_names_are_left_out_and_noted(tmp_path, name, is_taken):
    handed_in = write_files(tmp_path, {"hw.zip": zipped({"edf.py": GOOD, name: "x"})})
    contents = read_submission(Submission("student", handed_in))
    assert sorted(contents.files) == ["edf.py"] + [name] * is_taken
    assert len(contents.notes) == (not is_taken)


def test_notebooks_with_long_names_are_told_apart(contents_of, assignment):
    files = {f"{LONG}a.ipynb": notebook(add=ADD), f"{LONG}b.ipynb": notebook(mean=MEAN)}
    contents = contents_of(files)
    short = "n" * 80
    assert list(contents.notebooks) == [f"{short} (2).ipynb", f"{short} (3).ipynb"]
    assert len(contents.notes) == 2
    cells = take_notebooks(contents, assignment.stubs).cells
    assert cells == {"add": f"{short} (2).ipynb, cell 2", "mean": f"{short} (3).ipynb, cell 2"}


def test_names_that_are_shown_alike_are_told_apart(tmp_path):
    folder = write_files(tmp_path / "student", {"a\\x1b.ipynb": b"1"})
    (folder / "a\x1b.ipynb").write_bytes(b"2")
    (folder / os.fsdecode(b"b\xff.ipynb")).write_bytes(b"3")
    contents = read_submission(Submission("student", folder))
    assert sorted(contents.notebooks.values()) == [b"1", b"2", b"3"]
    assert all(name.isprintable() for name in contents.notebooks)


def test_notebooks_that_are_too_large_together_are_refused(tmp_path):
    files = {f"{i}.ipynb": bytes([i]) * (15 << 20) for i in range(3)}
    with pytest.raises(Broken, match="the notebooks together have more than 40 MB") as broken:
        read_submission(Submission("student", write_files(tmp_path / "student", files)))
    assert broken.value.status == "too large"


def test_copies_of_a_notebook_count_once(tmp_path):
    files = {f"{i}.ipynb": bytes(15 << 20) for i in range(3)}
    contents = read_submission(Submission("student", write_files(tmp_path / "student", files)))
    assert list(contents.notebooks) == ["0.ipynb"]
