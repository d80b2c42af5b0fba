"""A submission that tries to break out of the sandbox it runs in, and prints as JSON how that went."""

import ctypes
import fcntl
import json
import mmap
import os
import platform
import resource
import socket
import stat
import struct
import subprocess
import threading

HARMLESS = {"HOME", "PWD", "TMPDIR", "LANG", "LC_CTYPE", "PYTHONHASHSEED"}
HARMLESS |= {"OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"}


# Numbers of system calls.
X86_64 = {"ptrace": 101, "process_vm_readv": 310, "clone3": 435}
AARCH64 = {"ptrace": 117, "process_vm_readv": 270, "clone3": 435}


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


def syscall(name, *arguments):
    """A system call that Python has no function for; True if it is not refused."""
    numbers = {"x86_64": X86_64, "aarch64": AARCH64}.get(platform.machine(), {})
    if name not in numbers:
        return None
    library = ctypes.CDLL(None, use_errno=True)
    if library.syscall(numbers[name], *arguments) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return True


def read_memory():
    """Bytes of the parent's memory, at the address where a library lies in this process: it was forked from that."""
    here = ctypes.create_string_buffer(8)
    library = ctypes.cast(ctypes.CDLL(None).getpid, ctypes.c_void_p).value
    own = (ctypes.c_void_p * 2)(ctypes.addressof(here), 8)
    return syscall("process_vm_readv", os.getppid(), own, 1, (ctypes.c_void_p * 2)(library, 8), 1, 0)


def signal_by_pipe():
    """Have the kernel send a signal (0: none) to the parent, as the owner of a pipe."""
    reading, writing = os.pipe()
    return fcntl.fcntl(reading, fcntl.F_SETOWN, os.getppid()) == 0


def datagram():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        return channel.sendto(b"x", ("127.0.0.1", 9))


def start_thread():
    """A second thread, that could write results of its own."""
    thread = threading.Thread(target=print)
    thread.start()
    return True


def forge():
    """Write an answer to the judge past the program that should: of objects, as a pickle."""
    header = b'{"results": [["array", 0]], "error": null, "arrays": [["|O", [1]]]}'
    for descriptor in range(3, 64):
        try:
            is_channel = stat.S_ISSOCK(os.fstat(descriptor).st_mode)
        except OSError:
            continue
        if is_channel:
            os.write(descriptor, struct.pack(">4sIQ", b"edf1", len(header), 8) + header + bytes(8))


def leave():
    """End as if all were well."""
    os._exit(0)


def spin():
    """Use up CPU time."""
    while True:
        pass


# By what they aim at.
attempts = {
    "network": {
        "open a network connection": lambda: socket.socket().connect_ex(("127.0.0.1", 22)) == 0,
        "send a datagram": datagram,
        "reach a local service by its name": lambda: socket.socket(socket.AF_UNIX).bind("\0autograder"),
        "talk to the kernel's network": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW),
    },
    "files": {
        "read /etc/passwd": lambda: open("/etc/passwd").read(),
        "look into /home": lambda: [name for name in os.listdir("/") if name == "home"],
        "write elsewhere": lambda: open("/written", "w"),
        "change its own submission": lambda: open(__file__, "a"),
        "read secrets from the environment": lambda: sorted(set(os.environ) - HARMLESS),
    },
    "other processes": {
        "look at other processes": lambda: os.listdir("/proc"),
        "open another process's memory": lambda: open(f"/proc/{os.getppid()}/mem", "rb"),
        "read another process's memory": read_memory,
        "trace another process": lambda: syscall("ptrace", 16, os.getppid(), 0, 0),
        "signal another process": lambda: os.kill(1, 0) is None,
        "signal another process through a pipe": signal_by_pipe,
        "fork": os.fork,
        "fork past Python": lambda: syscall("clone3", bytes(64), 64),
        "start a thread": start_thread,
        "run a program": lambda: subprocess.run([os.sys.executable, "-c", ""]).returncode == 0,
    },
    "time, memory and disk": {
        "take 4 GB of memory": lambda: len(mmap.mmap(-1, 4 << 30)),
        "hide memory in a file without a name": lambda: os.memfd_create("hidden"),
        "hide memory in /dev/shm": lambda: open("/dev/shm/autograder", "w"),
        "raise its own limits": lambda: resource.prlimit(0, resource.RLIMIT_NOFILE, (256, 256)),
    },
}

if __name__ == "edf":
    print(
        json.dumps({aim: {what: attempt(a) for what, a in group.items()} for aim, group in attempts.items()})
    )
