"""Memory and disk: taking more than is allowed, where the limit of memory does not count it, too."""

from attacks.attack import ANY, attack
from attacks.grading import MEMORY_MB

MB = 1 << 20
ITS_OWN = 150  # MB that an idle process uses

# Take 50 MB at a time, up to 1.5 GB in all.
TAKE = """
    def take(store):
        for _ in range(30):
            store(50 << 20)
"""


def bounded(evidence):
    assert evidence.peak_mb < MEMORY_MB + ITS_OWN


@attack("takes 1.5 GB of memory, by calls of malloc", TAKE + """
    held = []
    attempt("take", take, lambda size: held.append(bytearray(size)))
    held.clear()
    """)  # fmt: skip
def allocation(evidence):
    assert evidence.attempts["take"] == {"MemoryError"}
    bounded(evidence)


@attack("takes 1.5 GB of memory, in memory that is shared and has no name", TAKE + """
    import mmap
    held = []
    def store(size):
        held.append(mmap.mmap(-1, size))
        held[-1][::4096] = bytes(len(held[-1][::4096]))
    attempt("take", take, store)
    held.clear()
    """)  # fmt: skip
def shared_mapping(evidence):
    assert evidence.attempts["take"] == {"ENOMEM"}
    bounded(evidence)


@attack("asks for an array of 10**15 elements, as a forward's result", ends=ANY, payload="""
    def forward(self):
        self.top = np.zeros((10**5, 10**5, 10**5))
    add.forward = forward
    """)  # fmt: skip
def huge_array(evidence):
    assert evidence.score["exercises"]["add"]["checks"][0]["status"] == "fail"
    bounded(evidence)


@attack("sends an array that is huge and takes no memory: one number, broadcast", ends=ANY, payload="""
    def forward(self):
        self.top = np.broadcast_to(np.float32(1), (10**5, 10**5, 10))
    add.forward = forward
    """)  # fmt: skip
def broadcast(evidence):
    assert evidence.score["exercises"]["add"]["checks"][0]["status"] == "fail"
    bounded(evidence)


@attack("stores 200 MB in /dev/shm, which no limit of memory counts", """
    def store():
        with open("/dev/shm/" + WORLD["me"], "wb") as file:
            for _ in range(4):
                file.write(bytes(50 << 20))
    attempt("shm", store)
    attempt("unlink", os.unlink, "/dev/shm/" + WORLD["me"])
    """)  # fmt: skip
def dev_shm(evidence):
    assert evidence.attempts["shm"] <= {"ENOENT", "EACCES", "EROFS"}


@attack("stores data in /dev itself, a file system in memory", """
    for place in ("/dev", "/", "/run", "/var/tmp"):
        path = f"{place}/{WORLD['me']}"
        if attempt(place, lambda: open(path, "wb").write(bytes(1 << 20))):
            os.unlink(path)
    """)  # fmt: skip
def device_folder(evidence):
    assert set().union(*evidence.attempts.values()) <= {"ENOENT", "EACCES", "EROFS", "EPERM"}


@attack("stores 200 MB in files in memory that have no name (memfd)", """
    def store():
        file = syscall("memfd_create", b"hidden", 0)
        for _ in range(4):
            os.write(file, bytes(50 << 20))
        os.close(file)
    attempt("memfd", store)
    attempt("memfd_secret", syscall, "memfd_secret", 0)
    """)  # fmt: skip
def memfd(evidence):
    assert evidence.attempts["memfd"] == {"EPERM"}
    assert evidence.attempts["memfd_secret"] <= {"EPERM", "ENOSYS"}


@attack("keeps memory of System V, which outlives processes", """
    made = attempt("shmget", syscall, "shmget", 0x5EED, 1 << 20, 0o1666)
    attempt("msgget", syscall, "msgget", 0x5EED, 0o1666)
    attempt("semget", syscall, "semget", 0x5EED, 1, 0o1666)
    attempt("mq_open", syscall, "mq_open", b"hidden", 0o100 | 2, 0o600, 0)
    """)  # fmt: skip
