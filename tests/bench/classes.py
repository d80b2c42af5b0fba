"""Classes of growing size: what a submission costs, what the grader holds, what comes at the end."""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.measure import TESTS, ratios, significant, spread, table
from bench.our_class import make_class

TITLE = "Classes: from 30 to 3,000"
SIZES = (30, 300, 1000, 3000)
JOBS = 2
SMALL, ROUNDS = 40, 3  # for the parallel efficiency


def section():
    """Measure, and return the section of the page."""
    rows, estimates = [], []
    for size in SIZES:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            make_class(Path(folder), size)
            first, again = _run(folder, JOBS), _run(folder, JOBS)
        rows.append(
            [
                f"{size:,}",
                significant(first["grading"] / size),
                significant(first["gradebook"] / size),
                significant(first["total"]),
                significant(again["process"]),
                f"{first['peak_mb']:.0f}",
            ]
        )
        estimates.append(
            [f"{size:,}", *(f"{a:.0f}–{b:.0f}: {left:.0f}" for a, b, left in first["estimates"])]
        )
        print(" ", *rows[-1], *estimates[-1][1:], flush=True)
    head = ["submissions", "grading, s each", "gradebook, s each", "all, s", "all again, s", "memory, MB"]
    return TEXT.format(
        jobs=JOBS,
        classes=table(head, rows),
        estimates=table(["submissions", "at 25 %", "at 50 %", "at 75 %"], estimates),
        small=SMALL,
        efficiency=spread(_efficiency()),
    )


def _run(folder, jobs):
    """One run over the class in `folder`, as measured by our_class; "process": seconds of the whole process."""
    command = [sys.executable, "-m", "bench.our_class", folder, str(jobs)]
    started = time.perf_counter()
    done = subprocess.run(command, cwd=TESTS, check=True, capture_output=True, text=True)
    return {**json.loads(done.stdout.splitlines()[-1]), "process": time.perf_counter() - started}


def _efficiency():
    """The time of one process as a part of that of all processes together, for each round: 1 if nothing is lost."""
    took = {1: [], JOBS: []}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        make_class(Path(folder), SMALL)
        for _ in range(ROUNDS):
            for jobs, seconds in took.items():
                shutil.rmtree(Path(folder, "out"), ignore_errors=True)
                seconds.append(_run(folder, jobs)["grading"])
    return [ratio / JOBS for ratio in ratios(took[1], took[JOBS])]


TEXT = """\
The sample class's submissions, shuffled and each changed a little, on the default assignment without its training runs,
with {jobs} processes. *Grading* is all from the first submission to the last; *gradebook* is nbgrader's folder;
*again* is the same command on the unchanged class, Python's start included. *Memory* is the most that the
grader's main process held.

{classes}

The span of seconds that the progress bar said were left, and how many it were: when a quarter, half and three quarters
of the class were done.

{estimates}

Parallel efficiency, with {small} submissions: {jobs} processes grade {efficiency} times as fast as {jobs} that never
wait for each other.
"""
