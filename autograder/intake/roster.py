"""The roster of a course: who should hand in, and whose submission is whose.

A CSV file with a header: student, and any of name, canvas_id, moodle_id, email, section; other columns are kept.
Excel's own ways (semicolons, a byte order mark) are taken too.
"""

import collections
import csv
import dataclasses
import functools
import io
import math
import re
from pathlib import Path

from autograder.intake.submission import IntakeError, shown

KNOWN = ("student", "name", "canvas_id", "moodle_id", "email", "section")
UNIQUE = ("student", "canvas_id", "moodle_id", "email")
MAX_BYTES = 20 << 20


@dataclasses.dataclass(frozen=True)
class Enrolled:
    """A row of the roster; "" where it says nothing. more: the other columns, by their names in the header."""

    student: str
    name: str = ""
    canvas_id: str = ""
    moodle_id: str = ""
    email: str = ""
    section: str = ""
    more: dict = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Matched:
    """A class held against its roster.

    submissions: all of them, under the roster's names of students where they are on it. enrolled: those rows, by
    student. absent: the rows without a submission. remarks: by student, a sentence on who could not be matched.
    """

    submissions: tuple
    enrolled: dict
    absent: tuple
    remarks: dict


def read_roster(path):
    """The `Enrolled` of a roster's file, in its order. Raises IntakeError."""
    path = Path(path)
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise IntakeError(f"The roster {path} can't be read: {error.strerror}.") from None
    if len(data) > MAX_BYTES:
        raise IntakeError(f"The roster {path} is larger than {MAX_BYTES >> 20} MB: is it the right file?")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise IntakeError(
            f'The roster {path} is not UTF-8 text. In Excel, save it as "CSV UTF-8 (comma delimited)".'
        ) from None
    try:
        return _read_rows(text)
    except (IntakeError, csv.Error) as error:
        raise IntakeError(f"The roster {path}: {error}") from None


def _read_rows(text):
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    header, enrolled = None, []
    for row in reader:
        cells = [cell.strip() for cell in row]
        if not any(cells):
            continue
        if header is None:
            header = _read_header(cells)
            continue
        where = f"line {reader.line_num}"
        if any(cells[len(header) :]):
            raise IntakeError(f"{where} has more cells than the header. Is a comma in a name not quoted?")
        values = dict(zip(header, cells))
        if not values.get("student"):
            raise IntakeError(f"{where} names no student.")
        known = {key: values.pop(key, "") for key in KNOWN}
        enrolled.append(Enrolled(**known, more=values))
    if not enrolled:
        raise IntakeError("there are no students in it.")
    for key in UNIQUE:
        seen = {}
        for row in enrolled:
            value = getattr(row, key).casefold()
            if value and value in seen:
                raise IntakeError(f"{shown(getattr(row, key))} stands twice in the column {key}.")
            seen[value] = row
    return enrolled


def _read_header(cells):
    header = [
        cell.lower().replace(" ", "_") if cell.lower().replace(" ", "_") in KNOWN else cell for cell in cells
    ]
    if "student" not in header:
        raise IntakeError(f"there is no column student; the header has {shown(', '.join(cells), 200)}.")
    counts = collections.Counter(header)
    if twice := next((name for name in header if name and counts[name] > 1), None):
        raise IntakeError(f"there are two columns {shown(twice)}.")
    return header


def match_roster(submissions, roster):
    """`Matched`: submissions (of layouts.survey) held against a roster (of read_roster).

    By the student's id in the roster, then the id in the learning management system, the e-mail address, the name.
    """
    claims, remarks = {}, {}
    for submission in submissions:
        if submission.student in claims or submission.student in remarks:
            continue
        strength, rows = _find(submission, roster)
        if submission.doubt and len(rows) != 1:
            remarks[submission.student] = submission.doubt
        elif len(rows) == 1:
            claims[submission.student] = strength, rows[0]
        elif rows:
            who = " or ".join(row.student for row in rows[:5])
            remarks[submission.student] = f"not on the roster by id, by name it could be {who}"
        else:
            remarks[submission.student] = "not on the roster"
    owners = {}
    for student, (_, row) in sorted(claims.items(), key=lambda claim: claim[1][0]):
        if (first := owners.setdefault(row.student, student)) != student:
            remarks[student] = f"it looks like {row.student}'s, and so does the submission of {first}"
    names = {student: row_student for row_student, student in owners.items()}
    # Whoever is not on the roster must not be called like somebody who is.
    for student in remarks:
        names[student] = student if student not in owners else f"{student} (not on the roster)"
    renamed = [dataclasses.replace(s, student=names[s.student]) for s in submissions]
    return Matched(
        submissions=tuple(sorted(renamed, key=lambda submission: submission.student)),
        enrolled={row.student: row for row in roster if row.student in owners},
        absent=tuple(row for row in roster if row.student not in owners),
        remarks={names[student]: remark for student, remark in remarks.items()},
    )


def _find(submission, roster):
    """(strength of the match, 0 the best; the rows that a submission's student can be)."""
    student = submission.student.casefold()
    name = squashed(submission.lms_name or submission.student)
    is_lms_id = {"canvas": "canvas_id", "moodle": "moodle_id"}.get(submission.lms)
    if submission.could_be:
        # It goes behind what is surely somebody's. Where an id is missing, it could be that of the missing one.
        ids = [is_lms_id and getattr(row, is_lms_id) for row in roster]
        return math.inf, [row for row, i in zip(roster, ids) if i in submission.could_be] if all(ids) else []
    tests = [
        lambda row: row.student.casefold() == student,
        lambda row: is_lms_id and submission.lms_id and getattr(row, is_lms_id) == submission.lms_id,
        lambda row: row.email and row.email.casefold() == student,
        # A row with another id in that system is somebody else of that name.
        lambda row: name in spellings(row.name) and not (is_lms_id and getattr(row, is_lms_id)),
    ]
    if submission.lms_id:
        # What a download calls a student is their name, not an id of ours.
        tests.append(tests.pop(0))
    for strength, test in enumerate(tests):
        if rows := [row for row in roster if test(row)]:
            return strength, rows
    return len(tests), []


@functools.cache
def spellings(name):
    """A name as learning management systems write it: any word first, squashed."""
    words = re.split(r"[\s,]+", name.strip())
    return {squashed("".join(words[i:] + words[:i])) for i in range(len(words))} - {""}


def squashed(name):
    """Lower case, and letters and digits alone."""
    return re.sub(r"[\W_]", "", name).casefold()
