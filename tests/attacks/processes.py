"""Making processes: to escape limits, to live on after the verdict, to take the machine down."""

from attacks.attack import attack

# Each ends by itself after 5 s. A child says so in a file, so that one that was made is seen from outside.
LIVE_ON = """
    def live_on():
        for place in (WORLD["outside"], os.environ.get("HOME", "/tmp")):
            try:
                with open(f"{place}/{WORLD['me']}.{os.getpid()}", "w") as file:
                    file.write("alive")
            except OSError:
                pass
        time.sleep(5)
        os._exit(0)
"""


def refused(evidence, *also):
    """All that it attempted was refused."""
    assert evidence.attempts
    assert set().union(*evidence.attempts.values()) <= {"EPERM", *also}


@attack("makes a second process, to live on when the first has ended", LIVE_ON + """
    if attempt("fork", os.fork) == 0:
        live_on()
    """)  # fmt: skip
def fork(evidence):
    refused(evidence)


@attack("makes processes that make processes, twenty of them", LIVE_ON + """
    for _ in range(20):
        if attempt("fork", os.fork) == 0:
            live_on()
    """)  # fmt: skip
def fork_bomb(evidence):
    refused(evidence)


@attack("makes a process by the system calls below Python: fork, vfork, clone", LIVE_ON + """
    for name, arguments in (("fork", ()), ("clone", (17, 0, 0, 0, 0))):
        if attempt(name, syscall, name, *arguments) == 0:
            live_on()
    """)  # fmt: skip
def clone(evidence):
    refused(evidence)


@attack("makes a process by clone3, whose flags no filter can see", LIVE_ON + """
    arguments = ctypes.create_string_buffer(struct.pack("8Q", 0, 0, 0, 0, 17, 0, 0, 0), 64)
    if attempt("clone3", syscall, "clone3", arguments, 64) == 0:
        live_on()
    """)  # fmt: skip
def clone3(evidence):
    assert evidence.attempts["clone3"] == {"ENOSYS"}


@attack("starts a thread, to write results of its own or to escape the limit of CPU time", """
    attempt("thread", threading.Thread(target=time.sleep, args=(5,), daemon=True).start)
    import _thread
    attempt("_thread", _thread.start_new_thread, time.sleep, (5,))
    """)  # fmt: skip
def thread(evidence):
    refused(evidence, "RuntimeError")


@attack("runs a program: by subprocess, os.system, posix_spawn, execve", """
    import subprocess
    program = [sys.executable or "/usr/bin/python3", "-c", ""]
    attempt("subprocess", subprocess.run, program)
    attempt("posix_spawn", os.posix_spawn, program[0], program, {})
    attempt("execve", os.execve, "/bin/true", ["true"], {})
    status = attempt("system", os.system, f"touch {WORLD['outside']}/{WORLD['me']}")
    print("system", status, flush=True)
    """)  # fmt: skip
def program(evidence):
    assert evidence.attempts.pop("system") is not None
    assert "system 0" not in evidence.output


@attack("makes a pool of workers by multiprocessing and by concurrent.futures", """
    import concurrent.futures, multiprocessing
    def process():
        started = multiprocessing.get_context("fork").Process(target=time.sleep, args=(5,))
        started.start()
    def pool():
        with concurrent.futures.ThreadPoolExecutor(4) as executor:
            return list(executor.map(abs, range(4)))
    attempt("process", process)
    attempt("pool", pool)
    """)  # fmt: skip
def worker_pool(evidence):
    refused(evidence, "RuntimeError")


@attack("leaves its session and its group, and forks twice, so that nobody finds it", LIVE_ON + """
    def twice():
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                live_on()
            os._exit(0)
        os.wait()
    attempt("setsid", os.setsid)
    attempt("setpgid", os.setpgid, 0, 0)
    attempt("twice", twice)
    """)  # fmt: skip
def double_fork(evidence):
    refused(evidence)


@attack("becomes one that outlives its parent: prctl, subreaper, no death signal", """
    attempt("death signal", lambda: syscall("prctl", 1, 0, 0, 0, 0))
    attempt("subreaper", lambda: syscall("prctl", 36, 1, 0, 0, 0))
    """)  # fmt: skip
def outlive(evidence):
    refused(evidence)


@attack("takes more than its share of the processor: priority, real-time scheduling, affinity", """
    attempt("nice", os.setpriority, os.PRIO_PROCESS, 0, -20)
    attempt("real time", os.sched_setscheduler, 0, os.SCHED_FIFO, os.sched_param(1))
    attempt("affinity", os.sched_setaffinity, 0, {0})
    attempt("input and output", lambda: syscall("ioprio_set", 1, 0, 0x2000))
    """)  # fmt: skip
def scheduling(evidence):
    refused(evidence, "EACCES")
