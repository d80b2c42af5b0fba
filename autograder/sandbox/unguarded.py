"""Starts a template process that nothing confines: `--sandbox none`, for code that is trusted.

Student code can then do all that the grader's user can: read the course secret, the other submissions and the
reference, write scores, leave processes behind. Only what keeps honest code in bounds is left: a process an exercise,
limits of CPU time, memory and the size of a file. Every score says so.
"""

import functools

from autograder.sandbox import landlock

NAME = "none"

start = functools.partial(landlock.start, locked=False)
end = landlock.end


def check():
    """It works everywhere."""


def child_filter():
    """No system call is refused."""
    return b""
