"""What a class's scores and records come to: the figures of the class report, as plain data.

A submission *ran* if its edf.py could be imported, and all of its exercises were judged: only these count for the
difficulty of an exercise, and for what to teach again. One that did not run says nothing about what its student knows.
"""

import collections
import dataclasses
import statistics

from autograder import judge
from autograder.classlist import remark
from autograder.diagnosis.diagnose import NAMED, UNNAMED
from autograder.diagnosis.smallest import Smallest, text
from autograder.grade import GRADED, GRADER_ERROR
from autograder.judge import TIME_IS_UP
from autograder.mistakes import across_exercises, class_mistakes
from autograder.reports.feedback import waits_for
from autograder.reports.items import discrimination, mean_share

PASS, SLOW, CARRIED, PART, WRONG = "all points", "right but slow", "carried forward", "some points", "wrong"
UNWRITTEN, BLOCKED, NOT_RUN, OPEN = "not written", "blocked", "not run", "open"
OUTCOMES = (PASS, SLOW, CARRIED, PART, WRONG, UNWRITTEN, BLOCKED, NOT_RUN, OPEN)

BINS = 10  # of the histogram, up to the total
# What stopped code (judge.CheckResult.stopped), in words. That it raised is no stop.
STOPS = {
    "cpu": "CPU time",
    "wall": "wall time",
    TIME_IS_UP: "time of the whole submission",
    "memory": "memory",
    "disk": "files written",
    "exit": "ended its process",
    "signal": "crashed",
    "protocol": "unreadable answer",
}


@dataclasses.dataclass(frozen=True)
class ExerciseFigures:
    """One exercise. outcomes: how many submissions ended how, by OUTCOMES. share: mean part of its points, 0 to 1, of
    those that ran, or None. discrimination: items.Discrimination. cpu_seconds: by student, of those that used any."""

    id: str
    title: str
    lecture: str
    points: float
    extra_credit: bool
    outcomes: dict
    share: float | None
    discrimination: object
    cpu_seconds: dict


@dataclasses.dataclass(frozen=True)
class Reteach:
    """Something to teach again: an exercise at which points were lost. students: who did not get it right, of `of`
    whose submission ran. lost: points lost in it; lost_elsewhere: in what builds on it. unwritten: how many of the
    students left it blank; slow: how many others lost its points for efficiency alone. named, unknown: its
    mistakes, [(what it is called, number of students)], the commonest first."""

    exercise: str
    title: str
    lecture: str
    students: list
    of: int
    lost: float
    lost_elsewhere: float
    unwritten: int
    slow: int
    named: list
    unknown: list

    @property
    def headline(self):
        """It in a sentence, by what at least half of them have in common, if there is something."""
        what = f"{self.exercise} ({self.title})"
        if self.named and self.named[0][1] * 2 >= len(self.students) > 0:
            name, count = self.named[0]
            return f"{count:,} of {self.of:,} in {what}: {name}"
        if not self.students:
            return f"{self.slow:,} of {self.of:,} got {what} right, but slow"
        if self.unwritten * 2 >= len(self.students):
            return f"{self.unwritten:,} of {self.of:,} have not written {what}"
        return f"{len(self.students):,} of {self.of:,} did not get {what} right"


@dataclasses.dataclass(frozen=True)
class UnknownMistake:
    """Wrong answers that the grader has no name for, all the same. case: the smallest failing case of the first
    of `students`, as text, or "". note: for the instructor."""

    exercise: str
    name: str
    sentence: str
    note: str
    students: list
    case: str


@dataclasses.dataclass(frozen=True)
class ClassReport:
    """All figures of a class. Students go by the names that are in the scores.

    total: points of the assignment. submissions, ran: how many; absent: who handed in nothing.
    grader_errors: [(student, message)]. reteach: Reteaches, the most important first. scores: [(student, status,
    score or None, CPU seconds, wall seconds)]. bins: the histogram, [(from, submissions that ran, others)].
    exercises: ExerciseFigures. named: [(ids of exercises, name of the mistake, sentence, students)].
    unknown: UnknownMistakes. blocked: [(exercise at fault, blocked exercise, students)].
    stopped: [(what stopped it, exercise, students)]. not_run: [(student, status, message)].
    changed: [(student, given names that were put back)]. unguarded: students graded without a sandbox.
    remarks: [(student, remark)].
    changes: [(student, when, before, after)], the last of each student whose score changed, the newest first.
    """

    assignment: str
    total: float
    submissions: int
    ran: int
    absent: list
    grader_errors: list
    reteach: list
    scores: list
    bins: list
    exercises: list
    named: list
    unknown: list
    blocked: list
    stopped: list
    not_run: list
    changed: list
    unguarded: list
    remarks: list
    changes: list

    @property
    def known(self):
        """The scores that are known, of all submissions."""
        return [score for _, _, score, *_ in self.scores if score is not None]

    @property
    def mean_of_ran(self):
        """The mean score of the submissions that ran; None if there is none."""
        known = [score for _, status, score, *_ in self.scores if status == GRADED]
        return statistics.mean(known) if known else None

    @property
    def summary(self):
        """(mean, median, standard deviation, least, most) of the known scores; None without any."""
        known = self.known
        if not known:
            return None
        return (
            statistics.mean(known),
            statistics.median(known),
            statistics.pstdev(known),
            min(known),
            max(known),
        )


