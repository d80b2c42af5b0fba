"""nbgrader's course folder of a graded class: what was handed in, autograded notebooks, the gradebook.

    COURSE/nbgrader_config.py   nbgrader's settings; the course's own once they are there
    COURSE/NAME.toml            the assignment that nbgrader autograde grades by
    COURSE/source, release      as make release makes them
    COURSE/submitted/STUDENT/NAME, autograded/STUDENT/NAME
    COURSE/gradebook.db         changed in one transaction, at the end
    COURSE/.autograder/NAME     the scores that the folder was made of, and a lock: one run at a time

Writing the same class again changes nothing.
"""

import contextlib
import datetime
import errno
import hashlib
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

from edf_kit.answers.notebook import printable
from edf_kit.released import ReleaseError as NoRelease
from edf_kit.released import read_release
from nbgrader.preprocessors import AssignLatePenalties
from traitlets.config.loader import PyFileConfigLoader

from autograder.errors import CourseError, ReleaseError
from autograder.gradebook.book import Entry, check_gradebook, copy_gradebook, exercises, save
from autograder.gradebook.exchange import SECRET, submission_secret
from autograder.gradebook.notebooks import (
    autograded_notebooks,
    automatic_comments,
    put_verdicts,
    read_released,
)
from autograder.gradebook.students import student_ids
from autograder.intake import Broken, Part, read_submission
from autograder.intake.submission import MODULE
from autograder.intake.tree import FILE, files_below
from autograder.release.bundle import CONFIG, build
from autograder.scores import Scores, ScoresError

GRADEBOOK = "gradebook.db"
TIMESTAMP = "timestamp.txt"  # nbgrader's
KEPT = ".autograder"
MAX_BROKEN_BYTES, MAX_BROKEN_FILES = 20 << 20, 200
# Errors of the disk or the machine, which no student's file causes.
OURS = frozenset(
    {errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM}
)
YEARS = range(1970, 9000)  # others are the mistake of a clock, and some can't be written


def write_course(course, assignment, results, roster=(), record_of=None):
    """Write a graded class into nbgrader's course folder, which is made if it is not there.

    results: (Submission, score) of every student, each score as make grade stores it; (None, score) for one who
    handed in nothing. roster: rows of intake.roster.read_roster, for names and addresses. record_of: function from
    a student to their record, or None, of which the feedback needs a part. Returns sentences on what should be
    looked at. Raises CourseError, BookError, and ReleaseError if nbgrader can't make the release.
    """
    course = Path(course).absolute()
    try:
        return _write(course, assignment, results, roster, record_of or (lambda student: None))
    except ScoresError as error:
        raise CourseError(str(error)) from None
    except OSError as error:
        raise CourseError(f"{error.filename or course} can't be used: {error.strerror}.") from None


def _write(course, assignment, results, roster, record_of):
    course.mkdir(parents=True, exist_ok=True)
    with Scores(course / KEPT / assignment.name) as kept:
        _prepare(course, assignment, kept.scratch)
        released = read_released(course / "release" / assignment.name)
        ids = student_ids([score["student"] for _, score in results] + [row.student for row in roster])
        enrolled = {ids[row.student]: row for row in roster}
        remarks, entries, scores = [], [], []
        with _HandedIn(kept.folder / "submitted.json", kept.scratch) as handed_in:
            for submission, score in results:
                name = score["student"]
                score = {**score, "student": ids[name]}
                person = _person(enrolled.get(score["student"]), submission)
                if submission is None:
                    entries.append(Entry(score["student"], None, person=person))
                    continue
                when = _known_time(submission, remarks)
                contents, files, comments = None, {}, {}
                with _remarked(remarks, score["student"]):
                    contents, files = _read(submission)
                    if not submission.path.resolve().is_relative_to((course / "submitted").resolve()):
                        folder = course / "submitted" / score["student"] / assignment.name
                        remarks += handed_in.write(folder, _with_timestamp(files, when))
                with _remarked(remarks, score["student"]):
                    comments = _write_autograded(
                        course, assignment, released, when, contents, score, submission.path
                    )
                is_regrade = (kept.read(score["student"]) or {}).get("key") != score["key"]
                entries.append(entry(score, comments, is_regrade, when, person))
                scores.append((name, score))
        config, more = _settings(course)
        with _imports_from(course):
            save(f"sqlite:///{course / GRADEBOOK}", assignment.name, entries, _late_penalty(config))
        for name, score in scores:  # last: while these are the old ones, a regrade counts as one
            if kept.read(score["student"]) != score:
                kept.write(score, {"training": (record_of(name) or {}).get("training", {})})
    return remarks + more


