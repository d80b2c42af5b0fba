"""Whose file is what: nbgrader's trees and inbound folders, Canvas' and Moodle's downloads, a folder a student.

Each entry of a class's folder is recognised by itself, so that a submission that came by mail can lie among
those of a download. What is none is listed with the reason.
"""

import collections
import contextlib
import dataclasses
import functools
import itertools
import re

from autograder.intake.downloads import read_name
from autograder.intake.submission import (
    MODULE,
    Broken,
    IntakeError,
    Part,
    Submission,
    is_left_behind,
    printable,
    shown,
)
from autograder.intake.times import parse_time
from autograder.intake.tree import FILE, FOLDER, MAX_DEPTH, files_below, open_class
from autograder.paths import ROOT

SUFFIXES = (".py", ".ipynb", ".zip")
SUBMITTED = "submitted"  # nbgrader's folder
TIMESTAMP = "timestamp.txt"
# What Canvas makes of file.ipynb if the student uploaded that name before.
AGAIN = re.compile(r"(?P<stem>.+)-\d+(?P<suffix>\.\w+)")
INBOUND = re.compile(r"(?P<student>.+?)\+(?P<assignment>[^+]+)\+(?P<time>\d{4}-.+?)(?:\+[\w-]+=*)?")


@dataclasses.dataclass(frozen=True)
class Found:
    """What a class's folder holds.

    submissions: all of them, students in alphabetical order, each one's in the order of time. ignored: (name,
    reason) of every entry that is none, or belongs to none.
    """

    submissions: tuple
    ignored: tuple


def find_submissions(path, assignment="edf"):
    """The submissions in a class's folder or zip: `survey` without what was ignored. Raises IntakeError."""
    return list(survey(path, assignment).submissions)


def survey(path, assignment="edf"):
    """`Found` in a class's folder, nbgrader's course folder, or a zip of either. Raises IntakeError.

    assignment: the name that nbgrader knows it by.
    """
    root, ignored = open_class(path)
    try:
        root = _class_folder(root, ignored)
        entries = root.children()
    except OSError as error:
        raise IntakeError(f"{path} can't be read: {error.strerror}.") from None
    _refuse_single(root, entries)
    is_nbgrader = root.name.removesuffix(".zip") == SUBMITTED
    sorter = _Sorter(assignment, is_nbgrader, ignored)
    for entry in entries:
        sorter.add(entry)
    submissions = sorter.submissions()
    if not submissions:
        seen = "; ".join(f"{name}: {reason}" for name, reason in ignored[:3])
        raise IntakeError(
            f"{path} holds no submissions: no folders, and no .py, .ipynb or .zip files."
            + (f" Ignored: {seen}." if seen else "")
        )
    return Found(tuple(submissions), tuple(ignored))


def by_student(submissions):
    """The submissions as {student: those of theirs, in the order of time}."""
    grouped = collections.defaultdict(list)
    for submission in submissions:
        grouped[submission.student].append(submission)
    return dict(grouped)


def choose_last(attempts):
    """The last of one student's submissions, which are in the order of time."""
    return attempts[-1]


def _class_folder(root, ignored):
    """The folder that holds the students: below nbgrader's course folder, or what a zip was made of."""
    entries = [entry for entry in root.children() if not is_left_behind(entry.name)]
    folders = [entry for entry in entries if entry.kind == FOLDER]
    submitted = next((entry for entry in folders if entry.name == SUBMITTED), None)
    if submitted:
        ignored += [(shown(e.name), f"it is not in {SUBMITTED}") for e in entries if e is not submitted]
        return submitted
    if root.member is not None and len(entries) == len(folders) == 1:
        inner = folders[0]
        made_of = re.sub(r"( ?\(\d+\)|-\d+)?\.zip$", "", root.name, flags=re.IGNORECASE)
        names = [entry.name for entry in inner.children()]
        if (
            SUBMITTED in names
            or any(INBOUND.fullmatch(e.name) or read_name(e.name, e.kind == FILE) for e in inner.children())
            or (inner.name == made_of and not any(map(_is_ours, names)))
        ):
            return _class_folder(inner, ignored)
    return root


def _refuse_single(root, entries):
    if any(_is_ours(entry.name) for entry in entries):
        raise IntakeError(f"{root.path} is a single submission. Name the folder above it, that of the class.")


def _is_ours(name):
    """True of a name that files of this problem set have."""
    return name == MODULE or name in _notebooks()


@functools.cache
def _notebooks():
    return {f"{path.stem}.ipynb" for path in (ROOT / "notebooks").glob("*.py")}


