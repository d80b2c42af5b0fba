"""The same assignment, handed in right, for each grader: bench/six_tests.py on the solutions' edf."""

import subprocess
from pathlib import Path

import nbformat

from autograder.paths import SOLUTION
from bench import six_tests
from bench.measure import PEERS

NAME = "six"
TESTS = Path(six_tests.__file__).read_text(encoding="utf-8")
CALLS = [f"{test.__name__}(Param, conv2)" for test in six_tests.TESTS]
# OTTER_TEST: a test of otter's: an exception-based one, in a file.
OTTER_TEST = """\
from otter.test_files import test_case

OK_FORMAT = False
name = "{name}"
points = 1

{tests}

@test_case()
def test(Param, conv2):
    {call}
"""


def pytest_folder(folder):
    """A folder for `pytest`: submission.py and its tests."""
    folder.mkdir()
    (folder / "submission.py").write_text(SOLUTION.read_text(encoding="utf-8"))
    calls = "\n\n".join(
        f"def test_{test.__name__}():\n    {call}\n" for test, call in zip(six_tests.TESTS, CALLS)
    )
    (folder / "test_submission.py").write_text(f"from submission import Param, conv2\n{TESTS}\n\n{calls}")
    return folder


def otter_folder(folder):
    """A folder for `otter run`: autograder.zip and submission.ipynb."""
    (folder / "tests").mkdir(parents=True)
    cells = [_code("import otter\ngrader = otter.Notebook(tests_dir='tests')"), _code(_edf())]
    for i, call in enumerate(CALLS):
        name = f"q{i + 1}"
        (folder / "tests" / f"{name}.py").write_text(OTTER_TEST.format(name=name, tests=TESTS, call=call))
        cells.append(_code(f'grader.check("{name}")'))
    _write(folder / "submission.ipynb", cells)
    command = [PEERS.parent / "otter", "generate", "-t", "tests", "-o", "autograder.zip", "--no-environment"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder


def nbgrader_course(folder, students):
    """A course for `nbgrader autograde six`, with this many submissions."""
    source = folder / "source" / NAME
    source.mkdir(parents=True)
    cells = [_code(_edf())]
    for i, call in enumerate(CALLS):
        cells.append(_code(f"{TESTS}\n{call}", f"q{i + 1}"))
    _write(source / f"{NAME}.ipynb", cells)
    nbgrader = PEERS.parent / "nbgrader"
    environment = {"PATH": f"{PEERS.parent}:/usr/bin:/bin"}
    subprocess.run(
        [nbgrader, "generate_assignment", NAME], cwd=folder, check=True, capture_output=True, env=environment
    )
    for i in range(students):
        (handed_in := folder / "submitted" / f"student{i}" / NAME).mkdir(parents=True)
        released = folder / "release" / NAME / f"{NAME}.ipynb"
        (handed_in / released.name).write_bytes(released.read_bytes())
    return folder


def our_class(folder, students):
    """A class for `autograder grade`, with this many submissions."""
    for i in range(students):
        (handed_in := folder / f"student{i}").mkdir(parents=True)
        (handed_in / "edf.py").write_text(SOLUTION.read_text(encoding="utf-8"))
    return folder


def _edf():
    return SOLUTION.read_text(encoding="utf-8")


def _code(source, test=None):
    """A cell of code; of nbgrader's tests of 1 point if `test`, its id, is given."""
    cell = nbformat.v4.new_code_cell(source)
    if test:
        cell.metadata["nbgrader"] = {
            "grade": True,
            "grade_id": test,
            "locked": True,
            "points": 1,
            "schema_version": 3,
            "solution": False,
            "task": False,
        }
    return cell


def _write(path, cells):
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, path)
