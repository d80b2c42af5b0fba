"""How the students' code is called: what it raises becomes a sentence, an interrupt says where it was, and of
what it prints the first lines are kept."""

import contextlib
import io
import linecache
import re
import sys
import traceback
from pathlib import Path

from edf_kit.checks.compare import WIDTH, CheckFailed, below, side_by_side, wrapped

LINES = 10  # of what the student's code prints in a check
LINE_LENGTH = 200
KIT = Path(__file__).parent.parent
# Frames of Python's own are not where a student looks.
PYTHON = (str(Path(contextlib.__file__).parent), "<frozen", "<__array")

# Where the student wrote it, if the edf that is checked was put together of several files: {name: place} of the
# definitions, and {(file, line): place} of the lines.
written_at = {}
lines_at = {}

_STUB = re.compile(r"exercise '(\w+)': (.+) is still to be written")


class Stopped(KeyboardInterrupt):
    """The student stopped a check. Its str says where it was, in a sentence, and shows the line."""

    def _render_traceback_(self):
        # What IPython shows in place of a traceback.
        return str(self).splitlines()


@contextlib.contextmanager
def student_code(name, case=None, hint=""):
    """Around calls of the student's code: whatever it raises becomes a CheckFailed that names `name`.

    Raises Stopped for an interrupt.
    """
    __tracebackhide__ = True
    try:
        yield
    except (Stopped, CheckFailed):
        raise
    except KeyboardInterrupt as error:
        raise Stopped(_where_stopped(error, name)) from None
    except BaseException as error:
        if isinstance(error, NotImplementedError) and (stub := _STUB.search(str(error))):
            exercise, written = stub.groups()
            text = f"{exercise} is still to be written: fill in {written} {_how_to_fill(written)}."
            raise CheckFailed(text, blank=exercise) from None
        text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise CheckFailed(
            f"{name} raises {text[:300].rstrip('.')}.",
            below(_place(error), side_by_side(case or {})),
            hint,
        ) from None


def _how_to_fill(written):
    if in_notebook():
        return "in its cell above, run that cell, then this one again"
    place = written_at.get(written.partition(".")[0], "edf.py")
    return f"in {place}, save it, then check again"


def _where_stopped(error, name):
    frame = _students_frame(error)
    if frame is None:
        return f"Stopped in the check of {name}."
    where, line = _line(frame)
    place = where if frame.name == "<module>" else f"{frame.name}, {where}"
    sentence = f"Stopped in {place}: is there an endless loop?"
    return below(wrapped(sentence), line and f"    {line}"[:WIDTH])


def _place(error):
    """The line of the student's code that raised, as text, or ""."""
    frame = _students_frame(error)
    if frame is None:
        return ""
    where, line = _line(frame)
    return f"{where}: {line}"[: WIDTH - 4] if line else where


def _students_frame(error):
    """The innermost frame of the student's code, a FrameSummary with its qualified name, or None."""
    found = None
    for frame, number in traceback.walk_tb(error.__traceback__):
        file = frame.f_code.co_filename
        if KIT in Path(file).parents or file.startswith(PYTHON) or "site-packages" in file:
            continue
        found = traceback.FrameSummary(file, number, frame.f_code.co_qualname, lookup_line=False)
    return found


def _line(frame):
    """Where a frame is, for people, and the line itself, or ""."""
    file, number = frame.filename, frame.lineno
    cell = "ipykernel" in file or file.startswith("<ipython")
    where = lines_at.get((file, number)) or f"line {number} of {'the cell' if cell else Path(file).name}"
    return where, linecache.getline(file, number).strip()


def in_notebook():
    """Whether this runs in a notebook's kernel (or in IPython)."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and ipython.get_ipython() is not None


class Printed(io.TextIOBase):
    """A stream that keeps the first lines of what is written to it, and counts the others."""

    def __init__(self):
        self.lines, self.more = [], 0
        self._line, self._is_open = "", False  # the line that is being written

    def writable(self):
        return True

    def write(self, text):
        """Keep what there is room for. Returns the length of the text, as streams do."""
        at = 0
        while len(self.lines) < LINES:
            end = text.find("\n", at)
            self._line += text[at : end if end >= 0 else None][: LINE_LENGTH - len(self._line)]
            if end < 0:
                return len(text)
            self.lines.append(self._line)
            self._line, at = "", end + 1
        if rest := text[at:]:
            self.more += rest.count("\n")
            self._is_open = not rest.endswith("\n")
        return len(text)

    @contextlib.contextmanager
    def instead(self):
        """For a while, what is printed comes here: to stderr too, which must stay empty in a graded notebook."""
        with contextlib.redirect_stdout(self), contextlib.redirect_stderr(self):
            yield

    def __str__(self):
        """What was printed, under a title, or ""."""
        lines = [*self.lines, *([self._line] if self._line else [])]
        if more := self.more + self._is_open:
            lines.append(f"… and {more} more line{'s' * (more != 1)}")
        return "\n".join(["Your code printed:", *(f"    {line}" for line in lines)]) if lines else ""
