"""The work that code has Python do is counted, not timed: loops over pixels are seen, in whatever they are hidden."""

import builtins
import contextlib
import functools
import gc
import io
import itertools
import os
import sys
import tempfile
import types

import conv_styles
import numpy as np
import pytest
from conftest import ROOT
from conv_styles import HONEST, LOOPS, ONE_BY_ONE, STYLES
from edf_kit.checks.opcodes import count_opcodes
from edf_kit.checks.work import KERNEL, SIZE, other_loops, pixel_loops
from edited import OLD_FORWARD, SLOW_FORWARD, SOLUTION, changed

from autograder.compare import Mismatch
from autograder.exercise import load_exercises
from autograder.sandbox.session import Sandbox
from autograder.student import Edf, local_request

CONV2 = ["conv2_forward", "conv2_image", "conv2_kernel"]
SLOW = changed("conv2", (OLD_FORWARD, SLOW_FORWARD))


def inputs(B, H, W, C1, C2):
    return np.ones((B, H, W, C1), np.float32), np.ones((*KERNEL, C1, C2), np.float32)


def work_of(style):
    """The work of a style, as a function of sizes."""
    return functools.cache(lambda *size: count_opcodes(functools.partial(style, *inputs(*size))))


@pytest.mark.parametrize("name", STYLES)
def test_the_styles_are_right(name):
    rng = np.random.default_rng(0)
    f, k = rng.normal(size=(2, 5, 6, 3)), rng.normal(size=(2, 3, 3, 4))
    np.testing.assert_allclose(STYLES[name](f, k), conv_styles.six_loops(f, k), atol=1e-9)


@pytest.mark.parametrize("style", [*HONEST, *ONE_BY_ONE.values()])
def test_without_loops_over_pixels_nothing_grows(style):
    assert pixel_loops(work_of(style), "conv2.forward") == ""


@pytest.mark.parametrize("name", LOOPS)
def test_loops_over_pixels_are_seen(name):
    style, over = LOOPS[name]
    said = pixel_loops(work_of(style), "conv2.forward")
    assert said.startswith("conv2.forward does ") and said.endswith(f": it loops over {over}.")
    assert ("twice as high" in said) == (over != "columns") and ("twice as wide" in said) == (over != "rows")


def test_six_loops_take_four_times_the_work_for_four_times_the_pixels():
    said = pixel_loops(work_of(conv_styles.six_loops), "It")
    assert 4 < float(said.split()[2]) < 5


@pytest.mark.parametrize("name", ONE_BY_ONE)
def test_loops_over_images_and_channels_are_remarked(name):
    said = other_loops(work_of(ONE_BY_ONE[name]), "conv2.forward")
    assert said == "conv2.forward loops over images and channels."


def test_there_is_no_remark_without_such_loops():
    assert other_loops(work_of(conv_styles.taps), "conv2.forward") == ""
    assert other_loops(work_of(conv_styles.fft), "conv2.forward") == ""


def test_work_may_jump_once_and_grow_with_the_logarithm():
    def other_method(B, H, W, C1, C2):
        return 5000 if H > 30 else 100

    def logarithm(B, H, W, C1, C2):
        return 100 + 50 * (H * W).bit_length()

    def a_little(B, H, W, C1, C2):
        return 100 + H // 8

    assert [pixel_loops(work, "It") for work in (other_method, logarithm, a_little)] == [""] * 3


def test_two_opcodes_a_row_are_seen_beside_any_fixed_work():
    assert "rows" in pixel_loops(lambda B, H, W, C1, C2: 100_000 + 2 * H, "It")


@pytest.mark.parametrize("work", [lambda *size: 0, lambda B, H, W, C1, C2: 0 if (H, W) == (9, 10) else H * W])
def test_forged_counts_of_0_break_nothing(work):
    assert isinstance(pixel_loops(work, "It"), str)


@pytest.mark.parametrize("name", STYLES)
def test_the_count_is_always_the_same(name):
    size = tuple(SIZE.values())
    style = STYLES[name]
    assert work_of(style)(*size) == work_of(style)(*size) > 0


def test_the_first_call_warms_up():
    calls = []

    def late():
        calls.append(None)
        if len(calls) == 1:
            sum(n for n in range(1000))

    assert count_opcodes(late) < 50 and len(calls) == 2


def originals():
    return (
        builtins.map,
        builtins.filter,
        itertools.starmap,
        itertools.accumulate,
        functools.reduce,
        np.frompyfunc,
    )


