"""Grades for Moodle: its offline grading worksheet filled in, or a file for its gradebook's import.

What Moodle reads is mod/assign/feedback/offline/importgradeslib.php and grade/import/csv/classes/load_data.php of its
source; docs/exports.md has the rules that matter. Feedback is read as HTML.
"""

import dataclasses
import re

from markupsafe import Markup

from autograder import judge
from autograder.errors import Refusal
from autograder.exports.people import (
    Person,
    formula_note,
    match,
    points,
    read_table,
    roster_id,
    write_table,
)
from autograder.grade import GRADED
from autograder.gradebook.verdict import about
from autograder.intake.submission import shown
from autograder.reports.feedback import hinted, sentence
from autograder.texts import csv_cell, without_controls

# What an offline grading worksheet must have; Moodle looks for these words, in the course's language.
IDENTIFIER, GRADE, MODIFIED = "Identifier", "Grade", "Last modified (grade)"
MAXIMUM, CHANGEABLE, FEEDBACK = "Maximum Grade", "Grade can be changed", "Feedback comments"
# Whom the gradebook's import finds, by the column of a list of participants; then by that of a roster.
IDENTIFIERS = {"Email address": "email", "Username": "username", "ID number": "id_number"}
MOST = 100  # points in the import of a gradebook, by default
MAX_MESSAGE = 300  # characters of what is said on an exercise


@dataclasses.dataclass
class Exported:
    """What came of it. written: number of grades. Students by name: missing, not in Moodle's file or without what
    it finds them by; open, not judged; kept, with the reason why Moodle keeps what it has; capped, whose points are
    more than Moodle takes. notes: sentences on the rest.
    """

    written: int
    missing: list
    open: list
    kept: list
    capped: list
    notes: list


def is_worksheet(path):
    """Whether a file that Moodle exported is an offline grading worksheet, rather than a list of participants."""
    return read_table(path).column(IDENTIFIER) is not None


def export_worksheet(worksheet, scores, assignment, out, roster=()):
    """Write the offline grading worksheet `out`: the one that Moodle made, with a grade for whoever has a score.

    Returns `Exported`. Raises Refusal.
    """
    table = read_table(worksheet)
    identifier, grade, modified = (table.column(name) for name in (IDENTIFIER, GRADE, MODIFIED))
    if None in (identifier, grade, modified):
        raise Refusal(
            f"{worksheet} is no grading worksheet of Moodle: it must have the columns {IDENTIFIER}, {GRADE} and "
            f"{MODIFIED}; it has {shown(', '.join(table.header), 200)}. In Moodle: the assignment, View all "
            "submissions, Download grading worksheet, with the language set to English."
        )
    feedback, most, changeable = (table.column(name) for name in (FEEDBACK, MAXIMUM, CHANGEABLE))
    people = [_person(table, row) for row in table.rows]
    scored, open_ = _scored(scores)
    found, missing = match(scored, people, roster, "moodle")
    rows, kept, capped = [], [], []
    for name, index in sorted(found.items(), key=lambda item: item[1]):
        row = list(table.rows[index])
        if changeable is not None and row[changeable].strip() == "No":
            kept.append((name, "Moodle says that the grade can't be changed"))
            continue
        limit = _limit(row[most], assignment, worksheet) if most is not None else assignment.total
        row[grade] = _points(scored[name], limit, capped)
        if feedback is not None and not row[feedback].strip():
            row[feedback] = feedback_of(scored[name])
        as_it_is = identifier, grade, modified, feedback
        rows.append([cell if i in as_it_is else _free(cell) for i, cell in enumerate(row)])
    write_table(out, table.header, rows, table.delimiter)
    notes = formula_note(row[identifier] for row in rows)
    return Exported(len(rows), missing, open_, kept, capped, notes)