def class_report(assignment, scores, absent, times, histories):
    """The ClassReport of an assignment.Assignment.

    scores: those of the submissions that count, as stored, any order. absent: names of students who handed in
    nothing. times: by student, of their records (scores.Scores.read_facts); one that is missing counts as empty.
    histories: by student, lists of {"when", "score"}, oldest first (scores.Scores.read_history).
    """
    scores = sorted(scores, key=lambda score: score["student"])
    ran = [score for score in scores if score["status"] == GRADED]
    times = {score["student"]: times.get(score["student"], {}) for score in scores}
    mistakes = class_mistakes(scores)
    return ClassReport(
        assignment=assignment.name,
        total=assignment.total,
        submissions=len(scores),
        ran=len(ran),
        absent=sorted(absent),
        grader_errors=[
            (score["student"], score["message"]) for score in scores if score["status"] == GRADER_ERROR
        ],
        reteach=_reteach(assignment, ran),
        scores=[
            (score["student"], score["status"], score["score"], *_times(times[score["student"]]))
            for score in scores
        ],
        bins=_bins(assignment, scores),
        exercises=[_exercise(e, assignment, scores, ran, times) for e in assignment.exercises],
        named=[
            (m.exercises, m.name, m.sentence, m.students)
            for m in across_exercises(mistakes)
            if m.kind == NAMED
        ],
        unknown=_unknown(mistakes, scores),
        blocked=_blocked(ran),
        stopped=_stopped(scores),
        not_run=[
            (score["student"], score["status"], score["message"])
            for score in scores
            if score["status"] not in (GRADED, GRADER_ERROR)
        ],
        changed=[(score["student"], score["changed"]) for score in scores if score["changed"]],
        unguarded=[score["student"] for score in scores if not score.get("guarded", True)],
        remarks=_remarks(scores),
        changes=_changes(histories),
    )


def outcome(score, id):
    """How the exercise of that id ended in a score: one of OUTCOMES."""
    result = score["exercises"][id]
    if result["status"] == judge.GRADER_ERROR:
        return OPEN
    if score["status"] not in (GRADED, GRADER_ERROR):
        return NOT_RUN
    if result["status"] in (judge.PASS, judge.CARRIED):
        return PASS if result["status"] == judge.PASS else CARRIED
    failed = [check for check in result["checks"] if check["status"] == judge.FAIL]
    if failed and all(check["efficiency"] for check in failed):
        return SLOW
    if result["score"]:
        return PART
    if result["status"] == judge.BLOCKED:
        return BLOCKED
    return UNWRITTEN if failed and all(check["blank"] for check in failed) else WRONG


def at_fault(score, id):
    """The id of the exercise for which the one of that id lost points: itself, mostly, or one that it builds on."""
    exercises, seen = score["exercises"], set()
    while id not in seen:
        seen.add(id)
        result = exercises[id]
        builds_on = any(mistake["on"] for mistake in result["mistakes"])
        if result["status"] != judge.FAIL or builds_on:
            id = waits_for(id, exercises)[0] or id
    return id


def _reteach(assignment, ran):
    """The Reteaches of most points; what earns extra credit, or was judged in part, does not count."""
    lost, elsewhere = collections.Counter(), collections.Counter()
    students, unwritten = collections.defaultdict(dict), collections.Counter()
    slow = collections.Counter()
    for score in ran:
        for id, result in score["exercises"].items():
            missing = result["points"] - result["score"]
            if missing <= 0 or id in assignment.extra_credit:
                continue
            cause = at_fault(score, id)
            (lost if cause == id else elsewhere)[cause] += missing
            ended = outcome(score, id)
            if cause == id and ended == SLOW:
                slow[cause] += 1
            else:
                students[cause][score["student"]] = True
                unwritten[cause] += cause == id and ended == UNWRITTEN
    called = collections.defaultdict(list)
    for mistake in class_mistakes(ran):
        called[mistake.exercise, mistake.kind].append((mistake.name, len(mistake.students)))
    titles = {exercise.id: exercise.title for exercise in assignment.exercises}
    most = sorted(lost | elsewhere, key=lambda id: (-lost[id] - elsewhere[id], id))
    return [
        Reteach(
            exercise=id,
            title=titles[id],
            lecture=assignment.lecture.get(id, ""),
            students=list(students[id]),
            of=len(ran),
            lost=round(lost[id], 2),
            lost_elsewhere=round(elsewhere[id], 2),
            unwritten=unwritten[id],
            slow=slow[id],
            named=called[id, NAMED],
            unknown=called[id, UNNAMED],
        )
        for id in most
    ]


