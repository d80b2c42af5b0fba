"""Secrets: what lies with the grader, with neighbours, in memory, and the hidden inputs that a submission is sent.

What an attack finds it prints: output is kept in its record, which `leaked` searches for canaries (Evidence.check_end).
"""

import os
import re

from attacks.attack import AS_BLANK, attack, blank

UNREADABLE = {"ENOENT", "EACCES", "EPERM", "ENXIO"}
SOLVED = "with the largest at 0, exp can't overflow"  # a line of the reference that no skeleton has

READ = """
    def read(path):
        with open(path, "rb") as file:
            data = file.read(1 << 16)
        print(data.decode(errors="replace"), flush=True)
        return len(data)
"""


def unread(evidence):
    assert set().union(*evidence.attempts.values()) <= UNREADABLE
    assert SOLVED not in evidence.output


@attack(
    "reads the grader's environment, in its own variables and in the memory of the C library",
    """
    print(dict(os.environ), flush=True)
    environment, texts = ctypes.POINTER(ctypes.c_char_p).in_dll(LIBC, "environ"), []
    while environment and environment[len(texts)]:
        texts.append(environment[len(texts)])
    print(texts, flush=True)
    attempt("variables", lambda: sorted({text.partition(b"=")[0].decode() for text in texts} - ALLOWED))
    """.replace(
        "ALLOWED", '{*"HOME LANG OPENBLAS_NUM_THREADS OMP_NUM_THREADS PYTHONHASHSEED PWD TMPDIR".split()}'
    ),
)
def environment(evidence):
    assert '@["variables", "done", "[]"]' in evidence.output


@attack("reads what /proc tells of the grader, the template, all other processes and itself", READ + """
    for process in ("self", "thread-self", 1, 2, os.getppid(), WORLD["bystander"], WORLD["grader"]):
        for name in ("environ", "cmdline", "maps", "mem", "status", "root/etc/passwd", "auxv", "stack"):
            attempt("proc", read, f"/proc/{process}/{name}")
    for folder in ("/proc", "/proc/self/fd", "/proc/self/task", "/sys", "/sys/kernel"):
        attempt("list", os.listdir, folder)
    """)  # fmt: skip
def proc(evidence):
    unread(evidence)


@attack("reads all descriptors that it was left, and opens what they lead to", READ + """
    import stat
    for descriptor in range(1024):
        try:
            kind = stat.S_IFMT(os.fstat(descriptor).st_mode)
        except OSError:
            continue
        print("\\n@" + json.dumps(["open", "%o" % kind, str(descriptor)]), flush=True)
        if kind == stat.S_IFREG:
            print(os.pread(descriptor, 1 << 16, 0), flush=True)
        for name in ("..", "../..", "."):
            if attempt("folder", os.open, name, os.O_RDONLY, 0o600) if kind == stat.S_IFDIR else None:
                print("a folder", flush=True)
    """)  # fmt: skip
def open_descriptors(evidence):
    """A character device (/dev/null), two pipes and the socket."""
    assert evidence.attempts["open"] == {"20000", "10000", "140000"}
    assert "folder" not in evidence.attempts


@attack("reads the memory of its parent, of the grader and of a bystander", """
    def remote(pid):
        here = ctypes.create_string_buffer(4096)
        mine = struct.pack("QQ", ctypes.addressof(here), 4096)
        theirs = struct.pack("QQ", id(object), 4096)
        return syscall("process_vm_readv", pid, mine, 1, theirs, 1, 0)
    for pid in (os.getppid(), WORLD["grader"], WORLD["bystander"], 1):
        attempt("process_vm_readv", remote, pid)
        attempt("ptrace attach", syscall, "ptrace", 16, pid, 0, 0)
        attempt("ptrace seize", syscall, "ptrace", 0x4206, pid, 0, 0)
        attempt("kcmp", syscall, "kcmp", os.getpid(), pid, 0, 0, 0)
        attempt("pidfd", lambda: syscall("pidfd_getfd", os.pidfd_open(pid), 0, 0))
        attempt("process_madvise", syscall, "process_madvise", 0, 0, 0, 0, 0)
    """)  # fmt: skip
