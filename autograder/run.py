"""One run of `autograder grade`: from a folder of submissions to scores and a table in the terminal."""

import collections
import statistics

from rich.console import Console
from rich.markup import escape

from autograder import judge
from autograder.classlist import absent_score, choose_best, remark, settle
from autograder.errors import Refusal
from autograder.grade import GRADER_ERROR, Job, check_reference, grade, needs_grading
from autograder.gradebook.stamp import Stamp
from autograder.live import GradingView, legend, lines_of, one_line, own_remark, standings, width_of
from autograder.mistakes import across_exercises, class_mistakes
from autograder.places import find_class
from autograder.sandbox.choose import BEST, UNGUARDED, choose, why_not_the_best
from autograder.scores import Scores, ScoresError
from autograder.secret import course_secret, fingerprint

MAX_IGNORED = 20  # entries of the folder that are named
MAX_MISTAKES = 12  # of the class that are named
MAX_WHO = 3  # students that are named of each
MAX_COLUMNS = 140  # of a line about a mistake


def run(places, jobs, sandbox=None, anonymous=False, cluster=None):
    """Grade what is new or changed, with `jobs` processes, then bring all that is made of the scores up to date.

    places: places.Places. sandbox: how to isolate student code (sandbox.choose), None for the best that works.
    anonymous: whether students go by pseudonyms in all that is written and shown. cluster: the cluster.Cluster that
    grades, in place of this machine. Returns the exit status.
    """
    console = Console(highlight=False, soft_wrap=True)
    found = find_class(places)
    if not anonymous:
        _print_ignored(found.ignored, console)
    elif found.ignored:
        many = _count(len(found.ignored), "entry", "entries")
        console.print(f"ignored: {many}; without --anonymous their names are said")
    # Before anything is written: without a sandbox there is nothing to do.
    if cluster:
        _wait_for_workers(cluster, console)
    stack = BEST if cluster and sandbox != UNGUARDED.NAME else choose(sandbox)
    if stack is UNGUARDED:
        console.print(
            "[red bold]NO SANDBOX.[/] Student code runs with all rights of this user: it can read the course secret "
            "and the other submissions, write scores, and leave processes behind. Every score is marked."
        )
    elif stack is not BEST:
        why = why_not_the_best() or "It was asked for."
        console.print(f"[yellow]sandbox: {stack.NAME}.[/] {escape(why)}")
    secret, is_new = course_secret(places.secret)
    if is_new:
        console.print(f"Made a new course secret: {places.secret}. Keep a copy; a regrade needs it.")
    with Scores(places.out) as scores:
        if anonymous:
            found = _under_pseudonyms(found, secret, scores, places.course, console)
        students = sorted(student.name for student in found.students if student.graded)
        facts = {"anonymous": anonymous, "sandbox": sandbox, "students": students}
        scores.write_run(places.as_text() | facts)
        todo = _todo(found, secret, sandbox, scores, console)
        if todo:
            with console.status("Checking the checks on the reference…"):
                check_reference(found.assignment, secret)
            _grade_all(todo, found, jobs, scores, console, cluster and cluster.grade)
        return conclude(found, places.course, scores, console)


def conclude(classroom, course, scores, console):
    """Write and show all that is made of the scores of a class. Returns the exit status.

    classroom: places.Classroom, whose submissions are graded. course: nbgrader's folder. scores: scores.Scores.
    """
    assignment = classroom.assignment
    _print_others(scores, [student.name for student in classroom.students], console)
    counting = _settle_all([student for student in classroom.students if student.graded], scores)
    _print_set_aside(scores, console)
    absent = [absent_score(student, assignment) for student in classroom.students if not student.graded]
    status = _finish([score for _, score in counting], absent, assignment, scores, console)
    results = [*counting, *((None, score) for score in absent)]
    _write_feedback(scores, [score for _, score in counting], assignment, console)
    _write_report(scores, assignment, results, console)
    _write_course(course, assignment, results, classroom.roster or (), scores, console)
    return status


def _wait_for_workers(cluster, console):
    with console.status(f"Waiting for workers of {escape(cluster.address)}…"):
        able, refusals = cluster.wait_for_workers()
    console.print(f"workers that grade: {able}")
    for why, count in refusals.items():
        console.print(f"[yellow]workers that refuse: {count}.[/] {escape(one_line(why))}")


