"""The line of `make grade`: intake → sandbox → judge → scores, submission by submission, in parallel."""

import collections
import concurrent.futures
import contextlib
import ctypes
import dataclasses
import functools
import hashlib
import importlib.metadata
import multiprocessing
import os
import signal
import tempfile
import time
from concurrent.futures.process import BrokenProcessPool

from autograder import judge as judging
from autograder.compare import Mismatch
from autograder.diagnosis.diagnose import diagnose
from autograder.draw import Draw
from autograder.errors import Refusal
from autograder.intake import Broken, read_submission, take_notebooks
from autograder.losses import beside_reference, reference_losses, remember_losses
from autograder.paths import SOLUTION
from autograder.sandbox.choose import UNGUARDED, choose
from autograder.sandbox.session import Sandbox, StudentError
from autograder.sandbox.warm import warm
from autograder.scores import grader_version
from autograder.secret import fingerprint
from autograder.skeleton import given_source, make_skeleton
from autograder.student import local_edf

PR_SET_PDEATHSIG = 1
GRADED, SYNTAX_ERROR, IMPORT_FAILED, GRADER_ERROR = "graded", "syntax error", "import failed", "grader error"

# Of a judgement, what differs from run to run: it is kept apart from the score.
RECORDED = ("output", "cpu_seconds", "peak_memory_kb", "diagnosis_faults")


class GraderFault(Refusal):
    """The grader fails on its own reference: nothing may be graded with it."""

    status = 1


@dataclasses.dataclass(frozen=True)
class Job:
    """All that grading one submission depends on, besides the grader itself."""

    submission: object  # intake.Submission
    assignment: object  # assignment.Assignment
    secret: bytes
    scratch: object = None  # folder for temporary files; the system's if None
    sandbox: str | None = None  # how to isolate it (sandbox.choose); the best that works if None
    contents: object = None  # intake.Contents, if the submission was read elsewhere
    exercises: tuple = ()  # those of the assignment that are judged; all if there are none

    @property
    def judged(self):
        """The assignment.Assignment with only what is judged of it."""
        return self.assignment.only(self.exercises) if self.exercises else self.assignment

    @property
    def is_guarded(self):
        """Whether student code can't reach the grader."""
        return self.sandbox != UNGUARDED.NAME


def check_reference(assignment, secret):
    """Hold the reference to every check of the assignment. Raises GraderFault.

    It catches a broken check before any student meets it, and it computes the expected values once: the
    processes that are forked after this have them.
    """
    for exercise in assignment.exercises:
        edf = local_edf(SOLUTION)
        for check in exercise.checks:
            edf.fresh()
            try:
                check.run(edf, Draw(secret, exercise.id, check.id))
            except Mismatch as error:
                fault = f"{error.message}; {error.detail}"
            except Exception as error:
                fault = f"{type(error).__name__}: {error}"
            else:
                remember_losses(exercise, check.id, edf.losses)
                continue
            raise GraderFault(
                f"The reference fails {exercise.id}, check {check.id}: {fault}\nMend that check first."
            )
        if exercise.training:
            reference_losses(exercise, "first_steps")


def needs_grading(job, score):
    """True unless `score`, the one from an earlier run or None, is of this very job."""
    if score is None or not score.get("key"):
        return True
    try:
        return key_of(job, content_of(job.submission)) != score["key"]
    except Exception:  # what it is, grade_submission says
        return True


def content_of(submission):
    """What a submission's score depends on, as text: a digest of what was handed in, or why it can't be read."""
    try:
        return read_submission(submission).digest()
    except Broken as broken:
        return str(broken)


