"""What `make grade` shows while it grades: in a terminal the latest in a table, with a bar; elsewhere a line each."""

import collections
import datetime
import math
import time

from rich.console import Group
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from autograder import judge
from autograder.classlist import remark
from autograder.diagnosis.diagnose import NAMED
from autograder.grade import GRADED, GRADER_ERROR

# How an exercise stands where its status alone says too little.
PARTLY, SLOW, UNWRITTEN, NOT_RUN = "partly right", "right but slow", "not written", "not run"
# {how it stands: (mark, colour)}; the marks are those of the feedback pages, but for the first.
MARKS = {
    judge.PASS: ("■", "green"),
    judge.CARRIED: ("→", "cyan"),
    SLOW: ("◔", "green"),
    PARTLY: ("◐", "yellow"),
    judge.FAIL: ("✗", "red"),
    UNWRITTEN: ("·", "red"),
    judge.BLOCKED: ("‖", "yellow"),
    NOT_RUN: ("–", "red"),
    judge.GRADER_ERROR: ("?", "magenta"),
}
MAX_NAME = 24  # columns for a student's name
MAX_LINES = 60  # of a larger class, the lines are not printed after the table: grades.csv has them
AROUND_ROWS = (
    7  # lines of the terminal that are no student's: before these, empty, counts, legend, bar, time, cursor
)
COUNT_COLOURS = {GRADED: "", GRADER_ERROR: "magenta bold"}  # of the other statuses: yellow
FEWEST = 4  # arrivals that a pace is made of


class GradingView:
    """Shows graded submissions as they come; a context manager.

    console: rich.console.Console. students: names of those that are about to be graded. processes: how many of them
    are graded at a time. is_live: whether to draw a table that changes, which takes a terminal; in the end it gives
    way to the lines of all, sorted by name, if these are not too many. Without it each line is printed as it comes.

    Nothing is drawn but in `add`: a thread that draws by the clock must not be while processes are forked.
    """

    def __init__(self, console, students, processes, is_live):
        self._console = console
        self._width = min(MAX_NAME, max(map(len, students)))
        self._is_small = len(students) <= MAX_LINES
        self._lines = {}
        self._standings = set()
        self._latest = collections.deque(maxlen=max(1, console.height - AROUND_ROWS))
        self._counts = collections.Counter()
        self._pace = Pace(len(students), processes)
        self._live = None
        if is_live:
            self._live = Live(
                self._table(),
                console=console,
                auto_refresh=False,
                transient=True,
                redirect_stdout=False,  # in the processes that are forked, too
                redirect_stderr=False,
            )

    def __enter__(self):
        if self._live:
            self._live.start(refresh=True)
        return self

    def __exit__(self, *_):
        if self._live:
            self._live.stop()
        for key in sorted(self._lines):
            self._console.print(self._lines[key])

    def add(self, score, seconds):
        """Show the score of a submission that was just graded, which took this long."""
        line = describe(score, self._width, self._console.width if self._live else None)
        self._standings |= standings(score)
        self._counts[score["status"]] += 1
        self._pace.advance(seconds)
        if not self._live:
            self._console.print(line)
            return
        if self._is_small:
            self._lines[score["student"], score["attempt"]] = line
        self._latest.append(line)
        self._live.update(self._table(), refresh=True)

    def _table(self):
        lines = [Text.from_markup(line) for line in self._latest]
        if hidden := self._pace.done - len(lines):
            lines.insert(0, Text(f"… {hidden:,} before these", "dim"))
        bar = Table.grid(padding=(0, 1))
        done = f"{self._pace.done:,}/{self._pace.total:,}"
        bar.add_row("grading", ProgressBar(self._pace.total, self._pace.done, width=40), done)
        counts = Text(", ").join(
            Text(f"{count:,} {status}", COUNT_COLOURS.get(status, "yellow"))
            for status, count in sorted(self._counts.items())
        )
        below = [counts, Text.from_markup("  ".join(legend(self._standings))), Text(self._pace.said())]
        for line in lines + below:
            line.truncate(self._console.width, overflow="ellipsis")
        return Group(*lines, Text(), *below[:2], bar, below[2])


class Pace:
    """Guesses how long the rest takes, from the pace at which submissions come.

    The first ones come late, all at about the same time: one from each process. So the clock runs from the last of
    these. The mean of n submissions is off by about their standard deviation over √n: that of those that came, and that
    of those to come. Twice that is the span that is said. The deviation is that of the times so far, and at least their
    mean, since there may be some that take many times as long; and one as slow as the slowest may come last. It knows
    nothing of a machine that gets busier, nor of those that are tried again at the end.

    clock: function → seconds. now: function → datetime.datetime.
    """

    def __init__(self, total, processes, clock=time.monotonic, now=datetime.datetime.now):
        self.total, self.done = total, 0
        self._processes, self._clock, self._now = processes, clock, now
        self._started = None
        self._sum, self._squares, self._longest = 0.0, 0.0, 0.0  # of the seconds that each took
        # Seconds that are left, and (least, most) of them; None while nothing can be said.
        self.left, self.span = None, None

    def advance(self, seconds):
        """Count a submission that has come, and took this long."""
        self.done += 1
        self._sum += seconds
        self._squares += seconds**2
        self._longest = max(self._longest, seconds)
        if self.done == self._processes:
            self._started = self._clock()
        counted = self.done - self._processes
        if counted >= max(FEWEST, self._processes):
            to_come, at_once = self.total - self.done, self._processes
            # In the end fewer and fewer are graded at a time: the last but i takes at_once / i arrivals' time.
            arrivals = max(to_come - at_once, 0)
            arrivals += sum(at_once / i for i in range(1, min(to_come, at_once) + 1))
            self.left = (self._clock() - self._started) / counted * arrivals
            # As a part of the mean.
            deviation = math.sqrt(max(self.done * self._squares / self._sum**2 - 1, 1)) if self._sum else 1
            off = 1 + 2 * deviation * math.sqrt(1 / counted + 1 / max(to_come, 1))
            self.span = self.left / off, self.left * off + (self._longest if to_come else 0)

    def said(self):
        """What there is to say about the time left, in a sentence."""
        if self.done == self.total:
            return ""
        if self.span is None:
            return "time left: to be seen when some more are done"
        end = self._now() + datetime.timedelta(seconds=self.left)
        counted = self.done - self._processes
        return (
            f"time left: {duration(*self.span)}, until about {end:%H:%M}, at the pace of the last {counted:,}"
        )


