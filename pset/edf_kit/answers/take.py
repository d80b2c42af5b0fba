"""Takes a student's answers from their notebooks, as text: each definition and what it needs. Runs nothing.

The grader, `use_answers` in a notebook, and preview all go by this file. Of several definitions of a name the
one with the fewest blank stubs is taken; among equals one in the cell that was handed out for it (nbgrader's
grade_id "write-NAME"), then the last. With it goes what its code names, recursively: imports, helpers,
constants. Loops, magics, checks and calls of edf belong to the notebook and stay there.
"""

import dataclasses
import re

from edf_kit.answers.bindings import Namespace, check_taken
from edf_kit.answers.candidates import find_candidates, stub_functions, written_names
from edf_kit.answers.names import bound_names
from edf_kit.answers.notebook import (
    CellError,
    NotebookError,
    is_python_2,
    parse,
    parse_cell,
    printable,
    read_cells,
    unify_newlines,
)

MAX_REMARKS = 100
MAX_BINDINGS = 500  # that one answer may need


@dataclasses.dataclass(eq=False)
class Answer:
    """A definition that is taken.

    name: in edf. notebook: its file name. cell: its number, from 1. grade_id: the cell's, or None. source: its
    text in the notebook. blank: dotted names of stubs in it that are still to be written. parts: the bindings
    that it consists of. bindings: these and all that they need, in an order in which they can be run.
    keeps_base: edf.py's own definition stays before it. futures: the `from __future__ import …` that hold for
    it. stars: the `from m import *` that it may need.
    """

    name: str
    notebook: str
    cell: int
    grade_id: str | None
    source: str
    blank: tuple
    parts: list
    bindings: list
    keeps_base: bool
    futures: list
    stars: list

    @property
    def place(self):
        """Where it is, for people."""
        return f"{self.notebook}, cell {self.cell}"


@dataclasses.dataclass
class Taken:
    """What was taken from notebooks.

    answers: name → Answer. blank: name → where its blank definition is. missing: names that no notebook
    defines. unreadable: name → a sentence, for those whose cell is not valid Python. broken: file name → the
    NotebookError of a notebook that could not be read while others could. remarks: sentences. targets: what
    each reference of each binding stands for.
    """

    answers: dict
    blank: dict
    missing: tuple
    unreadable: dict
    broken: dict
    remarks: list
    targets: dict

    def only(self, names):
        """The same with these answers alone."""
        return dataclasses.replace(self, answers={n: a for n, a in self.answers.items() if n in names})


def take_answers(notebooks, stubs, given):
    """The answers in notebooks: a Taken.

    notebooks: file name → bytes or text, in order. stubs: names of edf that hold stubs, dotted ("add.forward")
    or not ("add"). given: text of the skeleton, or of the edf.py beside the notebooks. Raises NotebookError if
    there is no notebook that can be read, or none has anything to do with the stubs.
    """
    try:
        return _Taking(stubs, given).take(notebooks)
    except (RecursionError, MemoryError):
        raise NotebookError("too large", "The notebooks hold code nested too deeply to be read.") from None


