"""What a submission sends to the judge is worth what its code is worth: it can cost its own exercise only."""

import functools
import os
import tempfile
import textwrap
import time

import numpy as np
import pytest
from sandbox_probe import ShortLimits, submission
from stacks import skip_unless_it_works

from autograder.sandbox import session
from autograder.sandbox.answers import raised
from autograder.sandbox.choose import STACKS, choose
from autograder.sandbox.session import Sandbox, SandboxError, StudentError
from autograder.sandbox.warm import Warm

LIMITS = ShortLimits(wall=3)

# What a forger needs: every open channel, and a frame with any header.
TOOLS = """
import json, os, stat, struct, sys
ops, params, values = [], [], []

def channels():
    found = []
    for number in [0, *range(3, 64)]:
        try:
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                found.append(number)
        except OSError:
            pass
    assert found
    return found

def write(data):
    for number in channels():
        os.write(number, data)

def frame(header, payload=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack(">4sIQ", b"edf1", len(text), len(payload)) + text + payload

class node:
    def forward(self):
        self.top = np.float32(2.5)
"""
ASK = [["call", "n", "edf.node", [], {}], ["call", None, "n.forward", [], {}], ["get", "n.top"]]


@pytest.fixture(autouse=True, params=STACKS)
def stack(request, monkeypatch):
    """Every test here holds on every stack."""
    skip_unless_it_works(request.param)
    monkeypatch.setattr(session, "choose", lambda _: choose(request.param))
    return request.param


@pytest.fixture
def folder():
    with tempfile.TemporaryDirectory(prefix="edf-test-") as path:
        os.chmod(path, 0o755)
        yield path


@pytest.fixture
def outcome(folder):
    """Run a submission: the StudentError it ends with, or its answers. Twice, since it must not matter."""

    def run(source, ask=ASK, arrays=(), times=2):
        source = TOOLS + textwrap.dedent(source)
        with Sandbox(submission(folder, source), "", (), LIMITS) as sandbox:
            ends = [one(sandbox, ask, arrays) for _ in range(times)]
        assert len({type(end) for end in ends}) == 1
        return ends[-1]

    def one(sandbox, ask, arrays):
        with sandbox.process("serve", 10) as process:
            try:
                process.load()
                return process.request(ask, arrays)
            except StudentError as error:
                return error

    return run


@pytest.mark.parametrize("name", ["frames", "interpreter", "restore", "opcodes", "confinement"])
def test_a_second_file_may_have_the_name_of_one_of_the_sandboxs(folder, name):
    code = f"{TOOLS}\nimport numpy as np, {name}\nnode.top = np.array({name}.NUMBER)"
    path = submission(folder, code)
    (path / f"{name}.py").write_text("NUMBER = 2.5\n")
    with Sandbox(path, "", (), LIMITS) as sandbox, sandbox.process("serve", 10) as process:
        process.load()
        assert process.request([["get", "edf.node.top"]]) == [2.5]


def forward(body):
    """A node whose forward is `body`."""
    return (
        "class node:\n    def forward(self):\n"
        + textwrap.indent(textwrap.dedent(body).strip(), " " * 8)
        + "\n"
    )


def test_an_honest_submission_is_answered(outcome):
    (top,) = outcome("")
    assert top.dtype == np.float32 and top.shape == () and top == 2.5


# Forged answers

