"""Variants of the reference: plausible mistakes, and other ways to be right.

The wrong ones serve the diagnosis (a student's result is compared with theirs) and both serve `make
validate`, which grades the grader. Each is the reference with a change, given as text edits or as code.
"""

import ast
import dataclasses
import functools
import types

from autograder.paths import SOLUTION
from autograder.student import Edf, local_request


class VariantError(Exception):
    """A variant can't be made: its edits do not fit the reference."""


@dataclasses.dataclass(frozen=True)
class Variant:
    """One variant of the reference.

    exercise: id of its exercise. tag: its name, unique in the exercise. what: for a wrong one, what
    completes "this is what you get when …"; for a right one, a few words on the way it takes. edits: pairs
    (old, new), each old found exactly once in the definitions named by `of`. code: definitions that are
    put in place of the reference's: functions and imports as they are, of a class just the methods that
    stand there. of: top-level names of edf.py.
    """

    exercise: str
    tag: str
    what: str
    edits: tuple
    code: str
    of: tuple

    @functools.cached_property
    def source(self):
        """The text of the edf.py with this change. Raises VariantError."""
        source = SOLUTION.read_text(encoding="utf-8")
        for old, new in self.edits:
            source = _edited(source, self.of, old, new, f"{self.exercise}/{self.tag}")
        return _merged(source, self.code) if self.code else source

    def request(self):
        """A function (instructions, arrays) → results on a module of its own, here in this process."""
        module = types.ModuleType("edf")
        exec(compile(self.source, f"{self.exercise}/{self.tag}", "exec"), module.__dict__)
        return local_request(module)

    def edf(self):
        """An `Edf` on it."""
        return Edf(self.request())


@dataclasses.dataclass(frozen=True)
class Wrong(Variant):
    """A plausible mistake. gives_away: id of the check that it must fail. hints: two sentences, first the
    property that does not hold, then the place to look at; never the code."""

    gives_away: str
    hints: tuple


@dataclasses.dataclass(frozen=True)
class Right(Variant):
    """An honest way. without: ids of exercises that it does not attempt (conv2 without `stride`, say). slow: whether
    it has Python do what numpy should: it loses the points for efficiency, and no others."""

    without: tuple
    slow: bool = False


def _edited(source, names, old, new, whose):
    """`source` with `old` replaced by `new` where it stands, once, in the definitions of these names."""
    texts = [text for name, text in _definition_texts(source) if name in names]
    if (count := sum(text.count(old) for text in texts)) != 1:
        raise VariantError(f"{whose}: {old!r} is found {count} times in {', '.join(names)}, not once")
    text = next(text for text in texts if old in text)
    return source.replace(text, text.replace(old, new))


@functools.lru_cache(8)  # mostly it is the reference, again and again
def _definition_texts(source):
    """(name, text) of each class and function at the top level."""
    lines = source.splitlines()
    nodes = [node for node in ast.parse(source).body if hasattr(node, "name")]
    return [(node.name, "\n".join(lines[node.lineno - 1 : node.end_lineno])) for node in nodes]


def _merged(source, code):
    """The text of a module with the definitions in `code` in place of those of the same name."""
    tree = ast.parse(source)
    places = {node.name: i for i, node in enumerate(tree.body) if hasattr(node, "name")}
    first = next(i for i, node in enumerate(tree.body) if hasattr(node, "name"))
    added = []
    for node in ast.parse(code).body:
        here = places.get(getattr(node, "name", None))
        if here is None:
            added.append(node)
        elif isinstance(node, ast.ClassDef) and not node.bases:
            own = {method.name for method in node.body if hasattr(method, "name")}
            kept = [m for m in tree.body[here].body if getattr(m, "name", None) not in own]
            tree.body[here].body = kept + node.body
        else:
            tree.body[here] = node
    tree.body[first:first] = added
    return ast.unparse(ast.fix_missing_locations(tree))