def system_v(evidence):
    assert set().union(*evidence.attempts.values()) == {"EPERM"}


@attack("fills the folder for temporary files with 100 MB, in one file and in many", ends=ANY, payload="""
    def many():
        for i in range(100):
            with open(f"{os.environ['HOME']}/{WORLD['me']}{i}", "wb", buffering=0) as file:
                file.write(bytes(1 << 20))
                time.sleep(0.005)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    path = os.environ["HOME"] + "/" + WORLD["me"]
    attempt("one", lambda: open(path, "wb", buffering=0).write(bytes(100 << 20)))
    attempt("many", many)
    print("stored", sum(entry.stat().st_blocks * 512 for entry in os.scandir(os.environ["HOME"])), flush=True)
    for entry in os.scandir(os.environ["HOME"]):
        if entry.name.startswith(WORLD["me"]):
            os.unlink(entry)
    """)  # fmt: skip
def temporary_files(evidence):
    if evidence.run.stack == "bubblewrap":
        assert evidence.attempts["many"] == {"ENOSPC"}
        stored = [int(line.split()[1]) for line in evidence.output.splitlines() if line.startswith("stored")]
        assert stored and all(size <= 33 * MB for size in stored)
    else:
        assert "stopped after it wrote more than 32 MB of files" in evidence.messages


@attack("makes a file of a terabyte that takes no space", """
    def sparse():
        with open(os.environ["HOME"] + "/" + WORLD["me"], "wb") as file:
            file.truncate(1 << 40)
        os.unlink(file.name)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    attempt("sparse", sparse)
    """)  # fmt: skip
def sparse_file(evidence):
    assert evidence.attempts["sparse"] == {"EFBIG"}


@attack("leaves a core dump of 100 MB, with its own limit raised", ends="died of signal", payload="""
    held = bytes(100 << 20)
    attempt("core", resource.setrlimit, resource.RLIMIT_CORE, (resource.RLIM_INFINITY,) * 2)
    try:
        os.chdir(WORLD["outside"])
    except OSError:
        pass
    os.abort()
    """)  # fmt: skip
def core_dump(evidence):
    assert evidence.attempts["core"] <= {"EPERM", "ValueError"}


@attack("opens as many descriptors as there are", """
    held = []
    def open_all():
        for _ in range(2000):
            held.append(os.open("/dev/null", os.O_RDONLY))
    attempt("open", open_all)
    print("opened", len(held), flush=True)
    for descriptor in held:
        os.close(descriptor)
    """)  # fmt: skip
def descriptors(evidence):
    assert evidence.attempts["open"] == {"EMFILE"}


@attack("fills pipes of a megabyte each, which are the kernel's memory", """
    held = []
    def fill():
        import fcntl
        for _ in range(200):
            pair = os.pipe()
            held.extend(pair)
            fcntl.fcntl(pair[1], fcntl.F_SETPIPE_SZ, 1 << 20)
    attempt("pipes", fill)
    for descriptor in held:
        os.close(descriptor)
    """)  # fmt: skip
def pipe_memory(evidence):
    assert evidence.attempts["pipes"] == {"EPERM"}


@attack("locks memory, so that it can't be swapped out", """
    attempt("mlockall", lambda: LIBC.syscall(151, 3) and os.strerror(1 / 0))
    held = ctypes.create_string_buffer(100 << 20)
    attempt("mlock", lambda: LIBC.mlock(held, 100 << 20) and os.strerror(1 / 0))
    """)  # fmt: skip
def locked_memory(evidence):
    assert set().union(*evidence.attempts.values()) == {"ZeroDivisionError"}


@attack("recurses until the stack is full, with Python's own limit raised", ends="edf.py can't be imported", payload="""
    sys.setrecursionlimit(1 << 30)
    class Deep:
        def __repr__(self):
            return repr(self)
    repr(Deep())
    """)  # fmt: skip
def recursion(evidence):
    assert evidence.status == "import failed"
    bounded(evidence)
