"""A notebook as a list of what its cells bind, in order: definitions, imports, constants.

Answers the question that taking an answer asks again and again: what does this name, at this place of the
notebook, stand for?
"""

import ast
import bisect
import builtins
import dataclasses
import functools

import numpy as np

from edf_kit.answers.names import DEFINITIONS, alias_name, bound_names, global_references
from edf_kit.answers.notebook import MAX_STATEMENTS, NotebookError, parse

BUILTINS = frozenset(vars(builtins)) | {"__name__", "__file__", "__doc__"}
FUTURE = "__future__"


@dataclasses.dataclass(eq=False)
class Binding:
    """A top-level statement of a cell, or one name of an import, that may be taken.

    kind: "definition", "assignment", "import", "block" (`if`, `try`), "loop" (`for`, `while`, `with`: never
    taken), "delete", "star" (`from m import *`), "edf" (something of edf under a name), "module" (edf itself),
    "kit" (something of edf_kit), "change" (`root.attribute = …`, `root[…] = …`), "install" (`edf.NAME = …`),
    "future". text: its source as it stands in the cell, without the indentation and comments around it. names:
    what it binds. order: its place in the notebook. origin: what of edf it is, whose name it installs, the root
    that it changes, or the module of a star.
    """

    notebook: str
    cell: object
    order: int
    kind: str
    text: str
    names: tuple
    origin: str | None = None

    @functools.cached_property
    def tree(self):
        """The syntax tree of `text` alone. Raises CellError."""
        return parse(self.text)

    @functools.cached_property
    def node(self):
        """The statement itself."""
        return self.tree.body[0]

    @functools.cached_property
    def references(self):
        """Its references to names of the module. Raises CellError."""
        return global_references(self.tree)

    def defines(self, name):
        """True if it holds a function or class of that name."""
        if self.kind == "definition":
            return name in self.names
        inside = ast.walk(self.node) if self.kind == "block" else ()
        return any(isinstance(node, DEFINITIONS) and node.name == name for node in inside)

    @property
    def place(self):
        """Where it is, for people."""
        return f"{self.notebook}, cell {self.cell.number}"


@dataclasses.dataclass(frozen=True)
class Target:
    """What a name stands for.

    kind: "binding", "edf" (a name of edf's own, `name`), "module" (edf itself), "builtin", "kit", "unbound",
    "refused" (it is bound by `binding`, which is not taken).
    """

    kind: str
    name: str
    binding: Binding | None = None


