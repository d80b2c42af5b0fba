"""From the gradebook that Canvas exported to one that it imports, with the scores of a graded class.

What Canvas reads and writes is lib/gradebook_exporter.rb and gradebook_importer.rb of its source; docs/exports.md
has the rules that matter. An empty cell deletes a grade, so whoever has no score has no row, and no other
assignment's column goes along: what somebody changed in Canvas meanwhile stays.
"""

import dataclasses
import re

from autograder.errors import Refusal
from autograder.exports.people import Person, formula_note, match, points, read_table, write_table
from autograder.intake.submission import shown
from autograder.texts import csv_cell

TITLE_AND_ID = re.compile(r"(?P<title>.*) \((?P<id>\d+)\)")
# Canvas ignores every column with one of these in its name, whoever made it.
NOT_ASSIGNMENTS = re.compile(r"(Current|Final) (Score|Points|Grade)|Override (Score|Grade|Status)")
NAME_IT = "Name the assignment's column (--column; make: COLUMN=)."
POINTS_POSSIBLE = "Points Possible"
NOT_A_STUDENT = re.compile(r"\s*(Muted|Manual Posting.*)?\s*", re.IGNORECASE)
TEST_STUDENT = "Student, Test"
ID_COLUMNS = ("ID", "SIS User ID", "SIS Login ID", "Integration ID")


@dataclasses.dataclass
class Exported:
    """What came of it. written: number of grades. is_new: whether Canvas will make the assignment anew. Students by
    name: missing, not in the gradebook; open, not judged; kept, with the reason why Canvas keeps what it has.
    notes: sentences on the rest.
    """

    written: int
    is_new: bool
    missing: list
    open: list
    kept: list
    notes: list


def export_canvas(gradebook, scores, assignment, out, column=None, roster=()):
    """Write the CSV file `out` for Canvas to import. Returns `Exported`. Raises Refusal.

    gradebook: path of what Canvas exported. scores: by student. column: the title, id or whole header of the
    assignment's column; the assignment's name if None.
    """
    table = read_table(gradebook)
    width = _student_columns(table, gradebook)
    where, header = _assignment_column(table, width, column or assignment.name)
    limits, students = _split(table, where)
    people = [_person(table, row) for row in students]
    scored = {name: score for name, score in scores.items() if score["score"] is not None}
    found, missing = match(scored, people, roster, "canvas")
    rows, kept = [], []
    for name, index in sorted(found.items(), key=lambda item: item[1]):
        row = students[index]
        before = row[where].strip() if where is not None else ""
        if before == "EX":
            kept.append((name, "excused"))
        elif before == "N/A":
            kept.append((name, "the assignment is not theirs, or hidden"))
        else:
            rows.append([*_student_cells(table, row, width), points(scored[name]["score"])])
    possible = [""] * width
    possible[0] = f"    {POINTS_POSSIBLE}"
    total = limits[where] if limits and where is not None else points(assignment.total)
    write_table(out, [*table.header[:width], header], [[*possible, total], *rows], table.delimiter)
    notes = []
    if _number(total) != assignment.total:
        notes.append(f"In Canvas, {header} has {total or 'no'} points; here it is {assignment.total:g}.")
    notes += formula_note(cell for row in rows for cell in _ids(table, row))
    open_ = [name for name in scores if name not in scored]
    return Exported(len(rows), where is None, missing, open_, kept, notes)


def _student_columns(table, path):
    """How many columns say who a student is: all up to that of the section."""
    header = [cell.strip() for cell in table.header]
    starts = header[:2] == ["Student", "ID"] or header[:3] == ["LastName", "FirstName", "ID"]
    if not starts or "Section" not in header:
        raise Refusal(
            f"{path} is no gradebook of Canvas: its columns are {shown(', '.join(header), 200)}. "
            "In Canvas, Grades: Export, Export Entire Gradebook."
        )
    return header.index("Section") + 1


def _assignment_column(table, width, wanted):
    """(index, header) of the assignment's column; the index is None if Canvas has none yet."""
    if NOT_ASSIGNMENTS.search(wanted):
        raise Refusal(f"Canvas ignores columns with such a name: {shown(wanted)}. {NAME_IT}")
    found = []
    for i, header in enumerate(table.header[width:], start=width):
        parts = TITLE_AND_ID.fullmatch(header.strip())
        names = {header.strip(), *((parts["title"], parts["id"]) if parts else ())}
        if wanted.casefold() in {name.casefold() for name in names}:
            found.append(i)
    if len(found) > 1:
        several = ", ".join(shown(table.header[i]) for i in found)
        raise Refusal(f"Several columns could be meant: {several}. Use an id. {NAME_IT}")
    return (found[0], table.header[found[0]]) if found else (None, wanted)


def _split(table, where):
    """(the row with the points that are possible, or None; the rows of students), those of Canvas' own left out."""
    limits, students = None, []
    for row in table.rows:
        if POINTS_POSSIBLE in row[0]:
            limits = row
        elif not all(map(NOT_A_STUDENT.fullmatch, row)) and _person(table, row).name != TEST_STUDENT:
            students.append(row)
    if limits and where is not None and "read only" in limits[where]:
        raise Refusal(f"{table.header[where]} is read only in Canvas. {NAME_IT}")
    return limits, students


def _person(table, row):
    by_name = dict(zip((cell.strip() for cell in table.header), row))
    name = by_name.get("Student") or f"{by_name.get('LastName', '')}, {by_name.get('FirstName', '')}"
    if quoted := re.fullmatch(r'="(.*)"', name):  # so Canvas writes a name that begins with =
        name = quoted[1]
    return Person(by_name["ID"].strip(), tuple(_ids(table, row)), name)


def _ids(table, row):
    """The cells of a row by which Canvas knows a student; "" where there is none."""
    return [row[i].strip() for i in map(table.column, ID_COLUMNS) if i is not None]


def _student_cells(table, row, width):
    """What says who a student is. Ids stay as they are; names do too where there is no id to find the student by."""
    if not row[table.column("ID")].strip():
        return row[:width]
    ids = {table.column(name) for name in (*ID_COLUMNS, "Root Account")}
    return [cell if i in ids else csv_cell(cell) for i, cell in enumerate(row[:width])]


def _number(text):
    """The number in a cell as Canvas reads it: after the last comma or point come the decimals; None of no number."""
    whole, _, decimals = text.strip().replace(",", ".").rpartition(".")
    try:
        return float(f"{whole.replace('.', '')}.{decimals}" if whole else decimals)
    except ValueError:
        return None
