"""`autograder explain`: why an exercise of a student's got its points, with the failing checks run once more.

For an instructor: it shows hidden inputs and what is expected of them.
"""

import dataclasses
import difflib
from pathlib import Path

import numpy as np
from edf_kit.checks.compare import first, side_by_side, wrong_elements
from rich.markup import escape

from autograder import judge
from autograder.compare import Mismatch
from autograder.diagnosis.smallest import Smallest
from autograder.diagnosis.smallest import text as text_of
from autograder.diagnosis.snippet import snippet
from autograder.draw import Draw
from autograder.errors import Refusal, require_exercises
from autograder.grade import GRADED, GRADER_ERROR, Job, content_of, grade_submission, sandbox_of
from autograder.gradebook.verdict import about
from autograder.intake import read_submission, take_notebooks
from autograder.live import one_line
from autograder.sandbox.session import StudentError
from autograder.scores import grader_version, stored_score
from autograder.secret import fingerprint
from autograder.student import Edf
from autograder.texts import without_controls

MAX_SENT = 300  # numbers of inputs that are shown as Python
MAX_NUMBERS = 400  # of an array that is printed whole
MAX_SAID = 300  # characters of what is said of a check that is not shown whole
RULES = {
    judge.PASS: "it holds: all of its points",
    judge.CARRIED: "right for the student's own forward, whose mistake is known",
    judge.FAIL: "it does not hold: none of its points",
    judge.BLOCKED: "not looked at, because something that it builds on fails: none of its points",
    judge.GRADER_ERROR: "the grader failed: no score for the exercise, which must not stay so",
}


@dataclasses.dataclass(frozen=True)
class Replayed:
    """How a check went when it was run again.

    status: judge.PASS, FAIL or GRADER_ERROR. said: what is wrong, with the numbers. requests: what the check sent and
    asked for, [(instructions, arrays)]. expected, got: arrays, or texts that say why there is none; None where there
    are none.
    """

    status: str
    said: str = ""
    requests: list = dataclasses.field(default_factory=list)
    expected: object = None
    got: object = None


def explain(found, out, secret, name, id, sandbox, console):
    """Print all there is to say about a student's points, for one exercise or, with `id` None, each that did not pass.

    found: places.Classroom. out: folder of the results. name: the student's. sandbox: as in run.run. Returns the exit
    status, 1 if a check ends otherwise than it did when it was graded. Raises Refusal.
    """
    score, job = _stored(found, Path(out), secret, name, sandbox)
    require_exercises([id] if id else [], found.assignment.points, found.assignment.name)
    if id and id not in score["exercises"]:
        raise Refusal(f"{id} was no part of the assignment when this was graded: run make grade first.")
    print_submission(score, "" if found.names else str(job.submission.path), console)
    if score["status"] not in (GRADED, GRADER_ERROR):
        return _explain_unjudged(score, found.hidden(name, grade_submission(job)[0]), console)
    ids = [id] if id else [i for i, r in score["exercises"].items() if r["status"] != judge.PASS]
    if not ids:
        console.print("Every exercise has full points.")
    contents = take_notebooks(read_submission(job.submission), found.assignment.stubs)
    differences = []
    for exercise in found.assignment.exercises:
        if exercise.id in ids:
            differences += _explain_exercise(
                exercise, score["exercises"][exercise.id], contents, job, console
            )
    if ids:
        console.print()
        for sentence in differences:
            console.print(f"[magenta bold]Not the same:[/] {escape(sentence)}")
        if not differences:
            console.print("Run again, every check that was judged ends as it did.")
    return 1 if differences else 0


def _explain_unjudged(score, again, console):
    """Of a submission whose exercises were not judged: whether it ends so again. The exit status."""
    if (again["status"], again["message"]) == (score["status"], score["message"]):
        console.print("Run again, it ends in the same way: no exercise can be judged.")
        return 0
    now = f"{again['status']}: {again['message']}" if again["message"] else again["status"]
    console.print(f"[magenta bold]Not the same:[/] run again, {escape(one_line(without_controls(now)))}")
    return 1


def _stored(found, out, secret, name, sandbox):
    """(the stored score of the student called so, the grade.Job of the submission that it is of)."""
    student = next((student for student in found.students if student.name == name), None)
    score, _ = stored_score(out, name)
    if student is None or score is None or not student.graded:
        close = difflib.get_close_matches(name, [s.name for s in found.students if s.graded], 3)
        hint = (
            f" Did you mean {' or '.join(map(one_line, close))}?" if close else " grades.csv has the names."
        )
        raise Refusal(f"{out} has no score of a student {one_line(name)}.{hint}")
    submission = next((s for s in student.graded if s.attempt == score["attempt"]), student.graded[-1])
    job = Job(submission, found.assignment, secret, None, sandbox)
    if score["submission"] and score["submission"] != content_of(submission):
        raise Refusal(
            f"What {one_line(name)} handed in has changed since it was graded: run `make grade` first."
        )
    if score["secret"] != fingerprint(secret):
        raise Refusal(
            "This was graded with another course secret: name that one (--secret), or run `make grade`."
        )
    return score, job


