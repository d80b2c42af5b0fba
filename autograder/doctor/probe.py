"""A submission that tries to break out of the sandbox it runs in, and prints as JSON how that went."""

import json
import mmap
import os
import socket
import subprocess
import threading

HARMLESS = {"HOME", "PWD", "TMPDIR", "LANG", "LC_CTYPE", "PYTHONHASHSEED"}
HARMLESS |= {"OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"}


def attempt(action):
    """{"held": True} if `action` fails; what it said."""
    try:
        result = action()
    except (OSError, MemoryError, RuntimeError) as error:
        return {"held": True, "said": f"refused ({error})"}
    return {"held": not result, "said": f"got {result!r}"[:200] if result else "nothing there"}


def fill_disk():
    """Write 2 GB of files where writing is allowed."""
    for i in range(128):
        with open(f"{os.environ['HOME']}/{i}", "wb", buffering=0) as file:
            for _ in range(16):
                file.write(bytes(1 << 20))


def start_thread():
    """A second thread, that could write results of its own."""
    thread = threading.Thread(target=print)
    thread.start()
    return True


def spin():
    """Use up CPU time."""
    while True:
        pass


attempts = {
    "open a network connection": lambda: socket.socket().connect_ex(("127.0.0.1", 22)) == 0,
    "read /etc/passwd": lambda: open("/etc/passwd").read(),
    "look at other processes": lambda: os.listdir("/proc"),
    "look into /home": lambda: [name for name in os.listdir("/") if name == "home"],
    "read another process's memory": lambda: open(f"/proc/{os.getppid()}/mem", "rb"),
    "write elsewhere": lambda: open("/written", "w"),
    "change its own submission": lambda: open(__file__, "a"),
    "fork": os.fork,
    "start a thread": start_thread,
    "run a program": lambda: subprocess.run([os.sys.executable, "-c", ""]).returncode == 0,
    "signal another process": lambda: os.kill(1, 0) is None,
    "take 4 GB of memory": lambda: len(mmap.mmap(-1, 4 << 30)),
    "read secrets from the environment": lambda: sorted(set(os.environ) - HARMLESS),
}

if __name__ == "edf":
    print(json.dumps({name: attempt(action) for name, action in attempts.items()}))
