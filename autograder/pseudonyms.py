"""Grading without names (`--anonymous`): every student goes by a pseudonym, in all that is written and shown.

A pseudonym depends on the student and the course secret, so a second run finds what the first one graded, and
nobody can find out by trying names. The list of who is who is a CSV file beside the output folder, for its owner alone.
What students wrote into their own files, and how they called these, stays as it is.
"""

import collections
import csv
import dataclasses
import hmac
import io
import itertools
import os
import re
from pathlib import Path

from autograder.intake import IntakeError
from autograder.texts import csv_cell

DIGITS = 10  # hexadecimal: for two of 3,000 students to share them takes a chance of 4 in a million
TEXT = ("message", "detail", "notes", "cells", "output", "diagnosis_faults")  # of a score or record
SHORTEST = 3  # characters of a name that is looked for in texts


def pseudonym(student, secret):
    """What a student, by their name in the class, goes by."""
    digest = hmac.digest(secret, b"pseudonym\0" + student.encode("utf-8", "surrogateescape"), "sha256")
    return f"anon-{digest.hex()[:DIGITS]}"


def list_file(out):
    """Where the list of an output folder's pseudonyms is: beside it, since the folder is for others to see."""
    out = Path(out).absolute()
    return out.with_name(f"{out.name}.names.csv")


class Pseudonyms:
    """The pseudonyms of a class: of its students (classlist.Student) and its roster's rows, or None.

    ordinary: words that tell of nobody, though a student may be called so.
    """

    def __init__(self, students, roster, secret, ordinary):
        self._secret = secret
        self._rows = [(self._of(s.name), s.name, s.remark) for s in students]
        self.students = sorted(map(self._student, students), key=lambda student: student.name)
        self.roster = roster and [type(r)(self._of(r.student), section=r.section) for r in roster]
        called = {self._of(student.name): _called(student) for student in students}
        counts = collections.Counter(itertools.chain(*called.values()))
        # What several are called is the name of a folder or a file that all have.
        common = {name for name, count in counts.items() if count > 1} | set(ordinary)
        self._names = {name: _pattern(known - common) for name, known in called.items()}
        if len(self._names) < len(students):
            raise IntakeError("Two students have one pseudonym: grade without --anonymous.")

    def write_list(self, out):
        """Write who is who, and what there is to say on who it is, beside the output folder; returns the path."""
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        table.writerow(["pseudonym", "student", "remark"])
        table.writerows(map(csv_cell, row) for row in sorted(self._rows))
        path, temporary = list_file(out), list_file(out).with_suffix(".part")
        temporary.unlink(missing_ok=True)
        with open(
            os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
        ) as file:
            file.write(text.getvalue())
        os.replace(temporary, path)
        return path

    def hide(self, student, graded):
        """Of a student's score or record, a dict of JSON values: the same with their names in its texts replaced."""
        pattern = self._names[student]
        return graded if pattern is None else _replaced(graded, pattern, student)

    def _of(self, student):
        return pseudonym(student, self._secret)

    def _student(self, student):
        def renamed(submission):
            unknown = {"lms_id": "", "lms_name": "", "could_be": ()}
            return dataclasses.replace(submission, student=self._of(student.name), **unknown)

        attempts = {id(attempt): renamed(attempt) for attempt in student.attempts}
        return dataclasses.replace(
            student,
            name=self._of(student.name),
            attempts=tuple(attempts.values()),
            graded=tuple(attempts[id(attempt)] for attempt in student.graded),
            remark=student.remark and "whose it is has to be looked at: see the list of names",
        )


def _called(student):
    """All that a student, or what they handed in, is called; lower case."""
    called = {student.name}
    for attempt in student.attempts:
        squashed = re.sub(r"\W", "", attempt.lms_name)  # as Canvas calls files
        called |= {attempt.lms_id, attempt.lms_name, squashed, attempt.path.name, attempt.path.stem}
    return {name.casefold() for name in called if len(name) >= SHORTEST}


def _pattern(names):
    """A regular expression of these names as words, or None if there are none."""
    longest_first = sorted(names, key=len, reverse=True)
    words = "|".join(map(re.escape, longest_first))
    return re.compile(rf"(?<![^\W_])(?:{words})(?![^\W_])", re.IGNORECASE) if words else None


def _replaced(value, pattern, by, is_text=False):
    """`value` with all that matches replaced in what is TEXT in it."""
    if isinstance(value, str):
        return pattern.sub(by, value) if is_text else value
    if isinstance(value, dict):
        return {key: _replaced(inner, pattern, by, is_text or key in TEXT) for key, inner in value.items()}
    if isinstance(value, list):
        return [_replaced(inner, pattern, by, is_text) for inner in value]
    return value