def print_submission(score, path, console):
    """Print what the score says about the submission as a whole. path: where it is; "" where that would tell whose."""
    points = "no score" if score["score"] is None else f"{score['score']:g} of {score['max_score']:g} points"
    console.print(f"[bold]{escape(one_line(score['student']))}[/]: {points}, {escape(score['status'])}")
    console.print(f"  submission: {escape(one_line(path))} ({score['submission'] or 'unreadable'})")
    if score["grader"] != grader_version():
        console.print("  [yellow]It was graded by another version of the grader than this one.[/]")
    for line in about(score):
        console.print(f"  {escape(line)}")


def _explain_exercise(exercise, result, contents, job, console):
    """Print all about one exercise; returns sentences on what is not as it was."""
    console.print(f"\n[bold]{exercise.id}[/]: {escape(exercise.title)}")
    for line in lines_on_points(exercise.id, result, job.assignment):
        console.print(f"  {escape(line)}")
    if result["status"] == judge.BLOCKED:
        console.print(f"  {escape(one_line(result['message']))}. Explain that exercise first.")
        return []
    with console.status(f"running the checks of {exercise.id} again…"):
        replayed = replay(contents, job, exercise)
    print_replayed(exercise, result["checks"], replayed, console)
    print_stored(result, console)
    both = [(stored, replayed.get(stored["id"])) for stored in result["checks"]]
    return [f"{exercise.id}, {said}" for said in (compared(*pair) for pair in both) if said]


def replay(contents, job, exercise):
    """{check id: Replayed} of all checks of an exercise, on the very inputs that it was judged on.

    contents: intake.Contents, with what is to be taken from notebooks. Each check is run, whatever the others gave.
    Raises Broken, SandboxError.
    """
    found = {}
    together = [check for check in exercise.checks if check.cpu_seconds is None]
    with sandbox_of(contents, job) as (sandbox, _):
        limit = exercise.cpu_seconds or job.assignment.limits.cpu_seconds
        for checks, seconds in [
            (together, limit),
            *(([c], c.cpu_seconds) for c in exercise.checks if c.cpu_seconds),
        ]:
            left = list(checks)
            while left:  # a process that did not survive a check is followed by another
                with sandbox.process("serve", seconds) as process:
                    try:
                        process.load()
                    except StudentError as error:
                        said = f"edf.py can't be imported: {judge.explain(error)}"
                        return found | {check.id: Replayed(judge.FAIL, said) for check in exercise.checks}
                    while left:
                        check = left.pop(0)
                        found[check.id], alive = _replayed(
                            check, process, Draw(job.secret, exercise.id, check.id)
                        )
                        if not alive:
                            break
    return found


def _replayed(check, process, draw):
    """(Replayed, whether the process lives on)."""
    requests = []

    def recording(instructions, arrays=()):
        requests.append((instructions, arrays))
        return process.request(instructions, arrays)

    edf = Edf(recording)
    edf.fresh()
    try:
        remark = check.run(edf, draw)
    except Mismatch as error:
        said = f"{error.message}; {error.detail}" if error.detail else error.message
        return Replayed(judge.FAIL, said, requests, error.expected, error.got), True
    except StudentError as error:
        return Replayed(judge.FAIL, judge.explain(error), requests), error.process_lives
    except Exception as error:
        return Replayed(
            judge.GRADER_ERROR, f"the grader failed here: {type(error).__name__}: {error}", requests
        ), True
    return Replayed(judge.PASS, remark or "", requests), True


def lines_on_points(id, result, assignment):
    """The rule that gave an exercise its points, check by check, as lines of text. result: its stored result."""
    checks = [judge.CheckResult(**check) for check in result["checks"]]
    apart = assignment.efficiency.get(id, 0)
    score = "no score" if result["score"] is None else f"{result['score']:g}"
    lines = [f"{score} of {result['points']:g} points, shared out by the weights of the checks:"]
    if apart:
        lines[0] = (
            f"{score} of {result['points']:g} points: {result['points'] - apart:g} are shared out by the weights of "
            f"the checks, {apart:g} by those of the checks of efficiency:"
        )
    for check, (possible, earned) in zip(checks, judge.worth(id, checks, assignment)):
        points = f"{earned:5.2f} of {possible:5.2f}" if possible else "no points, a remark"
        lines.append(f"  {points}  {check.status:<8}  {check.id}: {check.description}")
    statuses = dict.fromkeys(check.status for check in checks)
    return lines + [f"  {status}: {RULES[status]}" for status in statuses]