FORGED = {
    "garbage": "write(b'x' * 1000)",
    "a little garbage": "write(b'x')",
    "zeros": "write(bytes(5000))",
    "another magic": "write(b'edf2' + bytes(12))",
    "a header that is no JSON": "write(frame(b'{'))",
    "a header that is a list": "write(frame([]))",
    "a deep header": "write(frame(b'{\"arrays\": ' + b'[' * 100_000))",
    "a frame that announces too much": "write(struct.pack('>4sIQ', b'edf1', 10, 1 << 60))",
    "no results": "write(frame({'arrays': []}))",
    "no results, no error": "write(frame({'arrays': [], 'results': None, 'error': None}))",
    "results that are text": "write(frame({'arrays': [], 'results': 'array', 'error': None}))",
    "too few results": "write(frame({'arrays': [], 'results': [], 'error': None}))",
    "too many results": "write(frame({'arrays': [], 'results': [['number', 1]] * 2, 'error': None}))",
    "an array that did not come": "write(frame({'arrays': [], 'results': [['array', 0]], 'error': None}))",
    "an array before the first": "write(frame({'arrays': [], 'results': [['array', -1]], 'error': None}))",
    "a result that is a number": "write(frame({'arrays': [], 'results': [1], 'error': None}))",
    "a result of no kind": "write(frame({'arrays': [], 'results': [['object', 0]], 'error': None}))",
    "an error that is text": "write(frame({'arrays': [], 'error': 'no'}))",
    "an error that is a number": "write(frame({'arrays': [], 'error': 0}))",
    "an error without a type": "write(frame({'arrays': [], 'error': {}}))",
    "an error of numbers": "write(frame({'arrays': [], 'error': {'type': 1, 'message': 2, 'where': 3}}))",
    "an error of lists": "write(frame({'arrays': [], 'error': {'type': [], 'message': {}, 'where': [[]]}}))",
    "an error with a deep message": """
        write(frame(b'{"arrays": [], "error": {"message": ' + b'[' * 900 + b']' * 900 + b'}}'))
    """,
    "an array whose sides overflow": """
        write(frame({'arrays': [['<f8', [1 << 28, 1 << 28, 1 << 28, 0]]], 'results': [['array', 0]]}))
    """,
    "an object array": "write(frame({'arrays': [['|O', [1]]], 'results': [['array', 0]]}, bytes(8)))",
}


@pytest.mark.parametrize("forgery", FORGED)
@pytest.mark.parametrize("moment", ["at the top level", "in forward"])
def test_a_forged_answer_is_the_students_error(forgery, moment, outcome):
    act = textwrap.dedent(FORGED[forgery])
    end = outcome(act if moment == "at the top level" else forward(act))
    if isinstance(end, StudentError):
        assert end.kind in ("protocol", "exception", "wall")
        assert len(end.message) < 2500
    else:  # the forgery passed for the answer to `load`, or the answer came after it
        assert len(end) == 1


@pytest.mark.parametrize("number", ["10**400", "1 << 53", "-1", "True", "1.5"])
def test_a_number_that_is_no_count_is_refused(number, outcome):
    answer = f"{{'arrays': [], 'results': [['number', {number}]], 'error': None}}"
    end = outcome(forward(f"write(frame({answer}))"), ask=[*ASK[:-1], ["length", "edf.ops"]], times=1)
    assert isinstance(end, StudentError) and end.kind == "protocol"


@pytest.mark.parametrize(
    "question, result",
    [
        ("get", ["number", 5]),
        ("length", ["array", 0]),
        ("length", ["missing", "is None"]),
        ("count", ["array", 0]),
    ],
)
def test_an_answer_of_another_kind_than_was_asked_for_is_the_students_error(question, result, outcome):
    """A check would raise on it, and that would be the grader's error."""
    ask = {"get": ["get", "n.top"], "length": ["length", "edf.ops"], "count": ["count", "n.forward", [], {}]}
    answer = {"arrays": [["<f4", [2]]], "results": [result], "error": None}
    end = outcome(forward(f"write(frame({answer}, bytes(8)))"), ask=[*ASK[:-1], ask[question]], times=1)
    assert isinstance(end, StudentError) and end.kind == "protocol"


@pytest.mark.parametrize(
    "reason", ["x is 0.123456789", "is not set 0.1", "is no array of numbers (E0_123456789)"]
)
def test_a_reason_in_a_strangers_own_words_is_not_passed_on(reason, outcome):
    answer = {"arrays": [], "results": [["missing", reason]], "error": None}
    assert outcome(forward(f"write(frame({answer}))"), times=1) == ["is no array of numbers"]


