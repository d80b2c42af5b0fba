"""Intake: every way in which a submission can be broken has a verdict of its own."""

import os
import signal

import pytest
from conftest import ROOT
from handed_in import ADD, GOOD, MEAN, notebook, write_files, zipped

from autograder.intake import Broken, Contents, Submission, notebooks, read_submission, take_notebooks


def submission(tmp_path, files):
    """A submission of these files: bytes or text by relative path."""
    return Submission("student", write_files(tmp_path / "student", files))


@pytest.mark.parametrize(
    "files, status, said",
    [
        ({}, "missing", "found: nothing"),
        ({"notes.txt": "hello"}, "missing", "found: notes.txt"),
        ({"a.py": GOOD, "b.py": GOOD}, "missing", "found: a.py, b.py"),
        ({"a/edf.py": GOOD, "b/edf.py": GOOD}, "several edf.py", "2 files"),
        ({"edf.py": ""}, "empty", "is empty"),
        ({"edf.py": " \n\n"}, "empty", "is empty"),
        ({"edf.py": b"\x7fELF\0\0\0"}, "binary", "null bytes"),
        ({"edf.py": "x = 'é'".encode("latin-1")}, "not UTF-8", "line 1"),
        ({"edf.py": GOOD.encode("utf-16")}, "not UTF-8", "UTF-16"),
        ({"edf.py": b"#" * (50 << 20)}, "too large", "50.0 MB"),
    ],
)
def test_a_broken_submission_gets_a_verdict_of_its_own(tmp_path, files, status, said):
    with pytest.raises(Broken) as broken:
        read_submission(submission(tmp_path, files))
    assert broken.value.status == status
    assert said in broken.value.message


@pytest.mark.parametrize("make", [lambda p: os.symlink("/etc/passwd", p), os.mkfifo])
def test_links_and_pipes_in_place_of_edf_are_refused_unopened(tmp_path, make):
    handed_in = submission(tmp_path, {})
    make(handed_in.path / "edf.py")
    with pytest.raises(Broken) as broken:
        read_submission(handed_in)
    assert broken.value.status == "not a file"


def test_a_single_python_file_of_another_name_is_taken_and_noted(tmp_path):
    contents = read_submission(submission(tmp_path, {"edf (1).py": GOOD}))
    assert contents.files == {"edf.py": GOOD.encode()}
    assert contents.notes == ("edf (1).py was taken as edf.py",)


def test_other_files_come_along_relative_to_edf(tmp_path):
    files = {"hw/edf.py": GOOD, "hw/helpers.py": GOOD, "hw/more/x.txt": "x", "hw/__pycache__/edf.pyc": b"p"}
    contents = read_submission(submission(tmp_path, files))
    assert sorted(contents.files) == ["edf.py", "helpers.py", "more/x.txt"]


def test_links_and_files_above_edf_are_left_out_and_noted(tmp_path):
    handed_in = submission(tmp_path, {"hw/edf.py": GOOD, "above.txt": "x"})
    os.symlink("/etc/passwd", handed_in.path / "hw" / "link.txt")
    contents = read_submission(handed_in)
    assert list(contents.files) == ["edf.py"]
    assert contents.notes == (
        "../above.txt was left out: it lies above edf.py",
        "link.txt was left out: it is a link",
    )


def test_files_beyond_the_limits_are_left_out_and_noted(tmp_path):
    files = {"edf.py": GOOD, "a.bin": bytes(15 << 20), "b.bin": bytes(15 << 20)}
    contents = read_submission(submission(tmp_path, files))
    assert sorted(contents.files) == ["a.bin", "edf.py"]
    assert "larger than 20 MB" in contents.notes[0]


def test_the_digest_depends_on_names_and_bytes(tmp_path):
    digests = set()
    for i, files in enumerate([{"edf.py": "ab"}, {"edf.py": "a", "b": ""}, {"edf.py": "a", "c": ""}]):
        (tmp_path / str(i)).mkdir()
        digests.add(read_submission(submission(tmp_path / str(i), files)).digest())
    assert len(digests) == 3


def test_a_zip_is_unpacked_and_what_is_in_it_is_the_submission(tmp_path):
    files = {"hw/edf.py": GOOD, "hw/helpers.py": GOOD, "__MACOSX/hw/._edf.py": b"\0", "hw/.DS_Store": b"\0"}
    contents = read_submission(submission(tmp_path, {"hw.zip": zipped(files)}))
    assert contents.files == {"edf.py": GOOD.encode(), "helpers.py": GOOD.encode()}


def test_a_zip_beside_other_files_and_two_zips_are_unpacked(tmp_path):
    files = {
        "a.zip": zipped({"1_autograd.ipynb": "{}"}),
        "b.ZIP": zipped({"x/2.ipynb": "[]"}),
        "edf.py": GOOD,
    }
    contents = read_submission(submission(tmp_path, files))
    assert contents.notebooks == {"1_autograd.ipynb": b"{}", "2.ipynb": b"[]"}
    assert contents.files == {"edf.py": GOOD.encode()}


