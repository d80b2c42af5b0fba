"""nbgrader's course folder: the judge's points in gradebook.db, and what persons wrote there kept."""

import contextlib
import datetime
import os
import pickle
import shutil
import signal
import sqlite3
import subprocess
import sys

import pytest
from conftest import ROOT
from courses import (
    REFERENCE,
    TOML,
    empty_course,
    everything_in,
    exported,
    grade_of,
    gradebook,
    points_of,
    quick_assignment,
)

from autograder.assignment import load_assignment
from autograder.errors import CourseError
from autograder.grade import Job, grade_submission
from autograder.gradebook.course import write_course
from autograder.gradebook.students import student_id, student_ids
from autograder.intake import Submission, find_submissions
from autograder.intake.roster import Enrolled
from autograder.scores import Scores

WRONG = REFERENCE.replace("self.top = self.x.top + self.y.top", "self.top = self.x.top")
SECRET = bytes(range(32))
LATE = """
from nbgrader.plugins import BasePlugin


class TenAnHour(BasePlugin):
    def late_submission_penalty(self, student_id, score, total_seconds_late):
        return score * 0.1 * total_seconds_late / 3600
"""
DUE = datetime.datetime(2030, 5, 1, 12)


@pytest.fixture(scope="session")
def quick():
    return quick_assignment()


@pytest.fixture
def course(tmp_path):
    return shutil.copytree(empty_course(), tmp_path / "course")


@pytest.fixture
def hand_in(tmp_path, quick):
    """hand_in(student, add=…, mean=…, RELU=…): a result for write_course, with these points, not judged."""

    def make(student, key="first", when=None, text=REFERENCE, **points):
        folder = tmp_path / "in" / student
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "edf.py").write_text(text)
        exercises = {}
        for id, full in quick.points.items():
            value = points.get(id, full)
            status = "grader error" if value is None else "pass" if value else "fail"
            check = {"description": "it works", "status": status, "message": "", "detail": "", "weight": 1}
            check["smallest"] = None
            exercises[id] = {
                "points": full,
                "extra_credit": id in quick.extra_credit,
                "status": status,
                "score": value,
                "message": "",
                "checks": [check],
                "mistakes": [],
            }
        status = "grader error" if None in points.values() else "graded"
        score = {"student": student, "status": status, "message": "", "exercises": exercises, "changed": []}
        return Submission(student, folder, when=when), {**score, "notes": [], "cells": {}, "key": key}

    return make


def test_what_the_judge_gives_to_modules_lands_in_the_gradebook(course, quick, tmp_path):
    """For real: the reference has all points and the extra credit on top, a wrong one part, a broken one none."""
    for student, text in {"right": REFERENCE, "wrong": WRONG, "two": "print 1"}.items():
        (tmp_path / "in" / student).mkdir(parents=True)
        (tmp_path / "in" / student / "edf.py").write_text(text)
    submissions = find_submissions(tmp_path / "in", "quick")
    results = [(s, grade_submission(Job(s, quick, SECRET))[0]) for s in submissions]
    assert write_course(course, quick, results) == []
    assert points_of(course, "right") == (12, 10, False)
    assert points_of(course, "two") == (0, 10, False)
    assert points_of(course, "wrong")[0] == results[2][1]["score"] < 12
    made = (course / "autograded" / "wrong" / "quick" / "1_autograd.ipynb").read_text()
    assert "# edf.py" in made and "self.top = self.x.top\\n" in made
    assert "fail    x and y of the same shape are added element by element" in made


def test_a_regrade_keeps_what_a_person_gave_and_asks_to_look_again(course, quick, hand_in):
    write_course(course, quick, [hand_in("ada", add=3)])
    with gradebook(course) as book:
        grade = grade_of(book, "add")
        grade.manual_score, grade.extra_credit, grade.needs_manual_grade = 5, 0.5, False
        book.find_comment("write-add", "1_autograd", "quick", "ada").manual_comment = "Well done."
        book.find_submission_notebook("1_autograd", "quick", "ada").flagged = True
        book.db.commit()
    write_course(course, quick, [hand_in("ada", add=3)])
    with gradebook(course) as book:
        assert not grade_of(book, "add").needs_manual_grade, "nothing was judged anew"
    write_course(course, quick, [hand_in("ada", key="second", add=6)])
    with gradebook(course) as book:
        grade = grade_of(book, "add")
        assert (grade.auto_score, grade.manual_score, grade.extra_credit) == (6, 5, 0.5)
        assert grade.needs_manual_grade and not grade_of(book, "mean").needs_manual_grade
        assert book.find_comment("write-add", "1_autograd", "quick", "ada").comment == "Well done."
        assert book.find_submission_notebook("1_autograd", "quick", "ada").flagged
    assert points_of(course, "ada") == (5.5 + 4 + 2, 10, True)


def test_writing_the_same_class_again_changes_nothing(course, quick, hand_in):
    results = [hand_in("ada"), hand_in("bob", add=None)]
    write_course(course, quick, results)
    before = everything_in(course)
    write_course(course, quick, results)
    assert everything_in(course) == before