def compared(stored, replayed):
    """Whether a check's stored result (a dict) is that of the replay, as a sentence; "" where there is nothing to say.

    What was blocked, or carried forward, was not decided by this check alone.
    """
    if replayed is None or stored["status"] in (judge.BLOCKED, judge.CARRIED, judge.GRADER_ERROR):
        return ""
    passes = replayed.status == judge.PASS or (stored["status"] == judge.PASS and stored["efficiency"])
    if passes == (stored["status"] == judge.PASS):
        return ""
    return (
        f"check {stored['id']} ended as {stored['status']} when it was graded, and as {replayed.status} now: does the "
        "code depend on chance or time, or was the grader changed since?"
    )


def print_replayed(exercise, stored, replayed, console):
    """Print how the failing checks of an exercise went: of the first, what it sent, what was expected, what came back.

    stored: the results of its checks, as dicts; replayed: {check id: Replayed}.
    """
    # What was carried forward was held against the student's own forward, and not against what is expected here.
    decided = [s["id"] for s in stored if s["status"] not in (judge.BLOCKED, judge.CARRIED)]
    failed = [id for id in decided if id in replayed and replayed[id].status != judge.PASS]
    for place, check in enumerate(check for check in exercise.checks if check.id in failed):
        found = replayed[check.id]
        console.print(f"\n[bold]check {check.id}[/]: {escape(check.description)}")
        console.print(f"  [red]{escape(one_line(found.said, MAX_SAID))}[/]")
        if place == 0:
            _print_case(found, console)


def _print_case(found, console):
    sent = [array for _, arrays in found.requests for array in arrays]
    if sent and all(array.size for array in sent) and sum(array.size for array in sent) <= MAX_SENT:
        lines, _ = snippet(found.requests)
        console.print("  The inputs are hidden ones. Three lines that send them:", style="dim")
        console.print(_indented(lines), markup=False)
    elif sent:
        shapes = ", ".join(str(array.shape) for array in sent[:8]) + (", …" if len(sent) > 8 else "")
        console.print(f"  It sends arrays of the shapes {shapes}.", markup=False)
    if found.expected is not None or found.got is not None:
        console.print(_indented(_both(found.expected, found.got)), markup=False)


def print_stored(result, console):
    """Print the diagnosis that is stored with an exercise's result, and the smallest public case."""
    for mistake in result["mistakes"]:
        console.print(f"\ndiagnosis ({mistake['kind']}): {escape(mistake['sentence'] or mistake['tag'])}")
        for hint in mistake["hints"]:
            console.print(f"  hint: {escape(hint)}")
        if mistake["note"]:
            console.print(f"  note for you: {escape(mistake['note'])}")
    case = next((check["smallest"] for check in result["checks"] if check["smallest"]), None)
    if case:
        console.print("\nThe smallest case, of public inputs, that the student is shown:")
        console.print(_indented(without_controls(text_of(Smallest(**case)))), markup=False)


def _both(expected, got):
    arrays = {"expected": expected, "got": got}
    if not all(isinstance(a, np.ndarray) for a in arrays.values()):
        return "\n".join(f"{name}: {_in_words(a)}" for name, a in arrays.items())
    if expected.shape != got.shape or np.isnan(expected).all():
        return "\n".join(f"{name}: an array of shape {a.shape}" for name, a in arrays.items())
    expected, got = expected.astype(np.float64), got.astype(np.float64)
    wrong = wrong_elements(got, expected)
    shown = {"expected": expected, "got": got, "got − expected": got - expected}
    if expected.size <= MAX_NUMBERS and expected.ndim <= 2:
        with np.printoptions(precision=5, suppress=True, threshold=MAX_NUMBERS, linewidth=100):
            return "\n".join(f"{name} =\n{array}" for name, array in shown.items())
    return side_by_side(shown, first(wrong) if wrong.any() else None)


def _in_words(value):
    if isinstance(value, np.ndarray) and value.size <= MAX_NUMBERS:
        return str(value)
    return f"an array of shape {value.shape}" if isinstance(value, np.ndarray) else str(value)


def _indented(text):
    return "\n".join(f"    {line}" for line in text.splitlines())
