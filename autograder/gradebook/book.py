"""Writes points into nbgrader's gradebook, for a class in one transaction: a run that is killed leaves the old ones.

An instructor's manual scores, extra credit, comments and flags stay as they are. The tables are nbgrader's own
(nbgrader.api); a whole class goes in with a few statements, where nbgrader commits grade by grade.
"""

import contextlib
import dataclasses
import datetime
import os
import sqlite3

import sqlalchemy
from nbgrader import api
from sqlalchemy import event, func, insert, select, update

from autograder.errors import BookError

BUSY_SECONDS = 60  # how long to wait while formgrader writes
FEW = 500  # students, up to which only their rows are read
PERSON = ("first_name", "last_name", "email", "lms_user_id")
STUDENT, SUBMISSION, NOTEBOOK, GRADE, COMMENT = (
    table.__table__
    for table in (api.Student, api.SubmittedAssignment, api.SubmittedNotebook, api.Grade, api.Comment)
)


@dataclasses.dataclass(frozen=True)
class Entry:
    """What goes into the gradebook for a student.

    points: by exercise id, None for what could not be judged; None in all for a student who handed in nothing.
    is_regrade: judged anew, so manual scores are to be looked at again. when: time of handing in, with a time
    zone, or None to leave what there is. comments: (notebook, grade_id) → nbgrader's automatic comment, or None.
    person: first_name, last_name, email, lms_user_id, so far as they are known, for where the gradebook has none.
    """

    student: str
    points: dict | None
    is_regrade: bool = True
    when: datetime.datetime | None = None
    comments: dict = dataclasses.field(default_factory=dict)
    person: dict = dataclasses.field(default_factory=dict)


def save(db_url, assignment, entries, penalty=None):
    """Write the `Entry`s of students into a gradebook, all or none.

    assignment: its name there. penalty(student, score, seconds late) → points off a notebook, or None; without it
    penalties stay as they are. Raises BookError.
    """
    engine = _engine(db_url)
    try:
        with engine.begin() as connection:
            _Saving(connection, assignment).save(entries, penalty)
    except sqlalchemy.exc.DatabaseError as error:
        raise BookError(f"The gradebook can't be written: {error.orig}.") from None
    finally:
        engine.dispose()


def exercises(db_url, assignment):
    """{exercise id: maximum points} of the assignment's grade cells; empty if the gradebook does not know it.

    Raises BookError if the gradebook can't be used at all.
    """
    engine = _engine(db_url)
    try:
        with engine.begin() as connection:
            if not sqlalchemy.inspect(connection).has_table(api.Assignment.__tablename__):
                return {}  # an empty one
            try:
                saving = _Saving(connection, assignment)
            except BookError:
                return {}
            return {cell.name: cell.max_score for cell in saving.cells if cell.type == "GradeCell"}
    except sqlalchemy.exc.DatabaseError as error:
        raise BookError(f"The gradebook can't be read: {error.orig}.") from None
    finally:
        engine.dispose()


def check_gradebook(path):
    """Raise BookError if a gradebook is damaged: it may hold what a person has graded, so it is not made anew."""
    if not os.path.lexists(path):
        # By what a killed run left of the old one, SQLite would "mend" a new one.
        for left in ("-journal", "-wal", "-shm"):
            path.with_name(path.name + left).unlink(missing_ok=True)
        return
    try:
        if path.is_file() and not path.stat().st_size:
            raise sqlite3.DatabaseError("it is empty")  # to SQLite, a new one
        with contextlib.closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as database:
            [(found,)] = database.execute("PRAGMA quick_check(1)").fetchall()
            if found != "ok":
                raise sqlite3.DatabaseError(found.splitlines()[-1])
    except sqlite3.OperationalError as error:
        raise BookError(f"{path} can't be used: {error}.") from None
    except sqlite3.DatabaseError as error:
        raise BookError(
            f"{path} is damaged ({error}). Restore it from a copy. If there is none, move it away and run this again: "
            "a new one has all of the grader's points, but not what people added."
        ) from None


def copy_gradebook(old, new):
    """Copy a gradebook as SQLite sees it: a run that was killed while writing may have left it to be mended."""
    with (
        contextlib.closing(sqlite3.connect(old)) as source,
        contextlib.closing(sqlite3.connect(new)) as target,
    ):
        source.backup(target)


def _engine(db_url):
    if not db_url.startswith("sqlite:"):
        return sqlalchemy.create_engine(db_url)
    engine = sqlalchemy.create_engine(db_url, connect_args={"timeout": BUSY_SECONDS})

    # What is read here must still hold when it is written: Python's sqlite3 would begin at the first change.
    @event.listens_for(engine, "connect")
    def _no_own_transactions(connection, _):
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def _begin(connection):
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