def duration(least, most):
    """A span of seconds in words, as exactly as it deserves: "25–40 s", "3–5 min", "1.5–1.8 h"."""
    if most < 10:
        return "a few seconds"
    unit, seconds, digits = ("s", 1, -1) if most < 100 else ("min", 60, 0) if most < 6000 else ("h", 3600, 1)
    ends = [f"{max(round(end / seconds, digits), 0):g}" for end in (least, most)]
    return f"{'–'.join(dict.fromkeys(ends))} {unit}"


def describe(score, width, room=None):
    """One line on a graded submission, as rich markup: who, how many points, what failed first.

    width: columns for the name. room: for all of it; None where a line may be longer than the terminal is wide.
    """
    exercises = score["exercises"]
    marks = "".join(mark(standing(result, is_run(score))) for result in exercises.values())
    points = "–" if score["score"] is None else f"{score['score']:g}"
    if score["status"] != GRADED:
        what = f"{score['status']}: {score['message']}"
    else:
        failed = [id for id, result in exercises.items() if result["status"] != judge.PASS]
        failed.sort(key=lambda id: exercises[id]["status"] != judge.FAIL)
        what = f"{failed[0]}: {_called(exercises[failed[0]])}" if failed else ""
    if score["changed"]:
        what += f" (given code put back: {', '.join(score['changed'])})"
    if said := own_remark(score):
        what = f"[{said}] {what}"
    name = one_line(score["student"])
    name = name if len(name) <= width else name[: width - 1] + "…"
    padded = f"{name:<{width}} {points:>7} / {score['max_score']:g}  "
    left = None if room is None else max(room - len(padded) - len(exercises) - 2, 0)
    return f"{escape(padded)}{marks}  {escape(one_line(what) if left is None else one_line(what, left))}"


def is_run(score):
    """Whether the code of a submission could be run."""
    return score["status"] in (GRADED, GRADER_ERROR)


def standing(result, is_run=True):
    """How an exercise stands, one of MARKS. result: its part of a score."""
    status, failed = result["status"], [c for c in result["checks"] if c["status"] == judge.FAIL]
    if not is_run:
        return NOT_RUN
    if status == judge.FAIL and failed:
        if not result["score"] and all(check["blank"] for check in failed):
            return UNWRITTEN
        if all(check["efficiency"] for check in failed):
            return SLOW
    return PARTLY if status in (judge.FAIL, judge.BLOCKED) and result["score"] else status


def standings(score):
    """How the exercises of a score stand: those of MARKS that occur."""
    return {standing(result, is_run(score)) for result in score["exercises"].values()}


def legend(shown):
    """What the marks mean that are `shown`, as rich markup, one after the other."""
    return [f"{mark(standing)} {standing}" for standing in MARKS if standing in shown]


def mark(standing):
    """How an exercise stands as one coloured character, as rich markup."""
    sign, colour = MARKS[standing]
    return f"[{colour}]{sign}[/]"


def own_remark(score):
    """The remark on a score, without what holds for the whole class."""
    return remark({**score, "guarded": True})


def one_line(text, length=140):
    """Text of a student's, safe for a terminal: no control characters, no line breaks, not too long: then it ends
    after a word, with …"""
    text = "".join(c if c.isprintable() else "·" for c in text)
    if len(text) <= length:
        return text
    cut = text[: max(length - 1, 0)]
    words = cut.rpartition(" ")[0].rstrip(" ,;:(")
    return f"{words if len(words) > length // 2 else cut}…"[:length]


def lines_of(items, width, gap="  "):
    """Items, rich markup, one after the other in lines of at most `width` columns; no line ends within an item.

    width: None where it is one line, however long.
    """
    lines = []
    for item in items:
        longer = f"{lines[-1]}{gap}{item}" if lines else item
        if lines and (width is None or _columns(longer + gap.rstrip()) <= width):
            lines[-1] = longer
        else:
            lines[-1:] = [lines[-1] + gap.rstrip(), f"  {item}"] if lines else [item]
    return lines


def width_of(console):
    """Columns of a terminal that somebody looks at; None of a file or a pipe."""
    return console.width if console.is_terminal and console.file.isatty() else None


def _columns(markup):
    return Text.from_markup(markup).cell_len


def _called(result):
    """What an exercise's failure is called: by the names of its mistakes if all are known, or what was seen."""
    mistakes = result["mistakes"]
    if mistakes and all(mistake["kind"] == NAMED for mistake in mistakes):
        return ", ".join(mistake["tag"].replace("_", " ") for mistake in mistakes)
    return result["message"]