def test_forged_arrays_are_taken_for_the_answer_and_nothing_more(outcome):
    (top,) = outcome(
        forward(
            "write(frame({'arrays': [['<f4', [2]]], 'results': [['array', 0]], 'error': None}, bytes(8)))"
        )
    )
    assert top.tolist() == [0, 0]


def test_answers_given_in_advance_do_not_stay_for_the_next_process(folder):
    source = TOOLS + textwrap.dedent("""
        answer = frame({'arrays': [], 'results': [['number', 7]], 'error': None})
        if not os.path.exists(os.path.dirname(__file__) + '/honest'):
            write(frame({'arrays': [], 'error': None}) + 50 * answer)
    """)
    place = submission(folder, source)
    with Sandbox(place, "", (), LIMITS) as sandbox:
        for honest in (False, True):
            if honest:
                (place / "honest").touch()
            with sandbox.process("serve", 10) as process:
                process.load()
                found = process.request([["length", "edf.ops"]])
            assert found == [0 if honest else 7]


def test_a_flood_of_frames_does_not_fill_the_judges_memory(folder):
    source = TOOLS + textwrap.dedent("""
        data = 20_000 * frame({'arrays': [], 'results': [], 'error': None})
        while True:
            write(data)
    """)
    with Sandbox(submission(folder, source), "", (), LIMITS) as sandbox:
        with sandbox.process("serve", 2) as process:
            feed, largest = process._reader.feed, 0

            class TooMuch(Exception):
                pass

            def watched(data):
                nonlocal largest
                feed(data)
                largest = max(largest, len(process._reader._buffer))
                if largest > 400 << 20:
                    raise TooMuch

            process._reader.feed = watched
            try:
                process.load()
                process.request([["fresh"]], [np.zeros(1 << 18)])
            except (StudentError, TooMuch):
                pass
    assert largest < 300 << 20


def test_a_flood_of_output_is_cut(folder):
    source = TOOLS + "while True:\n    os.write(1, bytes(1 << 16))\n"
    with Sandbox(submission(folder, source), "", (), LIMITS) as sandbox:
        with sandbox.process("serve", 1) as process:
            with pytest.raises(StudentError) as caught:
                process.load()
        assert caught.value.kind in ("cpu", "wall")
        assert len(process.output) < (LIMITS.output_kb << 10) + 200


# Closed channels

CLOSED = {
    "all": "os.closerange(0, 64)",
    "its channel to the judge": "[os.close(n) for n in channels()]",
    "its output": "os.close(1); os.close(2)",
    "its output, by name": "sys.stdout.close(); sys.stderr.close()",
    "its channel, put in place of another": "[os.dup2(1, n) for n in channels()]",
}


@pytest.mark.parametrize("closed", CLOSED)
@pytest.mark.parametrize("moment", ["at the top level", "in forward"])
def test_closing_files_harms_nobody_else(closed, moment, outcome):
    act = CLOSED[closed]
    end = outcome(act if moment == "at the top level" else forward(f"{act}\nself.top = np.ones(2)"))
    if "output" in closed:
        assert isinstance(end, list) and len(end) == 1
    else:
        assert isinstance(end, StudentError)
        assert end.kind in ("exit", "signal", "wall", "protocol", "exception")


def test_reading_from_the_keyboard_fails_at_once(outcome):
    end = outcome(forward("input('go on? ')"), times=1)
    assert (end.kind, end.type) == ("exception", "EOFError")


# Values that are no plain arrays