def parents_memory(evidence):
    assert set().union(*evidence.attempts.values()) == {"EPERM"}


@attack("searches its own memory for what the grader's process left in it", """
    import re
    reading, writing = os.pipe()
    LIBC.write.argtypes = ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t
    found, pages = set(), 0
    for near in (id(object), id(json.loads), id([]), id(gc), ctypes.addressof(ctypes.c_char.in_dll(LIBC, "environ"))):
        for address in range((near & ~4095) - (8 << 20), near + (8 << 20), 4096):
            if address > 0 and LIBC.write(writing, address, 4096) == 4096:  # EFAULT, where there is nothing
                pages += 1
                found |= {*re.findall(rb"canary-[0-9a-f]{24}|largest at [0], exp can.t", os.read(reading, 4096))}
    print("\\n@" + json.dumps(["pages", str(pages > 500), ""]), found, flush=True)
    """, base=blank, ends=AS_BLANK)  # fmt: skip
def own_memory(evidence):
    assert '@["pages", "True", ""] set()' in evidence.output


@attack("reads the model answer, the exercises' checks and the hidden digits from the grader's folder", READ + """
    for name in ("solutions/edf.py", "autograder/exercises/add.py", "autograder/reference.py", "data/hidden_index.txt",
                 "data/mnist_10k.npz", ".course-secret", "../main/solutions/edf.py"):
        attempt(name, read, f"{WORLD['project']}/{name}")
    attempt("list", os.listdir, WORLD["project"])
    """, base=blank, ends=AS_BLANK)  # fmt: skip
def model_answer(evidence):
    unread(evidence)


@attack("reads the course secret, by its path, by links to it and by a descriptor that only names it", READ + """
    attempt("read", read, WORLD["secret"])
    attempt("relative", read, "../" * 20 + WORLD["secret"])
    attempt("link", os.symlink, WORLD["secret"], os.environ["HOME"] + "/link")
    attempt("by link", read, os.environ["HOME"] + "/link")
    attempt("hard link", os.link, WORLD["secret"], os.environ["HOME"] + "/hard link")
    attempt("map", lambda: read("/proc/self/fd/%d" % os.open(WORLD["secret"], os.O_PATH)))
    attempt("handle", syscall, "open_by_handle_at", -100, bytes(32), 0)
    attempt("handle", syscall, "name_to_handle_at", -100, WORLD["secret"].encode(), bytes(160), bytes(8), 0)
    """)  # fmt: skip
def course_secret(evidence):
    attempts = dict(evidence.attempts)
    assert attempts.pop("link") <= {"done", "EPERM", "EEXIST"}
    assert set().union(*attempts.values()) <= UNREADABLE


@attack("reads what others handed in, their scores, and the copies that are being graded beside it", READ + """
    here = os.path.dirname(os.path.abspath(__import__("edf").__file__))
    for path in (WORLD["submitted"] + "/innocent right/edf.py", here + "/../innocent right/edf.py",
                 WORLD["out"] + "/scores/innocent right.json", WORLD["out"] + "/course/gradebook.db", WORLD["file"],
                 WORLD["home"] + "/.netrc", WORLD["shared"]):
        attempt("file", read, path)
    for folder in (WORLD["submitted"], WORLD["out"], WORLD["out"] + "/.scratch", WORLD["home"], "/dev/shm"):
        attempt("folder", os.listdir, folder)
    """)  # fmt: skip
def neighbours(evidence):
    unread(evidence)


# Notes the hidden inputs, and prints them: into the record, which is the instructor's. Public inputs are short numbers.
SPY = """
    import __main__
    hidden, serve = ["0.123456789"], __main__.answer
    def answer(interpreter, instructions, arrays):
        for array in arrays:
            if array.size and array.dtype == np.float32 and float(array.flat[0]) * 64 % 1:
                hidden.append(f"{abs(float(array.flat[0])):.9f}")
                print("\\n@" + json.dumps(["hidden", hidden[-1], ""]), flush=True)
        return serve(interpreter, instructions, arrays)
    __main__.answer = answer
"""


