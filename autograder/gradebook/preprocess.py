"""What `nbgrader autograde` runs in place of its own: nothing that a student wrote is executed by a kernel.

    SubmissionExporter   in place of nbconvert's: judges the submissions, and rebuilds each notebook
    WriteVerdicts        in place of Execute: the judge's verdict becomes the output of the grade cell
    SavePoints           in place of SaveAutoGrades: the judge's points, not what outputs look like

nbgrader_config.py (autograder/release) names them.
"""

import datetime
import fnmatch
import os
import re
import stat
from pathlib import Path

import nbformat
from edf_kit.answers.notebook import printable
from edf_kit.released import ReleaseError, read_release
from nbconvert.exporters import NotebookExporter
from nbgrader.converters import Autograde, NbGraderException
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import compute_checksum, is_solution, parse_utc
from traitlets import Unicode

from autograder.gradebook.book import save
from autograder.gradebook.course import KEPT, TIMESTAMP, entry, write_beside
from autograder.gradebook.judging import JudgingError, judge
from autograder.gradebook.notebooks import NO_ANSWER, autograded_notebooks, put_verdicts, read_released
from autograder.gradebook.students import student_id
from autograder.intake import Broken, Submission, read_submission
from autograder.intake.submission import MODULE
from autograder.secret import FILE

# As nbgrader, and those who follow its example, write a time. Its own reader takes "5" for one, and a file's name.
TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d[\d:.]*( ?[+-]\d\d:?\d\d| ?[A-Z]{1,5})?")


class SubmissionExporter(NotebookExporter):
    """Reads submissions for Autograde: judged ones, as notebooks that hold what the release says they hold.

    Every folder in submitted/ is given all the notebooks of the release: those that a student lacks, or that
    can't be read, would get 0 points from nbgrader, or stop it.
    """

    secret = Unicode(str(FILE), help="File of the course secret, the one of `make grade`.").tag(config=True)

    def __init__(self, parent=None, **settings):
        super().__init__(parent=parent, **settings)
        # Here, before nbgrader has touched anything: where nothing can be judged, nothing may change.
        if isinstance(parent, Autograde):
            self._begin(parent)

    def _begin(self, autograde):
        course, self._rebuilt = autograde.coursedir, {}
        # A copy: formgrader has one for all that it does.
        settings = {trait: getattr(course, trait) for trait in course.trait_names(config=True)}
        autograde.coursedir = self._course = _Submitted(parent=course.parent, **settings)
        self._course.ignore = ["*", ".*"]
        name, root = course.assignment_id, Path(course.root)
        release = Path(course.format_path(course.release_directory, ".", name))
        self._folders = _submitted(course, self.log)
        try:
            read_release(release)
            self._released = read_released(release)
            secret = os.environ.get("AUTOGRADER_SECRET") or self.secret
            kept = root / KEPT / name
            self.scores = judge(root / f"{name}.toml", kept, secret, self._folders, self.log.warning)
        except (JudgingError, ReleaseError) as error:
            self.log.error("Nothing was graded. %s", error)
            raise NbGraderException(str(error)) from None
        wanted = [
            file for file in self._released if fnmatch.fnmatch(file[: -len(".ipynb")], course.notebook_id)
        ]
        autograde.assignments = {
            str(folder): [str(folder / file) for file in wanted] for folder in self._folders.values()
        }

    def from_filename(self, filename, resources=None, **settings):
        """The notebook of a submission, whatever was handed in; what is autograded already as it is."""
        if not (isinstance(self.parent, Autograde) and self.parent._sanitizing):
            return super().from_filename(filename, resources=resources, **settings)
        student = resources["nbgrader"]["student"]
        if student not in self._rebuilt:
            self._rebuilt = {student: self._rebuild(student)}  # a student's notebooks come one after another
        notebook = self._rebuilt[student][os.path.basename(filename)]
        return self.from_notebook_node(nbformat.from_dict(notebook), resources=resources, **settings)

    def _rebuild(self, student):
        course, folder = self._course, self._folders[student]
        try:
            contents = read_submission(Submission(student, folder))
            notebooks, module = contents.notebooks, contents.files.get(MODULE)
        except (Broken, OSError):
            notebooks, module = {}, None
        when = course.get_existing_timestamp(folder)
        beside = Path(course.format_path(course.autograded_directory, student, course.assignment_id))
        write_beside(beside, module, when and when.replace(tzinfo=datetime.UTC), folder)
        text = module.decode("utf-8-sig", "replace") if module is not None else None
        return autograded_notebooks(self._released, notebooks, text, self.scores[student])


