"""The command line `autograder`. What a command needs is imported when it runs: --help is there at once."""

import argparse
import sys

from autograder.commands import disputes, export, grade, grader, jupyter, release, similarity
from autograder.errors import Refusal


def main(arguments=None):
    """Run a command line; returns the exit status: 0, 1 for grader errors, 2 for unusable arguments."""
    options = _parser().parse_args(arguments)
    if not sys.platform.startswith("linux"):
        print(
            "The grader isolates student code with Linux namespaces and seccomp, which this system does "
            "not have.\nRun it in a Linux container or virtual machine; on Windows, in WSL 2.",
            file=sys.stderr,
        )
        return Refusal.status
    try:
        return options.command(options)
    except Refusal as refusal:
        print(f"autograder: {refusal}", file=sys.stderr)
        return refusal.status
    except KeyboardInterrupt:  # before the command was at work, which says what that stopped
        print("\nStopped before anything was done: run the same command again to go on.", file=sys.stderr)
        return grade.INTERRUPTED


def _parser():
    parser = argparse.ArgumentParser(prog="autograder", description="Grades edf problem sets.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for module in (grade, disputes, export, grader, release, jupyter, similarity):
        module.add_to(commands)
    return parser