def test_a_zip_in_a_zip_is_refused_in_a_sentence(tmp_path):
    files = {"all.zip": zipped({"inner/hw.zip": zipped({"edf.py": GOOD})})}
    with pytest.raises(Broken) as broken:
        read_submission(submission(tmp_path, files))
    assert broken.value.status == "zip in a zip"
    assert broken.value.message.startswith("all.zip has another zip in it, hw.zip:")


def test_other_archives_are_named_as_such(tmp_path):
    with pytest.raises(Broken, match=r"found: hw\.rar\. Only \.zip is unpacked"):
        read_submission(submission(tmp_path, {"hw.rar": b"Rar!"}))


def test_notebooks_are_kept_apart_with_their_folder_only_where_names_clash(tmp_path):
    files = {"a/1.ipynb": b"1", "b/1.ipynb": b"2", "c/1.ipynb": b"1", ".ipynb_checkpoints/1.ipynb": b"3"}
    contents = read_submission(submission(tmp_path, files))
    assert contents.notebooks == {"1.ipynb": b"1", "b/1.ipynb": b"2"}
    assert contents.files == {}


def test_a_helper_beside_notebooks_is_not_taken_for_edf(tmp_path):
    contents = read_submission(submission(tmp_path, {"1.ipynb": b"1", "helpers.py": GOOD}))
    assert list(contents.files) == ["helpers.py"]


def test_nbgraders_timestamp_is_no_part_of_the_submission(tmp_path):
    files = {"edf.py": GOOD, "timestamp.txt": "2026-11-20 10:00:00 UTC", "sub/timestamp.txt": "mine"}
    assert list(read_submission(submission(tmp_path, files)).files) == ["edf.py", "sub/timestamp.txt"]


def test_a_notebook_becomes_an_edf_and_it_is_kept_where_each_definition_is_from(tmp_path, assignment):
    contents = read_submission(submission(tmp_path, {"1_autograd.ipynb": notebook(mean=MEAN), "u.py": GOOD}))
    taken = take_notebooks(contents, assignment.stubs)
    assert taken.cells == {"mean": "1_autograd.ipynb, cell 2"}
    text = taken.files["edf.py"].decode()
    assert "self.top = np.mean(self.x.top)" in text
    assert "add.forward" in text and "still to be written" in text, "what is not written stays a stub"
    assert taken.files["u.py"] == GOOD.encode()
    assert taken.notebooks == {}


def test_of_notebooks_and_edf_each_gives_what_is_written_there(tmp_path, assignment):
    module = (ROOT / "pset" / "edf.py").read_text(encoding="utf-8")
    start = module.index("class add")
    end = module.index("class ", start + 1)
    files = {"edf.py": module[:start] + ADD.strip() + "\n\n\n" + module[end:], "n.ipynb": notebook(mean=MEAN)}
    taken = take_notebooks(read_submission(submission(tmp_path, files)), assignment.stubs)
    assert taken.cells == {"mean": "n.ipynb, cell 2"}
    text = taken.files["edf.py"].decode()
    assert "copied = tuple" in text and "np.mean(self.x.top)" in text


def test_an_edf_that_cannot_be_read_beside_notebooks_is_left_out_and_noted(tmp_path, assignment):
    files = {"edf.py": GOOD.encode("utf-16"), "n.ipynb": notebook(mean=MEAN)}
    taken = take_notebooks(read_submission(submission(tmp_path, files)), assignment.stubs)
    assert taken.notes[0] == "edf.py was left out: edf.py is UTF-16 text; save it as UTF-8"
    assert "mean" in taken.cells


@pytest.mark.parametrize("data", [b"", b"[]", b"[" * 100_000, b"\xff\xfe", b'{"cells": 1}', b'{"cells": []}'])
def test_a_notebook_that_is_none_gets_a_verdict(tmp_path, assignment, data):
    contents = read_submission(submission(tmp_path, {"n.ipynb": data}))
    with pytest.raises(Broken, match=r"n\.ipynb"):
        take_notebooks(contents, assignment.stubs)


def test_reading_notebooks_that_brings_its_process_down_costs_the_submission_alone(monkeypatch, assignment):
    contents = Contents({}, (), {"n.ipynb": b""})
    for disaster in (lambda *_: os.kill(os.getpid(), signal.SIGKILL), lambda *_: bytearray(4 << 30)):
        monkeypatch.setattr(notebooks, "choose", disaster)
        with pytest.raises(Broken, match="too much time or memory"):
            take_notebooks(contents, assignment.stubs)


def test_a_fault_of_our_own_in_reading_notebooks_is_no_verdict(monkeypatch, assignment):
    monkeypatch.setattr(notebooks, "choose", lambda *_: 1 / 0)
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        take_notebooks(Contents({}, (), {"n.ipynb": b""}), assignment.stubs)
