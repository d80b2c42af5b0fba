"""Disks that are full or can't be written, made of mounts that nobody else sees."""

import functools
import os
import shlex
import shutil
import subprocess

from faults.room import Ended
from faults.trial import Fault

UNSHARE = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--mount", "--user", "--map-root-user"]
ENDED_WITH = "ended with "


@functools.cache
def has_mounts():
    """Whether file systems can be mounted here, in a namespace."""
    try:
        command = [*UNSHARE, "sh", "-c", "mount -t tmpfs none /mnt"]
        return subprocess.run(command, capture_output=True).returncode == 0
    except OSError:
        return False


def in_mounts(room, before, after="true"):
    """Run the grader between two pieces of shell, in a mount namespace: how it `Ended`."""
    grade = shlex.join(room.command())
    script = f"{before}\n{grade}\nstatus=$?\n{after}\necho {ENDED_WITH}$status"
    ended = room.end(room.start([*UNSHARE, "sh", "-c", script]))
    said, mark, status = ended.said.rpartition(ENDED_WITH)
    assert mark, ended.said
    return Ended(int(status), said)


def full(room, chance, part, folder=""):
    """Run the grader with OUT, or a folder of it, on a disk with less room than it needs; then give it more."""
    place, copy = room.out / folder, room.folder / "copy"
    place.mkdir(parents=True, exist_ok=True)
    has, needs = (_kilobytes(path / folder) for path in (room.out, room.lab.done))
    size = int(has + part * (needs - has))
    room.where = f"{size - has} of {needs - has} kB"
    there, copied = shlex.quote(str(place)), shlex.quote(str(copy))
    ended = in_mounts(
        room,
        f"cp -a {there} {copied}; mount -t tmpfs -o mode=755,size={size}k none {there}; cp -a {copied}/. {there}",
        f"rm -rf {copied}; cp -a {there} {copied}",
    )
    shutil.rmtree(place)
    copy.rename(place)
    return ended


def read_only(room, chance, part, paths=("",)):
    """Run the grader with OUT, or something in it, that can't be written."""
    path = room.out / paths[int(part * len(paths))]
    room.where = path.relative_to(room.folder).as_posix()
    there = shlex.quote(str(path))
    return in_mounts(room, f"mount --bind {there} {there}; mount -o remount,ro,bind {there}")


def no_permission(room, chance, part):
    """Run the grader with an OUT that the user may not write."""
    folders = [room.out, *(path for path in room.out.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    try:
        return room.run()
    finally:
        for folder in folders:
            folder.chmod(0o755)


def _kilobytes(folder):
    """What a folder takes on a tmpfs."""
    paths = [folder, *folder.rglob("*")]
    return sum(4 if path.is_dir() else -(-path.stat().st_size // 4096) * 4 for path in paths)


UNWRITABLE = ["grades.csv", "mistakes.csv", "scores", "records", "attempts"]
BOOK = ["course", "course/gradebook.db", "course/autograded", "course/.autograder"]
DISK = [
    Fault("disk full", 15, full, (2, 1, 0), "", needs_mounts=True),
    Fault(
        "disk full for nbgrader's folder",
        10,
        functools.partial(full, folder="course"),
        (2, 0),
        "The scores are kept",
        needs_mounts=True,
    ),
    Fault(
        "output read-only", 1, read_only, (2,), "can't be written: Read-only file system", needs_mounts=True
    ),
    Fault(
        "a file or folder of the output read-only",
        5,
        functools.partial(read_only, paths=UNWRITABLE),
        (2, 0),  # where nothing has changed, not all is written
        "Nothing graded is lost",
        state="done",
        needs_mounts=True,
    ),
    Fault(
        "gradebook or a folder of nbgrader's read-only",
        4,
        functools.partial(read_only, paths=BOOK),
        (2, 0),
        "The scores are kept",
        needs_mounts=True,
    ),
]
if os.geteuid() != 0:
    DISK.append(Fault("no permission to write the output", 2, no_permission, (2,), "Permission denied"))