class Namespace:
    """All bindings of a notebook, in order."""

    def __init__(self, notebook, cells):
        """cells: (cell, text, tree) of each code cell that could be parsed. Raises NotebookError."""
        self.cells = [cell for cell, _, _ in cells]
        self.notebook, self.bindings, self._by_name, self._cell_ends = notebook, [], {}, {}
        self._stars, self._by_root = [], {}
        for cell, text, tree in cells:
            lines = [line.encode() for line in text.split("\n")]
            for statement in tree.body:
                for kind, source, names, origin in _read(statement, lines):
                    self._add(Binding(notebook, cell, len(self.bindings), kind, source, names, origin))
            self._cell_ends[cell.number] = len(self.bindings)

    def _add(self, binding):
        if len(self.bindings) >= MAX_STATEMENTS:
            message = f"{self.notebook} has more than {MAX_STATEMENTS:,} statements, too many to be read."
            raise NotebookError("too large", message)
        self.bindings.append(binding)
        for name in binding.names:
            self._by_name.setdefault(name, []).append(binding)
        if binding.kind == "star":
            self._stars.append(binding)
        elif binding.kind in ("change", "install"):
            self._by_root.setdefault((binding.kind, binding.origin), []).append(binding)

    def synthetic(self, binding, text):
        """A binding in the place of another, of other text: an assignment."""
        names = bound_names(parse(text).body[0])
        return Binding(self.notebook, binding.cell, binding.order, "assignment", text, names)

    def bindings_of(self, name):
        """All that bind or delete `name`, in order."""
        return self._by_name.get(name, [])

    def changes_of(self, root):
        """All that set attributes or elements of `root`, in order."""
        return self._by_root.get(("change", root), [])

    def installs_of(self, name):
        """All `edf.name = …`, in order."""
        return self._by_root.get(("install", name), [])

    def stars(self):
        """The text of all `from module import *` but those of edf, of ours and of numpy, whose names are known."""
        tops = [(star, star.origin.partition(".")[0]) for star in self._stars]
        return [star.text for star, top in tops if top not in ("edf", "edf_kit") and star.origin != "numpy"]

    def futures(self, binding):
        """Text of the `from __future__ import …` that hold for a binding."""
        return [b.text for b in self.bindings_of(FUTURE) if b.order < self._cell_ends[binding.cell.number]]

    def last(self, name, user, immediate):
        """The binding that `name` has where `user` looks it up, or None.

        At once: the last one before it. In a function, which is called later: the last one up to the end of
        the cell. If there is none, the last of the notebook: cells can be run out of order.
        """
        found = self.bindings_of(name)
        end = user.order if immediate else self._cell_ends[user.cell.number]
        before = bisect.bisect_left(found, end, key=lambda binding: binding.order)
        return self._resolved(found[:before], found[before:])

    @staticmethod
    def _resolved(before, after):
        if before:
            return before[-1] if before[-1].kind != "delete" else None
        return next((binding for binding in reversed(after) if binding.kind != "delete"), None)

    def target(self, reference, user, edf_names, answers):
        """What a reference of the binding `user` stands for.

        edf_names: what edf's own top level binds. answers: names that are edf's own whoever defines them.
        """
        name = reference.name
        if not reference.loads and name in user.names:
            # `x += 1` goes on with the x before it.
            before = self.last(name, user, immediate=True) if isinstance(user.node, ast.AugAssign) else None
            return Target("binding", name, before or user)
        binding = self.last(name, user, reference.immediate)
        if binding is None:
            return self._unbound(name, user, edf_names)
        if binding.kind == "edf":
            return Target("edf", binding.origin)
        if binding.kind in ("module", "kit"):
            return Target(binding.kind, name)
        if name in answers and (binding is user or binding.defines(name)):
            return Target("edf", name)
        return Target("refused" if binding.kind == "loop" else "binding", name, binding)

    def _unbound(self, name, user, edf_names):
        for star in reversed(
            [star for star in self._stars if star.order < self._cell_ends[user.cell.number]]
        ):
            if star.origin == "edf" and name in edf_names and not name.startswith("_"):
                return Target("edf", name)
            if star.origin == "numpy" and name in np.__all__:
                return Target("binding", name, self._numpy(name, star))
        if name == "edf":
            return Target("module", name)  # the import of it was deleted
        if name in BUILTINS:
            return Target("builtin", name)
        if name in edf_names:
            return Target("edf", name)
        return Target("unbound", name)

    def _numpy(self, name, star):
        binding = Binding(
            self.notebook, star.cell, star.order, "import", f"from numpy import {name}", (name,)
        )
        # From now on it is one binding, not a new one at each look-up.
        self._by_name.setdefault(name, []).append(binding)
        self._by_name[name].sort(key=lambda b: b.order)
        return binding


def _read(statement, lines):
    """(kind, text, names, origin) of each binding in a top-level statement."""
    if isinstance(statement, ast.Import | ast.ImportFrom):
        for alias in statement.names:
            yield _read_import(statement, alias)
        return
    kind, names, origin = _kind(statement)
    if kind:
        yield kind, _source(statement, lines), names, origin


