"""`autograder regrade`: after a check was mended, its exercise is judged again, and no other.

What stands in the scores for all other exercises stays, with the version of the grader that gave it. An exercise that
builds on what is regraded is judged again too where it has not passed: it may have been blocked by that, or carried
forward, and what is said of it may be that the other is wrong.
"""

import dataclasses

from rich.markup import escape
from rich.progress import track
from rich.table import Table

from autograder.errors import require_exercises
from autograder.exercise import needed_by, needing
from autograder.grade import (
    GRADED,
    GRADER_ERROR,
    Job,
    check_reference,
    content_of,
    grade,
    key_of,
    total_of,
)
from autograder.judge import GRADER_ERROR as OPEN
from autograder.judge import PASS
from autograder.live import one_line
from autograder.run import conclude
from autograder.scores import Scores, grader_version
from autograder.secret import fingerprint

BY_EXERCISE = ("output", "cpu_seconds", "training")  # parts of a record
KEPT = "kept"  # of a score: {version of the grader: ids of the exercises that it judged}, where it is an older one


@dataclasses.dataclass(frozen=True)
class Move:
    """What regrading changes for a submission: before and after are scores, as make grade stores them."""

    before: dict
    after: dict
    record: dict

    @property
    def by(self):
        """How many points it gains; None if one of the two is open."""
        points = self.before["score"], self.after["score"]
        return None if None in points else round(points[1] - points[0], 2)

    @property
    def exercises(self):
        """{id: (points before, points after)} of the exercises whose points change."""
        both = {
            id: (self.before["exercises"][id]["score"], r["score"])
            for id, r in self.after["exercises"].items()
        }
        return {id: points for id, points in both.items() if points[0] != points[1]}


def why_not(job, score, content):
    """Why the stored `score` can't be regraded in part; None if it can.

    job: grade.Job of the submission as it is now, whose contents have the digest `content`.
    """
    if score is None:
        return "it is not graded yet"
    if score["status"] not in (GRADED, GRADER_ERROR):
        return f"it has no judged exercises ({score['status']})"
    now = [(e.id, job.assignment.points[e.id]) for e in job.assignment.exercises]
    then = [(id, result["points"]) for id, result in score["exercises"].items()]
    # A score with a grader error has no key. What it was graded on is seen from the rest, but for the limits.
    is_same = (now, content, fingerprint(job.secret), job.is_guarded) == (
        then,
        score["submission"],
        score["secret"],
        score["guarded"],
    )
    if is_same and score["key"]:
        is_same = score["key"] == key_of(job, content, score["grader"])
    return None if is_same else "the submission, the assignment or the secret has changed since it was graded"


def regrade_job(job, score, ids):
    """(a grade.Job that judges what is to be judged again for a stored `score`, the ids of these exercises).

    ids: of the exercises to be regraded.
    """
    exercises = job.assignment.exercises
    wanted = set(ids) | {id for id in needing(ids, exercises) if score["exercises"][id]["status"] != PASS}
    judged = wanted | needed_by(wanted, exercises)  # what blocks what, only these tell
    return dataclasses.replace(job, exercises=tuple(e for e in exercises if e.id in judged)), wanted


def merged(job, score, new, wanted, content):
    """The stored `score` with the results for the ids in `wanted` from `new`, the score of regrade_job's job."""
    if new["status"] not in (GRADED, GRADER_ERROR):  # its code can't be loaded any more
        raise ValueError(f"{new['status']}: {new['message']}")
    results = {id: new["exercises"][id] if id in wanted else r for id, r in score["exercises"].items()}
    is_open = any(result["status"] == OPEN for result in results.values())
    kept = {}
    for id in results:
        if id not in wanted:
            version = next((v for v, ids in score.get(KEPT, {}).items() if id in ids), score["grader"])
            kept.setdefault(version, []).append(id)
    kept.pop(grader_version(), None)
    after = {name: value for name, value in score.items() if name != KEPT}
    after |= {
        "status": GRADER_ERROR if is_open else GRADED,
        "message": (new["message"] or score["message"]) if is_open else "",
        "score": total_of(results.values()),
        "exercises": results,
        "grader": grader_version(),
        "key": "" if is_open else key_of(job, content),
    }
    return {**after, KEPT: kept} if kept else after


