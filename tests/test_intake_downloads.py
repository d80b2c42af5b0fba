"""Canvas' and Moodle's downloads: whose each file is, and that no name makes it somebody else's."""

import functools

import pytest
from handed_in import GOOD, read, write_class, zipped

from autograder.classlist import make_class
from autograder.intake import choose_last, find_submissions, read_submission, survey


@pytest.fixture(params=["folder", "zip"])
def lay_out(request, tmp_path):
    """A function that makes a class of these files, as a folder and as a zip: lay_out(files) → path."""
    return functools.partial(write_class, tmp_path, request.param)


def students(found):
    return [submission.student for submission in found.submissions]


# Canvas


def test_a_canvas_download_is_sorted_by_student_and_file(lay_out):
    files = {
        "lovelaceada_111_9001_1_autograd.ipynb": "one",
        "lovelaceada_111_9002_2_training.ipynb": "two",
        "lovelaceada_111_9003_helpers-1.py": "helpers",
        "müllerzoë_LATE_222_9004_edf-2.py": "late",
        "hopper_grace_333_9005_hw_12_34_x.zip": zipped({"edf.py": "zip"}),
        "noone_444_text.html": "<p>I could not upload</p>",
        "LATE_anon_4xT9z_9007_edf.py": "anonymous",
        "notes.txt": "",
    }
    found = survey(lay_out(files, "submissions"))
    assert students(found) == ["anon", "hopper_grace", "lovelaceada", "müllerzoë", "noone"]
    anonymous, grace, ada, zoe, noone = found.submissions
    assert read(ada) == {"1_autograd.ipynb": "one", "2_training.ipynb": "two", "helpers.py": "helpers"} | {}
    assert read(zoe) == {"edf.py": "late"}
    assert read(grace) == {"edf.py": "zip"}
    assert [s.late for s in found.submissions] == [True, False, False, True, False]
    assert [(s.lms, s.lms_id, s.lms_name) for s in (ada, anonymous)] == [
        ("canvas", "111", "lovelaceada"),
        ("canvas", "4xT9z", "anon"),
    ]
    assert [name for name, _ in found.ignored] == ["notes.txt"]


def test_two_students_whom_canvas_calls_the_same_are_told_apart_by_id(lay_out):
    found = survey(lay_out({"doejane_1_9001_edf.py": "a", "doejane_2_9002_edf.py": "b", "doejane.py": "c"}))
    assert [(s.student, read(s)["edf.py"]) for s in found.submissions] == [
        ("doejane", "c"),
        ("doejane_1", "a"),
        ("doejane_2", "b"),
    ]


def test_of_a_file_that_was_uploaded_to_canvas_again_the_newest_counts(lay_out):
    files = {
        "doejane_1_9001_1_autograd.ipynb": "old one",
        "doejane_1_9002_2_training.ipynb": "two",
        "doejane_LATE_1_9010_1_autograd-1.ipynb": "new one",
        "doejane_LATE_1_9020_1_autograd-2.ipynb": "newest one",
    }
    found = survey(lay_out(files))
    assert [s.attempt for s in found.submissions] == ["1", "2", "3"]
    assert read(found.submissions[0]) == {"1_autograd.ipynb": "old one", "2_training.ipynb": "two"}
    assert read(choose_last(found.submissions)) == {
        "1_autograd.ipynb": "newest one",
        "2_training.ipynb": "two",
    }
    assert [s.late for s in found.submissions] == [False, True, True]


def test_a_number_that_the_student_gave_a_notebook_is_no_resubmission(lay_out):
    files = {"doejane_1_9001_part-1.ipynb": "one", "doejane_1_9002_part-2.ipynb": "two"}
    (submission,) = find_submissions(lay_out(files))
    assert read(submission) == {"part-1.ipynb": "one", "part-2.ipynb": "two"}


@pytest.mark.parametrize(
    "name, could_be",
    [
        ("victim_101_9998_202_301_evil.ipynb", ("101", "9998", "202")),
        ("victim_late_101_999_202_301_evil.ipynb", ("101", "999", "202")),
        ("mallory_202_301_victim_101_999_x.ipynb", ("202", "101")),
        ("mallory_202_301_LATE_101_999_x.ipynb", ("202", "101")),
        ("anon_101_202_301_x.ipynb", ("101", "202")),
        ("mallory_202_301_x_101_assignsubmission_file_x.ipynb", ("101", "202")),
    ],
)
def test_a_file_that_could_be_anothers_is_nobodys_and_changes_nothing(lay_out, name, could_be):
    files = {"victim_101_9001_edf.py": "victim", name: "evil"}
    by_name = {s.student: s for s in survey(lay_out(files)).submissions}
    victim = by_name.pop("victim")
    assert (read(victim), victim.attempt, victim.late) == ({"edf.py": "victim"}, "", False)
    (evil,) = by_name.values()
    assert evil.student == name.removesuffix(".ipynb")
    assert (evil.could_be, evil.lms_id) == (could_be, "")
    assert evil.doubt.startswith("whose it is can't be told: could be ")
    students = {s.name: s.remark for s in make_class([victim, evil], "last")}
    assert students == {"victim": "", evil.student: evil.doubt}


