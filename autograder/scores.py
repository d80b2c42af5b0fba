"""Scores on disk: one JSON file a student, written whole or not at all, and the table of the class.

    OUT/scores/<student>.json    what was graded, check by check; the same bytes for the same submission
    OUT/records/<student>.json   what a run adds: time used, what the code printed
    OUT/attempts/<student>/      where the best of several submissions counts: each one's score and record
    OUT/history/<student>.json   what the score was before, and when it became what it is; .damaged-<number> behind
                                 it: what was left of one that was not whole
    OUT/feedback/<student>.html  and .md, .json: what the student is told (reports/write_feedback.py)
    OUT/.made_of/                what such pages were made of, and hashes of them (reports/made.py)
    OUT/run.json                 where all this was found, for commands that look at it afterwards
    OUT/grades.csv               student, status, score, max_score, and a column an exercise; then, where
                                 there is something to say, attempt, when, late, section, remark
    OUT/mistakes.csv             a row a mistake: exercise, what it is called, how many made it, who

A score's key is a hash of everything it depends on: the submission, the assignment, the grader, the secret.
A second run grades only the submissions whose key has changed, so a run that was stopped goes on. Each JSON file
ends with a hash of the rest and of its name: one that is not whole, or was changed by anything else, counts as missing.
"""

import csv
import datetime
import fcntl
import functools
import hashlib
import io
import itertools
import json
import marshal
import os
import shutil
import stat
import sys
import tempfile
import time
import urllib.parse
from pathlib import Path

import numpy as np

from autograder.errors import Refusal
from autograder.paths import ROOT
from autograder.texts import csv_cell

# All that decides a grade: the digits are among it. What is made of grades is not.
GRADER_FILES = (
    "autograder/**/*.py",
    "pset/edf_kit/**/*.py",
    "solutions/edf.py",
    "data/mnist_10k.npz",
    "data/hidden_index.txt",
)
NOT_GRADING = tuple(
    f"autograder/{name}"
    for name in """
        commands doctor exports gradebook release reports validate explain live mistakes regrade run similarity
    """.split()
)
LOCK_SECONDS = 3  # for the last process of a killed run to end
MAX_BYTES = 64 << 20  # of a JSON file: what a submission can print is far less
# How a file ends that holds a dict: with one key more, a hash of the text before it.
SEAL, END = '\n "hash": "', '"\n}\n'
RUN = "run.json"
# Of a score, what its history keeps besides when, and the points of each exercise.
HISTORY = ("score", "status", "attempt", "submission", "grader")
TIMES = ("cpu_seconds", "wall_seconds")  # of a record
MORE_COLUMNS = ("attempt", "when", "late", "section", "remark")


class ScoresError(Refusal):
    """The output folder can't be used; the message says what to do."""


@functools.cache
def grader_version():
    """A hash of the grader's own files and of Python's and numpy's versions: with another one, all is graded anew."""
    return version_of(GRADER_FILES, NOT_GRADING)


@functools.cache
def version_of(patterns, but=()):
    """A hash of the project's files of these patterns, and of Python's and numpy's versions. but: how those begin that
    do not count.

    Both are tuples of paths within the project.
    """
    hashed = hashlib.sha256(f"{sys.version_info[:2]} {np.__version__}".encode())
    for pattern in patterns:
        for path in sorted(ROOT.glob(pattern)):
            name = path.relative_to(ROOT).as_posix()
            if path.is_file() and not name.startswith(but):
                hashed.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return hashed.hexdigest()[:16]


