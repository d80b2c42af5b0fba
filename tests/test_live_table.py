"""Tests of what `make grade` shows while it grades: the table in a terminal, the lines elsewhere, the time left."""

import datetime
import io
import itertools
import re
import threading

import pytest
from rich.console import Console
from rich.text import Text

from autograder.live import (
    MARKS,
    MAX_LINES,
    GradingView,
    Pace,
    describe,
    duration,
    legend,
    lines_of,
    one_line,
    standing,
)

NAMES = [f"s{i:03}" for i in range(100)]


def graded(student, points=10, status="graded", message="", failure="add.top is wrong", mistakes=()):
    check = {"status": "fail", "blank": False, "efficiency": False}
    wrong = {"status": "fail", "message": failure, "mistakes": list(mistakes), "checks": [check], "score": 0}
    right = {"status": "pass", "message": "", "mistakes": [], "checks": [], "score": 6}
    exercises = {"add": wrong if points is None or points < 10 else right, "mean": right}
    score = {"student": student, "attempt": "", "status": status, "message": message, "score": points}
    return {**score, "max_score": 10, "exercises": exercises, "changed": [], "guarded": True}


def console(width=80, height=20):
    # As `make grade` has it.
    file = io.StringIO()
    return Console(
        file=file, force_terminal=True, width=width, height=height, highlight=False, soft_wrap=True
    )


def plain(text):
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text)


def screen(terminal):
    """What stands in a terminal of that size after all that was written to it."""
    lines, at = [""], 0
    for part in re.split(r"(\x1b\[[0-9;?]*[a-zA-Z]|\n|\r)", terminal.file.getvalue()):
        if part == "\n":
            at += 1
            lines += [""] * (at + 1 - len(lines))
        elif part == "\x1b[2K" or part == "\x1b[0K":
            lines[at] = ""
        elif up := re.fullmatch(r"\x1b\[(\d+)A", part):
            at -= int(up[1])
            assert at >= max(0, len(lines) - terminal.height), (
                "more was drawn than fits: the top is out of reach"
            )
        elif part and not part.startswith(("\x1b", "\r")):
            lines[at] += part
    return lines


def test_a_terminal_shows_who_is_done_with_points_marks_and_the_first_failure():
    terminal = console()
    with GradingView(terminal, ["ann", "bob"], 1, is_live=True) as view:
        view.add(graded("bob", 4, mistakes=[{"kind": "named", "tag": "bias_mean"}]), 1.0)
        shown = screen(terminal)
        assert "bob       4 / 10  ✗■  add: bias mean" in shown[0]
        assert any("1 graded" in line for line in shown) and any("1/2" in line for line in shown)


def test_a_class_larger_than_the_terminal_has_a_window_of_the_latest():
    terminal = console(height=20)
    with GradingView(terminal, NAMES, 1, is_live=True) as view:
        for i, name in enumerate(NAMES):
            view.add(graded(name), 1.0)
            shown = [line for line in screen(terminal) if line.strip()]
            assert len(shown) < terminal.height
        assert shown[0] == "… 87 before these" and shown[1].startswith("s087") and "s099" in shown[13]
        assert any("100 graded" in line for line in shown) and any("100/100" in line for line in shown)


def test_a_line_of_the_table_is_cut_at_the_width_of_the_terminal():
    terminal = console(width=40)
    with GradingView(terminal, ["ann"], 1, is_live=True) as view:
        view.add(graded("ann", 4, failure="the gradient is wrong " * 10), 1.0)
        shown = screen(terminal)
    assert max(map(len, shown)) <= 40 and shown[0].endswith("…")


@pytest.mark.parametrize("width", [50, 80, 120])
def test_in_the_end_too_a_row_is_a_line_that_ends_after_a_word_with_an_ellipsis(width):
    terminal = console(width=width)
    with GradingView(terminal, ["ann"], 1, is_live=True) as view:
        view.add(graded("ann", 4, failure="it loops over pixels. The elements of a kernel are few " * 5), 1.0)
    [line] = [line for line in screen(terminal) if line.strip()]
    assert len(line) <= width and line.endswith("…")
    assert line[:-1].split()[-1] in "it loops over pixels. The elements of a kernel are few".split()


