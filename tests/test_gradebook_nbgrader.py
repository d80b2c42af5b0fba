"""`nbgrader autograde` alone, on a class of which nobody has graded anything, and what nbgrader makes of that."""

import copy
import json
import os
import shutil

import pytest
from conftest import ROOT
from courses import (
    REFERENCE,
    empty_course,
    everything_in,
    exported,
    grade_of,
    gradebook,
    nbgrader,
    points_of,
    quick_assignment,
)

from autograder.gradebook import judging
from autograder.gradebook.course import write_course
from autograder.intake import find_submissions
from autograder.release.bundle import CONFIG
from autograder.sandbox.bubblewrap import SandboxUnavailable
from autograder.scores import Scores

FULL_POINTS = [
    "full",
    "stderr",
    "duplicated",
    "stripped",
    "first-only",
    "renamed",
    "hostile",
    "link",
    "module",
    "stripped-time",
    "odd-time",
]
LINKED = ["linked-folder", "linked-student", "a[b]"]  # not to be graded
NO_POINTS = ["blank", "injected", "negative", "no-output", "cut", "python-2"]


def solved(course):
    """The notebooks of a release, with the answers of the reference."""
    released = {
        path.name: json.loads(path.read_text()) for path in (course / "release/quick").glob("*.ipynb")
    }
    for name, notebook in released.items():
        source = json.loads((course / "source/quick" / name).read_text())
        answers = {cell["id"]: "".join(cell["source"]).split("\n") for cell in source["cells"]}
        for cell in notebook["cells"]:
            if cell["metadata"].get("nbgrader", {}).get("solution"):
                lines = [
                    line
                    for line in answers[cell["id"]]
                    if not line.strip().startswith(("### BEGIN", "### END"))
                ]
                cell["source"] = "\n".join(lines)
    return released