def not_told(evidence):
    """Neither the numbers nor their digits are in what the student is told."""
    hidden = evidence.attempts["hidden"]
    assert len(hidden) > 5
    told = re.sub(r"[\s_,.()]+", "", evidence.told)
    assert [number for number in hidden if number.replace(".", "").strip("0")[:7] in told] == []


@attack("puts hidden inputs into what it raises: the text, the class's name, the place, a note, a warning", SPY + """
    import warnings
    def leaks(self):
        text = " ".join(hidden[-9:])
        warnings.warn(text)
        error = type("E" + hidden[-1].replace(".", "_"), (ValueError,), {"__module__": text})(text)
        error.add_note(text)
        name = "f" + hidden[-1].replace(".", "_")
        exec(compile(f"def {name}(error):\\n    raise error", "edf.py", "exec"), space := {})
        space[name](error)
    add.forward = mean.backward = leaks
    """, ends="")  # fmt: skip
def hidden_inputs_raised(evidence):
    not_told(evidence)


@attack("puts hidden inputs into what it answers: names of a dtype's fields, shapes without elements, a class's name",
        SPY + """
    class Named:
        def __array__(self, *arguments, **options):
            raise type("E" + hidden[-1].replace(".", "_"), (Exception,), {})
    def forward(self):
        digits = hidden[-1].replace(".", "")
        answers = [np.zeros(1, [(hidden[-1], "f4")]), np.zeros((0, *map(int, (digits[:5], digits[5:])))), Named()]
        self.top = answers[len(hidden) % 3]
    add.forward = mean.forward = forward
    """, ends="")  # fmt: skip
def hidden_inputs_answered(evidence):
    not_told(evidence)


@attack("says that there is no answer, and in its own words why: hidden inputs", SPY + """
    def run(self, instructions, arrays):
        for verb, *_ in instructions:
            if verb == "get":
                yield "missing", " ".join(["is not set", *hidden[-5:]])
            elif verb in ("length", "count"):
                yield "number", int(hidden[-1].replace(".", ""))
    __main__.Interpreter.run = run
    """, ends="", base=blank)  # fmt: skip
def hidden_inputs_as_reasons(evidence):
    not_told(evidence)


MARK = 1_234_567_890_000_000_042  # ns since 1970


@attack("keeps hidden inputs for the process whose answers students see: in files, times of files, flags, locks", f"""
    MARK = {MARK}
    places = ["/dev/null", "/tmp", os.environ["HOME"], ".", os.path.dirname(__import__("edf").__file__)]
    def names(place):
        try:
            return os.listdir(place)
        except OSError:
            return []
    def kept():
        there = [place for place in places if os.path.exists(place)]
        return sum(map(names, places[1:4]), []), [place for place in there if os.stat(place).st_mtime_ns == MARK]
    attempt("seen", kept)
    for place in places:
        attempt("times", lambda: os.utime(place, ns=(MARK, MARK)))
    attempt("chmod", os.chmod, os.environ["HOME"], 0o711)
    attempt("attribute", os.setxattr, os.environ["HOME"], "user.kept", b"0.123456789")
    for name in ("kept", ".kept", "kept\\n" + "x" * 200):
        attempt("file", lambda: open(os.environ["HOME"] + "/" + name, "w").close())
    """)  # fmt: skip
def hidden_inputs_kept(evidence):
    assert '@["seen", "done", "([], [])"]' in evidence.output
    assert evidence.output.count('["seen", "done"') == evidence.output.count('"([], [])"')
    refused = evidence.attempts["times"] | evidence.attempts["chmod"] | evidence.attempts["attribute"]
    assert refused <= {"EPERM", "EACCES", "ENOENT"}
    assert os.stat("/dev/null").st_mtime_ns != MARK
