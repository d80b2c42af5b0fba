"""What runs in a worker of a Dask cluster: `dask worker ADDRESS --nthreads 1 --preload autograder.worker`.

A worker announces, as Dask's resources, which grader it is and how it can isolate student code. Dask gives a task to
workers that have the resource that it asks for: one with another grader, or without a sandbox, gets none.
"""

import dataclasses
import logging
import pickle
import socket
import sys

from distributed import get_worker

from autograder.grade import GraderFault, check_reference, grade_submission
from autograder.sandbox.choose import STACKS, UNGUARDED, choose
from autograder.sandbox.visible import SandboxUnavailable
from autograder.scores import grader_version

NAME = "autograder"  # of what a worker says of itself

logger = logging.getLogger(f"distributed.{NAME}")  # shown among Dask's own lines
checked = set()  # (assignment, secret) that the reference was held to, in this process


def version():
    """What must be the same everywhere: the grader, and Python, whose messages students are shown."""
    return f"{grader_version()}, Python {sys.version_info[0]}.{sys.version_info[1]}"


def resource(sandbox):
    """The resource that a worker has if it is this grader and has this `sandbox`; with None, any that isolates."""
    return f"{NAME} {version()}, sandbox {sandbox or 'any'}"


def dask_setup(worker):
    """Announce what this worker can do. Dask calls it before the worker registers with the scheduler."""
    sandboxes, faults = [UNGUARDED.NAME], []
    for name in STACKS:
        try:
            choose(name)
        except SandboxUnavailable as fault:
            faults.append(str(fault))
        else:
            sandboxes.append(name)
    isolates = len(sandboxes) > 1
    if not isolates:
        logger.warning("This worker refuses to grade: it can't isolate student code. %s", faults[-1])
    # One of each: one submission at a time, since one sandbox is what a core is for.
    announced = {resource(name): 1 for name in [*sandboxes, *([None] if isolates else [])]}
    worker.state.total_resources.update(announced)
    worker.state.available_resources.update(announced)
    said = {"version": version(), "sandboxes": sandboxes, "fault": faults[-1] if faults else ""}
    worker.startup_information[NAME] = lambda _: said


def grade(pickled):
    """Grade a pickled grade.Job that carries its contents: (score, record), as grade_submission does.

    Raises GraderFault if the grader fails on its own reference on this machine.
    """
    job = pickle.loads(pickled)
    facts = job.assignment.fingerprint, job.secret
    if facts not in checked:
        try:
            check_reference(job.assignment, job.secret)
        except GraderFault as fault:
            raise GraderFault(f"On the worker's machine {socket.gethostname()}: {fault}") from None
        checked.add(facts)
    # In the folder that Dask removes, even after a worker that was killed.
    score, record = grade_submission(dataclasses.replace(job, scratch=get_worker().local_directory))
    return score, {**record, "worker": get_worker().address}
