"""What a student is told about a submission: one `Feedback`, made of a score, rendered by write_feedback.py.

It holds what a student may see and nothing else: of a check, its description and message, never its `detail`; of a
mistake, its sentence and hints, never its `behaviour` or `note`; of a failure, the smallest case, whose inputs are
public. Texts are plain; whoever renders them escapes them.
"""

import dataclasses
import re

from autograder import judge
from autograder.diagnosis.diagnose import BUILDS_ON, NAMED, UNKNOWN
from autograder.exercise import load_exercises
from autograder.grade import GRADED, IMPORT_FAILED, SYNTAX_ERROR
from autograder.gradebook.verdict import about, with_subject
from autograder.reports.case import Case, case_of
from autograder.reports.curves import curves_of
from autograder.texts import without_controls

# How things ended, in the words of the students' own `check` where it has one for it.
PASSED, CARRIED, PARTLY, FAILED = "passed", "right for your own forward", "partly right", "not right yet"
SLOW = "right, but slow"
UNWRITTEN, BLOCKED, NOT_RUN, OPEN = "still to be written", "blocked", "not run", "not judged yet"

MAX_TEXT = 600  # characters of a text that may quote a student's code
# A message begins with it, where it does not with the name of a variable.
WORD = re.compile(r"(?!edf )(a|an|of|it|no|[a-z]{3,}) ")
MEMORY = (
    "The code asked for more memory than there is. Look for an array that is far larger than the images "
    "and kernels that it is made of."
)
# What students asked about, by what stopped their code (judge.CheckResult).
EXPLANATIONS = {
    "exit": "exit(), quit() and sys.exit() end the whole program, and the grader's run with it. Take that call out; "
    "to report that something is wrong, raise an error.",
    "cpu": "The code took more time than there is for this exercise. Either a loop does not end, or it does far "
    "more work than it must.",
    "wall": "The code was waiting for something: for input, say, or in a sleep.",
    "memory": MEMORY,
    "signal": MEMORY,
    "import": "The grader has Python's standard library, numpy and what the course allows; take other imports out.",
}
WHOLE = {
    SYNTAX_ERROR: "Python can't read edf.py, so nothing in it could be run. Mend this place first: all exercises "
    "wait for it. The command python -m py_compile edf.py shows the place.",
    IMPORT_FAILED: "Importing edf.py stops with an error, so nothing in it could be run. Mend it first: all "
    'exercises wait for it. The command python -c "import edf", in a folder with nothing but edf.py, shows the same, '
    "unless it is about a package that you have and the grader has not.",
}
HAND_IN = "What was handed in could not be read, so nothing of it could be run. Hand in again, or ask your instructor."


@dataclasses.dataclass(frozen=True)
class Hinted:
    """A mistake in a sentence, and its hints: first the property, then the place. They may be empty."""

    sentence: str
    hints: tuple


@dataclasses.dataclass(frozen=True)
class Failure:
    """The most useful failure of an exercise. checked: what was checked; happened: what came of it, a sentence;
    explained: what that means, or ""; case: the smallest case that shows it, or None."""

    checked: str
    happened: str
    explained: str
    case: Case | None


@dataclasses.dataclass(frozen=True)
class Line:
    """One check. status: one of the words above. points: what it is worth, and earned, None while it is open.
    remark: what else there is to say, or "". efficiency: whether it is about the work that is done."""

    description: str
    status: str
    points: float
    earned: float | None
    remark: str
    efficiency: bool


@dataclasses.dataclass(frozen=True)
class Card:
    """One exercise. waits_for: id of the exercise that must be mended first, that an error is carried forward from,
    or ""; why: what is to be said about that, a sentence or "". efficiency: the efficiency check's sentence if
    there is something to say, with costs: the points that it cost. The rest as in `Feedback`."""

    id: str
    title: str
    points: float
    score: float | None
    extra_credit: bool
    status: str
    waits_for: str
    waits_for_title: str
    why: str
    failure: Failure | None
    mistakes: tuple
    efficiency: str
    costs: float
    curves: tuple
    checks: tuple


