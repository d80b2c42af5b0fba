"""Options that several commands have."""

import argparse
import os
from pathlib import Path


def add_assignment(command):
    """--assignment, for `assignment_of`."""
    command.add_argument("--assignment", type=Path, help="TOML file [autograder/assignments/edf.toml]")


def assignment_of(options):
    """The assignment.Assignment that was named, or the default one. Raises AssignmentError."""
    from autograder.assignment import DEFAULT, load_assignment

    return load_assignment(options.assignment or DEFAULT)


def add_jobs(command):
    """--jobs, for `jobs_of`."""
    command.add_argument("--jobs", type=positive, default=None, help="processes [one a core]")


def jobs_of(options):
    """How many processes to use."""
    return options.jobs or len(os.sched_getaffinity(0))


def add_secret(command):
    """--secret, for `secret_of`."""
    command.add_argument("--secret", type=Path, help="file of the course secret [.course-secret]")


def secret_of(options):
    """The path of the course secret."""
    from autograder.secret import FILE

    return options.secret or FILE


def add_sandbox(command, *more):
    """--sandbox: a name for sandbox.choose, one of the stacks or `more`."""
    command.add_argument(
        "--sandbox",
        choices=("bubblewrap", "landlock", *more),
        help="how to isolate student code [bubblewrap if it works here, else landlock]; see docs/security.md",
    )


def add_jupyter(command):
    """What is passed on to JupyterLab."""
    command.add_argument("jupyter", nargs="*", help="after --: options for JupyterLab, such as --no-browser")


def positive(text):
    """A whole number from 1 on. Raises argparse's error."""
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is no whole number from 1 on")
    return number
