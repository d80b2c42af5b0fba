"""The roster: how it is read, whose submission is whose, and what can't be told is said."""

from pathlib import Path

import pytest

from autograder.intake import IntakeError, Submission
from autograder.intake.roster import Enrolled, match_roster, read_roster


def roster_file(tmp_path, text):
    path = tmp_path / "roster.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_columns_are_known_whatever_their_case_and_others_are_kept(tmp_path):
    text = 'Student,NAME,Canvas ID,Seat\nada,"Lovelace, Ada",111,7\n\nbo,,,\n'
    assert read_roster(roster_file(tmp_path, text)) == [
        Enrolled("ada", name="Lovelace, Ada", canvas_id="111", more={"Seat": "7"}),
        Enrolled("bo", more={"Seat": ""}),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "student;name;section\r\nada;Lovelace, Ada;2\r\n",
        '\ufeffstudent,name,section\nada,"Lovelace, Ada",2\n',
        "student\tname\tsection\nada\tLovelace, Ada\t2\n",
        "\n\nsection;student;name\n2; ada ;Lovelace, Ada",
        "student;name;section\nada;Lovelace, Ada;2;;\n",
    ],
)
def test_what_spreadsheets_write_is_read(tmp_path, text):
    assert read_roster(roster_file(tmp_path, text)) == [Enrolled("ada", name="Lovelace, Ada", section="2")]


@pytest.mark.parametrize(
    "text, said",
    [
        ("name,section\nAda,2\n", "there is no column student; the header has name, section"),
        ("", "there are no students in it"),
        ("student\n", "there are no students in it"),
        ("student\nada\nbo\nADA\n", "ADA stands twice in the column student"),
        ("student,canvas_id\nada,1\nbo,1\n", "1 stands twice in the column canvas_id"),
        ("student,student\na,b\n", "there are two columns student"),
        ("student,name\nada,Lovelace,Ada\n", "line 2 has more cells than the header"),
        ("student,name\n,Lovelace\n", "line 2 names no student"),
        ("student\nzoë\n".encode("latin-1"), 'is not UTF-8 text. In Excel, save it as "CSV UTF-8'),
        ("student\nada\n".encode("utf-16"), "is not UTF-8 text"),
        ("student\n" + "x" * 200_000, "roster.csv: "),
    ],
)
def test_a_roster_that_cannot_be_used_is_refused_with_what_to_do(tmp_path, text, said):
    with pytest.raises(IntakeError) as refused:
        read_roster(roster_file(tmp_path, text))
    assert said in str(refused.value)
    assert str(refused.value).startswith("The roster ")


@pytest.mark.parametrize("name", ["nowhere.csv", "."])
def test_a_roster_that_is_no_file_is_refused(tmp_path, name):
    with pytest.raises(IntakeError, match="can't be read"):
        read_roster(tmp_path / name)


def handed_in(student, lms="", lms_id="", lms_name=""):
    return Submission(student, Path(student), lms=lms, lms_id=lms_id, lms_name=lms_name)


ROSTER = [
    Enrolled(
        "al1", name="Ada Lovelace", canvas_id="111", moodle_id="9", email="ada@example.org", section="A"
    ),
    Enrolled("gh2", name="Hopper, Grace Brewster"),
    Enrolled("jc3", name="Jo de la Cruz"),
    Enrolled("zm4", name="Zoë Müller-Weiß"),
]


@pytest.mark.parametrize(
    "submission, student",
    [
        (handed_in("al1"), "al1"),
        (handed_in("AL1"), "al1"),
        (handed_in("ada@example.org"), "al1"),
        (handed_in("Ada Lovelace"), "al1"),
        (handed_in("Lovelace, Ada"), "al1"),
        (handed_in("somebody", "canvas", "111", "somebody"), "al1"),
        (handed_in("Some Body", "moodle", "9", "Some Body"), "al1"),
        (handed_in("hoppergracebrewster", "canvas", "5", "hoppergracebrewster"), "gh2"),
        (handed_in("Grace Brewster Hopper", "moodle", "5", "Grace Brewster Hopper"), "gh2"),
        (handed_in("delacruzjo", "canvas", "5", "delacruzjo"), "jc3"),
        (handed_in("müllerweißzoë", "canvas", "5", "müllerweißzoë"), "zm4"),
    ],
)
def test_a_submission_is_matched_by_id_mail_or_name(submission, student):
    matched = match_roster([submission], ROSTER)
    assert [s.student for s in matched.submissions] == [student]
    assert [row.student for row in matched.absent] == [
        row.student for row in ROSTER if row.student != student
    ]
    assert list(matched.enrolled) == [student] and not matched.remarks


