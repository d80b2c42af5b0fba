"""Every layer of the sandbox is in force: asked from inside, by code that tries to get out."""

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from sandbox_probe import (
    ShortLimits,
    call,
    copied_project,
    descendants,
    end_of,
    facts_of,
    gather,
    submission,
    wait_until_dead,
)
from stacks import EXPECTED, environment, skip_unless_it_works

from autograder.sandbox import visible
from autograder.sandbox.choose import STACKS
from autograder.sandbox.session import Sandbox, SandboxError, StudentError

PROBE = Path(__file__).parent / "sandbox_probe.py"
NOBODY = 65534
WALL = dataclasses.replace(ShortLimits(), wall=2)


def facts_as_another_user(stack):
    """The probe's facts, gathered by an ordinary user: from a copy, if that user can't read the original."""
    if os.getuid() != 0:
        pytest.skip("only root can start a program as another user")
    # Not in /tmp: the sandbox has one of its own in that place.
    folder = Path(tempfile.mkdtemp(prefix="edf-", dir="/var/tmp"))
    try:
        folder.chmod(0o755)
        (home := folder / "home").mkdir()
        os.chown(home, NOBODY, NOBODY)

        def as_nobody(*command):
            return subprocess.run(
                [*map(str, command)],
                **{"user": NOBODY, "group": NOBODY, "extra_groups": [], "cwd": home},
                env={"PATH": os.defpath, "HOME": str(home), "TMPDIR": str(home), "OPENBLAS_NUM_THREADS": "1"},
                capture_output=True,
                text=True,
                timeout=120,
            )

        try:
            readable = as_nobody(sys.executable, "-B", PROBE, "try").returncode == 0
        except PermissionError:
            readable = False
        python, probe = sys.executable, PROBE
        if not readable:
            python, probe = copied_project(folder), folder / "project/tests/sandbox_probe.py"
        done = as_nobody(python, "-B", probe, "gather", stack)
        if "SandboxUnavailable" in done.stderr:
            pytest.skip(f"this machine does not give it to ordinary users: {done.stderr.splitlines()[-1]}")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="module", params=STACKS)
def stack(request):
    skip_unless_it_works(request.param)
    return request.param


@pytest.fixture(scope="module", params=["this user", "an ordinary user"])
def facts(request, stack):
    if request.param == "this user":
        return json.loads(json.dumps(gather(stack)))
    found = facts_as_another_user(stack)
    assert found["uid"] == NOBODY
    return found


@pytest.fixture(scope="module")
def expected(stack):
    return EXPECTED[stack]


