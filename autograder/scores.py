"""Scores on disk: one JSON file a submission, written whole or not at all, and the table of the class.

    OUT/scores/<student>.json    what was graded, check by check; the same bytes for the same submission
    OUT/records/<student>.json   what a run adds: time used, what the code printed
    OUT/grades.csv               student, status, score, max_score, and a column an exercise

A score's key is a hash of everything it depends on: the submission, the assignment, the grader, the secret.
A second run grades only the submissions whose key has changed, so a run that was stopped goes on.
"""

import csv
import fcntl
import functools
import hashlib
import io
import json
import os
import shutil
import urllib.parse
from pathlib import Path

import numpy as np

from autograder.assignment import ROOT

# All that decides a grade. The digits are among it, the reports are not.
GRADER_FILES = ("autograder/**/*.py", "solutions/edf.py", "data/mnist_10k.npz", "data/hidden_index.txt")
# A spreadsheet takes a cell that starts so for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


class ScoresError(Exception):
    """The output folder can't be used; the message says what to do."""


@functools.cache
def grader_version():
    """A hash of the grader's own files and of numpy's version: with another one, all is graded anew."""
    hashed = hashlib.sha256(np.__version__.encode())
    for pattern in GRADER_FILES:
        for path in sorted(ROOT.glob(pattern)):
            hashed.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return hashed.hexdigest()[:16]


class Scores:
    """The output folder of one class, a context manager: one run at a time may hold it.

    Raises ScoresError if it can't be written, or is in use.
    """

    def __init__(self, folder):
        self.folder = Path(folder)
        try:
            for name in ("scores", "records"):
                (self.folder / name).mkdir(parents=True, exist_ok=True)
            self._lock = open(self.folder / ".lock", "w")
        except OSError as error:
            raise ScoresError(f"{self.folder} can't be written: {error.strerror}.") from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ScoresError(
                f"Another run is grading into {self.folder}. Wait for it, or name another OUT."
            ) from None
        # For copies of submissions while they are graded. Here, so that what a killed run left is found.
        self.scratch = self.folder.absolute() / ".scratch"
        shutil.rmtree(self.scratch, ignore_errors=True)
        self.scratch.mkdir()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.scratch, ignore_errors=True)
        # Not just closed: a grading process that is still ending holds the file too.
        fcntl.flock(self._lock, fcntl.LOCK_UN)
        self._lock.close()

    def read(self, student):
        """The score of a student from an earlier run, or None if there is none that can be read."""
        try:
            score = json.loads(self._path("scores", student).read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return None
        return score if isinstance(score, dict) and score.get("student") == student else None

    def write(self, score, record):
        """Store a graded submission: `score` and `record` are dicts of JSON values."""
        # The score last: while it is missing, the submission counts as not graded.
        self._write(self._path("records", score["student"]), _json(record))
        self._write(self._path("scores", score["student"]), _json(score))

    def write_grades(self, scores, exercises):
        """Write grades.csv: a row for each of `scores`, a column for each id of `exercises`."""
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        table.writerow(["student", "status", "score", "max_score", *exercises])
        for score in scores:
            cells = [score["exercises"].get(id, {}).get("score") for id in exercises]
            row = [_cell(score["student"]), score["status"], score["score"], score["max_score"], *cells]
            table.writerow("" if cell is None else cell for cell in row)
        self._write(self.folder / "grades.csv", text.getvalue())

    def _path(self, kind, student):
        name = urllib.parse.quote(student, safe=" ")
        if len(name) > 200:
            name = name[:150] + "-" + hashlib.sha256(student.encode()).hexdigest()[:16]
        # quote leaves dots alone: "." and ".." must not be names of files.
        return self.folder / kind / f"{name}.json"

    def _write(self, path, text):
        temporary = path.with_name(path.name + ".part")
        try:
            with open(temporary, "w", encoding="utf-8", newline="") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except OSError as error:
            raise ScoresError(f"{path} can't be written: {error.strerror}. Nothing graded is lost.") from None


def _json(value):
    return json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _cell(text):
    """A text that no spreadsheet takes for a formula."""
    return "'" + text if text.startswith(FORMULA) else text
