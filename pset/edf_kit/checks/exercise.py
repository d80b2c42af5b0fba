"""What an exercise's public checks are: a list of plain functions, each with a hint."""

import dataclasses

from edf_kit.checks.calls import student_code

EXERCISES = {}  # all exercises, by id


@dataclasses.dataclass(frozen=True)
class Check:
    """One property of the student's code.

    run() returns None, or a remark to print, when it holds; otherwise it raises CheckFailed. hint: what to
    think of then, unless the failure brings its own. warns: whether its remark is a warning, in lines of its own.
    """

    name: str
    hint: str
    run: callable
    warns: bool = False


class Exercise:
    """The public checks of one exercise.

    id: as everywhere. title: for people. needs: ids of the exercises that it builds on; while one of them
    fails, this one says no more than that. picture: None, or a function that gives (operation, what there is
    to draw of its gradient check).
    """

    def __init__(self, id, title, needs=()):
        self.id, self.title, self.needs = id, title, tuple(needs)
        self.checks, self.picture = [], None
        EXERCISES[id] = self

    def check(self, hint, warns=False):
        """Decorator: make a function without arguments a check of this exercise."""

        def register(function):
            self.checks.append(Check(function.__name__, hint, function, warns))
            return function

        return register


def student_module():
    """The student's edf, as it is now: cells install into it, and it may be loaded anew. Raises CheckFailed."""
    with student_code("import edf", hint="Python can't load edf.py as it stands: start where it stopped."):
        import edf
    return edf
