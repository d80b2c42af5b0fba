"""Small releases in two folders, for tests of what is done with them."""

import json

from cells import code
from edf_kit.released import definition_sources, source_hash

NOTEBOOK = "1_autograd.ipynb"
MODULE = "import numpy as np\n\nops = []\n\n\nclass add:\n    blank = 1\n\n\ndef reset():\n    blank = 2\n"
FILLED = "class add:\n    mine = 1"


def markdown(source, id, **nbgrader):
    metadata = {"nbgrader": nbgrader} if nbgrader else {}
    return {"cell_type": "markdown", "id": id, "metadata": metadata, "source": source}


def locked(source, id):
    cell = code(source, id=id)
    return cell | {
        "metadata": {"nbgrader": {"grade_id": id, "locked": True, "solution": False, "grade": True}}
    }


CELLS = [
    markdown("# Autograd", "title"),
    code("class add:\n    blank = 1", "add", id="write-add"),
    locked('check("add")', "add"),
    code("demo = 1", id="demo"),
    markdown("Your answer", "think", grade_id="think", grade=True, solution=True, locked=False),
]


def make_release(folder, cells=CELLS, module=MODULE, assignment="edf"):
    """A release with one notebook and an edf.py."""
    (folder / "edf_kit").mkdir(parents=True)
    release = {
        "assignment": assignment,
        "release": "0" * 12,
        "exercises": [{"id": "add", "title": "Sum", "points": 1, "extra_credit": False, "stubs": ["add"]}],
        "cells": {NOTEBOOK: {cell["id"]: source_hash(cell["source"]) for cell in cells}},
        "definitions": {name: source_hash(text) for name, text in definition_sources(module).items()},
    }
    (folder / "edf_kit" / "release.json").write_text(json.dumps(release), encoding="utf-8")
    write_cells(folder, cells)
    (folder / "edf.py").write_text(module, encoding="utf-8")
    return folder


def write_cells(folder, cells, **more):
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells} | more
    (folder / NOTEBOOK).write_text(json.dumps(notebook, ensure_ascii=False), encoding="utf-8")


def read_cells(folder):
    return json.loads((folder / NOTEBOOK).read_text(encoding="utf-8"))["cells"]


def sources(folder):
    return ["".join(cell["source"]) for cell in read_cells(folder)]


def changed(cells, **sources):
    """The cells with other sources, by id with _ for -."""
    return [c | {"source": sources.get(c["id"].replace("-", "_"), c["source"])} for c in cells]


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def two_releases(tmp_path):
    """The folders of an old and a new release, both as handed out; the new one has a cell more."""
    new_cells = [*CELLS[:2], code("new = 1", id="new"), *CELLS[2:]]
    return make_release(tmp_path / "old"), make_release(tmp_path / "new", new_cells)
