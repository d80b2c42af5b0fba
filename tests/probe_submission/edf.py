"""A hostile submission: its functions try what a sandbox must refuse, and print how that went as JSON."""

import ctypes
import errno
import fcntl
import importlib
import json
import mmap
import multiprocessing
import os
import resource
import signal
import socket
import stat
import subprocess
import sys
import threading
import time

HERE, TMP = os.path.dirname(__file__), os.environ["HOME"]

ops = []
params = []
values = []


def attempt(action, *args):
    """What `action` came to: "done", or the name of the error it raised."""
    try:
        action(*args)
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error.errno))
    except BaseException as error:
        return type(error).__name__
    return "done"


def report(facts):
    print(json.dumps(facts), flush=True)


def files(allowed):
    seen, strangers = [], []
    for folder, folders, names in os.walk("/"):
        folders[:] = [f for f in folders if os.path.join(folder, f) not in allowed]
        strangers += [path for n in names if (path := os.path.join(folder, n)) not in allowed]
        seen += [os.path.join(folder, f) for f in folders]
    report(
        {
            "between": sorted(f for f in seen if not os.path.islink(f)),
            "strangers": sorted(strangers),
            "submission": sorted(os.listdir(HERE)),
            "tmp": os.listdir(TMP),
        }
    )


def places():
    numpy, template = sys.modules["numpy"], sys.modules["__main__"]
    packages, code = os.path.dirname(numpy.__path__[0]), os.path.dirname(template.__file__)
    report({"submission": HERE, "tmp": TMP, "packages": packages, "code": code})


def seen(paths):
    report({path: attempt(os.stat, path) for path in paths})


def opened(paths):
    report({path: attempt(os.open, path, os.O_RDONLY | os.O_NONBLOCK) for path in paths})


def outside():
    """What Landlock alone can't refuse: to change the times of others' files. And of whom one could read."""
    parent = os.getppid()
    report(
        {
            "memory of the parent": attempt(open, f"/proc/{parent}/mem", "rb"),
            "environment of the parent": attempt(open, f"/proc/{parent}/environ", "rb"),
            "files of the parent": attempt(os.listdir, f"/proc/{parent}/fd"),
            "program of the parent": attempt(os.readlink, f"/proc/{parent}/exe"),
            "times of a file": attempt(os.utime, os.path.join(HERE, "edf.py")),
            "shared memory": attempt(open, "/dev/shm/probe", "w"),
            "length of a file": attempt(os.truncate, os.path.join(HERE, "edf.py"), 0),
        }
    )


def on_disk():
    inside = os.path.join(TMP, "named")
    with open(inside, "w") as file:
        file.write("mine")
    report(
        {
            "remove": attempt(os.unlink, inside),
            "rename": attempt(os.rename, inside, inside + "2"),
            "folder": attempt(os.mkdir, os.path.join(TMP, "in")),
            "link": attempt(os.link, os.path.join(HERE, "edf.py"), os.path.join(TMP, "hard")),
            "symbolic link": attempt(os.symlink, HERE, os.path.join(TMP, "soft")),
            "file without a name": attempt(os.open, TMP, os.O_TMPFILE | os.O_RDWR),
            "write again": attempt(open, inside, "w"),
        }
    )


def written(folders):
    def write(folder):
        with open(os.path.join(folder, "probe"), "w"):
            pass

    report({folder: attempt(write, folder) for folder in folders})


def imported(names):
    report({name: attempt(importlib.import_module, name) for name in names})


def identity():
    report(
        {
            "uid": os.getresuid(),
            "gid": os.getresgid(),
            "hostname": os.uname().nodename,
            "environment": dict(os.environ),
            "cwd": os.getcwd(),
            "terminal": attempt(os.open, "/dev/tty", os.O_RDWR),
            "setuid": attempt(os.setuid, 0),
            "setgroups": attempt(os.setgroups, []),
            "chroot": attempt(os.chroot, TMP),
            "chown": attempt(os.chown, TMP, 0, 0),
            "mknod": attempt(os.mknod, f"{TMP}/node", stat.S_IFCHR | 0o600, os.makedev(1, 5)),
            "bind port 80": attempt(socket.create_server, ("", 80)),
            "process": os.getpid(),
        }
    )


def descriptors():
    kinds = {}
    for number in range(1024):
        try:
            mode = os.fstat(number).st_mode
        except OSError:
            continue
        kinds[number] = "socket" if stat.S_ISSOCK(mode) else "pipe" if stat.S_ISFIFO(mode) else oct(mode)
    report(kinds)


