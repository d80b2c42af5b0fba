"""The losses of a training run beside the reference's: in words, and as a picture (inline SVG).

A student's losses are what their code left there, on public inputs, bounded by losses.shown_losses: numbers of three
digits, or None. They are drawn over the reference's and never stretch the picture by more than a half.
"""

import dataclasses
import functools
import io
import re

from markupsafe import Markup, escape

TITLES = {"first_steps": "The first steps", "long_run": "The longer run"}
SLACK = 1.5  # of the reference's largest loss: what is above is cut off, and said
SIZE = (5.2, 2.4)  # inches
# Relative: losses that lie as near as this are called the same. Over many steps in float32, those of right code part.
NEAR = {"first_steps": 0.005}
NEAR_LATER = 0.3
MAX_MARKED = 20  # steps whose points are marked
# Colours that matplotlib writes, and what they become: those of the page's style, light and dark.
COLOURS = {"#010101": "var(--text)", "#020202": "var(--link)", "#030303": "var(--quiet)"}
TEXT, STUDENT, REFERENCE = COLOURS


@dataclasses.dataclass(frozen=True)
class Curve:
    """Of one training run: check's id, title, the student's losses and the reference's (None: no number to be
    drawn), and what there is to see, in words."""

    id: str
    title: str
    losses: tuple
    expected: tuple
    in_words: str


def curves_of(exercise, runs, failed=()):
    """The Curves of an exercise. runs: {check: {"losses": …, "expected": …}}, see losses.beside_reference; failed:
    ids of the checks that did not hold."""
    for check, run in runs.items():
        losses, expected = tuple(run["losses"]), tuple(run["expected"])
        yield Curve(
            f"{exercise}-{check}",
            TITLES.get(check, check),
            losses,
            expected,
            _in_words(losses, expected, NEAR.get(check, NEAR_LATER), check in failed),
        )


def _in_words(losses, expected, near, has_failed):
    if not losses:
        return f"0 of {len(expected)} steps ran."
    steps = f"{len(losses)} of {len(expected)} steps ran."
    for step, (loss, right) in enumerate(zip(losses, expected), start=1):
        if loss is None:
            return f"{steps} At step {step} your loss is nan, infinite or no single number."
        if has_failed and right is not None and abs(loss - right) > near * abs(right):
            return f"{steps} At step {step} your loss is {loss:g}, where correct code has {right:g}."
    if has_failed:
        return f"{steps} Your losses are near those of correct code, and not the same."
    return f"{steps} Your loss ends at {losses[-1]:g}, that of correct code there at {expected[len(losses) - 1]:g}."


@functools.lru_cache(maxsize=256)  # most of a class have the same
def picture(curve):
    """A Curve as inline SVG, Markup: the same bytes for the same numbers."""
    import matplotlib
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    settings = {"svg.hashsalt": curve.id, "svg.fonttype": "none", "font.size": 10}
    with matplotlib.rc_context(settings):
        figure = Figure(figsize=SIZE, layout="constrained")
        axes = figure.add_subplot()
        top = SLACK * max((loss for loss in curve.expected if loss is not None), default=1)
        _draw(axes, curve.expected, REFERENCE, linewidth=3, alpha=0.6, label="correct code")
        marker = "o" if len(curve.losses) <= MAX_MARKED else None
        _draw(axes, curve.losses, STUDENT, linestyle="--", marker=marker, markersize=4, label="yours")
        axes.set(xlabel="step", ylabel="loss", ylim=(0, top), xlim=(0.5, max(len(curve.expected), 2) + 0.5))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(colors=TEXT)
        axes.xaxis.label.set_color(TEXT)
        axes.yaxis.label.set_color(TEXT)
        for spine in axes.spines.values():
            spine.set_color(TEXT)
        axes.legend(frameon=False, labelcolor=TEXT, loc="upper right", ncols=2)
        written = io.StringIO()
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(written, format="svg", transparent=True, metadata=nothing)
    return _inline(written.getvalue(), curve)


def _draw(axes, losses, colour, **style):
    nan = float("nan")
    values = [nan if loss is None else loss for loss in losses]
    axes.plot(range(1, len(values) + 1), values, color=colour, **style)


def _inline(svg, curve):
    """What matplotlib writes as a part of a page: with a name for screen readers, in the page's colours."""
    svg = svg[svg.index("<svg ") :]
    for written, wanted in COLOURS.items():
        svg = svg.replace(written, wanted)
    # The style is for every element of the page that it lands in.
    svg = re.sub(r"<defs>\s*<style.*?</defs>\s*|<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    # Its ids are of this picture alone: a page has several.
    for id in set(re.findall(r'\bid="([^"]+)"', svg)):
        svg = re.sub(rf'(id="|href="#|url\(#){re.escape(id)}(?=["\)])', rf"\g<1>{curve.id}-{id}", svg)
    title = f"{curve.title}: loss at each step, yours and that of correct code. {curve.in_words}"
    return Markup(svg.replace("<svg ", f'<svg role="img" aria-label="{escape(title)}" ', 1).strip())
