"""Intake: every way in which a submission can be broken has a verdict of its own."""

import os

import pytest

from autograder.intake import Broken, IntakeError, Submission, find_submissions, read_submission

GOOD = "x = 1\n"


def submission(tmp_path, files):
    """A submission of these files: bytes or text by relative path."""
    folder = tmp_path / "student"
    folder.mkdir()
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data if isinstance(data, bytes) else data.encode())
    return Submission("student", folder)


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


def test_a_class_is_a_folder_or_a_file_a_student(tmp_path):
    (tmp_path / "bo").mkdir()
    (tmp_path / "ada.py").write_text(GOOD)
    (tmp_path / "bo.py").write_text(GOOD)
    (tmp_path / ".DS_Store").write_text("")
    (tmp_path / "__MACOSX").mkdir()
    (tmp_path / "roster.csv").write_text("")
    assert [s.student for s in find_submissions(tmp_path)] == ["ada", "bo", "bo.py"]


def test_names_that_cannot_be_printed_are_spelled_out(tmp_path):
    os.mkdir(os.fsencode(tmp_path) + b"/caf\xe9")
    (tmp_path / "esc\x1b[31m").mkdir()
    assert [s.student for s in find_submissions(tmp_path)] == ["caf\\xe9", "esc\\x1b[31m"]


@pytest.mark.parametrize(
    "make, said", [(None, "no folder"), ("empty", "no submissions"), ("edf.py", "single")]
)
def test_a_folder_that_is_no_class_is_refused(tmp_path, make, said):
    folder = tmp_path / "class"
    if make:
        folder.mkdir()
    if make == "edf.py":
        (folder / "edf.py").write_text(GOOD)
    with pytest.raises(IntakeError, match=said):
        find_submissions(folder)