def processes():
    def fork():
        if os.fork() == 0:
            os._exit(0)

    python = sys.executable
    report(
        {
            "fork": attempt(fork),
            "forkpty": attempt(os.forkpty),
            "thread": attempt(threading.Thread(target=time.time).start),
            "subprocess": attempt(subprocess.run, [python, "-c", ""]),
            "system": os.system("exit 3"),
            "posix_spawn": attempt(os.posix_spawn, python, [python], {}),
            "multiprocessing": attempt(multiprocessing.Process(target=time.time).start),
            "execve": attempt(os.execve, python, [python], {}),
            "socket": attempt(socket.socket),
            "unix socket": attempt(socket.socket, socket.AF_UNIX),
            "socketpair": attempt(socket.socketpair),
            "interfaces": attempt(socket.if_nameindex),
            "kill parent": attempt(os.kill, os.getppid(), signal.SIGTERM),
            "kill all": attempt(os.kill, -1, signal.SIGTERM),
            "kill itself": attempt(os.kill, os.getpid(), 0),
            "pidfd": attempt(os.pidfd_open, os.getppid()),
            "memfd": attempt(os.memfd_create, "m"),
            "unshare": attempt(libc_call, "unshare", 0x10000000),
            "raise cpu limit": attempt(libc_call, "setrlimit", resource.RLIMIT_CPU, b"\xff" * 16),
        }
    )


def libc_call(name, *args):
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*args) == -1:
        raise OSError(ctypes.get_errno(), name)


def system_calls(numbers):
    """Make each system call with arguments of zero; none may be one that returns twice or not at all."""
    libc = ctypes.CDLL(None, use_errno=True)
    me = os.getpid()
    found = []
    for number in numbers:
        ctypes.set_errno(0)
        returned = libc.syscall(ctypes.c_long(number), 0, 0, 0, 0, 0, 0)
        if os.getpid() != me:
            os._exit(0)
        found.append("done" if returned != -1 else errno.errorcode.get(ctypes.get_errno(), "?"))
    report(found)


def ioctls(requests):
    report([attempt(fcntl.ioctl, 1, request, bytes(64)) for request in requests])


def limits():
    names = ("CPU", "AS", "FSIZE", "NOFILE", "CORE", "MEMLOCK", "MSGQUEUE", "NPROC")
    found = {name: resource.getrlimit(getattr(resource, f"RLIMIT_{name}")) for name in names}
    opened = []
    try:
        while len(opened) < 4096:
            opened.append(os.open("/dev/null", os.O_RDONLY))
    except OSError as error:
        found["too many"] = errno.errorcode[error.errno]
    for number in opened:
        os.close(number)
    found["opened"] = len(opened)
    found["setrlimit"] = attempt(resource.setrlimit, resource.RLIMIT_NOFILE, (32, 32))
    found["array"] = attempt(lambda: __import__("numpy").ones(1 << 29))
    found["bytes"] = attempt(lambda: bytearray(4 << 30))
    found["mmap"] = attempt(mmap.mmap, -1, 4 << 30)
    report(found)


def fill(size):
    """Fill the folder for temporary files with one, then with several."""

    def write(path):
        with open(path, "wb", buffering=0) as file:
            for _ in range(2 * size >> 20):
                file.write(bytes(1 << 20))

    def write_many():
        for i in range(8):
            with open(f"{TMP}/{i}", "wb", buffering=0) as file:
                for _ in range(size >> 21):
                    assert file.write(bytes(1 << 20)) == 1 << 20

    found = {"one": attempt(write, f"{TMP}/one")}
    with open(f"{TMP}/one", "w"):
        pass
    report(found)
    found["many"] = attempt(write_many)
    found["stored"] = sum(os.path.getsize(f"{TMP}/{name}") for name in os.listdir(TMP))
    report(found)
    time.sleep(1)  # where the folder is only watched: until the next look at it


def litter():
    attempt(os.makedirs, f"{TMP}/folder/in/folder")
    attempt(os.symlink, HERE, f"{TMP}/link")
    for path in (f"{TMP}/.hidden", f"{TMP}/folder/in/file"):
        attempt(open, path, "w")
    report(sorted(os.listdir(TMP)))


def endless():
    while True:
        pass


def wait():
    time.sleep(600)


def leave(code):
    os._exit(code)


def crash():
    ctypes.string_at(0)


def old_fork():
    """fork by the 32-bit entry to the kernel, whose numbers mean other system calls."""
    code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    code.write(b"\xb8\x02\x00\x00\x00\xcd\x80\xc3")  # mov eax, 2; int 0x80; ret
    address = ctypes.addressof(ctypes.c_char.from_buffer(code))
    me = os.getpid()
    returned = ctypes.CFUNCTYPE(ctypes.c_int)(address)()
    if os.getpid() != me:
        os._exit(0)
    report(returned)


def chatter(size):
    print("x" * size, flush=True)


def patch():
    import numpy

    numpy.add = numpy.asarray = json.dumps = os.write = None
    ops.append("mine")


def untouched():
    import numpy

    report([int(numpy.add(1, 2)) == 3, os.write is not None, ops])
