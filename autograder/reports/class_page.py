"""Writes the class report: OUT/report/index.html, one page that needs nothing else, and a CSV file for each table."""

from autograder.reports.class_report import OUTCOMES, class_report
from autograder.reports.made import bring_up_to_date
from autograder.reports.pages import MADE_BY, environment
from autograder.reports.tables import tables
from autograder.scores import version_of

REPORT, PAGE = "report", "index.html"  # in the output folder


def write_class_report(scores, assignment, counting, absent):
    """Write the report of a class into its output folder, unless it is there already; returns the page's path.

    scores: scores.Scores. counting: the scores that count, as stored. absent: names of students who handed in
    nothing. Raises scores.ScoresError.
    """
    names = [score["student"] for score in counting]
    times = {name: scores.read_facts(name) or {} for name in names}
    histories = {name: scores.read_history(name) for name in names}
    report = class_report(assignment, counting, absent, times, histories)

    def make():
        return {f"{REPORT}/{name}": text for name, text in {**csv_files(report), PAGE: page(report)}.items()}

    bring_up_to_date(scores, REPORT, repr(report) + version_of(MADE_BY), make)
    return scores.folder / REPORT / PAGE


def page(report):
    """The HTML page of a class_report.ClassReport."""
    from autograder.reports.class_plots import pictures  # matplotlib takes its time to import

    parts = {
        "reteach": "What to teach again",
        "attention": "Waiting for you",
        "totals": "Totals",
        "exercises": "Exercises",
        "mistakes": "Mistakes with a name",
        "unknown": "Mistakes without a name",
        "blocked": "Blocked, stopped, not run",
        "changes": "Who improved or fell",
        "time": "Time",
    }
    attention = _attention(report)
    left_out = {"attention": not attention, "changes": not report.changes}
    if not report.submissions:
        left_out |= {id: True for id in parts if id not in ("reteach", "attention")}
    return (
        environment()
        .get_template("class.html")
        .render(
            report=report,
            tables=tables(report),
            pictures=pictures(report) if report.submissions else {},
            outcomes=list(OUTCOMES),
            attention=attention,
            improved=sum(after > before for _, _, before, after in report.changes),
            parts=[(id, name) for id, name in parts.items() if not left_out.get(id)],
        )
    )


def csv_files(report):
    """The tables of a report: text by name of the file."""
    return {f"{name}.csv": table.as_csv() for name, table in tables(report).items()}


def _attention(report):
    """[(what is to be looked at, students)]."""
    found = [
        ("graded without a sandbox: nobody can vouch for these scores", report.unguarded),
        ("could not be run", [student for student, *_ in report.not_run]),
        ("changed given code", [student for student, _ in report.changed]),
        (
            "with points to decide",
            sorted({s for mistake in report.unknown if mistake.note for s in mistake.students}),
        ),
        ("handed in nothing", report.absent),
    ]
    return [(what, students) for what, students in found if students]
