"""autograder lab and formgrader: JupyterLab on what was made"""

import os
import sys
from pathlib import Path

from autograder.commands.options import add_assignment, add_jupyter, assignment_of
from autograder.errors import Refusal

JUPYTERLAB = [sys.executable, "-m", "jupyterlab"]


def add_to(commands):
    """Add the commands to argparse's `commands`."""
    formgrader = commands.add_parser("formgrader", help="look at a graded class in nbgrader's formgrader")
    formgrader.add_argument("--course", type=Path, default=Path("graded/course"), help="[graded/course]")
    add_jupyter(formgrader)
    formgrader.set_defaults(command=_formgrader)

    lab = commands.add_parser("lab", help="start JupyterLab on a student's bundle")
    add_assignment(lab)
    lab.add_argument("--folder", type=Path, default=Path("lab"), help="made if it is not there [lab]")
    add_jupyter(lab)
    lab.set_defaults(command=_lab)


def _formgrader(options):
    if not (options.course / "gradebook.db").exists():
        raise Refusal(f"{options.course} holds no gradebook: run `make grade` first.")
    os.chdir(options.course)  # where nbgrader_config.py is
    os.execv(sys.executable, [*JUPYTERLAB, "--LabApp.default_url=/formgrader", *options.jupyter])


def _lab(options):
    assignment = assignment_of(options)
    if not options.folder.exists():
        from autograder.release.make import make_lab

        make_lab(assignment, options.folder)
    os.execv(sys.executable, [*JUPYTERLAB, str(options.folder), *options.jupyter])
