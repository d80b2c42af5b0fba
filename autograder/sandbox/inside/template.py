"""The process inside the sandbox that stays clean: it forks a child for each exercise.

It never runs student code itself. The judge commands it over one socket (file descriptor in argv[1]), which
every child closes before it looks at the submission. A child gets a socket of its own to the judge, gives
up making processes, and only then loads the student's module and serves that exercise's instructions. A
crash, a hang or a patched numpy stays in that child.

The rest of argv is JSON, from whoever isolates: where "submission", "packages" and "tmp" are; "tmp_bytes", if nobody
else bounds what is written there; "lock", the arguments of confinement.lock, if nobody else confines this.

Messages on the control socket are JSON, one a packet; what they mean is in `main`.
"""

import ast
import importlib
import itertools
import json
import marshal
import os
import resource
import select
import signal
import socket
import sys
import traceback
import types

TOLD = json.loads("".join(sys.argv[2:]))
SUBMISSION, PACKAGES, TMP = TOLD["submission"], TOLD["packages"], TOLD["tmp"]

sys.path += [PACKAGES, os.path.dirname(__file__)]
from confinement import die_with, lock, set_filter  # noqa: E402

if "lock" in TOLD:
    lock(**TOLD["lock"])

import numpy  # noqa: E402  imported here, once, so that every child has it
from frames import BadFrame, FrameReader, encode  # noqa: E402
from interpreter import Interpreter  # noqa: E402
from opcodes import count_opcodes  # noqa: E402
from restore import imported_modules, restore  # noqa: E402

# A student's other file may have the name of one of ours: `import frames` then means theirs.
sys.path.remove(os.path.dirname(__file__))
for ours in ("confinement", "frames", "interpreter", "opcodes", "restore"):
    del sys.modules[ours]

MODULE_FILE = "edf.py"
MAX_MESSAGE = 1 << 16
READ_SIZE = 1 << 16  # a buffer that Python has at hand; a larger one is new memory, each time
TEXT = 2000  # characters of an exception's message that are kept
WATCH_SECONDS = 0.02  # between two looks at how much was written
MAX_FILES = 20_000
own_files = itertools.count()  # that `trace` made
# Where things are differs from sandbox to sandbox. A student is told of one place, and a score is the same twice.
NAMES = {SUBMISSION: "/submission", PACKAGES: "/packages", TMP: "/tmp"}


def main(control):
    """Serve the judge's commands over a socket until it hangs up.

    "import" and "fork" are for a submission; "session" has a fork of this process do that, and keeps this one clean.
    """
    while True:
        data, descriptors, _, _ = socket.recv_fds(control, MAX_MESSAGE, 2)
        if not data:
            return
        message = json.loads(data)
        command = message.pop("command")
        if command == "import":
            answer = {"failed": import_packages(**message)}
        elif command == "fork":
            answer = fork(control, descriptors, **message)
        elif command == "session":
            answer = session(control, *descriptors)
        else:  # "kill", which came after the end of the process
            continue
        try:
            control.send(json.dumps(answer).encode())
        except BrokenPipeError:
            return


def session(control, theirs):
    """Fork a process that serves the judge over `theirs`, another socket, until it hangs up there.

    Returns {"clean": whether it ended as it should, and left nothing behind}. Any message on `control`, or its hanging
    up, means: kill it.
    """
    own = os.getpid()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            die_with(own)
            control.close()
            main(socket.socket(fileno=theirs))
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    os.close(theirs)
    ended = os.pidfd_open(pid)
    ready, _, _ = select.select([ended, control], [], [])
    if ended not in ready:
        os.kill(pid, signal.SIGKILL)
    os.close(ended)
    _, status = os.waitpid(pid, 0)
    return {"clean": status == 0 and not os.listdir(TMP)}


def import_packages(modules):
    """Import modules of allowed packages, so that the children need not; return those that failed.

    A name that is no module (`scipy.signal.convolve2d`) fails here and does no harm.
    """
    failed = []
    for name in modules:
        try:
            importlib.import_module(name)
        except BaseException:  # SystemExit too: this process must go on
            failed.append(name)
    return failed