def _print_ignored(ignored, console):
    for name, reason in ignored[:MAX_IGNORED]:
        console.print(f"ignored: {escape(one_line(name))}: {escape(one_line(reason))}")
    if len(ignored) > MAX_IGNORED:
        more = _count(len(ignored) - MAX_IGNORED, "more entry", "more entries")
        console.print(f"ignored: {more}")


def _print_others(scores, students, console):
    """Who was graded into the same folder before, and is not in this class."""
    if others := scores.others(students):
        names = ", ".join(others[:MAX_IGNORED]) + (" …" if len(others) > MAX_IGNORED else "")
        console.print(
            f"[yellow]Graded into {escape(str(scores.folder))} before, and not in this class: {len(others)}[/] "
            f"({escape(one_line(names))}). Their scores are kept; tables, report and exports leave them out. "
            "Another class goes into a folder of its own."
        )


def _todo(found, secret, sandbox, scores, console):
    """Jobs for the submissions that have no score, or one that something has changed for."""
    todo, other_secret, count = [], 0, 0
    for student in found.students:
        for submission in student.graded:
            job = Job(submission, found.assignment, secret, scores.scratch, sandbox)
            score = scores.read(student.name)
            if len(student.graded) > 1:
                score, _ = scores.read_attempt(student.name, submission.attempt)
            count += 1
            if needs_grading(job, score):
                todo.append(job)
                other_secret += score is not None and score.get("secret") != fingerprint(secret)
    if other_secret:
        console.print(
            f"[yellow]{_count(other_secret, 'submission was', 'submissions were')} graded with another course "
            "secret:[/] graded again, on other inputs. To keep to the old ones, stop and restore that secret from "
            "its copy."
        )
    if unchanged := count - len(todo):
        whole = _count(count, "submission is", "submissions are")
        console.print(f"{unchanged} of {whole} unchanged since graded.")
    return todo


def _under_pseudonyms(found, secret, scores, course, console):
    """The class under pseudonyms; the list of them is written."""
    if named := next((student.name for student in found.students if scores.read(student.name)), None):
        raise ScoresError(f"{scores.folder} has scores under names ({named}): name another --out.")
    paths = [attempt.path.absolute() for student in found.students for attempt in student.attempts]
    if any(path.is_relative_to(course.absolute()) for path in paths):
        raise ScoresError(f"{course} holds what was handed in, under names: name another --course.")
    found = found.under_pseudonyms(secret)
    console.print(f"Students go by pseudonyms. Who is who: {found.names.write_list(scores.folder)}")
    return found


def _grade_all(todo, found, jobs, scores, console, grade_many=None):
    by_name = {student.name: student for student in found.students}
    # Not where only colours are wanted: FORCE_COLOR says that, of a pipe too.
    is_live = console.is_terminal and console.file.isatty() and not console.is_dumb_terminal
    with GradingView(console, [job.submission.student for job in todo], jobs, is_live) as view:
        for score, record in grade(todo, jobs, grade_many):
            student = by_name[score["student"]]
            score, record = found.hidden(student.name, score), found.hidden(student.name, record)
            if len(student.graded) > 1:
                scores.write_attempt(score, record)
            else:
                score = settle(score, student.graded[0], student)
                scores.write(score, record)
            view.add(score, record.get("wall_seconds", 0.0))


def _settle_all(students, scores):
    """(submission that counts, its score as it is stored) of each student."""
    settled = []
    for student in students:
        stored = scores.read(student.name)
        if len(student.graded) > 1:
            attempts = [scores.read_attempt(student.name, attempt.attempt) for attempt in student.graded]
            if (None, None) in attempts:
                raise _gone(student, scores)
            points = {score["attempt"]: score["score"] for score, _ in attempts}
            best = choose_best([score for score, _ in attempts])
            score, record = attempts[best]
            score = settle(score, student.graded[best], student, points)
        else:
            best = 0
            if stored is None:
                raise _gone(student, scores)
            score, record = settle(stored, student.graded[0], student), None
        if score != stored:
            scores.write(score, scores.read_record(student.name) if record is None else record)
        else:
            scores.write_history(score)  # it may have been lost
        settled.append((student.graded[best], score))
    return settled


def _print_set_aside(scores, console):
    for path in scores.set_aside:
        left = one_line(str(path), 300)
        console.print(
            "[yellow]A score's history was damaged:[/] it begins anew with the score as it is. "
            f"What is left of it: {escape(left)}"
        )


