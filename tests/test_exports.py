"""Grades for Canvas and Moodle: the files that these would read, by their own rules, and who is left out."""

import contextlib
import csv
import io
import re
import sqlite3

import pytest
from conftest import QUICK

from autograder.cli import main
from autograder.exports.moodle import feedback_of
from autograder.scores import Scores

GRADEBOOK = '''\
Student,ID,SIS User ID,SIS Login ID,Section,Notes,Warm-up (11),quick (12),Labs Current Score,Final Score
,,,,,,,Manual Posting,,
    Points Possible,,,,,,5,10,(read only),(read only)
"Lovelace, Ada",101,s-1,ada@uni.edu,Section 1,late?,4,,80,80
"O'Neil ""Bo"", Bo",102,s-2,bo@uni.edu,"Section 1, and 2",,5,7,90,90
"李, 小龙",103,s-3,li@uni.edu,Section 1,,5,EX,90,90
"Nuñez, Zoë",104,s-4,zoe@uni.edu,Section 1,,5,3,90,90
"=""=cmd()""",105,=s-5,@five,Section 1,,5,N/A,90,90
"Absent, Ann",106,s-6,ann@uni.edu,Section 1,,5,6,90,90
"Student, Test",107,,f00ba4,Section 1,,5,,,
'''
WORKSHEET = """\
Identifier,Full name,Email address,Status,Grade,Maximum Grade,Grade can be changed,Last modified (submission),\
Online text,Last modified (grade),Feedback comments
Participant 501,Ada Lovelace,ada@uni.edu,Submitted for grading,,10.00,Yes,"Monday, 3 May 2027, 9:00 AM",=1+1,-,
Participant 502,"O'Neil ""Bo"", Bo",bo@uni.edu,Submitted for grading,2.00,10.00,Yes,-,"two
lines",-,Seen by hand
Participant 503,小龙 李,li@uni.edu,Submitted for grading,,10.00,No,-,,-,
Participant 504,Zoë Nuñez,zoe@uni.edu,Submitted for grading,,10.00,Yes,-,,-,
Participant 506,Ann Absent,ann@uni.edu,No submission,4.00,10.00,Yes,-,,-,By hand
"""


def score(student, points, status="graded", message="", **results):
    """What is stored of a student; results: exercise → (points, status, message)."""
    results = results or {"add": (points and min(points, 6), "pass", "")}
    same, keys = (
        {"points": 6, "extra_credit": False, "checks": [], "mistakes": []},
        ("score", "status", "message"),
    )
    exercises = {id: {**same, **dict(zip(keys, found))} for id, found in results.items()}
    return {
        "student": student,
        "attempt": "",
        "status": status,
        "message": message,
        "score": points,
        "max_score": 10,
        "exercises": exercises,
        "changed": [],
        "notes": [],
        "assignment": "quick",
        "submission": "0",
        "grader": "0",
    }


@pytest.fixture
def export(tmp_path, capsys):
    """A function: the command's exit status, the file's text or None, and what was said."""
    (tmp_path / "quick.toml").write_text(QUICK)

    def run(system, scores, given=None, *options, roster=None):
        with Scores(tmp_path / "graded") as kept:
            for each in scores:
                kept.write(each, {})
        arguments = ["--out", str(tmp_path / "graded"), "--assignment", str(tmp_path / "quick.toml")]
        if given is not None:
            path = tmp_path / "given.csv"
            path.write_bytes(given if isinstance(given, bytes) else given.encode())
            arguments.insert(0, str(path))
        if roster is not None:
            (tmp_path / "roster.csv").write_text(roster)
            arguments += ["--roster", str(tmp_path / "roster.csv")]
        status = main([system, *arguments, *options])
        made = tmp_path / "graded" / f"{system}.csv"
        said = capsys.readouterr()
        return status, made.read_text(encoding="utf-8") if made.exists() else None, said.out + said.err

    return run


def rows_of(text, delimiter=","):
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