def entry(score, comments, is_regrade, when=None, person=None):
    """What a score is in the gradebook: an `Entry`."""
    points = {id: result["score"] for id, result in score["exercises"].items()}
    return Entry(score["student"], points, is_regrade, when, comments, person or {})


def write_assignment(course, assignment):
    """Write NAME.toml into a course's folder, for `nbgrader autograde`; returns its path."""
    table = {
        "points": {id: p for id, p in assignment.points.items() if id not in assignment.extra_credit},
        "extra_credit": {id: assignment.points[id] for id in assignment.extra_credit},
        "efficiency": assignment.efficiency,
        "limits": vars(assignment.limits),
    }
    lines = [
        "# What this course's submissions are graded by: made by `make release` and `make grade`.",
        f"name = {json.dumps(assignment.name)}",
        f"total = {assignment.total!r}",
        f"packages = {json.dumps(list(assignment.packages))}",
        f"attempts = {json.dumps(assignment.attempts)}",
        f"carried_forward = {assignment.carried_forward!r}",
    ]
    for title, values in table.items():
        lines += ["", f"[{title}]", *(f"{key} = {value!r}" for key, value in values.items())]
    path = course / f"{assignment.name}.toml"
    _write_if_changed(path, "\n".join([*lines, ""]).encode())
    return path


def _prepare(course, assignment, scratch):
    """Make what is missing in a course's folder, or is of another assignment."""
    check_gradebook(course / GRADEBOOK)
    if not _is_released(course, assignment):
        building = scratch / "course"
        building.mkdir()
        if (course / GRADEBOOK).exists():
            copy_gradebook(course / GRADEBOOK, building / GRADEBOOK)
        try:
            build(assignment, building)
        except ReleaseError as error:
            if "Cannot add or remove cells" not in str(error):
                raise
            raise CourseError(
                f"{course / GRADEBOOK} has submissions of {assignment.name} with other exercises, which nbgrader "
                "can't change. Name another folder for the course."
            ) from None
        os.replace(building / GRADEBOOK, course / GRADEBOOK)
        for part in ("source", "release"):  # the release last: it tells the next run that all is there
            target = course / part / assignment.name
            target.parent.mkdir(exist_ok=True)
            if target.exists():
                os.rename(target, scratch / f"old_{part}")
            os.rename(building / part / assignment.name, target)
    if not (course / CONFIG.name).exists():
        _write_if_changed(course / CONFIG.name, CONFIG.read_bytes())
    write_assignment(course, assignment)


def _is_released(course, assignment):
    """True if the course's release and its gradebook hold this assignment's exercises, for as many points."""
    points = {id: 0 if id in assignment.extra_credit else p for id, p in assignment.points.items()}
    stubs = {exercise.id: list(exercise.stubs) for exercise in assignment.exercises}
    try:
        described = read_release(course / "release" / assignment.name)["exercises"]
        read_released(course / "release" / assignment.name)
        is_same = {e["id"]: (e["points"], e["stubs"]) for e in described} == {
            id: (assignment.points[id], stubs[id]) for id in stubs
        }
    except (NoRelease, KeyError, TypeError, ValueError):
        return False
    gradebook = course / GRADEBOOK
    return is_same and gradebook.exists() and exercises(f"sqlite:///{gradebook}", assignment.name) == points


