"""Persistence: leaving something for the next process, the next submission, the next run, or the instructor."""

import os

from attacks.attack import attack
from attacks.ways_out import ABSENT, refused

MARK = 1_111_111_111_000_000_077  # ns since 1970


@attack("leaves files for the next process: hidden, in deep folders, unreadable, open, of odd names", """
    home = os.environ["HOME"]
    attempt("left", lambda: [os.listdir(place) for place in {home, "."}])
    for name in ("plain", ".hidden", "-rf", "new\\nline", "\\udcff", "x" * 255):
        attempt("file", lambda: open(home + "/" + name, "w").close())
    def deep():
        os.makedirs(home + "/deep" + "/d" * 200)
        os.mkfifo(home + "/deep/pipe")
        os.symlink("/", home + "/deep/link")
    attempt("deep", deep)
    os.umask(0o777)
    attempt("unreadable", lambda: (os.mkdir(home + "/shut"), open(home + "/closed", "w").close()))
    kept = attempt("open", os.open, home + "/open", os.O_RDWR | os.O_CREAT, 0)
    """)  # fmt: skip
def files_for_the_next_process(evidence):
    """There are three processes: one an exercise."""
    lines = [line for line in evidence.output.splitlines() if '["left"' in line]
    assert len(lines) == 3 and all('"left", "done", "[[]' in line for line in lines), lines


@attack("changes times in the file system of devices, where the next submission could read them", f"""
    attempt("seen", lambda: os.stat("/dev/null").st_mtime_ns == {MARK})
    attempt("times", lambda: os.utime("/dev/null", ns=({MARK}, {MARK})))
    attempt("now", lambda: os.utime("/dev/null"))
    """)  # fmt: skip
def times_of_devices(evidence):
    assert '["seen", "done", "True"]' not in evidence.output
    assert evidence.attempts["times"] == evidence.attempts["now"] == {"EPERM"}
    assert os.stat("/dev/null").st_mtime_ns != MARK


@attack("patches modules in memory, which the next process could inherit", """
    import __main__
    attempt("inherited", lambda: [hasattr(module, "mark") for module in (np, json, os, builtins, __main__, sys)])
    for module in (np, json, os, builtins, __main__, sys):
        module.mark = True
    sys.modules["math"] = sys.modules["random"] = None
    os.environ["MARK"] = "mark"
    """)  # fmt: skip
def patched_modules(evidence):
    lines = [line for line in evidence.output.splitlines() if '["inherited"' in line]
    assert len(lines) == 3 and not any("True" in line for line in lines)


@attack("plants modules that every later Python would load: sitecustomize, .pth files, compiled .pyc", """
    library = os.path.dirname(json.__file__) + "/.."
    version = "python%d.%d" % sys.version_info[:2]
    for folder in (library, library + "/site-packages", library + "/__pycache__", np.__path__[0],
                   np.__path__[0] + "/__pycache__", os.path.dirname(__import__("edf").__file__), WORLD["project"]):
        # A file without a name: where it can be made, one with a name could be, too.
        attempt("plant", os.open, folder, os.O_TMPFILE | os.O_RDWR, 0o600)
    for name in (f"{WORLD['home']}/.local/lib/{version}/site-packages/usercustomize.py",
                 WORLD["home"] + "/.pythonrc.py",
                 WORLD["outside"] + "/sitecustomize.py", WORLD["submitted"] + "/innocent right/numpy.py"):
        attempt("plant", lambda: open(name, "w").close())
    """)  # fmt: skip
def planted_modules(evidence):
    refused(evidence, ABSENT | {"EISDIR", "EOPNOTSUPP"})
    assert evidence.attempts.get("plant") and "done" not in evidence.attempts["plant"]


