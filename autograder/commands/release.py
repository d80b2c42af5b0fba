"""autograder release and solutions: what students receive, before and after the deadline"""

from pathlib import Path

from autograder.commands.options import add_assignment, add_secret, assignment_of, secret_of


def add_to(commands):
    """Add the commands to argparse's `commands`."""
    release = commands.add_parser("release", help="make what students receive")
    add_assignment(release)
    release.add_argument("--out", type=Path, default=Path("released"), help="for the bundle [released]")
    release.add_argument("--course", type=Path, default=Path("course"), help="nbgrader's folder [course]")
    add_secret(release)
    release.add_argument("--no-dry-run", action="store_true", help="don't try it in a fresh environment")
    release.set_defaults(command=_release)

    solutions = commands.add_parser("solutions", help="make the handout for after the deadline")
    add_assignment(solutions)
    solutions.add_argument("--out", type=Path, default=Path("handout"), help="[handout]")
    solutions.set_defaults(command=_solutions)


def _release(options):
    from rich.console import Console

    from autograder.release.make import make_release

    console = Console(highlight=False)
    assignment = assignment_of(options)
    with console.status("making the release") as status:

        def report(step):
            status.update(step)
            console.print(f"· {step}")

        try_it = not options.no_dry_run
        files = make_release(assignment, options.out, options.course, secret_of(options), try_it, report)
    for file in files:
        print(f"{file.sha256[:16]}  {file.size:>9,}  {file.path}")
    print(f"\n{options.out / assignment.name}.zip is for the students: the folder beside it, packed.")
    print(f"{options.course} is nbgrader's folder. It holds the solutions: keep it to yourself.")
    return 0


def _solutions(options):
    from autograder.release.handout import make_handout

    make_handout(assignment_of(options), options.out, report=print)
    print(f"{options.out} is the handout: for after the deadline.")
    return 0