@pytest.fixture
def folder():
    """A folder that anyone may traverse, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="edf-test-") as path:
        os.chmod(path, 0o755)
        yield path


# What can be seen


def test_nothing_is_visible_but_what_the_allow_list_names(facts):
    def leads_to_something_allowed(path):
        return any(allowed.startswith(path + "/") for allowed in facts["allowed"])

    assert facts["files"]["strangers"] == []
    assert [path for path in facts["files"]["between"] if not leads_to_something_allowed(path)] == []


def test_the_system_and_the_grader_cannot_be_seen(facts, expected):
    assert {"/proc", "/sys", "/etc/passwd", "/dev/shm", "/bin/sh"} <= facts["unseen"].keys()
    if expected.hides_paths:
        assert {path: why for path, why in facts["unseen"].items() if why != "ENOENT"} == {}
    assert {path: why for path, why in facts["unread"].items() if why not in expected.unreadable} == {}


def test_nothing_beside_what_is_allowed_can_be_opened(facts, expected):
    opened = {path for path, why in facts["strangers"].items() if why == "done"}
    if expected.hides_paths:  # then these are empty folders on the way to something
        opened = {
            path for path in opened if not any(f"{a}/".startswith(f"{path}/") for a in facts["allowed"])
        }
        opened.discard("/")
    assert opened == set()
    assert len(facts["strangers"]) > 100


def test_no_package_can_be_opened_that_lies_beside_the_standard_library(facts, expected):
    assert set(facts["packages beside"].values()) <= expected.unreadable


def test_nothing_of_other_processes_can_be_read_or_changed(facts, expected):
    refused = {*expected.unreadable, *expected.unwritable, "EPERM"}
    assert {what: why for what, why in facts["of others"].items() if why not in refused} == {}


def test_files_can_be_made_where_they_are_bounded(facts, expected):
    assert facts["on disk"] == expected.on_disk


def test_the_submission_is_all_there(facts):
    assert facts["files"]["submission"] == ["data.txt", "edf.py"]


def test_only_tmp_can_be_written(facts, expected):
    places = dict(facts["written"])
    assert places.pop(facts["places"]["tmp"]) == "done"
    assert set(places.values()) <= expected.unwritable
    assert {facts["stdlib"], facts["places"]["submission"], "/dev"} <= places.keys()


def test_packages_that_are_not_allowed_cannot_be_imported(facts):
    modules = dict(facts["imported"])
    assert modules.pop("numpy") == "done"
    assert set(modules.values()) == {"ModuleNotFoundError"}


# Who the code is


def test_the_code_runs_as_nobody_or_as_a_user_without_rights(facts, expected):
    for kind in ("uid", "gid"):
        assert len(set(facts["identity"][kind])) == 1
        assert facts["identity"][kind][0] in ({NOBODY} if expected.own_namespaces else {NOBODY, facts["uid"]})


def test_the_kernel_counts_no_capability_and_two_filters(facts, expected):
    status = facts["outside"]["status"]
    for kind in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        assert int(status[kind], 16) == 0, kind
    if expected.bounds_capabilities or facts["uid"] == 0:
        assert int(status["CapBnd"], 16) == 0
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"
    assert int(status.get("Seccomp_filters", 2)) >= 2
    assert status["Threads"] == "1"


def test_no_namespace_is_shared_with_the_grader(facts, expected):
    if not expected.own_namespaces:
        assert facts["uid"] == 0 or facts["outside"]["shut to others"]
        return
    assert expected.own_namespaces <= set(facts["outside"]["own namespaces"])
    assert facts["identity"]["hostname"] == "sandbox"
    assert facts["identity"]["process"] < 100
    assert facts["outside"]["interfaces"] == ["lo"]


def test_nothing_that_takes_a_privilege_works(facts):
    for action in ("setuid", "setgroups", "chroot", "chown", "mknod", "bind port 80"):
        assert facts["identity"][action] == "EPERM", action


def test_the_environment_holds_nothing_of_the_graders(facts):
    assert facts["identity"]["environment"] == environment(facts["stack"], facts["places"]["tmp"])


def test_no_terminal_can_be_opened(facts):
    assert facts["identity"]["terminal"] in ("ENOENT", "ENXIO", "EACCES")


def test_open_files_are_its_channel_to_the_judge_and_its_output(facts):
    descriptors = dict(facts["descriptors"])
    assert descriptors.pop("1") == descriptors.pop("2") == "pipe"
    descriptors = {n: kind for n, kind in descriptors.items() if not (n == "0" and kind == "0o20666")}
    assert list(descriptors.values()) == ["socket"]


# What can be done


def test_no_process_and_no_thread_can_be_started(facts):
    found = facts["processes"]
    for way in ("fork", "subprocess", "posix_spawn", "multiprocessing", "execve"):
        assert found[way] == "EPERM", way
    assert found["thread"] == "RuntimeError"
    assert found["forkpty"] != "done"
    assert found["system"] != 3 << 8


def test_no_socket_can_be_made_and_nothing_signalled(facts):
    ways = ("socket", "unix socket", "socketpair", "interfaces", "memfd", "unshare", "pidfd")
    signals = ("kill parent", "kill all", "kill itself", "raise cpu limit")
    assert {way: facts["processes"][way] for way in ways + signals} == dict.fromkeys(ways + signals, "EPERM")


def test_dangerous_system_calls_are_refused(facts):
    assert len(facts["dangerous"]) > 60
    assert {name: why for name, why in facts["dangerous"].items() if why != "EPERM"} == {}


def test_every_system_call_that_is_not_listed_is_refused(facts):
    assert facts["unlisted"] == ["EPERM"]
    assert facts["clone3"] == "ENOSYS"


def test_requests_to_devices_are_refused(facts):
    assert set(facts["ioctls"]) == {"EPERM"}


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the old entry exists on x86-64 only")
def test_the_old_entry_to_the_kernel_ends_the_process(facts):
    assert facts["ends"]["old fork"] == ["signal", "the process died of signal SIGSYS"]


# How much


def test_limits_are_in_force_and_cannot_be_raised(facts):
    found = facts["resources"]
    for name, limit in facts["limits"].items():
        assert found[name] == [limit, limit], name
    assert found["CORE"] == [0, 0]
    assert found["setrlimit"] != "done"


def test_too_many_open_files_are_refused(facts):
    assert facts["resources"]["too many"] == "EMFILE"
    assert facts["resources"]["opened"] < facts["limits"]["NOFILE"]


def test_too_much_memory_is_refused(facts):
    assert facts["resources"]["array"] == "MemoryError"
    assert facts["resources"]["bytes"] == "MemoryError"
    assert facts["resources"]["mmap"] == "ENOMEM"


def test_tmp_is_full_when_its_size_is_used_up(facts, expected):
    kind, output = facts["fill"]
    assert kind == expected.fill
    if kind == "answer":
        found = json.loads(output.splitlines()[-1])
        assert (found["one"], found["many"]) == ("EFBIG", "ENOSPC")
        assert 0 < found["stored"] <= facts["tmp"]


def test_each_end_has_its_name(facts):
    kinds = {name: kind for name, (kind, _) in facts["ends"].items() if name not in ("patch", "old fork")}
    assert kinds == {"endless": "cpu", "exit": "exit", "crash": "signal", "wait": "wall"}
    assert "SIGSEGV" in facts["ends"]["crash"][1]


def test_output_is_cut_and_what_is_cut_is_counted(folder, stack):
    size, kept = 5 << 20, ShortLimits().output_kb << 10
    with Sandbox(PROBE.parent / "probe_submission", "", (), ShortLimits(), stack) as sandbox:
        kind, output = end_of(sandbox, 10, "chatter", size)
    assert kind == "answer"
    text, _, note = output.partition("\n")
    assert text == "x" * kept
    assert note.startswith(f"[{size + 1 - kept} more bytes")


# From one process to the next


def test_tmp_is_empty_for_the_next_process(facts, expected):
    assert facts["litter"] == expected.litter
    assert facts["after litter"] == []


def test_a_patched_numpy_or_a_crash_does_not_reach_the_next_process(facts):
    assert facts["ends"]["patch"][0] != "answer"
    assert facts["untouched"] == [True, True, []]


LEAVE_BEHIND = {
    "a folder that nobody may list": """
        os.mkdir(TMP + "/shut", 0o300)
        open(TMP + "/shut/note", "w").close()
    """,
    "a folder that nobody may open": """
        os.mkdir(TMP + "/shut", 0)
    """,
    "folders of which none may be listed": """
        os.makedirs(TMP + "/a/b")
        os.mkdir(TMP + "/a/b/c", 0o300)
        os.mkdir(TMP + "/a/b/c/d", 0)
    """,
    "folders in folders": """
        for _ in range(3000):
            os.mkdir("in")
            os.chdir("in")
    """,
    "ten thousand files": """
        for i in range(10_000):
            open(f"{TMP}/{i}", "w").close()
    """,
    "names that are no text": """
        open(os.fsencode(TMP) + b"/\\xff\\n", "w").close()
        os.mkdir(os.fsencode(TMP) + b"/\\xfe")
    """,
}


@pytest.mark.parametrize("leftover", LEAVE_BEHIND)
def test_whatever_a_process_leaves_in_tmp_is_gone_for_the_next(leftover, folder, stack, expected):
    lines = [line.strip("\n")[8:] for line in LEAVE_BEHIND[leftover].splitlines()]
    body = "\n".join(f"    {line}" for line in lines if line)
    source = f"import json, os\nTMP = os.environ['HOME']\ndef leave():\n{body}\ndef look():\n"
    source += "    print(json.dumps([oct(os.stat(TMP).st_mode & 0o700), os.listdir(TMP)]), flush=True)\n"
    refused = expected.folders_refused and ("mkdir" in body or "makedirs" in body)
    with Sandbox(submission(folder, source.replace("\\\\", "\\")), "", (), ShortLimits(), stack) as sandbox:
        kind, said = end_of(sandbox, 10, "leave")
        assert (
            (kind, said) == ("answer", "") if not refused else kind == "exception" and "not permitted" in said
        )
        assert facts_of(sandbox, "look") == ["0o700", []]


def test_modes_cannot_be_changed_so_that_a_shut_folder_stays_removable(folder, stack):
    source = "import os\ndef shut():\n    os.chmod(os.environ['HOME'], 0)\n"
    with Sandbox(submission(folder, source), "", (), ShortLimits(), stack) as sandbox:
        kind, said = end_of(sandbox, 10, "shut")
    assert kind == "exception" and "PermissionError" in said


# The process that starts the others is out of reach


REACH = {
    "a signal that a pipe sends": """
        import fcntl, os
        out, into = os.pipe()
        fcntl.fcntl(out, 10, 9)  # F_SETSIG
        fcntl.fcntl(out, fcntl.F_SETOWN, os.getppid())
        fcntl.fcntl(out, fcntl.F_SETFL, fcntl.fcntl(out, fcntl.F_GETFL) | os.O_ASYNC)
        os.write(into, b"x")
    """,
    "a signal to a group of processes": """
        import fcntl, os, signal
        out, into = os.pipe()
        fcntl.fcntl(out, 10, 9)
        fcntl.fcntl(out, fcntl.F_SETOWN, -os.getpgrp())
        fcntl.fcntl(out, fcntl.F_SETFL, fcntl.fcntl(out, fcntl.F_GETFL) | os.O_ASYNC)
        os.write(into, b"x")
    """,
    "a signal by the extended owner": """
        import fcntl, os, struct
        out, into = os.pipe()
        fcntl.fcntl(out, 10, 9)
        fcntl.fcntl(out, 15, struct.pack("ii", 1, os.getppid()))  # F_SETOWN_EX, F_OWNER_PID
        fcntl.fcntl(out, fcntl.F_SETFL, fcntl.fcntl(out, fcntl.F_GETFL) | os.O_ASYNC)
        os.write(into, b"x")
    """,
}


@pytest.mark.parametrize("way", REACH)
def test_no_code_can_end_the_template(way, folder, stack):
    body = "\n".join(line[8:] for line in REACH[way].splitlines())
    source = f"try:\n    exec({body!r})\nexcept OSError:\n    pass\n"
    with Sandbox(submission(folder, source), "", (), ShortLimits(), stack) as sandbox:
        for _ in range(2):
            with sandbox.process("serve", 10) as process:
                try:
                    process.load()
                    process.request([["fresh"]])
                except (StudentError, SandboxError) as error:
                    assert not isinstance(error, SandboxError), error


# Its end


def test_leaving_the_sandbox_ends_every_process_in_it(facts, expected):
    assert facts["started"] >= expected.processes
    assert facts["left behind"] == []
    assert not facts["folder left behind"]


def test_leaving_the_sandbox_in_the_middle_of_an_endless_loop_ends_it_too(stack):
    with Sandbox(PROBE.parent / "probe_submission", "", (), WALL, stack) as sandbox:
        process = sandbox.process("serve", 60)
        process.load()
        process._write([b"edf1"])
        inside = descendants(sandbox._template.pid)
    assert sandbox._template.poll() is not None
    assert wait_until_dead(inside) == set()
    process._data.close()


def test_a_killed_grader_leaves_no_process_behind(stack, expected, folder):
    command = [sys.executable, "-B", str(PROBE), "hold", stack]
    env = {**os.environ, "TMPDIR": folder}  # where it leaves what a killed program can't remove
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=env) as grader:
        try:
            inside = set(json.loads(grader.stdout.readline()))
        finally:
            grader.send_signal(signal.SIGKILL)
    assert len(inside) >= expected.processes + 1
    assert wait_until_dead(inside) == set()


def test_a_package_that_is_not_installed_is_named(folder, stack):
    with pytest.raises(visible.SandboxUnavailable, match="no-such-package"):
        Sandbox(submission(folder, ""), "", ("no-such-package",), ShortLimits(), stack)


def test_printing_just_before_an_answer_is_kept(folder, stack):
    source = "def say():\n    print('said')\n"
    with Sandbox(submission(folder, source), "", (), ShortLimits(), stack) as sandbox:
        for _ in range(20):
            with sandbox.process("serve", 10) as process:
                process.load()
                process.request([call("say")])
            assert process.output == "said\n"