def imported_by_canvas(text):
    """{(id or name): grade} and the points possible, of the only assignment, by the rules of gradebook_importer.rb."""
    lines = text.splitlines()[:3]
    counts = {}
    for mark in ";,":
        sizes = [len(next(csv.reader([line], delimiter=mark))) for line in lines]
        counts[mark] = sizes[0] if len(set(sizes)) == 1 else 0
    delimiter = ";" if counts[";"] > counts[","] else ","

    def number(cell):
        if not re.fullmatch(r"-?[0-9.,]+%?", cell):
            return cell
        *whole, last = re.split("[,.]", cell)
        return f"{''.join(whole)}.{last}" if whole else last

    header, *rows = rows_of(text, delimiter)
    assert "Student" in header[0] and "ID" in header[1] and len(header) > 3
    width = 3
    if re.search(r"SIS\s+Login\s+ID", header[2]):
        width += 1
    elif re.search(r"SIS\s+User\s+ID", header[2]) and re.search(r"SIS\s+Login\s+ID", header[3]):
        width += 2
    assert "Section" in header[width - 1] and len(header) == width + 1
    grades, possible = {}, None
    for row in rows:
        if "Points Possible" in row[0]:
            possible = number(row[width])
        else:
            grades[row[1] or row[0]] = number(row[width]).strip()
    return grades, possible


ADA, BO, LI, ZOE = "lovelaceada", "oneilbobo", "小龙 李", "zoe@uni.edu"


# Canvas


def test_canvas_gets_the_grades_of_those_who_have_one(export):
    scores = [score(ADA, 9.25), score(BO, 10.5), score(ZOE, None, status="grader error")]
    status, text, said = export("canvas", scores, GRADEBOOK)
    assert imported_by_canvas(text) == ({"101": "9.25", "102": "10.5"}, "10")
    assert rows_of(text)[0][-1] == "quick (12)"
    assert status == 1 and "not judged, by a fault of the grader: zoe@uni.edu" in said


def test_canvas_keeps_who_is_excused_or_not_assigned_and_the_test_student(export):
    scores = [score(LI, 7), score("@five", 7), score(ADA, 0)]
    status, text, said = export("canvas", scores, GRADEBOOK)
    assert imported_by_canvas(text)[0] == {"101": "0"}
    assert status == 0
    assert "excused" in said and "the assignment is not theirs" in said


def test_canvas_gets_no_other_column_and_no_row_without_a_score(export):
    _, text, _ = export("canvas", [score(ADA, 9)], GRADEBOOK)
    header, possible, row = rows_of(text)
    assert header == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "quick (12)"]
    assert possible == ["    Points Possible", "", "", "", "", "10"]
    assert row == ["Lovelace, Ada", "101", "s-1", "ada@uni.edu", "Section 1", "9"]


@pytest.mark.parametrize(
    "name", ["101", "s-1", "ada@uni.edu", "ADA@uni.edu", "Ada Lovelace", "lovelaceada_101"]
)
def test_canvas_students_are_found_by_each_id_and_by_name(export, name):
    assert imported_by_canvas(export("canvas", [score(name, 9)], GRADEBOOK)[1])[0] == {"101": "9"}


def test_canvas_semicolons_marks_and_decimal_commas_are_taken(export):
    text = GRADEBOOK.replace("5,10,", '5,"10,00",')
    rows = io.StringIO()
    csv.writer(rows, delimiter=";").writerows(rows_of(text))
    status, made, said = export("canvas", [score(ADA, 9.5)], b"\xef\xbb\xbf" + rows.getvalue().encode())
    assert imported_by_canvas(made) == ({"101": "9.5"}, "10.00")
    assert not made.startswith("\ufeff") and "In Canvas, quick" not in said


def test_canvas_first_and_last_names_in_two_columns_are_taken(export):
    text = "LastName,FirstName,ID,SIS Login ID,Section,quick (12)\n    Points Possible,,,,,10\nLovelace,Ada,101,a,1,\n"
    text += "Student,Test,102,b,1,\n"
    _, made, _ = export("canvas", [score("Ada Lovelace", 9), score("test student", 3)], text)
    assert rows_of(made)[2:] == [["Lovelace", "Ada", "101", "a", "1", "9"]]


def test_canvas_a_column_that_is_not_there_is_added_with_the_points(export):
    _, text, said = export("canvas", [score(ADA, 9)], GRADEBOOK, "--column", "Autograd")
    assert rows_of(text)[0][-1] == "Autograd"
    assert imported_by_canvas(text) == ({"101": "9"}, "10")
    assert "Canvas has no column Autograd" in said


