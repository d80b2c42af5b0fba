"""Who is in the class, and which of a student's submissions counts."""

import dataclasses

from autograder.intake import by_student, choose_last
from autograder.intake.roster import match_roster

LAST, BEST = "last", "best"
ABSENT = "nothing handed in"


@dataclasses.dataclass(frozen=True)
class Student:
    """A student's submissions. attempts: all, in the order of time; graded: those of them that are graded.

    section: the roster's; remark: on who it is, "" if that is known or there is no roster.
    """

    name: str
    attempts: tuple
    graded: tuple
    section: str = ""
    remark: str = ""


def make_class(submissions, counts, roster=None):
    """The `Student`s of a class, those who handed in nothing among them, in alphabetical order.

    counts: LAST or BEST, the submission that counts. roster: rows of read_roster, or None.
    """
    matched = match_roster(submissions, roster) if roster is not None else None
    students = []
    for name, attempts in by_student(matched.submissions if matched else submissions).items():
        graded = tuple(attempts) if counts == BEST else (choose_last(attempts),)
        section = matched.enrolled[name].section if matched and name in matched.enrolled else ""
        remark = matched.remarks.get(name, "") if matched else attempts[0].doubt
        students.append(Student(name, tuple(attempts), graded, section, remark))
    absent = matched.absent if matched else ()
    students += [Student(row.student, (), (), row.section) for row in absent]
    return sorted(students, key=lambda student: student.name)


def choose_best(scores):
    """The index of the best of a student's scores; the last of several. One that is open goes before all."""
    keys = [(score["score"] is None, score["score"] or 0, i) for i, score in enumerate(scores)]
    return max(keys)[2]


def settle(score, submission, student, points=None):
    """The score of the submission that counts, with what the class says about it.

    points: those of all attempts by label, where they are graded.
    """
    others = [attempt for attempt in student.attempts if attempt is not submission]
    return {
        **score,
        **_handing_in(submission),
        "other_attempts": [{**_handing_in(a), "score": (points or {}).get(a.attempt)} for a in others],
        "section": student.section,
        "roster": student.remark,
    }


def absent_score(student, assignment):
    """The score of a student who handed in nothing: 0, and shown."""
    return {
        "student": student.name,
        "status": ABSENT,
        "message": "",
        "score": 0,
        "max_score": assignment.total,
        "exercises": {},
        "changed": [],
        "section": student.section,
    }


def remark(score):
    """What is to be said about a score's submission in a few words; "" if nothing."""
    parts = []
    if others := score.get("other_attempts"):
        known = [other["score"] for other in others if other["score"] is not None]
        which = (
            f"the best of {len(others) + 1}, others: {', '.join(f'{p:g}' for p in known)}"
            if known
            else (f"the last of {len(others) + 1}")
        )
        parts.append(f"attempt {score['attempt']} counts, {which}")
    if not score.get("guarded", True):
        parts.append("graded without a sandbox")
    if score.get("late"):
        parts.append("late")
    if score.get("roster"):
        parts.append(score["roster"])
    return "; ".join(parts)


def _handing_in(submission):
    when = submission.when
    return {
        "attempt": submission.attempt,
        "when": when and when.isoformat(),
        "late": submission.late,
    }
