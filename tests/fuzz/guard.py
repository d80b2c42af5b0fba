"""What every fuzz test shares: how many examples it has, what one of them may use, what a message must be like."""

import collections
import contextlib
import os
import signal
import time
import tracemalloc

from hypothesis import HealthCheck, settings

FULL = os.environ.get("FUZZ") == "full"
SECONDS = 60  # for one example, which takes some milliseconds: beyond that, it hangs
MAX_MESSAGE = 1000  # characters

_counts = collections.Counter()  # of the examples that were run, by subject
_times = {}  # of the first and the last of them, by subject


class _Hang(BaseException):
    """Not an Exception, which code under test may take for its own."""


def fuzz(short, full):
    """A decorator for tests of hypothesis: `short` examples, always the same; `full`, new ones, in `make fuzz`."""
    return settings(
        max_examples=full if FULL else short,
        derandomize=not FULL,
        database=None,
        deadline=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )


@contextlib.contextmanager
def guarded(subject, megabytes):
    """Run the code under test in here: it must end, and allocate no more than that at any one time.

    An alarm waits for the end of a call into C: a test that is stuck in one is ended by pytest's own
    faulthandler_timeout, which `make fuzz` sets.
    """
    _counts[subject] += 1
    _times.setdefault(subject, [time.monotonic(), 0])

    def ring(*_):
        raise _Hang

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(SECONDS)
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    except _Hang:
        raise AssertionError(f"it did not end within {SECONDS} s") from None
    finally:
        tracemalloc.stop()
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
        _times[subject][1] = time.monotonic()
    assert peak <= megabytes * 2**20, f"it took {peak / 2**20:.1f} MB of memory"


def report():
    """Lines of text: how many examples each subject had, and how long they took."""
    for subject, count in sorted(_counts.items()):
        first, last = _times[subject]
        yield f"fuzz: {subject:<11}{count:7,} examples in {last - first:5.0f} s"
    seconds = sum(last - first for first, last in _times.values())
    yield f"fuzz: {'all':<11}{_counts.total():7,} examples in {seconds:5.0f} s"


def assert_clear(message, longest=MAX_MESSAGE):
    """A message is text in one line, which can be shown as it is, is not endless, and no traceback."""
    assert message.strip()
    assert message.isprintable(), ascii(message)
    assert len(message) <= longest, f"{len(message)} characters: {message[:200]}…"
    assert "Traceback" not in message and " object at 0x" not in message, message
