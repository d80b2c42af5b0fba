"""nbgrader's settings for a course on edf. `make release` puts this file into the course's folder, once."""

from nbgrader.converters import GenerateAssignment
from nbgrader.preprocessors import AssignLatePenalties, CheckCellMetadata, ClearSolutions, GetGrades

from autograder.gradebook.feedback_page import FeedbackExporter
from autograder.gradebook.preprocess import SavePoints, SubmissionExporter, WriteVerdicts
from autograder.release.clear_stubs import ClearStubs

c = get_config()  # noqa: F821 (nbgrader defines it)

# Each stub says which exercise it is, where nbgrader has one text for all.
c.GenerateAssignment.preprocessors = [
    ClearStubs if preprocessor is ClearSolutions else preprocessor
    for preprocessor in GenerateAssignment.preprocessors.default()
]

# Submissions are judged in a sandbox; no kernel runs what students wrote. Keep these three together.
c.Autograde.exporter_class = SubmissionExporter
c.Autograde.sanitize_preprocessors = [CheckCellMetadata]
c.Autograde.autograde_preprocessors = [WriteVerdicts, SavePoints, AssignLatePenalties, CheckCellMetadata]

# Students get our own page as feedback, with what persons added in formgrader.
c.GenerateFeedback.exporter_class = FeedbackExporter
c.GenerateFeedback.preprocessors = [GetGrades]

# The course secret, if it is not where `make grade` has it.
# c.SubmissionExporter.secret = "/path/to/.course-secret"
