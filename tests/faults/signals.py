"""Runs that are killed or interrupted, at moments that are spread over the whole run."""

import contextlib
import functools
import os
import signal
import time

from faults.processes import GRADER, TEMPLATE, TICK, WORKER, children, find, kill, wait_for
from faults.room import STUDENTS
from faults.trial import Fault

GROUP = "group"
AGAIN = "run the same command again"
BEFORE, GRADING, TABLES, COURSE, BOOK = (
    "before the first score",
    "while grading",
    "while writing the tables",
    "while writing nbgrader's folder",
    "in the gradebook's transaction",
)


def where(room):
    """What a run is doing, by what it has written."""
    scores = len(list(room.out.glob("scores/*.json")))
    if not scores:
        return BEFORE
    if (room.out / "course" / "gradebook.db-journal").exists():
        return BOOK
    if (room.out / "mistakes.csv").exists():
        return COURSE
    return TABLES if scores >= STUDENTS else GRADING


def at(room, process, chance, part, state="course"):
    """Wait for a moment of a run: the first half of them by the clock, the others by what it has written."""
    if part < 0.5 or state != "course":
        scale = 2 if state == "course" else 1
        moment = time.monotonic() + scale * part * room.lab.seconds[state]
        wait_for(process, lambda: time.monotonic() >= moment)
        return
    part = 2 * part - 1
    count = int(part * 1.6 * STUDENTS)
    if count < STUDENTS:
        wait_for(process, lambda: len(list(room.out.glob("scores/*.json"))) >= count)
    elif part < 0.85:
        wait_for(process, lambda: (room.out / "mistakes.csv").exists())
        written = int((part - 0.6) / 0.25 * STUDENTS)
        wait_for(process, lambda: len(list(room.out.glob("course/autograded/*"))) >= written)
    else:
        wait_for(process, lambda: (room.out / "course" / "gradebook.db-journal").exists())
    time.sleep(chance.choice([0, 0, 0.001, 0.01, 0.1]))


def killed(room, chance, part, role, number=signal.SIGKILL, state="course"):
    """Run the grader, and send a signal to its processes of some role at some moment."""
    process = room.start()
    at(room, process, chance, part, state)
    room.where = where(room) if process.poll() is None else "after its end"
    if role == GROUP:
        with contextlib.suppress(ProcessLookupError):  # it has just ended
            os.killpg(process.pid, number)
    elif role == GRADER:
        kill(process.pid, number)
    return room.end(process)


def one_killed(room, chance, part, role):
    """Run the grader, and kill one of its workers or sandboxes once there is one."""
    process = room.start()
    count = int(part * STUDENTS)
    wait_for(process, lambda: len(list(room.out.glob("scores/*.json"))) >= count)
    time.sleep(chance.random() / 4)
    found = wait_for(process, lambda: find(process.pid, role))
    room.where = where(room) if found else "after its end"
    if found:
        kill(chance.choice(found))
    return room.end(process)


def always_killed(room, chance, part):
    """Run the grader, and kill every worker as soon as it has a sandbox."""
    process = room.start()
    while process.poll() is None:
        for worker in find(process.pid, WORKER):
            if children(worker):
                kill(worker)
        time.sleep(TICK)
    return room.end(process)


def _killed(role, times, number=signal.SIGKILL, **more):
    state = more.get("state", "course")
    name = {signal.SIGKILL: "killed", signal.SIGINT: "interrupted (Ctrl-C)"}.get(
        number, f"sent {number.name}"
    )
    return Fault(
        f"{role} {name}" + (", while making nbgrader's folder, too" if state == "nothing" else ""),
        times,
        functools.partial(killed, role=role, number=number, state=state),
        after=state,
        **more,
    )


KILLED = (-signal.SIGKILL, 0)
SIGNALS = [
    _killed(GRADER, 50, statuses=KILLED),
    _killed(GROUP, 50, statuses=KILLED),
    _killed(GROUP, 8, statuses=KILLED, state="nothing"),
    # Whose grading it was is graded again at once.
    Fault("worker killed", 50, functools.partial(one_killed, role=WORKER)),
    Fault(
        "sandbox killed",
        20,
        functools.partial(one_killed, role=TEMPLATE),
        statuses=(1, 0),
        says="Grader error",
    ),
    Fault("every worker killed, always", 2, always_killed, statuses=(1,), says="was killed, twice"),
    # By the signal itself: while Python starts, or ends after all is written.
    _killed(GROUP, 20, signal.SIGINT, statuses=(130, 0, -signal.SIGINT), says=AGAIN),
    _killed(GROUP, 6, signal.SIGTERM, statuses=(-signal.SIGTERM, 0)),
    _killed(GROUP, 6, signal.SIGHUP, statuses=(-signal.SIGHUP, 0)),
]