@dataclasses.dataclass(frozen=True)
class Feedback:
    """All that a student is told. score: None if some of it is open; total: without extra credit; extra: points of
    extra credit earned, and extra_points to be had. remarks: on the submission as a whole. stopped: why nothing
    was run, "" if something was, with advice on what to do."""

    assignment: str
    student: str
    score: float | None
    total: float
    extra: float
    extra_points: float
    remarks: tuple
    stopped: str
    advice: str
    exercises: tuple[Card, ...]


def feedback(score, assignment, training=None):
    """The Feedback on a score (grade.grade_submission) of an assignment.

    training: of its training runs, as its record has them (losses.beside_reference), or None.
    """
    is_run = score["status"] in (GRADED, judge.GRADER_ERROR)
    extra = [result for result in score["exercises"].values() if result["extra_credit"]]
    cards = [
        _card(id, result, score, assignment, (training or {}).get(id, {}))
        for id, result in score["exercises"].items()
    ]
    remarks = about(score)
    if not is_run:  # it is said as what stopped it all
        remarks = [line for line in remarks if not line.startswith(f"{score['status']}: ")]
    if score.get("late"):
        remarks.insert(0, "Handed in late.")
    return Feedback(
        assignment=score["assignment"],
        student=score["student"],
        score=score["score"],
        total=score["max_score"],
        extra=round(sum(result["score"] or 0 for result in extra), 2),
        extra_points=sum(result["points"] for result in extra),
        remarks=tuple(remarks),
        stopped="" if is_run else sentence(score["message"]),
        advice="" if is_run else _advice(score),
        exercises=tuple(cards),
    )


def sentence(text):
    """A message as a sentence of plain text in one line, of limited length."""
    text = " ".join(without_controls(text).split())
    if len(text) > MAX_TEXT:
        text = text[: MAX_TEXT - 1] + "…"
    if WORD.match(text):
        text = text[0].upper() + text[1:]
    return text if not text or text[-1] in ".!?…" else f"{text}."


def _advice(score):
    checks = [check for result in score["exercises"].values() for check in result["checks"]]
    explained = _explained(checks[0])  # all ended alike
    return " ".join(filter(None, [WHOLE.get(score["status"], HAND_IN), explained]))


def _card(id, result, score, assignment, runs):
    exercise = load_exercises().get(id)
    is_run = score["status"] in (GRADED, judge.GRADER_ERROR)
    first, because = waits_for(id, score["exercises"]) if is_run else ("", "")
    failed = _most_useful(result) if is_run else None
    failure = _failure(failed) if failed else None
    lines = _lines(id, result, assignment, is_run)
    slow = next((check for check in result["checks"] if check["efficiency"] and check["message"]), None)
    if slow and slow["status"] not in (judge.FAIL, judge.PASS):
        slow = None
    return Card(
        id=id,
        title=exercise.title if exercise else id,
        points=result["points"],
        score=result["score"],
        extra_credit=result["extra_credit"],
        status=_status(result, is_run),
        waits_for=first,
        waits_for_title=load_exercises()[first].title if first in load_exercises() else first,
        why=_why(result, because),
        failure=failure,
        mistakes=hinted(result["mistakes"], failure) if is_run else (),
        efficiency=sentence(slow["remark"] or slow["message"]) if is_run and slow else "",
        costs=round(sum(line.points - (line.earned or 0) for line in lines if line.efficiency), 2)
        if slow and slow["status"] == judge.FAIL
        else 0,
        curves=tuple(curves_of(id, runs, [c["id"] for c in result["checks"] if c["status"] != judge.PASS])),
        checks=tuple(lines),
    )


def _status(result, is_run):
    if not is_run:
        return NOT_RUN
    if result["status"] == judge.FAIL:
        failed = [check for check in result["checks"] if check["status"] == judge.FAIL]
        if all(check["blank"] for check in failed) and not result["score"]:
            return UNWRITTEN
        if all(check["efficiency"] for check in failed):
            return SLOW
        return PARTLY if result["score"] else FAILED
    if result["status"] == judge.BLOCKED and result["score"]:
        return PARTLY
    return {
        judge.PASS: PASSED,
        judge.CARRIED: CARRIED,
        judge.BLOCKED: BLOCKED,
        judge.GRADER_ERROR: OPEN,
    }[result["status"]]