class Scores:
    """The output folder of one class, a context manager: one run at a time may hold it.

    Raises ScoresError if it can't be written, or is in use.
    """

    def __init__(self, folder):
        self.folder = Path(folder)
        self.set_aside = []  # paths that damaged histories were given
        self._known = {}  # path: (the file's state when it was whole, what is kept of it)
        self._shared = {}  # what scores have in common (held_once)
        # For what is being written and copies of submissions. Here, so that what a killed run left is found.
        self._scratches = self.folder.absolute() / ".scratch"
        try:
            for name in ("scores", "records", "history"):
                (self.folder / name).mkdir(parents=True, exist_ok=True)
            self._lock = open(self.folder / ".lock", "w")
            self._take_lock()
            shutil.rmtree(self._scratches, ignore_errors=True)
            self._scratches.mkdir(exist_ok=True)
            # With a name of its own: what a killed run started may still be writing into that of the run.
            self.scratch = Path(tempfile.mkdtemp(prefix="run-", dir=self._scratches))
            self.scratch.chmod(0o755)  # the sandbox may be another user's
        except OSError as error:
            raise _cannot_write(self.folder, error) from None

    def _take_lock(self):
        deadline = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                return fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    self._lock.close()
                    raise ScoresError(
                        f"Another run is grading into {self.folder}. Wait for it, or name another OUT."
                    ) from None
            time.sleep(0.1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self._scratches, ignore_errors=True)
        # Not just closed: a grading process that is still ending holds the file too.
        fcntl.flock(self._lock, fcntl.LOCK_UN)
        self._lock.close()

    def read(self, student):
        """The score of a student from an earlier run; None if it, or its record, is not there or not whole.

        It is not to be changed: scores have parts in common.
        """
        score = self._read_once(self._path("scores", student), lambda score: held_once(score, self._shared))
        is_theirs = score and score.get("student") == student
        return score if is_theirs and self.read_facts(student) is not None else None

    def read_facts(self, student):
        """Of a student's record, the TIMES that it has and a hash of its "training"; None without a whole one.

        Of each record only this is kept, for a class prints more than there is memory.
        """

        def facts(record):
            times = {name: record[name] for name in TIMES if name in record}
            return {**times, "training": digest(record.get("training"))}

        return self._read_once(self._path("records", student), facts)

    def _read_once(self, path, kept):
        """kept(value) of the JSON object in a file; None without a whole one.

        A file that is as it was when it was read is not read again.
        """
        try:
            found = path.stat()
        except OSError:
            return None
        state = found.st_ino, found.st_size, found.st_mtime_ns
        known, what = self._known.get(path, (None, None))
        if known != state:
            value = _read(path)
            if value is None:
                return None
            what = kept(value)
            self._known[path] = state, what
        return what

    def read_record(self, student):
        """What was recorded when a student was graded; None if there is nothing that can be read."""
        return _read(self._path("records", student))

    def read_history(self, student):
        """What a student's score has been, the oldest first: dicts with "when" (ISO 8601), "score", and HISTORY.

        The last is the score as it is now; [] if there is nothing that can be read, or it is not whole.
        """
        entries = (_read(self._path("history", student)) or {}).get("entries")
        return entries if isinstance(entries, list) else []

    def read_attempt(self, student, attempt):
        """(score, record) of one of several submissions of a student, or (None, None)."""
        stored = _read(self._attempt_path(student, attempt)) or {}
        score = stored.get("score")
        if not isinstance(score, dict) or (score.get("student"), score.get("attempt")) != (student, attempt):
            return None, None
        return held_once(score, self._shared), stored.get("record")

    def write(self, score, record):
        """Store a graded submission: `score` and `record` are dicts of JSON values."""
        # The score last: while it is missing, the submission counts as not graded.
        self.write_history(score)
        self._write_json(self._path("records", score["student"]), record)
        self._write_json(self._path("scores", score["student"]), score)

    def write_attempt(self, score, record):
        """Store one of several graded submissions of a student."""
        path = self._attempt_path(score["student"], score["attempt"])
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _cannot_write(path, error) from None
        self._write_json(path, {"score": score, "record": record})

    def others(self, students):
        """Names of those who have a score here and are none of `students`: of a run on another class."""
        known = {file_name(student) for student in students}
        paths = sorted(path for path in (self.folder / "scores").glob("*.json") if path.stem not in known)
        return sorted(score["student"] for score in map(_read, paths) if score)

    def write_run(self, facts):
        """Keep what was told of a run, a dict of JSON values, for `read_run`."""
        if facts != read_run(self.folder):
            self._write_json(self.folder / RUN, facts)

    def write_grades(self, scores, exercises):
        """Write grades.csv: a row for each of `scores`, a column for each id of `exercises`.

        `scores` may have a "remark" each, besides what is in their files.
        """
        more = [key for key in MORE_COLUMNS if any(score.get(key) for score in scores)]
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        table.writerow(["student", "status", "score", "max_score", *exercises, *more])
        for score in scores:
            cells = [score["exercises"].get(id, {}).get("score") for id in exercises]
            row = [csv_cell(score["student"]), score["status"], score["score"], score["max_score"], *cells]
            row += [csv_cell(score.get(key)) for key in more]
            table.writerow("" if cell is None else cell for cell in row)
        self._write(self.folder / "grades.csv", text.getvalue())

    def write_mistakes(self, mistakes):
        """Write mistakes.csv: a row for each of `mistakes` (mistakes.ClassMistake)."""
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        table.writerow(["exercise", "mistake", "count", "what students are told", "note", "students"])
        for mistake in mistakes:
            row = mistake.exercise, mistake.name, len(mistake.students), mistake.sentence, mistake.note
            table.writerow(map(csv_cell, (*row, " ".join(mistake.students))))
        self._write(self.folder / "mistakes.csv", text.getvalue())

    def write_history(self, score):
        """Add what a score becomes to its history, unless that is what it has been.

        A history that is not whole begins anew; what is left of it gets another name, which is added to `set_aside`.
        """
        points = {id: result.get("score") for id, result in score["exercises"].items()}
        entry = {name: score.get(name) for name in HISTORY} | {"exercises": points}
        path = self._path("history", score["student"])
        entries = self.read_history(score["student"])
        if entries and entry.items() <= entries[-1].items():
            return
        if not entries and os.path.lexists(path):
            self._set_aside(path)
        when = datetime.datetime.now().astimezone().isoformat(timespec="seconds")
        self._write_json(path, {"entries": [*entries, {"when": when, **entry}]})

    def _set_aside(self, path):
        number = next(n for n in itertools.count(1) if not os.path.lexists(f"{path}.damaged-{n}"))
        try:
            os.rename(path, f"{path}.damaged-{number}")
        except OSError as error:
            raise _cannot_write(path, error) from None
        self.set_aside.append(Path(f"{path}.damaged-{number}"))

    def write_text(self, path, text):
        """Write a text file, whole or not at all. path: a str, below the output folder."""
        path = self.folder / path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _cannot_write(path, error) from None
        self._write(path, text)

    def _path(self, kind, student):
        return self.folder / kind / f"{file_name(student)}.json"

    def _attempt_path(self, student, attempt):
        # Not `student` alone: "." and ".." must not be names of folders.
        return self.folder / "attempts" / f"{file_name(student)}.all" / f"{file_name(attempt)}.json"

    def _write_json(self, path, value):
        text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False).removesuffix("}").rstrip("\n")
        self._write(path, text + ("," if value else "") + SEAL + _hash(path, text) + END)

    def _write(self, path, text):
        temporary = self.scratch / "part"
        try:
            self._require_lock()
            with open(temporary, "w", encoding="utf-8", newline="") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except OSError as error:
            raise _cannot_write(path, error) from None

    def _require_lock(self):
        """Raise ScoresError if the folder was removed, and perhaps made anew by another run."""
        try:
            is_ours = os.path.samestat(os.fstat(self._lock.fileno()), os.stat(self.folder / ".lock"))
        except FileNotFoundError:
            is_ours = False
        if not is_ours:
            raise ScoresError(f"{self.folder} was removed while it was in use. Run it again.")


