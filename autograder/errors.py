"""What ends a command with a sentence in place of a traceback."""

import difflib

from autograder.texts import without_controls


def did_you_mean(name, known):
    """A question after a sentence, " Did you mean max?", for a name that is nearly one of the `known`, upper and lower
    case apart; or ""."""
    lower = {other.lower(): other for other in known}
    near = difflib.get_close_matches(name.lower(), lower, n=1)
    return f" Did you mean {lower[near[0]]}?" if near else ""


class Refusal(Exception):
    """Something that a person has to mend; the message says what. `status`: what the command then ends with."""

    status = 2


def require_exercises(ids, known, of):
    """Raise Refusal, with the nearest name, unless all `ids` are `known`, exercises `of` an assignment."""
    for id in ids:
        if id not in known:
            raise Refusal(
                f"{without_controls(id)[:60]} is no exercise of {of}.{did_you_mean(id, known)} "
                f"Its exercises: {', '.join(known)}."
            )


class ReleaseError(Refusal):
    """The release can't be made; the message says why and what to do."""


class BookError(Refusal):
    """The gradebook can't take the scores; the message says why."""


class CourseError(Refusal):
    """The course's folder can't be used; the message says what to do."""
