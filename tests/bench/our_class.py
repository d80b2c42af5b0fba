"""A synthetic class, and one run over it: `our_class FOLDER JOBS` prints how long its parts took, as JSON."""

import json
import random
import resource
import shutil
import sys
import time
from pathlib import Path

from autograder import live
from autograder import run as running
from autograder.cli import main
from autograder.paths import ROOT

SAMPLES = ROOT / "data" / "sample_class" / "submissions"
TRAINING = ("mnist_mlp", "mnist_conv")


def make_class(folder, size):
    """Hand in `size` submissions in the styles of the sample class, each with a change of its own."""
    samples, order = sorted(SAMPLES.iterdir()), random.Random(0)
    for i in range(size):
        sample = order.choice(samples)
        # The number first: students are graded in the order of their names, and styles must not come one after another.
        target = folder / "class" / f"{i:04}-{sample.stem}{sample.suffix}"
        if sample.is_dir():
            shutil.copytree(sample, target)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(sample, target)
        for module in [target] if target.suffix == ".py" else target.rglob("*.py"):
            with open(module, "ab") as file:
                file.write(f"\nNUMBER = {i}  # {order.random()}\n".encode())
    default = (ROOT / "autograder" / "assignments" / "edf.toml").read_text(encoding="utf-8")
    kept = [line for line in default.splitlines() if not line.startswith(TRAINING)]
    points = 16  # of the training runs
    text = "\n".join(kept).replace("total = 100", f"total = {100 - points}")
    (folder / "class.toml").write_text(text, encoding="utf-8")


class Watched(live.Pace):
    """The pace of the run; keeps (time, part done, span of seconds that it says are left)."""

    looks = []

    def advance(self, seconds):
        super().advance(seconds)
        self.looks.append((time.perf_counter(), self.done / self.total, self.span))


def _timed(name, took):
    function = getattr(running, name)

    def timed(*arguments):
        started = time.perf_counter()
        try:
            return function(*arguments)
        finally:
            took[name] = time.perf_counter() - started

    setattr(running, name, timed)


def measure(folder, jobs):
    """Grade the class in `folder`; returns what is printed."""
    took = {}
    _timed("_grade_all", took)
    _timed("_write_course", took)
    live.Pace = Watched
    started = time.perf_counter()
    paths = ["--out", str(folder / "out"), "--secret", str(folder / "secret")]
    paths += ["--assignment", str(folder / "class.toml")]
    status = main(["grade", str(folder / "class"), "--jobs", jobs, *paths])
    if status:
        raise RuntimeError(f"the run ended with exit status {status}")
    return {
        "grading": took.get("_grade_all", 0),
        "gradebook": took["_write_course"],
        "total": time.perf_counter() - started,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "estimates": [_estimate(part) for part in (0.25, 0.5, 0.75)] if Watched.looks else [],
    }


def _estimate(part):
    """(least, most seconds that were said to be left when this part was done, seconds that were left)."""
    end = Watched.looks[-1][0]
    when, _, said = next(look for look in Watched.looks if look[1] >= part)
    return *(said or (0, 0)), end - when


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]), sys.argv[2])))
