"""Puts answers from notebooks into an edf.py, so that they mean there what they meant in the notebook.

In a notebook cell `max` is Python's builtin and `edf` a module; inside edf.py `max` is the operation, and other
names are edf's own. So builtins that edf shadows become `builtins.max`, a helper or import whose name is edf's or
taken already gets another name, and `edf` itself is a name for the module.
"""

import ast
import dataclasses

from edf_kit.answers.bindings import BUILTINS, FUTURE
from edf_kit.answers.names import DEFINITIONS, alias_name, bound_names
from edf_kit.answers.notebook import CellError, NotebookError, parse, unify_newlines
from edf_kit.answers.rewrite import rewrite

# An object that has what this module has, whatever way the module was loaded.
EDF = [
    "# What the notebooks call edf: this module.",
    'edf = type("edf", (), {})()',
    "edf.__dict__ = globals()",
]


def assemble(skeleton, taken):
    """The text of an edf.py: the skeleton with each taken answer in the place of its definition.

    skeleton: text of an edf.py. taken: a Taken. Raises NotebookError if the skeleton or the result is no Python.
    """
    try:
        return _assemble(skeleton, taken)
    except (RecursionError, MemoryError):
        raise NotebookError("too large", "The notebooks hold code nested too deeply to be read.") from None


def _assemble(skeleton, taken):
    module = Module(skeleton)
    blocks = Blocks(module, taken)
    items = module.items(taken.answers)
    heads = sum(item.is_head for item in items)
    lines = []
    for item in in_order(items[heads:], blocks.needs):
        lines += item.lines
        if item.answer:
            lines += blocks.block(item.answer).split("\n")
    head = [line for item in items[:heads] for line in item.lines]
    head += blocks.futures() + ["", *prelude] if (prelude := blocks.prelude()) else blocks.futures()
    text = "\n".join(head + lines).rstrip() + "\n"
    try:
        parse(text)
    except CellError as error:
        raise NotebookError("not assembled", f"The answers make no valid edf.py: {error.message}.") from None
    return text


@dataclasses.dataclass
class Item:
    """A part of an edf.py: lines of text, then the block of an answer, if any; together they bind `names`."""

    lines: list
    names: tuple
    is_head: bool = False
    answer: object = None


class Module:
    """The text of an edf.py. names: what its top level binds."""

    def __init__(self, text):
        """Raises NotebookError if it is not valid Python."""
        text = unify_newlines(text)
        try:
            self.tree = parse(text)
        except CellError as error:
            where = f"line {error.line}: {error.message}"
            raise NotebookError("broken edf.py", f"edf.py is not valid Python: {where}.") from None
        self.lines = text.rstrip("\n").split("\n")
        self.names = dict.fromkeys(name for statement in self.tree.body for name in bound_names(statement))
        self._same = {(name, source) for s in self.tree.body for name, source in _sources(s)}

    def has(self, binding):
        """True if the module itself binds that name to the same code."""
        if binding.kind not in ("import", "definition"):
            return False
        return any((name, source) in self._same for name, source in _sources(binding.node))

    def items(self, answers):
        """The module in parts, with the answers in their places: those that it does not bind come last."""
        items, at = [], 0
        last = {name: statement for statement in self.tree.body for name in bound_names(statement)}
        for statement in self.tree.body:
            start, end = first_line(statement) - 1, statement.end_lineno
            names = bound_names(statement)
            own = [answers[n] for n in names if n in answers and last[n] is statement]
            is_replaced = isinstance(statement, DEFINITIONS) and own and not own[0].keeps_base
            is_head = _is_head(statement, self.tree) and all(item.is_head for item in items)
            items.append(Item(self.lines[at : start if is_replaced else end], names, is_head))
            at = max(at, end)
            for i, answer in enumerate(own):
                if i or not is_replaced:
                    items.append(Item(["", ""], (answer.name,), answer=answer))
                else:
                    items[-1].answer = answer
        items += [Item(["", ""], (name,), answer=answers[name]) for name in answers if name not in last]
        return [*items, Item(self.lines[at:], ())]


