"""Grading on several machines: the workers of a Dask cluster in place of processes of this one.

Dask sends, schedules and repeats; nothing here does. A task carries all that grading one submission takes, so that no
folder is shared, and is run by a worker that says it is the same grader and can isolate student code (worker.py).
"""

import asyncio
import collections
import concurrent.futures
import dataclasses
import logging
import pickle
import time
from pathlib import Path

from autograder.errors import Refusal
from autograder.grade import grade_submission, unjudged
from autograder.intake import Submission, read_submission

CONNECT_SECONDS = 8
WAIT_SECONDS = 60  # for a first worker, and for another one when the last is gone
LOOK_SECONDS = 2  # between two looks at which workers there are
AHEAD = 2  # tasks a worker: one that is run, one that waits
START = "dask worker ADDRESS --nthreads 1 --preload autograder.worker"


class ClusterError(Refusal):
    """The cluster can't be reached, or can't grade; the message says what to do."""


class Cluster:
    """The workers of the Dask scheduler at `address`, a context manager.

    sandbox: how they are to isolate student code (sandbox.choose), None for the best that works on each. Raises
    ClusterError if there is no scheduler.
    """

    def __init__(self, address, sandbox=None):
        try:
            from distributed import Client
        except ModuleNotFoundError:
            raise ClusterError("Dask is not installed: `pip install .[cluster]`.") from None
        self.address, self._sandbox = address, sandbox
        self._looked = self._able = self._had_none = 0  # when last; how many could grade; since when none can
        # What it says of a lost connection, ClusterError says.
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        try:
            asyncio.run(_reach(address))  # a Client that fails at it would take its time to end
            self._client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
        except Exception as error:  # of many kinds: for one, MemoryError where something else answers there
            why = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise ClusterError(
                f"No Dask scheduler answers at {address} ({why}). Start one with `dask scheduler`, and name the "
                "address that it prints, such as tcp://10.0.0.1:8786; with TLS, tls://… (docs/scale.md)."
            ) from None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._client.close(timeout=LOOK_SECONDS)

    def wait_for_workers(self):
        """(how many workers can grade, {why others can't: how many}), once one can. Raises ClusterError if none can."""
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            able, refusals = self._look()
            if able:
                return able, refusals
            if refusals:
                said = "\n".join(f"  {count} × {why}" for why, count in refusals.items())
                raise ClusterError(f"No worker of {self.address} can grade this:\n{said}")
            if time.monotonic() > deadline:
                raise ClusterError(f"{self.address} has no workers. Start some: {START}")
            time.sleep(LOOK_SECONDS / 4)

    def grade(self, waiting, *_):
        """Grade what is `waiting`, a deque of grade.Jobs, and yield (job, score, record), as they come.

        Raises ClusterError if the scheduler or the last worker that can grade is lost.
        """
        from autograder import worker

        asked = {worker.resource(self._sandbox): 1}
        executor, running = self._client.get_executor(pure=False, resources=asked), {}
        try:
            while waiting or running:
                room = AHEAD * self._require_workers()
                while waiting and len(running) < room:
                    job = waiting.popleft()
                    try:
                        packed = _pack(job)
                    except Exception:  # there is nothing to run; what is wrong with it, this says
                        yield job, *grade_submission(job)
                    else:
                        running[executor.submit(worker.grade, packed)] = job
                done, _ = concurrent.futures.wait(running, LOOK_SECONDS, concurrent.futures.FIRST_COMPLETED)
                for future in done:
                    job = running.pop(future)
                    if future.cancelled():
                        raise self._lost()
                    yield job, *_result(job, future)
        finally:
            executor.shutdown(wait=False)  # on the way out of an error or Ctrl-C: what is running is dropped

    def _require_workers(self):
        """How many workers can grade. Raises ClusterError if there has been none for a while."""
        if time.monotonic() - self._looked >= LOOK_SECONDS:
            able, _ = self._look()
            if not able and time.monotonic() - self._had_none > WAIT_SECONDS:
                raise ClusterError(f"{self.address} has no workers left that can grade. Start some: {START}")
        return self._able

    def _look(self):
        """(how many workers can grade, {why others can't: how many}), now."""
        from autograder import worker

        # Not Client.scheduler_info: it answers with what it last heard, workers or not, when the scheduler is silent.
        client = self._client
        try:
            workers = client.sync(client.scheduler.identity, n_workers=-1)["workers"].values()
        except OSError:
            raise self._lost() from None
        wanted = worker.resource(self._sandbox)
        refusals = collections.Counter(
            f"{info['host']}: {_why_not(info.get(worker.NAME), worker.version(), self._sandbox)}"
            for info in workers
            if wanted not in info["resources"]
        )
        able = len(workers) - refusals.total()
        self._looked = time.monotonic()
        if able:
            self._able, self._had_none = able, 0
        elif not self._had_none:
            self._had_none = self._looked
        return able, refusals

    def _lost(self):
        return ClusterError(
            f"The scheduler {self.address} is gone. What was graded is kept: start it and its workers again, "
            "then run the same command again to go on."
        )


async def _reach(address):
    from distributed.comm import connect
    from distributed.security import Security

    connection = await connect(address, CONNECT_SECONDS, **Security().get_connection_args("client"))
    await connection.close()


def _result(job, future):
    """(score, record) of a job whose future is done. Raises ClusterError if its machine can't grade."""
    from distributed import KilledWorker

    try:
        return future.result()
    except KilledWorker as error:
        killed = f"its worker was killed, {error.allowed_failures + 1} times: was memory short?"
        return unjudged(job, killed), {}
    except Exception as error:  # the machine's fault, not the submission's
        raise ClusterError(
            f"{type(error).__name__}: {error}\nWhat was graded is kept. Scheduler and workers need this very "
            "project: mend that machine, or stop its workers, and run the same command again to go on."
        ) from None


def _why_not(said, version, sandbox):
    """Why a worker can't grade, by what it `said` of itself (worker.dask_setup)."""
    if said is None:
        return "it was started without `--preload autograder.worker`"
    if said["version"] != version:
        return f"it has another grader ({said['version']}; here {version}): install the same one there"
    which = f" by {sandbox}" if sandbox else ""
    return f"it can't isolate student code{which}. {said['fault']}".strip()


def _pack(job):
    """A job as bytes, with the files of its submission, and no more of the student than the name. Raises Broken."""
    contents = read_submission(job.submission)
    submission = Submission(job.submission.student, Path(), attempt=job.submission.attempt)
    return pickle.dumps(dataclasses.replace(job, submission=submission, contents=contents, scratch=None))
