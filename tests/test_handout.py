"""Tests of make solutions: the notebooks solved, executed and with their pictures; what fails is said."""

import ast

import nbformat
import pytest

from autograder.errors import ReleaseError
from autograder.exercise import exercise_by_id
from autograder.paths import SOLUTION
from autograder.release import handout


@pytest.fixture(scope="module")
def folder(assignment, tmp_path_factory):
    """The handout of the default assignment."""
    folder = tmp_path_factory.mktemp("handout") / "handout"
    handout.make_handout(assignment, folder, report=lambda step: None)
    return folder


@pytest.fixture(scope="module")
def notebooks(folder):
    return {path.name: nbformat.read(path, as_version=4) for path in sorted(folder.glob("*.ipynb"))}


def outputs(notebook):
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def test_it_holds_the_reference_the_four_notebooks_and_faster_ways(folder, notebooks):
    assert (folder / "edf.py").read_bytes() == SOLUTION.read_bytes()
    assert [name[0] for name in notebooks] == list("12345")


def test_every_cell_ran_without_an_error_or_a_word_on_stderr(notebooks):
    for name, notebook in notebooks.items():
        for output in outputs(notebook):
            assert output.output_type != "error", (name, output)
            assert output.get("name") != "stderr", (name, output)
        assert all(cell.execution_count for cell in notebook.cells if cell.cell_type == "code")


def test_every_check_passed(notebooks, assignment):
    said = "".join(output.get("text", "") for notebook in notebooks.values() for output in outputs(notebook))
    for exercise in assignment.exercises:
        assert f"✓ {exercise.id}" in said


def test_the_pictures_are_in_it(notebooks):
    for notebook in notebooks.values():
        assert any("image/png" in output.get("data", {}) for output in outputs(notebook))


def methods(source, name):
    """{name: code} of a class's methods, without docstrings and comments."""
    node = next(node for node in ast.parse(source).body if getattr(node, "name", None) == name)
    found = {method.name: method for method in node.body if isinstance(method, ast.FunctionDef)}
    for method in found.values():
        method.body = method.body[1:] if ast.get_docstring(method) else method.body
    return {name: ast.unparse(method) for name, method in found.items()}


@pytest.mark.parametrize(
    ("name", "tag"), [("conv2_by_windows", "windows_one_product"), ("conv2_in_parts", "windows_in_parts")]
)
def test_its_fast_conv2_is_a_right_variant_that_the_grader_is_tried_on(name, tag):
    shown = methods(handout.FASTER_WAYS.read_text(encoding="utf-8"), name)
    variants = exercise_by_id("conv2_forward").right_variants
    tried = next(variant.code for variant in variants if variant.tag == tag)
    assert shown == methods(tried, "conv2")


def test_no_mark_and_no_stub_is_left(notebooks):
    for notebook in notebooks.values():
        code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
        assert "SOLUTION" not in code and "still to be written" not in code


def test_a_notebook_that_does_not_run_through_stops_it_and_keeps_what_was_there(
    assignment, tmp_path, monkeypatch
):
    faster = tmp_path / "faster_ways.py"
    faster.write_text("# %%\nundefined\n")
    monkeypatch.setattr(handout, "FASTER_WAYS", faster)

    def write_source(assignment, folder):
        folder.mkdir()
        (folder / "README.md").write_text("")

    monkeypatch.setattr(handout, "write_source", write_source)
    out = tmp_path / "out"
    out.mkdir()
    (out / "kept").write_text("of last year")
    with pytest.raises(ReleaseError, match="5_faster_ways.ipynb does not run through"):
        handout.make_handout(assignment, out, report=lambda step: None)
    assert (out / "kept").read_text() == "of last year"
