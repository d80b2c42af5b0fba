"""What an edf.py has otherwise than the reference."""

import ast
import functools
import textwrap

from autograder.paths import SOLUTION


@functools.lru_cache(1000)
def changed(source):
    """Dotted names of the reference's definitions ("add", "add.forward") that `source`, a text, has otherwise or not.

    Comments and layout do not count.
    """
    theirs = _definitions(source)
    return frozenset(name for name, ours in _reference().items() if not _is_same(ours, theirs.get(name)))


def changed_names(source):
    """Those of them at the top level."""
    return {name for name in changed(source) if "." not in name}


@functools.cache
def _reference():
    """The reference's definitions: {dotted name: (its text, its text as `ast.unparse` writes it, its tree)}."""
    return {
        name: (text, ast.unparse(node), ast.dump(node))
        for name, (text, node) in _definitions(SOLUTION.read_text(encoding="utf-8")).items()
    }


def _is_same(ours, theirs):
    """Whether a definition is the reference's. The texts mostly tell; trees take longer."""
    if theirs is None:
        return False
    text, node = theirs
    return text in ours[:2] or ast.dump(node) == ours[2]


def _definitions(source):
    """{dotted name: (text, node)} of all classes and functions at the top level, and of methods."""
    lines, found = source.splitlines(), {}

    def add(name, node):
        found[name] = textwrap.dedent("\n".join(lines[node.lineno - 1 : node.end_lineno])), node

    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            add(node.name, node)
        if isinstance(node, ast.ClassDef):
            for method in node.body:
                if isinstance(method, ast.FunctionDef):
                    add(f"{node.name}.{method.name}", method)
    return found
