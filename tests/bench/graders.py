"""The graders: ours, nbgrader, otter-grader and a bare pytest on one and the same assignment."""

import contextlib
import os
import sys
import tempfile
from pathlib import Path

from bench.measure import PEERS, Command, Worker, interleaved, one_thread, ratios, spread, table
from bench.our_grader import own_share, release_once
from bench.peers import NAME, nbgrader_course, otter_folder, our_class, pytest_folder

TITLE = "Graders: seconds for a correct submission"
ROUNDS, CLASS = 9, 10
OURS, WHOLE_RUN = "ours, in a run", "ours, a whole run"
NBGRADER, OTTER, PYTEST = "nbgrader autograde", "otter run", "pytest, no isolation"
PSET = "the whole problem set, without training runs"
WITH_TRAINING = "the whole problem set"
# The exercises whose checks hold what the six tests do, and more.
SIX = """\
name = "six"
total = 6
packages = []
[points]
conv2_forward = 2
conv2_image = 2
conv2_kernel = 2
"""


def section():
    """Measure, and return the section of the page."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, contextlib.ExitStack() as stack:
        sides = _sides(Path(folder), stack)
        walls = {}
        for side, turns in interleaved(sides, ROUNDS).items():
            share = CLASS if side in (NBGRADER, WHOLE_RUN) else 1
            walls[side] = [turn.wall / share for turn in turns]
        pset = {
            name: stack.enter_context(
                contextlib.closing(Worker("our_grader", "submission", training=training))
            )
            for name, training in {PSET: False, WITH_TRAINING: True}.items()
        }
        whole = {side: [turn.wall for turn in turns] for side, turns in interleaved(pset, ROUNDS).items()}
    with one_thread():
        own = own_share(ROUNDS)
    rows = [
        [
            side,
            spread(seconds),
            spread(ratios(seconds, walls[OURS])),
            spread(ratios(seconds, walls[WHOLE_RUN])),
        ]
        for side, seconds in walls.items()
    ]
    return TEXT.format(
        students=CLASS,
        graders=table(["", "seconds", "as many times ours in a run", "as many times ours as a whole"], rows),
        pset=table(["", "seconds"], [[name, spread(seconds)] for name, seconds in whole.items()]),
        own=spread([100 * share for share in own]),
    )


def _sides(folder, stack):
    environment = {"PATH": f"{PEERS.parent}{os.pathsep}{os.environ['PATH']}"}
    (folder / "six.toml").write_text(SIX)
    our_class(folder / "class", CLASS)
    release_once(folder)
    course = nbgrader_course(folder / "course", CLASS)
    otter, plain = otter_folder(folder / "otter"), pytest_folder(folder / "pytest")
    nbgrader = [PEERS.parent / "nbgrader", "autograde", NAME, "--force"]
    ours = [sys.executable, "-m", "bench.our_grader", folder]
    return {
        OURS: stack.enter_context(
            contextlib.closing(Worker("our_grader", "submission", assignment=str(folder / "six.toml")))
        ),
        WHOLE_RUN: Command(*ours, cwd=Path(__file__).parent.parent),
        NBGRADER: Command(*nbgrader, cwd=course, env=environment),
        OTTER: Command(
            PEERS.parent / "otter", "run", "--no-logo", "submission.ipynb", cwd=otter, env=environment
        ),
        PYTEST: Command(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=plain),
    }


TEXT = """\
One assignment, a `conv2` with six tests (`tests/bench/six_tests.py`, two by finite differences), handed in right and
graded by each. *nbgrader* grades {students} submissions with one command, *ours, a whole run* too, with gradebook and
reports, sandbox included, one process, each in a course folder in which the release lies ready; the time is that of one
submission. *Ours, in a run* is one more submission in a run that has begun. Ours are the checks of `conv2`'s three
exercises, many more than the six. *pytest* runs the six in a process, and isolates nothing.

{graders}

What a correct submission of the default assignment takes, in a run that has begun, one process, sandbox included:

{pset}

The grader's own part of the latter, that is the time in which no process of the submission computed: {own} %.

That part is spread thin. Of 0.22 s: 0.10 s for the checks of the exercises without training (some 370 exchanges of
0.2 ms of the judge's, a fork each, the file parsed once), 0.06 s to try two networks on 1,000 hidden digits, 0.06 s to
send 13 MB of batches and to read parameters. It was 16 % before ten steps went in one exchange, and the digits in parts
that fit a cache; 11 % before batches went as bytes. Frames that are not copied gained nothing. A judge that sends the
next batches while the student's code computes would hide some of it, where another core is idle.
"""
