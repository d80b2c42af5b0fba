"""A small nbgrader course, for tests: made once, and nbgrader's own commands on copies of it."""

import contextlib
import csv
import functools
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from conftest import QUICK, ROOT
from nbgrader.api import Gradebook

from autograder.assignment import load_assignment
from autograder.gradebook.course import write_course

REFERENCE = (ROOT / "solutions" / "edf.py").read_text(encoding="utf-8")
TOML = QUICK.replace("[limits]", "[extra_credit]\nRELU = 2\n[limits]")
_FOLDER = tempfile.TemporaryDirectory(prefix="courses-")  # until the tests end


@functools.cache
def quick_assignment():
    """Three quick exercises: add for 6 points, mean for 4, RELU for 2 of extra credit."""
    path = Path(_FOLDER.name, "quick.toml")
    path.write_text(TOML)
    return load_assignment(path)


@functools.cache
def empty_course():
    """A course of that assignment, without students. Copy it."""
    course = Path(_FOLDER.name, "course")
    write_course(course, quick_assignment(), [])
    return course


@contextlib.contextmanager
def gradebook(course):
    """nbgrader's Gradebook of a course."""
    with Gradebook(f"sqlite:///{course}/gradebook.db") as book:
        yield book


def grade_of(book, id, student="ada"):
    """A student's grade for an exercise."""
    return book.find_grade(id, "1_autograd", "quick", student)


def points_of(course, student):
    """(score, its maximum, whether a person must look) of a student."""
    with gradebook(course) as book:
        submission = book.find_submission("quick", student)
        return submission.score, submission.max_score, submission.needs_manual_grade


def nbgrader(course, *arguments, status=0):
    """Run nbgrader in a course's folder, as an instructor does; returns what it says."""
    own = {"AUTOGRADER_SECRET": str(course.parent / "secret")}
    command = [sys.executable, "-m", "nbgrader", *arguments]
    done = subprocess.run(command, cwd=course, env=os.environ | own, capture_output=True, text=True)
    assert done.returncode == status, done.stderr
    return done.stderr


def exported(course):
    """{student: row} of nbgrader's own export."""
    nbgrader(course, "export", "--to", "grades.csv")
    with open(course / "grades.csv", newline="") as file:
        return {row["student_id"]: row for row in csv.DictReader(file)}


def everything_in(folder):
    """The bytes of every file in a folder."""
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
