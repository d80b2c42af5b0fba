"""Judges submissions for `nbgrader autograde`, in a process of its own, as make grade does.

nbgrader runs this inside formgrader's server too, whose threads forbid the forks that grading needs. Scores are
kept in the course's folder, so that a submission is judged once however many notebooks it has.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from autograder.assignment import load_assignment
from autograder.errors import Refusal
from autograder.grade import Job, check_reference, grade, needs_grading
from autograder.intake import Submission
from autograder.paths import ROOT
from autograder.sandbox.choose import choose
from autograder.scores import Scores
from autograder.secret import course_secret

REFUSED = 2


class JudgingError(Exception):
    """Nothing could be judged; the message says why and what to do."""


def judge(assignment_file, kept, secret_file, folders, log):
    """{student: score} of the submissions in `folders`, {student: path}. Raises JudgingError.

    assignment_file: TOML. kept: folder for the scores. log: is told in sentences what there is to know.
    """
    request = {
        "assignment": str(assignment_file),
        "kept": str(kept),
        "secret": str(secret_file),
        "folders": {student: str(folder) for student, folder in folders.items()},
    }
    command = [sys.executable, "-m", "autograder.gradebook.judging"]
    # In the project's folder: Python looks for modules where it is started, and a course is no place for that.
    done = subprocess.run(command, cwd=ROOT, input=json.dumps(request), capture_output=True, text=True)
    if done.returncode:
        raise JudgingError(done.stderr.strip() or f"The grader ended with status {done.returncode}.")
    for line in done.stderr.splitlines():
        log(line)
    return json.loads(done.stdout)


def main():
    """The process of `judge`: a request on stdin, scores on stdout. Returns the exit status."""
    request = json.load(sys.stdin)
    try:
        scores = _judge(request)
    except Refusal as error:
        print(error, file=sys.stderr)
        return REFUSED
    json.dump(scores, sys.stdout)
    return 0


def _judge(request):
    assignment = load_assignment(request["assignment"])
    choose()  # before anything is written: without a sandbox there is nothing to do
    secret, is_new = course_secret(request["secret"])
    if is_new:
        print(
            f"Made a new course secret: {request['secret']}. Keep a copy; a regrade needs it.",
            file=sys.stderr,
        )
    submissions = [Submission(student, Path(path)) for student, path in request["folders"].items()]
    with Scores(request["kept"]) as scores:
        jobs = [Job(submission, assignment, secret, scores.scratch) for submission in submissions]
        todo = [job for job in jobs if needs_grading(job, scores.read(job.submission.student))]
        if todo:
            check_reference(assignment, secret)
            for score, record in grade(todo, len(os.sched_getaffinity(0))):
                scores.write(score, record)
        return {submission.student: scores.read(submission.student) for submission in submissions}


if __name__ == "__main__":
    sys.exit(main())