@pytest.mark.parametrize("name", ["quick", "QUICK", "12", "quick (12)"])
def test_canvas_columns_are_named_by_title_id_or_header(export, name):
    assert rows_of(export("canvas", [score(ADA, 9)], GRADEBOOK, "--column", name)[1])[0][-1] == "quick (12)"


def test_canvas_other_points_are_said_and_kept(export):
    _, text, said = export("canvas", [score(ADA, 9)], GRADEBOOK, "--column", "11")
    assert imported_by_canvas(text)[1] == "5"
    assert "In Canvas, Warm-up (11) has 5 points; here it is 10." in said


@pytest.mark.parametrize(
    "gradebook, options, told",
    [
        (GRADEBOOK, ["--column", "Final Score"], "Canvas ignores columns with such a name"),
        (
            GRADEBOOK.replace("Warm-up (11)", "quick (11)"),
            [],
            "Several columns could be meant: quick (11), quick (12)",
        ),
        (GRADEBOOK.replace("5,10,", "5,(read only),"), [], "quick (12) is read only in Canvas"),
        (WORKSHEET, [], "is no gradebook of Canvas"),
        (b"\xff\xfe", [], "is not UTF-8"),
        ("", [], "is empty"),
    ],
)
def test_canvas_files_that_can_not_be_used_are_refused(export, gradebook, options, told):
    status, text, said = export("canvas", [score(ADA, 9)], gradebook, *options)
    assert (status, text) == (2, None) and told in said


def test_who_could_be_two_is_refused_with_a_list(export):
    twins = GRADEBOOK + '"Lovelace, Ada",108,s-8,ada2@uni.edu,Section 1,,,,,\n'
    status, text, said = export("canvas", [score("Ada Lovelace", 9)], twins)
    assert (status, text) == (2, None)
    assert "Ada Lovelace could be Lovelace, Ada (101) or Lovelace, Ada (108)" in said
    status, text, said = export("canvas", [score("ada@uni.edu", 9), score("Ada Lovelace", 8)], GRADEBOOK)
    assert status == 2 and "are both Lovelace, Ada" in said
    # One column's id is another's of somebody else.
    status, text, said = export("canvas", [score("106", 9)], GRADEBOOK.replace("s-1", "106"))
    assert status == 2 and "106 could be" in said


def test_a_roster_tells_twins_apart_and_its_id_goes_before_the_name(export):
    twins = GRADEBOOK + '"Lovelace, Ada",108,s-8,ada2@uni.edu,Section 1,,,,,\n'
    roster = 'student,name,canvas_id\nal1,"Lovelace, Ada",108\nal2,"Lovelace, Ada",999\n'
    status, text, said = export("canvas", [score("al1", 9), score("al2", 8)], twins, roster=roster)
    assert imported_by_canvas(text)[0] == {"108": "9"}
    assert status == 0 and "not found in Canvas's file: al2" in said


def test_ids_stay_as_they_are_and_names_are_no_formulas(export):
    text = GRADEBOOK.replace("N/A", "") + "+cmd|' /C calc'!A0,,-7,@x,Section 1,,,,,\n@sum,109,,y,=1,,,,,\n"
    scores = [score("=s-5", 1), score("-7", 2), score("109", 3)]
    _, made, said = export("canvas", scores, text)
    rows = {row[3]: row for row in rows_of(made)[2:]}
    # Without an id, Canvas goes by the other ids and the name: all of these stay.
    assert rows["@x"] == ["+cmd|' /C calc'!A0", "", "-7", "@x", "Section 1", "2"]
    assert rows["y"] == ["'@sum", "109", "", "y", "'=1", "3"]
    assert rows["@five"][:4] == ['\'="=cmd()"', "105", "=s-5", "@five"]
    assert "A spreadsheet takes these ids for formulas" in said


def test_nobody_found_no_scores_and_another_assignment_are_refused(export, tmp_path):
    assert "None of the graded students" in export("canvas", [score("nobody", 9)], GRADEBOOK)[2]
    other = {**score("ada", 9), "assignment": "other"}
    assert "was graded by the assignment other" in export("canvas", [other], GRADEBOOK)[2]
    status = main(["canvas", str(tmp_path / "given.csv"), "--out", str(tmp_path / "none")])
    assert status == 2


