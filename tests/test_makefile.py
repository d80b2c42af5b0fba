"""The Makefile hands on what people give it, by the names that messages say."""

import re
import subprocess

import pytest
from edited import ROOT


def would_run(*arguments):
    """What make would run, as text."""
    command = ["make", "--no-print-directory", "--dry-run", "--old-file=.venv/ready", *arguments]
    made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    return made.stdout + made.stderr


@pytest.mark.parametrize(
    ("arguments", "handed_on"),
    [
        (["regrade", "EXERCISE=add", "YES=1"], "--yes"),
        (["canvas", "GRADEBOOK=grades.csv", "COLUMN=Homework 3"], '--column "Homework 3"'),
        (["canvas", "GRADEBOOK=grades.csv", "ROSTER=ids.csv"], '--roster "ids.csv"'),
        (["moodle", "ROSTER=ids.csv"], '--roster "ids.csv"'),
        (["explain", "STUDENT=ada", "OUT=elsewhere"], '--out "elsewhere"'),
    ],
)
def test_a_variable_becomes_an_option(arguments, handed_on):
    assert handed_on in would_run(*arguments)
    assert handed_on not in would_run(*arguments[:-1], "JOBS=1")


@pytest.mark.parametrize("yes", ["", "0", "no"])
def test_regrade_asks_unless_it_is_told_yes(yes):
    assert "--yes" not in would_run("regrade", "EXERCISE=add", f"YES={yes}")


@pytest.mark.parametrize("misspelt", ["submissions", "SUBMISSION", "out"])
def test_a_variable_that_is_not_there_is_refused(misspelt):
    said = would_run("grade", f"{misspelt}=mine")
    assert f"There is no variable {misspelt}. There are: PYTHON " in said and " SUBMISSIONS " in said
    assert "autograder grade" not in said and "autograder grade" in would_run("grade", "SUBMISSIONS=mine")


def test_every_variable_that_a_message_names_is_the_makefiles():
    known = set(re.findall(r"^([A-Z]+) \?=", (ROOT / "Makefile").read_text(), re.MULTILINE))
    files = [path.read_text() for path in (ROOT / "autograder").rglob("*.py")]
    named = {name for text in files for name in re.findall(r"make:\s+(?:\"\s+f?\")?([A-Z]+)=", text)}
    assert {"YES", "COLUMN", "ROSTER", "OUT", "ASSIGNMENT"} <= named <= known
