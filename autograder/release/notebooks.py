"""Turns the sources in notebooks/ into nbgrader's instructor notebooks, the solutions drawn from the reference.

A source is text in jupytext's percent format. Three kinds of its cells are filled in here (notebooks/README.md
shows each): stub="NAMES" gets the definitions of these names and lines that install them into `edf`;
check="ID" becomes the locked cell that carries the points of an exercise; answer="ID" is a cell of text that
the student writes.
"""

import builtins
import re

import jupytext
import nbformat

from autograder.errors import Refusal
from autograder.paths import ROOT
from autograder.skeleton import definition_texts, mark_solutions

SOURCES = ROOT / "notebooks"
SCHEMA_VERSION = 3  # of nbgrader's metadata
ROLES = ("stub", "check", "answer", "section")
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


class NotebookSourceError(Refusal):
    """A source in notebooks/ can't be used; the message says which, where and why."""


def instructor_notebooks(assignment, sources=SOURCES):
    """nbgrader's source notebooks for an assignment: {file name: NotebookNode}, in the order of the lecture.

    Definitions that hold a stub of the assignment are solution cells, the others are shown locked; an exercise
    that it does not list has no check. Ids of cells are the same from run to run. Raises NotebookSourceError.
    """
    solutions = mark_solutions(assignment.stubs)
    notebooks, shown, checked = {}, set(), set()
    for path in sorted(sources.glob("[0-9]*.py")):
        notebook = jupytext.reads(path.read_text(encoding="utf-8"), fmt="py:percent")
        try:
            cells = [_fill(cell, assignment, solutions) for cell in notebook.cells]
        except NotebookSourceError as error:
            raise NotebookSourceError(f"{path.name}: {error}") from None
        for cell in notebook.cells:
            shown.update(cell.metadata.get("stub", "").split())
            checked.update(cell.metadata.get("check", "").split())
        cells = [cell for cell in cells if cell is not None]
        _give_ids(cells, path.stem)
        made = nbformat.v4.new_notebook(cells=cells, metadata=METADATA)
        nbformat.validate(made)
        notebooks[path.with_suffix(".ipynb").name] = made
    owners = {stub.partition(".")[0] for stub in assignment.stubs}
    if missing := sorted(owners - shown):
        raise NotebookSourceError(f'no cell stub="{missing[0]}" is in any notebook, but it holds a stub')
    if missing := [exercise.id for exercise in assignment.exercises if exercise.id not in checked]:
        raise NotebookSourceError(f'no cell check="{missing[0]}" is in any notebook')
    return notebooks


def _fill(cell, assignment, solutions):
    """The cell as nbgrader wants it; None where this assignment has none."""
    role = next((role for role in ROLES if role in cell.metadata), None)
    name = cell.metadata.get(role, "")
    if cell.cell_type == "markdown":
        made = nbformat.v4.new_markdown_cell(cell.source)
    elif role == "stub":
        made = _definitions(name.split(), assignment, solutions)
    elif role == "check":
        made = _check(name, assignment)
    else:
        made = nbformat.v4.new_code_cell(cell.source)
        made.metadata.tags = ["raises-exception"]
    if made is not None:
        made.metadata.role = role, name  # until the ids are given
    return made


def _definitions(names, assignment, solutions):
    """A cell of these definitions: the student's to write if one of them holds a stub, else given."""
    texts = definition_texts(solutions, names)
    if unknown := [name for name in names if name not in texts]:
        raise NotebookSourceError(f'stub="{unknown[0]}" names nothing in solutions/edf.py')
    installs = [f"edf.{name} = {name}" for name in names]
    # In a notebook a name hides Python's own in every cell below.
    installs += [
        f"del {name}  # so that {name} is Python's own again; the operation is edf.{name}"
        for name in names
        if hasattr(builtins, name)
    ]
    source = "\n\n\n".join(texts[name] for name in names) + "\n\n\n" + "\n".join(installs)
    is_stub = any(stub.partition(".")[0] in names for stub in assignment.stubs)
    cell = nbformat.v4.new_code_cell(source)
    grade_id = ("write-" if is_stub else "given-") + "-".join(names)
    cell.metadata.nbgrader = _nbgrader("code", grade_id, solution=is_stub, locked=not is_stub)
    return cell


def _check(id, assignment):
    """The locked cell that carries the points of an exercise."""
    if id not in assignment.points:
        return None
    cell = nbformat.v4.new_code_cell(f'check("{id}")')
    # Extra credit does not count towards nbgrader's maximum; the gradebook has a column of its own for it.
    points = 0 if id in assignment.extra_credit else assignment.points[id]
    cell.metadata.nbgrader = _nbgrader("code", id, grade=True, locked=True, points=points)
    # Run All goes on after a check that fails.
    cell.metadata.tags = ["raises-exception"]
    return cell


def _nbgrader(cell_type, grade_id, grade=False, solution=False, locked=False, **points):
    return {
        "cell_type": cell_type,
        "grade": grade,
        "grade_id": grade_id,
        "locked": locked,
        **points,
        "schema_version": SCHEMA_VERSION,
        "solution": solution,
        "task": False,
    }


def _give_ids(cells, notebook):
    """Give every cell an id that says what it is; plain ones are counted within their section."""
    section, count, taken = re.sub(r"\W", "", notebook), 0, set()
    for cell in cells:
        role, name = cell.metadata.pop("role")
        if role == "section":
            section, count = name, 0
        count += 1
        if role in ("stub", "check"):
            cell.id = cell.metadata.nbgrader["grade_id"]
        else:
            cell.id = name if role == "answer" else f"{section}-{count}"
        if cell.id in taken:
            raise NotebookSourceError(f"two cells of {notebook} have the id {cell.id}")
        taken.add(cell.id)
        # The first code cell imports: without it nothing below makes sense, so Run All stops there.
    first = next((cell for cell in cells if cell.cell_type == "code"), None)
    if first is not None and "nbgrader" not in first.metadata:
        del first.metadata["tags"]
