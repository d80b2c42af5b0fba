"""Which way of isolating student code this machine gives."""

import functools

from autograder.sandbox import bubblewrap, landlock, unguarded
from autograder.sandbox.visible import SandboxUnavailable

# The best first. Each has NAME, check(), start(), end() and child_filter().
STACKS = {stack.NAME: stack for stack in (bubblewrap, landlock)}

BEST = bubblewrap
# Never taken without its name.
UNGUARDED = unguarded


@functools.cache
def choose(name=None):
    """The module of the stack called `name`, or with None the first one that works here and isolates.

    It is tried, once a process. Raises visible.SandboxUnavailable.
    """
    faults = []
    named = {**STACKS, UNGUARDED.NAME: UNGUARDED}
    for stack in STACKS.values() if name is None else [named[name]]:
        try:
            stack.check()
        except SandboxUnavailable as fault:
            faults.append(str(fault))
        else:
            return stack
    raise SandboxUnavailable(
        f"{' '.join(faults)} Grade on a machine with unprivileged user namespaces (in a container: start it with a "
        "seccomp profile that allows them), or with Linux 6.12 or newer."
    )


def why_not_the_best():
    """One sentence on why `choose` takes another stack than the best, or None if it takes that one."""
    try:
        bubblewrap.check()
    except SandboxUnavailable as fault:
        return str(fault)
    return None
