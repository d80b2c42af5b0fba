"""Measuring sides that take turns, A B A B …, so that a change of the machine's speed meets all of them."""

import contextlib
import json
import math
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

TESTS = Path(__file__).resolve().parent.parent
ROOT = TESTS.parent
PEERS = ROOT / ".bench" / "bin" / "python"
# Read when numpy or PyTorch is imported, so they are set before a side's process starts.
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@contextlib.contextmanager
def one_thread():
    """What is started inside, such as a notebook's kernel, computes on one thread."""
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(ONE_THREAD)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


class Turn(NamedTuple):
    """What one run took, in seconds."""

    wall: float
    cpu: float


class Worker:
    """A side that is a function of a module of bench (see worker.py), in a process of its own.

    A call with a count runs it so often and returns the mean Turn. python: the interpreter, PEERS for a peer.
    Raises RuntimeError if the process ends. Closed by `contextlib.closing` or `close`.
    """

    def __init__(self, module, function, python=sys.executable, **arguments):
        command = [str(python), "-m", "bench.worker", module, function, json.dumps(arguments)]
        self.what = f"{module}.{function}"
        self.process = subprocess.Popen(
            command,
            cwd=TESTS,
            env={**os.environ, **ONE_THREAD},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def __call__(self, count):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(f"{count}\n")
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{self.what} ended with exit status {self.process.wait()}")
        return Turn(*map(float, answer.split()))

    def close(self):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()  # its loop over the lines ends
        self.process.stdout.close()
        self.process.wait()


class Command:
    """A side that is a whole process. A call with a count runs the command so often and returns the mean Turn.

    Its output is thrown away. Raises RuntimeError if its exit status is not one of `expected`.
    """

    def __init__(self, *command, cwd=None, env=None, expected=(0,)):
        self.command = [str(part) for part in command]
        self.cwd = cwd
        self.env = {**os.environ, **ONE_THREAD, **(env or {})}
        self.expected = expected

    def __call__(self, count):
        turns = [self._once() for _ in range(count)]
        return Turn(*(sum(each) / count for each in zip(*turns)))

    def _once(self):
        start = time.perf_counter()
        process = subprocess.Popen(
            self.command, cwd=self.cwd, env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in self.expected:
            raise RuntimeError(f"{' '.join(self.command)} ended with exit status {process.returncode}")
        return Turn(wall, used.ru_utime + used.ru_stime)


def peer_version(package):
    """The version of a package in the peers' environment."""
    command = [PEERS, "-c", f"from importlib.metadata import version; print(version({package!r}))"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def interleaved(sides, rounds, turn_seconds=0.0):
    """{name: [Turn, one a round]} of sides {name: function of a count} that take turns.

    Each side first runs twice without being counted. turn_seconds: a turn has as many runs as take about so long.
    """
    counts = {}
    for name, side in sides.items():
        side(1)
        counts[name] = max(1, round(turn_seconds / side(1).wall))
    turns = {name: [] for name in sides}
    for _ in range(rounds):
        for name, side in sides.items():
            turns[name].append(side(counts[name]))
    return turns


def spread(numbers, digits=3):
    """Minimum – median – maximum as text, each with so many digits."""
    return " – ".join(
        significant(number, digits) for number in (min(numbers), statistics.median(numbers), max(numbers))
    )


def significant(number, digits=3):
    """A number as text with so many significant digits, never with an exponent."""
    places = digits - 1 - math.floor(math.log10(abs(number))) if number else 0
    return f"{number:.{max(0, places)}f}"


def ratios(ours, theirs):
    """How many times as large each of `ours` is as what was measured in the same round of `theirs`."""
    return [our / their for our, their in zip(ours, theirs)]


def table(head, rows, left=1):
    """A Markdown table of texts; all columns but the first `left` are aligned right."""
    rule = ["---" if place < left else "--:" for place in range(len(head))]
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, rule, *rows])
