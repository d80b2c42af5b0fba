"""Classes of growing size: what a submission costs, what the grader holds, what comes at the end."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.measure import TESTS, significant, table
from bench.our_class import make_class

TITLE = "Classes: from 30 to 3,000"
SIZES = (30, 300, 3000)
JOBS = 2


def section():
    """Measure, and return the section of the page."""
    rows, estimates = [], []
    for size in SIZES:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            make_class(Path(folder), size)
            first, again = _run(folder), _run(folder)
        rows.append(
            [
                f"{size:,}",
                significant(first["grading"] / size),
                significant(first["gradebook"] / size),
                significant(first["total"]),
                significant(again["total"]),
                f"{first['peak_mb']:.0f}",
            ]
        )
        estimates.append([f"{size:,}", *(f"{error:+.0%}" for error in first["estimates"])])
    head = ["submissions", "grading, s each", "gradebook, s each", "all, s", "all again, s", "memory, MB"]
    return TEXT.format(
        jobs=JOBS,
        classes=table(head, rows),
        estimates=table(["submissions", "at 25 %", "at 50 %", "at 75 %"], estimates),
    )


def _run(folder):
    """One run over the class in `folder`, as measured by our_class."""
    command = [sys.executable, "-m", "bench.our_class", folder, str(JOBS)]
    done = subprocess.run(command, cwd=TESTS, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


TEXT = """\
The sample class's submissions, shuffled and each changed a little, on the default assignment without its training runs,
with {jobs} processes. *Grading* is all from the first submission to the last; *gradebook* is nbgrader's folder;
*again* is the same command on the unchanged class. *Memory* is the most that the grader's main process held.

{classes}

How far the progress bar's estimate of the time left was off, of the time that it did take from then on:

{estimates}
"""
