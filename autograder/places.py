"""Where a class's submissions and results are, and the class as it is found there."""

import dataclasses
from pathlib import Path

from autograder.assignment import load_assignment
from autograder.classlist import make_class
from autograder.errors import Refusal
from autograder.intake import survey
from autograder.intake.roster import read_roster
from autograder.pseudonyms import Pseudonyms
from autograder.scores import read_run


@dataclasses.dataclass(frozen=True)
class Places:
    """Where a run finds and leaves things, all pathlib.Paths.

    submissions: folder or zip. out: for the results. course: nbgrader's folder. secret: file of the course secret.
    assignment: TOML file. roster: CSV file, or None.
    """

    submissions: Path
    out: Path
    course: Path
    secret: Path
    assignment: Path
    roster: Path | None = None

    def as_text(self):
        """{name: where it is, as a text, or None}, for `last_run`."""
        return {name: path and str(path.absolute()) for name, path in dataclasses.asdict(self).items()}


@dataclasses.dataclass(frozen=True)
class Classroom:
    """A class: assignment.Assignment, classlist.Students, rows of the roster or None, [(entry ignored, why)].

    names: the Pseudonyms that its students go by, or None.
    """

    assignment: object
    students: list
    roster: list | None
    ignored: list
    names: object = None

    def hidden(self, student, graded):
        """Of a student's score or record: without their name in its texts, where students go by pseudonyms."""
        return self.names.hide(student, graded) if self.names else graded

    def under_pseudonyms(self, secret):
        """The same class, whose students go by their `Pseudonyms`, by the course secret."""
        stubs = self.assignment.stubs
        words = {word.casefold() for stub in stubs for word in (stub, *stub.split("."))}
        ordinary = words | {"edf", "edf.py", self.assignment.name.casefold()}
        names = Pseudonyms(self.students, self.roster, secret, ordinary)
        return dataclasses.replace(self, students=names.students, roster=names.roster, names=names)


def last_run(out, **others):
    """(Places of the last run into the folder `out`, whether students went by pseudonyms there, its sandbox's name).

    others: Paths that are somewhere else now; those that are None are where they were. Raises Refusal.
    """
    found = read_run(out)
    try:
        places = {
            field.name: found[field.name] and Path(found[field.name]) for field in dataclasses.fields(Places)
        }
        rest = found["anonymous"], found["sandbox"]
    except (TypeError, KeyError):
        raise Refusal(
            f"{out} holds no results: run `make grade` first, or name its folder (--out; make: OUT=)."
        ) from None
    return Places(**{**places, "out": out, **{name: path for name, path in others.items() if path}}), *rest


def find_class(places):
    """The `Classroom` that these places hold. Raises AssignmentError, IntakeError."""
    assignment = load_assignment(places.assignment)
    roster = read_roster(places.roster) if places.roster else None
    found = survey(places.submissions, assignment.name)
    students = make_class(found.submissions, assignment.attempts, roster)
    return Classroom(assignment, students, roster, found.ignored)


def graded_class(places, is_anonymous, secret):
    """The `Classroom` under the names that it was graded under."""
    found = find_class(places)
    return found.under_pseudonyms(secret) if is_anonymous else found
