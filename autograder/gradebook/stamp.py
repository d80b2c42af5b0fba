"""Whether nbgrader's folder is what it would be made: it takes longer to write than the scores take to read.

COURSE/.autograder/NAME/written.json holds a hash of all that the folder was made of, one of how it looks, and what
was said. What somebody has changed since, a due date in formgrader say, or what was damaged, has it written again.
"""

import contextlib
import hashlib
import json
import os
from pathlib import Path

from autograder.scores import digest, version_of

FILE = "written.json"
# The code and the texts that it is made by.
MADE_BY = (
    *("autograder/**/*.py", "autograder/reports/templates/*"),
    *("notebooks/*", "pset/**/*.py", "solutions/*.py"),
)
FILES = ("gradebook.db", "nbgrader_config.py", "{name}.toml")
FOLDERS = ("source", "release", "submitted", "autograded", ".autograder/{name}/scores")


class Stamp:
    """On a course's folder: the arguments are those of course.write_course."""

    def __init__(self, course, assignment, results, roster):
        self._course = Path(course).absolute()
        self._name = assignment.name
        self._file = self._course / ".autograder" / assignment.name / FILE
        made_of = repr((str(self._course), assignment.fingerprint, version_of(MADE_BY), list(roster)))
        hashed = hashlib.sha256(made_of.encode("utf-8", "backslashreplace"))
        for submission, score in results:
            text = f"{submission!r}{digest(score)}"
            hashed.update(text.encode("utf-8", "backslashreplace"))
        self._digest = hashed.hexdigest()

    def said(self):
        """What was said when the folder was written just so; None if it was not, or has been changed since."""
        try:
            stamp = json.loads(self._file.read_text(encoding="utf-8"))
            return (
                stamp["said"] if stamp["made of"] == self._digest and stamp["is"] == self._state() else None
            )
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def remove(self):
        """Before the folder is written."""
        with contextlib.suppress(OSError):
            self._file.unlink()

    def put(self, said):
        """After the folder was written, with these sentences."""
        with contextlib.suppress(OSError):  # then it is written again next time
            text = json.dumps({"made of": self._digest, "is": self._state(), "said": said})
            self._file.write_text(text, encoding="utf-8")

    def _state(self):
        """A hash of which files there are, their sizes and times. Raises OSError."""
        hashed = hashlib.sha256()
        for name in FILES:
            _add(hashed, self._course / name.format(name=self._name))
        for name in FOLDERS:
            for folder, folders, files in os.walk(self._course / name.format(name=self._name)):
                folders.sort()
                for file in [".", *sorted(files)]:
                    _add(hashed, os.path.join(folder, file))
        return hashed.hexdigest()


def _add(hashed, path):
    found = os.lstat(path)
    hashed.update(os.fsencode(f"{path} {found.st_mode} {found.st_size} {found.st_mtime_ns}\0"))
