"""Our side: one submission in a run that has begun; as a program, a whole run over a class: `our_grader FOLDER`."""

import dataclasses
import shutil
import sys
from pathlib import Path

from autograder.assignment import DEFAULT, load_assignment
from autograder.cli import main
from autograder.grade import Job, check_reference, grade_submission
from autograder.intake import Submission
from autograder.paths import SOLUTION
from autograder.release.bundle import build

SECRET = bytes(32)
TRAINING = ("mnist_mlp", "mnist_conv")


def submission(assignment=None, training=True):
    """Grade the solutions; a run returns what was recorded.

    assignment: a TOML file, None for the default. training: with the training runs.
    """
    assignment = load_assignment(assignment or DEFAULT)
    if not training:
        kept = tuple(e for e in assignment.exercises if e.id not in TRAINING)
        assignment = dataclasses.replace(assignment, exercises=kept)
    check_reference(assignment, SECRET)
    job = Job(Submission("right", SOLUTION), assignment, SECRET)

    def run():
        score, record = grade_submission(job)
        if score["score"] != sum(assignment.points[exercise.id] for exercise in assignment.exercises):
            raise RuntimeError(f"the solutions got {score['score']} points: {score['message']}")
        return record

    return run


def own_share(rounds):
    """The part of a submission's time, training runs and all, in which its own processes did not compute."""
    run = submission()
    records = [run() for _ in range(rounds + 1)][1:]  # the first one starts the sandbox
    return [1 - sum(record["cpu_seconds"].values()) / record["wall_seconds"] for record in records]


def release_once(folder):
    """Make the release of bench.graders in a course folder, as `make release` does: each whole run starts from it."""
    (folder / "released").mkdir()
    build(load_assignment(folder / "six.toml"), folder / "released")


def whole_run(folder):
    """Grade the class of bench.graders, of which only the release is there; returns the exit status."""
    out = folder / "out"
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(folder / "released", out / "course")
    paths = ["--out", str(out), "--secret", str(folder / "secret"), "--assignment", str(folder / "six.toml")]
    return main(["grade", str(folder / "class"), "--jobs", "1", *paths])


if __name__ == "__main__":
    sys.exit(whole_run(Path(sys.argv[1])))
