"""The handout for after the deadline: the bundle with every answer in it, its notebooks executed."""

import shutil
import tempfile
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

from autograder.errors import ReleaseError
from autograder.paths import SOLUTION
from autograder.release.bundle import write_source
from autograder.release.notebooks import METADATA, SOURCES
from autograder.skeleton import BEGIN, END

FASTER_WAYS = SOURCES / "faster_ways.py"
CELL_SECONDS = 300


def make_handout(assignment, out, report=print):
    """Make the folder `out`: the reference as edf.py, the solved notebooks with their pictures, and faster ways.

    report: is told each step in a sentence. What was there before stays until the new one is whole. Raises
    ReleaseError if a notebook does not run through.
    """
    out = Path(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".building-", dir=out.parent) as scratch:
        folder = Path(scratch) / "handout"
        write_source(assignment, folder)
        shutil.copyfile(SOLUTION, folder / "edf.py")
        (folder / "README.md").unlink()  # it tells how to start on the problem set
        notebooks = {path: nbformat.read(path, as_version=4) for path in sorted(folder.glob("*.ipynb"))}
        faster = jupytext.reads(FASTER_WAYS.read_text(encoding="utf-8"), fmt="py:percent")
        notebooks[folder / "5_faster_ways.ipynb"] = nbformat.v4.new_notebook(
            cells=faster.cells, metadata=METADATA
        )
        for path, notebook in notebooks.items():
            report(f"executing {path.name}")
            _solve(notebook)
            nbformat.write(notebook, path)  # the notebooks after it take its answers from the file
            _execute(notebook, path)
            nbformat.write(notebook, path)
        if out.exists():
            shutil.rmtree(out)
        shutil.move(folder, out)


def _solve(notebook):
    """Leave the solutions in, without the marks; nothing may fail."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            lines = cell.source.split("\n")
            cell.source = "\n".join(line for line in lines if not line.strip().startswith((BEGIN, END)))
            cell.metadata.pop("tags", None)
            cell.metadata.pop("nbgrader", None)


def _execute(notebook, path):
    client = NotebookClient(
        notebook, timeout=CELL_SECONDS, kernel_name="python3", resources={"metadata": {"path": path.parent}}
    )
    try:
        client.execute()
    except Exception as error:
        raise ReleaseError(
            f"{path.name} does not run through with the reference's answers: {error}"
        ) from None