def waits_for(id, results):
    """(id of the exercise that must be mended first, what was seen of that) of the exercise of that id; ("", "") if
    it is its own. results: {id: result}, of a score."""
    result = results[id]
    found = [
        (check["on"], check["because"]) for check in result["checks"] if check["status"] == judge.BLOCKED
    ]
    found += [(mistake["on"], "") for mistake in result["mistakes"]]
    if result["status"] == judge.CARRIED:  # its forward is wrong, which may be another exercise
        needs = [need for need in load_exercises()[id].needs if need in results]
        found += [(need, "") for need in needs if results[need]["status"] == judge.FAIL]
    return next(((on, because) for on, because in found if on in results), ("", ""))


def _why(result, because):
    if result["status"] == judge.CARRIED:
        share = "in full" if result["score"] == result["points"] else f"with {result['score']:g} points"
        return (
            "Your backward is the right derivative of your own forward, though that forward is wrong. So this "
            f"exercise counts {share}: a mistake costs its points once."
        )
    return sentence(_in_words(because))


def _most_useful(result):
    """The check, of those that failed, that says most: one with a case, that a named mistake explains."""
    failed = [
        check for check in result["checks"] if check["status"] == judge.FAIL and not check["efficiency"]
    ]
    named = {id for mistake in result["mistakes"] if mistake["kind"] == NAMED for id in mistake["checks"]}
    order = sorted(failed, key=lambda check: (not check["smallest"], check["id"] not in named))
    return order[0] if order else None


def _failure(check):
    case = case_of(check["smallest"]) if check["smallest"] else None
    happened = _in_words(check["smallest"]["message"] if check["smallest"] else check["message"])
    explained = _explained(check["smallest"] or check)
    return Failure(sentence(check["description"]), sentence(happened), explained, case)


def _in_words(message):
    return message.replace(" is not written yet", " is still to be written")


def _explained(ended):
    """What it means that something stopped the code in a check, or in its smallest case; "" if nothing did."""
    return EXPLANATIONS.get(ended["stopped"], "")


def hinted(mistakes, failure=None):
    """Those of an exercise's mistakes, of a score, that its first failure does not say already, as Hinteds.

    failure: the Failure that is shown with them, if one is.
    """
    found = []
    for mistake in mistakes:
        text = mistake["sentence"]
        if not text or mistake["kind"] == BUILDS_ON or mistake["tag"] == "raises":
            continue  # said by the failure itself
        if text == UNKNOWN:
            if failure and failure.explained:
                continue
            text = UNKNOWN if failure and failure.case else "This mistake is not known by name."
        found.append(Hinted(sentence(with_subject(text)), tuple(map(sentence, mistake["hints"]))))
    return tuple(found)


def _lines(id, result, assignment, is_run):
    """The checks of an exercise, with the points that each is worth."""
    worths = judge.worth(id, [judge.CheckResult(**check) for check in result["checks"]], assignment)
    lines = []
    for check, (points, earned) in zip(result["checks"], worths):
        is_open = check["status"] == judge.GRADER_ERROR
        lines.append(
            Line(
                sentence(check["description"]),
                _status_of_check(check, is_run),
                round(points, 2),
                None if is_open else round(earned, 2),
                _remark(check, result) if is_run else "",
                check["efficiency"],
            )
        )
    return lines


def _status_of_check(check, is_run):
    if not is_run:
        return NOT_RUN
    if check["status"] == judge.FAIL:
        return UNWRITTEN if check["blank"] else FAILED
    return {
        judge.PASS: PASSED,
        judge.CARRIED: CARRIED,
        judge.BLOCKED: BLOCKED,
        judge.GRADER_ERROR: OPEN,
    }[check["status"]]


def _remark(check, result):
    """What a line says besides its status; "" where that is said above."""
    if check["status"] == judge.BLOCKED:
        other = next((c for c in result["checks"] if c["id"] == check["blocked_by"]), None)
        return f"Waits for the check “{other['description']}”." if other else ""
    if check["status"] in (judge.FAIL, judge.PASS) and not check["blank"] and not check["efficiency"]:
        return sentence(check["message"])
    return ""
