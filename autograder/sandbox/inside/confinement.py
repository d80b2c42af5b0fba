"""What a process in the sandbox gives up, for good, before it comes near student code.

`lock` is for a sandbox without namespaces: Landlock keeps the process from files, TCP ports and the signals of
others. The kernel's interface is three system calls, which are made here: a library would have to be importable
inside the sandbox. Nothing here is done at best effort: what can't be had raises OSError.
"""

import ctypes
import os
import resource
import signal
import stat
import struct

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 4, 22, 24, 38
SECCOMP_MODE_FILTER = 2
CAPABILITIES_VERSION = 0x20080522
LAST_CAPABILITY = 63

# Numbers of the three system calls; they are the same on every architecture.
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
RULESET_VERSION, RULE_PATH_BENEATH = 1, 1
QUIET = 1  # from version 7 on: what is refused does not fill the machine's audit log

# All that version 6 of Landlock can refuse: 16 rights on files, TCP bind and connect, abstract sockets, signals.
ALL_FILES, ALL_NETWORK, ALL_SCOPES = (1 << 16) - 1, 0b11, 0b11
WRITE_FILE, READ_FILE, READ_DIR, REMOVE_FILE, MAKE_REG, TRUNCATE = (1 << bit for bit in (1, 2, 3, 5, 8, 14))
FILE_RIGHTS = WRITE_FILE | READ_FILE | TRUNCATE  # those that a rule on a file may name
RIGHTS = {
    "read": READ_FILE | READ_DIR,
    "list": READ_DIR,
    "write": READ_FILE | READ_DIR | WRITE_FILE | TRUNCATE | MAKE_REG | REMOVE_FILE,
}

_libc = ctypes.CDLL(None, use_errno=True)


def landlock_version():
    """The version of Landlock that this kernel has; 0 for none."""
    return max(0, _libc.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), RULESET_VERSION))


def lock(paths, user, parent, seccomp):
    """Confine this process and all that it will ever start.

    paths: {kind: paths}, the kinds of RIGHTS; nothing else can be opened. user: id of the user (and group) to
    become, or None to stay. parent: id of the process with which this one ends. seccomp: the program of
    `set_filter` in hexadecimal.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _prctl(PR_SET_NO_NEW_PRIVS, 1)
    _restrict_files(paths)
    _drop_privileges(user)
    # Nobody of the same user may look into this process; a change of user would undo it, and the next.
    _prctl(PR_SET_DUMPABLE, 0)
    die_with(parent)
    set_filter(bytes.fromhex(seccomp))


def die_with(parent):
    """End this process when its parent, which has this id, ends; at once, if it has ended already."""
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def set_filter(program):
    """Refuse the system calls that `program`, the bytes of a BPF program, refuses."""

    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]

    _prctl(PR_SET_NO_NEW_PRIVS, 1)
    _prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(Program(len(program) // 8, program)))


def _restrict_files(paths):
    attributes = struct.pack("QQQ", ALL_FILES, ALL_NETWORK, ALL_SCOPES)
    ruleset = _check(_libc.syscall(CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0))
    for kind, allowed in paths.items():
        for path in allowed:
            place = os.open(path, os.O_PATH | os.O_CLOEXEC)
            rights = RIGHTS[kind]
            if not stat.S_ISDIR(os.fstat(place).st_mode):
                rights &= FILE_RIGHTS
            rule = struct.pack("=Qi", rights, place)
            _check(_libc.syscall(ADD_RULE, ruleset, RULE_PATH_BENEATH, rule, 0))
            os.close(place)
    _check(_libc.syscall(RESTRICT_SELF, ruleset, QUIET if landlock_version() >= 7 else 0))
    os.close(ruleset)


def _drop_privileges(user):
    for capability in range(LAST_CAPABILITY + 1):
        # EINVAL: the kernel has fewer. EPERM: an ordinary user, who has none and can't get any.
        _libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    header = struct.pack("Ii", CAPABILITIES_VERSION, 0)
    _check(_libc.capset(header, bytes(24)))


def _prctl(*arguments):
    _check(_libc.prctl(*arguments, *[0] * (5 - len(arguments))))


def _check(returned):
    if returned < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return returned
