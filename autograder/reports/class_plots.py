"""The pictures of the class report, as SVG to stand in its page.

Colours are the page's own, for light and dark: each stands in the drawing as a colour of its own, which is replaced by
the name of a variable of the page's style. Whatever is drawn stands in a table too. The same figures give the same
bytes.
"""

import html
import io
import re

import matplotlib
from markupsafe import Markup
from matplotlib.figure import Figure

from autograder.reports.class_report import (
    BINS,
    BLOCKED,
    CARRIED,
    NOT_RUN,
    OPEN,
    OUTCOMES,
    PART,
    PASS,
    SLOW,
    UNWRITTEN,
    WRONG,
)

TEXT, RAN = "#000000", "#000001"
# What of an exercise's outcome is drawn in which of the page's colours (class.css).
COLOURS = {
    PASS: "#000101",
    SLOW: "#000102",
    CARRIED: "#000103",
    PART: "#000104",
    WRONG: "#000105",
    UNWRITTEN: "#000106",
    BLOCKED: "#000107",
    NOT_RUN: "#000108",
    OPEN: "#000109",
}
HATCHES = {NOT_RUN: "///", BLOCKED: "\\\\"}  # for those who see few colours
VARIABLES = {TEXT: "currentColor", RAN: "var(--ran)"}
VARIABLES |= {colour: f"var(--{name.replace(' ', '-')})" for name, colour in COLOURS.items()}
STYLE = {
    "svg.hashsalt": "edf",  # for the ids of its parts: chance, without it
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 11,
    "hatch.linewidth": 0.4,
    "text.parse_math": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
WIDTH = 4.6  # inches: what is readable on a phone
ROW = 0.3  # inches, of a bar that lies
EDGE = 0.4  # points: the line around a bar
MAX_MISTAKES = 12
LONGEST = 30  # characters of a mistake's name
LEAST_LABEL = 0.06  # part of the class, below which a segment has no number in it


def totals(report):
    """The histogram of the totals."""
    starts = [start for start, *_ in report.bins]
    width = report.total / BINS
    figure = Figure(figsize=(WIDTH, 2.4), layout="constrained")
    axes = figure.subplots()
    at = dict(width=width * 0.9, align="edge", edgecolor=TEXT, linewidth=EDGE)
    axes.bar(starts, [ran for _, ran, _ in report.bins], color=RAN, label="ran", **at)
    if others := [(start, ran, count) for start, ran, count in report.bins if count]:
        starts, bottoms, counts = zip(*others)
        axes.bar(
            starts,
            counts,
            bottom=bottoms,
            color=COLOURS[NOT_RUN],
            hatch=HATCHES[NOT_RUN],
            label="others",
            **at,
        )
        figure.legend(loc="outside upper left", ncols=2, frameon=False)
    axes.set_xlabel(f"points of {report.total:g}")
    axes.set_ylabel("submissions")
    axes.yaxis.get_major_locator().set_params(integer=True)
    said = [f"{start:g} and up: {a + b}" for start, a, b in report.bins if a + b]
    return _svg(figure, "totals", "Distribution of the totals", f"Points and submissions: {', '.join(said)}.")


def exercises(report):
    """How each exercise ended, as bars that lie: the numbers of submissions by outcome."""
    shown = [name for name in OUTCOMES if any(e.outcomes[name] for e in report.exercises)]
    figure = Figure(
        figsize=(WIDTH, ROW * len(report.exercises) + 0.5 + ROW * len(shown)), layout="constrained"
    )
    axes = figure.subplots()
    ids = [exercise.id for exercise in report.exercises]
    left = [0] * len(ids)
    edge = dict(edgecolor=TEXT, linewidth=EDGE)
    for name in shown:
        counts = [exercise.outcomes[name] for exercise in report.exercises]
        bars = axes.barh(
            ids,
            counts,
            left=left,
            color=COLOURS[name],
            label=name,
            height=0.8,
            hatch=HATCHES.get(name),
            **edge,
        )
        labels = [f"{count:,}" if count >= LEAST_LABEL * report.submissions else "" for count in counts]
        axes.bar_label(bars, labels, label_type="center", color=TEXT, fontsize=9)
        left = [a + b for a, b in zip(left, counts)]
    axes.margins(y=0.01)
    axes.invert_yaxis()
    axes.set_xlim(0, report.submissions)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_xlabel("submissions")
    figure.legend(loc="outside lower left", ncols=2, frameon=False)
    said = [f"{e.id} {e.outcomes[PASS]}" for e in report.exercises]
    return _svg(
        figure,
        "exercises",
        "How each exercise ended",
        f"With all points, of {report.submissions}: {', '.join(said)}. The others are in the table of exercises.",
    )


def mistakes(report):
    """The commonest mistakes that have a name; None if there are none."""
    commonest = report.named[:MAX_MISTAKES]
    if not commonest:
        return None
    figure = Figure(figsize=(WIDTH, ROW * 1.6 * len(commonest) + 0.5), layout="constrained")
    axes = figure.subplots()
    names = [f"{_some(ids)}\n{name[:LONGEST]}" for ids, name, *_ in commonest]
    counts = [len(students) for *_, students in commonest]
    bars = axes.barh(range(len(names)), counts, color=RAN, height=0.7, edgecolor=TEXT, linewidth=EDGE)
    axes.set_yticks(range(len(names)), names, fontsize=9)
    axes.bar_label(bars, [f"{count:,}" for count in counts], padding=3)
    axes.invert_yaxis()
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_xlabel("students")
    axes.margins(x=0.1)
    said = [f"{_some(ids)}, {name} {count}" for (ids, name, *_), count in zip(commonest, counts)]
    return _svg(figure, "mistakes", "The commonest mistakes", f"Students who made it: {', '.join(said)}.")


def _some(ids):
    """Ids of exercises in a few words."""
    return ids[0] if len(ids) == 1 else f"{ids[0]} and {len(ids) - 1} more"


def _svg(figure, name, title, description):
    """A figure as markup: an <svg> that a screen reader reads as one picture, with this title and description."""
    file = io.BytesIO()
    figure.savefig(file, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    drawn = file.getvalue().decode()
    drawn = re.sub(r"<metadata>.*?</metadata>", "", drawn[drawn.index("<svg") :], flags=re.DOTALL)
    drawn = re.sub(r"#0000[0-9a-f]{2}|#0001[0-9a-f]{2}", lambda colour: VARIABLES[colour[0]], drawn)
    # Ids are unique in the page, not only in the picture.
    drawn = re.sub(r'(id="|url\(#|href="#)', rf"\g<1>{name}-", drawn)
    head = re.match(r"<svg[^>]*>", drawn)[0]
    box = re.search(r'viewBox="[^"]*"', head)[0]
    label = f'role="img" aria-labelledby="{name}-title" aria-describedby="{name}-description"'
    texts = (
        f'<title id="{name}-title">{html.escape(title)}</title>'
        f'<desc id="{name}-description">{html.escape(description)}</desc>'
    )
    namespaces = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    return Markup(f"<svg {namespaces} {box} {label}>{texts}{drawn.removeprefix(head)}")


def pictures(report):
    """All pictures of a class_report.ClassReport that has submissions, by name, as markup or None."""
    with matplotlib.rc_context(STYLE):
        return {"totals": totals(report), "exercises": exercises(report), "mistakes": mistakes(report)}
