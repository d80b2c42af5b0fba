"""What student code may see, whatever isolates it: this Python, the allowed packages, the sandbox's own code."""

import functools
import importlib.metadata
import os
import sys
import sysconfig
from pathlib import Path

from edf_kit.checks import opcodes
from packaging.requirements import Requirement

from autograder.errors import Refusal

# The sandbox's own code: files of its own, and one that the students have, too.
INSIDE = (*sorted(Path(__file__).parent.glob("inside/*.py")), Path(opcodes.__file__))
NOBODY = 65534

# Of the system, just the folders of its shared libraries: no programs, no /etc, no /home, no /proc, no /sys.
LOADER = ("/lib", "/lib64", "/usr/lib64", "/etc/ld.so.cache")

ENVIRONMENT = {
    "HOME": "/tmp",
    "LANG": "C.UTF-8",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
}


class SandboxUnavailable(Refusal):
    """This machine can't isolate student code; the message says why and what to do."""


@functools.cache
def python():
    """The interpreter itself, not a virtual environment's link to it."""
    return os.path.realpath(sys.executable)


def standard_library():
    """The folders of the standard library: its modules, and its compiled ones where those are kept apart."""
    stdlib = sysconfig.get_path("stdlib")
    return stdlib, sysconfig.get_path("platstdlib", vars={"platbase": sys.base_exec_prefix})


@functools.cache
def interpreter_paths():
    """Files and folders of this Python: the program, its standard library, the shared libraries it needs."""
    paths = (*shared_library_folders(), *LOADER, python(), *standard_library())
    return [path for path in paths if os.path.exists(path) and (path != "/lib" or os.path.islink(path))]


@functools.cache
def hidden_folders():
    """What is installed beside the standard library, which stays out of reach."""
    places = [
        os.path.join(f, name) for f in standard_library() for name in ("site-packages", "dist-packages")
    ]
    return sorted({place for place in places if os.path.isdir(place)})


def shared_library_folders():
    """Where the shared libraries come from that this process has loaded: libc, libpython and the like.

    Not those of packages, wherever these are installed. A folder that also holds the standard library is left to its
    own path: of it, just libpython is named.
    """
    modules = {
        os.path.realpath(file) for m in list(sys.modules.values()) if (file := getattr(m, "__file__", None))
    }
    stdlib = sysconfig.get_path("stdlib")
    with open("/proc/self/maps", encoding="utf-8") as maps:
        loaded = {line.split(maxsplit=5)[-1].strip() for line in maps if ".so" in line}
    folders = set()
    for path in map(os.path.realpath, loaded):
        folder = os.path.dirname(path)
        if path in modules or {"site-packages", "dist-packages"} & set(Path(path).parts):
            continue
        if stdlib.startswith(folder + os.sep):
            folders.add(path)
        elif not path.startswith((stdlib, sys.prefix)):
            folders.add(folder)
    return sorted(folders)


@functools.cache
def package_paths(packages):
    """{name to import it by: path} of numpy and `packages` (a tuple), with what they require."""
    found = {}
    for distribution in with_requirements(("numpy", *packages)):
        found.update(top_level_entries(distribution))
    return found


def allowed_modules(packages):
    """Top-level module names that a submission may import besides the standard library."""
    return {name.partition(".")[0] for name in package_paths(tuple(packages))}


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
def with_requirements(distributions):
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