class Blocks:
    """The text of each answer, with what it needs and no other answer has brought yet."""

    def __init__(self, module, taken):
        self.module, self.taken = module, taken
        self._emitted, self._outs, self._imports = set(), {}, {}
        self._taken = {binding for answer in taken.answers.values() for binding in answer.bindings}
        self._parts = {part: answer.name for answer in taken.answers.values() for part in answer.parts}
        self._own = module.names.keys() | taken.answers.keys()
        self._reserved = self._own | BUILTINS | {"edf", "builtins"}
        self._uses_edf = self._uses_builtins = False

    def block(self, answer):
        """The code of an answer. Raises NotebookError."""
        texts, place, was_long = [], None, False
        for binding in answer.bindings:
            if binding in self._emitted or self._parts.get(binding, answer.name) != answer.name:
                continue
            self._emitted.add(binding)
            text = self._text(binding, answer)
            if text is None:
                continue
            is_long = binding.kind == "definition"
            if texts:
                texts.append("\n\n\n" if is_long or was_long else "\n")
            if binding.place != place or binding in answer.parts[:1]:
                place = binding.place
                texts.append(f"# from {place}\n")
            texts.append(text)
            was_long = is_long
        return "".join(texts)

    def prelude(self):
        """Lines that the blocks made so far need before them."""
        stars = dict.fromkeys(star for answer in self.taken.answers.values() for star in answer.stars)
        return [*stars, *["import builtins"] * self._uses_builtins, *(EDF if self._uses_edf else [])]

    def futures(self):
        """Lines that must be the first after the docstring."""
        return list(dict.fromkeys(text for answer in self.taken.answers.values() for text in answer.futures))

    def needs(self, answer):
        """Names of edf that must be there before the answer's block runs."""
        found = set()
        for binding in answer.bindings:
            for reference, target in zip(binding.references, self.taken.targets[binding]):
                if reference.immediate and reference.loads:
                    found.add(target.name if target.kind == "edf" else reference.attribute)
        return found & self._own - {answer.name}

    def _text(self, binding, answer):
        """The binding's code as it stands in edf.py; None if that is there already."""
        if self.module.has(binding) and binding not in self._parts:
            return None
        targets = self.taken.targets[binding]
        renamed = [self._new_name(r, target) for r, target in zip(binding.references, targets)]
        try:
            text = rewrite(binding.text, renamed)
        except CellError as error:
            message = f"{answer.name} ({answer.place}) can't be taken: {error.message}."
            raise NotebookError("not assembled", message) from None
        if binding.kind == "import" and self._imports.setdefault(text, binding) is not binding:
            return None
        return text

    def _new_name(self, reference, target):
        """What stands for a name in edf.py, or None for the name itself."""
        new = reference.name
        if target.binding is not None:
            new = self._out(target.binding, target.name) if target.binding in self._taken else new
        elif target.kind == "module":
            new, self._uses_edf = "edf", True
        elif target.kind == "edf" and target.name != new:
            new, self._uses_edf = f"edf.{target.name}", True
        elif target.kind == "builtin" and new in self._own and reference.loads:
            new, self._uses_builtins = f"builtins.{new}", True
        return None if new == reference.name else new

    def _out(self, binding, name):
        """The name in edf.py of what a binding binds."""
        if (binding, name) not in self._outs:
            self._outs[binding, name] = self._choose_name(binding, name)
        return self._outs[binding, name]

    def _choose_name(self, binding, name):
        if self._parts.get(binding) == name or self.module.has(binding):
            return name
        if binding.kind == "import":
            if binding.text.startswith("import ") and "." in binding.text and " as " not in binding.text:
                return name  # scipy of `import scipy.signal` can't be called otherwise
            # The same import of another notebook is one with it.
            if same := next((b for b, n in self._outs if n == name and b.text == binding.text), None):
                return self._outs[same, name]
        if isinstance(binding.node, ast.AugAssign):
            before = [
                t.binding for t in self.taken.targets[binding] if t.name == name and t.binding is not None
            ]
            if before and before[0] is not binding:
                return self._out(before[0], name)
        chosen, count = name, 1
        while chosen in self._reserved:
            chosen = f"notebook_{name}" + (f"_{count}" if count > 1 else "")
            count += 1
        self._reserved.add(chosen)
        return chosen


def in_order(items, needs):
    """The items, an answer that needs names bound further down (to extend a class, say) after these."""
    waiting, ordered = [], []
    bound_later = {name for item in items for name in item.names}
    provided = set()

    def emit(item):
        ordered.append(item)
        provided.update(item.names)

    for item in items:
        missing = needs(item.answer) & bound_later - provided if item.answer else ()
        if missing:
            waiting.append(item)
            continue
        emit(item)
        while ready := [w for w in waiting if not needs(w.answer) & bound_later - provided]:
            waiting.remove(ready[0])
            emit(ready[0])
    return ordered + waiting


def first_line(statement):
    """The number of the first line of a statement, decorators included."""
    return min([statement.lineno, *(d.lineno for d in getattr(statement, "decorator_list", []))])


def _is_head(statement, tree):
    """True for the docstring and `from __future__ import …`, which nothing may come before."""
    if isinstance(statement, ast.ImportFrom):
        return statement.module == FUTURE
    return statement is tree.body[0] and ast.get_docstring(tree) is not None


def _sources(statement):
    """(name, what it is bound to) of an import's names, or of a definition."""
    if isinstance(statement, ast.Import | ast.ImportFrom):
        module = (getattr(statement, "level", 0), getattr(statement, "module", None))
        return [(alias_name(alias), (*module, alias.name, alias.asname)) for alias in statement.names]
    if isinstance(statement, DEFINITIONS):
        return [(statement.name, ast.dump(statement))]
    return []
