"""Grading on a Dask cluster, a scheduler and workers on loopback: the same bytes, whatever is killed meanwhile."""

import concurrent.futures
import contextlib
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import QUICK, ROOT, SAMPLE_CLASS
from distributed import KilledWorker

from autograder import cluster
from autograder.assignment import load_assignment
from autograder.grade import GRADER_ERROR, GraderFault, Job
from autograder.intake import Submission

SECONDS = 120  # for anything to happen on a busy machine
CLASS = ["ada", "bea", "eko.py", "hana", "rosa.py", "viktor", "wren", "yara"]
SCHEDULER = "from distributed.cli.dask_scheduler import main; main()"
WORKER = "from distributed.cli.dask_worker import main; main()"
OTHER_GRADER = f"import autograder.worker as worker; worker.grader_version = lambda: 'another'; {WORKER}"
# As where a kernel has no Landlock.
NO_LANDLOCK = f"""
import errno, pyseccomp
syscalls = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
syscalls.add_rule(pyseccomp.ERRNO(errno.ENOSYS), "landlock_create_ruleset")
syscalls.load()
{WORKER}
"""
NO_NAMESPACES = [sys.executable, str(ROOT / "tests" / "no_namespaces.py")]
PRELOAD = ["--preload", "autograder.worker"]


class Dask:
    """A scheduler and its workers, as processes of their own; a context manager that ends them."""

    def __init__(self, folder):
        self.folder, self.processes = folder, []

    def __enter__(self):
        file = self.folder / "scheduler.json"
        options = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file)]
        self.scheduler = self._start([sys.executable, "-c", SCHEDULER, *options])
        wait_until(file.exists)
        self.address = json.loads(file.read_text())["address"]
        return self

    def __exit__(self, *_):
        for process in self.processes:
            process.kill()
            process.wait()

    def worker(self, program=WORKER, preload=PRELOAD, within=()):
        """Start a worker, which runs `program`; its process."""
        options = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", str(self.folder)]
        return self._start([*within, sys.executable, "-c", program, self.address, *options, *preload])

    def wait_for(self, count):
        """Wait until that many workers have come."""
        from distributed import Client

        with Client(self.address, set_as_default=False) as client:
            client.wait_for_workers(count, timeout=SECONDS)

    def _start(self, command):
        with open(self.folder / "log", "ab") as log:
            self.processes.append(subprocess.Popen(command, stdout=log, stderr=log, cwd=ROOT))
        return self.processes[-1]


def wait_until(is_true):
    deadline = time.monotonic() + SECONDS
    while not is_true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def command(folder, out, *options):
    """The command line that grades the class in `folder` into `folder`/`out`."""
    return [
        *(sys.executable, "-m", "autograder", "grade", folder / "submitted", "--out", folder / out),
        *("--assignment", folder / "quick.toml", "--secret", folder / "secret", *options),
    ]


def graded(folder, out, *options):
    """Run it; (exit status, all that it said)."""
    done = subprocess.run(
        command(folder, out, *options), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT
    )
    return done.returncode, done.stdout


@contextlib.contextmanager
def grading(folder, out, *options):
    """Run it at the same time; yields its process, whose stdout holds all that it says."""
    pipe = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen(command(folder, out, *options), cwd=ROOT, **pipe) as process:
        try:
            yield process
        finally:
            process.kill()


def results(out):
    """The bytes of all that is the same for the same class, by file."""
    files = [out / "grades.csv", out / "mistakes.csv", *sorted((out / "scores").iterdir())]
    return {file.name: file.read_bytes() for file in files}