@pytest.mark.parametrize(
    "uploaded", ["1_autograd.ipynb", "2_x_1_2_y.ipynb", "hw_2026_11_20.py", "HW_100_200_x.py"]
)
def test_numbers_that_are_none_of_canvas_leave_no_doubt(lay_out, uploaded):
    (submission,) = find_submissions(lay_out({f"o_neil_101_9001_{uploaded}": GOOD}))
    assert (submission.student, submission.lms_id, submission.could_be) == ("o_neil", "101", ())


# Moodle


def test_the_id_of_a_moodle_folder_is_the_last_in_its_name(lay_out):
    files = {
        "Victim_101_assignsubmission_file/edf.py": "victim",
        "Victim_101_assignsubmission_file_202_assignsubmission_file/edf.py": "evil",
    }
    victim, evil = survey(lay_out(files)).submissions
    assert (victim.lms_id, read(victim)) == ("101", {"edf.py": "victim"})
    assert (evil.lms_id, evil.student, read(evil)) == (
        "202",
        "Victim_101_assignsubmission_file",
        {"edf.py": "evil"},
    )


def test_a_moodle_file_that_could_be_anothers_is_nobodys(lay_out):
    name = "Victim_101_assignsubmission_file_202_assignsubmission_file_edf.py"
    victim, evil = survey(
        lay_out({"Victim_101_assignsubmission_file_edf.py": "victim", name: "evil"})
    ).submissions
    assert (victim.student, read(victim)) == ("Victim", {"edf.py": "victim"})
    assert (evil.could_be, evil.lms_id) == (("101", "202"), "")


@pytest.mark.parametrize("end", ["", "_"])
def test_a_moodle_download_in_folders(lay_out, end):
    files = {
        f"Ada Lovelace_111_assignsubmission_file{end}/1_autograd.ipynb": "one",
        f"Ada Lovelace_111_assignsubmission_file{end}/sub/helpers.py": "helpers",
        f"Ada Lovelace_111_assignsubmission_onlinetext{end}/onlinetext.html": "<p>Hello</p>",
        f"Participant_222_assignsubmission_file{end}/hw.zip": zipped({"edf.py": "zip"}),
        f"Participant_333_assignsubmission_file{end}/edf.py": "three",
        f"Group 7_12_assignsubmission_file{end}/edf.py": "group",
    }
    found = survey(lay_out(files))
    assert students(found) == ["Ada Lovelace", "Group 7", "Participant_222", "Participant_333"]
    assert read(found.submissions[0]) == {
        "1_autograd.ipynb": "one",
        "onlinetext/onlinetext.html": "<p>Hello</p>",
        "sub/helpers.py": "helpers",
    }
    assert read(found.submissions[2]) == {"edf.py": "zip"}
    assert (found.submissions[0].lms, found.submissions[0].lms_id) == ("moodle", "111")


def test_a_moodle_download_of_files(lay_out):
    files = {
        "Ada Lovelace_111_assignsubmission_file_1_autograd.ipynb": "one",
        "Ada Lovelace_111_assignsubmission_file_2_training.ipynb": "two",
        "Jo de la Cruz_222_assignsubmission_file_edf.py": "jo",
    }
    found = survey(lay_out(files))
    assert [(s.student, read(s)) for s in found.submissions] == [
        ("Ada Lovelace", {"1_autograd.ipynb": "one", "2_training.ipynb": "two"}),
        ("Jo de la Cruz", {"edf.py": "jo"}),
    ]


@pytest.mark.parametrize("name", [".", ".."])
@pytest.mark.parametrize("start", ["ada_1_12346_", "ada_1_assignsubmission_file_"])
def test_a_file_called_like_a_folder_above_is_left_out(lay_out, start, name):
    found = survey(lay_out({start.replace("6", "5") + "edf.py": GOOD, start + name: "x"}))
    contents = read_submission(found.submissions[0])
    assert contents.files == {"edf.py": GOOD.encode()}
    assert contents.notes == (f"{name} was left out: it lies above edf.py",)
