"""What students wait for: the public checks, and the cells of the notebooks that train."""

import re
import shutil
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from autograder.assignment import load_assignment
from autograder.paths import SOLUTION
from autograder.release.make import make_release
from autograder.variant import Variant
from bench.measure import Command, Turn, interleaved, one_thread, spread, table

TITLE = "Students: checks and training cells"
ROUNDS = 5
LISTED_SECONDS = 0.5  # cells that take less are not listed

SIX_LOOPS = """
class conv2:
    def forward(self):
        f, k, s = self.f.top, self.k.top, self.stride
        (B, H, W, C1), (kh, kw, _, C2) = f.shape, k.shape
        self.top = np.zeros((B, (H - kh) // s + 1, (W - kw) // s + 1, C2))
        for b, y, x, c2, ky, kx, c1 in self._places():
            self.top[b, y, x, c2] += f[b, s * y + ky, s * x + kx, c1] * k[ky, kx, c1, c2]

    def backward_image(self):
        s = self.stride
        for b, y, x, c2, ky, kx, c1 in self._places():
            self.f.grad[b, s * y + ky, s * x + kx, c1] += self.grad[b, y, x, c2] * self.k.top[ky, kx, c1, c2]

    def backward_kernel(self):
        s = self.stride
        for b, y, x, c2, ky, kx, c1 in self._places():
            pixel = self.f.top[b, s * y + ky, s * x + kx, c1]
            self.k.grad[ky, kx, c1, c2] += self.grad[b, y, x, c2] * pixel

    def _places(self):
        B, height, width, C2 = self.top.shape
        kh, kw, C1, _ = self.k.top.shape
        for b in range(B):
            for y in range(height):
                for x in range(width):
                    for c2 in range(C2):
                        for ky in range(kh):
                            for kx in range(kw):
                                for c1 in range(C1):
                                    yield b, y, x, c2, ky, kx, c1
"""


def section():
    """Measure, and return the section of the page."""
    assignment = load_assignment()
    with tempfile.TemporaryDirectory() as scratch, one_thread():
        scratch = Path(scratch)
        make_release(
            assignment, scratch / "out", scratch / "course", None, try_it=False, report=lambda _: None
        )
        taps, six = scratch / "taps", scratch / "six"
        for folder in (taps, six):
            shutil.copytree(scratch / "out" / "edf", folder, ignore=shutil.ignore_patterns("*.ipynb"))
        (taps / "edf.py").write_text(SOLUTION.read_text(encoding="utf-8"), encoding="utf-8")
        six_loops = Variant("conv2_forward", "six_loops", "", (), SIX_LOOPS, ())
        (six / "edf.py").write_text(six_loops.source, encoding="utf-8")
        check = [sys.executable, "-m", "edf_kit", "check"]
        turns = {
            **interleaved(
                {
                    "check conv2, loops over taps": Command(*check, "conv2", cwd=taps),
                    "check conv2, six nested loops": Command(*check, "conv2", cwd=six),
                },
                ROUNDS,
            ),
            "check of everything, loops over taps": interleaved({"": Command(*check, cwd=taps)}, 1)[""],
            "check of everything, six nested loops": [Command(*check, cwd=six)(1)],
        }
        cells = [_cells(scratch / "course" / "source" / assignment.name) for _ in range(2)]
    rows = [[name, *_columns(each)] for name, each in turns.items()]
    training = [
        [notebook, f"`{line}`", *_columns([times[notebook, line] for times in cells])]
        for notebook, line in cells[0]
        if cells[0][notebook, line].cpu >= LISTED_SECONDS
    ]
    head = ["wall, s", "CPU, s"]
    return TEXT.format(
        checks=table(["python -m edf_kit …", *head], rows),
        cells=table(["notebook", "cell", *head], training, left=2),
    )


def _columns(turns):
    return [spread([turn.wall for turn in turns]), spread([turn.cpu for turn in turns])]


def _cells(folder):
    """{(notebook, first line of a code cell): Turn} of the notebooks in a folder, run with the solutions in them."""
    found = {}
    for path in sorted(folder.glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
        lines = [next(line for line in cell.source.split("\n") if line) for cell in cells]
        for cell in cells:
            cell.source = f"{BEFORE}\n{cell.source}\n{AFTER}"
        NotebookClient(
            notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": folder}}
        ).execute()
        for cell, line in zip(cells, lines):
            said = "".join(output.get("text", "") for output in cell.outputs)
            wall, cpu = re.findall(r"TOOK (\S+) (\S+)", said)[-1]
            found[path.name, line] = Turn(float(wall), float(cpu))
    return found


BEFORE = "import time as _time; _wall, _cpu = _time.perf_counter(), _time.process_time()"
AFTER = "print('TOOK', _time.perf_counter() - _wall, _time.process_time() - _cpu)"

TEXT = """\
Whole commands of a student in a terminal, Python's start included. *Loops over taps* is the model answer; *six nested
loops* is plain Python, and the check of a network then stops training after 20 s and says so.

{checks}

Cells of the notebooks with the model answers, in a kernel of one thread: all that take half a second or more.

{cells}
"""
