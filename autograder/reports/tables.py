"""The tables of the class report: what the page shows of them, and each whole as a CSV file."""

import csv
import dataclasses
import io
import statistics

from autograder.reports.class_report import OUTCOMES
from autograder.texts import csv_cell

AS_IF = "This is what you get when "  # how diagnosis begins: the table's head says it
SEPARATOR = "; "  # between names in a cell


@dataclasses.dataclass(frozen=True)
class Table:
    """One table. name: of its CSV file, without .csv. caption: a sentence, for the page. columns: their heads.
    rows: tuples of cells, the most important first; a cell is a number, a text, None for nothing, or a list of names.
    """

    name: str
    caption: str
    columns: tuple
    rows: list

    def part(self, columns, most):
        """The Table of these columns, and of the first `most` rows."""
        places = [self.columns.index(column) for column in columns]
        rows = [tuple(row[place] for place in places) for row in self.rows[:most]]
        return dataclasses.replace(self, columns=tuple(columns), rows=rows)

    def as_csv(self):
        """All of it as the text of a CSV file; no cell is a formula to a spreadsheet."""
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        table.writerow(self.columns)
        table.writerows([_csv(cell) for cell in row] for row in self.rows)
        return text.getvalue()


def tables(report):
    """All Tables of a class_report.ClassReport, by name."""
    found = [
        _reteach(report),
        _totals(report),
        _distribution(report),
        _exercises(report),
        _named(report),
        _unknown(report),
        Table(
            "blocked",
            "An exercise is blocked while one that it builds on earns nothing, or is wrong.",
            ("exercise at fault", "blocked exercise", "submissions", "students"),
            [(cause, id, len(students), students) for cause, id, students in report.blocked],
        ),
        Table(
            "stopped",
            "Code that did not come to its end, by what stopped it.",
            ("what", "exercise", "submissions", "students"),
            [(what, id, len(students), students) for what, id, students in report.stopped],
        ),
        Table(
            "not_run",
            "Submissions that could not be run at all.",
            ("student", "status", "message"),
            report.not_run,
        ),
        Table(
            "changed",
            "Given code that students had changed. It was put back before judging.",
            ("student", "put back"),
            report.changed,
        ),
        Table("remarks", "What else there is to say.", ("student", "remark"), report.remarks),
        Table(
            "changes",
            "The last change of each student's score, the newest first.",
            ("student", "when", "before", "after", "change"),
            [
                (student, when, before, after, round(after - before, 2))
                for student, when, before, after in report.changes
            ],
        ),
        _time(report),
    ]
    return {table.name: table for table in found}


def _reteach(report):
    columns = ("exercise", "revisit", "did not get it right", "of", "not written", "right but slow")
    return Table(
        "reteach",
        "What to teach again: the exercises that cost most points.",
        (*columns, "points lost in it", "points lost in what builds on it", "students"),
        [
            (
                item.exercise,
                item.lecture,
                len(item.students),
                item.of,
                item.unwritten,
                item.slow,
                item.lost,
                item.lost_elsewhere,
                item.students,
            )
            for item in report.reteach
        ],
    )


def _totals(report):
    rows = [(*row, report.total) for row in report.scores]
    # The slowest first: the page shows these.
    rows.sort(key=lambda row: (-(row[3] or 0), row[0]))
    return Table(
        "totals",
        "CPU time of the judging, and the time that grading took with all around it, diagnosis too; the slowest first.",
        ("student", "status", "score", "CPU s", "wall s", "of"),
        rows,
    )


def _distribution(report):
    starts = [start for start, *_ in report.bins]
    ends = [f"below {end:g}" for end in starts[1:]] + ["and more"]
    return Table(
        "distribution",
        "How many submissions have how many points.",
        ("points from", "to", "ran", "others"),
        [(start, end, ran, others) for (start, ran, others), end in zip(report.bins, ends)],
    )


def _exercises(report):
    rows = []
    for exercise in report.exercises:
        found = exercise.discrimination
        least, most = found.interval or (None, None)
        said = found.why or ("negative: look at our key" if found.is_negative else "")
        rows.append(
            (
                exercise.id,
                exercise.points,
                "yes" if exercise.extra_credit else "",
                *(exercise.outcomes[name] for name in OUTCOMES),
                _rounded(exercise.share),
                _rounded(found.correlation),
                _rounded(least),
                _rounded(most),
                found.n,
                said,
                exercise.lecture,
            )
        )
    columns = (
        "exercise",
        "points",
        "extra credit",
        *OUTCOMES,
        "mean share",
        "item–rest",
        "least",
        "most",
        "n",
    )
    return Table(
        "exercises",
        "How each exercise went.",
        (*columns, "remark", "lecture"),
        rows,
    )


def _named(report):
    lecture = {exercise.id: exercise.lecture for exercise in report.exercises}
    return Table(
        "mistakes",
        "Mistakes that the grader knows by name, the commonest first.",
        ("exercises", "mistake", "submissions", "results as if", "revisit", "students"),
        [
            (
                ", ".join(ids),
                name,
                len(students),
                sentence.removeprefix(AS_IF),
                _first(dict.fromkeys(filter(None, (lecture[id] for id in ids)))),
                students,
            )
            for ids, name, sentence, students in report.named
        ],
    )


def _first(texts):
    """The first of some texts, and how many more there are; "" if there are none."""
    first, *others = [*texts] or [""]
    return f"{first}, and {len(others)} more" if others else first


def _unknown(report):
    return Table(
        "unknown_mistakes",
        "Wrong results without a name. Students in one row got the same numbers.",
        (
            "exercise",
            "mistake",
            "submissions",
            "what is odd",
            "note",
            "smallest case of the first",
            "students",
        ),
        [
            (m.exercise, m.name, len(m.students), m.sentence, m.note, m.case, m.students)
            for m in report.unknown
        ],
    )


def _time(report):
    rows = []
    for exercise in report.exercises:
        seconds = exercise.cpu_seconds
        if seconds:
            slowest = max(seconds, key=lambda student: (seconds[student], student))
            middle, most = statistics.median(seconds.values()), seconds[slowest]
            rows.append((exercise.id, len(seconds), round(middle, 3), round(most, 3), slowest))
    return Table(
        "time",
        "CPU seconds of the judging, by exercise.",
        ("exercise", "submissions", "median", "most", "slowest"),
        rows,
    )


def _rounded(value):
    return None if value is None else round(value, 2)


def _csv(cell):
    if isinstance(cell, list):
        cell = SEPARATOR.join(cell)
    return "" if cell is None else csv_cell(cell)
