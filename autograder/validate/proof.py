"""Proves that the grading is right, as far as the variants reach: plans what to try, has it run, draws conclusions."""

import dataclasses
import tempfile
import time
from pathlib import Path

from autograder.assignment import Assignment
from autograder.validate.cases import RIGHT, WRONG, make_cases
from autograder.validate.effort import Effort
from autograder.validate.line import faults_of, graded, hand_in, is_named
from autograder.validate.local import secret
from autograder.validate.matrix import Matrix, make_row, shares
from autograder.validate.scope import is_training, name_of
from autograder.validate.secrets import FALSE_ALARM, make_trials, run_trial, sentence_of
from autograder.validate.training import make_runs, run_training
from autograder.validate.work import Task, check_and_measure, run_tasks

LINE, SECRETS, TRAINING = "line", "secrets", "training"  # the parts of the work
MANY_RIGHT, MANY_WRONG = "right, many secrets", "wrong, many secrets"
FIRST = 0  # number of the secret that the line and the training are tried with


@dataclasses.dataclass
class Proof:
    """What came out.

    assignment, effort, processes: what was asked for. counts: how many cases of each kind (cases.py), and variants
    that were tried with MANY_RIGHT and MANY_WRONG secrets. faults: sentences, by the same keys. matrices: what each
    check contributes. named, unnamed: names of wrong variants that the diagnosis named, and did not. checks_run: with
    many secrets. seconds: by part, of all processes together. elapsed: from start to end.
    """

    assignment: Assignment
    effort: Effort
    processes: int
    counts: dict
    faults: dict
    matrices: list
    named: list
    unnamed: list
    checks_run: int
    seconds: dict
    elapsed: float

    @property
    def holds(self):
        """Whether all is as it should be."""
        return not any(self.faults.values())


def prove(assignment, effort, processes, started, done):
    """The Proof for an assignment, all of whose variants can be made.

    started(tasks) is called before the first of the tasks (work.Task), done(task) after each. Raises
    grade.GraderFault if the reference fails a check, and concurrent.futures.process.BrokenProcessPool.
    """
    begun = time.monotonic()
    costs = check_and_measure(assignment, secret(FIRST))
    cases = make_cases(assignment, effort.training)
    trials = make_trials(assignment, effort)
    runs = make_runs(assignment) if effort.training else []
    with tempfile.TemporaryDirectory(prefix="autograder-", ignore_cleanup_errors=True) as folder:
        jobs = [hand_in(case, number, Path(folder), secret(FIRST)) for number, case in enumerate(cases)]
        tasks = [Task((LINE, i), graded, (jobs[i],), costs.of_case(case)) for i, case in enumerate(cases)]
        tasks += [Task((SECRETS, i), run_trial, (t,), costs.of_trial(t)) for i, t in enumerate(trials)]
        tasks += [
            Task((TRAINING, i), run_training, (run, secret(FIRST)), costs.of_training(run))
            for i, run in enumerate(runs)
        ]
        results, seconds = run_tasks(tasks, processes, lambda: started(tasks), done)
    scores = [results[LINE, i] for i in range(len(cases))]
    judged = list(zip(cases, scores))
    counts, faults = _from_line(judged)
    tried = [results[SECRETS, i] for i in range(len(trials))]
    _add_from_secrets(trials, [alarm for alarms, _ in tried for alarm in alarms], counts, faults)
    wrong = [(case, score) for case, score in judged if case.kind == WRONG]
    return Proof(
        assignment=assignment,
        effort=effort,
        processes=processes,
        counts=counts,
        faults=faults,
        matrices=_matrices(assignment, judged, runs, [results[TRAINING, i] for i in range(len(runs))]),
        named=[case.name for case, score in wrong if is_named(case, score)],
        unnamed=[case.name for case, score in wrong if not is_named(case, score)],
        checks_run=sum(count for _, count in tried),
        seconds={
            part: sum(s for (p, _), s in seconds.items() if p == part) for part in (LINE, SECRETS, TRAINING)
        },
        elapsed=time.monotonic() - begun,
    )


def _from_line(judged):
    """(counts, faults) of the cases and their scores, by kind."""
    counts, faults = {}, {}
    for case, score in judged:
        counts[case.kind] = counts.get(case.kind, 0) + 1
        faults.setdefault(case.kind, []).extend(faults_of(case, score))
    return counts, faults


def _add_from_secrets(trials, alarms, counts, faults):
    """Add what came of the trials."""
    counts[MANY_RIGHT] = len({name_of(variant) for trial in trials for variant in trial.right})
    counts[MANY_WRONG] = len({name_of(variant) for trial in trials for variant in trial.wrong})
    faults[MANY_RIGHT], faults[MANY_WRONG] = [], []
    grouped = {}
    for alarm in sorted(alarms, key=lambda alarm: alarm.number):
        grouped.setdefault((alarm.what, alarm.variant, alarm.exercise, alarm.check), []).append(alarm)
    for group in grouped.values():
        part = MANY_RIGHT if group[0].what == FALSE_ALARM else MANY_WRONG
        faults[part].append(sentence_of(group[0], len(group) - 1))


def _matrices(assignment, judged, runs, trained):
    """The Matrix of each exercise that has variants, or trains a network."""
    wrong = {exercise.id: [] for exercise in assignment.exercises}
    right = {exercise.id: [] for exercise in assignment.exercises}
    by_id = {exercise.id: exercise for exercise in assignment.exercises}
    for case, score in judged:
        results = score["exercises"]
        if case.kind == WRONG:
            checks = results[case.exercise]["checks"]
            wrong[case.exercise].append(make_row(case.name, by_id[case.exercise], checks))
        if case.kind == RIGHT:  # those that a check is meant to fail
            for id in results.keys() - case.variant.without:
                row = make_row(f"{case.name} (right)", by_id[id], results[id]["checks"])
                right[id] += [row] if row.kills else []
    for run, results in zip(runs, trained):
        wrong[run.exercise.id].append(make_row(name_of(run.variant), run.exercise, results))
    return [
        Matrix(
            exercise,
            (*wrong[exercise.id], *right[exercise.id]),
            shares(exercise, assignment),
            is_training(exercise),
        )
        for exercise in assignment.exercises
        if wrong[exercise.id]
    ]
