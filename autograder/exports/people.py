"""What the exports share: tables of other systems, and whose score belongs into which of their rows.

Who is who is told by ids first, then by names, as intake does with a roster. What could be two people is refused,
with a list, since a grade in the wrong row is worse than none.
"""

import contextlib
import csv
import dataclasses
import io
import json
import sqlite3
from pathlib import Path

from autograder.errors import Refusal
from autograder.intake.roster import spellings, squashed
from autograder.intake.submission import shown
from autograder.scores import read_run, stored_score
from autograder.texts import FORMULA

MAX_BYTES = 50 << 20
MAX_LISTED = 20  # students that a refusal names
# Rows of nbgrader's gradebook with points that the judge knows nothing of.
BY_HAND = (
    "grade WHERE manual_score IS NOT NULL OR extra_credit > 0",
    "submitted_notebook WHERE late_submission_penalty > 0",
)
# Columns of a roster, beside those that intake knows, that say by which id another system knows somebody.
ROSTER_IDS = ("username", "id_number", "sis_user_id", "sis_login_id")


@dataclasses.dataclass(frozen=True)
class Table:
    """A CSV file. header: its cells; rows: lists of as many cells; delimiter: the one it was written with."""

    header: list
    rows: list
    delimiter: str

    def column(self, *names):
        """The index of the first column called by one of these names, in any case; None if there is none."""
        lower = [cell.strip().lower() for cell in self.header]
        return next((lower.index(name.lower()) for name in names if name.lower() in lower), None)


@dataclasses.dataclass(frozen=True)
class Person:
    """Somebody in another system. id: the one that its downloads name; ids: all; name: as it writes it."""

    id: str
    ids: tuple
    name: str


def read_table(path):
    """The `Table` in a CSV file that another system exported. Raises Refusal."""
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise Refusal(f"{path} can't be read: {error.strerror}.") from None
    if len(data) > MAX_BYTES:
        raise Refusal(f"{path} is larger than {MAX_BYTES >> 20} MB: is it the right file?")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refusal(f"{path} is not UTF-8 text: take the file as it was exported.") from None
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    try:
        cells = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if any(row)]
    except csv.Error as error:
        raise Refusal(f"{path} is no CSV file: {error}.") from None
    if not cells:
        raise Refusal(f"{path} is empty.")
    header, *rows = cells
    if long := next((row for row in rows if any(row[len(header) :])), None):
        raise Refusal(f"{path}: the row of {shown(long[0])} has more cells than the header.")
    return Table(header, [(row + [""] * len(header))[: len(header)] for row in rows], delimiter)


def write_table(path, header, rows, delimiter=","):
    """Write a CSV file, without a byte order mark, which Canvas takes for a part of the first column's name.

    Raises Refusal.
    """
    text = io.StringIO()
    table = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    table.writerows([header, *rows])
    try:
        path.write_text(text.getvalue(), encoding="utf-8", newline="")
    except OSError as error:
        raise Refusal(f"{path} can't be written: {error.strerror}.") from None


def read_scores(folder):
    """The scores of the class that was graded last into an output folder of `make grade`, by student in alphabetical
    order. Raises Refusal."""
    scores = {}
    students = (read_run(folder) or {}).get("students")
    for path in sorted(Path(folder, "scores").glob("*.json")):
        try:
            student = json.loads(path.read_text(encoding="utf-8"))["student"]
            score, _ = stored_score(folder, student)
        except (OSError, ValueError, KeyError, TypeError):
            score = None
        if score is None:
            raise Refusal(f"{path} is not whole: run `make grade` again.")
        if students is None or student in students:
            scores[student] = score
    if not scores:
        raise Refusal(f"There are no scores in {folder}: run `make grade` first, or name its OUT.")
    return dict(sorted(scores.items()))


def said_by_hand(folder):
    """[a sentence] if nbgrader's gradebook of an output folder has points that its scores have not."""
    course = (read_run(folder) or {}).get("course") or Path(folder, "course")
    book = Path(course, "gradebook.db").absolute()
    counts = []
    for query in BY_HAND:
        try:
            with contextlib.closing(sqlite3.connect(f"{book.as_uri()}?mode=ro", uri=True)) as gradebook:
                counts.append(gradebook.execute(f"SELECT count(*) FROM {query}").fetchone()[0])
        except sqlite3.Error:  # there is none, or it is not nbgrader's
            return []
    if not any(counts):
        return []
    return [
        f"{book} has {counts[0]} points that were given by hand and {counts[1]} late penalties: they are not in "
        "this file. `nbgrader export` has them."
    ]