class _Sorter:
    """Takes the entries of a class's folder one by one, and makes submissions of them."""

    def __init__(self, assignment, is_nbgrader, ignored):
        self.assignment, self.is_nbgrader, self.ignored = assignment, is_nbgrader, ignored
        self._students = {}  # (name, id) → its submissions, without their final names
        self._canvas, self._moodle, self._folders = {}, {}, []

    def add(self, entry):
        """Recognise an entry by its name."""
        is_file = entry.kind == FILE
        uploads = read_name(entry.name, is_file)
        if is_left_behind(entry.name):
            self._ignore(entry, "it was left behind by a system or an editor")
        elif entry.kind not in (FILE, FOLDER):
            self._ignore(entry, f"it is {entry.kind}")
        elif len(uploads) == 1:
            (upload,) = uploads
            files = self._canvas if upload.lms == "canvas" else self._moodle
            files.setdefault((upload.name, upload.user), []).append((upload, entry))
        elif uploads:
            self._add_doubtful(uploads, entry)
        elif not is_file and (match := INBOUND.fullmatch(entry.name)):
            self._add_inbound(match, entry)
        elif not is_file:
            self._folders.append(entry)
        elif entry.name.lower().endswith(SUFFIXES):
            self._add((_stem(entry.name), entry.name), [_submission(entry)])
        else:
            self._ignore(entry, "it is no folder, .py, .ipynb or .zip, and not named as a download")

    def submissions(self):
        """All submissions, under names that no two students share."""
        for (name, user), files in self._canvas.items():
            self._add((name, user), _canvas_attempts(name, user, files))
        for (name, user), parts in self._moodle.items():
            parts = tuple(_moodle_part(upload, entry) for upload, entry in parts)
            submission = Submission("", parts[0].path, parts, lms="moodle", lms_id=user, lms_name=name)
            self._add((name, user), [submission])
        self._add_folders()
        counts = collections.Counter(printable(name) for name, _ in self._students)
        named = {}
        for (name, other), attempts in sorted(self._students.items()):
            student = _free_name(printable(name), printable(other), counts, named, attempts[0].lms)
            named[student] = attempts
        return [
            dataclasses.replace(attempt, student=student)
            for student in sorted(named)
            for attempt in _labelled(sorted(named[student], key=_order))
        ]

    def _add(self, key, attempts):
        self._students.setdefault(key, []).extend(attempts)

    def _ignore(self, entry, reason):
        self.ignored.append((shown(entry.name), reason))

    def _add_doubtful(self, uploads, entry):
        """A file that is by its name one student's or another's must not get among the files of either."""
        systems = {upload.lms for upload in uploads}
        could_be = tuple(dict.fromkeys(upload.user or upload.name for upload in uploads))
        lms = systems.pop() if len(systems) == 1 else ""
        self._add((_stem(entry.name), entry.name), [_submission(entry, lms=lms, could_be=could_be)])

    def _add_inbound(self, match, entry):
        if match["assignment"] != self.assignment:
            self._ignore(entry, f"it is of {shown(match['assignment'])}, not of {self.assignment}")
            return
        submission = _submission(entry, attempt=match["time"], when=parse_time(match["time"]))
        self._add((match["student"], ""), [submission])

    def _add_folders(self):
        """A folder a student: the submission itself, or one folder for each of their assignments or attempts.

        Each is looked at by itself: what one student hands in decides nothing about another's.
        """
        for entry in self._folders:
            found = [child for child in _children(entry) if not is_left_behind(child.name)]
            inner = next((c for c in found if c.kind == FOLDER and c.name == self.assignment), None)
            if inner and not _holds_work(found) and _holds(inner, _is_gradable):
                others = [shown(f"{entry.name}/{c.name}") for c in found if c is not inner]
                self.ignored += [(other, f"it is not in {inner.name}") for other in others]
                self._add((entry.name, ""), _attempts(inner, self.is_nbgrader))
            elif (
                self.is_nbgrader and found and all(map(_is_collected, found)) and not _holds(entry, _is_ours)
            ):
                there = ", ".join(shown(child.name) for child in found[:5])
                self._ignore(entry, f"there is nothing of {self.assignment} in it, but {there}")
            else:
                self._add((entry.name, ""), _attempts(entry, False))


def _free_name(name, other, counts, taken, lms):
    """A student's name that is not taken: with their id, or that of their file, where others share it."""
    if counts[name] > 1 and other:
        name = f"{name}_{other}" if lms else other if name in taken else name
    name = name or other
    return next(
        n for n in itertools.chain([name], (f"{name} ({i})" for i in itertools.count(2))) if n not in taken
    )