class _Taking:
    def __init__(self, stubs, given):
        try:
            tree = parse(unify_newlines(given))
        except CellError as error:
            raise NotebookError(
                "broken edf.py", f"edf.py is not valid Python: line {error.line}: {error.message}."
            ) from None
        self.stubs = dict.fromkeys(stub.partition(".")[0] for stub in stubs)
        self.functions = stub_functions(tree, stubs)
        self.edf_names = {
            name for statement in tree.body for name in bound_names(statement)
        } | self.stubs.keys()
        self.remarks, self.broken, self.bad_cells, self.targets = [], {}, [], {}

    def take(self, notebooks):
        namespaces, touched = [], False
        for name, data in notebooks.items():
            try:
                namespace, cells = self._read(data, printable(name))
            except NotebookError as error:
                self.broken[printable(name)] = error
                continue
            namespaces.append(namespace)
            touched = touched or any(written_names(cell.grade_id) for cell in cells)
        if self.broken and not namespaces:
            raise next(iter(self.broken.values()))
        unreadable = self._unreadable()
        candidates = {name: self._candidates(namespaces, name, unreadable) for name in self.stubs}
        if not (touched or unreadable or any(candidates.values())):
            names = " and ".join(printable(name) for name in notebooks) or "the notebook"
            raise NotebookError(
                "wrong notebook", f"{names} holds none of the exercises: is it the right one?"
            )
        return self._taken(namespaces, candidates, unreadable)

    def _read(self, data, name):
        cells, parsed = read_cells(data, name), []
        for cell in cells:
            if cell.kind == "code":
                try:
                    parsed.append((cell, *parse_cell(cell.source)))
                except CellError as error:
                    self.bad_cells.append((name, cell, error))
        return Namespace(name, parsed), cells

    def _unreadable(self):
        """{name: sentence} of the stubs whose cell can't be parsed."""
        found = {}
        for notebook, cell, error in self.bad_cells:
            defined = re.findall(
                r"^[ \t]*(?:class|def)[ \t]+(\w+)", unify_newlines(cell.source), re.MULTILINE
            )
            names = [n for n in dict.fromkeys([*written_names(cell.grade_id), *defined]) if n in self.stubs]
            for name in names:
                found[name] = _say_unreadable(notebook, cell, error, ", ".join(names))
        return found

    def _candidates(self, namespaces, name, unreadable):
        found = []
        for namespace in namespaces:
            try:
                found += find_candidates(namespace, name, self.functions.get(name, set()))
            except CellError as error:
                unreadable[name] = f"{namespace.notebook}: {name} can't be read: {error.message}."
        return found

    def _taken(self, namespaces, candidates, unreadable):
        answers, blank, missing = {}, {}, []
        for name, found in candidates.items():
            self._remark_empty_cell(namespaces, name, found)
            if written := [candidate for candidate in found if not candidate.is_blank]:
                best = self._best(name, written)
                try:
                    answers[name] = self._answer(best)
                except CellError as error:
                    unreadable[name] = f"{best.place} ({name}) can't be read: {error.message}."
            elif found and name not in unreadable:
                blank[name] = found[-1].place
            elif name not in unreadable:
                missing.append(name)
        for name in [name for name in unreadable if name in answers]:
            self._remark(f"{unreadable.pop(name)} {name} is taken from {answers[name].place}.")
        return Taken(answers, blank, tuple(missing), unreadable, self.broken, self.remarks, self.targets)

    def _best(self, name, written):
        order = {id(candidate): i for i, candidate in enumerate(written)}
        best = max(written, key=lambda c: (c.strength, -len(c.blank), c.is_own_cell, order[id(c)]))
        others = [
            c for c in written if c is not best and c.source != best.source and c.parts[0] not in best.parts
        ]
        if others:
            places = ", ".join(dict.fromkeys(c.place for c in others[:5]))
            why = "the last one"
            if any(len(c.blank) != len(best.blank) for c in others):
                why = "the one with the least left to write"
            elif best.is_own_cell and best is not written[-1]:
                why = "the cell that was handed out for it"
            self._remark(f"{name} is written more than once: {best.place} is taken, {why}, and not {places}.")
        return best

    def _remark_empty_cell(self, namespaces, name, found):
        if not found:
            for namespace in namespaces:
                for cell in namespace.cells:
                    if name in written_names(cell.grade_id):
                        where = f"{namespace.notebook}, cell {cell.number}"
                        self._remark(f"{where}, was handed out for {name}, but defines nothing of that name.")

    def _answer(self, best):
        closure = self._closure(best)
        last = best.parts[-1]
        is_open = any(target.kind == "unbound" for binding in closure for target in self.targets[binding])
        stars = best.namespace.stars() if is_open else []
        return Answer(
            best.name, best.namespace.notebook, best.cell.number, best.cell.grade_id, best.source, best.blank,
            best.parts, closure, best.keeps_base, best.namespace.futures(last), stars,
        )  # fmt: skip

    def _closure(self, best):
        """The parts of a candidate and all that they need, each after what it needs itself."""
        ordered, seen = [], set()
        for part in best.parts:
            # By hand, since helpers can call each other in a long row.
            stack = [] if part in seen else [(part, iter(self._needs(part, best)))]
            seen.add(part)
            while stack:
                binding, needs = stack[-1]
                need = next((n for n in needs if n not in seen), None)
                if need is not None:
                    seen.add(need)
                    stack.append((need, iter(self._needs(need, best))))
                    if len(seen) > MAX_BINDINGS:
                        raise CellError(1, "it needs too many other definitions")
                    continue
                stack.pop()
                ordered.append(binding)
                changes = [change for change in self._changes(binding, best) if change not in seen]
                seen.update(changes)
                stack += [(change, iter(self._needs(change, best))) for change in reversed(changes)]
        return ordered

    def _needs(self, binding, best):
        """The bindings that a binding's references stand for, in so far as they are taken."""
        space = best.namespace
        targets = tuple(space.target(r, binding, self.edf_names, self.stubs) for r in binding.references)
        self.targets[binding] = targets
        needs = []
        for reference, target in zip(binding.references, targets):
            uses = f"{best.name} ({best.place}) uses {printable(target.name, 60)}"
            if target.kind == "kit":
                self._remark(f"{uses} of edf_kit, which is not taken.")
            elif target.kind == "unbound" and not space.stars():
                self._remark(f"{uses}, which nothing defines.{self._hint(target.name)}")
            elif target.binding is not None and target.binding is not binding:
                if reason := self._refusal(target.binding, best):
                    self._remark(
                        f"{uses}, which is {reason} in cell {target.binding.cell.number}: it is not taken."
                    )
                    continue
                needs.append(target.binding)
                needs += _companions(target.binding, target.name, space)
        return needs

    def _hint(self, name):
        """Where a name that nothing defines may be defined: in a cell that could not be read."""
        for notebook, cell, error in self.bad_cells:
            if re.search(
                rf"^[ \t]*(?:(?:class|def|import)[ \t]+)?{re.escape(name)}\b", cell.source, re.MULTILINE
            ):
                return f" {_say_unreadable(notebook, cell, error, '')}"
        return ""

    def _refusal(self, binding, best):
        own_cell = binding.cell is best.cell or bool(written_names(binding.cell.grade_id))

        def owner_of(reference):
            target = best.namespace.target(reference, binding, self.edf_names, self.stubs)
            if target.kind in ("edf", "module"):
                return "edf"
            is_own = target.binding is not None and target.binding.kind in ("definition", "assignment")
            return "notebook" if is_own else None

        return check_taken(binding, own_cell, owner_of)

    def _changes(self, binding, best):
        """What changes a helper after it: `helper.calls = 0`, `table["a"] = 1`."""
        space = best.namespace
        return [
            change
            for name in binding.names
            if name not in self.stubs
            for change in space.changes_of(name)
            if space.last(name, change, immediate=True) is binding and not self._refusal(change, best)
        ]

    def _remark(self, sentence):
        if sentence not in self.remarks and len(self.remarks) < MAX_REMARKS:
            self.remarks.append(sentence)


def _companions(binding, name, space):
    """`import scipy.signal` and `import scipy.ndimage` bind one name together."""
    if not _is_dotted(binding):
        return []
    return [other for other in space.bindings_of(name) if _is_dotted(other)]


def _is_dotted(binding):
    return binding.kind == "import" and binding.text.startswith("import ") and "." in binding.text


def _say_unreadable(notebook, cell, error, names):
    where = f"{notebook}, cell {cell.number}" + (f" ({names})" if names else "")
    if is_python_2(cell.source, error.line):
        line = printable(unify_newlines(cell.source).split("\n")[error.line - 1].strip(), 60)
        return (
            f"{where}, is Python 2: line {error.line}: {line}. Choose a Python 3 kernel and write Python 3."
        )
    return f"{where}, is not valid Python: line {error.line}: {printable(error.message)}."
