"""What differs between the two stacks, in one place: where Landlock does not hold what bubblewrap does, and why."""

import dataclasses

import pytest

from autograder.sandbox.choose import STACKS, choose
from autograder.sandbox.visible import ENVIRONMENT, SandboxUnavailable


@dataclasses.dataclass(frozen=True)
class Expected:
    """What the probe finds in a sandbox, where that depends on the stack."""

    # bubblewrap's file system holds nothing else. Landlock refuses to open, but a path can still be asked after:
    # whether it exists, its size, owner and times.
    hides_paths: bool
    unreadable: set
    unwritable: set
    # Namespaces of its own, or the machine's: its name, its process ids and its network devices can be known.
    # They can't be used: sockets and signals are refused by seccomp, and by Landlock below that.
    own_namespaces: set
    # An ordinary user can't change to another, nor drop the bounding set, which no_new_privs makes worthless.
    bounds_capabilities: bool
    # A tmpfs has a size. A folder on the disk is watched, and the process that wrote too much is killed.
    fill: str
    # What a watch of one folder can't see is refused there: folders, files without a name, removing, links; and
    # changing times, which Landlock does not restrict and which the same user could do to any file of theirs.
    on_disk: dict
    litter: list
    folders_refused: bool
    # bubblewrap's own two processes stand between the grader and the template.
    processes: int
    # For programs that ask where temporary files go, since /tmp is not theirs.
    environment: tuple


EXPECTED = {
    "bubblewrap": Expected(
        hides_paths=True,
        unreadable={"ENOENT"},
        unwritable={"EROFS", "ENOENT"},
        own_namespaces={"user", "mnt", "net", "pid", "ipc", "uts"},
        bounds_capabilities=True,
        fill="answer",
        on_disk={
            "remove": "done",
            "rename": "ENOENT",  # since it was removed
            "folder": "done",
            "link": "EXDEV",
            "symbolic link": "done",
            "file without a name": "done",
            "write again": "done",
        },
        litter=[".hidden", "folder", "link"],
        folders_refused=False,
        processes=3,
        environment=("HOME", "PWD"),
    ),
    "landlock": Expected(
        hides_paths=False,
        unreadable={"EACCES", "ENOENT"},
        unwritable={"EACCES"},
        own_namespaces=set(),
        bounds_capabilities=False,
        fill="disk",
        on_disk={
            "remove": "EPERM",
            "rename": "EPERM",
            "folder": "EPERM",
            "link": "EPERM",
            "symbolic link": "EPERM",
            "file without a name": "EPERM",
            "write again": "done",
        },
        litter=[".hidden"],
        folders_refused=True,
        processes=1,
        environment=("HOME", "TMPDIR"),
    ),
}
assert EXPECTED.keys() == STACKS.keys()


def environment(stack, tmp):
    """All environment variables that student code should see."""
    return {**ENVIRONMENT, **dict.fromkeys(EXPECTED[stack].environment, tmp)}


def skip_unless_it_works(stack):
    """Skip a test on a machine that does not give this stack."""
    try:
        choose(stack)
    except SandboxUnavailable as fault:
        pytest.skip(str(fault))
