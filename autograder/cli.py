"""The commands: autograder grade, doctor, skeleton. Each imports what it needs when it runs."""

import argparse
import os
import sys
from pathlib import Path

USAGE_ERROR, GRADER_ERROR, INTERRUPTED = 2, 1, 130


def main(arguments=None):
    """Run a command line; returns the exit status: 0, 1 for grader errors, 2 for unusable arguments."""
    options = _parser().parse_args(arguments)
    if not sys.platform.startswith("linux"):
        print(
            "The grader isolates student code with Linux namespaces and seccomp, which this system does "
            "not have.\nRun it in a Linux container or virtual machine; on Windows, in WSL 2.",
            file=sys.stderr,
        )
        return USAGE_ERROR
    return options.command(options)


def _parser():
    parser = argparse.ArgumentParser(prog="autograder", description="Grades edf problem sets.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    grade = commands.add_parser("grade", help="grade a folder of submissions")
    grade.add_argument("submissions", type=Path, help="a folder with one folder, or one .py file, a student")
    grade.add_argument("--out", type=Path, default=Path("graded"), help="folder for the results [graded]")
    grade.add_argument("--jobs", type=_positive, default=None, help="processes [one a core]")
    _add_assignment(grade)
    grade.add_argument("--secret", type=Path, help="file of the course secret [.course-secret]")
    grade.set_defaults(command=_grade)

    doctor = commands.add_parser("doctor", help="say what isolation this machine gives, by trying it")
    doctor.set_defaults(command=_doctor)

    skeleton = commands.add_parser("skeleton", help="make the students' edf.py")
    _add_assignment(skeleton)
    skeleton.add_argument("--out", type=Path, default=Path("pset/edf.py"), help="[pset/edf.py]")
    skeleton.add_argument("--check", action="store_true", help="only say whether that file is up to date")
    skeleton.set_defaults(command=_skeleton)
    return parser


def _add_assignment(command):
    command.add_argument("--assignment", type=Path, help="TOML file [autograder/assignments/edf.toml]")


def _positive(text):
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is no number of processes")
    return number


def _load_assignment(path):
    from autograder.assignment import DEFAULT, load_assignment

    return load_assignment(path or DEFAULT)


def _grade(options):
    from autograder.assignment import AssignmentError
    from autograder.grade import GraderFault
    from autograder.intake import IntakeError
    from autograder.run import run
    from autograder.sandbox.bubblewrap import SandboxUnavailable
    from autograder.scores import ScoresError
    from autograder.secret import FILE, SecretError

    jobs = options.jobs or len(os.sched_getaffinity(0))
    try:
        assignment = _load_assignment(options.assignment)
        return run(options.submissions, options.out, assignment, options.secret or FILE, jobs)
    except (AssignmentError, IntakeError, ScoresError, SecretError, SandboxUnavailable) as error:
        print(f"autograder: {error}", file=sys.stderr)
        return USAGE_ERROR
    except GraderFault as error:
        print(f"autograder: {error}\nNothing was graded: mend that check first.", file=sys.stderr)
        return GRADER_ERROR
    except KeyboardInterrupt:
        print("\nStopped. What was graded is kept: run the same command again to go on.", file=sys.stderr)
        # The grading processes and their sandboxes end with this one; waiting for them is not needed.
        sys.stderr.flush()
        os._exit(INTERRUPTED)


def _doctor(_):
    from autograder.doctor import diagnose

    return 0 if diagnose() else GRADER_ERROR


def _skeleton(options):
    from autograder.assignment import AssignmentError
    from autograder.skeleton import SkeletonError, make_skeleton

    try:
        text = make_skeleton(_load_assignment(options.assignment).stubs)
    except (AssignmentError, SkeletonError) as error:
        print(f"autograder: {error}", file=sys.stderr)
        return USAGE_ERROR
    if not options.check:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(text, encoding="utf-8")
        print(f"wrote {options.out}")
    elif not options.out.exists() or options.out.read_text(encoding="utf-8") != text:
        print(f"{options.out} is stale: run `make skeleton` and commit it.", file=sys.stderr)
        return GRADER_ERROR
    return 0