@attack("writes where the instructor's programs start: shell and git settings, keys, timetables", """
    for name in (".bashrc", ".profile", ".gitconfig", ".ssh/authorized_keys", ".config/autostart/x.desktop",
                 ".jupyter/x.py",
                 ".ipython/profile_default/startup/x.py", ".local/share/jupyter/kernels/python3/kernel.json"):
        attempt("home", lambda: open(f"{WORLD['home']}/{name}", "a").close())
    for folder in ("/etc/cron.d", "/var/spool/cron", "/etc/profile.d", "/var/tmp", "/run", "/dev/shm"):
        attempt("system", os.open, folder, os.O_TMPFILE | os.O_RDWR, 0o600)
    """)  # fmt: skip
def start_files(evidence):
    refused(evidence, ABSENT | {"EISDIR", "EOPNOTSUPP"})


@attack("rewrites scores, the table of grades and the gradebook, and leaves a score of its own", """
    out = WORLD["out"]
    for name in (f"scores/{WORLD['me']}.json", "scores/innocent blank.json", "records/innocent right.json",
                 "grades.csv", "course/gradebook.db", "course/nbgrader_config.py", ".lock", ".scratch/x"):
        attempt("write", lambda: open(f"{out}/{name}", "w").close())
    attempt("folder", os.mkdir, out + "/scores/mine")
    attempt("remove", lambda: [os.unlink(f"{out}/scores/{name}") for name in ("innocent right.json",)])
    """, among_others=True)  # fmt: skip
def scores(evidence):
    refused(evidence, ABSENT)
    assert evidence.run.rows["scores"]["score"] == evidence.run.rows["innocent right"]["score"]


@attack("rewrites its own submission while it is graded, and what comes with it", files={"helper.py": "VALUE = 1\n"},
        payload="""
    here = os.path.dirname(os.path.abspath(__import__("edf").__file__))
    for name in ("edf.py", "helper.py", "__pycache__/helper.pyc", "new.py"):
        attempt("write", lambda: open(f"{here}/{name}", "w").close())
    attempt("remove", os.unlink, here + "/edf.py")
    attempt("rename", os.rename, here, here + ".old")
    attempt("folder", os.mkdir, here + "/__pycache__")
    """)  # fmt: skip
def own_submission(evidence):
    refused(evidence, ABSENT | {"EBUSY"})


@attack("writes to programs and libraries through shared memory: the pages that other processes run", """
    import mmap
    for path in (np.__file__, json.__file__, "/lib/x86_64-linux-gnu/libc.so.6"):
        file = attempt("read", os.open, path, os.O_RDONLY)
        if file is not None:
            attempt("map", lambda: mmap.mmap(file, 4096, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE))
            LIBC.mmap.restype = ctypes.c_void_p
            LIBC.mmap.argtypes = [ctypes.c_size_t] * 2 + [ctypes.c_int] * 3 + [ctypes.c_long]
            place = LIBC.mmap(0, 4096, 1, 1, file, 0)
            said = LIBC.mprotect(ctypes.c_void_p(place), 4096, 3)
            attempt("protect", lambda: (_ for _ in ()).throw(OSError(ctypes.get_errno(), "")) if said else None)
    """)  # fmt: skip
def pages_of_libraries(evidence):
    assert evidence.attempts["map"] | evidence.attempts["protect"] <= {"EACCES", "EPERM"}


@attack("makes 100,000 empty files, which no limit of size counts but the kernel's memory holds", ends="", payload="""
    def forward(self):
        try:
            for i in range(100_000):
                os.close(os.open(f"{os.environ['HOME']}/{WORLD['me']}{i}", os.O_WRONLY | os.O_CREAT, 0o600))
            print("\\n@" + json.dumps(["made", str(i), ""]), flush=True)
        finally:
            os.closerange(3, 64)
    add.forward = forward
    """)  # fmt: skip
def empty_files(evidence):
    """The sandbox's own watch, or its process's limit of CPU time."""
    assert "made" not in evidence.attempts
    assert evidence.score["exercises"]["mean"]["status"] == "pass"