def _person(row, submission):
    """What nbgrader can know of a student, by their row of the roster and what they handed in, or None for either."""
    found = {"lms_user_id": submission.lms_id if submission else ""}
    if row:
        last, comma, first = row.name.partition(",")
        if not comma:
            first, _, last = row.name.rpartition(" ")
        found |= {"first_name": first.strip(), "last_name": last.strip(), "email": row.email}
        found["lms_user_id"] = row.canvas_id or row.moodle_id or found["lms_user_id"]
    return {name: value.encode("utf-8", "replace").decode() for name, value in found.items() if value}


def _read(submission):
    """(Contents, or None if it can't be graded; the files that were handed in, as bytes by path)."""
    try:
        contents = read_submission(submission)
        return contents, {**contents.notebooks, **contents.files}
    except (Broken, OSError):
        pass
    found, room = {}, MAX_BROKEN_BYTES
    with contextlib.ExitStack() as stack:
        try:
            for part in submission.parts or (Part("", submission.path),):
                for file in files_below(part, stack):
                    is_plain = file.kind == FILE and not file.name.startswith("../") and file.size <= room
                    if is_plain and len(found) < MAX_BROKEN_FILES:
                        found[file.name] = file.read(room)
                        room -= len(found[file.name])
        except (Broken, OSError):
            pass  # a zip that ends in the middle: what came before it is there
    return None, found


@contextlib.contextmanager
def _remarked(remarks, student):
    """What goes wrong with one student's files becomes a remark: the class goes on.

    It has to be what the next run would meet again, since that takes the folder for written.
    """
    try:
        yield
    except (OSError, ValueError, OverflowError, CourseError) as error:
        if getattr(error, "errno", None) in OURS:
            raise
        why = getattr(error, "strerror", None) or str(error).rstrip(".") or type(error).__name__
        remarks.append(
            f"Files of {student} could not be written: {printable(why)}; the points are in the gradebook."
        )


def _known_time(submission, remarks):
    """The time of handing in; None, and a remark, for one that can't be."""
    if submission.when is None or submission.when.year in YEARS:
        return submission.when
    remarks.append(
        f"{submission.student}: the time of handing in, in the year {submission.when.year}, is left out."
    )
    return None


def _with_timestamp(files, when):
    if when is None:
        return files
    others = {name: data for name, data in files.items() if not name.startswith(f"{TIMESTAMP}/")}
    return {**others, TIMESTAMP: timestamp(when)}


def timestamp(when):
    """The bytes of nbgrader's timestamp.txt. when: with a time zone."""
    return f"{when.astimezone(datetime.UTC):%Y-%m-%d %H:%M:%S.%f} UTC\n".encode()


def _write_autograded(course, assignment, released, when, contents, score, handed_in_at):
    """Write what autograded/ has of a student, who handed in a path; returns nbgrader's comments on their stubs."""
    handed_in = contents.notebooks if contents else {}
    module = contents.files.get(MODULE) if contents else None
    text = module.decode("utf-8-sig", "replace") if module is not None else None
    notebooks = autograded_notebooks(released, handed_in, text, score)
    folder = course / "autograded" / score["student"] / assignment.name
    write_beside(folder, module, when, handed_in_at)
    for name, notebook in notebooks.items():
        put_verdicts(notebook, score)
        data = json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
        _remove_folder(folder / name)
        _write_if_changed(folder / name, data.encode())
    return automatic_comments(released, notebooks)


def write_beside(folder, module, when, handed_in_at):
    """Write what lies beside a student's autograded notebooks: edf.py and the time, bytes and datetime or None, and
    what nbgrader's exchange hands the feedback back by, if it is in the folder `handed_in_at`."""
    beside = {MODULE: module, TIMESTAMP: when and timestamp(when), SECRET: submission_secret(handed_in_at)}
    for name, data in beside.items():
        _remove_folder(folder / name)
        if data is None:
            (folder / name).unlink(missing_ok=True)  # an earlier attempt's
        else:
            _write_if_changed(folder / name, data)


