"""What ends a command with a sentence in place of a traceback."""


class Refusal(Exception):
    """Something that a person has to mend; the message says what. `status`: what the command then ends with."""

    status = 2


class ReleaseError(Refusal):
    """The release can't be made; the message says why and what to do."""


class BookError(Refusal):
    """The gradebook can't take the scores; the message says why."""


class CourseError(Refusal):
    """The course's folder can't be used; the message says what to do."""