def export_import(participants, scores, assignment, out, roster=()):
    """Write the file `out` for the import of Moodle's gradebook: an identifier, name, grade, feedback.

    participants: path of a list of participants that Moodle exported, or None: the roster says who is who then.
    The identifier is the one of IDENTIFIERS that most have. Returns `Exported`. Raises
    Refusal.
    """
    scored, open_ = _scored(scores)
    if participants:
        table = read_table(participants)
        columns = [name for name in IDENTIFIERS if table.column(name) is not None]
        if not columns:
            raise Refusal(
                f"{participants} tells nobody apart: it needs one of the columns {', '.join(IDENTIFIERS)}."
            )
        found, missing = match(scored, [_person(table, row) for row in table.rows], roster, "moodle")
        who = {
            student: {c: table.rows[i][table.column(c)].strip() for c in columns}
            for student, i in found.items()
        }
        names = {student: _person(table, table.rows[i]).name for student, i in found.items()}
    else:
        enrolled = {row.student: row for row in roster if row.student in scored}
        missing = [student for student in scored if student not in enrolled]
        who = {s: {c: roster_id(row, key) for c, key in IDENTIFIERS.items()} for s, row in enrolled.items()}
        names = {student: row.name or student for student, row in enrolled.items()}
    by = _identifier(who)
    rows, capped = [], []
    for student in sorted(who):
        # A row without an identifier would change the grade of the row above. PHP takes "0" for none.
        if who[student].get(by, "") in ("", "0"):
            missing.append(student)
            continue
        grade = _points(scored[student], assignment.total, capped)
        rows.append([who[student][by], _free(names[student]), grade, feedback_of(scored[student])])
    write_table(out, [by, "Full name", assignment.name, f"{assignment.name} feedback"], rows)
    notes = formula_note(row[0] for row in rows)
    if assignment.total > MOST:
        notes.append(f"Moodle takes no grade above {MOST} here, unless its site has `unlimitedgrades` set.")
    return Exported(len(rows), sorted(missing), open_, [], capped, notes)


def feedback_of(score):
    """What a student is told, as HTML on one line: the points, and of each exercise without all of them, why.

    Of each mistake, what it is and the first hint; all else is on the student's own page of feedback.
    """
    lines = [f"Score: {points(score['score'])} of {points(score['max_score'])}", *about(score)]
    for id, result in score["exercises"].items():
        line = f"{id}: {points(result['score'])} of {points(result['points'])}"
        if result["status"] not in (judge.PASS, judge.CARRIED) and score["status"] == GRADED:
            said = [sentence(result["message"][:MAX_MESSAGE])]
            for mistake in hinted(result["mistakes"]):
                said += [mistake.sentence, *mistake.hints[:1]]
            line = ". ".join(filter(None, [line, " ".join(filter(None, said))]))
        lines.append(line)
    # join escapes each line.
    return str(Markup("<br>").join(without_controls(line).replace("\n", " ") for line in lines))


def _scored(scores):
    scored = {name: score for name, score in scores.items() if score["score"] is not None}
    return scored, [name for name in scores if name not in scored]


def _person(table, row):
    by_name = {header.strip().lower(): cell.strip() for header, cell in zip(table.header, row)}
    first, last = by_name.get("first name", ""), by_name.get("last name") or by_name.get("surname", "")
    identifier = re.search(r"\d*$", by_name.get(IDENTIFIER.lower(), ""))[
        0
    ]  # of "Participant 123", the number
    ids = tuple(by_name.get(name.lower(), "") for name in IDENTIFIERS)
    return Person(identifier, ids, by_name.get("full name") or f"{first} {last}".strip())


def _limit(text, assignment, worksheet):
    """The most points that Moodle takes for a row, by its column of maximum grades."""
    try:
        most = float(text.strip().replace(",", "."))
    except ValueError:  # no number: nothing is known
        return assignment.total
    if most < assignment.total:
        raise Refusal(
            f"In {worksheet} the maximum grade is {most:g}, but the assignment has {assignment.total:g} points. "
            "Set the maximum in Moodle's assignment, and download the worksheet again."
        )
    return most


def _points(score, limit, capped):
    """A score as text. Moodle drops a grade above its maximum, or the whole file: then it is the maximum."""
    if score["score"] > limit:
        capped.append(score["student"])
    return points(min(score["score"], limit))


def _identifier(who):
    """The column that identifies students: the one of most of them, the first of IDENTIFIERS of equals."""
    counts = {name: sum(ids.get(name, "") not in ("", "0") for ids in who.values()) for name in IDENTIFIERS}
    best = max(counts, key=counts.get)
    if not counts[best]:
        raise Refusal(
            "Moodle finds students by e-mail address, username or ID number, and none is known: give a roster with "
            "a column email, username or id_number (--roster; make: ROSTER=), or a list of participants."
        )
    return best


def _free(cell):
    """A cell of free text. A hyphen alone is what Moodle writes for nothing."""
    return cell if cell.strip() == "-" else csv_cell(cell)
