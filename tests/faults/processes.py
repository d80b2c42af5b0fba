"""The processes of a run, found in /proc: which there are, what each is for, how to end one at some moment."""

import contextlib
import os
import re
import signal
import time
from pathlib import Path

TICK = 0.001
GONE_SECONDS = 60  # for the processes of a killed run to end
GRADER, WORKER, TEMPLATE = "grader", "worker", "template"


def children(pid):
    """The processes that a process has started and that are alive."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (OSError, ValueError):
        return []


def find(grader, role):
    """The processes of a run that have a role: the grader itself, its workers, the outermost of each sandbox."""
    if role == GRADER:
        return [grader]
    workers = [
        pid
        for pid in children(grader)
        if _command(pid) == _command(grader) != "" and _is_deaf_to_interrupts(pid)
    ]
    if role == WORKER:
        return workers
    return [pid for worker in workers for pid in children(worker) if _command(pid) != _command(worker)]


def _is_deaf_to_interrupts(pid):
    """As a worker is. What the grader starts besides (bubblewrap's check, ldconfig) has its command line, too, for the
    moment between fork and exec."""
    try:
        [ignored] = re.findall(r"^SigIgn:\s*(\w+)$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    except (OSError, ValueError):
        return False
    return bool(int(ignored, 16) >> signal.SIGINT - 1 & 1)


def kill(pid, number=signal.SIGKILL):
    """Send a signal to a process; False if it is gone."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def wait_for(process, is_it):
    """Wait until is_it() is true of what is given; None if the run ends before."""
    while process.poll() is None:
        if found := is_it():
            return found
        time.sleep(TICK)
    return None


def wait_until_gone(folder):
    """Wait until no process works in a folder or has it on its command line; what is left of them, after a minute."""
    deadline = time.monotonic() + GONE_SECONDS
    while (left := _in(folder)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def _in(folder):
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                is_in = os.readlink(entry / "cwd").startswith(str(folder))
                if is_in or str(folder) in _command(entry.name):
                    found.append(_command(entry.name)[:200] or entry.name)
    return found


def _command(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""