def has_children(pid):
    """True while a process has children: for a worker, while a sandbox is there."""
    return any(file.read_text() for file in Path(f"/proc/{pid}/task").glob("*/children"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A class, graded on this machine into `here`."""
    path = tmp_path_factory.mktemp("cluster")
    (path / "quick.toml").write_text(QUICK)
    (path / "submitted").mkdir()
    for name in CLASS:
        source = SAMPLE_CLASS / "submissions" / name
        copy = shutil.copytree if source.is_dir() else shutil.copyfile
        copy(source, path / "submitted" / name)
    (path / "submitted" / "nobody").mkdir()
    (path / "submitted" / "nobody" / "edf.zip").write_bytes(b"no zip")
    status, said = graded(path, "here")
    assert status == 0, said
    return path


@pytest.fixture(scope="module")
def dask(tmp_path_factory):
    with Dask(tmp_path_factory.mktemp("dask")) as dask:
        yield dask


def test_workers_that_must_not_grade_refuse(folder, dask):
    dask.worker(preload=())
    dask.worker(OTHER_GRADER)
    dask.worker(NO_LANDLOCK, within=NO_NAMESPACES)
    dask.wait_for(3)
    status, said = graded(folder, "refused", "--cluster", dask.address)
    assert status == 2, said
    assert "No worker of" in said and "another grader (another, Python" in said
    assert "without `--preload autograder.worker`" in said
    assert "it can't isolate student code. This system lets no Landlock be used" in said
    assert not (folder / "refused").exists()


def test_a_worker_that_is_killed_changes_nothing(folder, dask):
    workers = [dask.worker() for _ in range(3)]
    dask.wait_for(6)
    with grading(folder, "there", "--cluster", dask.address.removeprefix("tcp://")) as process:
        wait_until(lambda: process.poll() is not None or has_children(workers[0].pid))
        workers[0].kill()
        said = process.stdout.read()
    assert process.returncode == 0, said
    assert "workers that grade: 3" in said and said.count("workers that refuse: 1") == 3
    assert results(folder / "there") == results(folder / "here")
    records = [json.loads(file.read_text()) for file in (folder / "there" / "records").iterdir()]
    assert len(records) == len(CLASS) + 1
    assert len({record["worker"] for record in records if "worker" in record}) >= 2


def test_a_lost_scheduler_costs_nothing_that_was_graded(folder, dask):
    scores = folder / "on" / "scores"
    with grading(folder, "on", "--cluster", dask.address) as process:
        wait_until(lambda: process.poll() is not None or (scores.exists() and any(scores.iterdir())))
        dask.scheduler.kill()
        said = process.stdout.read()
    assert process.returncode == 2, said + (dask.folder / "log").read_text()[-6000:]
    assert f"The scheduler {dask.address} is gone. What was graded is kept" in said, (
        said + (dask.folder / "log").read_text()[-6000:]
    )
    done = len(list(scores.iterdir()))
    assert 0 < done < len(CLASS)
    status, said = graded(folder, "on")
    assert status == 0 and f"{done} of {len(CLASS) + 1} submissions are unchanged" in said
    assert results(folder / "on") == results(folder / "here")


@pytest.mark.parametrize("address", ["127.0.0.1:1", "tls://127.0.0.1:1", "somewhere"])
def test_an_address_where_no_scheduler_is(folder, address):
    status, said = graded(folder, "nowhere", "--cluster", address)
    assert status == 2
    assert f"No Dask scheduler answers at {address} (" in said and "Traceback" not in said
    assert not (folder / "nowhere").exists()


def test_a_submission_whose_workers_are_killed_again_and_again_is_a_grader_error(folder):
    future = concurrent.futures.Future()
    future.set_exception(KilledWorker("task", None, 3))
    job = Job(Submission("ada", folder), load_assignment(folder / "quick.toml"), b"secret")
    score, _ = cluster._result(job, future)
    assert score["status"] == GRADER_ERROR and score["score"] is None
    assert "killed, 4 times" in score["message"]


def test_dask_is_not_needed_on_one_machine():
    program = "import sys, autograder.run, autograder.cluster; assert not {'dask', 'distributed'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT)


def test_a_machine_where_the_reference_fails_ends_the_run(folder):
    future = concurrent.futures.Future()
    future.set_exception(GraderFault("On the worker's machine a: The reference fails add, check forward"))
    with pytest.raises(cluster.ClusterError, match="machine a: The reference fails add"):
        cluster._result(None, future)
