"""The linter on the files that go with the exercises: reference, skeleton, assignments, notebooks, public checks."""

import ast
import dataclasses
from pathlib import Path

import jupytext

from autograder.assignment import DEFAULT, AssignmentError, load_assignment
from autograder.exercise import load_exercises
from autograder.paths import ROOT, SOLUTION
from autograder.release.notebooks import SOURCES
from autograder.validate.findings import WARNING, Finding


@dataclasses.dataclass(frozen=True)
class Files:
    """Where they are. public_checks: ids of the exercises that have public checks; None: those of edf_kit."""

    reference: Path = SOLUTION
    skeleton: Path = ROOT / "pset" / "edf.py"
    assignments: Path = DEFAULT.parent
    notebooks: Path = SOURCES
    public_checks: tuple | None = None


def lint_files(exercises, files):
    """Findings on the files that go with `exercises`."""
    return [
        *_lint_reference(exercises, files.reference),
        *_lint_skeleton(exercises, files.skeleton),
        *_lint_assignments(files.assignments),
        *_lint_notebooks(exercises, files.notebooks),
        *_lint_public_checks(exercises, files.public_checks),
    ]


def _all_stubs(exercises):
    """Those of the exercises, and of all others that there are."""
    return {stub for exercise in [*load_exercises().values(), *exercises] for stub in exercise.stubs}


def _lint_reference(exercises, path):
    source = path.read_text(encoding="utf-8")
    owned = {stub.partition(".")[0] for stub in _all_stubs(exercises)}
    for node in ast.parse(source).body:
        name = getattr(node, "name", "_")
        if name not in owned and not name.startswith("_"):
            sentence = (
                f"no exercise is about {name}: nothing judges it. Add one to autograder/exercises/, as "
                "CONTRIBUTING.md shows, or leave it as given code."
            )
            yield Finding(path.name, sentence, WARNING)
    for name in _blank_in(source):
        yield Finding(path.name, f"{name} is blank in the reference itself: write it.")


def _lint_skeleton(exercises, path):
    stubs = _all_stubs(exercises)
    for name in _blank_in(path.read_text(encoding="utf-8")):
        if name not in stubs:
            sentence = (
                f"{name} is left blank for the students, but it is a stub of no exercise, so it earns nothing: name it "
                "in the `stubs` of one, or write it into solutions/edf.py; then `make skeleton`."
            )
            yield Finding(path.name, sentence)


def _blank_in(source):
    """Dotted names of the functions in a module's text that raise NotImplementedError."""
    for node in ast.parse(source).body:
        inside = node.body if isinstance(node, ast.ClassDef) else [node]
        prefix = f"{node.name}." if isinstance(node, ast.ClassDef) else ""
        for function in inside:
            if isinstance(function, ast.FunctionDef) and any(map(_is_blank, function.body)):
                yield prefix + function.name


def _is_blank(statement):
    if not isinstance(statement, ast.Raise) or statement.exc is None:
        return False
    raised = statement.exc.func if isinstance(statement.exc, ast.Call) else statement.exc
    return getattr(raised, "id", "") == "NotImplementedError"


def _lint_assignments(folder):
    for path in sorted(folder.glob("*.toml")):
        try:
            load_assignment(path)
        except AssignmentError as error:
            said = str(error).removeprefix(f"{path}: ").rstrip(".")
            yield Finding(path.name, f"{said}: correct that file.")


def _lint_notebooks(exercises, folder):
    cells = [
        cell.metadata
        for path in sorted(folder.glob("[0-9]*.py"))
        for cell in jupytext.reads(path.read_text(encoding="utf-8"), fmt="py:percent").cells
    ]
    shown = {name for cell in cells for name in cell.get("stub", "").split()}
    checked = {cell.get("check") for cell in cells}
    for exercise in exercises:
        for name in exercise.owned:
            if name not in shown:
                sentence = f'no cell stub="{name}" is in any notebook: write a section, as notebooks/README.md shows.'
                yield Finding(exercise.id, sentence, WARNING)
        if exercise.id not in checked:
            sentence = (
                f'no cell check="{exercise.id}" is in any notebook, so its points have no place: add one.'
            )
            yield Finding(exercise.id, sentence, WARNING)


def _lint_public_checks(exercises, ids):
    if ids is None:
        from edf_kit.checks import exercise_ids  # a package of its own: the students'

        ids = exercise_ids()
    for exercise in exercises:
        if exercise.id not in ids:
            sentence = "it has no public check, so students can't try it: add one to pset/edf_kit/checks/."
            yield Finding(exercise.id, sentence, WARNING)