class _Saving:
    """One transaction on the gradebook."""

    def __init__(self, connection, name):
        self.connection = connection
        found = connection.execute(
            select(api.Assignment.id, api.Assignment.duedate).where(api.Assignment.name == name)
        ).first()
        if found is None:
            raise BookError(
                f"The gradebook has no assignment {name}: run nbgrader generate_assignment {name}."
            )
        self.assignment, self.duedate = found
        self.cells = connection.execute(
            select(
                api.BaseCell.id,
                api.BaseCell.name,
                api.BaseCell.type,
                api.Notebook.id.label("notebook"),
                api.Notebook.name.label("notebook_name"),
                api.GradeCell.__table__.c.max_score,
            )
            .select_from(api.BaseCell.__table__)
            .join(api.Notebook, api.Notebook.id == api.BaseCell.notebook_id)
            .outerjoin(api.GradeCell.__table__, api.GradeCell.__table__.c.id == api.BaseCell.id)
            .where(api.Notebook.assignment_id == self.assignment)
        ).all()
        # Those without a cell of ours too: nbgrader wants a row for each.
        self.notebooks = connection.scalars(
            select(api.Notebook.id).where(api.Notebook.assignment_id == self.assignment)
        ).all()

    def save(self, entries, penalty):
        entries = {entry.student: entry for entry in entries}
        self._only = list(entries) if len(entries) <= FEW else None
        known = {cell.name for cell in self.cells if cell.type == "GradeCell"}
        for entry in entries.values():
            if missing := sorted((entry.points or {}).keys() - known):
                raise BookError(f"The gradebook has no grade cell for the exercise {missing[0]}.")
        self._save_students(entries.values())
        handed_in = {name: entry for name, entry in entries.items() if entry.points is not None}
        submissions = self._save_submissions(handed_in)
        notebooks = self._save_notebooks(submissions)
        self._save_grades(handed_in, notebooks)
        self._save_comments(handed_in, notebooks)
        if penalty is not None:
            self._save_penalties(submissions, notebooks, penalty)

    def _save_students(self, entries):
        columns = [STUDENT.c[name] for name in PERSON]
        rows = self.connection.execute(self._of_these(select(STUDENT.c.id, *columns), STUDENT.c.id))
        known = {row.id: row._asdict() for row in rows}
        new = [
            {"id": e.student, **dict.fromkeys(PERSON), **e.person} for e in entries if e.student not in known
        ]
        self._insert(STUDENT, new)
        for name in PERSON:
            changed = [
                {"key": e.student, name: e.person[name]}
                for e in entries
                if e.person.get(name) and e.student in known and not known[e.student][name]
            ]
            self._update(STUDENT, changed)

    def _save_submissions(self, entries):
        """{student: row of their submission}."""
        old = self._submissions()
        self._insert(
            SUBMISSION,
            [
                {
                    "id": api.new_uuid(),
                    "assignment_id": self.assignment,
                    "student_id": name,
                    "timestamp": _utc(e.when),
                }
                for name, e in entries.items()
                if name not in old
            ],
        )
        changed = [
            {"key": old[name].id, "timestamp": _utc(entry.when)}
            for name, entry in entries.items()
            if name in old and entry.when is not None and old[name].timestamp != _utc(entry.when)
        ]
        self._update(SUBMISSION, changed)
        return {name: row for name, row in self._submissions().items() if name in entries}

    def _submissions(self):
        query = select(SUBMISSION).where(SUBMISSION.c.assignment_id == self.assignment)
        rows = self.connection.execute(self._of_these(query, SUBMISSION.c.student_id))
        return {row.student_id: row for row in rows}

    def _save_notebooks(self, submissions):
        """{(student, notebook id): row of the submitted notebook}."""
        owners = {row.id: student for student, row in submissions.items()}
        query = select(NOTEBOOK).join(SUBMISSION, SUBMISSION.c.id == NOTEBOOK.c.assignment_id)
        query = query.where(SUBMISSION.c.assignment_id == self.assignment)
        query = self._of_these(query, SUBMISSION.c.student_id)

        def read():
            rows = self.connection.execute(query)
            return {(owners[r.assignment_id], r.notebook_id): r for r in rows if r.assignment_id in owners}

        old = read()
        new = [
            {"id": api.new_uuid(), "assignment_id": row.id, "notebook_id": notebook, "flagged": False}
            for student, row in submissions.items()
            for notebook in self.notebooks
            if (student, notebook) not in old
        ]
        self._insert(NOTEBOOK, new)
        return read() if new else old

    def _save_grades(self, entries, notebooks):
        old = self._rows_of_cells(GRADE)
        new, changed = [], []
        for (student, cell), notebook in self._places(notebooks, ("GradeCell", "TaskCell")):
            entry, row = entries[student], old.get((notebook.id, cell.id))
            points = entry.points.get(cell.name)
            manual = row is not None and row.manual_score is not None
            if row is None:
                values = {"auto_score": points, "needs_manual_grade": points is None}
                new.append({"id": api.new_uuid(), "cell_id": cell.id, "notebook_id": notebook.id, **values})
            elif cell.name in entry.points and (entry.is_regrade or row.auto_score != points):
                # nbgrader's rule: what a person graded is to be looked at again after a regrade.
                values = {"auto_score": points, "needs_manual_grade": manual or points is None}
                if (row.auto_score, row.needs_manual_grade) != tuple(values.values()):
                    changed.append({"key": row.id, **values})
        self._insert(GRADE, new)
        self._update(GRADE, changed)

    def _save_comments(self, entries, notebooks):
        old = self._rows_of_cells(COMMENT)
        new, changed = [], []
        for (student, cell), notebook in self._places(notebooks, ("SolutionCell", "TaskCell")):
            comments, key = entries[student].comments, (cell.notebook_name, cell.name)
            row = old.get((notebook.id, cell.id))
            if row is None:
                ids = {"id": api.new_uuid(), "cell_id": cell.id, "notebook_id": notebook.id}
                new.append({**ids, "auto_comment": comments.get(key)})
            elif key in comments and row.auto_comment != comments[key]:
                changed.append({"key": row.id, "auto_comment": comments[key]})
        self._insert(COMMENT, new)
        self._update(COMMENT, changed)

    def _save_penalties(self, submissions, notebooks, penalty):
        if self.duedate is None:
            return
        # nbgrader's own column: what is manual goes before what is automatic.
        query = select(api.Grade.notebook_id, func.sum(api.Grade.score)).group_by(api.Grade.notebook_id)
        scores = dict(self.connection.execute(query).all())
        changed = []
        for (student, _), row in notebooks.items():
            submission = submissions[student]
            late = _seconds_late(submission, self.duedate)
            points = penalty(student, scores.get(row.id, 0.0), late) if late > 0 else None
            if row.late_submission_penalty != points:
                changed.append({"key": row.id, "late_submission_penalty": points})
        self._update(NOTEBOOK, changed)

    def _places(self, notebooks, types):
        """((student, cell), submitted notebook) for every cell of these types."""
        cells = [cell for cell in self.cells if cell.type in types]
        students = dict.fromkeys(student for student, _ in notebooks)
        return [
            ((student, cell), notebooks[student, cell.notebook]) for student in students for cell in cells
        ]

    def _rows_of_cells(self, table):
        """{(submitted notebook's id, cell's id): row} of grades or comments."""
        query = select(table).join(NOTEBOOK, NOTEBOOK.c.id == table.c.notebook_id)
        query = query.join(SUBMISSION, SUBMISSION.c.id == NOTEBOOK.c.assignment_id)
        query = query.where(SUBMISSION.c.assignment_id == self.assignment)
        rows = self.connection.execute(self._of_these(query, SUBMISSION.c.student_id))
        return {(row.notebook_id, row.cell_id): row for row in rows}

    def _of_these(self, query, column):
        """The query, for these students alone if they are few: not the whole class for each one."""
        return query if self._only is None else query.where(column.in_(self._only))

    def _insert(self, table, rows):
        if rows:
            self.connection.execute(insert(table), rows)

    def _update(self, table, rows):
        """Update rows by their "key". Statements are only sent where something changes."""
        if rows:
            names = rows[0].keys() - {"key"}
            statement = update(table).where(table.c.id == sqlalchemy.bindparam("key"))
            statement = statement.values({name: sqlalchemy.bindparam(f"new_{name}") for name in names})
            values = [{"key": row["key"], **{f"new_{name}": row[name] for name in names}} for row in rows]
            self.connection.execute(statement, values)


def _seconds_late(submission, duedate):
    if submission.timestamp is None:
        return 0
    due = duedate + submission.extension if submission.extension is not None else duedate
    return max(0, (submission.timestamp - due).total_seconds())


def _utc(when):
    """A time as nbgrader stores it: UTC, without saying so."""
    return when and when.astimezone(datetime.UTC).replace(tzinfo=None)