def grade(jobs, processes, grade_many=None):
    """Grade each of `jobs`, in this many processes. Yields (score, record), as they come.

    grade_many: what else grades a queue of jobs, `grade` of a cluster.Cluster.

    The processes are forked meanwhile: there must be no threads. Where one of them is killed, what it and the others
    were grading is tried once more, one by one: whose grading is killed again has a grader error.
    """
    grade_many = grade_many or _grade_in_pool
    waiting, disturbed = collections.deque(jobs), []
    while waiting:
        killed = []
        for job, score, record in grade_many(waiting, processes, killed):
            if record.get("disturbed"):
                disturbed.append(job)
            else:
                yield score, record
        for job in killed:
            yield _grade_alone(job, grade_many)
    # Whom a busy machine let run into the wall limit, or killed, has a second try, alone, which counts.
    for job in disturbed:
        score, record = _grade_alone(job, grade_many)
        yield score, {**record, "second_try": True}


def worker_pool(processes):
    """An executor of this many processes, forked from this one, that end when this one does, however it ends."""
    return concurrent.futures.ProcessPoolExecutor(
        processes,
        mp_context=multiprocessing.get_context("fork"),
        initializer=_die_with,
        initargs=(os.getpid(),),
    )


def _grade_in_pool(waiting, processes, killed):
    """Grade what is `waiting`, a deque, and yield (job, score, record), until it is empty or a process is killed.

    What was being graded then is appended to the list `killed`.
    """
    executor, running = worker_pool(processes), {}
    try:
        while waiting or running:
            while waiting and len(running) < 2 * processes:  # a short queue: a large class takes no memory
                running[_submit(executor, waiting[0])] = waiting[0]
                waiting.popleft()
            done, _ = concurrent.futures.wait(running, return_when=concurrent.futures.FIRST_COMPLETED)
            for future in done:
                score, record = future.result()
                yield running.pop(future), score, record
        executor.shutdown()
    except BrokenProcessPool:
        executor.shutdown()
        killed += running.values()
    finally:
        # On the way out of an error or Ctrl-C: do not wait for what is running.
        executor.shutdown(wait=False, cancel_futures=True)


def _submit(executor, job):
    """Have a job graded. The first one makes the processes: Ctrl-C waits until these are deaf to it."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return executor.submit(grade_submission, job)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def _grade_alone(job, grade_many):
    """(score, record) of a job, graded while no other is."""
    killed = []
    for _, score, record in grade_many(collections.deque([job]), 1, killed):
        pass
    if killed:
        score, record = unjudged(job, "the process that graded it was killed, twice: was memory short?"), {}
    return score, record


def _die_with(parent):
    """End this process when the grader's main process ends, however it ends; leave Ctrl-C to that one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def grade_submission(job):
    """Grade one submission: (score, record).

    score: a dict of JSON values, the same bytes for the same key; record: how it was isolated, time used, and what
    was printed; "disturbed" if something outside of it stopped it.
    """
    started = time.monotonic()
    assignment = job.judged
    record = {}
    digest, notes, cells, changed = "", (), {}, []
    try:
        contents = job.contents or read_submission(job.submission)
        digest, notes = contents.digest(), contents.notes
        contents = take_notebooks(contents, job.assignment.stubs)
        notes, cells = contents.notes, contents.cells
        record = {"sandbox": choose(job.sandbox).NAME}
        changed, judgement, disturbed = _judge(contents, job)
        if disturbed:
            record["disturbed"] = True
        results = judgement.exercises
        record |= {name: getattr(judgement, name) for name in RECORDED}
        record["training"] = beside_reference(judgement.training, assignment.exercises)
        status, message = GRADED, ""
        if judgement.import_error is not None:
            status, message = IMPORT_FAILED, judgement.import_error
        elif any(result.status == judging.GRADER_ERROR for result in results):
            status, message = GRADER_ERROR, "a check failed for a reason of its own; see its detail"
    except Broken as broken:
        status, message = broken.status, broken.message
        results = _all_failed(assignment, broken.message)
    except Exception as error:  # whatever it is, it costs neither the class nor this student anything
        status, message = GRADER_ERROR, f"{type(error).__name__}: {error}"
        results = _all_failed(assignment, "not judged", judging.GRADER_ERROR)
    score = _score(job, status, message, results, digest, changed, notes, cells)
    return score, {**record, "wall_seconds": round(time.monotonic() - started, 3)}