def test_what_could_not_be_judged_has_no_score_and_needs_a_person(course, quick, hand_in):
    write_course(course, quick, [hand_in("ada", add=None)])
    with gradebook(course) as book:
        assert grade_of(book, "add").auto_score is None and grade_of(book, "add").needs_manual_grade
        assert not grade_of(book, "mean").needs_manual_grade
    assert points_of(course, "ada") == (4 + 2, 10, True)


def test_late_points_are_taken_off_by_the_courses_plugin(course, quick, hand_in):
    (course / "late.py").write_text(LATE)
    with open(course / "nbgrader_config.py", "a") as file:
        file.write("\nc.AssignLatePenalties.plugin_class = 'late.TenAnHour'\n")
    with gradebook(course) as book:
        book.update_or_create_assignment("quick", duedate=DUE)
    zone = datetime.timezone(datetime.timedelta(hours=2))
    late = (DUE + datetime.timedelta(hours=4)).replace(tzinfo=zone)  # two hours late
    results = [hand_in("ada", when=late), hand_in("bob", when=late), hand_in("eve")]
    write_course(course, quick, results)
    rows = exported(course)
    assert rows["ada"]["timestamp"] == "2030-05-01 14:00:00"
    assert [float(rows["ada"][k]) for k in ("raw_score", "late_submission_penalty", "score")] == (
        pytest.approx([12, 2.4, 9.6])
    )
    assert float(rows["eve"]["score"]) == 12
    with gradebook(course) as book:
        book.grant_extension("quick", "bob", hours=3)
    write_course(course, quick, results)
    assert float(exported(course)["bob"]["score"]) == 12
    assert (course / "submitted/ada/quick/timestamp.txt").read_text() == "2030-05-01 14:00:00.000000 UTC\n"


@pytest.mark.parametrize("step", ["_save_notebooks", "_save_comments", "_save_penalties"])
def test_a_run_that_is_killed_while_writing_leaves_the_old_gradebook(course, quick, hand_in, step, tmp_path):
    write_course(course, quick, [hand_in("ada", add=1)])
    before = dump(course)
    killed = f"""
import os, pickle, signal, sys
from autograder.gradebook import book, course
book._Saving.{step} = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
course.write_course(*pickle.load(sys.stdin.buffer))
"""
    results = [hand_in("ada", key="second"), *(hand_in(f"student{i}") for i in range(50))]
    request = pickle.dumps((course, quick, results))
    done = subprocess.run([sys.executable, "-c", killed], input=request, cwd=ROOT)
    assert done.returncode == -signal.SIGKILL
    assert dump(course) == before
    write_course(course, quick, results)
    assert points_of(course, "ada") == points_of(course, "student49") == (12, 10, False)


