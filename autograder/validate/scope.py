"""Which exercises are validated, which of them depend on which, and which of them a variant touches."""

import dataclasses

from autograder.exercise import load_exercises, needing
from autograder.validate.changes import changed_names

EVERYTHING = "everything"  # the name of the assignment that lists all exercises
POINTS = 10  # of an exercise that the default assignment gives away


def everything(assignment):
    """`assignment` with all exercises that there are: those that it gives away are the students' to write, too."""
    known = load_exercises()
    points = {**assignment.points, **{id: POINTS for id in sorted(known) if id not in assignment.points}}
    exercises = tuple(known[id] for id in points)
    return dataclasses.replace(assignment, name=EVERYTHING, exercises=exercises, points=points)


def is_training(exercise):
    """Whether it trains a network."""
    return exercise.training is not None


def variants(exercises, wrong=True, right=True):
    """All variants of the exercises, as (exercise, variant); of each exercise the wrong ones first."""
    for exercise in exercises:
        for variant in exercise.wrong_variants if wrong else ():
            yield exercise, variant
        for variant in exercise.right_variants if right else ():
            yield exercise, variant


def name_of(variant):
    """How a variant is called: exercise/tag."""
    return f"{variant.exercise}/{variant.tag}"


def touched(variant, exercises):
    """Those of `exercises` that run code which the variant changes, but for those that it goes without."""
    changed = changed_names(variant.source)
    own = {e.id for e in exercises if e.id == variant.exercise or changed & set(e.owned)}
    ids = (own | needing(own, exercises)) - set(getattr(variant, "without", ()))
    return [exercise for exercise in exercises if exercise.id in ids]


def is_tried(variant, assignment):
    """Whether a variant says something under an assignment: what it changes must be the students' to write there."""
    owned = {name for exercise in assignment.exercises for name in exercise.owned}
    return changed_names(variant.source) <= owned