def unjudged(job, message):
    """The score of a submission that the grader could not judge."""
    return _score(job, GRADER_ERROR, message, _all_failed(job.judged, "not judged", judging.GRADER_ERROR))


def _score(job, status, message, results, digest="", changed=(), notes=(), cells=None):
    return {
        "student": job.submission.student,
        "attempt": job.submission.attempt,
        "status": status,
        "message": message,
        "score": total_of(map(_exercise, results)),
        "max_score": job.assignment.total,
        "exercises": {result.id: _exercise(result) for result in results},
        "changed": list(changed),
        "notes": list(notes),
        "cells": cells or {},
        "assignment": job.assignment.name,
        "submission": digest,
        "grader": grader_version(),
        "secret": fingerprint(job.secret),
        "guarded": job.is_guarded,
        # A grader error has no key: it is never taken for done, the next run tries again.
        "key": "" if status == GRADER_ERROR else key_of(job, digest or message),
    }


def _judge(contents, job):
    """(given names that the student changed, Judgement, whether it was disturbed) of a submission.

    Raises Broken, SandboxError.
    """
    with sandbox_of(contents, job) as (sandbox, changed):
        judgement = judging.judge(sandbox, job.judged, job.secret)
        if judgement.import_error is None:
            diagnose(sandbox, job.judged, job.secret, judgement)
        disturbed = sandbox.was_killed or sandbox.starved and _is_busy()
        return changed, judgement, disturbed


@contextlib.contextmanager
def sandbox_of(contents, job):
    """(the Sandbox of what was handed in, inspected; given names that the student changed), a context manager.

    contents: intake.Contents, with what is to be taken from notebooks. Raises Broken, SandboxError.
    """
    assignment = job.assignment
    given = _given(tuple(assignment.stubs.items()))
    with tempfile.TemporaryDirectory(prefix="autograder-", dir=job.scratch) as folder:
        os.chmod(folder, 0o755)  # the sandbox may be another user's
        contents.write_to(folder)
        limits = assignment.limits
        where = job.sandbox, job.scratch
        with Sandbox(folder, given, assignment.packages, limits, *where, warm()) as sandbox:
            try:
                found = sandbox.inspect()
            except StudentError as error:
                raise Broken(SYNTAX_ERROR, f"edf.py can't be parsed: {error.message}") from None
            if found["syntax_error"] is not None:
                raise Broken(SYNTAX_ERROR, f"edf.py is not valid Python: {found['syntax_error']}")
            yield sandbox, found["changed"]


def _is_busy():
    """True if there was more to compute in the last minute than this machine has cores."""
    return os.getloadavg()[0] > len(os.sched_getaffinity(0))


@functools.cache
def _given(stubs):
    """Source of the given definitions, for an assignment's stubs; the same for the whole class."""
    return given_source(make_skeleton(dict(stubs)), stubs=dict(stubs))


def _all_failed(assignment, message, status=judging.FAIL):
    return [judging.failed_exercise(e, assignment, message, status) for e in assignment.exercises]


def key_of(job, content, grader=None):
    """A hash of all that a score depends on: a submission's digest or why it has none, and what is ours.

    grader: the scores.grader_version that graded it; None for this one.
    """
    grader = grader or grader_version()
    versions = _versions(job.assignment.packages)
    ours = job.assignment.fingerprint, versions, grader, fingerprint(job.secret), job.is_guarded
    return hashlib.sha256(repr((content, *ours)).encode()).hexdigest()


@functools.cache
def _versions(packages):
    """The installed versions of packages that students may import; None of one that is not there."""
    found = {name: None for name in packages}
    for name in packages:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


def total_of(results):
    """The points of all exercises of a score, or None if those of one are missing: what was not judged is no zero."""
    scores = [result["score"] for result in results]
    return None if None in scores else round(sum(scores), 2)


def _exercise(result):
    return {key: value for key, value in dataclasses.asdict(result).items() if key != "id"}
