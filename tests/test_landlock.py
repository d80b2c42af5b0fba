"""Where there are no namespaces, the grader takes Landlock by itself: as root and as an ordinary user."""

import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import sysconfig
import tempfile
import textwrap
from pathlib import Path

import pytest
from sandbox_probe import ShortLimits, copied_project, end_of, submission, wait_until_dead
from stacks import skip_unless_it_works

from autograder.assignment import load_assignment
from autograder.grade import Job, grade_submission
from autograder.intake import Submission
from autograder.sandbox import choose as choosing
from autograder.sandbox import landlock
from autograder.sandbox.session import Sandbox, SandboxError
from autograder.sandbox.visible import NOBODY, SandboxUnavailable

ROOT = Path(__file__).resolve().parent.parent
USER = 1234  # any that is not root
WRAPPER = Path(__file__).parent / "no_namespaces.py"
CLASS = {
    "right": (ROOT / "solutions/edf.py").read_text(encoding="utf-8"),
    "hostile": "import os\nopen('/etc/passwd').read()\n",
    "broken": "def f(:\n",
    "lost": "import os\nopen(os.path.dirname(__file__) + '/none')\n",
}


@pytest.fixture(autouse=True, scope="module")
def works():
    skip_unless_it_works("landlock")


@pytest.fixture
def folder():
    with tempfile.TemporaryDirectory(prefix="edf-test-") as path:
        os.chmod(path, 0o755)
        yield path


@pytest.fixture(scope="module")
def readable():
    """A copy of Python and the project that every user can read, in a place where every user can go."""
    if os.getuid() != 0:
        pytest.skip("only root can start a program as another user")
    path = Path(tempfile.mkdtemp(prefix="edf-", dir="/var/tmp"))
    path.chmod(0o755)
    try:
        yield copied_project(path), path / "project"
    finally:
        shutil.rmtree(path)


def without_namespaces(*command, python=sys.executable, wrapper=WRAPPER, user=None, **options):
    """Run a program as in a container that gives no namespaces; the finished process."""
    who = () if user is None else ("--user", str(user))
    command = [python, "-B", wrapper, *who, *command]
    return subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=300, **options)


def grade(folder, *options):
    """The arguments of a program that grades the little class above."""
    submissions = Path(folder, "submitted")
    for name, source in CLASS.items():
        (submissions / name).mkdir(parents=True)
        (submissions / name / "edf.py").write_text(source, encoding="utf-8")
    arguments = [
        "grade",
        submissions,
        "--assignment",
        Path(folder, "quick.toml"),
        "--out",
        Path(folder, "out"),
    ]
    return [*arguments, "--secret", Path(folder, "secret"), "--jobs", "1", *options]


def outcomes(folder):
    """{student: (points, status, stack)} of what was graded."""
    found = {}
    for name in CLASS:
        score = json.loads(Path(folder, f"out/scores/{name}.json").read_text())
        record = json.loads(Path(folder, f"out/records/{name}.json").read_text())
        found[name] = score["score"], score["status"], record["sandbox"]
    return found


EXPECTED = {"right": (10, "graded"), "hostile": (0, "import failed"), "broken": (0, "syntax error")}
EXPECTED["lost"] = (0, "import failed")


# The choice


def test_bubblewrap_is_taken_where_it_works():
    skip_unless_it_works("bubblewrap")
    assert choosing.choose().NAME == "bubblewrap"
    assert choosing.why_not_the_best() is None


def test_no_namespaces_are_given_in_the_place_that_the_tests_make():
    done = without_namespaces("/usr/bin/env", "unshare", "-U", "true")
    assert done.returncode != 0 and "not permitted" in done.stderr


