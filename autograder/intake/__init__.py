"""Intake: finds what each student handed in, and says in a sentence what can't be graded, and why.

A class is a folder, or a zip: of folders or files a student, or what nbgrader, Canvas or Moodle make (layouts.py).
Nothing here runs what was handed in; links are not followed, and everything is bounded in size and number.
"""

from autograder.intake.contents import read_submission
from autograder.intake.layouts import Found, by_student, choose_last, find_submissions, survey
from autograder.intake.notebooks import take_notebooks
from autograder.intake.submission import Broken, Contents, IntakeError, Part, Submission

__all__ = [
    "Broken",
    "Contents",
    "Found",
    "IntakeError",
    "Part",
    "Submission",
    "by_student",
    "choose_last",
    "find_submissions",
    "read_submission",
    "survey",
    "take_notebooks",
]