def hostile_class(course, marker):
    """Hand in for every student of the two lists above."""

    def hand_in(student, notebooks):
        folder = course / "submitted" / student / "quick"
        folder.mkdir(parents=True)
        for name, notebook in notebooks.items():
            (folder / name).write_text(notebook if isinstance(notebook, str) else json.dumps(notebook))
        return folder

    def with_outputs(notebooks, *outputs):
        notebooks = copy.deepcopy(notebooks)
        for notebook in notebooks.values():
            for cell in notebook["cells"]:
                if cell["metadata"].get("nbgrader", {}).get("grade"):
                    cell["outputs"] = list(outputs)
                    cell["metadata"]["nbgrader"]["points"] = 50
        return notebooks

    def result(text):
        return {
            "output_type": "execute_result",
            "execution_count": 1,
            "metadata": {},
            "data": {"text/plain": text},
        }

    full = solved(course)
    blank = {path.name: json.loads(path.read_text()) for path in (course / "release/quick").glob("*.ipynb")}
    hand_in("full", full)
    (hand_in("late", full) / "timestamp.txt").write_text("2030-05-01 16:00:00 +0200")
    hand_in("blank", blank)
    hand_in("injected", with_outputs(blank, result("7.5")))
    hand_in("negative", with_outputs(blank, result("-3")))
    hand_in("no-output", with_outputs(blank))
    hand_in("stderr", with_outputs(full, {"output_type": "stream", "name": "stderr", "text": "oh"}))
    hand_in("duplicated", {name: {**data, "cells": data["cells"] * 2} for name, data in full.items()})
    stripped = copy.deepcopy(full)
    for notebook in stripped.values():
        notebook["cells"] = [{**cell, "metadata": {}} for cell in notebook["cells"]]
    hand_in("stripped", stripped)
    hand_in("first-only", {"1_autograd.ipynb": full["1_autograd.ipynb"]})
    hand_in("renamed", {"my work.ipynb": full["1_autograd.ipynb"]})
    hand_in("cut", {name: json.dumps(notebook)[:4000] for name, notebook in full.items()})
    hand_in("python-2", {"edf.py": "print 1"})
    hand_in("module", {"edf.py": REFERENCE})
    os.symlink("/etc/passwd", hand_in("link", full) / "passwd.txt")
    os.symlink("/etc/passwd", course / "submitted" / "link" / "quick" / "timestamp.txt")
    os.symlink("/etc/passwd", course / "submitted" / "link" / "quick" / "edf.py")
    (hand_in("stripped-time", full) / "timestamp.txt").mkdir()
    (hand_in("odd-time", full) / "timestamp.txt").write_text("root:x:0:0 is my time")
    (course / "submitted" / "odd-time" / "quick" / "sitecustomize.py").write_text("1 / 0")
    (course / "submitted" / "linked-folder").mkdir()
    os.symlink("../../source/quick", course / "submitted" / "linked-folder" / "quick")
    os.symlink("full", course / "submitted" / "linked-student")
    hand_in("a[b]", full)
    os.mkdir(os.fsencode(course / "submitted") + b"/\xff")
    os.mkdir(os.fsencode(course / "submitted") + b"/\xff/quick")
    hostile = copy.deepcopy(full)
    run = f"\nopen({str(marker)!r}, 'w').close()\n"
    html = "<script>alert('pwned')</script> ![x](attachment:gone.png)"
    for cell in hostile["1_autograd.ipynb"]["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = html
        else:
            cell["source"] = "".join(cell["source"]) + run
            cell["outputs"] = [{"output_type": "display_data", "metadata": {}, "data": {"text/html": html}}]
    hand_in("hostile", hostile)
    # In the answer itself, which the judge runs in the sandbox; it can't be in two places.
    escaping = copy.deepcopy(full)
    for cell in escaping["1_autograd.ipynb"]["cells"]:
        if cell["id"] == "write-add":
            cell["source"] = cell["source"].replace(
                "def forward(self):", f"def forward(self):\n        {run.strip()}"
            )
    hand_in("escaping", escaping)


@pytest.fixture(scope="session")
def autograded(tmp_path_factory):
    """A course after `nbgrader autograde quick`; course.parent / "marker" is what student code tries to write."""
    course = shutil.copytree(empty_course(), tmp_path_factory.mktemp("autograded") / "course")
    hostile_class(course, course.parent / "marker")
    with open(course / "nbgrader_config.py", "a") as file:
        file.write("\nc.LateSubmissionPlugin.penalty_method = 'zero'\n")
    nbgrader(course, "db", "assignment", "add", "quick", "--duedate=2030-05-01 12:00 UTC")
    (course.parent / "said").write_text(nbgrader(course, "autograde", "quick"))
    return course


@pytest.mark.parametrize("student", FULL_POINTS)
def test_nbgrader_autograde_gives_right_answers_their_points_whatever_surrounds_them(autograded, student):
    assert points_of(autograded, student) == (12, 10, False)


@pytest.mark.parametrize("student", NO_POINTS)
def test_nbgrader_autograde_gives_no_points_for_what_a_notebook_says_of_itself(autograded, student):
    assert points_of(autograded, student) == (0, 10, False)


def test_nothing_that_a_student_wrote_runs_outside_the_sandbox(autograded):
    assert not (autograded.parent / "marker").exists()
    assert points_of(autograded, "escaping")[0] < 12, "add could not write its file, and failed"


def test_every_student_has_every_notebook_and_its_verdicts(autograded):
    for student in [*FULL_POINTS, *NO_POINTS, "escaping"]:
        folder = autograded / "autograded" / student / "quick"
        assert len(list(folder.glob("*.ipynb"))) == 4
        notebook = json.loads((folder / "1_autograd.ipynb").read_text())
        outputs = [
            output
            for cell in notebook["cells"]
            if cell["metadata"].get("nbgrader", {}).get("grade")
            for output in cell["outputs"]
        ]
        assert [output["output_type"] for output in outputs] == ["stream"] * 3
        texts = ["".join(output["text"]) for output in outputs]
        points = [text.partition(" of ")[0] for text in texts]
        if student in FULL_POINTS:
            assert sorted(points) == ["RELU: 2", "add: 6", "mean: 4"]
        elif student in NO_POINTS:
            assert sorted(points) == ["RELU: 0", "add: 0", "mean: 0"]


def test_nothing_else_of_a_submission_is_copied_and_no_link_is_followed(autograded):
    made = autograded / "autograded"
    for student in ["full", "link", "odd-time", "stripped-time"]:
        assert {path.suffix for path in (made / student / "quick").iterdir()} == {".ipynb"}
    assert (made / "module" / "quick" / "edf.py").read_text() == REFERENCE
    assert (made / "late" / "quick" / "timestamp.txt").read_text() == "2030-05-01 14:00:00.000000 UTC\n"
    said = (autograded.parent / "said").read_text()
    assert "root:x:0:0" not in said and "odd-time/quick/timestamp.txt holds no time" in said
    for student in LINKED:
        assert not (made / student).exists() and f"{student}/quick was not graded" in said


def test_nbgraders_export_shows_the_points_and_what_being_late_costs(autograded):
    rows = exported(autograded)
    late = [rows["late"][key] for key in ("raw_score", "late_submission_penalty", "score")]
    assert late == ["12.0", "12.0", "0.0"]
    assert {rows[student]["score"] for student in FULL_POINTS} == {"12.0"}
    assert {rows[student]["score"] for student in NO_POINTS} == {"0.0"}


def test_feedback_shows_the_verdict_and_no_html_of_a_student(autograded):
    nbgrader(autograded, "generate_feedback", "quick", "--student=[ch]*", "--notebook=1_autograd")
    html = (autograded / "feedback" / "hostile" / "quick" / "1_autograd.html").read_text()
    assert "6 of 6 points" in html and "x and y of the same shape are added" in html
    assert "&lt;script&gt;alert" in html and "<script>alert" not in html
    assert [path.name for path in (autograded / "feedback/hostile/quick").iterdir()] == ["1_autograd.html"]
    html = (autograded / "feedback" / "cut" / "quick" / "1_autograd.html").read_text()
    assert "Nothing could be run" in html and "1_autograd.ipynb is no whole notebook" in html


def test_formgraders_page_runs_no_script_of_a_student(autograded):
    from nbconvert.exporters import HTMLExporter
    from nbgrader.server_extensions.formgrader.handlers import template_path

    resources = dict.fromkeys(
        ("assignment_id", "notebook_id", "submission_id", "base_url", "student", "notebook_path"), "x"
    )
    exporter = HTMLExporter(template_name="formgrade", extra_template_basedirs=[template_path])
    page, _ = exporter.from_filename(
        str(autograded / "autograded" / "hostile" / "quick" / "1_autograd.ipynb"),
        resources={**resources, "index": 0, "total": 1, "last_name": None, "first_name": None},
    )
    assert "&lt;script&gt;alert" in page and "<script>alert" not in page


def test_make_grade_after_nbgrader_autograde_takes_over_its_class(autograded, tmp_path):
    course = shutil.copytree(autograded, tmp_path / "course", symlinks=True)
    with gradebook(course) as book:
        grade_of(book, "add", "full").manual_score = 1
        book.db.commit()
    nbgrader(course, "autograde", "quick", "--force", "--student", "full")
    assert points_of(course, "full") == (1 + 4 + 2, 10, True), (
        "as nbgrader has it: graded by hand, look again"
    )
    kept = Scores(course / ".autograder" / "quick")
    with kept:
        scores = {s: kept.read(s) for s in FULL_POINTS}
    submissions = {s.student: s for s in find_submissions(course, "quick")}
    before = everything_in(course / "submitted")
    assert (
        write_course(course, quick_assignment(), [(submissions[s], score) for s, score in scores.items()])
        == []
    )
    assert everything_in(course / "submitted") == before
    assert points_of(course, "module") == (12, 10, False)


def test_without_an_assignment_or_a_sandbox_nothing_is_graded(tmp_path, monkeypatch, capsys):
    course = shutil.copytree(empty_course(), tmp_path / "course")
    (course / "submitted" / "ada" / "quick").mkdir(parents=True)
    shutil.copy(course / "release/quick/1_autograd.ipynb", course / "submitted/ada/quick")
    before = (course / "gradebook.db").read_bytes()
    (course / "quick.toml").unlink()
    assert "There is no assignment file" in nbgrader(course, "autograde", "quick", status=1)
    assert (course / "gradebook.db").read_bytes() == before and not (course / "autograded").exists()

    def refuse():
        raise SandboxUnavailable("This machine can't isolate student code.")

    monkeypatch.setattr(judging, "choose", refuse)
    request = {
        "assignment": str(ROOT / "autograder/assignments/edf.toml"),
        "secret": "",
        "kept": "",
        "folders": {},
    }
    monkeypatch.setattr(judging.json, "load", lambda _: request)
    assert judging.main() == judging.REFUSED
    assert capsys.readouterr().err == "This machine can't isolate student code.\n"


def test_the_shipped_settings_leave_no_kernel_to_nbgrader():
    text = CONFIG.read_text(encoding="utf-8")
    assert "Execute" not in text and "SubmissionExporter" in text
