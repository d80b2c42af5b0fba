"""Runs tasks in processes, and knows beforehand about how long they take."""

import concurrent.futures
import dataclasses
import time

from autograder.exercise import needing
from autograder.grade import check_reference, worker_pool
from autograder.paths import SOLUTION
from autograder.validate.cases import BLANK
from autograder.validate.local import edf_of, outcome
from autograder.validate.scope import is_training

# Seconds that a submission takes besides its checks: a sandbox is started, and forks once an exercise.
START, FORK = 0.5, 0.03


@dataclasses.dataclass(frozen=True)
class Task:
    """function(*arguments), in about so many seconds of one process. key: what its result is found by."""

    key: tuple
    function: callable
    arguments: tuple
    seconds: float


def run_tasks(tasks, processes, started, done):
    """({key: result}, {key: seconds}) of all tasks. started() is called once the processes are there, done(task)
    after each task.

    The processes are forked from this one: there must be no threads before `started`.
    """
    executor = worker_pool(processes)
    results, seconds = {}, {}
    try:
        # The longest first, so that no process is left alone with one in the end.
        order = sorted(tasks, key=lambda task: -task.seconds)
        futures = {executor.submit(_timed, task): task for task in order}
        started()
        for future in concurrent.futures.as_completed(futures):
            task = futures[future]
            results[task.key], seconds[task.key] = future.result()
            done(task)
    finally:
        # On the way out of an error or Ctrl-C: do not wait for what is running.
        executor.shutdown(wait=False, cancel_futures=True)
    return results, seconds


def _timed(task):
    started = time.monotonic()
    return task.function(*task.arguments), time.monotonic() - started


@dataclasses.dataclass(frozen=True)
class Costs:
    """Seconds for the checks of each exercise, by its id. first: with the expected values; again: with these there."""

    first: dict
    again: dict

    def of_case(self, case):
        """About how long a case (cases.Case) takes in the line."""
        exercises = case.assignment.exercises
        blank = set()
        if case.kind == BLANK:
            blank = (
                {case.exercise} | needing({case.exercise}, exercises) if case.exercise else set(self.again)
            )
        return START + sum(FORK + (self.again[e.id] if e.id not in blank else 0) for e in exercises)

    def of_trial(self, trial):
        """About how long a trial (secrets.Trial) takes."""
        wrong = sum(number < trial.wrong_secrets for number in trial.numbers) * len(trial.wrong)
        variants = len(trial.numbers) * len(trial.right) + wrong
        return len(trial.numbers) * self.first[trial.exercise.id] + variants * self.again[trial.exercise.id]

    def of_training(self, run):
        """About how long a training run (training.Run) takes: mostly it ends with the first steps."""
        return self.again[run.exercise.id] / 4


def check_and_measure(assignment, secret):
    """The Costs of the assignment's exercises. Computes the expected values for `secret` on the way.

    Raises grade.GraderFault if the reference fails a check.
    """
    first, again = {}, {}
    for exercise in assignment.exercises:
        started = time.perf_counter()
        check_reference(assignment.only([exercise]), secret)
        first[exercise.id] = again[exercise.id] = time.perf_counter() - started
        if not is_training(exercise):
            edf = edf_of(SOLUTION.read_text(encoding="utf-8"))
            started = time.perf_counter()
            for check in exercise.checks:
                outcome(edf, exercise, check, secret)
            again[exercise.id] = time.perf_counter() - started
    return Costs(first, again)