def test_a_text_that_is_cut_says_so():
    assert one_line("it loops over pixels", 20) == "it loops over pixels"
    assert one_line("it loops over pixels, and more", 25) == "it loops over pixels…"
    assert one_line("x" * 50, 10) == "xxxxxxxxx…" and one_line("some words", 0) == ""


def stands(status, score=0, *failed):
    checks = [{"status": "fail", "blank": f == "blank", "efficiency": f == "efficiency"} for f in failed]
    return standing({"status": status, "score": score, "checks": checks})


def test_what_is_partly_right_slow_or_not_written_has_a_mark_of_its_own():
    assert stands("pass", 6) == "pass" and stands("carried", 6) == "carried"
    assert stands("fail", 0, "property", "efficiency") == "fail"
    assert stands("fail", 4, "property", "efficiency") == stands("blocked", 2) == "partly right"
    assert stands("fail", 9, "efficiency") == "right but slow"
    assert stands("fail", 0, "blank", "blank") == "not written"
    assert stands("blocked") == "blocked" and stands("grader error", None) == "grader error"
    assert len({sign for sign, _ in MARKS.values()}) == len(MARKS)


def test_code_that_could_not_be_run_is_not_called_wrong():
    line = Text.from_markup(describe(graded("ann", 0, "syntax error", message="here"), 5)).plain
    assert line.endswith("  ––  syntax error: here")


def test_the_legend_has_the_marks_that_are_there():
    assert [plain(item) for item in legend({"pass", "not written"})] == [
        "[green]■[/] pass",
        "[red]·[/] not written",
    ]


def test_a_list_is_broken_between_its_items():
    ids = ["conv2_forward", "conv2_image", "[green]■[/] pass", "max"]
    assert lines_of(ids, 32, ", ") == ["conv2_forward, conv2_image,", "  [green]■[/] pass, max"]
    assert lines_of(ids, None, ", ") == [", ".join(ids)]
    assert lines_of([], 20) == []


def test_when_all_are_done_a_small_class_has_its_lines_by_name_once():
    terminal = console()
    names = ["cy", "ann", "bob"]
    with GradingView(terminal, names, 2, is_live=True) as view:
        for name in names:
            view.add(graded(name), 1.0)
    lines = [line for line in screen(terminal) if line.strip()]
    assert [line.split()[0] for line in lines] == ["ann", "bob", "cy"]


def test_when_all_are_done_a_large_class_leaves_nothing_behind():
    terminal = console()
    with GradingView(terminal, NAMES, 2, is_live=True) as view:
        for name in NAMES[: MAX_LINES + 1]:
            view.add(graded(name), 1.0)
    assert [line for line in screen(terminal) if line.strip()] == []


def test_attempts_of_one_student_have_a_line_each():
    terminal = console()
    with GradingView(terminal, ["ann", "ann"], 1, is_live=True) as view:
        view.add({**graded("ann"), "attempt": "2"}, 1.0)
        view.add({**graded("ann", 4), "attempt": "1"}, 1.0)
    lines = [line for line in screen(terminal) if line.strip()]
    assert len(lines) == 2 and " 4 / 10" in lines[0]


def test_what_was_graded_before_it_was_stopped_is_printed():
    terminal = console()
    with pytest.raises(KeyboardInterrupt):
        with GradingView(terminal, ["ann", "bob"], 1, is_live=True) as view:
            view.add(graded("ann"), 1.0)
            raise KeyboardInterrupt
    assert [line.split()[0] for line in screen(terminal) if line.strip()] == ["ann"]
    assert terminal.file.getvalue().count("\x1b[?25l") == terminal.file.getvalue().count("\x1b[?25h")


def test_no_thread_draws():
    others = threading.active_count()  # those that an earlier test of this process left
    with GradingView(console(), ["ann"], 1, is_live=True) as view:
        view.add(graded("ann"), 1.0)
        assert threading.active_count() == others


def test_without_a_terminal_there_is_a_line_each_as_they_come():
    log = Console(file=io.StringIO(), highlight=False, soft_wrap=True, width=80)
    with GradingView(log, NAMES, 2, is_live=False) as view:
        for name in reversed(NAMES):
            view.add(graded(name), 1.0)
    lines = log.file.getvalue().splitlines()
    assert [line.split()[0] for line in lines] == NAMES[::-1]
    assert "\x1b" not in log.file.getvalue()