def fork(control, descriptors, task, limits, seccomp, given):
    """Run `task` in a child and wait for its end.

    Returns {"status": wait status, "cpu": seconds, "memory": kB, "full": True if it was killed for writing too much
    (`is_full`), "traces": whether it left any in the folder for temporary files}.

    `descriptors`: the child's socket to the judge and the pipe for what it prints. `limits`: resource limits
    by name. `seccomp`: the child's filter, hexadecimal; "" for none. Any message of the judge, or its hanging up, while
    the child runs means: kill it.
    """
    template, before, listed = os.getpid(), trace(), when_listed()
    pid = os.fork()
    if pid == 0:
        try:
            die_with(template)
            control.close()
            data, output = descriptors
            os.dup2(output, 1)
            os.dup2(output, 2)
            os.close(output)
            for name, limit in limits.items():
                resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (limit, limit))
            if seccomp:
                set_filter(bytes.fromhex(seccomp))
            {"inspect": inspect, "serve": serve}[task](data, given)
        except BaseException:
            traceback.print_exc()
        finally:
            flush()
            os._exit(0)
    for descriptor in descriptors:
        os.close(descriptor)
    ended = os.pidfd_open(pid)
    ready, full = [], False
    while not ready and not full:
        ready, _, _ = select.select([ended, control], [], [], WATCH_SECONDS)
        full = ended not in ready and is_full()
    if control in ready and ended not in ready:
        control.recv(MAX_MESSAGE)
    if ended not in ready:
        os.kill(pid, signal.SIGKILL)
    os.close(ended)
    _, status, used = os.wait4(pid, 0)
    was_listed = when_listed() != listed
    empty_tmp()
    ended = {"status": status, "cpu": used.ru_utime + used.ru_stime, "memory": used.ru_maxrss}
    return {**ended, "full": full, "traces": was_listed or trace() != before}


def trace():
    """What a later process could see of one that made a file in the folder for temporary files, wherever it is now.

    On a tmpfs files are numbered as they come, also those without a name.
    """
    # On a disk, where folders and nameless files are refused, each file changes the folder.
    if "tmp_bytes" in TOLD:
        return os.stat(TMP).st_ctime_ns
    path = f"{TMP}/{os.urandom(16).hex()}"
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL)
    number = os.fstat(descriptor).st_ino
    os.close(descriptor)
    os.unlink(path)
    return number - next(own_files)


def when_listed():
    """When the folder for temporary files was last listed: a child that waits before it lists leaves a trace, too.

    Not on a disk: there `is_full` lists it, and files of the system have such times as well (docs/security.md).
    """
    return None if "tmp_bytes" in TOLD else os.stat(TMP).st_atime_ns


def is_full():
    """True if there are too many files in the folder for temporary files, or more in them than "tmp_bytes"."""
    if (
        "tmp_bytes" not in TOLD
    ):  # a file system of its own bounds its size; empty files take the kernel's memory
        inodes = os.statvfs(TMP)
        return inodes.f_files - inodes.f_ffree > MAX_FILES
    size = 0  # of files: there are no folders
    for count, entry in enumerate(os.scandir(TMP)):
        size += entry.stat(follow_symlinks=False).st_blocks * 512
        if size > TOLD["tmp_bytes"] or count > MAX_FILES:
            return True
    return False


