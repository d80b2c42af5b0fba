"""Small classes for the tests of the class report: scores as a run would store them, made by hand."""

import csv
import dataclasses
import html
import io
import re

from autograder.assignment import load_assignment
from autograder.diagnosis.diagnose import Mistake
from autograder.judge import CheckResult
from autograder.reports.class_page import csv_files, page
from autograder.reports.class_report import class_report

TOML = """
name = "small"
total = 30
[points]
add = 6
mean = 4
conv2_forward = 12
mnist_conv = 8
[extra_credit]
stride = 5
[lecture]
conv2_forward = "Convolutions, slides 12 to 15"
"""
SMALLEST = {
    "message": "z.top is wrong",
    "snippet": "import edf",
    "printed": "z.top",
    "expected": [1, 2],
    "got": [2, 1],
}


def read(tmp_path, text):
    path = tmp_path / "small.toml"
    path.write_text(text)
    return load_assignment(path)


def check(status="pass", message="", **more):
    about = dataclasses.asdict(CheckResult("forward", "what it is about", 1, status, message))
    return {**about, **more}


def mistake(tag, kind="named", behaviour=(), note="", sentence="", on=""):
    sentence = sentence or f"This is what you get when {tag}."
    return dataclasses.asdict(Mistake(kind, tag, sentence, [], ["forward"], list(behaviour), note, on))


def failed(points=0, *mistakes, message="wrong", **more):
    """Of an exercise: failed, with so many points."""
    checks = [check("fail", message, **more)]
    return {"status": "fail", "score": points, "message": message, "checks": checks, "mistakes": [*mistakes]}


def blocked(by):
    message = f"blocked by {by}, which could not be run"
    checks = [check("blocked", message, on=by)]
    return {"status": "blocked", "score": 0, "message": message, "checks": checks}


def graded(student, assignment, status="graded", message="", changed=(), notes=(), **results):
    """The score of a submission: what is not said of its exercises earns all points."""
    exercises = {}
    for id, points in assignment.points.items():
        full = {"status": "pass", "score": points, "message": "", "checks": [check()], "mistakes": []}
        extra = id in assignment.extra_credit
        exercises[id] = {"points": points, "extra_credit": extra, **full, **results.get(id, {})}
    points = [result["score"] for result in exercises.values()]
    return {
        "student": student,
        "attempt": "",
        "status": status,
        "message": message,
        "score": None if None in points else sum(points),
        "max_score": assignment.total,
        "exercises": exercises,
        "changed": list(changed),
        "notes": list(notes),
        "guarded": True,
        "submission": "",
        "grader": "",
    }


def broken(student, assignment, message="line 3: what is this?"):
    results = {id: failed(message=message) for id in assignment.points}
    return graded(student, assignment, "syntax error", message, **results)


def report_of(assignment, *scores, absent=(), times=(), histories=()):
    return class_report(assignment, scores, absent, dict(times), dict(histories))


def figures(report, id):
    return next(exercise for exercise in report.exercises if exercise.id == id)


def rows(report, name):
    return list(csv.DictReader(io.StringIO(csv_files(report)[f"{name}.csv"])))


def visible(report):
    """The text of the page, without tags."""
    return " ".join(
        html.unescape(re.sub(r"<style>.*?</style>|<[^>]+>", " ", page(report), flags=re.S)).split()
    )