def test_another_id_in_the_same_system_is_another_person_of_that_name():
    matched = match_roster([handed_in("lovelaceada", "canvas", "112", "lovelaceada")], ROSTER)
    assert matched.remarks == {"lovelaceada": "not on the roster"}


def test_who_is_not_on_the_roster_is_kept_and_said():
    matched = match_roster([handed_in("eve"), handed_in("al1")], ROSTER)
    assert [s.student for s in matched.submissions] == ["al1", "eve"]
    assert matched.remarks == {"eve": "not on the roster"}


def test_a_name_that_two_on_the_roster_have_is_not_guessed():
    twins = [Enrolled("a", name="Jo Lee"), Enrolled("b", name="Lee Jo")]
    matched = match_roster([handed_in("leejo", "canvas", "1", "leejo")], twins)
    assert matched.remarks == {"leejo": "not on the roster by id, by name it could be a or b"}
    assert [row.student for row in matched.absent] == ["a", "b"]


def test_two_students_never_become_one():
    matched = match_roster([handed_in("Ada Lovelace"), handed_in("al1")], ROSTER)
    assert [s.path.name for s in matched.submissions if s.student == "al1"] == ["al1"]
    assert matched.remarks == {"Ada Lovelace": "it looks like al1's, and so does the submission of al1"}


def test_a_stranger_called_like_somebody_on_the_roster_gets_another_name():
    """Canvas' short name of one is the id of another."""
    roster = [Enrolled("jlee", name="Ada Lovelace")]
    submissions = [
        handed_in("jlee", "canvas", "5", "jlee"),
        handed_in("lovelaceada", "canvas", "6", "lovelaceada"),
    ]
    matched = match_roster(submissions, roster)
    named = {s.student: s.lms_id for s in matched.submissions}
    assert named == {"jlee": "6", "jlee (not on the roster)": "5"}


def test_all_attempts_of_a_student_are_matched_together():
    attempts = [Submission("Ada Lovelace", Path(label), attempt=label) for label in ("1", "2")]
    matched = match_roster(attempts, ROSTER)
    assert [(s.student, s.attempt) for s in matched.submissions] == [("al1", "1"), ("al1", "2")]


DOUBTFUL = Submission("victim_101_9998_202_301_x", Path("x"), lms="canvas", could_be=("101", "9998", "202"))


@pytest.mark.parametrize(
    "ids, student",
    [
        (("202", "303"), "a"),
        (("202", "101"), None),
        (("303", "304"), None),
        (("202", ""), None),  # whoever has no id could be 101
    ],
)
def test_whose_a_doubtful_file_is_is_settled_only_by_a_whole_roster_with_one_of_the_ids(ids, student):
    roster = [Enrolled(name, canvas_id=i) for name, i in zip("ab", ids)]
    matched = match_roster([DOUBTFUL], roster)
    assert list(matched.enrolled) == ([student] if student else [])
    assert matched.remarks == ({} if student else {DOUBTFUL.student: DOUBTFUL.doubt})


def test_a_doubtful_file_never_takes_the_place_of_a_certain_one():
    roster = [Enrolled("a", canvas_id="101"), Enrolled("b", canvas_id="303")]
    matched = match_roster([DOUBTFUL, handed_in("zoe", "canvas", "101", "zoe")], roster)
    assert {s.student: s.lms_id for s in matched.submissions} == {"a": "101", DOUBTFUL.student: ""}
    assert "it looks like a's" in matched.remarks[DOUBTFUL.student]


def test_what_is_said_of_a_header_is_one_short_line(tmp_path):
    for text in ("\0\x1b[31m" * 900 + ",b\nada,\n", "student," + "x" * 9000 + "," + "x" * 9000 + "\n"):
        with pytest.raises(IntakeError) as caught:
            read_roster(roster_file(tmp_path, text))
        said = str(caught.value).replace(str(tmp_path), "")
        assert said.isprintable() and len(said) < 300


def test_a_header_of_many_columns_takes_no_more_than_its_length(tmp_path):
    """Held against each other, they would take hours."""
    names = ",".join(f"c{i}" for i in range(200_000))
    assert read_roster(roster_file(tmp_path, f"student,{names}\nada\n"))[0].student == "ada"