def _gone(student, scores):
    what = f"the score of {one_line(student.name)}, just written, can't be read"
    return ScoresError(f"In {scores.folder}, {what}. Does something else write there? Run it again.")


def _write_course(course, assignment, results, roster, scores, console):
    stamp = Stamp(course, assignment, results, roster)
    said = stamp.said()
    if said is None:
        from autograder.gradebook.course import write_course  # nbgrader takes its time to import

        with console.status("Writing nbgrader's gradebook…"):
            stamp.remove()
            try:
                said = write_course(course, assignment, results, roster, scores.read_record)
            except Refusal as error:
                raise Refusal(
                    f"{error}\nThe scores are kept; only nbgrader's folder is not up to date."
                ) from None
            stamp.put(said)
    for sentence in said:
        console.print(escape(one_line(sentence)))
    console.print(f"gradebook and notebooks for nbgrader: {course}")


def _write_report(scores, assignment, results, console):
    from autograder.reports.class_page import write_class_report  # jinja2 takes its time to import

    counting = [score for submission, score in results if submission]
    absent = [score["student"] for submission, score in results if not submission]
    with console.status("Writing the class report…"):
        page = write_class_report(scores, assignment, counting, absent)
    console.print(f"class report: {page}")


def _write_feedback(scores, all_scores, assignment, console):
    from autograder.reports.write_feedback import write_feedback  # jinja2 takes its time to import

    with console.status("Writing the students' feedback…"):
        folder = write_feedback(scores, all_scores, assignment)
    console.print(f"feedback for students: {folder}")


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
        if said := own_remark(score):
            console.print(f"{escape(score['student'])}: {escape(one_line(said))}")
    if absent:
        names = ", ".join(score["student"] for score in absent)
        console.print(f"on the roster, nothing handed in: {escape(one_line(names))}")
    by_status = collections.Counter(score["status"] for score in all_scores)
    counts = ", ".join(f"{count} {status}" for status, count in sorted(by_status.items()))
    _print_mistakes(mistakes, console)
    console.print(f"{_count(len(all_scores), 'submission')}: {counts}")
    if known:
        console.print(
            f"score of {assignment.total:g}: mean {statistics.mean(known):.1f}, "
            f"median {statistics.median(known):.1f}, from {round(min(known), 1):g} to {round(max(known), 1):g}"
        )
    if not all(score["guarded"] for score in all_scores):
        console.print("[red bold]Graded without a sandbox:[/] nobody can vouch for these scores.")
    console.print(f"grades: {scores.folder / 'grades.csv'}   check by check: {scores.folder / 'scores'}")
    console.print(f"mistakes: {scores.folder / 'mistakes.csv'}")
    return 1 if errors else 0


def _print_mistakes(mistakes, console):
    """The most common mistakes of the class, a line each, with the first of those who made them."""
    mistakes = across_exercises(mistakes)
    for mistake in mistakes[:MAX_MISTAKES]:
        count = len(mistake.students)
        who = ", ".join(mistake.students[:MAX_WHO]) + (f", {count - MAX_WHO} more" if count > MAX_WHO else "")
        line = f"{count:>4}  {mistake.exercise}: {mistake.in_words} ({who})"
        console.print(escape(one_line(line, width_of(console) or MAX_COLUMNS)))
    if len(mistakes) > MAX_MISTAKES:
        console.print(f"      and {_count(len(mistakes) - MAX_MISTAKES, 'other mistake')}")


def _print_exercises(all_scores, assignment, console):
    """What the marks above mean, which exercises they are of, and how many passed each."""
    ids = [exercise.id for exercise in assignment.exercises]
    shown = set().union(*map(standings, all_scores))
    passed = [
        f"{id} {sum(score['exercises'][id]['status'] == judge.PASS for score in all_scores)}" for id in ids
    ]
    for head, items, gap in (
        ("", legend(shown), "  "),
        ("in the order: ", ids, ", "),
        ("passed: ", passed, "  "),
    ):
        for line in lines_of([head + "".join(items[:1]), *items[1:]], width_of(console), gap):
            console.print(line)


def _count(count, one, several=None):
    """A count in words: 1 submission, 2 submissions."""
    return f"{count} {one if count == 1 else several or one + 's'}"
