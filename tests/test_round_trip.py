"""A course's whole way through nbgrader: release, fill in, hand in, grade, gradebook, export, feedback."""

import ast
import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from conftest import ROOT, SAMPLE_CLASS
from edf_kit.released import definition_sources

from autograder.cli import main
from autograder.intake import find_submissions, read_submission

NOTEBOOKS = ["1_autograd.ipynb", "2_training.ipynb", "3_convolution.ipynb", "4_eager.ipynb"]


def fill_in(bundle, module, folder):
    """Write the release's notebooks to `folder`, each stub cell filled with the definitions of an edf.py.

    Imports, helpers and constants of the module go into a cell of its own, as students would add one.
    """
    skeleton = (bundle / "edf.py").read_text(encoding="utf-8")
    released = {ast.dump(statement) for statement in ast.parse(skeleton).body}
    names = definition_sources(skeleton)
    own = [
        ast.get_source_segment(module, statement)
        for statement in ast.parse(module).body
        if ast.dump(statement) not in released
        and getattr(statement, "name", None) not in names
        and not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))
    ]
    written = definition_sources(module)
    for name in NOTEBOOKS:
        notebook = nbformat.read(bundle / name, as_version=4)
        for cell in notebook.cells:
            if cell.metadata.get("nbgrader", {}).get("solution"):
                stubs = cell.metadata.nbgrader.grade_id.removeprefix("write-").split("-")
                installs = cell.source[cell.source.index(f"edf.{stubs[0]} = ") :]
                cell.source = "\n\n\n".join([written[stub] for stub in stubs if stub in written] + [installs])
        if own:
            notebook.cells.insert(2, nbformat.v4.new_code_cell("\n".join(own)))
        nbformat.write(notebook, folder / name)


@pytest.fixture(scope="session")
def handed_in(released, labels, tmp_path_factory):
    """The sample class in notebook form, as nbgrader collects it, with the reference and a blank release."""
    submitted = tmp_path_factory.mktemp("round_trip") / "submitted"
    modules = {"reference": {"edf.py": (ROOT / "solutions" / "edf.py").read_bytes()}}
    for submission in find_submissions(SAMPLE_CLASS / "submissions"):
        # A module that does not load as a whole has no definitions to put into cells.
        if labels[submission.student]["status"] == "graded":
            modules[submission.student] = read_submission(submission).files
    for student, files in modules.items():
        folder = submitted / student / "edf"
        folder.mkdir(parents=True)
        fill_in(released.bundle, files.pop("edf.py").decode("utf-8-sig"), folder)
        for name, data in files.items():
            (folder / name).write_bytes(data)
    (submitted / "blank" / "edf").mkdir(parents=True)
    for name in NOTEBOOKS:
        (submitted / "blank" / "edf" / name).write_bytes((released.bundle / name).read_bytes())
    return submitted


@pytest.fixture(scope="session")
def returned(handed_in):
    """The output folder of that class, graded."""
    out = handed_in.parent / "graded"
    secret = handed_in.parent / "secret"
    assert main(["grade", str(handed_in), "--out", str(out), "--secret", str(secret)]) == 0
    return out


def nbgrader(course, *arguments):
    """Run nbgrader in the course's folder, as an instructor does."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments],
        cwd=course,
        env=os.environ | {"PATH": path, "HOME": str(course)},
        capture_output=True,
        text=True,
        check=True,
    )


def test_the_samples_get_the_points_of_their_labels_in_notebook_form_too(returned, handed_in, labels):
    for folder in sorted(handed_in.iterdir()):
        if (student := folder.name) in labels:
            score = json.loads((returned / "scores" / f"{student}.json").read_text(encoding="utf-8"))
            assert score["score"] == pytest.approx(labels[student]["score"], abs=0.005), student


def test_nbgraders_export_has_all_points_for_the_reference_and_none_for_blank(returned, labels, assignment):
    course = returned / "course"
    nbgrader(course, "export", "--to", "points.csv")
    with open(course / "points.csv", encoding="utf-8", newline="") as file:
        points = {row["student_id"]: row for row in csv.DictReader(file)}
    assert float(points["reference"]["score"]) == assignment.total + 5
    assert float(points["reference"]["max_score"]) == assignment.total
    assert float(points["blank"]["score"]) == 0
    for student in points.keys() & labels.keys():
        assert float(points[student]["score"]) == pytest.approx(labels[student]["score"], abs=0.005)


def test_the_feedback_page_shows_the_verdict(returned, screenshots):
    from lab import browser_page

    course = returned / "course"
    nbgrader(course, "generate_feedback", "edf", "--student=nadia")
    with browser_page() as page:
        page.goto((course / "feedback" / "nadia" / "edf" / "3_convolution.html").as_uri())
        page.get_by_text("the gradient to the image, for a random upstream gradient").first.wait_for()
        page.get_by_text("the gradient to the image, for a random").first.scroll_into_view_if_needed()
        screenshots(page, "feedback")
        text = page.locator("body").inner_text()
    assert "conv2_image" in text and "of 100 points" in text
