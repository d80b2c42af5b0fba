"""Runs a program as in a container that gives no namespaces: python no_namespaces.py [--user ID] PROGRAM …

As Docker does by default: a seccomp filter refuses all that makes or enters a namespace or mounts, and root has
few of its capabilities. Nothing of the machine is changed but this process, which becomes PROGRAM.
"""

import ctypes
import errno
import os
import sys

import pyseccomp

# Of Docker's default profile, what a program without CAP_SYS_ADMIN is refused, as far as isolation could use it.
REFUSED = "unshare setns mount umount2 pivot_root move_mount open_tree fsopen fsconfig fsmount fspick".split()
NAMESPACE_FLAGS = (0x80, 0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000)
# Docker's: chown dac_override fowner fsetid kill setgid setuid setpcap net_bind_service net_raw sys_chroot mknod
# audit_write setfcap.
CAPABILITIES = (0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31)
PR_CAPBSET_DROP = 24


def confine():
    """Take away from this process what such a container does not give."""
    syscalls = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    refused = pyseccomp.ERRNO(errno.EPERM)
    for name in REFUSED:
        syscalls.add_rule(refused, name)
    for flag in NAMESPACE_FLAGS:
        syscalls.add_rule(refused, "clone", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, flag, flag))
    syscalls.add_rule(pyseccomp.ERRNO(errno.ENOSYS), "clone3")
    syscalls.load()
    if os.geteuid() == 0:
        libc = ctypes.CDLL(None)
        for capability in range(64):
            if capability not in CAPABILITIES:
                libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


if __name__ == "__main__":
    program = sys.argv[1:]
    if program[0] == "--user":
        os.setgroups([])
        os.setresgid(*[int(program[1])] * 3)
        os.setresuid(*[int(program[1])] * 3)
        program = program[2:]
    confine()
    # As root, running a program gives it the capabilities that are left, and no others.
    os.execv(program[0], program)
