"""Whose file is what: each layout of a class's folder, as folder and as zip, and that nothing is dropped."""

import datetime
import functools
import os

import pytest
from handed_in import GOOD, notebook, read, write_class, write_files, zipped

from autograder.intake import IntakeError, choose_last, find_submissions, survey
from autograder.intake.times import parse_time

UTC = datetime.UTC


@pytest.fixture(params=["folder", "zip"])
def lay_out(request, tmp_path):
    """A function that makes a class of these files, as a folder and as a zip: lay_out(files) → path."""
    return functools.partial(write_class, tmp_path, request.param)


def students(found):
    return [submission.student for submission in found.submissions]


def test_a_class_is_a_folder_or_a_file_a_student(lay_out):
    files = {"bo/edf.py": "bo", "ada.py": "ada", "bo.py": "bo.py", "cy.ipynb": "cy", "roster.csv": ""}
    files |= {"dee.zip": zipped({"hw/edf.py": "dee"}), ".DS_Store": "", "__MACOSX/x": ""}
    found = survey(lay_out(files))
    assert [(s.student, read(s)) for s in found.submissions] == [
        ("ada", {"edf.py": "ada"}),
        ("bo", {"edf.py": "bo"}),
        ("bo.py", {"edf.py": "bo.py"}),
        ("cy", {"cy.ipynb": "cy"}),
        ("dee", {"edf.py": "dee"}),
    ]
    assert dict(found.ignored) == {
        ".DS_Store": "it was left behind by a system or an editor",
        "__MACOSX": "it was left behind by a system or an editor",
        "roster.csv": "it is no folder, .py, .ipynb or .zip, and not named as a download",
    }


def test_names_that_cannot_be_printed_are_spelled_out(tmp_path):
    os.mkdir(os.fsencode(tmp_path) + b"/caf\xe9")
    (tmp_path / "esc\x1b[31m").mkdir()
    assert students(survey(tmp_path)) == ["caf\\xe9", "esc\\x1b[31m"]


def test_names_that_are_printed_alike_are_told_apart(tmp_path):
    os.mkdir(os.fsencode(tmp_path) + b"/caf\xe9")
    (tmp_path / "caf\\xe9").mkdir()
    assert students(survey(tmp_path)) == ["caf\\xe9", "caf\\xe9 (2)"]


def test_links_and_pipes_in_place_of_a_student_are_listed(tmp_path):
    (tmp_path / "ada").mkdir()
    os.symlink("/etc", tmp_path / "bo")
    os.mkfifo(tmp_path / "cy.py")
    assert survey(tmp_path).ignored == (("bo", "it is a link"), ("cy.py", "it is a device or pipe"))


@pytest.mark.parametrize("name", ["edf.py", "1_autograd.ipynb"])
def test_a_single_submission_is_no_class(lay_out, name):
    with pytest.raises(IntakeError, match="is a single submission"):
        survey(lay_out({name: GOOD}))


def test_a_folder_without_submissions_says_what_is_in_it(lay_out):
    with pytest.raises(IntakeError, match=r"holds no submissions.*\. Ignored: notes\.txt: it is no folder"):
        survey(lay_out({"notes.txt": ""}))


@pytest.mark.parametrize(
    "name, said", [("nowhere", "There is no folder"), ("a.rar", "neither a folder nor a .zip")]
)
def test_a_path_that_is_no_class_is_refused(tmp_path, name, said):
    (tmp_path / "a.rar").write_bytes(b"")
    with pytest.raises(IntakeError, match=said):
        survey(tmp_path / name)


def test_a_zip_of_the_folder_itself_is_opened_down_to_the_students(tmp_path):
    for name in ("hw1.zip", "hw1 (1).zip"):
        (tmp_path / name).write_bytes(zipped({"hw1/ada/edf.py": "a", "hw1/bo.py": "b"}))
        assert students(survey(tmp_path / name)) == ["ada", "bo"]


def test_a_zip_of_one_students_folder_is_that_student(tmp_path):
    (tmp_path / "hw1.zip").write_bytes(zipped({"ada/hw/edf.py": "a"}))
    assert students(survey(tmp_path / "hw1.zip")) == ["ada"]


