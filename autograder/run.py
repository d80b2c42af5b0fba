"""One run of `autograder grade`: from a folder of submissions to scores and a table in the terminal."""

import collections
import statistics
from concurrent.futures.process import BrokenProcessPool

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from autograder import judge
from autograder.classlist import absent_score, choose_best, make_class, remark, settle
from autograder.diagnosis.diagnose import NAMED
from autograder.grade import GRADED, GRADER_ERROR, Job, check_reference, grade, needs_grading
from autograder.intake import survey
from autograder.intake.roster import read_roster
from autograder.mistakes import class_mistakes
from autograder.sandbox.choose import BEST, choose, why_not_the_best
from autograder.scores import Scores
from autograder.secret import course_secret, fingerprint

MAX_IGNORED = 20  # entries of the folder that are named
MAX_MISTAKES = 12  # of the class that are named
COLOURS = {
    judge.PASS: "green",
    judge.CARRIED: "cyan",
    judge.FAIL: "red",
    judge.BLOCKED: "yellow",
    judge.GRADER_ERROR: "magenta",
}
MARKS = {judge.PASS: "■", judge.CARRIED: "→", judge.FAIL: "✗", judge.BLOCKED: "·", judge.GRADER_ERROR: "?"}


def run(folder, out, assignment, secret_file, jobs, course, roster_file=None, sandbox=None):
    """Grade what is new or changed in `folder` into `out`, then into nbgrader's folder `course`.

    sandbox: how to isolate student code (sandbox.choose.STACKS), None for the best that works. Returns the exit
    status.
    """
    console = Console(highlight=False, soft_wrap=True)
    roster = read_roster(roster_file) if roster_file else None
    found = survey(folder, assignment.name)
    students = make_class(found.submissions, assignment.attempts, roster)
    _print_ignored(found.ignored, console)
    stack = choose(sandbox)  # before anything is written: without a sandbox there is nothing to do
    if stack is not BEST:
        why = why_not_the_best() or "It was asked for."
        console.print(f"[yellow]sandbox: {stack.NAME}.[/] {escape(why)}")
    secret, is_new = course_secret(secret_file)
    if is_new:
        console.print(f"Made a new course secret: {secret_file}. Keep a copy; a regrade needs it.")
    with Scores(out) as scores:
        todo = _todo(students, assignment, secret, sandbox, scores, console)
        if todo:
            with console.status("Checking the checks on the reference…"):
                check_reference(assignment, secret)
            try:
                _grade_all(todo, students, jobs, scores, console)
            except BrokenProcessPool:
                console.print("[red]A grading process was killed.[/] What was graded is kept: run it again.")
                return 1
        counting = _settle_all([student for student in students if student.graded], scores)
        absent = [absent_score(student, assignment) for student in students if not student.graded]
        status = _finish([score for _, score in counting], absent, assignment, scores, console)
        _write_course(
            course, assignment, [*counting, *((None, score) for score in absent)], roster or (), console
        )
        return status


def _print_ignored(ignored, console):
    for name, reason in ignored[:MAX_IGNORED]:
        console.print(f"ignored: {escape(one_line(name))}: {escape(one_line(reason))}")
    if len(ignored) > MAX_IGNORED:
        console.print(f"ignored: {len(ignored) - MAX_IGNORED} more entries")


def _todo(students, assignment, secret, sandbox, scores, console):
    """Jobs for the submissions that have no score, or one that something has changed for."""
    todo, other_secret, count = [], 0, 0
    for student in students:
        for submission in student.graded:
            job = Job(submission, assignment, secret, scores.scratch, sandbox)
            score = scores.read(student.name)
            if len(student.graded) > 1:
                score, _ = scores.read_attempt(student.name, submission.attempt)
            count += 1
            if needs_grading(job, score):
                todo.append(job)
                other_secret += score is not None and score.get("secret") != fingerprint(secret)
    if other_secret:
        console.print(
            f"[yellow]{other_secret} submissions were graded with another course secret:[/] they are graded "
            "again, on other inputs. To keep to the old ones, stop and restore that secret from its copy."
        )
    if unchanged := count - len(todo):
        console.print(f"{unchanged} of {count} submissions are unchanged since they were graded.")
    return todo