def _exercise(exercise, assignment, scores, ran, times):
    id = exercise.id
    outcomes = collections.Counter(outcome(score, id) for score in scores)
    points = [score["exercises"][id]["score"] for score in ran]
    rest = [score["score"] - own for score, own in zip(ran, points)]
    cpu_seconds = {student: known.get("cpu_seconds", {}).get(id, 0) for student, known in times.items()}
    return ExerciseFigures(
        id=id,
        title=exercise.title,
        lecture=assignment.lecture.get(id, ""),
        points=assignment.points[id],
        extra_credit=id in assignment.extra_credit,
        outcomes={name: outcomes[name] for name in OUTCOMES},
        share=mean_share(points, assignment.points[id]),
        discrimination=discrimination(points, rest),
        cpu_seconds={student: seconds for student, seconds in cpu_seconds.items() if seconds},
    )


def _times(known):
    """(CPU seconds of the judging, wall seconds of the grading) of a submission, None where nothing is known."""
    cpu = known.get("cpu_seconds")
    return (None if cpu is None else round(sum(cpu.values()), 3)), known.get("wall_seconds")


def _bins(assignment, scores):
    width = assignment.total / BINS
    most = max([assignment.total, *(score["score"] or 0 for score in scores)])
    # A little more than none: 0.7 / 0.1 is below 7.
    places = [
        (s["status"] == GRADED, int(s["score"] / width + 1e-9)) for s in scores if s["score"] is not None
    ]
    count = collections.Counter(places)
    return [
        (round(i * width, 6), count[True, i], count[False, i]) for i in range(int(most / width + 1e-9) + 1)
    ]


def _unknown(mistakes, scores):
    by_student = {score["student"]: score for score in scores}
    return [
        UnknownMistake(
            m.exercise, m.name, m.sentence, m.note, m.students, _case(by_student[m.students[0]], m)
        )
        for m in mistakes
        if m.kind != NAMED
    ]


def _case(score, mistake):
    """The smallest failing case of a mistake (mistakes.ClassMistake) in a score, as text; "" if there is none."""
    result = score["exercises"][mistake.exercise]
    of_it = {
        id
        for m in result["mistakes"]
        if (m["kind"], m["tag"]) == (mistake.kind, mistake.tag)
        for id in m["checks"]
    }
    cases = [check["smallest"] for check in result["checks"] if check["id"] in of_it and check["smallest"]]
    return text(Smallest(**cases[0])) if cases else ""


def _blocked(ran):
    found = collections.defaultdict(list)
    for score in ran:
        for id, result in score["exercises"].items():
            if result["status"] == judge.BLOCKED:
                found[at_fault(score, id), id].append(score["student"])
    return _commonest_first(found)


def _stopped(scores):
    found = collections.defaultdict(list)
    for score in scores:
        for id, result in score["exercises"].items():
            ended = [check for check in result["checks"] if check["status"] in (judge.FAIL, judge.BLOCKED)]
            for what in {STOPS[check["stopped"]] for check in ended if check["stopped"] in STOPS}:
                found[what, id].append(score["student"])
    return _commonest_first(found)


def _commonest_first(found):
    return [(*key, found[key]) for key in sorted(found, key=lambda key: (-len(found[key]), key))]


def _remarks(scores):
    """What else there is to say of a submission: a note of the intake's, late, another section, one of several."""
    said = [
        (
            score["student"],
            "; ".join(filter(None, [remark({**score, "guarded": True}), *score.get("notes", ())])),
        )
        for score in scores
    ]
    return [(student, words) for student, words in said if words]


def _changes(histories):
    found = []
    for student, entries in histories.items():
        # A score that was written again, by another grader say, and is as it was, is no change.
        became = []
        for entry in entries:
            if entry["score"] is not None and (not became or entry["score"] != became[-1]["score"]):
                became.append(entry)
        if len(became) > 1:
            before, now = became[-2:]
            found.append((student, now["when"], before["score"], now["score"]))
    by_size = sorted(found, key=lambda change: (-abs(change[3] - change[2]), change[0]))
    return sorted(by_size, key=lambda change: change[1], reverse=True)
