"""Gives names in a piece of code another text, and makes sure that nothing else has changed.

Lines, comments and layout stay. What was written is parsed again and held against the tree that it should have;
should they differ (names inside f-strings have no reliable place before Python 3.12), the code is written anew
from that tree.
"""

import ast
import re

from edf_kit.answers.names import DEFINITIONS, global_references
from edf_kit.answers.notebook import CellError, parse, printable


def rewrite(text, renamed):
    """The code with other names.

    text: source of one statement. renamed: for each of its `global_references`, in their order, the text that
    takes the name's place (`a.b`: of a Load alone), or None. Raises CellError.
    """
    if not any(renamed):
        return text
    tree = parse(text)
    changes = [(r.node, r.name, new) for r, new in zip(global_references(tree), renamed) if new]
    lines = [line.encode() for line in text.split("\n")]
    places = [_place(lines, node, name) for node, name, _ in changes]
    wanted = _transformed(tree, changes)
    if None not in places:
        made = _replaced(
            lines, {place: _spelled(node, new) for place, (node, _, new) in zip(places, changes)}
        )
        try:
            if ast.dump(parse(made)) == ast.dump(wanted):
                return made
        except CellError:
            pass
    try:
        return ast.unparse(wanted)
    except (ValueError, RecursionError):
        raise CellError(1, f"{printable(changes[0][1], 60)} can't be told from edf's own") from None


def _replaced(lines, spots):
    """The text of lines of bytes, with new text at spots: (line, first byte, end) → text."""
    by_line = {}
    for (line, start, end), new in sorted(spots.items()):
        by_line.setdefault(line, []).append((start, end, new.encode()))
    made = list(lines)
    for line, changes in by_line.items():
        parts, at = [], 0
        for start, end, new in changes:
            parts += [lines[line][at:start], new]
            at = end
        made[line] = b"".join([*parts, lines[line][at:]])
    return b"\n".join(made).decode()


def _place(lines, node, name):
    """(line from 0, first byte, end) of the name in a node, or None."""
    line = node.lineno - 1
    if isinstance(node, ast.Name):
        place = line, node.col_offset, node.end_col_offset
        return place if lines[line][place[1] : place[2]] == name.encode() else None
    if isinstance(node, ast.alias):
        return line, node.col_offset, node.end_col_offset
    word = rb"(?:def|class)\s+" if isinstance(node, DEFINITIONS) else rb"global\b.*?\b"
    found = re.compile(word + rb"(" + re.escape(name.encode()) + rb")\b").search(lines[line], node.col_offset)
    return (line, *found.span(1)) if found else None


def _spelled(node, new):
    return f"{node.name} as {new}" if isinstance(node, ast.alias) else new


def _transformed(tree, changes):
    """The tree with the names changed."""
    expressions = {}
    for node, name, new in changes:
        if isinstance(node, ast.Name):
            owner, _, own = new.rpartition(".")
            expressions[id(node)] = (
                ast.Attribute(ast.Name(owner, ast.Load()), own, node.ctx)
                if owner
                else ast.Name(own, node.ctx)
            )
        elif isinstance(node, ast.alias):
            node.asname = new
        elif isinstance(node, ast.Global):
            node.names = [new if own == name else own for own in node.names]
        else:
            node.name = new

    class Replace(ast.NodeTransformer):
        def visit_Name(self, node):
            return expressions.get(id(node), node)

    return Replace().visit(tree)