def test_all_is_as_it_was_after_counting(monkeypatch):
    before = originals()
    assert work_of(conv_styles.starmapped_by_its_name)(*SIZE.values())
    assert originals() == before and conv_styles.imported_starmap is itertools.starmap
    assert sys.gettrace() is None and gc.isenabled()


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_all_is_as_it_was_after_an_error(error):
    before, calls = originals(), []

    def fail():
        calls.append(None)
        if len(calls) == 2:
            assert originals() != before
            raise error

    with pytest.raises(error):
        count_opcodes(fail)
    assert originals() == before and sys.gettrace() is None and gc.isenabled()


def test_a_debugger_gets_its_trace_back():
    seen = []

    def debugger(frame, event, argument):
        seen.append(frame.f_code.co_name)

    def after():
        pass

    sys.settrace(debugger)
    try:
        count_opcodes(lambda: None)
        after()
    finally:
        sys.settrace(None)
    assert "after" in seen


def test_what_stands_in_is_what_it_stands_in_for():
    done = []

    def use():
        done[:] = [
            isinstance(map(abs, [-1]), map),
            list(map(operator_mul, [1, 2, 3], [4, 5])),
            list(filter(None, [0, 1])),
            list(itertools.starmap(pow, [(2, 3)])),
            list(itertools.accumulate([1, 2], initial=3)),
            list(itertools.accumulate([2, 3], operator_mul)),
            functools.reduce(operator_mul, [2, 3], 4),
            np.frompyfunc(operator_mul, 2, 1)(2, 3),
        ]
        with pytest.raises(TypeError):
            map(abs, 3)
        with pytest.raises(TypeError):
            functools.reduce(operator_mul, [])

    count_opcodes(use)
    assert done == [True, [4, 10], [1], [8], [3, 4, 6], [2, 6], 24, 6]


def operator_mul(a, b):
    return a * b


# In the sandbox


@pytest.fixture
def folder():
    with tempfile.TemporaryDirectory(prefix="edf-test-") as path:
        os.chmod(path, 0o755)
        yield path


@pytest.fixture
def serve(folder, assignment):
    """A function that gives the `Edf` of a process in the sandbox that serves a source."""
    open_ones = []

    def start(source):
        with open(f"{folder}/edf.py", "w", encoding="utf-8") as file:
            file.write(source)
        sandbox = Sandbox(folder, "", assignment.packages, assignment.limits)
        open_ones.append(sandbox)
        sandbox.inspect()
        process = sandbox.process("serve", 20)
        open_ones.append(process)
        process.load()
        return Edf(process.request)

    yield start
    for thing in reversed(open_ones):
        thing.__exit__(None, None, None)


def no_pixel_loops(student, exercise="conv2_forward"):
    """What the check says of a student: a remark, or its Mismatch's message."""
    (found,) = [check for check in load_exercises()[exercise].checks if check.efficiency]
    student.fresh()
    try:
        return found.run(student, None)
    except Mismatch as error:
        return error.message


def test_the_sandbox_counts_as_this_process_does(serve):
    text = (ROOT / "tests" / "conv_styles.py").read_text(encoding="utf-8")
    classes = [
        f"class style_{name}(conv2):\n    def forward(self):\n        self.top = {name}(self.f.top, self.k.top)\n"
        for name in STYLES
    ]
    source = "\n\n".join([SOLUTION, text, *classes])
    module = types.ModuleType("edf")
    exec(source, module.__dict__)
    here, there = Edf(local_request(module)), serve(source)
    for name in STYLES:
        counts = []
        for student in (here, there):
            f, k = map(student.value, inputs(*SIZE.values()))
            # Not into pytest's own stream, which is written in Python.
            with contextlib.redirect_stdout(io.StringIO()):
                counts.append(student.op(f"style_{name}", f, k).opcodes("forward"))
        assert counts[0] == counts[1] > 0, name


def test_the_check_holds_for_the_reference(serve):
    student = serve(SOLUTION)
    assert [no_pixel_loops(student, id) for id in CONV2] == [""] * 3


def test_slow_code_is_told_what_grows_with_what(serve):
    said = no_pixel_loops(serve(SLOW))
    assert said == (
        "conv2.forward does 4.4 times the Python work when the image is twice as high and twice as wide: it loops "
        "over pixels. The elements of a kernel are few, the pixels many: leave the many to numpy."
    )


def test_a_count_that_is_forged_is_believed(serve):
    """It is the word of the student's own process: docs/judging.md says so."""
    stopped = f"__import__('sys').settrace(None); {SLOW_FORWARD}"
    assert no_pixel_loops(serve(changed("conv2", (OLD_FORWARD, stopped)))) == ""


def test_a_count_that_is_no_number_is_no_count():
    student = Edf(lambda instructions, arrays=(): ["is not set"] * ("count" in str(instructions)))
    assert no_pixel_loops(student) == "the Python work can't be counted"