def test_a_class_is_graded_right_without_namespaces(tmp_path, quick_assignment):
    done = without_namespaces(sys.executable, "-m", "autograder", *grade(tmp_path), cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "sandbox: landlock" in done.stdout
    assert outcomes(tmp_path) == {name: (*end, "landlock") for name, end in EXPECTED.items()}
    assert not list(Path(tmp_path, "out").glob(".scratch/*"))


def test_a_class_is_graded_right_without_namespaces_by_an_ordinary_user(readable, folder, quick_assignment):
    site = sysconfig.get_path("purelib")
    python = readable[0]
    shutil.copy(quick_assignment, folder)
    arguments = grade(folder)
    for path in (folder, *Path(folder).rglob("*")):
        os.chown(path, USER, USER)
    (programs := Path(folder, "bin")).mkdir()
    # nbgrader runs it, and the installed one is for a Python that this user may not be able to read.
    (programs / "alembic").write_text(f"#!{python} -B\nfrom alembic.config import main\nmain()\n")
    (programs / "alembic").chmod(0o755)
    path = f"{programs}:{os.defpath}"
    env = {"PYTHONPATH": f"{ROOT}:{ROOT / 'pset'}:{site}", "HOME": folder, "PATH": path}
    options = {"python": python, "user": USER, "cwd": folder, "env": env}
    if without_namespaces(python, "-B", "-c", "import autograder.run", **options).returncode:
        pytest.skip("another user can't read the project or its packages here")
    done = without_namespaces(python, "-B", "-m", "autograder", *arguments, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    assert outcomes(folder) == {name: (*end, "landlock") for name, end in EXPECTED.items()}
    assert Path(folder, "out/grades.csv").stat().st_uid == USER


def test_scores_are_the_same_bytes_on_both_stacks(tmp_path, quick_assignment):
    skip_unless_it_works("bubblewrap")
    grade(tmp_path)
    assignment = load_assignment(quick_assignment)
    scores = {}
    for stack in ("bubblewrap", "landlock"):
        scores[stack] = []
        for name in ("right", "broken", "lost"):
            job = Job(Submission(name, tmp_path / "submitted" / name), assignment, b"secret", None, stack)
            score, record = grade_submission(job)
            assert record["sandbox"] == stack
            scores[stack].append(json.dumps(score))
    assert scores["bubblewrap"] == scores["landlock"]
    assert "/submission/none" in scores["landlock"][2]


def test_a_stack_that_does_not_work_is_refused_when_it_is_asked_for(tmp_path, quick_assignment):
    arguments = grade(tmp_path, "--sandbox", "bubblewrap")
    done = without_namespaces(sys.executable, "-m", "autograder", *arguments, cwd=ROOT)
    assert done.returncode == 2
    assert "bubblewrap can't make namespaces here" in done.stderr
    assert not Path(tmp_path, "out").exists()


def test_nothing_is_graded_where_neither_works(monkeypatch):
    def refuse():
        raise SandboxUnavailable("no namespaces.")

    monkeypatch.setattr(choosing.bubblewrap, "check", refuse)
    monkeypatch.setattr(landlock, "landlock_version", lambda: 5)
    with pytest.raises(SandboxUnavailable, match=r"no namespaces. This system has Landlock 5; .* Grade on"):
        choosing.choose.__wrapped__()


def test_the_doctor_tries_the_one_that_works():
    done = without_namespaces(sys.executable, "-m", "autograder", "doctor", cwd=ROOT)
    assert done.returncode == 0
    assert "sandbox: landlock" in done.stdout and "FAILED" not in done.stdout


# Who the code is

IDENTITY = """
    import json, sys
    sys.path[:0] = [PROJECT, PROJECT + "/pset", PROJECT + "/tests"]
    from sandbox_probe import SUBMISSION, ShortLimits, facts_of, seen_from_outside
    from autograder.sandbox.session import Sandbox
    with Sandbox(SUBMISSION, "", (), ShortLimits()) as sandbox:
        status = seen_from_outside(sandbox)["status"]
        found = facts_of(sandbox, "identity"), facts_of(sandbox, "of_others"), status, sandbox._stack.NAME
    print(json.dumps(found))
"""


@pytest.mark.parametrize("user", [0, USER], ids=["root", "an ordinary user"])
def test_who_the_code_is_where_python_can_be_read_by_all(user, readable):
    python, project = readable
    source = textwrap.dedent(IDENTITY).replace("of_others", "outside")
    done = without_namespaces(
        *(python, "-B", "-c", f"PROJECT = {str(project)!r}\n{source}"),
        **{"python": python, "wrapper": project / "tests/no_namespaces.py", "user": user or None},
        **{"cwd": "/", "env": {"PATH": os.defpath, "TMPDIR": "/var/tmp", "OPENBLAS_NUM_THREADS": "1"}},
    )
    assert done.returncode == 0, done.stderr
    identity, others, status, stack = json.loads(done.stdout)
    assert stack == "landlock"
    # Root gives itself up; another user has only himself.
    assert identity["uid"] == identity["gid"] == [NOBODY if user == 0 else user] * 3
    assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0
    assert status["Groups"].split() == []
    assert set(others.values()) <= {"EACCES", "EPERM"}


# What is bounded


def test_many_files_that_are_too_much_together_end_the_process(folder):
    source = """
        import os
        ops, params, values = [], [], []
        def write():
            for i in range(2000):
                with open(f"{os.environ['HOME']}/{i}", "wb", buffering=0) as file:
                    for _ in range(4):
                        file.write(bytes(1 << 20))
    """
    with Sandbox(submission(folder, textwrap.dedent(source)), "", (), ShortLimits(), "landlock") as sandbox:
        said = "stopped after it wrote more than 8 MB of files, or too many of them"
        assert end_of(sandbox, 60, "write") == ["disk", said]
        assert os.listdir(sandbox._template.folder / "tmp") == []


def test_too_many_files_end_the_process(folder):
    source = """
        import os
        ops, params, values = [], [], []
        def write():
            for i in range(10_000_000):
                open(f"{os.environ['HOME']}/{i}", "w").close()
    """
    with Sandbox(submission(folder, textwrap.dedent(source)), "", (), ShortLimits(), "landlock") as sandbox:
        assert end_of(sandbox, 60, "write")[0] == "disk"


def test_the_limit_of_a_file_is_not_taken_for_a_full_disk(folder):
    source = """
        import os
        ops, params, values = [], [], []
        def write():
            with open(f"{os.environ['HOME']}/sparse", "wb") as file:
                os.truncate(file.fileno(), 8 << 20)
                file.write(b"x")
    """
    with Sandbox(submission(folder, textwrap.dedent(source)), "", (), ShortLimits(), "landlock") as sandbox:
        assert end_of(sandbox, 10, "write") == ["answer", ""]


# What a score says


def test_an_error_names_places_as_the_student_knows_them(folder):
    source = """
        import os
        ops, params, values = [], [], []
        HERE, TMP = os.path.dirname(__file__), os.environ["HOME"]
        def submission():
            open(HERE + "/none")
        def tmp():
            open(TMP + "/none")
    """
    ends = {}
    for stack in ("bubblewrap", "landlock"):
        skip_unless_it_works(stack)
        with Sandbox(submission(folder, textwrap.dedent(source)), "", (), ShortLimits(), stack) as sandbox:
            ends[stack] = [end_of(sandbox, 10, name) for name in ("submission", "tmp")]
    assert ends["landlock"] == ends["bubblewrap"]
    assert "'/submission/none'" in ends["landlock"][0][1]


# The template confines itself before it does anything else


@pytest.mark.parametrize("fault", ["no such path", "no such parent", "no filter"])
def test_a_template_that_cannot_confine_itself_ends(fault, folder, monkeypatch):
    real = landlock.json.dumps

    def dumps(told):
        if "lock" in told:
            match fault:
                case "no such path":
                    told["lock"]["paths"]["read"].append("/no/such/path")
                case "no such parent":
                    told["lock"]["parent"] = 1 << 21
                case "no filter":
                    told["lock"]["seccomp"] = "00" * 8
        return real(told)

    monkeypatch.setattr(landlock.json, "dumps", dumps)
    with (
        pytest.raises(SandboxError),
        Sandbox(submission(folder, ""), "", (), ShortLimits(), "landlock") as sandbox,
    ):
        sandbox.inspect()


def test_a_folder_on_the_way_is_opened_entry_by_entry(tmp_path, monkeypatch):
    library = tmp_path / "lib"
    (library / "site-packages/secret").mkdir(parents=True)
    (library / "json").mkdir()
    (library / "os.py").touch()
    (library / "elsewhere").symlink_to("/etc")
    monkeypatch.setattr(landlock, "interpreter_paths", lambda: [str(library)])
    monkeypatch.setattr(landlock, "hidden_folders", lambda: [str(library / "site-packages")])
    readable, listed = landlock.readable_paths.__wrapped__()
    assert readable == [str(library / "json"), str(library / "os.py")]
    assert listed == [str(library)]


def test_nothing_is_left_of_a_sandbox_that_could_not_start(folder, monkeypatch):
    monkeypatch.setattr(landlock, "python", lambda: "/no/such/python")
    scratch = Path(folder, "scratch")
    scratch.mkdir()
    with pytest.raises(FileNotFoundError):
        Sandbox(submission(folder, ""), "", (), ShortLimits(), "landlock", scratch)
    assert list(scratch.iterdir()) == []


# Its end, where no namespace ends everything


def test_a_killed_grader_takes_processes_with_it_that_can_do_nothing_about_it(folder):
    command = [sys.executable, "-B", ROOT / "tests/sandbox_probe.py", "hold", "landlock"]
    env = {**os.environ, "TMPDIR": folder}
    with subprocess.Popen([*map(str, command)], stdout=subprocess.PIPE, env=env) as grader:
        inside = json.loads(grader.stdout.readline())
        for pid in inside:
            os.kill(pid, signal.SIGSTOP)
        grader.kill()
    left = wait_until_dead(inside)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert len(inside) == 2 and left == set()


# What Landlock refuses alone, below a seccomp filter that refuses nothing

ALONE = """
    import ctypes, errno, json, os, socket, sys
    inside, parent, port, name = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    sys.path.insert(0, inside)
    import confinement
    libc = ctypes.CDLL(None, use_errno=True)
    memory = (ctypes.c_char * 8)()
    vector = (ctypes.c_void_p * 2)(ctypes.addressof(memory), 8)
    code = ctypes.addressof(ctypes.c_int.in_dll(ctypes.pythonapi, "Py_NoSiteFlag"))

    def call(name, *arguments):
        if getattr(libc, name)(*arguments) < 0:
            raise OSError(ctypes.get_errno(), name)

    def attempt(action, *arguments):
        try:
            action(*arguments)
        except OSError as error:
            return errno.errorcode[error.errno]
        return "done"

    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    attempts = {
        "read a file": lambda: open("/etc/passwd"),
        "signal": lambda: os.kill(parent, 0),
        "connect": lambda: socket.create_connection(("127.0.0.1", port)),
        "listen": lambda: socket.create_server(("127.0.0.1", 0)),
        "abstract socket": lambda: socket.socket(socket.AF_UNIX).connect("\\0" + name),
        "trace": lambda: call("ptrace", 16, parent, 0, 0),
        "memory": lambda: call("process_vm_readv", parent, vector, 1, (ctypes.c_void_p * 2)(code, 8), 1, 0),
        "datagram": lambda: udp.sendto(b"x", ("127.0.0.1", port)),
    }
    before = {what: attempt(attempts[what]) for what in ("read a file", "signal", "connect", "abstract socket")}
    confinement.lock({"read": []}, None, parent, sys.argv[5])
    print(json.dumps([before, {what: attempt(action) for what, action in attempts.items()}]))
"""
ALLOW_ALL = struct.pack("HBBI", 0x06, 0, 0, 0x7FFF0000).hex()


def test_what_landlock_refuses_alone():
    name = f"edf-test-{os.getpid()}"
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_UNIX) as unix:
        unix.bind("\0" + name)
        unix.listen()
        arguments = [ROOT / "autograder/sandbox/inside", os.getpid(), tcp.getsockname()[1], name, ALLOW_ALL]
        command = [sys.executable, "-I", "-S", "-B", "-c", textwrap.dedent(ALONE), *arguments]
        done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    before, after = json.loads(done.stdout)
    assert set(before.values()) == {"done"}
    # Of the network it knows TCP only: the rest is refused by seccomp, which lets no socket be made.
    assert after.pop("datagram") == "done"
    assert (
        after.pop("trace")
        == after.pop("memory")
        == after.pop("signal")
        == after.pop("abstract socket")
        == "EPERM"
    )
    assert set(after.values()) == {"EACCES"}
