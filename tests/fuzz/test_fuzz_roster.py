"""Whatever the roster's file holds: the students of the course, or a sentence."""

import tempfile
from pathlib import Path

from guard import assert_clear, fuzz, guarded
from hypothesis import given
from mutate import ODD_TEXTS, changed_bytes

from autograder.intake import IntakeError, Submission
from autograder.intake.roster import match_roster, read_roster

VALID = """student,name,canvas_id,moodle_id,email,section,remark
ada,"Lovelace, Ada",1,12,ada@example.org,A,
bo,Bo Li,2,13,bo@example.org,B,late
cy,Cy "Cyan" Roe,3,14,,A,"two
lines"
"""
TEXTS = [text.encode("utf-8", "surrogatepass") for text in ODD_TEXTS]
PIECES = [
    b'"',
    b",",
    b";",
    b"\r",
    b"\0",
    b"\xef\xbb\xbf",
    b"student,",
    b"\n" * 9,
    b"," * 3000,
    b'"' + b"x" * 140_000,
    *TEXTS,
]
SUBMISSIONS = [
    Submission("ada", Path("ada")),
    Submission("Bo Li", Path("bo"), lms="canvas", lms_id="2", lms_name="libo"),
    Submission("x", Path("x"), lms="moodle", could_be=("12", "14")),
]


@fuzz(short=40, full=800)
@given(changed_bytes(VALID.encode(), PIECES))
def test_students_or_intake_error(data):
    with tempfile.TemporaryDirectory(prefix="edf-fuzz-") as folder:
        path = Path(folder, "roster.csv")
        path.write_bytes(data)
        with guarded("roster", megabytes=32):
            try:
                roster = read_roster(path)
            except IntakeError as error:
                assert_clear(str(error).replace(folder, ""))
                return
            assert all(row.student for row in roster)
            matched = match_roster(SUBMISSIONS, roster)
            assert len({submission.student for submission in matched.submissions}) == len(SUBMISSIONS)
