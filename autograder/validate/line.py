"""Puts cases through the line of `make grade`, sandbox and all, and says what each should have lost and did not."""

from autograder.diagnosis.diagnose import NAMED
from autograder.exercise import load_exercises, needing
from autograder.grade import GRADED, Job, grade_submission
from autograder.intake import Submission
from autograder.judge import FAIL, PASS
from autograder.validate.cases import BLANK, REFERENCE, RIGHT, WRONG


def hand_in(case, number, folder, secret):
    """The job (grade.Job) for a case, written into a folder of its own below `folder`."""
    path = folder / f"{number:04}"
    path.mkdir()
    (path / "edf.py").write_text(case.source, encoding="utf-8")
    return Job(Submission(case.name, path), case.assignment, secret, folder)


def graded(job):
    """The score (dict, as in a score's file) of a job."""
    score, _ = grade_submission(job)
    return score


def faults_of(case, score):
    """What is wrong with a case's score, a sentence each. `score`: as grade.grade_submission gives it."""
    if score["status"] != GRADED:
        return [f"{_who(case)} could not be graded ({score['status']}): {score['message']}"]
    if case.kind == WRONG:
        return _faults_of_wrong(case, score)
    if case.kind == BLANK:
        return _faults_of_blank(case, score)
    return _faults_of_right(case, score)


def _who(case):
    return f"{case.name} ({case.kind})" if case.kind in (WRONG, RIGHT) else case.name


def _lost(result):
    return result["points"] - result["score"] > 0.005


def _first_failure(result):
    """A failing check of an exercise's result, in words."""
    failed = [check for check in result["checks"] if check["status"] == result["status"]]
    if not failed:
        return result["message"]
    return f"check {failed[0]['id']}, {failed[0]['status']}: {failed[0]['message']}"


def _faults_of_right(case, score):
    without = case.variant.without if case.kind == RIGHT else ()
    is_slow = case.kind == RIGHT and case.variant.slow
    mend = "the check" if case.kind == REFERENCE else "the check or the variant"
    said, found_slow = [], False
    for id, result in score["exercises"].items():
        slow = [check["id"] for check in result["checks"] if check["status"] == FAIL and check["efficiency"]]
        found_slow = found_slow or bool(slow)
        others = [check for check in result["checks"] if check["status"] != PASS and check["id"] not in slow]
        if id not in without and _lost(result) and (others or not is_slow):
            said.append(
                f"{_who(case)} loses points in {id} ({_first_failure(result)}). Right code must lose none: mend {mend}."
            )
    if is_slow and set(score["exercises"]) & set(case.assignment.efficiency) and not found_slow:
        said.append(
            f"{_who(case)} is slow, as it says, and loses no points for efficiency: mend the check that counts its "
            "work, or the variant."
        )
    return said


def _faults_of_wrong(case, score):
    results, variant = score["exercises"], case.variant
    own, who = results[case.exercise], _who(case)
    ran = [check["id"] for check in own["checks"] if check["status"] == FAIL and check["ran"]]
    said = []
    if not _lost(own):
        said.append(
            f"{who} gets full points in {case.exercise}: add a check that it fails, or drop the variant."
        )
    elif not ran:
        said.append(
            f"{who} loses points in {case.exercise}, but by no result that is wrong ({_first_failure(own)}): "
            "a plausible mistake runs to its end."
        )
    elif variant.gives_away not in ran:
        ended = {check["id"]: check["status"] for check in own["checks"]}.get(variant.gives_away, "not there")
        said.append(
            f"{who} should be given away by check {variant.gives_away}, which ends as {ended}; "
            f"it is {', '.join(ran)} that fails."
        )
    if others := sorted(_names(case, score) - {variant.tag}):
        said.append(
            f"{who} is taken for {', '.join(others)} by the diagnosis: the two do the same in what it looks at."
        )
    allowed = {case.exercise} | _may_need(case)
    said += [
        f"{who} also loses points in {id}, which does not build on {case.exercise} ({_first_failure(result)}): "
        "name it under `needs`, or mend that check."
        for id, result in results.items()
        if id not in allowed and _lost(result)
    ]
    return said


def _may_need(case):
    """Ids of all exercises that need the case's, be it by way of one that is given."""
    every = {**load_exercises(), **{exercise.id: exercise for exercise in case.assignment.exercises}}
    return needing({case.exercise}, every.values())


def is_named(case, score):
    """Whether the diagnosis calls a wrong variant what it is, and nothing else besides."""
    return _names(case, score) == {case.variant.tag}


def _names(case, score):
    """Tags of the mistakes that the diagnosis names in a wrong variant's own exercise."""
    mistakes = score["exercises"].get(case.exercise, {}).get("mistakes", [])
    return {mistake["tag"] for mistake in mistakes if mistake["kind"] == NAMED}


def _faults_of_blank(case, score):
    results = score["exercises"]
    nothing = set(results)
    if case.exercise:
        nothing = {case.exercise} | needing({case.exercise}, case.assignment.exercises)
    perhaps = nothing | _may_need(case)
    said = [
        f"{_who(case)} earns {result['score']:g} points in {id}: nothing may be earned without it; see that a check "
        "of what was not written fails, or name it in `after` or `needs`."
        for id, result in results.items()
        if id in nothing and result["score"]
    ]
    said += [
        f"{_who(case)} loses points in {id}, which does not build on it ({_first_failure(result)}): name it under "
        "`needs`, or mend that check."
        for id, result in results.items()
        if id not in perhaps and _lost(result)
    ]
    return said
