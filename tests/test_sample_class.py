"""The whole line of `make grade`, on the sample class: each submission gets what its label says."""

import csv
import json

import pytest
from conftest import ROOT, SAMPLE_CLASS

from autograder.intake import find_submissions

STUDENTS = [submission.student for submission in find_submissions(SAMPLE_CLASS / "submissions")]


def score_of(graded, student):
    return json.loads((graded / "scores" / f"{student}.json").read_text(encoding="utf-8"))


def test_every_submission_has_a_label_and_every_label_a_submission(labels):
    assert sorted(labels) == STUDENTS


@pytest.mark.parametrize("student", STUDENTS)
def test_a_sample_gets_what_its_label_says(graded, labels, assignment, student):
    label, score = labels[student], score_of(graded, student)
    assert score["status"] == label["status"]
    assert score["score"] == pytest.approx(label["score"], abs=0.005)
    assert score["changed"] == label.get("changed", [])
    statuses = {id: result["status"] for id, result in score["exercises"].items()}
    if label["status"] == "graded":
        expected = {exercise.id: "pass" for exercise in assignment.exercises} | label.get("not_passed", {})
    else:
        expected = {exercise.id: "fail" for exercise in assignment.exercises}
    assert statuses == expected
    named = {
        id: [mistake["tag"] for mistake in result["mistakes"] if mistake["kind"] == "named"]
        for id, result in score["exercises"].items()
    }
    assert {id: tags for id, tags in named.items() if tags} == label.get("named", {})


def test_the_grades_table_has_a_row_a_student_and_a_column_an_exercise(graded, labels, assignment):
    with open(graded / "grades.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    ids = [exercise.id for exercise in assignment.exercises]
    assert list(rows[0]) == ["student", "status", "score", "max_score", *ids]
    assert [row["student"] for row in rows] == STUDENTS
    for row in rows:
        assert float(row["score"]) == pytest.approx(labels[row["student"]]["score"], abs=0.005)
        assert sum(float(row[id]) for id in ids) == pytest.approx(float(row["score"]), abs=0.005)


def test_what_a_submission_prints_is_kept_up_to_a_limit(graded, assignment):
    record = json.loads((graded / "records" / "bea.json").read_text(encoding="utf-8"))
    assert record["peak_memory_kb"] > 10_000
    assert record["cpu_seconds"].keys() == {exercise.id for exercise in assignment.exercises}
    assert any("more bytes were printed and not kept" in text for text in record["output"].values())
    assert all(len(text) < 2 * assignment.limits.output_kb << 10 for text in record["output"].values())


def test_messages_for_students_hold_no_numbers_of_the_hidden_inputs(graded):
    """The numbers of a comparison stand in `detail`, which is the instructor's; `message` has none of them."""
    for student in STUDENTS:
        for exercise in score_of(graded, student)["exercises"].values():
            for check in exercise["checks"]:
                assert "expected " not in check["message"].replace("is expected", "")


def test_the_committed_sample_of_the_blank_skeleton_is_the_skeleton():
    assert (SAMPLE_CLASS / "submissions" / "xavi" / "edf.py").read_text() == (
        ROOT / "pset/edf.py"
    ).read_text()