TOPS = {
    "a subclass of ndarray": ("np.ones(2).view(type('mine', (np.ndarray,), {}))", [1, 1]),
    "a masked array": ("np.ma.masked_array([1.0, 2.0], [True, False])", [1, 2]),
    "a matrix": ("np.asmatrix([[1.0, 2.0]])", [[1, 2]]),
    "a list": ("[1, 2]", [1, 2]),
    "a bool": ("True", True),
    "a Python float": ("0.5", 0.5),
    "a long double": ("np.longdouble(0.5)", 0.5),
    "a big-endian array": ("np.array([1, 2], '>i4')", [1, 2]),
    "a reversed view": ("np.arange(3)[::-1]", [2, 1, 0]),
    "a repeated view": ("np.broadcast_to(1.0, (2, 3))", [[1, 1, 1], [1, 1, 1]]),
    "an empty array": ("np.zeros((0, 3))", []),
    "None": ("None", "is None"),
    "text": ("'top'", "is an array of dtype <U3, not of numbers"),
    "an object array": ("np.array([None, 1])", "is an array of dtype object, not of numbers"),
    "a generator": ("(i for i in range(3))", "is an array of dtype object, not of numbers"),
    "a dict": ("{1: 2}", "is an array of dtype object, not of numbers"),
    "the module": ("sys", "is an array of dtype object, not of numbers"),
    "complex numbers": ("np.ones(2) * 1j", "is an array of dtype complex128, not of numbers"),
    "dates": ("np.array(['2020-01-01'], 'M8[D]')", "is an array of dtype datetime64[D], not of numbers"),
    "a ragged list": ("[[1], [1, 2]]", "is no array of numbers (ValueError)"),
    "records": (
        "np.zeros(2, 'i4,f4')",
        "is no array of numbers",  # the names of its fields could hold a hidden input
    ),
}


@pytest.mark.parametrize("value", TOPS)
def test_any_value_arrives_as_an_array_or_as_the_reason_why_not(value, outcome):
    code, expected = TOPS[value]
    (top,) = outcome(forward(f"self.top = {code}"), times=1)
    if isinstance(expected, str):
        assert top == expected
    else:
        assert type(top) is np.ndarray
        assert top.tolist() == expected


def test_an_attribute_that_is_not_set_is_said_to_be_missing(outcome):
    assert outcome(forward("pass")) == ["is not set"]


@pytest.mark.parametrize(
    "size", ["(1 << 40,)", "(70_000_000, 4)"], ids=["more than memory", "more than a frame"]
)
def test_an_array_that_is_too_large_is_the_students_error(size, outcome):
    end = outcome(forward(f"self.top = np.broadcast_to(np.int8(1), {size})"), times=1)
    assert isinstance(end, StudentError)
    assert end.kind in ("memory", "protocol", "exception")


# Exceptions

RAISED = {
    "a huge message": "raise ValueError('x' * 10_000_000)",
    "a huge name": "raise type('E' * 1_000_000, (Exception,), {})('x')",
    "a huge name of a file": "exec(compile('1/0', '/submission/' + 'x' * 100_000, 'exec'))",
    "deep recursion": "self.forward()",
    "an error whose text fails": "raise type('Odd', (Exception,), {'__str__': lambda self: 1 / 0})()",
    "an error whose text is no text": "raise type('Odd', (Exception,), {'__str__': lambda self: 3})()",
    "half a character": "raise ValueError('\\ud800')",
    "control characters": "raise ValueError('\\x1b[2J\\x00\\x07')",
    "a group of errors": "raise ExceptionGroup('several', [ValueError('x' * 100_000)] * 10)",
    "bytes as a message": "raise ValueError(b'\\xff' * 100_000)",
    "sys.exit": "sys.exit('bye')",
    "SystemExit": "raise SystemExit(0)",
    "KeyboardInterrupt": "raise KeyboardInterrupt",
    "GeneratorExit": "raise GeneratorExit",
    "StopIteration": "raise StopIteration",
    "a base exception of its own": "raise type('Mine', (BaseException,), {})('x')",
}