def require_assignment(scores, assignment):
    """Raise Refusal unless all these scores are of this assignment."""
    for student, score in scores.items():
        if (score["assignment"], score["max_score"]) != (assignment.name, assignment.total):
            raise Refusal(
                f"{shown(student)} was graded by the assignment {score['assignment']} with {score['max_score']:g} "
                f"points, not by {assignment.name} with {assignment.total:g}: name it (--assignment; make: "
                "ASSIGNMENT=)."
            )


def match(students, people, roster=(), lms=""):
    """({student: index of their `Person`}, [students that are not among them]).

    students: names, as graded. roster: rows of read_roster. lms: "canvas" or "moodle", whose ids the people have.
    Raises Refusal, with a list, if somebody could be several, or several the same.
    """
    enrolled, index_of = {row.student: row for row in roster}, _Index(people)
    found, missing, unclear = {}, [], []
    for student in students:
        indices = index_of.find(student, enrolled.get(student), lms)
        if len(indices) == 1:
            found[student] = indices[0]
        elif indices:
            those = " or ".join(_called(people[i]) for i in indices[:5])
            unclear.append(f"{shown(student)} could be {those}")
        else:
            missing.append(student)
    owners = {}
    for student, index in found.items():
        owners.setdefault(index, []).append(student)
    for index, several in owners.items():
        if len(several) > 1:
            unclear.append(f"{' and '.join(map(shown, several))} are both {shown(people[index].name)}")
    if unclear:
        more = [f"and {len(unclear) - MAX_LISTED} more"] if len(unclear) > MAX_LISTED else []
        lines = "".join(f"\n  {line}" for line in unclear[:MAX_LISTED] + more)
        raise Refusal(
            f"Whose scores these are can't be told:{lines}\nA roster with ids tells (--roster; make: ROSTER=)."
        )
    if not found:
        raise Refusal(
            "None of the graded students is in that file. Is it this course's? Students graded as "
            "anonymous are not found; grade with names, or name a roster with ids (--roster; make: ROSTER=)."
        )
    return found, missing


def _called(person):
    ids = [id for id in (person.id, *person.ids) if id]
    return shown(person.name) + (f" ({shown(ids[0])})" if ids else "")


def roster_id(row, name):
    """What a roster's row has in the column of that name, in any case and with spaces or _; "" if nothing."""
    columns = {key.lower().replace(" ", "_"): value for key, value in row.more.items()}
    return getattr(row, name) if name in ("email", "student") else columns.get(name, "")


class _Index:
    """People by what they can be found by; each of these gives their indices."""

    def __init__(self, people):
        self.by_own_id, self.by_any_id, self.by_name = ({} for _ in range(3))
        for i, person in enumerate(people):
            self.by_own_id.setdefault(person.id, []).append(i)
            for id in {id.casefold() for id in person.ids if id}:
                self.by_any_id.setdefault(id, []).append(i)
            for name in spellings(person.name):
                self.by_name.setdefault(name, []).append(i)

    def find(self, student, row, lms):
        """All whom a student can be, by the first test that any passes. row: their roster's, or None."""
        if row and (lms_id := getattr(row, f"{lms}_id", "")):
            return self.by_own_id.get(lms_id, [])  # another one of that name is somebody else
        ids = [student, *(roster_id(row, name) for name in ("email", *ROSTER_IDS) if row)]
        if found := {i for id in ids for i in self.by_any_id.get(id.casefold(), ())}:
            return sorted(found)
        name, _, id = student.rpartition("_")  # as intake calls one of two of a name
        named = self.by_name.get(squashed(row.name if row and row.name else student), [])
        with_id = set(self.by_own_id.get(id, ())) & set(self.by_name.get(squashed(name), ()))
        return sorted(with_id) if name and with_id else named


def points(value):
    """Points as text: at most two decimals, a point before them, which each language's Canvas and Moodle take."""
    return f"{round(value, 2):.15g}"


def formula_note(identifiers):
    """[a sentence] on those that a spreadsheet would take for a formula, if there are any.

    They stay as they are: changed, nobody would be found by them.
    """
    strange = [shown(text) for text in identifiers if text.startswith(FORMULA)]
    return [f"A spreadsheet takes these ids for formulas: {', '.join(strange[:5])}."] if strange else []