def flush():
    """Write out what the student's code printed; its streams may be closed, or replaced by anything."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BaseException:
            pass


def empty_tmp():
    """Leave nothing of one child for the next, however deep, odd or unreadable it is."""
    while entries := list(os.scandir(TMP)):
        for entry in entries:
            if not entry.is_dir(follow_symlinks=False):
                os.unlink(entry.path)
                continue
            os.chmod(entry.path, 0o700)
            # Up with what is in it: paths stay short, and nothing recurses.
            for inner in list(os.scandir(entry.path)):
                if inner.is_dir(follow_symlinks=False):
                    os.chmod(inner.path, 0o700)
                os.rename(inner.path, f"{TMP}/{os.urandom(16).hex()}")
            os.rmdir(entry.path)


def inspect(data, given):
    """Parse and compile the submission without running it; send what the judge wants to know before it does.

    The code goes along: to read it takes longer than most exercises, so that is done once, and `serve` is given it.
    """
    with open(f"{SUBMISSION}/{MODULE_FILE}", encoding="utf-8-sig") as file:
        source = file.read()
    try:
        tree, changed = restore(source, given)
        modules = imported_modules(tree)
        code = marshal.dumps(compile(tree, MODULE_FILE, "exec"))
    except SyntaxError as error:
        place = f"line {error.lineno}: " if error.lineno else ""
        send(data, {"syntax_error": f"{place}{error.msg}"[:TEXT]})
        return
    except ValueError as error:  # a null byte
        send(data, {"syntax_error": str(error)[:TEXT]})
        return
    except (RecursionError, MemoryError):  # Python's parser says MemoryError, too
        send(data, {"syntax_error": "the code is nested too deeply to be read"})
        return
    # The student's other files may import more.
    for name in sorted(os.listdir(SUBMISSION)):
        if name.endswith(".py") and name != MODULE_FILE:
            try:
                with open(f"{SUBMISSION}/{name}", encoding="utf-8-sig") as file:
                    modules += imported_modules(ast.parse(file.read()))
            except (SyntaxError, ValueError, RecursionError, MemoryError, OSError):
                pass  # it fails in its own time, if edf.py imports it
    found = {"syntax_error": None, "changed": changed, "modules": modules[:1000]}
    send(data, found, [numpy.frombuffer(code, numpy.uint8)])


def serve(data, given):
    """Load the student's module by its code, say how that went, then answer requests until the judge hangs up."""
    os.chdir(TMP)
    reader = FrameReader()
    _, [code] = receive(data, reader)
    interpreter = None
    try:
        interpreter = Interpreter(load(marshal.loads(code)), count_opcodes)
        loaded = {"error": None}
    except BaseException as error:
        loaded = {"error": describe(error)}
    flush()
    send(data, loaded)
    if interpreter is None:
        return
    while frame := receive(data, reader):
        header, arrays = frame
        reply = answer(interpreter, header["instructions"], arrays)
        flush()  # what was printed belongs to this answer; the process may be ended right after it
        send(data, *reply)


def receive(data, reader):
    """The next frame of the judge: (header, arrays); None if it hung up."""
    while (frame := reader.frame()) is None:
        received = os.read(data, READ_SIZE)
        if not received:
            return None
        reader.feed(received)
    return frame


def load(code):
    """The student's edf.py as a module, by its compiled code. Raises what that raises."""
    sys.path.insert(0, SUBMISSION)
    module = types.ModuleType("edf")
    module.__file__ = f"{SUBMISSION}/{MODULE_FILE}"
    sys.modules["edf"] = module
    exec(code, module.__dict__)
    return module


def answer(interpreter, instructions, arrays):
    """Run a request: (header, arrays) of the reply.

    Header: "results", one [kind, detail] for each answering instruction; the detail of an "array" is its
    index; and "error", what the student's code raised, or None.
    """
    results, sent = [], []
    error = None
    try:
        for kind, detail in interpreter.run(instructions, arrays):
            if kind == "array":
                sent.append(detail)
                detail = len(sent) - 1
            results.append([kind, detail])
    except BaseException as raised:
        error = describe(raised)
    return {"results": results, "error": error}, sent


def describe(error):
    """An exception as the student would want to see it: type, message, and where in their own files."""
    try:
        message = str(error)[: 10 * TEXT]
        for path, name in NAMES.items():
            message = message.replace(path, name)
        message = message[:TEXT]
    except BaseException:
        message = ""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if f.filename == MODULE_FILE or f.filename.startswith(SUBMISSION)]
    where = [f"{os.path.basename(f.filename)}, line {f.lineno}, in {f.name}" for f in own[-6:]]
    return {"type": type(error).__name__[:100], "message": message, "where": where}


def send(data, header, arrays=()):
    """Write one frame. What cannot be sent as it is becomes an error of the student's."""
    try:
        buffers = encode(header, arrays)
    except BadFrame as error:
        buffers = encode({"results": [], "error": {"type": "BadFrame", "message": str(error), "where": []}})
    view = memoryview(b"".join(buffers))
    while view:
        view = view[os.write(data, view) :]


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
    os._exit(0)  # at once: there is nothing to finish, and to unload numpy takes its time
