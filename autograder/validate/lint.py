"""The linter: what is missing in exercises and in the files that go with them, and what to do about it."""

import graphlib

from autograder.judge import in_order_of_needs
from autograder.skeleton import SkeletonError, make_skeleton
from autograder.validate.findings import FATAL, Finding
from autograder.validate.lint_files import Files, lint_files
from autograder.validate.lint_variants import lint_variants
from autograder.validate.local import edf_of, outcome, passed, secret


def lint(assignment, files=None):
    """All Findings on the exercises of an assignment, and on `files` (lint_files.Files; by default the project's).

    Nothing is graded; it takes some seconds.
    """
    exercises = assignment.exercises
    findings = lint_dependences(exercises)
    for exercise in exercises:
        said = [*lint_stubs(exercise), *lint_checks(exercise), *lint_variants(exercise, exercises)]
        findings += said or lint_blank(exercise)
    return findings + lint_files(exercises, files or Files())


def lint_dependences(exercises):
    """Findings on what exercises share, and how they build on each other."""
    findings, owners = [], {}
    for exercise in exercises:
        for stub in exercise.stubs:
            owner = owners.setdefault(stub, exercise.id)
            if owner != exercise.id:
                sentence = f"{stub} is a stub of {owner}, too: leave it to one of the two."
                findings.append(Finding(exercise.id, sentence, FATAL))
    try:
        in_order_of_needs(exercises)
    except graphlib.CycleError as error:
        circle = " needs ".join(reversed(error.args[1]))
        findings.append(Finding(error.args[1][0], f"{circle}: take one of them out of `needs`.", FATAL))
    return findings


def lint_stubs(exercise):
    """Findings on the stubs of an exercise."""
    try:
        make_skeleton(dict.fromkeys(exercise.stubs, exercise.id))
    except SkeletonError as error:
        sentence = f"{error}: write it into solutions/edf.py, or take it out of `stubs`."
        return [Finding(exercise.id, sentence, FATAL)]
    return []


def lint_checks(exercise):
    """Findings on the checks of an exercise."""
    if not exercise.checks:
        return [Finding(exercise.id, f"it has no checks: write one, marked @{exercise.id}.check().", FATAL)]
    findings, before = [], set()
    for check in exercise.checks:
        if check.id in before:
            findings.append(Finding(exercise.id, f"two checks are called {check.id}: rename one.", FATAL))
        findings += [
            Finding(
                exercise.id,
                f"check {check.id} is after {id}, which is no check before it: correct `after`, or change the order.",
                FATAL,
            )
            for id in check.after
            if id not in before
        ]
        before.add(check.id)
    return findings


def lint_blank(exercise):
    """Findings on an exercise whose checks hold of stubs that are still blank."""
    if not exercise.stubs:
        return []
    edf = edf_of(make_skeleton(dict.fromkeys(exercise.stubs, exercise.id)))
    outcomes = {check.id: outcome(edf, exercise, check, secret(0)) for check in exercise.checks}
    return [
        Finding(
            exercise.id,
            f"check {id} passes while the stubs are still blank, so that points are to be had for nothing: have it "
            "look at a result, or name in `after` a check that does.",
        )
        for id in sorted(passed(outcomes, exercise))
    ]
