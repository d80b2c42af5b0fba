"""Judges the submission in Gradescope's container, and writes results.json as Gradescope wants it.

A program, started by gradescope_files/run_autograder. Its output is the course staff's: Gradescope shows it to them,
and not to students (stdout_visibility).
"""

import json
import os
import sys
import tempfile
import time
from pathlib import Path

from autograder import judge
from autograder.assignment import load_assignment
from autograder.errors import Refusal
from autograder.grade import Job, check_reference, grade
from autograder.gradebook.verdict import about, verdict
from autograder.intake import Submission
from autograder.paths import ROOT
from autograder.reports import write_feedback
from autograder.reports.feedback import feedback
from autograder.sandbox.choose import choose
from autograder.sandbox.visible import SandboxUnavailable
from autograder.secret import known_secret
from autograder.texts import without_controls

# Names in the zip, and so in ROOT.
ASSIGNMENT, SECRET = "assignment.toml", ".course-secret"
SUBMISSION = Path("/autograder/submission")
RESULTS = Path("/autograder/results/results.json")
# Neither a score nor tests with scores, which Gradescope asks for: it says that the autograder failed. With a score of
# 0, or the sum of what was judged, students would lose points by a fault of ours.
NOT_JUDGED = "Not judged: the autograder itself failed. No points are lost; ask the course staff."
PARTLY_JUDGED = (
    "Not scored: the autograder itself failed in a part of it. No points are lost; ask the course staff."
)
HIDDEN, VISIBLE = "hidden", "visible"


def main(arguments):
    """Judge, or with --check look at the judge alone, when the image is built. Returns the exit status."""
    started = time.monotonic()
    if arguments == ["--check"]:
        return look()
    try:
        results = judged()
    except Exception as error:  # whatever it is, it costs the student nothing
        print(f"The autograder failed: {type(error).__name__}: {error}")
        results = {"output": NOT_JUDGED, "output_format": "text", "stdout_visibility": HIDDEN}
    results["execution_time"] = round(time.monotonic() - started)
    write(results)
    return 0


def look():
    """Hold the reference to all checks, and say what isolates student code here. Returns the exit status."""
    assignment, secret = _ours()
    try:
        check_reference(assignment, secret)
    except Refusal as fault:
        print(fault, file=sys.stderr)
        return fault.status
    try:
        print(f"Sandbox of this machine: {choose().NAME}.")
    except SandboxUnavailable as fault:
        print(f"NO SANDBOX HERE. Where submissions meet the same, none is judged. {fault}")
    return 0


def judged():
    """The results of the submission, as a dict for results.json. Raises Refusal if the judge can't be used."""
    assignment, secret = _ours()
    choose()  # without a sandbox there is nothing to do
    check_reference(assignment, secret)
    job = Job(Submission("submission", SUBMISSION), assignment, secret)
    ((score, record),) = grade([job], processes=1)
    print(f"{score['status']}; sandbox: {record.get('sandbox')}; CPU time in s: {record.get('cpu_seconds')}")
    if score["score"] is None:
        print(f"The autograder failed: {without_controls(score['message'])}")
        for id, result in score["exercises"].items():
            for check in result["checks"]:
                if check["status"] == judge.GRADER_ERROR:
                    print(f"{id}, {check['id']}: {without_controls(check['detail'])}")
    return as_results(score, record, assignment)


def as_results(score, record, assignment):
    """What Gradescope gets of a score and record (grade.grade_submission): a test for each exercise.

    Its output is the exercise's part of the feedback page, as HTML; of code that could not be run, the verdict as text.
    """
    cards = write_feedback.cards(feedback(score, assignment, record.get("training")))
    is_scored = score["score"] is not None
    tests = []
    for exercise in assignment.exercises:
        result = score["exercises"][exercise.id]
        test = {
            "name": f"{exercise.id}: {exercise.title}" + " (extra credit)" * result["extra_credit"],
            "output": cards.get(exercise.id) or verdict(score, exercise.id),
            "output_format": "html" if exercise.id in cards else "text",
            "visibility": VISIBLE,
        }
        if is_scored:
            test |= {"score": result["score"], "max_score": result["points"]}
            test["status"] = "passed" if result["status"] in (judge.PASS, judge.CARRIED) else "failed"
        tests.append(test)
    said = about(score) if is_scored else [PARTLY_JUDGED]
    results = {
        "output": "\n".join(said),
        "output_format": "text",
        "visibility": VISIBLE,
        "stdout_visibility": HIDDEN,
        "tests": tests,
    }
    return {"score": score["score"], **results} if is_scored else results


def write(results):
    """Write results.json, whole or not at all."""
    with tempfile.NamedTemporaryFile("w", dir=RESULTS.parent, delete=False, encoding="utf-8") as file:
        json.dump(results, file, indent=1)
        os.fchmod(file.fileno(), 0o644)
    os.replace(file.name, RESULTS)


def _ours():
    # Not another one in place of one that is gone: that would draw other inputs.
    return load_assignment(ROOT / ASSIGNMENT), known_secret(ROOT / SECRET)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
