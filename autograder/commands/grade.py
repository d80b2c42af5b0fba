"""autograder grade"""

import os
import sys
from contextlib import nullcontext
from pathlib import Path

from autograder.commands.options import (
    add_assignment,
    add_jobs,
    add_sandbox,
    add_secret,
    jobs_of,
    secret_of,
)
from autograder.errors import Refusal

INTERRUPTED = 130


def add_to(commands):
    """Add the command to argparse's `commands`."""
    command = commands.add_parser("grade", help="grade a folder of submissions")
    command.add_argument(
        "submissions",
        type=Path,
        help="a folder with a folder, module, notebook or zip a student; nbgrader's; "
        "a download from Canvas or Moodle; or a zip of these",
    )
    command.add_argument("--out", type=Path, default=Path("graded"), help="folder for the results [graded]")
    add_jobs(command)
    add_assignment(command)
    add_secret(command)
    command.add_argument(
        "--roster", type=Path, help="CSV file with a column student; name, canvas_id, … if known"
    )
    command.add_argument(
        "--course", type=Path, help="nbgrader's folder for gradebook and notebooks [OUT/course]"
    )
    command.add_argument(
        "--anonymous",
        action="store_true",
        help="grade on pseudonyms; who is who is written to OUT.names.csv, for you alone",
    )
    command.add_argument(
        "--cluster",
        metavar="ADDRESS",
        help="of a Dask scheduler, whose workers grade in place of this machine; see docs/scale.md",
    )
    add_sandbox(command, "none")
    command.set_defaults(command=_grade)


def _grade(options):
    from autograder.assignment import DEFAULT
    from autograder.cluster import Cluster
    from autograder.places import Places
    from autograder.run import run

    try:
        places = Places(
            options.submissions,
            options.out,
            options.course or options.out / "course",
            secret_of(options),
            options.assignment or DEFAULT,
            options.roster,
        )
        with Cluster(options.cluster, options.sandbox) if options.cluster else nullcontext() as cluster:
            return run(places, jobs_of(options), options.sandbox, options.anonymous, cluster)
    except OSError as error:  # the terminal, say, or a log on a full disk
        what = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
        print(f"autograder: {what}. What was graded is kept: mend that and run it again.", file=sys.stderr)
        sys.stderr.flush()
        os._exit(Refusal.status)  # without another try to write what could not be written
    except KeyboardInterrupt:
        print("\nStopped. What was graded is kept: run the same command again to go on.", file=sys.stderr)
        # The grading processes and their sandboxes end with this one; waiting for them is not needed.
        sys.stderr.flush()
        os._exit(INTERRUPTED)
