"""Time: code that does not end, or that takes care not to be ended."""

from attacks.attack import attack

CPU, WALL = "stopped at its limit of 2 s of CPU time", "stopped after 11 s without finishing"


def at_most(evidence, seconds):
    """No process of it had much more CPU time than the limit, and it did not go on for long."""
    assert max(evidence.record["cpu_seconds"].values()) < 3 * seconds


@attack("computes without end when it is imported", "while True: pass", ends=CPU)
def endless_import(evidence):
    assert evidence.status == "import failed"
    at_most(evidence, 2)


@attack(
    "computes without end in a backward, after a right forward",
    """
    def backward(self):
        while True:
            pass
    add.backward = backward
    """,
    ends=CPU,
)
def endless_backward(evidence):
    results = evidence.score["exercises"]
    assert [results[id]["status"] for id in ("mean", "momentum")] == ["pass", "pass"]


@attack("waits for ever, and ignores every signal it can", ends=WALL, payload="""
    for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_IGN)
    while True:
        time.sleep(1)
    """)  # fmt: skip
def sleep(evidence):
    assert evidence.status == "import failed"
    assert evidence.cpu_seconds < 2


@attack("ignores the signal that says its CPU time is up, and goes on", ends=CPU, payload="""
    signal.signal(signal.SIGXCPU, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals))
    while True:
        pass
    """)  # fmt: skip
def signals_ignored(evidence):
    at_most(evidence, 2)


@attack("catches whatever is raised to stop it, and goes on", ends=CPU, payload="""
    def on(number, frame):
        raise KeyboardInterrupt
    signal.signal(signal.SIGXCPU, on)
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass
    """)  # fmt: skip
def exceptions_caught(evidence):
    at_most(evidence, 2)


@attack("raises its own limits", ends=CPU, payload="""
    attempt("CPU", resource.setrlimit, resource.RLIMIT_CPU, (3600, 3600))
    attempt("CPU by prlimit", resource.prlimit, 0, resource.RLIMIT_CPU, (3600, 3600))
    while True:
        pass
    """)  # fmt: skip
def limits_raised(evidence):
    assert set().union(*evidence.attempts.values()) <= {"EPERM", "ValueError", "PermissionError"}
    at_most(evidence, 2)


@attack("has a regular expression try 2**60 ways", ends=CPU, payload="""
    import re
    re.match("(a|aa)+$", "a" * 90 + "b")
    """)  # fmt: skip
def regular_expression(evidence):
    at_most(evidence, 2)


@attack(
    "computes a power of 10**9 digits, which no signal handler of Python's interrupts",
    "signal.signal(signal.SIGXCPU, lambda *_: None)\n9 ** 9 ** 9",
    ends="edf.py can't be imported",
)
def one_long_call(evidence):
    at_most(evidence, 2)


@attack("has a name whose comparison never ends, among the lists that the grader asks about", ends=CPU, payload="""
    class Slow(list):
        def __len__(self):
            while True:
                pass
        def clear(self):
            while True:
                pass
    globals()["ops"] = Slow()
    """)  # fmt: skip
def slow_lists(evidence):
    at_most(evidence, 2)


@attack("takes nearly all the time that is allowed, in every process of every exercise", """
    started = time.process_time()
    while time.process_time() - started < 1:
        pass
    """)  # fmt: skip
def just_below(evidence):
    """It may: the time of a submission is bounded, and nobody else's."""
    assert evidence.record["wall_seconds"] < 120
