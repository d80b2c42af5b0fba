"""Ends: code that ends its process, its group, the template or its channels, to leave a verdict open or a good one."""

from attacks.attack import ANY, AS_BLANK, attack, blank

ENDED = "the code ended the process (exit status 0) in place of returning"


def ended_in_add(evidence):
    """It costs the exercise in which it happens, and no other."""
    results = evidence.score["exercises"]
    assert results["add"]["score"] < results["add"]["points"]
    assert [results[id]["status"] for id in ("mean", "momentum")] == ["pass", "pass"]


@attack("ends with status 0 when it is imported, as if all were well", "os._exit(0)", ends=ENDED, base=blank)
def exit_at_import(evidence):
    assert evidence.points == 0 and evidence.status == "import failed"


@attack("ends with status 0 in a backward", "add.backward = lambda self: os._exit(0)", ends=ENDED)
def exit_in_backward(evidence):
    ended_in_add(evidence)


@attack("raises SystemExit(0) when it is imported", "sys.exit(0)", ends="SystemExit", base=blank)
def system_exit(evidence):
    assert evidence.points == 0


@attack("reads the address 0, in a forward", "add.forward = lambda self: ctypes.string_at(0)",
        ends="died of signal SIGSEGV")  # fmt: skip
def crash(evidence):
    ended_in_add(evidence)


KILL = """
    def kill_all():
        attempt("parent", os.kill, os.getppid(), signal.SIGKILL)
        attempt("group", os.killpg, 0, signal.SIGKILL)
        attempt("group of parent", os.kill, -os.getppid(), signal.SIGKILL)
        attempt("bystander", os.kill, WORLD["bystander"], signal.SIGKILL)
        attempt("grader", os.kill, WORLD["grader"], 0)
        attempt("first", os.kill, 1, signal.SIGKILL)
        attempt("tgkill", syscall, "tgkill", os.getppid(), os.getppid(), 9)
        attempt("queue", syscall, "rt_sigqueueinfo", os.getppid(), 9, bytes(128))
        attempt("by descriptor", lambda: signal.pidfd_send_signal(os.pidfd_open(os.getppid()), 9))
"""


@attack(
    "kills its parent, its group, the first process, and one of another program", f"{KILL}\n    kill_all()"
)
def kill(evidence):
    assert set().union(*evidence.attempts.values()) == {"EPERM"}


@attack("has the kernel send the signal: by a pipe that belongs to its parent, by a timer, by a lease", """
    import fcntl
    reading, writing = os.pipe()
    for owner in (os.getppid(), -os.getpgrp(), WORLD["bystander"]):
        attempt("signal", fcntl.fcntl, reading, fcntl.F_SETSIG if hasattr(fcntl, "F_SETSIG") else 10, 9)
        attempt("owner", fcntl.fcntl, reading, fcntl.F_SETOWN, owner)
        attempt("asynchronous", fcntl.fcntl, reading, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
        os.write(writing, b"x")
    attempt("lease", fcntl.fcntl, reading, 1024, 0)
    """)  # fmt: skip
def kill_by_pipe(evidence):
    assert (
        evidence.attempts["owner"] == evidence.attempts["signal"] == evidence.attempts["lease"] == {"EPERM"}
    )


@attack("closes all its descriptors when it is imported, the channel to the judge among them", "os.closerange(0, 64)",
        ends=ENDED, base=blank)  # fmt: skip
def close_all(evidence):
    assert evidence.points == 0


@attack("closes what it prints to, in a forward, and goes on", """
    right_forward = add.forward
    def forward(self):
        os.closerange(1, 3)
        sys.stdout = sys.stderr = None
        right_forward(self)
    add.forward = forward
    """)  # fmt: skip
def close_output(evidence):
    assert evidence.score["exercises"]["add"]["status"] == "pass"


@attack("puts another file in the place of its channel to the judge", ends=ANY, payload="""
    import stat
    def forward(self):
        null = os.open("/dev/null", os.O_RDWR)
        for descriptor in range(3, 64):
            try:
                if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                    os.dup2(null, descriptor)
            except OSError:
                pass
    add.forward = forward
    """)  # fmt: skip
def replaced_channel(evidence):
    ended_in_add(evidence)


@attack("writes half an answer to its channel, closes that and goes on", ends=ENDED, payload="""
    import stat
    def forward(self):
        for descriptor in range(3, 64):
            try:
                if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                    os.write(descriptor, b"edf1" + bytes(5))
                    os.close(descriptor)
            except OSError:
                pass
    add.forward = forward
    """)  # fmt: skip
def half_closed(evidence):
    ended_in_add(evidence)


@attack("ends with a good answer left behind, for whoever reads it later", base=blank, ends=AS_BLANK, payload="""
    import atexit
    atexit.register(print, '{"score": 12.0, "status": "graded"}', flush=True)
    class Last:
        def __del__(self):
            print("score 12 / 12", flush=True)
    builtins.last = Last()
    """)  # fmt: skip
def last_words(evidence):
    assert evidence.points == 0


@attack("raises what no handler expects: GeneratorExit, and a class of its own that has no text", ends=ANY,
        payload="""
    class Mine(BaseException):
        def __str__(self):
            raise KeyboardInterrupt
        __repr__ = __str__
    def raiser(error):
        def forward(self):
            raise error
        return forward
    add.forward, mean.forward = raiser(Mine()), raiser(GeneratorExit())
    """)  # fmt: skip
def base_exceptions(evidence):
    assert evidence.score["exercises"]["momentum"]["status"] == "pass"
    assert evidence.points == 5
