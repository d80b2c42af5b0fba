"""What `nbgrader autograde` runs in place of its own: nothing that a student wrote is executed by a kernel.

    SubmissionExporter   in place of nbconvert's: judges the submissions, and rebuilds each notebook
    WriteVerdicts        in place of Execute: the judge's verdict becomes the output of the grade cell
    SavePoints           in place of SaveAutoGrades: the judge's points, not what outputs look like

nbgrader_config.py (autograder/release) names them.
"""

import fnmatch
import glob
import os
import stat
from pathlib import Path

import nbformat
from edf_kit.released import ReleaseError, read_release
from nbconvert.exporters import NotebookExporter
from nbgrader.converters import Autograde, NbGraderException
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import compute_checksum, is_solution
from traitlets import Unicode

from autograder.gradebook.book import save
from autograder.gradebook.course import KEPT, entry
from autograder.gradebook.judging import JudgingError, judge
from autograder.gradebook.notebooks import NO_ANSWER, autograded_notebooks, put_verdicts, read_released
from autograder.intake import Broken, Submission, read_submission
from autograder.intake.submission import MODULE
from autograder.secret import FILE


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
        try:
            contents = read_submission(Submission(student, self._folders[student]))
        except (Broken, OSError):
            return autograded_notebooks(self._released, {}, None, self.scores[student])
        module = contents.files.get(MODULE)
        text = module.decode("utf-8-sig", "replace") if module is not None else None
        return autograded_notebooks(self._released, contents.notebooks, text, self.scores[student])


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
    """{student: folder} of the submissions that nbgrader is asked to grade.

    nbgrader copies what lies beside the notebooks: links and devices among it, which it would follow, are named as
    files to ignore.
    """
    found = {}
    for student in sorted(Path(course.root, course.submitted_directory).iterdir()):
        folder = Path(course.format_path(course.submitted_directory, student.name, course.assignment_id))
        is_wanted = student.name == course.student_id or fnmatch.fnmatchcase(student.name, course.student_id)
        if is_wanted and folder.is_dir():
            odd = _no_files(folder)
            if odd and glob.has_magic(str(folder)):
                log.error(
                    "%s is a link or a device, that nbgrader would follow: remove it. Not graded.", odd[0]
                )
                continue
            for path in odd:
                log.warning("%s is a link or a device: it is left out.", path)
                course.ignore = [*course.ignore, glob.escape(path.name)]
            found[student.name] = folder
    return found


def _no_files(folder):
    """What in a folder is neither a file nor a folder."""
    paths = [Path(top, name) for top, folders, files in os.walk(folder) for name in folders + files]
    return [p for p in paths if not (stat.S_ISREG(p.lstat().st_mode) or stat.S_ISDIR(p.lstat().st_mode))]