class _Submitted(CourseDirectory):
    """The course's folder as Autograde sees it: nothing in a submission is copied or followed.

    What a student lays beside the notebooks, links among it, would get into autograded/ and feedback/: with an
    `ignore` of everything, there is only what SubmissionExporter writes.
    """

    def get_existing_timestamp(self, dest_path):
        """The time in a folder's timestamp.txt, in UTC without a time zone; None if there is none."""
        path = Path(dest_path, TIMESTAMP)
        try:
            if not stat.S_ISREG(path.lstat().st_mode):
                raise ValueError
            with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), encoding="utf-8") as file:
                text = file.read(100).strip()
            if not TIME.fullmatch(text):
                raise ValueError
            # With a space before +0200, nbgrader takes that for seconds.
            return parse_utc(re.sub(r" (?=[+-])", "", text))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, OverflowError):
            self.log.warning("%s holds no time: graded without one.", path)
            return None


class WriteVerdicts(NbGraderPreprocessor):
    """Makes the judge's verdict the output of each grade cell."""

    def preprocess(self, notebook, resources):
        """Put the verdicts of a student into one of their notebooks."""
        put_verdicts(notebook, _score(self, resources))
        return nbformat.from_dict(notebook), resources


class SavePoints(NbGraderPreprocessor):
    """Writes the judge's points into the gradebook: all of a student's, with each of their notebooks.

    (nbgrader has written 0 for the notebooks that were not handed in.)
    """

    def preprocess(self, notebook, resources):
        """Save the points of a student, and nbgrader's comments on the stubs of one of their notebooks."""
        name, where = resources["nbgrader"]["notebook"], resources["nbgrader"]
        comments = {}
        for cell in filter(is_solution, notebook.cells):
            is_blank = cell.metadata.nbgrader.get("checksum") == compute_checksum(cell)
            comments[name, cell.metadata.nbgrader.grade_id] = NO_ANSWER if is_blank else None
        student = entry(_score(self, resources), comments, is_regrade=True)
        save(where["db_url"], where["assignment"], [student])
        return notebook, resources


def _score(preprocessor, resources):
    exporter = preprocessor.parent
    if not isinstance(exporter, SubmissionExporter):
        raise NbGraderException("nbgrader_config.py must set Autograde.exporter_class = SubmissionExporter.")
    return exporter.scores[resources["nbgrader"]["student"]]


def _submitted(course, log):
    """{student: folder} of the submissions that nbgrader is asked to grade; what can't be, is said in the log."""
    found, submitted = {}, Path(course.root, course.submitted_directory)
    for student in sorted(submitted.iterdir()):
        name = student.name
        folder = Path(course.format_path(course.submitted_directory, name, course.assignment_id))
        is_wanted = name == course.student_id or fnmatch.fnmatchcase(name, course.student_id)
        if not is_wanted or not os.path.lexists(folder):
            continue
        if student_id(name) != name:
            why = f"nbgrader can't use this name: rename the folder, to {student_id(name)}, say"
        elif not _is_real_folder(student) or not _is_real_folder(folder):
            why = "it is a link or a file, not a folder"
        elif not folder.resolve().is_relative_to(submitted.resolve()):
            why = f"it leads out of {submitted}"
        else:
            found[name] = folder
            continue
        log.error("%s was not graded: %s.", printable(str(folder), 300), why)
    return found


def _is_real_folder(path):
    return stat.S_ISDIR(path.lstat().st_mode)
