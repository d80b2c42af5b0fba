"""Where the parts of an assembled edf.py come from: for messages about code that was put together of several files."""

import re

from edf_kit.answers.assemble import first_line
from edf_kit.answers.choose import MODULE
from edf_kit.answers.notebook import CellError, parse, unify_newlines

PLACE = re.compile(r"# from (.+, cell \d+)$")


def definition_places(choice):
    """{name: "1_autograd.ipynb, cell 51", or "edf.py"} of the names that hold stubs: where they are to be written."""
    other = {"missing": MODULE, "unreadable": "its cell"}
    return {name: other.get(row.state, row.place) for name, row in choice.rows.items()}


def line_places(text, module):
    """{line: place} of the lines of an assembled edf.py.

    text: the assembled edf.py. module: the edf.py into which answers were put. What stands in there is of edf.py,
    with its line number there; the rest of the cell that the comment above it names.
    """
    text, module = unify_newlines(text), unify_newlines(module)
    lines, module_lines = text.split("\n"), module.split("\n")
    try:
        own = {_segment(node, module_lines): first_line(node) - 1 for node in parse(module).body}
        nodes = parse(text).body
    except CellError:
        return {}
    places, cell, at = {}, None, 0
    for node in nodes:
        start = first_line(node) - 1
        found = [match.group(1) for line in lines[at:start] if (match := PLACE.match(line))]
        cell, at = found[-1] if found else cell, node.end_lineno
        there = own.get(_segment(node, lines))
        for line in range(start, node.end_lineno):
            if there is not None and not found:
                places[line + 1] = f"line {line - start + there + 1} of {MODULE}"
            elif cell:
                places[line + 1] = cell
    return places


def _segment(node, lines):
    return "\n".join(lines[first_line(node) - 1 : node.end_lineno])
