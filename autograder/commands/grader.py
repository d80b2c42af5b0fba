"""autograder doctor, skeleton and validate: the grader itself"""

import os
import sys
from pathlib import Path

from autograder.commands.grade import INTERRUPTED
from autograder.commands.options import (
    add_assignment,
    add_jobs,
    add_sandbox,
    assignment_of,
    jobs_of,
    positive,
)

FAULT = 1  # what a command ends with that found something wrong with the grader


def add_to(commands):
    """Add the commands to argparse's `commands`."""
    doctor = commands.add_parser("doctor", help="say what isolation this machine gives, by trying it")
    add_sandbox(doctor)
    doctor.set_defaults(command=_doctor)

    skeleton = commands.add_parser("skeleton", help="make the students' edf.py")
    add_assignment(skeleton)
    skeleton.add_argument("--out", type=Path, default=Path("pset/edf.py"), help="[pset/edf.py]")
    skeleton.add_argument("--check", action="store_true", help="only say whether that file is up to date")
    skeleton.set_defaults(command=_skeleton)

    validate = commands.add_parser(
        "validate", help="grade the grader: wrong variants must be caught, right ones get full points"
    )
    validate.add_argument(
        "--assignment", type=Path, help="TOML file, for its exercises only [every exercise that there is]"
    )
    add_jobs(validate)
    validate.add_argument(
        "--secrets",
        type=positive,
        default=None,
        help="course secrets to try right variants with; a tenth of them for wrong ones [200]",
    )
    validate.add_argument("--quick", action="store_true", help="no training of networks; 10 secrets")
    validate.add_argument("--lint", action="store_true", help="only say what is missing: takes seconds")
    validate.add_argument("--markdown", type=Path, help="write what came out to this file, too")
    validate.set_defaults(command=_validate)


def _doctor(options):
    from autograder.doctor import diagnose

    return 0 if diagnose(options.sandbox) else FAULT


def _skeleton(options):
    from autograder.skeleton import make_skeleton

    text = make_skeleton(assignment_of(options).stubs)
    if not options.check:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(text, encoding="utf-8")
        print(f"wrote {options.out}")
    elif not options.out.exists() or options.out.read_text(encoding="utf-8") != text:
        print(f"{options.out} is stale: run `make skeleton` and commit it.", file=sys.stderr)
        return FAULT
    return 0


def _validate(options):
    from autograder.validate.effort import effort
    from autograder.validate.run import has_errors, run_lint, validate
    from autograder.validate.scope import everything

    try:
        assignment = assignment_of(options)
        if options.assignment is None:
            assignment = everything(assignment)
        if options.lint:
            return FAULT if has_errors(run_lint(assignment)) else 0
        tried = effort(options.secrets, options.quick)
        return validate(assignment, tried, jobs_of(options), options.markdown)
    except KeyboardInterrupt:
        print("\nStopped: nothing is proven.", file=sys.stderr)
        sys.stderr.flush()
        os._exit(INTERRUPTED)  # as in commands.grade