def _labelled(attempts):
    """One student's submissions, each with a label of its own if there are several."""
    if len(attempts) == 1:
        return attempts
    labels = [attempt.attempt or (attempt.when and str(attempt.when)) or "untimed" for attempt in attempts]
    for i, label in enumerate(labels):
        if before := labels[:i].count(label):
            labels[i] = f"{label} ({before + 1})"
    return [dataclasses.replace(a, attempt=printable(label)) for a, label in zip(attempts, labels)]


def _submission(entry, **known):
    parts = () if entry.member is None and entry.kind == FILE else (_part("", entry),)
    return Submission("", entry.path, parts, **known)


def _part(name, entry):
    return Part(name, entry.path, entry.member)


def _stem(name):
    return name.rpartition(".")[0]


def _children(folder):
    """What is in a student's folder; nothing if it can't be read: reading the submission will say so."""
    try:
        return folder.children()
    except OSError:
        return []


def _is_gradable(name):
    return name.lower().endswith(SUFFIXES)


def _holds_work(children):
    return any(child.kind == FILE and _is_gradable(child.name) for child in children)


def _holds(folder, test, depth=0):
    """True if a file in a folder, or in those below it that are read, has a name that passes the test."""
    return any(
        test(child.name)
        if child.kind == FILE
        else child.kind == FOLDER and depth < MAX_DEPTH and _holds(child, test, depth + 1)
        for child in _children(folder)
        if not is_left_behind(child.name)
    )


def _is_collected(child):
    """True of a folder that nbgrader collected: it puts the time into each."""
    return child.kind == FOLDER and any(entry.name == TIMESTAMP for entry in _children(child))


def _attempts(folder, is_nbgrader):
    """The submissions in a student's folder: one for each time, where its folders are named by times.

    Only in nbgrader's folders those are believed to be the times of handing in: elsewhere they can be the student's.
    """
    children = [child for child in _children(folder) if not is_left_behind(child.name)]
    times = [parse_time(child.name) if child.kind == FOLDER else None for child in children]
    if children and None not in times:
        ordered = sorted(zip(times, children), key=lambda pair: pair[0])
        return [_submission(c, attempt=c.name, when=time if is_nbgrader else None) for time, c in ordered]
    return [_submission(folder, when=_timestamp(folder, children) if is_nbgrader else None)]


def _timestamp(folder, children):
    """The time in nbgrader's timestamp.txt, or None."""
    entry = next((child for child in children if child.kind == FILE and child.name == TIMESTAMP), None)
    if entry is None:
        return None
    with contextlib.ExitStack() as stack:
        try:
            return parse_time(files_below(_part("", entry), stack)[0].read(200).decode("ascii", "replace"))
        except (OSError, Broken):
            return None


def _order(attempt):
    return attempt.when is not None, attempt.when and attempt.when.timestamp()


def _moodle_part(upload, entry):
    """A folder or file of a Moodle download, under the name that the student gave it."""
    if entry.kind == FILE:
        return _part(upload.uploaded or entry.name, entry)
    return _part("" if upload.kind == "file" else upload.kind, entry)


def _canvas_attempts(name, user, files):
    """The submissions of a student in a Canvas download, which holds the files of the last one.

    Of several downloads in one folder, a file name that comes again begins the next attempt. Files that were
    not uploaded again go on counting.
    """
    files = sorted(files, key=lambda found: found[0].number)
    names = _names_uploaded([upload.uploaded for upload, _ in files])
    attempts, current, fresh = [], {}, set()
    for uploaded, (upload, entry) in zip(names, files):
        if uploaded in fresh:
            attempts.append(current)
            current, fresh = dict(current), set()
        fresh.add(uploaded)
        current[uploaded] = upload, entry
    attempts.append(current)
    return [
        Submission(
            "",
            files[0][1].path if files[0][1].member else files[0][1].path.parent,
            tuple(_part(uploaded, entry) for uploaded, (_, entry) in attempt.items()),
            attempt=str(number) if len(attempts) > 1 else "",
            late=any(upload.late for upload, _ in attempt.values()),
            lms="canvas",
            lms_id=user,
            lms_name=name,
        )
        for number, attempt in enumerate(attempts, start=1)
    ]


def _names_uploaded(names):
    """What the student called the files: without the -1 that Canvas adds to a name that was uploaded before.

    The student's own part-1.ipynb and part-2.ipynb stay two.
    """
    stripped = [
        re.sub(AGAIN, r"\g<stem>\g<suffix>", name) if AGAIN.fullmatch(name) else name for name in names
    ]
    counts = collections.Counter(stripped)
    return [
        plain if counts[plain] == 1 or plain in names or _is_ours(plain) else name
        for name, plain in zip(names, stripped)
    ]
