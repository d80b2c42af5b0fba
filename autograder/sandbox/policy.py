"""What the sandbox's kernel filters let through: allow-lists of system calls, as BPF programs.

Two filters stand one on the other. `template_filter` holds for everything in the sandbox, from the start of
its Python. `child_filter` is added by each child just before it loads student code: it takes away making
processes and threads, running programs, signals to others, and sockets. A call that a filter does not list
fails with EPERM, so that honest code sees an exception it can read.

`clone3` answers ENOSYS: its flags lie in memory, where a filter can't look, and glibc then uses `clone`.
"""

import errno
import fcntl
import functools
import os
import tempfile
import termios

import pyseccomp

# What numpy, scipy and Python's standard library need to compute and to read and write files.
COMPUTE = """
    read readv pread64 preadv write writev pwrite64 pwritev lseek close close_range dup dup2 dup3 flock
    open openat openat2 creat stat fstat lstat newfstatat statx statfs fstatfs access faccessat faccessat2
    readlink readlinkat getdents getdents64 getcwd chdir fchdir umask
    mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2 link linkat symlink symlinkat
    ftruncate truncate fsync fdatasync fadvise64
    copy_file_range sendfile
    mmap munmap mremap mprotect madvise msync mincore brk mlock munlock membarrier
    futex set_robust_list get_robust_list rseq set_tid_address sched_yield sched_getaffinity getcpu
    rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigsuspend rt_sigtimedwait sigaltstack pause
    alarm setitimer getitimer timer_create timer_settime timer_gettime timer_delete timer_getoverrun
    nanosleep clock_nanosleep clock_gettime clock_getres gettimeofday time times getrusage
    select pselect6 poll ppoll epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait eventfd eventfd2
    pipe pipe2
    getpid getppid gettid getuid geteuid getgid getegid getresuid getresgid getgroups getpgrp getpgid getsid
    getpriority getrlimit uname sysinfo getrandom arch_prctl restart_syscall exit exit_group
""".split()

# What only the template needs: to start, to fork and reap, to talk to the judge, to confine its children.
TEMPLATE = """
    execve clone fork vfork wait4 waitid kill pidfd_open
    recvmsg sendmsg sendto recvfrom getsockname getsockopt getpeername
    prlimit64 setrlimit prctl seccomp ioctl fcntl chmod fchmod fchmodat
""".split()

# What a child loses besides where its files lie on the machine's own disk, among others of the same user: folders,
# and files that were removed but are open, would hide what is written.
ON_DISK = """
    openat2 mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2 link linkat symlink symlinkat
""".split()
NAMELESS_FILE = os.O_TMPFILE & ~os.O_DIRECTORY

# Of calls that do many things, a child may do these. ioctl: ask whether a file is a terminal, close it on
# exec. fcntl: duplicate, flags, locks; not F_SETOWN and F_SETSIG, by which a pipe sends signals to others.
CHILD_REQUESTS = {
    "ioctl": (termios.TCGETS, termios.FIOCLEX),
    "fcntl": (
        *(fcntl.F_DUPFD, fcntl.F_DUPFD_CLOEXEC, fcntl.F_GETFD, fcntl.F_SETFD, fcntl.F_GETFL, fcntl.F_SETFL),
        *(fcntl.F_GETLK, fcntl.F_SETLK, fcntl.F_SETLKW),
    ),
}


def _program(names, conditions=()):
    """A seccomp filter that allows the system calls `names`, as the bytes of its BPF program.

    conditions: {name: pyseccomp.Arg}, of calls that are allowed if an argument is such.
    """
    syscalls = pyseccomp.SyscallFilter(pyseccomp.ERRNO(errno.EPERM))
    for name, condition in dict(conditions).items():
        if pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, name) >= 0:
            syscalls.add_rule(pyseccomp.ALLOW, name, condition)
    for name in names:
        # Names of other architectures (aarch64 has no `open`) resolve to numbers below zero.
        if pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, name) >= 0:
            syscalls.add_rule(pyseccomp.ALLOW, name)
    for name, requests in CHILD_REQUESTS.items():
        for request in requests if name not in names else ():
            syscalls.add_rule(pyseccomp.ALLOW, name, pyseccomp.Arg(1, pyseccomp.EQ, request))
    if "prlimit64" not in names:
        # Asking for a limit is harmless, and how getrlimit is made; setting one has a second pointer.
        syscalls.add_rule(pyseccomp.ALLOW, "prlimit64", pyseccomp.Arg(2, pyseccomp.EQ, 0))
    syscalls.add_rule(pyseccomp.ERRNO(errno.ENOSYS), "clone3")
    with tempfile.TemporaryFile() as file:
        syscalls.export_bpf(file)
        file.seek(0)
        return file.read()


@functools.cache
def template_filter():
    """The filter of the whole sandbox."""
    return _program(COMPUTE + TEMPLATE)


@functools.cache
def child_filter():
    """The filter that a child adds before it loads student code."""
    return _program(COMPUTE)


@functools.cache
def child_filter_on_disk():
    """The same where /tmp is a folder of the machine's own disk."""
    named = {
        "open": pyseccomp.Arg(1, pyseccomp.MASKED_EQ, NAMELESS_FILE, 0),
        "openat": pyseccomp.Arg(2, pyseccomp.MASKED_EQ, NAMELESS_FILE, 0),
    }
    return _program([name for name in COMPUTE if name not in ON_DISK and name not in named], named)
