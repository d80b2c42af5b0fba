"""The commands of `autograder`. Each imports what it needs when it runs."""

import argparse
import os
import sys
from contextlib import nullcontext
from pathlib import Path

USAGE_ERROR, GRADER_ERROR, INTERRUPTED = 2, 1, 130
JUPYTERLAB = [sys.executable, "-m", "jupyterlab"]


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
    try:
        return options.command(options)
    except KeyboardInterrupt:  # before the command was at work, which says what that stopped
        print("\nStopped before anything was done: run the same command again to go on.", file=sys.stderr)
        return INTERRUPTED


def _parser():
    parser = argparse.ArgumentParser(prog="autograder", description="Grades edf problem sets.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    grade = commands.add_parser("grade", help="grade a folder of submissions")
    grade.add_argument(
        "submissions",
        type=Path,
        help="a folder with a folder, module, notebook or zip a student; nbgrader's; "
        "a download from Canvas or Moodle; or a zip of these",
    )
    grade.add_argument("--out", type=Path, default=Path("graded"), help="folder for the results [graded]")
    grade.add_argument("--jobs", type=_positive, default=None, help="processes [one a core]")
    _add_assignment(grade)
    grade.add_argument("--secret", type=Path, help="file of the course secret [.course-secret]")
    grade.add_argument(
        "--roster", type=Path, help="CSV file with a column student; name, canvas_id, … if known"
    )
    grade.add_argument(
        "--course", type=Path, help="nbgrader's folder for gradebook and notebooks [OUT/course]"
    )
    grade.add_argument(
        "--anonymous",
        action="store_true",
        help="grade on pseudonyms; who is who is written to OUT.names.csv, for you alone",
    )
    grade.add_argument(
        "--cluster",
        metavar="ADDRESS",
        help="of a Dask scheduler, whose workers grade in place of this machine; see docs/scale.md",
    )
    _add_sandbox(grade, "none")
    grade.set_defaults(command=_grade)

    doctor = commands.add_parser("doctor", help="say what isolation this machine gives, by trying it")
    _add_sandbox(doctor)
    doctor.set_defaults(command=_doctor)

    skeleton = commands.add_parser("skeleton", help="make the students' edf.py")
    _add_assignment(skeleton)
    skeleton.add_argument("--out", type=Path, default=Path("pset/edf.py"), help="[pset/edf.py]")
    skeleton.add_argument("--check", action="store_true", help="only say whether that file is up to date")
    skeleton.set_defaults(command=_skeleton)

    validate = commands.add_parser(
        "validate", help="grade the grader: wrong variants must be caught, right ones get full points"
    )
    validate.add_argument(
        "--assignment", type=Path, help="TOML file, for its exercises only [every exercise that there is]"
    )
    validate.add_argument("--jobs", type=_positive, default=None, help="processes [one a core]")
    validate.add_argument(
        "--secrets",
        type=_positive,
        default=None,
        help="course secrets to try right variants with; a tenth of them for wrong ones [200]",
    )
    validate.add_argument("--quick", action="store_true", help="no training of networks; 10 secrets")
    validate.add_argument("--lint", action="store_true", help="only say what is missing: takes seconds")
    validate.add_argument("--markdown", type=Path, help="write what came out to this file, too")
    validate.set_defaults(command=_validate)

    release = commands.add_parser("release", help="make what students receive")
    _add_assignment(release)
    release.add_argument("--out", type=Path, default=Path("released"), help="for the bundle [released]")
    release.add_argument("--course", type=Path, default=Path("course"), help="nbgrader's folder [course]")
    release.add_argument("--secret", type=Path, help="file of the course secret [.course-secret]")
    release.add_argument("--no-dry-run", action="store_true", help="don't try it in a fresh environment")
    release.set_defaults(command=_release)

    solutions = commands.add_parser("solutions", help="make the handout for after the deadline")
    _add_assignment(solutions)
    solutions.add_argument("--out", type=Path, default=Path("handout"), help="[handout]")
    solutions.set_defaults(command=_solutions)

    formgrader = commands.add_parser("formgrader", help="look at a graded class in nbgrader's formgrader")
    formgrader.add_argument("--course", type=Path, default=Path("graded/course"), help="[graded/course]")
    _add_jupyter(formgrader)
    formgrader.set_defaults(command=_formgrader)

    lab = commands.add_parser("lab", help="start JupyterLab on a student's bundle")
    _add_assignment(lab)
    lab.add_argument("--folder", type=Path, default=Path("lab"), help="made if it is not there [lab]")
    _add_jupyter(lab)
    lab.set_defaults(command=_lab)
    return parser


def _add_assignment(command):
    command.add_argument("--assignment", type=Path, help="TOML file [autograder/assignments/edf.toml]")


def _add_sandbox(command, *more):
    command.add_argument(
        "--sandbox",
        choices=("bubblewrap", "landlock", *more),
        help="how to isolate student code [bubblewrap if it works here, else landlock]; see docs/security.md",
    )


def _add_jupyter(command):
    command.add_argument("jupyter", nargs="*", help="after --: options for JupyterLab, such as --no-browser")


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
    from autograder.cluster import Cluster, ClusterError
    from autograder.grade import GraderFault
    from autograder.gradebook.errors import BookError, CourseError
    from autograder.intake import IntakeError
    from autograder.release.errors import ReleaseError
    from autograder.run import run
    from autograder.sandbox.visible import SandboxUnavailable
    from autograder.scores import ScoresError
    from autograder.secret import FILE, SecretError

    jobs = options.jobs or len(os.sched_getaffinity(0))
    try:
        assignment = _load_assignment(options.assignment)
        secret = options.secret or FILE
        course = options.course or options.out / "course"
        what = options.submissions, options.out, assignment, secret, jobs, course
        how = options.roster, options.sandbox, options.anonymous
        with Cluster(options.cluster, options.sandbox) if options.cluster else nullcontext() as cluster:
            return run(*what, *how, cluster)
    except (
        AssignmentError,
        ClusterError,
        IntakeError,
        ScoresError,
        SecretError,
        SandboxUnavailable,
    ) as error:
        print(f"autograder: {error}", file=sys.stderr)
        return USAGE_ERROR
    except (BookError, CourseError, ReleaseError) as error:
        print(
            f"autograder: {error}\nThe scores are kept; only nbgrader's folder is not up to date.",
            file=sys.stderr,
        )
        return USAGE_ERROR
    except GraderFault as error:
        print(f"autograder: {error}\nNothing was graded: mend that check first.", file=sys.stderr)
        return GRADER_ERROR
    except OSError as error:  # the terminal, say, or a log on a full disk
        what = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
        print(f"autograder: {what}. What was graded is kept: mend that and run it again.", file=sys.stderr)
        sys.stderr.flush()
        os._exit(USAGE_ERROR)  # without another try to write what could not be written
    except KeyboardInterrupt:
        print("\nStopped. What was graded is kept: run the same command again to go on.", file=sys.stderr)
        # The grading processes and their sandboxes end with this one; waiting for them is not needed.
        sys.stderr.flush()
        os._exit(INTERRUPTED)


def _doctor(options):
    from autograder.doctor import diagnose

    return 0 if diagnose(options.sandbox) else GRADER_ERROR


def _validate(options):
    from autograder.assignment import AssignmentError
    from autograder.grade import GraderFault
    from autograder.sandbox.visible import SandboxUnavailable
    from autograder.validate.effort import effort
    from autograder.validate.run import has_errors, run_lint, validate
    from autograder.validate.scope import everything

    try:
        assignment = _load_assignment(options.assignment)
        if options.assignment is None:
            assignment = everything(assignment)
        if options.lint:
            return GRADER_ERROR if has_errors(run_lint(assignment)) else 0
        jobs = options.jobs or len(os.sched_getaffinity(0))
        return validate(assignment, effort(options.secrets, options.quick), jobs, options.markdown)
    except (AssignmentError, SandboxUnavailable) as error:
        print(f"autograder: {error}", file=sys.stderr)
        return USAGE_ERROR
    except GraderFault as error:
        print(f"autograder: {error}\nNothing was graded: mend that check first.", file=sys.stderr)
        return GRADER_ERROR
    except KeyboardInterrupt:
        print("\nStopped: nothing is proven.", file=sys.stderr)
        sys.stderr.flush()
        os._exit(INTERRUPTED)  # as in _grade


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


def _release(options):
    from rich.console import Console

    from autograder.release.make import make_release
    from autograder.secret import FILE

    console = Console(highlight=False)

    def make(assignment):
        with console.status("making the release") as status:

            def report(step):
                status.update(step)
                console.print(f"· {step}")

            try_it = not options.no_dry_run
            secret = options.secret or FILE
            files = make_release(assignment, options.out, options.course, secret, try_it, report)
        for file in files:
            print(f"{file.sha256[:16]}  {file.size:>9,}  {file.path}")
        print(f"\n{options.out / assignment.name}.zip is for the students: the folder beside it, packed.")
        print(f"{options.course} is nbgrader's folder. It holds the solutions: keep it to yourself.")

    return _releasing(make, options)


def _solutions(options):
    from autograder.release.handout import make_handout

    def make(assignment):
        make_handout(assignment, options.out, report=print)
        print(f"{options.out} is the handout: for after the deadline.")

    return _releasing(make, options)


def _lab(options):
    from autograder.release.make import make_lab

    def make(assignment):
        if not options.folder.exists():
            make_lab(assignment, options.folder)

    if status := _releasing(make, options):
        return status
    os.execv(sys.executable, [*JUPYTERLAB, str(options.folder), *options.jupyter])


def _formgrader(options):
    if not (options.course / "gradebook.db").exists():
        print(f"autograder: {options.course} holds no gradebook: run `make grade` first.", file=sys.stderr)
        return USAGE_ERROR
    os.chdir(options.course)  # where nbgrader_config.py is
    os.execv(sys.executable, [*JUPYTERLAB, "--LabApp.default_url=/formgrader", *options.jupyter])


def _releasing(make, options):
    """Run make(assignment); what can go wrong in making something for students ends in a sentence."""
    from autograder.assignment import AssignmentError
    from autograder.release.errors import ReleaseError
    from autograder.release.make import LeakError
    from autograder.release.notebooks import NotebookSourceError
    from autograder.skeleton import SkeletonError

    try:
        make(_load_assignment(options.assignment))
    except LeakError as error:
        print(f"autograder: {error}:", file=sys.stderr)
        for leak in error.leaks:
            print(f"  {leak.file}, {leak.place}: {leak.what}", file=sys.stderr)
        return GRADER_ERROR
    except (AssignmentError, NotebookSourceError, ReleaseError, SkeletonError) as error:
        print(f"autograder: {error}", file=sys.stderr)
        return USAGE_ERROR
    return 0