@pytest.mark.parametrize("raised", RAISED)
@pytest.mark.parametrize("moment", ["at the top level", "in forward"])
def test_whatever_is_raised_becomes_a_short_message(raised, moment, outcome):
    act = RAISED[raised]
    if moment == "at the top level":
        act = act.replace("self.forward()", "(f := lambda: f())()")
    end = outcome(act if moment == "at the top level" else forward(act), times=1)
    assert isinstance(end, StudentError)
    assert end.kind == "exception"
    assert 0 < len(end.message) < 2200
    assert len(end.where) <= 6 and all(len(line) <= 300 for line in end.where)
    (end.message + (end.type or "") + "".join(end.where)).encode()  # it can be written to a file


def test_numpys_own_memory_error_counts_as_memory(outcome):
    end = outcome(forward("np.ones(1 << 32)"), times=1)
    assert end.kind == "memory"


def test_an_error_names_the_line_in_the_students_file(outcome):
    end = outcome(forward("raise ValueError('here')"), times=1)
    line = len(TOOLS.splitlines()) + 3
    assert (end.type, end.message, end.where) == (
        "ValueError",
        "ValueError: here",
        [f"edf.py, line {line}, in forward"],
    )


def test_the_process_goes_on_after_an_exception(folder):
    source = TOOLS + forward("self.top = np.ones(2)") + "def fail():\n    1 / 0\n"
    with Sandbox(submission(folder, source), "", (), LIMITS) as sandbox:
        with sandbox.process("serve", 10) as process:
            process.load()
            with pytest.raises(StudentError, match="ZeroDivisionError"):
                process.request([["call", None, "edf.fail", [], {}]])
            (top,) = process.request(ASK)
    assert top.tolist() == [1, 1]


# What the file itself looks like


@pytest.mark.parametrize(
    "source, part",
    [
        ("def f(:\n", "line 1"),
        ("x = 1\n  y = 2\n", "line 2"),
        ("x = '\0'\n", "null"),
        ("x = " + "9" * 5000, "line 1"),
        ("x = 1" + "+1" * 100_000, "nested"),
        ("x = " + "-" * 100_000 + "1", "nested"),
        ("x = " + "(" * 1000 + ")" * 1000, "line 1"),
    ],
    ids=["wrong", "indented", "null byte", "long number", "deep sum", "deep minus", "deep brackets"],
)
def test_a_file_that_cannot_be_parsed_is_a_syntax_error(source, part, folder):
    with Sandbox(submission(folder, source), "", (), LIMITS) as sandbox:
        assert part in sandbox.inspect()["syntax_error"]
        with sandbox.process("serve", 10) as process, pytest.raises(StudentError):
            process.load()


IMPORTS = {
    "a program": "import numpy.f2py.__main__",
    "a long name": "import numpy." + "a" * 70_000,
    "many names": "\n".join(f"import numpy.{'a' * 80}{i}" for i in range(999)),
    "names of twelve bytes a letter": "\n".join(f"import numpy.{chr(0x20000 + i) * 80}" for i in range(100)),
    "names that are no modules": "import numpy.no.such.thing, scipy, os, no_such_module",
    "all that there is": "from numpy import *",
}


@pytest.mark.parametrize("imports", IMPORTS)
def test_no_import_can_end_the_sandbox(imports, folder):
    with Sandbox(submission(folder, IMPORTS[imports]), "", (), LIMITS) as sandbox:
        assert sandbox.inspect()["syntax_error"] is None
        with sandbox.process("serve", 10) as process:
            try:
                process.load()
            except StudentError as error:
                assert error.kind == "exception"


NESTED = functools.reduce(lambda inner, _: [inner], range(100_000), [])


@pytest.mark.parametrize(
    "text", [NESTED, None, 3, "\ud800", "x" * 9000], ids="lists null number half long".split()
)
def test_an_error_that_is_no_text_is_still_one_that_can_be_written_down(text):
    error = raised({"type": text, "message": text, "where": [text, "edf.py, line 1"]})
    assert error.kind == "exception" and 0 < len(error.message.encode()) < 2200
    assert error.where[-1] == "edf.py, line 1"