def test_points_by_hand_that_are_not_in_the_file_are_said(export, tmp_path):
    assert "by hand" not in export("canvas", [score(ADA, 9)], GRADEBOOK)[2]
    (tmp_path / "graded" / "course").mkdir()
    with contextlib.closing(sqlite3.connect(tmp_path / "graded" / "course" / "gradebook.db")) as book:
        book.execute("CREATE TABLE grade (auto_score, manual_score, extra_credit)")
        book.execute("CREATE TABLE submitted_notebook (late_submission_penalty)")
        book.execute("INSERT INTO grade VALUES (1, NULL, NULL), (1, NULL, 0), (NULL, 2, 0)")
        book.execute("INSERT INTO submitted_notebook VALUES (NULL), (0)")
        book.commit()
    said = export("canvas", [], GRADEBOOK)[2]
    assert "has 1 points that were given by hand and 0 late penalties: they are not in this file" in said


def test_a_damaged_score_is_refused(export, tmp_path):
    export("canvas", [score(ADA, 9)], GRADEBOOK)
    (path,) = (tmp_path / "graded" / "scores").iterdir()
    path.write_text(path.read_text().replace('"score": 9', '"score": 10'))
    status, _, said = export("canvas", [], GRADEBOOK)
    assert status == 2 and "is not whole" in said


# Moodle's grading worksheet


def worksheet_read_by_moodle(text):
    """{participant's number: (grade or None, feedback)}, by the rules of importgradeslib.php and locallib.php."""
    header, *rows = rows_of(text)
    at = {
        name: header.index(name)
        for name in ("Identifier", "Grade", "Last modified (grade)", "Feedback comments")
    }
    found = {}
    for row in rows:
        number = row[at["Identifier"]][len("Participant ") :]
        grade = row[at["Grade"]]
        in_range = grade != "" and 0 <= float(grade) <= 10
        found[number] = (float(grade) if in_range else None, row[at["Feedback comments"]])
    return found


def test_the_worksheet_is_filled_in_for_those_who_have_a_score(export):
    scores = [score("Ada Lovelace", 9.25), score("bo@uni.edu", 10.5), score("Zoë Nuñez_504", 0)]
    status, text, said = export("moodle", scores, WORKSHEET)
    found = worksheet_read_by_moodle(text)
    assert {number: grade for number, (grade, _) in found.items()} == {"501": 9.25, "502": 10, "504": 0}
    assert found["501"][1].startswith("Score: 9.25 of 10<br>")
    assert found["502"][1] == "Seen by hand"  # what somebody wrote stays
    assert status == 0 and "the maximum, which is written for: bo@uni.edu" in said
    # Whoever has no score has no row: an empty feedback would delete what was written meanwhile.
    assert "506" not in found


def test_the_worksheet_keeps_its_columns_and_is_no_formula(export):
    _, text, _ = export("moodle", [score("Ada Lovelace", 9), score("bo@uni.edu", 2)], WORKSHEET)
    given, made = rows_of(WORKSHEET), rows_of(text)
    assert made[0] == given[0]
    assert made[1][:4] == given[1][:4] and made[1][8:10] == ["'=1+1", "-"]
    assert made[2][8] == "two\nlines"


def test_a_grade_that_can_not_be_changed_is_left_and_said(export):
    status, text, said = export("moodle", [score(LI, 5), score("Ada Lovelace", 1)], WORKSHEET)
    assert list(worksheet_read_by_moodle(text)) == ["501"]
    assert "小龙 李: Moodle says that the grade can't be changed" in said


def test_a_worksheet_with_another_maximum_or_without_its_columns_is_refused(export):
    low = WORKSHEET.replace("10.00", "5.00")
    assert (
        "the maximum grade is 5, but the assignment has 10"
        in export("moodle", [score("Ada Lovelace", 1)], low)[2]
    )
    short = "Identifier,Grade\nParticipant 1,\n"
    status, _, said = export("moodle", [score("x", 1)], short)
    assert status == 2 and "it must have the columns Identifier, Grade and Last modified (grade)" in said