def _remove_folder(path):
    """Remove a folder where a file is to be."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)


class _HandedIn:
    """Writes submitted/, and keeps in a file what it wrote there: what it did not write, it leaves alone."""

    def __init__(self, path, scratch):
        self._path, self._scratch = path, scratch

    def __enter__(self):
        try:
            self._written = dict(json.loads(self._path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            self._written = {}
        return self

    def __exit__(self, *_):
        self._save()

    def _save(self):
        _write_if_changed(self._path, json.dumps(self._written, indent=1, sort_keys=True).encode())

    def write(self, folder, files):
        """Make a folder hold these files; returns a sentence, in a list, if it holds another submission."""
        student, there = folder.parent.name, _files_in(folder)
        if there != files:
            if there and self._written.get(student) != _digest(there):
                return [f"{folder} holds something else than what was graded: it was left as it is."]
            with tempfile.TemporaryDirectory(dir=self._scratch) as scratch:
                new = Path(scratch, "new")
                new.mkdir()
                for name, data in files.items():
                    (new / name).parent.mkdir(parents=True, exist_ok=True)
                    (new / name).write_bytes(data)
                folder.parent.mkdir(parents=True, exist_ok=True)
                if folder.exists():
                    os.rename(folder, Path(scratch, "old"))
                os.rename(new, folder)  # never a mix of two submissions
                self._written[student] = _digest(files)
                self._save()  # at once: what a killed run wrote is known, too
        self._written[student] = _digest(files)
        return []


def _files_in(folder):
    """The files below a folder, as bytes by path; None for what is no file."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        if path.is_file() and not path.is_symlink()
        else None
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or not path.is_dir()
    }


def _digest(files):
    hashed = hashlib.sha256()
    for name, data in sorted(files.items()):
        hashed.update(repr((name, data and hashlib.sha256(data).hexdigest())).encode())
    return hashed.hexdigest()


def _write_if_changed(path, data):
    """Write a file whole or not at all; one that holds these bytes already is not touched."""
    try:
        if path.read_bytes() == data:
            return
    except OSError:
        path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(".part")  # short: a name may be as long as names can be
    try:
        temporary.write_bytes(data)
        os.replace(temporary, path)
    except OSError as error:
        raise CourseError(f"{path} can't be written: {error.strerror}.") from None


def _settings(course):
    """(the course's nbgrader settings, a sentence in a list if they are not safe)."""
    text = (course / CONFIG.name).read_text(encoding="utf-8", errors="replace")
    with _imports_from(course):
        try:
            config = PyFileConfigLoader(CONFIG.name, path=str(course)).load_config()
        except Exception as error:  # it is a Python file of the course's own
            raise CourseError(
                f"{course / CONFIG.name} can't be loaded: {type(error).__name__}: {error}."
            ) from None
    if "autograder.gradebook" in text:
        return config, []
    return config, [
        f"{course / CONFIG.name} does not load autograder.gradebook: with it, `nbgrader autograde` would run what "
        f"students wrote, unprotected. Take over the lines of {CONFIG}."
    ]


@contextlib.contextmanager
def _imports_from(course):
    """As nbgrader does: a course's plugins lie in its folder."""
    sys.path.insert(0, str(course))
    try:
        yield
    finally:
        sys.path.remove(str(course))


def _late_penalty(config):
    """penalty(student, score, seconds late) by the plugin that the course has chosen."""
    assign = AssignLatePenalties(config=config)
    assign.init_plugin()

    class Notebook:
        def __init__(self, score):
            self.score = score

    def penalty(student, score, seconds_late):
        points = assign.plugin_inst.late_submission_penalty(student, score, seconds_late)
        return None if points is None else assign._check_late_penalty(Notebook(score), points)

    return penalty