def test_a_sandbox_that_died_is_the_graders_error(folder):
    with Sandbox(submission(folder, ""), "", (), LIMITS) as sandbox:
        with sandbox.process("serve", 10) as process:
            process.load()
        sandbox._template.kill()
        sandbox._template.wait()
        with pytest.raises(SandboxError):
            with sandbox.process("serve", 10) as process:
                process.load()


NUMBERS = """
import os, sys
had_scipy = "scipy.signal" in sys.modules  # of the template
import scipy.signal

def leave(count):
    for i in range(count):
        open(f"{os.environ['HOME']}/{i}", "w").close()

def look():
    os.listdir(os.environ["HOME"])

def see():
    assert had_scipy
    print(os.stat(os.environ["HOME"]).st_atime_ns)
    with open(f"{os.environ['HOME']}/one", "w") as file:
        print(os.fstat(file.fileno()).st_ino)
"""


def seen(folder, warm, is_shown, *instruction):
    """(when /tmp was read, in seconds after another process of the submission did something; the next file's number),
    as a process sees them."""
    path = submission(folder, NUMBERS)
    with Sandbox(path, "", ("scipy",), LIMITS, warm=warm) as sandbox:
        with sandbox.process("serve", 10) as process:
            process.load()
            process.request([["call", None, *instruction, {}]])
        time.sleep(0.2)
        between = time.time()
        with sandbox.process("serve", 10, is_shown) as process:
            process.load()
            process.request([["call", None, "edf.see", [], {}]])
    when, number = map(int, process.output.split())
    return when / 1e9 - between, number


@pytest.mark.parametrize("is_warm", [False, True])
def test_what_is_shown_does_not_depend_on_what_processes_before_did_with_files(folder, stack, is_warm):
    if stack != "bubblewrap":
        pytest.skip("on a disk, the numbers of files depend on the whole machine")
    for is_shown in (False, True):
        warm = Warm() if is_warm else None
        numbers = {seen(folder, warm, is_shown, "edf.leave", [count])[1] for count in (2, 7)}
        assert len(numbers) == (1 if is_shown else 2)
        when, _ = seen(folder, warm, is_shown, "edf.look", [])
        assert (when > -0.1) == is_shown
        if warm:
            warm.end()


def test_cpu_time_and_memory_are_counted(folder):
    source = "def work():\n    for _ in range(2_000_000):\n        pass\n"
    with Sandbox(submission(folder, source), "", (), LIMITS) as sandbox:
        sandbox.inspect()
        before = sandbox.cpu_seconds
        with sandbox.process("serve", 10) as process:
            process.load()
            process.request([["call", None, "edf.work", [], {}]])
        assert 0 < process.cpu_seconds == pytest.approx(sandbox.cpu_seconds - before)
        assert sandbox.cpu_seconds < 10
        assert 1000 < sandbox.peak_memory_kb < 2_000_000


@pytest.mark.parametrize(
    ("type", "message", "stopped"),
    [
        ("SystemExit", "1", "exit"),
        ("NameError", "name 'quit' is not defined", "exit"),
        ("NameError", "name 'quiet' is not defined", "exception"),
        ("ModuleNotFoundError", "No module named 'torch'", "import"),
        ("MemoryError", "", "memory"),
        ("ValueError", "x", "exception"),
    ],
)
def test_what_was_raised_says_what_stopped_the_code(type, message, stopped):
    error = raised({"type": type, "message": message})
    assert error.stopped == stopped and error.process_lives


@pytest.mark.parametrize("kind", ["cpu", "wall", "disk", "exit", "signal", "protocol"])
def test_what_ended_the_process_is_what_stopped_the_code(kind):
    error = StudentError(kind, "it ended")
    assert error.stopped == kind and not error.process_lives
