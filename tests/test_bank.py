"""The bank of variants, the fast part of `make validate`: all of it with two secrets, some of it in the sandbox."""

import pytest

from autograder import reference
from autograder.assignment import load_assignment
from autograder.exercise import load_exercises
from autograder.replay import local_answers, same
from autograder.validate.cases import RIGHT, WRONG, make_cases
from autograder.validate.effort import Effort
from autograder.validate.findings import WARNING
from autograder.validate.line import faults_of, graded, hand_in
from autograder.validate.lint import lint
from autograder.validate.local import secret
from autograder.validate.scope import everything, is_training
from autograder.validate.secrets import make_trials, run_trial, sentence_of

TWO_SECRETS = Effort(right_secrets=2, wrong_secrets=2, training=False)
# Through the sandbox: of an operation, of conv2's three, of code that is no operation; one that raises nothing
# wrong in other exercises, and one that other exercises build on.
IN_THE_SANDBOX = [
    ("add", WRONG, 0),
    ("add", RIGHT, 1),
    ("matmul", WRONG, 0),
    ("conv2_forward", WRONG, 0),
    ("conv2_kernel", WRONG, 1),
    ("momentum", WRONG, 0),
]


@pytest.fixture(scope="module")
def everything_there_is():
    return everything(load_assignment())


@pytest.fixture(scope="module")
def trials(everything_there_is):
    """The trials (validate.secrets.Trial) of each exercise, by its id."""
    return {trial.exercise.id: trial for trial in make_trials(everything_there_is, TWO_SECRETS)}


EXERCISES = [exercise for exercise in load_exercises().values() if not is_training(exercise)]


def test_the_linter_finds_nothing(everything_there_is):
    findings = lint(everything_there_is)
    assert [finding for finding in findings if finding.level != WARNING] == []
    assert findings == []


@pytest.mark.parametrize("exercise", [e for e in EXERCISES if e.stubs], ids=lambda exercise: exercise.id)
def test_wrong_variants_are_caught_and_right_ones_pass(exercise, trials):
    alarms, count = run_trial(trials[exercise.id])
    assert [sentence_of(alarm, 0) for alarm in alarms] == []
    assert count > 0


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.id)
def test_no_two_wrong_variants_do_the_same(exercise):
    """Each is a mistake of its own: some check's requests tell it from every other, and from the reference."""
    checks = [check for check in exercise.checks if not check.efficiency]
    seen = {}
    for variant in [None, *exercise.wrong_variants]:
        answers = [
            answer for check in checks for answer in local_answers(variant, exercise, check, secret(0))
        ]
        for other, theirs in seen.items():
            is_same = len(answers) == len(theirs) and all(map(same, answers, theirs))
            assert not is_same, f"{variant.tag} gives the same answers as {other}"
        seen[variant.tag if variant else "the reference"] = answers
    reference.forget()


@pytest.fixture(scope="module")
def cases(everything_there_is):
    return make_cases(everything_there_is, training=False)


@pytest.mark.parametrize("id, kind, place", IN_THE_SANDBOX)
def test_a_variant_gets_what_it_should_from_the_line_of_make_grade(id, kind, place, cases, tmp_path):
    case = [case for case in cases if (case.exercise, case.kind) == (id, kind)][place]
    score = graded(hand_in(case, 0, tmp_path, secret(0)))
    assert faults_of(case, score) == []
    lost = [id for id, result in score["exercises"].items() if result["score"] < result["points"]]
    assert bool(lost) == (kind == WRONG)
