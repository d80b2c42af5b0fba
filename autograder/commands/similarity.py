"""autograder similarity: which submissions look alike, for a person to look at"""

from pathlib import Path

from autograder.commands.options import add_assignment, assignment_of
from autograder.errors import Refusal


def add_to(commands):
    """Add the command to argparse's `commands`."""
    command = commands.add_parser(
        "similarity", help="show which submissions look alike: to look at, no verdict"
    )
    command.add_argument("submissions", type=Path, help="as of grade")
    command.add_argument(
        "--out", type=Path, default=Path("graded/similarity"), help="for the page [graded/similarity]"
    )
    add_assignment(command)
    command.add_argument("--roster", type=Path, help="as of grade: CSV file with a column student")
    command.set_defaults(command=_similarity)


def _similarity(options):
    from tqdm import tqdm

    from autograder.intake.roster import read_roster
    from autograder.similarity import Comparison, independent, read_class
    from autograder.similarity_page import write_similarity

    def progress(what):
        return lambda items: tqdm(items, desc=what, disable=None, leave=False)

    assignment = assignment_of(options)
    roster = read_roster(options.roster) if options.roster else None
    documents, left_out = read_class(options.submissions, assignment, roster, progress("reading"))
    if len(documents) < 2:
        raise Refusal(f"{options.submissions} holds fewer than two submissions that can be compared.")
    comparison = Comparison(documents, independent(assignment), progress("comparing"))
    write_similarity(options.out, assignment.name, comparison, left_out)
    print(f"{len(documents)} submissions compared, {len(left_out)} not. To look at, never a verdict:")
    print(options.out / "index.html")
    return 0