def _kind(statement):
    """(kind, names, origin); the kind None is of statements that bind nothing."""
    if isinstance(statement, DEFINITIONS):
        return "definition", (statement.name,), None
    if isinstance(statement, ast.Assign | ast.AugAssign | ast.AnnAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        if isinstance(statement, ast.AnnAssign) and statement.value is None:
            return None, (), None
        for target in targets:
            if isinstance(target, ast.Attribute | ast.Subscript):
                return _kind_of_change(target)
        return "assignment", bound_names(statement), None
    if isinstance(statement, ast.Delete):
        names = tuple(target.id for target in statement.targets if isinstance(target, ast.Name))
        return "delete", names, None
    names = bound_names(statement)
    if not names:
        return None, (), None
    if isinstance(statement, ast.If | ast.Try | getattr(ast, "TryStar", ast.Try)):
        return "block", names, None
    return "loop", names, None


def _kind_of_change(target):
    """`edf.add = …` installs add; `edf.add.forward = …` and `add.forward = …` change add."""
    path = []
    while isinstance(target, ast.Attribute | ast.Subscript):
        path.append(target.attr if isinstance(target, ast.Attribute) else None)
        target = target.value
    if not isinstance(target, ast.Name):
        return None, (), None
    if target.id != "edf":
        return "change", (), target.id
    if path[-1] is None:
        return None, (), None
    return ("install" if len(path) == 1 else "change"), (), path[-1]


def _read_import(statement, alias):
    renamed = f" as {alias.asname}" if alias.asname else ""
    if isinstance(statement, ast.Import):
        text, name, top = f"import {alias.name}{renamed}", alias_name(alias), alias.name.partition(".")[0]
        if top in ("edf", "edf_kit"):
            return ("module" if alias.name == "edf" else "kit"), text, (name,), None
        return "import", text, (name,), None
    module = "." * statement.level + (statement.module or "")
    text = f"from {module} import {alias.name}{renamed}"
    if module == FUTURE:
        return "future", text, (FUTURE,), None
    if alias.name == "*":
        return "star", text, (), module
    name = alias_name(alias)
    if module == "edf":
        return "edf", text, (name,), alias.name
    return ("kit" if module.partition(".")[0] == "edf_kit" else "import"), text, (name,), None


def _source(statement, lines):
    """The source of a statement, with its decorators. lines: those of the cell, as bytes."""
    first = min([statement, *getattr(statement, "decorator_list", [])], key=lambda node: node.lineno)
    start_line, start = first.lineno - 1, first.col_offset
    if first is not statement:  # from its @, which may stand on another line
        start = lines[start_line].rfind(b"@", 0, start)
        while start < 0 and start_line:
            start_line -= 1
            start = lines[start_line].rfind(b"@")
    part = lines[start_line : statement.end_lineno]
    part[-1] = part[-1][: statement.end_col_offset]
    part[0] = part[0][max(start, 0) :]
    return b"\n".join(part).decode()


def check_taken(binding, own_cell, owner_of):
    """Why a binding that is needed is still not taken, in a few words; None if it is.

    Only what defines something is: a loop, or a call that would build a graph or train, belongs to the
    notebook. own_cell: it stands in the cell of an exercise. owner_of(reference): "edf", "notebook" or None.
    """
    if binding.kind == "loop":
        return "set in a loop or a with block"
    if binding.kind not in ("assignment", "block", "change"):
        return None
    references = {id(r.node): r for r in binding.references if r.immediate}
    pending = [binding.node]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.For | ast.While | ast.With | ast.AsyncFor | ast.AsyncWith | ast.Await):
            return "set in a loop or a with block"
        if isinstance(node, ast.Call):
            root = node.func
            while isinstance(root, ast.Attribute):
                root = root.value
            reference = references.get(id(root))
            reason = reference and _why_not_called(owner_of(reference), own_cell)
            if reason:
                return reason
        if isinstance(node, (*DEFINITIONS, ast.Lambda)):
            continue
        pending.extend(ast.iter_child_nodes(node))
    return None


def _why_not_called(owner, own_cell):
    if owner == "edf":
        return "the result of a call of edf"
    if owner == "notebook" and not own_cell:
        return "the result of a call of another cell's function"
    return None
