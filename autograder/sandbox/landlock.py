"""Starts a sandbox's template process where there are no namespaces: it confines itself, by Landlock and seccomp.

The template is a trusted program, which gives everything up (inside/confinement.py) before it reads anything of
the submission. What this does not hide, and bubblewrap does, is in docs/security.md.
"""

import functools
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from autograder.sandbox import policy
from autograder.sandbox.inside.confinement import landlock_version
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

NAME = "landlock"
VERSION = 6  # the first that keeps signals from processes outside; Linux 6.12
END_SECONDS = 10  # for the template to kill its child and to empty the folder
MAX_ARGUMENT = 100_000  # of a program: the kernel takes 128 kB
CAP_SETGID, CAP_SETUID = 6, 7

child_filter = policy.child_filter_on_disk


def check():
    """Raises SandboxUnavailable if this kernel has no Landlock that is new enough."""
    if (found := landlock_version()) < VERSION:
        has = f"has Landlock {found}" if found else "lets no Landlock be used"
        raise SandboxUnavailable(f"This system {has}; version {VERSION} is needed (Linux 6.12).")


class Template(subprocess.Popen):
    """The template process. folder: what was made for it, to be removed after its end."""

    folder: Path


def start(submission, control, packages, tmp_bytes, scratch=None, locked=True):
    """Start a template process that sees `submission` (a folder) and is commanded through a socket.

    As in bubblewrap.py. `tmp_bytes`: a child that has written more than this into its folder for temporary files
    is killed. `scratch`: where that folder is made, None for the system's place. `locked`: False to confine nothing
    (unguarded.py).
    """
    submission = os.path.realpath(submission)
    found = package_paths(tuple(packages))
    folder = Path(tempfile.mkdtemp(prefix="autograder-", dir=scratch)).resolve()
    try:
        places = {name: str(folder / name) for name in ("code", "packages", "tmp")}
        for place in places.values():
            os.mkdir(place)
        for file in INSIDE:  # copies, since the project may lie where another user can't go
            shutil.copyfile(file, folder / "code" / file.name)
        for name, path in found.items():
            os.symlink(path, folder / "packages" / name)
        told = {
            "submission": submission,
            "packages": places["packages"],
            "tmp": places["tmp"],
            "tmp_bytes": tmp_bytes,
        }
        if locked:
            told["lock"] = _lock(submission, places, found.values(), folder)
        told = json.dumps(told)
        command = [python(), "-I", "-S", "-B", f"{places['code']}/template.py", str(control.fileno())]
        template = Template(
            [*command, *(told[i : i + MAX_ARGUMENT] for i in range(0, len(told), MAX_ARGUMENT))],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=(control.fileno(),),
            env={**ENVIRONMENT, "HOME": places["tmp"], "TMPDIR": places["tmp"]},
            cwd=places["tmp"],
            start_new_session=True,
        )
    except BaseException:
        shutil.rmtree(folder)
        raise
    template.folder = folder
    return template


def _lock(submission, places, packages, folder):
    """The arguments of confinement.lock for a template in `folder`, which is handed to another user if that can be."""
    readable, listed = readable_paths()
    paths = {
        "read": [*readable, *packages, places["code"], places["packages"], submission],
        "list": listed,
        "write": [places["tmp"], "/dev/null"],
    }
    user = NOBODY if _can_become_nobody(paths["read"] + listed, folder, submission) else None
    return {
        "paths": paths,
        "user": user,
        "parent": os.getpid(),
        "seccomp": policy.template_filter().hex(),
    }


def end(template):
    """End the process that `start` gave, and with it all processes inside; remove what was made for it."""
    try:
        # Its socket is closed: it kills its child and removes the files. They are a stranger's, it is confined.
        template.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        template.kill()
        template.wait()
    template.stderr.close()
    shutil.rmtree(template.folder, ignore_errors=True)  # follows no links


@functools.cache
def readable_paths():
    """(paths, folders): files and folders of this Python that may be read, folders that may be listed only.

    A rule of Landlock holds for all that is below a folder, so that one with something hidden in it is opened
    entry by entry. What it can't do: the names in a hidden folder that lies in a listed one can be listed, too.
    """
    hidden = hidden_folders()
    readable, listed = [], []

    def add(path):
        if not any(place == path or place.startswith(path + os.sep) for place in hidden):
            readable.append(path)
        elif path not in hidden:
            listed.append(path)
            for entry in os.scandir(path):
                # The target of a link to elsewhere is no part of this folder.
                if os.path.realpath(entry.path).startswith(path + os.sep):
                    add(os.path.realpath(entry.path))

    for path in interpreter_paths():
        if not os.path.islink(path):
            add(path)
    return sorted(set(readable)), sorted(set(listed))


def _can_become_nobody(paths, folder, submission):
    """Hand `folder` to an unprivileged user, if this is root, may do so, and that user can read `paths`."""
    if os.geteuid() != 0:
        return False
    with open("/proc/self/status", encoding="ascii") as status:
        capabilities = next(int(line.split()[1], 16) for line in status if line.startswith("CapEff:"))
    if not (capabilities >> CAP_SETUID & 1 and capabilities >> CAP_SETGID & 1):
        return False
    files = (os.path.join(place, name) for place, _, names in os.walk(submission) for name in names)
    try:
        os.chmod(folder, 0o711)
        for name in ("code", "packages"):
            os.chmod(folder / name, 0o755)
        for file in (folder / "code").iterdir():
            os.chmod(file, 0o644)
        if not all(_anyone_may_read(path) for path in (*paths, *files)):
            return False
        os.chmod(folder / "tmp", 0o700)
        os.chown(folder / "tmp", NOBODY, NOBODY)
    except OSError:  # EINVAL: a user namespace that has no such user
        return False
    return True


def _anyone_may_read(path):
    """By the modes of a file or folder and of all folders above it."""
    wanted = 0o5 if os.path.isdir(path) else 0o4
    if os.stat(path).st_mode & wanted != wanted:
        return False
    return all(os.stat(parent).st_mode & 0o1 for parent in Path(path).parents)
