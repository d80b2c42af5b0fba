"""What `nbgrader generate_feedback` writes: our page on a student's submission, with what persons added to it.

FeedbackExporter stands in place of nbconvert's HTMLExporter (autograder/release/nbgrader_config.py). Each notebook's
page tells of the whole submission, with nbgrader's score, manual points, comments and late penalty, and then shows
the code of this notebook. It is what `nbgrader release_feedback` hands back.
"""

from pathlib import Path

from nbconvert.exporters import Exporter
from nbgrader.api import Gradebook
from nbgrader.converters import GenerateFeedback, NbGraderException
from nbgrader.coursedir import CourseDirectory

from autograder.assignment import load_assignment
from autograder.gradebook.course import KEPT
from autograder.gradebook.notebooks import NO_ANSWER, read_released
from autograder.intake.submission import MODULE
from autograder.reports.feedback import feedback
from autograder.reports.pages import environment, number
from autograder.reports.write_feedback import context
from autograder.scores import stored_score


class FeedbackExporter(Exporter):
    """Makes a page of HTML of a student's autograded notebook."""

    file_extension = ".html"
    output_mimetype = "text/html"

    def __init__(self, parent=None, **settings):
        super().__init__(parent=parent, **settings)
        if isinstance(parent, GenerateFeedback):
            # A copy: formgrader has one for all that it does. A student's edf.py is no feedback.
            course = parent.coursedir
            copied = {trait: getattr(course, trait) for trait in course.trait_names(config=True)}
            parent.coursedir = CourseDirectory(parent=course.parent, **copied)
            parent.coursedir.ignore = [*course.ignore, MODULE]

    def from_notebook_node(self, nb, resources=None, **settings):
        """(HTML, resources) of a notebook in autograded/. Raises NbGraderException if it has no score."""
        nb, resources = super().from_notebook_node(nb, resources, **settings)
        where = resources["nbgrader"]
        made = self._feedback(where["assignment"], where["student"])
        manual, comments, final = _of_persons(where)
        handed_out = Path(self.parent.coursedir.root) / "release" / where["assignment"]
        page = environment().get_template("notebook_feedback.html")
        html = page.render(
            feedback=made,
            **context(made),
            manual=manual,
            comments=comments,
            final=final,
            notebook=where["notebook"],
            cells=list(_students_cells(nb, read_released(handed_out))),
        )
        return html, resources

    def _feedback(self, name, student):
        root = Path(self.parent.coursedir.root)
        score, record = stored_score(root / KEPT / name, student)
        if score is None:
            raise NbGraderException(
                f"{student} has no score of {name}: run make grade, or nbgrader autograde."
            )
        assignment = load_assignment(root / f"{name}.toml")
        return feedback(score, assignment, (record or {}).get("training"))


def _of_persons(where):
    """What the gradebook knows besides the judge's points: ({exercise: sentence on points by hand}, comments, final).

    Comments are (what it is on, notebook, text) of each answer that has one. final: {"score", "total", "penalty"}
    where the score is not the judge's, else None.
    """
    manual, comments = {}, []
    with Gradebook(where["db_url"]) as book:
        submission = book.find_submission(where["assignment"], where["student"])
        for notebook in submission.notebooks:
            for grade in notebook.grades:
                if said := _by_hand(grade):
                    manual[grade.name] = said
            for comment in notebook.comments:
                if comment.comment and comment.comment != NO_ANSWER:
                    comments.append((comment.name.removeprefix("write-"), notebook.name, comment.comment))
        penalty = submission.late_submission_penalty or 0
        if not manual and not penalty:
            return manual, comments, None
        final = {"score": submission.score - penalty, "total": submission.max_score, "penalty": penalty}
    return manual, comments, final


def _by_hand(grade):
    """A sentence on the points that persons gave for an exercise; "" for none."""
    said = []
    if grade.manual_score is not None:
        given, judged = number(grade.manual_score), number(grade.auto_score)
        said.append(f"Points that an instructor gave in place of the grader's {judged}: {given}.")
    if grade.extra_credit and grade.max_score:
        said.append(f"Extra credit that an instructor gave: {number(grade.extra_credit)}.")
    return " ".join(said)


def _students_cells(notebook, released):
    """(what it answers or "", text) of the cells that the student wrote: code, and text of their own, which is fenced
    (notebooks._verbatim). released: {file name: notebook} of what was handed out, which is left out."""
    texts = {cell["source"] for other in released.values() for cell in other["cells"]}
    for cell in notebook.cells:
        known = cell.metadata.get("nbgrader", {})
        if not cell.source.strip() or cell.source in texts or known.get("locked"):
            continue
        if cell.cell_type == "code":
            yield known.get("grade_id", "").removeprefix("write-"), cell.source
        elif cell.source.startswith("```"):
            fence, _, rest = cell.source.partition("\n")
            yield "", rest.rpartition(f"\n{fence}")[0]
