"""What is graded, where a student has notebooks and an edf.py: the rule, for the grader, preview and use_answers.

For each name that holds stubs: the one with fewer stubs left to write; if both have as many, the notebook's.
"""

import ast
import dataclasses

from edf_kit.answers.assemble import assemble
from edf_kit.answers.bindings import Namespace
from edf_kit.answers.candidates import find_candidates, stub_functions
from edf_kit.answers.names import DEFINITIONS, bound_names
from edf_kit.answers.notebook import Cell, CellError, NotebookError, parse, unify_newlines
from edf_kit.answers.take import Taken, take_answers

MODULE = "edf.py"


@dataclasses.dataclass(frozen=True)
class Row:
    """What became of a name. state: "taken", "blank", "missing" or "unreadable".

    place: where it was taken from, or is blank; for "unreadable", the sentence that says why. blank: dotted names
    of its stubs that are still to be written.
    """

    state: str
    place: str
    blank: tuple = ()


@dataclasses.dataclass(frozen=True)
class Choice:
    """What is graded. text: an edf.py. rows: name → Row, for all that hold stubs. remarks: sentences."""

    text: str
    rows: dict
    remarks: list


def choose(notebooks, module, stubs, given):
    """What is graded of a student's files: a Choice.

    notebooks: file name → bytes or text, may be empty. module: text of the student's edf.py, or None. stubs: names
    that hold stubs, dotted or not. given: text of the skeleton. Raises NotebookError if nothing can be read.
    """
    try:
        return _choose(notebooks, module, stubs, given)
    except (RecursionError, MemoryError):
        raise NotebookError("too large", "There is code nested too deeply to be read.") from None


def _choose(notebooks, module, stubs, given):
    remarks = []
    written = _Written(module, stubs, given) if module is not None else None
    if written is not None and written.error:
        if not notebooks:
            raise NotebookError("broken edf.py", written.error)
        remarks.append(f"{written.error} It is left out.")
        written = None
    try:
        taken = take_answers(notebooks, stubs, given) if notebooks else nothing_taken(stubs)
    except NotebookError as error:
        if written is None:
            raise
        remarks.append(error.message)
        taken = nothing_taken(stubs)
    remarks += [error.message for error in taken.broken.values()] + taken.remarks
    rows = {}
    for name in dict.fromkeys(stub.partition(".")[0] for stub in stubs):
        rows[name] = _row(name, taken, written, remarks)
    taken = taken.only([name for name, row in rows.items() if row.place != MODULE])
    return Choice(assemble(given if written is None else module, taken), rows, remarks)


def better_than(taken, module, stubs):
    """The names of those answers that go before what a module's text has for them."""
    written = _Written(module, stubs, module)
    return [name for name, answer in taken.answers.items() if not written.is_better(answer)]


def nothing_taken(stubs):
    """The Taken of no notebook."""
    return Taken({}, {}, tuple(dict.fromkeys(stub.partition(".")[0] for stub in stubs)), {}, {}, [], {})


def _row(name, taken, written, remarks):
    answer = taken.answers.get(name)
    if written is not None and written.has(name) and (answer is None or written.is_better(answer)):
        if answer is not None:
            remarks.append(f"{name}: that of {MODULE} is taken, since {answer.place} has more left to write.")
        elif name in taken.unreadable:
            remarks.append(f"{taken.unreadable[name]} {name} is taken from {MODULE}.")
        return Row("taken", MODULE, written.blank(name))
    if answer is not None:
        if written is not None and written.has(name) and not written.is_same(answer):
            remarks.append(
                f"{name} is written in {answer.place} and, otherwise, in {MODULE}: the notebook's is taken."
            )
        return Row("taken", answer.place, answer.blank)
    if name in taken.unreadable:
        return Row("unreadable", taken.unreadable[name])
    if name in taken.blank:
        return Row("blank", taken.blank[name])
    return Row("blank", MODULE) if written is not None and written.is_there(name) else Row("missing", "")


class _Written:
    """What a student wrote into an edf.py. error: a sentence, if it is not valid Python."""

    def __init__(self, text, stubs, given):
        text, self.error, self._found = unify_newlines(text), None, {}
        try:
            tree = parse(text, closely=True)
            functions = stub_functions(given, stubs)
            self._names = {name for statement in tree.body for name in bound_names(statement)}
            space = Namespace(MODULE, [(Cell(1, "code", text, None), text, tree)])
            for name in dict.fromkeys(stub.partition(".")[0] for stub in stubs):
                self._found[name] = find_candidates(space, name, functions.get(name, set()))[-1:]
        except CellError as error:
            self.error = f"{MODULE} is not valid Python: line {error.line}: {error.message}."
        except NotebookError as error:
            self.error = error.message

    def is_there(self, name):
        """True if it defines `name` at all."""
        return name in self._names

    def has(self, name):
        """True if `name` is written, at least in part."""
        return self.is_there(name) and not any(candidate.is_blank for candidate in self._found[name])

    def blank(self, name):
        """Dotted names of the stubs that are still to be written."""
        return self._found[name][0].blank if self._found[name] else ()

    def is_better(self, answer):
        """True if it has less left to write than an answer from a notebook."""
        return self.has(answer.name) and len(self.blank(answer.name)) < len(answer.blank)

    def is_same(self, answer):
        """True if it has the very code of an answer."""
        return [_code(p) for c in self._found[answer.name] for p in c.parts] == [
            _code(p) for p in answer.parts
        ]


def _code(binding):
    """A binding's code without comments, layout and docstrings."""
    tree = parse(binding.text)
    for node in ast.walk(tree):
        if isinstance(node, DEFINITIONS) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return ast.dump(tree)