def held_once(score, known):
    """The same score, in the memory of those before it: its texts, and what ended alike, are theirs.

    known: a dict, for all scores of a class. Most exercises, and of the others most checks, end as somebody else's did:
    a class takes a quarter of the memory.
    """

    def texts(value):
        if isinstance(value, dict):
            return {texts(key): texts(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [texts(inner) for inner in value]
        return known.setdefault(value, value) if isinstance(value, str) else value

    def once(value, made):
        key = digest, digest(value)  # no text is equal to that
        return known.get(key) or known.setdefault(key, made(value))

    def exercise(result):
        return {
            **texts({**result, "checks": []}),
            "checks": [once(check, texts) for check in result["checks"]],
        }

    return {**score, "exercises": {id: once(result, exercise) for id, result in score["exercises"].items()}}


def digest(value):
    """A hash of a JSON value, as text: the quick way, of many large ones. Another order of keys is another value."""
    # Format 2: what later ones write depends on where else a text is in use.
    return hashlib.sha256(marshal.dumps(value, 2)).hexdigest()


def stored_score(folder, student):
    """(score, record) of a student in an output folder that nobody holds; None for what is not there or not whole."""
    name = f"{file_name(student)}.json"
    return _read(Path(folder, "scores", name)), _read(Path(folder, "records", name))


def read_run(folder):
    """What `Scores.write_run` kept in an output folder; None if there is nothing that can be read."""
    return _read(Path(folder) / RUN)


def _cannot_write(path, error):
    return ScoresError(
        f"{path} can't be written: {error.strerror}. Nothing graded is lost: mend that and run it again."
    )


def _read(path):
    """The JSON object in a file, without its hash; None if there is none, or it does not fit that."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode) or found.st_size > MAX_BYTES:
            return None
        before, _, sealed = path.read_text(encoding="utf-8").rpartition(SEAL)
        text = before.removesuffix(",")
        return json.loads(text + "}") if sealed == _hash(path, text) + END else None
    except (OSError, ValueError, RecursionError):
        return None


def file_name(text):
    """A name of a file for a text: a different one for a different text. Dots are left alone: add a suffix."""
    name = urllib.parse.quote(text, safe=" ")
    return name if len(name) <= 200 else name[:150] + "-" + hashlib.sha256(text.encode()).hexdigest()[:16]


def _hash(path, text):
    """A hash of a text, and of the name of its file: another student's is not whole either."""
    hashed = hashlib.sha256(f"{path.name}\0{text}".encode(errors="surrogatepass"))
    return hashed.hexdigest()[:16]
