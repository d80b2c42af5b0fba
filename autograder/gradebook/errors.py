"""What can go wrong with nbgrader's folder: apart from the rest, whose import takes seconds."""


class BookError(Exception):
    """The gradebook can't take the scores; the message says why."""


class CourseError(Exception):
    """The course's folder can't be used; the message says what to do."""