def dump(course):
    """Everything in a gradebook, as text."""
    with contextlib.closing(sqlite3.connect(course / "gradebook.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return list(connection.iterdump())


def test_two_runs_on_one_course_are_refused(course, quick):
    with Scores(course / ".autograder" / "quick"), pytest.raises(CourseError, match="Another run"):
        write_course(course, quick, [])


def test_submissions_that_came_otherwise_are_left_alone_and_own_ones_replaced(course, quick, hand_in):
    collected = course / "submitted" / "eve" / "quick"
    collected.mkdir(parents=True)
    (collected / "edf.py").write_text("hers")
    [remark] = write_course(course, quick, [hand_in("ada"), hand_in("eve")])
    assert "eve" in remark and (collected / "edf.py").read_text() == "hers"
    write_course(course, quick, [hand_in("ada", text=WRONG)])
    assert (course / "submitted" / "ada" / "quick" / "edf.py").read_text() == WRONG
    inside = Submission("eve", collected), {**hand_in("eve")[1]}
    assert write_course(course, quick, [inside]) == []


def test_links_and_what_cannot_be_read_do_not_get_into_the_course(course, quick, hand_in):
    submission, score = hand_in("ada")
    os.symlink("/etc/passwd", submission.path / "1_autograd.ipynb")
    (submission.path / "edf.py").write_bytes(b"\0")
    (submission.path / "notes.txt").write_text("notes")
    write_course(course, quick, [(submission, score)])
    there = {path.name for path in (course / "submitted" / "ada" / "quick").iterdir()}
    assert there == {"edf.py", "notes.txt"}


def test_settings_of_the_courses_own_are_kept_and_said_to_be_unsafe(course, quick):
    (course / "nbgrader_config.py").write_text("c = get_config()\n")
    [remark] = write_course(course, quick, [])
    assert "would run what students wrote" in remark
    assert (course / "nbgrader_config.py").read_text() == "c = get_config()\n"


def test_who_handed_in_nothing_is_in_the_export(course, quick):
    write_course(course, quick, [(None, {"student": "zoe", "exercises": {}})])
    assert (exported(course)["zoe"]["score"], exported(course)["zoe"]["timestamp"]) == ("0.0", "")


def test_the_rosters_names_get_into_the_gradebook_where_it_has_none(course, quick, hand_in):
    with gradebook(course) as book:
        book.add_student("bob", email="his@own")
    rows = [Enrolled("ada", "Lovelace, Ada", "77", email="a@b"), Enrolled("bob", "Bob A. Low", email="x@y")]
    write_course(course, quick, [hand_in("ada"), (None, {"student": "bob", "exercises": {}})], rows)
    with gradebook(course) as book:
        people = [(s.id, s.first_name, s.last_name, s.email, s.lms_user_id) for s in book.students]
    assert sorted(people) == [
        ("ada", "Ada", "Lovelace", "a@b", "77"),
        ("bob", "Bob A.", "Low", "his@own", None),
    ]


@pytest.mark.parametrize(
    "name", ["..", "a/b", "x" * 300, "[a-z]*", " ada", "", " =1+1", '<b onclick="x">', "\udcff", "a;b\x7f"]
)
def test_names_that_nbgrader_cannot_use_get_others_like_them(name):
    id = student_id(name)
    assert id == os.path.basename(id) == id.strip() and 0 < len(id) < 130
    assert not set(id) & set("*?[]<>\"'`&;\udcff\x7f")
    assert id[0] not in "=+@.-" and student_id(id) == id != student_id(name + "y")


def test_no_two_students_of_a_class_have_one_id(course, quick, hand_in):
    names = ["a*b", student_id("a*b"), "a?b", "ada"]
    ids = student_ids(names)
    assert len(set(ids.values())) == 4
    assert (
        ids["ada"] == "ada"
        and ids[student_id("a*b")] == student_id("a*b")
        and student_ids(names[::-1]) == ids
    )
    write_course(course, quick, [hand_in("a*b", add=1), hand_in(student_id("a*b"), add=5)])
    assert [points_of(course, ids[name])[0] for name in names[:2]] == [1 + 6, 5 + 6]


def test_files_of_one_student_that_cannot_be_written_leave_the_class_its_gradebook(course, quick, hand_in):
    results = [hand_in("ada"), hand_in("bob"), hand_in("eve"), hand_in("zoe")]
    (course / "submitted").mkdir()
    (course / "submitted" / "ada").write_text("a file where a folder is to be")
    (course / "autograded" / "bob" / "quick").mkdir(parents=True)
    for name in ("edf.py", "1_autograd.ipynb", "timestamp.txt"):  # folders where files are to be
        (course / "autograded" / "bob" / "quick" / name / "full").mkdir(parents=True)
    (results[2][0].path / f"{'x' * 248}.txt").write_text("as long as a name can be")
    [remark] = write_course(course, quick, results)
    assert (
        remark.startswith("Files of ada could not be written: ") and "points are in the gradebook" in remark
    )
    assert {points_of(course, student) for student in ("ada", "bob", "eve", "zoe")} == {(12, 10, False)}
    assert (course / "autograded" / "bob" / "quick" / "edf.py").read_text() == REFERENCE
    assert not (course / "autograded" / "bob" / "quick" / "timestamp.txt").exists()
    assert (course / "submitted" / "eve" / "quick" / "edf.py").read_text() == REFERENCE


def test_a_time_that_nobody_can_have_handed_in_at_is_left_out(course, quick, hand_in):
    zone = datetime.timezone(datetime.timedelta(hours=2))
    times = [datetime.datetime.min.replace(tzinfo=zone), datetime.datetime.max.replace(tzinfo=datetime.UTC)]
    said = write_course(course, quick, [hand_in(f"s{i}", when=when) for i, when in enumerate(times)])
    assert ["year 1," in said[0], "year 9999," in said[1]] == [True, True] and len(said) == 2
    assert points_of(course, "s0") == points_of(course, "s1") == (12, 10, False)


def test_changed_points_make_the_release_anew_and_keep_the_grades(course, quick, hand_in, tmp_path):
    write_course(course, quick, [hand_in("ada")])
    (tmp_path / "quick.toml").write_text(TOML.replace("add = 6", "add = 5").replace("mean = 4", "mean = 5"))
    write_course(course, load_assignment(tmp_path / "quick.toml"), [hand_in("ada", add=5, mean=5)])
    with gradebook(course) as book:
        assert [(g.auto_score, g.max_score) for g in (grade_of(book, "add"), grade_of(book, "mean"))] == [
            (5, 5)
        ] * 2


def test_changed_exercises_of_a_graded_class_are_refused_in_a_sentence(course, quick, hand_in, tmp_path):
    write_course(course, quick, [hand_in("ada")])
    before = dump(course)
    (tmp_path / "quick.toml").write_text(TOML.replace("mean = 4", "sigmoid = 4"))
    with pytest.raises(CourseError, match="with other exercises"):
        write_course(course, load_assignment(tmp_path / "quick.toml"), [])
    assert dump(course) == before


def test_a_file_whose_name_leaves_no_room_for_more_is_written(tmp_path):
    from autograder.gradebook.course import _write_if_changed

    path = tmp_path / ("n" * 251 + ".txt")  # the longest that a file system takes
    _write_if_changed(path, b"whole")
    assert path.read_bytes() == b"whole" and [entry.name for entry in tmp_path.iterdir()] == [path.name]
