"""What is put through the line of `make grade`: the reference, its variants, and skeletons with one exercise blank."""

import dataclasses

from autograder.assignment import Assignment
from autograder.exercise import needing
from autograder.paths import SOLUTION
from autograder.skeleton import make_skeleton
from autograder.validate.scope import is_training, is_tried, name_of, variants
from autograder.variant import Right

REFERENCE, WRONG, RIGHT, BLANK = "reference", "wrong", "right", "blank"


@dataclasses.dataclass(frozen=True)
class Case:
    """A submission of ours.

    kind: REFERENCE, WRONG, RIGHT or BLANK. name: for people. source: text of its edf.py. assignment: what it is
    graded by. exercise: id of that of a variant, or of the one that is blank; "" for all. variant: or None.
    """

    kind: str
    name: str
    source: str
    assignment: Assignment
    exercise: str = ""
    variant: object = None


def make_cases(assignment, training=True):
    """All cases of an assignment, whose variants can be made. `training` False leaves out networks' training."""
    chosen = assignment.exercises
    if not training:
        chosen = [exercise for exercise in chosen if not is_training(exercise)]
    assignment = assignment.only(chosen)
    cases = [Case(REFERENCE, "the reference", SOLUTION.read_text(encoding="utf-8"), assignment)]
    for exercise, variant in variants(assignment.exercises):
        if not is_tried(variant, assignment):
            continue
        if isinstance(variant, Right):
            cases.append(Case(RIGHT, name_of(variant), variant.source, assignment, exercise.id, variant))
        else:
            graded_by = _without_what_it_blocks(assignment, exercise)
            cases.append(Case(WRONG, name_of(variant), variant.source, graded_by, exercise.id, variant))
    for exercise in (exercise for exercise in assignment.exercises if exercise.stubs):
        source = make_skeleton(dict.fromkeys(exercise.stubs, exercise.id))
        cases.append(Case(BLANK, f"{exercise.id}, blank", source, assignment, exercise.id))
    cases.append(Case(BLANK, "the blank skeleton", make_skeleton(assignment.stubs), assignment))
    return cases


def _without_what_it_blocks(assignment, exercise):
    """The assignment without the training that needs an exercise: while that is wrong, all of it is put down to it."""
    blocked = needing({exercise.id}, assignment.exercises)
    chosen = [e for e in assignment.exercises if not (e.id in blocked and is_training(e) and not e.stubs)]
    return assignment.only(chosen)