def test_a_folder_that_cannot_be_read_is_a_submission_all_the_same(tmp_path, monkeypatch):
    """Who grades it finds the fault; the others are not held up."""
    write_files(tmp_path, {"ada/edf.py": "ada", "bo/edf.py": "bo"})
    scandir = os.scandir

    def refuse(path):
        if str(path).endswith("ada"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert students(survey(tmp_path)) == ["ada", "bo"]
    with pytest.raises(IntakeError, match="can't be read: Permission denied"):
        survey(tmp_path / "ada")


# nbgrader


NBGRADER = {
    "ada/edf/1_autograd.ipynb": "ada",
    "ada/edf/timestamp.txt": "2026-11-20 10:00:00.123456 UTC\n",
    "ada/ps1/problem1.ipynb": "other",
    "bo/edf/edf.py": "bo",
    "cy/ps1/problem1.ipynb": "other",
    "cy/ps1/timestamp.txt": "2026-11-20 10:00:00 UTC",
}


@pytest.mark.parametrize("is_course", [False, True])
def test_nbgraders_tree_gives_the_files_of_this_assignment(lay_out, is_course):
    if is_course:
        files = {f"submitted/{name}": text for name, text in NBGRADER.items()}
        path = lay_out(files | {"gradebook.db": "", "source/edf/1_autograd.ipynb": "solved"})
    else:
        path = lay_out(NBGRADER, "submitted")
    found = survey(path, "edf")
    assert [(s.student, read(s)) for s in found.submissions] == [
        ("ada", {"1_autograd.ipynb": "ada"}),
        ("bo", {"edf.py": "bo"}),
    ]
    assert [s.when for s in found.submissions] == [
        datetime.datetime(2026, 11, 20, 10, 0, 0, 123456, tzinfo=UTC),
        None,
    ]
    course = (
        {"gradebook.db": "it is not in submitted", "source": "it is not in submitted"} if is_course else {}
    )
    assert dict(found.ignored) == course | {
        "ada/ps1": "it is not in edf",
        "cy": "there is nothing of edf in it, but ps1",
    }


def test_a_folder_in_a_students_folder_is_taken_whatever_its_name(lay_out):
    found = survey(
        lay_out({"ada/edf/edf.py": "ada", "bo/homework/edf.py": "bo", "cy/x/1_autograd.ipynb": "cy"})
    )
    assert students(found) == ["ada", "bo", "cy"]
    assert not found.ignored


def test_the_inbound_folders_of_nbgraders_exchange_are_attempts_in_order_of_time(lay_out):
    files = {
        "a+da+edf+2026-11-20 10:00:00.5 UTC+Zz-_09AZaz12/edf.py": "second",
        "a+da+edf+2026-11-19 23:59:59.0 UTC/edf.py": "first",
        "a+da+edf+2026-11-20 13:00:00 +0200+Zz-_09AZaz12/edf.py": "third",
        "bo+ps1+2026-11-20 10:00:00 UTC+abcdefghijkl/problem1.ipynb": "other",
    }
    found = survey(lay_out(files))
    assert {s.student for s in found.submissions} == {"a+da"}
    assert [read(s)["edf.py"] for s in found.submissions] == ["first", "second", "third"]
    assert [s.attempt for s in found.submissions][1] == "2026-11-20 10:00:00.5 UTC"
    assert found.submissions[2].when == datetime.datetime(2026, 11, 20, 11, tzinfo=UTC)
    assert choose_last(found.submissions) is found.submissions[2]
    assert dict(found.ignored) == {
        "bo+ps1+2026-11-20 10:00:00 UTC+abcdefghijkl": "it is of ps1, not of edf",
    }


def test_two_attempts_of_the_same_second_have_two_labels(lay_out):
    files = {
        f"ada+edf+2026-11-20 10:00:00 UTC+{random}/edf.py": random
        for random in ("aaaaaaaaaaaa", "bbbbbbbbbbbb")
    }
    labels = [s.attempt for s in find_submissions(lay_out(files))]
    assert labels == ["2026-11-20 10:00:00 UTC", "2026-11-20 10:00:00 UTC (2)"]


def test_folders_named_by_times_are_attempts(lay_out):
    files = {
        "ada/2026-11-20T10:00:00Z/edf.py": "last",
        "ada/2026-11-19T10-00-00/edf.py": "first",
        "bo/edf/2026-11-20_100000/edf.py": "bo",
        "cy/2026-11-20/edf.py": "no time of day, so no attempts",
    }
    found = survey(lay_out(files))
    assert [(s.student, read(s)["edf.py"]) for s in found.submissions][:3] == [
        ("ada", "first"),
        ("ada", "last"),
        ("bo", "bo"),
    ]
    assert found.submissions[3].when is None


def test_times_that_a_student_could_have_written_order_attempts_and_no_more(lay_out):
    files = {
        "ada/2026-11-20T10:00:00Z/edf.py": "last",
        "ada/2026-11-20T11:30:00+02:00/edf.py": "first",
        "bo/edf.py": "bo",
        "bo/timestamp.txt": "2026-11-20 10:00:00 UTC",
        "cy/edf/edf.py": "cy",
        "cy/edf/timestamp.txt": "2026-11-20 10:00:00 UTC",
    }
    found = survey(lay_out(files)).submissions
    assert [(s.student, s.attempt, s.when) for s in found] == [
        ("ada", "2026-11-20T11:30:00+02:00", None),
        ("ada", "2026-11-20T10:00:00Z", None),
        ("bo", "", None),
        ("cy", "", None),
    ]
    assert read(choose_last(found[:2])) == {"edf.py": "last"}


def test_times_of_nbgraders_own_folders_are_believed(lay_out):
    files = {"bo/edf/2026-11-20_100000/edf.py": "bo", "cy/hw/2026-11-20_100000/edf.py": "cy"}
    bo, cy = survey(lay_out(files, "submitted")).submissions
    assert bo.when == datetime.datetime(2026, 11, 20, 10, tzinfo=UTC)
    assert cy.when is None


def test_times_are_believed_too_where_the_class_is_the_current_folder(tmp_path, monkeypatch):
    files = {"ada/edf/edf.py": "a", "ada/edf/timestamp.txt": "2026-11-20 10:00:00 UTC"}
    monkeypatch.chdir(write_files(tmp_path / "submitted", files))
    assert survey(".").submissions[0].when == datetime.datetime(2026, 11, 20, 10, tzinfo=UTC)


@pytest.mark.parametrize("name", ["class", "submitted"])
def test_what_one_student_calls_a_folder_decides_nothing_about_others(lay_out, name):
    files = {
        "mallory/edf/notes.txt": "",
        "mallory/src/edf.py": "mallory",
        "bob/hw/src/edf.py": "bob",
        "cy/a/b/c/work.py": "cy",
        "dee/edf/edf.py": "dee",
    }
    found = survey(lay_out(files, name))
    assert [(s.student, read(s)["edf.py"]) for s in found.submissions] == [
        ("bob", "bob"),
        ("cy", "cy"),
        ("dee", "dee"),
        ("mallory", "mallory"),
    ]
    assert not found.ignored


@pytest.mark.parametrize(
    "text, expected",
    [
        ("2026-11-20 10:00:00.123456 UTC", "2026-11-20T10:00:00.123456+00:00"),
        ("2026-11-20 10:00:00", "2026-11-20T10:00:00+00:00"),
        ("2026-11-20T10:00:00+02:00", "2026-11-20T08:00:00+00:00"),
        ("2026-07-01 10:00 Europe/Berlin", "2026-07-01T08:00:00+00:00"),
        ("20261120T100000Z", "2026-11-20T10:00:00+00:00"),
        ("2026-13-20 10:00:00", None),
        ("2026-11-20 10:00:00 Nowhere/Land", None),
        ("2026-11-20 10:00:00 ../../etc/passwd", None),
        ("0001-01-01 00:00:00+23:59", None),
        ("9999-12-31 23:59:59-23:59", None),
        ("1999-12-31 23:59:59", None),
        ("2101-01-01 00:00:00", None),
        ("2100-12-31 23:00:00-02:00", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_times_are_read_as_nbgrader_writes_them(text, expected):
    time = parse_time(text)
    assert (time and time.isoformat()) == expected


@pytest.mark.parametrize("data", [b"\xff\xfe", b"soon", b"9" * 10_000, b""])
def test_a_timestamp_that_says_nothing_is_no_time(lay_out, data):
    assert survey(lay_out({"ada/edf/edf.py": "a", "ada/edf/timestamp.txt": data})).submissions[0].when is None


def test_layouts_can_be_mixed_and_nothing_is_dropped(lay_out):
    files = {
        "doejane_1_9001_edf.py": "canvas",
        "Jo Cruz_2_assignsubmission_file_/edf.py": "moodle",
        "kim+edf+2026-11-20 10:00:00 UTC+abcdefghijkl/edf.py": "exchange",
        "lee/edf.py": "by mail",
        "max.ipynb": notebook(),
        "nor.pdf": "",
    }
    found = survey(lay_out(files))
    assert students(found) == ["Jo Cruz", "doejane", "kim", "lee", "max"]
    assert [name for name, _ in found.ignored] == ["nor.pdf"]
