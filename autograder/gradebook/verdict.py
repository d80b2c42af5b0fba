"""The judge's verdict on an exercise as plain text, for a student to read: points, and a line a check.

Only what a score holds for students goes in; `detail` is the instructor's. Text that may quote a student's code is
one line, of limited length, without control characters.
"""

import re

from autograder import judge
from autograder.diagnosis.smallest import Smallest, text
from autograder.grade import GRADED
from autograder.texts import without_controls

MAX_LINE = 300
MEANINGS = {
    judge.BLOCKED: "not looked at, because something that it builds on fails; no points yet",
    judge.CARRIED: "right for your own forward, though that one is wrong",
}


def with_subject(sentence):
    """A mistake's sentence that says what "It" is: it may stand alone."""
    what = "This exercise" if sentence.startswith("It builds on ") else "The result"
    return re.sub(r"^It (?=is |has |holds |builds on )", f"{what} ", sentence)


def verdict(score, id):
    """The text of the verdict on the exercise of that id in a score (grade.grade_submission)."""
    result = score["exercises"][id]
    lines = [_points(id, result)]
    if score["status"] in (GRADED, judge.GRADER_ERROR):
        lines += _checks(result["checks"])
        lines += _mistakes(result["mistakes"])
        lines += _smallest(result["checks"])
    else:
        lines.append(f"{score['status']}: {score['message']}")
    return "\n".join(_line(line) for line in lines) + "\n"


def about(score):
    """What there is to say about a submission as a whole, as lines of text; none, mostly."""
    lines = []
    if others := score.get("other_attempts"):
        which = score.get("when") or score.get("attempt")
        lines.append(f"Graded: the submission of {which}, one of {len(others) + 1}.")
    if score["status"] == judge.GRADER_ERROR:  # its message is the instructor's
        lines.append("Not all of it could be judged yet: an instructor will look at it.")
    elif score["status"] != GRADED:
        lines.append(f"{score['status']}: {score['message']}")
    if score["changed"]:
        lines.append(f"Given code that was changed is put back: {', '.join(score['changed'])}.")
    lines += [f"Note: {note}" for note in score.get("notes", ())]
    return [_line(line) for line in lines]


def _points(id, result):
    if result["score"] is None:
        return f"{id}: not judged yet. An instructor will look at it; no points are lost."
    kind = "points of extra credit" if result["extra_credit"] else "points"
    return f"{id}: {result['score']:g} of {result['points']:g} {kind}"


def _checks(checks):
    lines, explained, carried = [], False, False
    for check in checks:
        status = "open" if check["status"] == judge.GRADER_ERROR else check["status"]
        lines.append(f"  {status:<8}{check['description']}")
        is_first = not explained and check["status"] in (judge.FAIL, judge.BLOCKED)
        is_carried = not carried and check["status"] == judge.CARRIED
        if check["message"] and (is_first or is_carried or check["status"] == judge.PASS):
            lines.append(f"          {' '.join(check['message'].split())}")
        explained, carried = explained or is_first, carried or is_carried
    statuses = {check["status"] for check in checks}
    return lines + [f"  ({status}: {meaning})" for status, meaning in MEANINGS.items() if status in statuses]


def _mistakes(mistakes):
    """What is wrong, then the hints: first the property, then the place."""
    lines = []
    for mistake in mistakes:
        if mistake["sentence"]:
            lines += ["", with_subject(mistake["sentence"])]
        lines += [f"  {label}: {hint}" for label, hint in zip(("Hint", "Where to look"), mistake["hints"])]
    return lines


def _smallest(checks):
    """The smallest case of the first failed check that has one, to be tried by hand."""
    case = next((check["smallest"] for check in checks if check["smallest"]), None)
    if case is None:
        return []
    return [
        "",
        "The smallest failing case that was found. Run it with your edf:",
        *text(Smallest(**case)).splitlines(),
    ]


def _line(text):
    text = without_controls(text).replace("\n", " ")
    return text if len(text) <= MAX_LINE else text[: MAX_LINE - 1] + "…"
