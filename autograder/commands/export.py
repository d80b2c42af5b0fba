"""autograder canvas, moodle and gradescope: what goes to other systems"""

from pathlib import Path

from autograder.commands.options import add_assignment, add_secret, assignment_of, secret_of
from autograder.errors import Refusal

OPEN = 1  # what a command ends with that leaves out somebody whom the grader could not judge


def add_to(commands):
    """Add the commands to argparse's `commands`."""
    canvas = commands.add_parser("canvas", help="write the grades into a gradebook for Canvas to import")
    canvas.add_argument("gradebook", type=Path, help="CSV file that Canvas exported: Grades, Export")
    canvas.add_argument(
        "--column", help="title, id or header of the assignment's column [the assignment's name]"
    )
    _add_graded(canvas)
    canvas.set_defaults(command=_canvas)

    moodle = commands.add_parser("moodle", help="write the grades into a file for Moodle to import")
    moodle.add_argument(
        "file",
        type=Path,
        nargs="?",
        help="CSV file of Moodle's: an offline grading worksheet, or a list of participants [the roster]",
    )
    _add_graded(moodle)
    moodle.set_defaults(command=_moodle)

    gradescope = commands.add_parser(
        "gradescope", help="build the zip that Gradescope makes an autograder of"
    )
    add_assignment(gradescope)
    add_secret(gradescope)
    gradescope.add_argument("--out", type=Path, default=Path("gradescope.zip"), help="[gradescope.zip]")
    gradescope.set_defaults(command=_gradescope)


def _add_graded(command):
    command.add_argument("--out", type=Path, default=Path("graded"), help="folder of the results [graded]")
    command.add_argument("--roster", type=Path, help="CSV file with a column student, and ids")
    add_assignment(command)


def _graded(options):
    """(scores by student, assignment, rows of the roster)."""
    from autograder.exports.people import read_scores, require_assignment, said_by_hand
    from autograder.intake.roster import read_roster

    assignment, scores = assignment_of(options), read_scores(options.out)
    require_assignment(scores, assignment)
    for sentence in said_by_hand(options.out):
        print(sentence)
    return scores, assignment, read_roster(options.roster) if options.roster else ()


def _canvas(options):
    from autograder.exports.canvas import export_canvas

    scores, assignment, roster = _graded(options)
    out = options.out / "canvas.csv"
    done = export_canvas(options.gradebook, scores, assignment, out, options.column, roster)
    print(f"{out}: {done.written} grades. In Canvas: Grades, Import.")
    if done.is_new:
        name = options.column or assignment.name
        print(
            f"Canvas has no column {name}: it will offer to make it anew (--column names another; make: COLUMN=)."
        )
    return _say(done, "Canvas")


def _moodle(options):
    from autograder.exports.moodle import export_import, export_worksheet, is_worksheet

    scores, assignment, roster = _graded(options)
    out = options.out / "moodle.csv"
    if options.file and is_worksheet(options.file):
        done = export_worksheet(options.file, scores, assignment, out, roster)
        print(f"{out}: {done.written} grades. In Moodle: the assignment, Upload grading worksheet.")
    else:
        if not (options.file or roster):
            raise Refusal(
                "Whom Moodle knows by what is not known: give a file that it exported, or a roster: "
                "--roster (make: ROSTER=)."
            )
        done = export_import(options.file, scores, assignment, out, roster)
        print(
            f"{out}: {done.written} grades. In Moodle: Grades, Import, CSV file; map both grade and feedback."
        )
    if done.capped:
        print(f"Moodle takes no more than the maximum, which is written for: {_names(done.capped)}")
    return _say(done, "Moodle")


def _say(done, where):
    """Say who has no grade in the file, and why. Returns the exit status."""
    for sentence in done.notes:
        print(sentence)
    for student, why in done.kept:
        print(f"left as it is in {where}: {_names([student])}: {why}")
    if done.missing:
        print(f"not found in {where}'s file: {_names(done.missing)}")
    if done.open:
        print(f"not judged, by a fault of the grader: {_names(done.open)}")
    return OPEN if done.open else 0


def _names(students):
    from autograder.intake.submission import shown

    return ", ".join(map(shown, students))


def _gradescope(options):
    from autograder.assignment import DEFAULT
    from autograder.exports.gradescope import build

    assignment, secret = assignment_of(options), secret_of(options)
    if build(options.assignment or DEFAULT, assignment, secret, options.out):
        print(f"Made a new course secret: {secret}. Keep a copy; a regrade needs it.")
    print(
        f"{options.out} is Gradescope's autograder. It holds the solutions and the course secret: keep it to yourself."
    )
    print(
        f"In Gradescope, give the assignment {assignment.total:g} points; docs/exports.md has the other settings."
    )
    return 0