# The import of Moodle's gradebook


def imported_by_moodle(text, known):
    """{user: (grade, feedback)} by the rules of load_data.php: users by the first column, of which `known` exist."""
    user, found = None, {}
    for row in rows_of(text)[1:]:
        if row[0] not in ("", "0"):
            assert row[0] in known, "the whole import is given up"
            user = row[0]
        assert float(row[2]) <= 100
        found[user] = float(row[2]), row[3]
    return found


PARTICIPANTS = """\
First name,Last name,ID number,Email address
Ada,Lovelace,7001,ada@uni.edu
"Bo ""the"", 2nd",O'Neil,7002,Bo@Uni.edu
小龙,李,7003,
Zoë,Nuñez,0,=zoe@uni.edu
"""


def test_the_import_file_names_users_by_what_most_of_them_have(export):
    scores = [score("Ada Lovelace", 9.25), score("bo@uni.edu", 10.5), score("7003", 3), score("Zoë Nuñez", 4)]
    status, text, said = export("moodle", scores, PARTICIPANTS)
    assert rows_of(text)[0] == ["Email address", "Full name", "quick", "quick feedback"]
    found = imported_by_moodle(text, {"ada@uni.edu", "Bo@Uni.edu", "=zoe@uni.edu"})
    assert {user: grade for user, (grade, _) in found.items()} == {
        "ada@uni.edu": 9.25,
        "Bo@Uni.edu": 10,  # in the letters that Moodle has
        "=zoe@uni.edu": 4,  # changed, nobody would be found by it
    }
    assert "not found in Moodle's file: 7003" in said
    assert "A spreadsheet takes these ids for formulas: =zoe@uni.edu." in said


def test_without_a_file_the_roster_names_users(export):
    roster = 'student,name,username,id_number\nada,"Lovelace, Ada",alovelace,\nbo,,oneil,5\nzoe,=Zoë,0,\n'
    scores = [score("ada", 9), score("bo", 8), score("zoe", 7), score("stranger", 6)]
    status, text, said = export("moodle", scores, roster=roster)
    assert rows_of(text)[0][0] == "Username"
    found = imported_by_moodle(text, {"alovelace", "oneil"})
    assert {user: grade for user, (grade, _) in found.items()} == {"alovelace": 9, "oneil": 8}
    assert "not found in Moodle's file: stranger, zoe" in said


def test_without_any_identifier_it_is_refused(export):
    assert export("moodle", [score("ada", 9)])[0] == 2
    status, _, said = export("moodle", [score("ada", 9)], roster="student,name\nada,Ada\n")
    assert status == 2 and "none is known" in said
    status, _, said = export("moodle", [score("ada", 9)], "First name,Last name\nAda,L\n")
    assert status == 2 and "needs one of the columns Email address, Username, ID number" in said


def test_feedback_names_the_mistake_and_gives_the_first_hint():
    one = score("x", 2, add=(2, "fail", "the gradient of add to y is wrong"))
    hints = ["Gradients add up.", "Look at add.backward."]
    mistake = {"kind": "named", "tag": "zero", "sentence": "It is zero.", "hints": hints}
    raises = {"kind": "unnamed", "tag": "raises", "sentence": "The code raises IndexError.", "hints": []}
    one["exercises"]["add"]["mistakes"] = [mistake, raises]
    said = "add: 2 of 6. The gradient of add to y is wrong. The result is zero. Gradients add up."
    assert feedback_of(one) == f"Score: 2 of 10<br>{said}"


def test_feedback_is_escaped_one_line_and_no_formula():
    told = "add.top is <script>alert(1)</script>\n=1+1 \u202e"
    one = score("x", 2, add=(2, "fail", told), mean=(None or 0, "blocked", ""))
    text = feedback_of(one)
    assert "<script" not in text and "&lt;script&gt;" in text and "\n" not in text and "\u202e" not in text
    assert text.startswith("Score: 2 of 10<br>add: 2 of 6. add.top is")
    broken = score("x", 0, status="syntax error", message="edf.py is not valid Python: line 3")
    assert "syntax error: edf.py is not valid Python: line 3" in feedback_of(broken)