def _grade_all(todo, students, jobs, scores, console):
    by_name = {student.name: student for student in students}
    width = min(24, max(len(job.submission.student) for job in todo))
    results = grade(todo, jobs)  # forks, so it comes before the progress bar starts its thread
    progress = Progress(
        TextColumn("grading"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    )
    with progress:
        task = progress.add_task("", total=len(todo))
        for score, record in results:
            student = by_name[score["student"]]
            if len(student.graded) > 1:
                scores.write_attempt(score, record)
            else:
                score = settle(score, student.graded[0], student)
                scores.write(score, record)
            console.print(describe(score, width))
            progress.advance(task)


def describe(score, width):
    """One line on a graded submission, as rich markup: who, how many points, what failed first."""
    exercises = score["exercises"]
    marks = "".join(_mark(result["status"]) for result in exercises.values())
    points = "–" if score["score"] is None else f"{score['score']:g}"
    if score["status"] != GRADED:
        what = f"{score['status']}: {score['message']}"
    else:
        failed = [id for id, result in exercises.items() if result["status"] != judge.PASS]
        failed.sort(key=lambda id: exercises[id]["status"] != judge.FAIL)
        what = f"{failed[0]}: {_called(exercises[failed[0]])}" if failed else ""
    if score["changed"]:
        what += f" (given code put back: {', '.join(score['changed'])})"
    if said := remark(score):
        what = f"[{said}] {what}"
    name = score["student"] if len(score["student"]) <= width else score["student"][: width - 1] + "…"
    return f"{escape(name):<{width}} {points:>7} / {score['max_score']:g}  {marks}  {escape(one_line(what))}"


def _called(result):
    """What an exercise's failure is called: by the names of its mistakes if all are known, or what was seen."""
    mistakes = result["mistakes"]
    if mistakes and all(mistake["kind"] == NAMED for mistake in mistakes):
        return ", ".join(mistake["tag"].replace("_", " ") for mistake in mistakes)
    return result["message"]


def one_line(text):
    """Text of a student's, safe for a terminal: no control characters, no line breaks, not too long."""
    return "".join(c if c.isprintable() else "·" for c in text)[:140]


def _mark(status):
    return f"[{COLOURS[status]}]{MARKS[status]}[/]"


def _settle_all(students, scores):
    """(submission that counts, its score as it is stored) of each student."""
    settled = []
    for student in students:
        stored = scores.read(student.name)
        if len(student.graded) > 1:
            attempts = [scores.read_attempt(student.name, attempt.attempt) for attempt in student.graded]
            points = {score["attempt"]: score["score"] for score, _ in attempts}
            best = choose_best([score for score, _ in attempts])
            score, record = attempts[best]
            score = settle(score, student.graded[best], student, points)
        else:
            best = 0
            score, record = settle(stored, student.graded[0], student), scores.read_record(student.name)
        if score != stored:
            scores.write(score, record)
        settled.append((student.graded[best], score))
    return settled


def _write_course(course, assignment, results, roster, console):
    from autograder.gradebook.course import write_course  # nbgrader takes its time to import

    with console.status("Writing nbgrader's gradebook…"):
        said = write_course(course, assignment, results, roster)
    for sentence in said:
        console.print(escape(one_line(sentence)))
    console.print(f"gradebook and notebooks for nbgrader: {course}")


def _finish(all_scores, absent, assignment, scores, console):
    """Write grades.csv and say how the class did: grader errors first. Returns the exit status."""
    rows = [{**score, "remark": remark(score)} for score in all_scores + absent]
    rows.sort(key=lambda row: row["student"])
    scores.write_grades(rows, [exercise.id for exercise in assignment.exercises])
    mistakes = class_mistakes(all_scores)
    scores.write_mistakes(mistakes)
    errors = [score for score in all_scores if score["status"] == GRADER_ERROR]
    console.print()
    for score in errors:
        console.print(
            f"[magenta bold]Grader error[/] {escape(score['student'])}: {escape(one_line(score['message']))}"
        )
    known = [score["score"] for score in all_scores if score["score"] is not None]
    _print_exercises(all_scores, assignment, console)
    for score in all_scores:
        if said := remark(score):
            console.print(f"{escape(score['student'])}: {escape(one_line(said))}")
    if absent:
        names = ", ".join(score["student"] for score in absent)
        console.print(f"on the roster, nothing handed in: {escape(one_line(names))}")
    by_status = collections.Counter(score["status"] for score in all_scores)
    counts = ", ".join(f"{count} {status}" for status, count in sorted(by_status.items()))
    _print_mistakes(mistakes, console)
    console.print(f"{len(all_scores)} submissions: {counts}")
    if known:
        console.print(
            f"score of {assignment.total:g}: mean {statistics.mean(known):.1f}, "
            f"median {statistics.median(known):g}, from {min(known):g} to {max(known):g}"
        )
    console.print(f"grades: {scores.folder / 'grades.csv'}   check by check: {scores.folder / 'scores'}")
    console.print(f"mistakes: {scores.folder / 'mistakes.csv'}")
    return 1 if errors else 0


def _print_mistakes(mistakes, console):
    """The most common mistakes of the class, a line each."""
    for mistake in mistakes[:MAX_MISTAKES]:
        who = f"  ({mistake.students[0]})" if len(mistake.students) == 1 else ""
        console.print(
            escape(one_line(f"{len(mistake.students):>4}  {mistake.exercise}: {mistake.name}{who}"))
        )
    if len(mistakes) > MAX_MISTAKES:
        console.print(f"      and {len(mistakes) - MAX_MISTAKES} other mistakes")


def _print_exercises(all_scores, assignment, console):
    """One line an exercise, in the order of the marks above: how many passed."""
    legend = "  ".join(f"{_mark(status)} {status}" for status in COLOURS)
    console.print(f"{legend}    in the order: {', '.join(e.id for e in assignment.exercises)}")
    passed = {
        exercise.id: sum(s["exercises"][exercise.id]["status"] == judge.PASS for s in all_scores)
        for exercise in assignment.exercises
    }
    console.print("passed: " + "  ".join(f"{id} {count}" for id, count in passed.items()))