def regrade(found, places, secret, ids, jobs, sandbox, is_agreed, console):
    """Judge exercises of a graded class again, show whose points move, and write that if it is agreed.

    found: places.Classroom. ids: of the exercises. jobs: processes. sandbox: as in run.run. is_agreed: function () →
    whether to write. Returns the exit status. Raises Refusal.
    """
    assignment = found.assignment
    require_exercises(ids, assignment.points, assignment.name)
    with Scores(places.out) as scores:
        todo, left = _todo(found, secret, scores, sandbox, ids)
        for student, reason in left:
            console.print(f"[yellow]not regraded:[/] {escape(one_line(student))}: {escape(reason)}")
        if not todo:
            console.print("There is nothing to regrade: `make grade` grades what is new or has changed.")
            return 0
        judged = {exercise for job, *_ in todo.values() for exercise in job.exercises}
        with console.status("Checking the checks on the reference…"):
            check_reference(assignment.only([e for e in assignment.exercises if e in judged]), secret)
        moves, failed = _moves(todo, found, jobs, console)
        for student, reason in failed:
            console.print(
                f"[magenta]not regraded:[/] {escape(one_line(student))}: {escape(one_line(reason))}"
            )
        _print_moves(moves, ids, console)
        # Where no points move there is nothing to agree to: only what is said may be new.
        if any(move.exercises for move in moves) and not is_agreed():
            console.print("Nothing was written.")
            return 0
        several = {student.name for student in found.students if len(student.graded) > 1}
        for move in moves:
            is_one_of_several = move.after["student"] in several
            write = scores.write_attempt if is_one_of_several else scores.write
            write(move.after, move.record)
        return conclude(found, places.course, scores, console)


def _todo(found, secret, scores, sandbox, ids):
    """({(student, attempt): (Job, stored score, stored record, ids, digest)}, [(student, why it is left as it is)])."""
    todo, left = {}, []
    for student in found.students:
        for submission in student.graded:
            job = Job(submission, found.assignment, secret, scores.scratch, sandbox)
            if len(student.graded) > 1:
                score, record = scores.read_attempt(student.name, submission.attempt)
            else:
                score, record = scores.read(student.name), scores.read_record(student.name)
            content = content_of(submission)
            if reason := why_not(job, score, content):
                left.append((student.name, reason))
            else:
                job, wanted = regrade_job(job, score, ids)
                todo[student.name, submission.attempt] = job, score, record, wanted, content
    return todo, left


def _moves(todo, found, jobs, console):
    """([Move] of all that could be judged again, [(student, why not)])."""
    moves, failed = [], []
    new = grade([job for job, *_ in todo.values()], jobs)
    for score, record in track(
        new, "regrading", len(todo), console=console, auto_refresh=False, disable=not console.is_terminal
    ):
        job, before, old_record, wanted, content = todo[score["student"], score["attempt"]]
        score, record = found.hidden(score["student"], score), found.hidden(score["student"], record)
        try:
            after = merged(job, before, score, wanted, content)
        except ValueError as error:
            failed.append((score["student"], str(error)))
            continue
        by_exercise = {
            name: {
                **old_record.get(name, {}),
                **{id: v for id, v in record.get(name, {}).items() if id in wanted},
            }
            for name in BY_EXERCISE
        }
        moves.append(Move(before, after, {**old_record, **by_exercise}))
    return moves, failed


def _print_moves(moves, ids, console):
    moved = sorted(
        (m for m in moves if m.exercises or m.by != 0), key=lambda m: (m.by is None, m.by, m.after["student"])
    )
    console.print(
        f"\n{len(moves)} submissions regraded in {', '.join(ids)}: the points of {len(moved)} change."
    )
    if not moved:
        return
    table = Table("student", "exercise", "before", "after", "total before", "total after", "by", box=None)
    for move in moved:
        name, totals = one_line(move.after["student"]), [move.before["score"], move.after["score"]]
        by = "–" if move.by is None else f"{move.by:+g}"
        for i, (id, points) in enumerate(move.exercises.items()):
            total = [*map(_points, totals), by] if i == 0 else ["", "", ""]
            table.add_row(escape(name) if i == 0 else "", id, *map(_points, points), *total)
    console.print(table)


def _points(points):
    return "open" if points is None else f"{points:g}"
