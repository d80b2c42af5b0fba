"""Tells in the terminal what the linter found and what a proof came to."""

from rich.markup import escape
from rich.table import Table

from autograder.validate.findings import WARNING
from autograder.validate.matrix import MARKS
from autograder.validate.summary import USELESS, minutes, named, remarks, summary

COLOURS = {"✗": "green", "!": "yellow", "–": "dim", "→": "cyan", "·": "dim"}


def print_findings(findings, console):
    """Print what the linter found, errors first."""
    for finding in sorted(findings, key=lambda finding: finding.level == WARNING):
        colour = "yellow" if finding.level == WARNING else "red"
        word = "warning" if finding.level == WARNING else "missing"
        console.print(f"[{colour}]{word}[/] {escape(finding.about)}: {escape(finding.sentence)}")
    errors = sum(finding.level != WARNING for finding in findings)
    console.print(f"linter: {errors} errors, {len(findings) - errors} warnings")


def print_proof(proof, console):
    """Print the matrices, what each check contributes, what was tried, and every fault in a sentence."""
    legend = "  ".join(f"[{COLOURS[mark]}]{mark}[/] {meaning}" for mark, meaning in MARKS.items())
    console.print(f"\nWhich check fails which variant: {legend}")
    for matrix in proof.matrices:
        _print_matrix(matrix, console)
    if said := remarks(proof):
        console.print(f"\n{USELESS}")
        for exercise, check, remark in said:
            console.print(f"  {exercise}, {check}: {remark}")
    console.print()
    for line in summary(proof):
        sign = "[green]✓[/]" if line.holds else "[red]✗[/]"
        console.print(f"{sign} {line.count:>4} {line.tried}: {line.came_out}")
    console.print(named(proof))
    for sentences in proof.faults.values():
        for sentence in sentences:
            console.print(f"[red]fault[/] {escape(sentence)}")
    parts = ", ".join(f"{part} {minutes(seconds)}" for part, seconds in proof.seconds.items())
    console.print(f"took {minutes(proof.elapsed)} in {proof.processes} processes ({parts} of one)")


def _print_matrix(matrix, console):
    """A table, its columns numbered; then what each of them is and does."""
    title = matrix.exercise.id + (", with the variants of what it builds on" if matrix.is_training else "")
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    table.add_column("")
    for place in range(len(matrix.exercise.checks)):
        table.add_column(str(place + 1), justify="center")
    for row in matrix.rows:
        if not matrix.is_training or not row.kills:
            table.add_row(escape(row.variant), *(f"[{COLOURS[mark]}]{mark}[/]" for mark in row.marks))
    console.print()
    console.print(table)
    for place, contribution in enumerate(matrix.contributions, start=1):
        console.print(
            f"  {place} {contribution.check} ({contribution.share:.0%} of the points): fails {contribution.fails}, "
            f"alone {contribution.alone}"
        )
