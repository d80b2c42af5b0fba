"""autograder explain and regrade: what an instructor needs when a grade is disputed, or a check was wrong"""

import sys
from pathlib import Path

from autograder.commands.options import add_jobs, add_sandbox, jobs_of
from autograder.errors import Refusal

UNASKED = 1  # what regrade ends with that wrote nothing as there was nobody to ask


def add_to(commands):
    """Add the commands to argparse's `commands`."""
    explain = commands.add_parser(
        "explain", help="why a student got these points: the failing checks, run again"
    )
    explain.add_argument("student", help="as in grades.csv")
    explain.add_argument("exercise", nargs="?", help="its id [every one that did not pass]")
    _add_places(explain)
    explain.set_defaults(command=_explain)

    regrade = commands.add_parser(
        "regrade", help="judge one exercise of a graded class again, after a check was mended"
    )
    regrade.add_argument(
        "--exercise", action="append", required=True, metavar="ID", help="may be given several times"
    )
    regrade.add_argument("--yes", action="store_true", help="write what changes without asking")
    add_jobs(regrade)
    _add_places(regrade)
    regrade.set_defaults(command=_regrade)


def _add_places(command):
    command.add_argument("--out", type=Path, default=Path("graded"), help="folder of the results [graded]")
    command.add_argument("--submissions", type=Path, help="where they are now [where they were graded]")
    command.add_argument(
        "--secret", type=Path, help="file of the course secret [the one that was graded with]"
    )
    add_sandbox(command)


def _class_of(options):
    """(Classroom as it was graded, Places, course secret, name of the sandbox)."""
    from autograder.places import graded_class, last_run
    from autograder.sandbox.choose import UNGUARDED
    from autograder.secret import known_secret

    places, is_anonymous, sandbox = last_run(
        options.out, submissions=options.submissions, secret=options.secret
    )
    if sandbox == UNGUARDED.NAME and options.sandbox is None:
        raise Refusal("This class was graded without a sandbox: to run its code again, name one (--sandbox).")
    secret = known_secret(places.secret)
    return graded_class(places, is_anonymous, secret), places, secret, options.sandbox or sandbox


def _explain(options):
    from rich.console import Console

    from autograder.explain import explain

    found, places, secret, sandbox = _class_of(options)
    console = Console(highlight=False, soft_wrap=True)
    return explain(found, places.out, secret, options.student, options.exercise, sandbox, console)


def _regrade(options):
    from rich.console import Console
    from rich.prompt import Confirm

    from autograder.regrade import regrade

    found, places, secret, sandbox = _class_of(options)
    console = Console(highlight=False, soft_wrap=True)
    nobody_to_ask = False

    def is_agreed():
        nonlocal nobody_to_ask
        if options.yes:
            return True
        if not sys.stdin.isatty():
            nobody_to_ask = True
            console.print("There is nobody to ask. To write it: the same command with --yes (make: YES=1).")
            return False
        return Confirm.ask("Write this?", console=console, default=False)

    status = regrade(found, places, secret, options.exercise, jobs_of(options), sandbox, is_agreed, console)
    return status or (UNASKED if nobody_to_ask else 0)