def test_colours_without_a_terminal_are_lines_too():
    log = console()  # as FORCE_COLOR makes it, for docs/picture.py
    with GradingView(log, ["ann"], 2, is_live=False) as view:
        view.add(graded("ann", 4), 1.0)
    assert log.file.getvalue().count("\n") == 1 and "\x1b[31m✗" in log.file.getvalue()
    assert "\x1b[2K" not in log.file.getvalue()


@pytest.mark.parametrize("is_live", [True, False])
def test_nothing_of_a_students_steers_the_terminal(is_live):
    hostile = "[red]\x1b[2J\u202eeve\n\r\x07[/]"
    terminal = console()
    with GradingView(terminal, [hostile, "ann"], 1, is_live) as view:
        view.add(graded(hostile, 4, failure=hostile), 1.0)
        view.add(graded("ann", 0, "syntax error", message=hostile), 1.0)
    written = terminal.file.getvalue()
    assert "\x1b[2J" not in written and "\u202e" not in written and "\x07" not in written
    lines = [line for line in screen(terminal) if line.strip()]
    assert len(lines) == 2 and lines[0].startswith("[red]·[2J·eve") and "ann" in lines[1]


def test_a_grader_error_has_no_points():
    line = describe(graded("ann", None, "grader error", message="a check failed"), 5)
    assert plain(line).startswith("ann         – / 10") and "grader error: a check failed" in line


# The time left


class Clock:
    """A clock that a test moves."""

    seconds = 0.0

    def __call__(self):
        return self.seconds

    def now(self):
        return datetime.datetime(2030, 5, 1, 14, 0) + datetime.timedelta(seconds=self.seconds)


def pace_of(total, processes, arrivals, took=(10.0,)):
    """The Pace after submissions came at these seconds; took: how long each took, over and over."""
    clock, took = Clock(), itertools.cycle(took)
    pace = Pace(total, processes, clock, clock.now)
    for clock.seconds in arrivals:
        pace.advance(next(took))
    return pace


def test_at_first_no_time_is_guessed():
    assert pace_of(100, 2, [60, 60, 120, 120, 180]).said() == "time left: to be seen when some more are done"
    assert pace_of(100, 8, [10] * 8 + [20] * 7).span is None


def test_submissions_that_all_take_the_same_are_foreseen_however_slow_the_first_were():
    # Two at a time, 10 s each; but the first ones take 60 and 100 s.
    pace = pace_of(102, 2, [60, 100, 110, 110, 120, 120])
    # One comes every 5 s; the last one is graded alone, and takes 10.
    assert pace.left == pytest.approx(95 * 5 + 10)
    off = 1 + 2 * (1 / 4 + 1 / 96) ** 0.5  # 4 came, 96 are to come
    # And one more may be as slow as the slowest.
    assert pace.span == pytest.approx((485 / off, 485 * off + 10))
    assert pace.said() == "time left: 4–17 min, until about 14:10, at the pace of the last 4"


def test_where_few_take_most_of_the_time_the_span_is_wide():
    arrivals = [10.0 * (i + 1) for i in range(20)]
    even = pace_of(40, 1, arrivals)
    uneven = pace_of(40, 1, arrivals, [1.0] * 9 + [91.0])
    assert even.left == uneven.left
    deviation = 27 / 10  # of 18 times 1 s and twice 91 s
    off = 1 + 2 * deviation * (1 / 19 + 1 / 20) ** 0.5
    assert uneven.span == pytest.approx((uneven.left / off, uneven.left * off + 91))


def test_the_span_narrows_and_ends_at_nothing():
    arrivals = [10.0 * (i // 2 + 1) for i in range(102)]
    spans = [pace_of(102, 2, arrivals[:done]).span for done in (10, 40, 102)]
    ratios = [most / least for least, most in spans[:2]]
    assert ratios[0] > ratios[1] and spans[2] == (0, 0)
    assert pace_of(102, 2, arrivals).said() == ""


def test_fewer_submissions_than_processes_have_no_pace():
    assert pace_of(3, 8, [1, 2, 3]).span is None


@pytest.mark.parametrize(
    ("least", "most", "said"),
    [
        (22, 41, "20–40 s"),
        (0.4, 3, "a few seconds"),
        (150, 290, "2–5 min"),
        (290, 295, "5 min"),
        (5400, 6480, "1.5–1.8 h"),
    ],
)
def test_a_span_is_said_as_exactly_as_it_deserves(least, most, said):
    assert duration(least, most) == said
