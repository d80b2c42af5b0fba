"""Two runs at once, clocks that jump, an output that is removed, a terminal that is gone."""

import os
import shutil
import time
from pathlib import Path

from faults.result import differences, result
from faults.signals import at, where
from faults.trial import Fault

CLOCK = Path(__file__).with_name("clock")
YEAR = 365 * 24 * 3600


def second_run(room, chance, part):
    """Start a second run on the same OUT while the first is at work: it must say so, or find all done."""
    first = room.start()
    at(room, first, chance, part)
    room.where = where(room)
    second = room.run()
    ended = room.end(first)
    is_told = second.status == 2 and "Another run is grading into" in second.said
    assert "Traceback" not in second.said, second.said
    assert is_told or second.status == 0, second.said
    return ended


def with_one_secret(room, chance, part):
    """Two runs at once with an OUT each, one course folder, and a secret that neither has made yet."""
    room.secret, room.course = room.folder / "new-secret", room.folder / "shared"
    shutil.copytree(room.out / "course", room.course)
    outs = [room.folder / "one", room.folder / "two"]
    runs = []
    for room.out in outs:
        runs.append(room.start())
        time.sleep(chance.choice([0, 0, 0.01, 0.1]))
    for process in runs:
        ended = room.end(process)
        assert "Traceback" not in ended.said, ended.said
        assert ended.status == 0 or ended.status == 2 and "The scores are kept" in ended.said, ended.said
    for room.out in outs:
        room.must_run()
    assert not differences(result(outs[0]), result(outs[1])), "two runs with one secret differ"
    # The class as it is with the secret of all others.
    room.out, room.secret, room.course = room.folder / "out", room.lab.secret, None
    return room.run()


def clock_jumps(room, chance, part):
    """Run with a wall clock that jumps by up to a year whenever Python's time.time is asked, file times at odds."""
    times = [chance.uniform(-10, 30) * YEAR + time.time() for _ in range(50)]
    for path in room.out.rglob("*"):
        moment = chance.choice(times)
        os.utime(path, (moment, moment))
    return room.run(environment={"PYTHONPATH": [str(CLOCK)], "CLOCK_SEED": str(chance.random())})


def out_removed(room, chance, part):
    """Remove OUT while the grader is at work."""
    process = room.start()
    at(room, process, chance, part)
    room.where = where(room)
    while room.out.exists() and process.poll() is None:
        shutil.rmtree(room.out, ignore_errors=True)
    ended = room.end(process)
    shutil.rmtree(room.out, ignore_errors=True)
    return ended


def terminal_full(room, chance, part):
    """Run with an output that can't be written, such as a log on a full disk."""
    with open("/dev/full", "wb") as full:
        return room.run(stdout=full)


OTHERS = [
    Fault("a second run on the same output", 10, second_run),
    Fault("two runs, one course folder, one secret made at once", 3, with_one_secret),
    Fault("wall clock jumps", 4, clock_jumps),
    Fault("output removed in the middle", 6, out_removed, (2, 1, 0), "", after="nothing"),
    Fault("log on a full disk", 1, terminal_full, (2,), ""),
]
