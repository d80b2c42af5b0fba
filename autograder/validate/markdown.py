"""Writes what a proof came to as Markdown: docs/validity.md."""

import textwrap

from autograder.validate.effort import Effort
from autograder.validate.matrix import MARKS
from autograder.validate.proof import LINE, SECRETS, TRAINING
from autograder.validate.scope import EVERYTHING
from autograder.validate.summary import USELESS, minutes, named, remarks, summary

WIDTH = 115
WHAT = (
    "A *wrong variant* is the reference with one plausible mistake, a *right variant* another honest way to write it. "
    "They stand in each exercise's own file. The first four lines went through the line of `make grade`, sandbox and "
    "judge; the others run the same checks in one process, where only the hidden inputs change."
)
LIMITS = (
    "What this does not prove: that there are no other mistakes. The bank has those that somebody thought of."
)


def write_markdown(proof, path):
    """Write a proof (proof.Proof) to the file `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(markdown(proof), encoding="utf-8")


def markdown(proof):
    """The text of that file."""
    parts = [_head(proof), _faults(proof), _useless(proof)]
    parts += [_section(matrix) for matrix in proof.matrices]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(proof):
    seconds = proof.seconds
    rows = [[line.tried, line.count, line.came_out] for line in summary(proof)]
    made = (
        f"made this page, in {minutes(proof.elapsed)} in {proof.processes} processes: {minutes(seconds[LINE])} of one "
        f"for submissions, {minutes(seconds[SECRETS])} for {proof.checks_run:,} checks with many course secrets, "
        f"{minutes(seconds[TRAINING])} for training with mistakes."
    )
    return f"""\
# How far the grading is proven

    {_command(proof)}

{_wrapped(made)}

{_wrapped(WHAT)}

{_table(["tried", "count", "came out"], rows, "lrl")}

{_wrapped(named(proof))}

{_wrapped(LIMITS)}"""


def _command(proof):
    """The command that makes this page."""
    name, effort = proof.assignment.name, proof.effort
    options = [] if name == EVERYTHING else [f"--assignment {name}.toml"]
    options += [] if effort.training else ["--quick"]
    options += [] if effort.right_secrets == Effort.right_secrets else [f"--secrets {effort.right_secrets}"]
    return " ".join(["autograder validate", *options]) if options else "make validate"


def _faults(proof):
    faults = [sentence for sentences in proof.faults.values() for sentence in sentences]
    return "## Faults\n\n" + "\n".join(f"- {fault}" for fault in faults) if faults else ""


def _useless(proof):
    said = remarks(proof)
    if not said:
        return ""
    rows = [[f"`{exercise}`", f"`{check}`", remark] for exercise, check, remark in said]
    table = _table(["exercise", "check", ""], rows, "lll")
    return f"## What could be dropped\n\n{_wrapped(USELESS)}\n\n{table}"


def _section(matrix):
    checks = [check.id for check in matrix.exercise.checks]
    title = f"## {matrix.exercise.id}"
    contributions = _table(
        ["check", "points", "fails", "alone"],
        [[f"`{c.check}`", f"{c.share:.0%}", str(c.fails), str(c.alone)] for c in matrix.contributions],
        "lrrr",
    )
    if matrix.is_training:
        shown = [row for row in matrix.rows if not row.kills]
        said = _wrapped(
            f"{len(matrix.rows)} wrong variants of what it builds on, each caught by its own exercise. In `make grade` "
            f"this one is blocked then. {len(shown)} of them train as well as right code:"
        )
    else:
        shown = matrix.rows
        said = ", ".join(f"{mark} {meaning}" for mark, meaning in MARKS.items())
    if not shown:
        return f"{title}\n\n{contributions}\n\n{said}"
    rows = [[f"`{row.variant}`", *row.marks] for row in shown]
    table = _table(["variant", *(f"`{id}`" for id in checks)], rows, "l" + "c" * len(checks))
    return f"{title}\n\n{contributions}\n\n{said}\n\n{table}"


def _wrapped(text):
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def _table(head, rows, alignment):
    """A Markdown table; alignment: a letter l, c or r for each column."""
    rules = {"l": "---", "c": ":-:", "r": "--:"}
    lines = [head, [rules[letter] for letter in alignment], *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
