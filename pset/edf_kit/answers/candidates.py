"""What in a notebook could be the answer to an exercise: all definitions of an op's or function's name.

A stub raises NotImplementedError("exercise 'ID': NAME is still to be written"). A definition is blank while none
of its stubs is written.
"""

import ast
import dataclasses

from edf_kit.answers.bindings import Namespace
from edf_kit.answers.names import DEFINITIONS, FUNCTIONS
from edf_kit.answers.notebook import CellError, parse, unify_newlines

MAX_DEFINITIONS = 100  # of one name, in one notebook
STILL = "is still to be written"
FUNCTION_ITSELF = ""


@dataclasses.dataclass(eq=False)
class Candidate:
    """One way in which a notebook defines `name`.

    parts: bindings, in order; the last definition and what changes it later. cell: where it is. strength: 1 for
    a definition, 0 for what a call or another expression made. keeps_base: it changes or extends what edf.py
    has. blank: dotted names of the stubs that are still to be written; is_blank: none is written.
    """

    name: str
    namespace: Namespace
    parts: list
    cell: object
    strength: int = 1
    keeps_base: bool = False
    blank: tuple = ()
    is_blank: bool = False

    @property
    def source(self):
        """The text of all its parts."""
        return "\n\n\n".join(part.text for part in self.parts)

    @property
    def is_own_cell(self):
        """True if it, or what it extends, stands in the cell that was handed out for it."""
        return any(self.name in written_names(part.cell.grade_id) for part in self.parts)

    @property
    def place(self):
        """Where it is, for people."""
        return f"{self.namespace.notebook}, cell {self.cell.number}"


def written_names(grade_id):
    """The names that a cell was handed out to define: those of its grade_id, "write-init_momentum-momentum"."""
    return grade_id.removeprefix("write-").split("-") if grade_id and grade_id.startswith("write-") else []


def is_blank(definition, skeleton=None):
    """True if none of a definition's stubs is written. definition, skeleton: source text or syntax tree.

    The skeleton's edf.py tells which functions of it are the stubs; without it, those that are still blank.
    Raises CellError.
    """
    tree = parse(unify_newlines(definition)) if isinstance(definition, str) else definition
    node = tree.body[0] if isinstance(tree, ast.Module) else tree
    stubs = stub_functions(skeleton).get(node.name, set()) if skeleton is not None else set()
    return _judge(_functions(node), stubs, False)[1]


def stub_functions(skeleton, stubs=()):
    """{top-level name: names of its methods, or "" for the function itself} of all stubs.

    skeleton: text or tree of an edf.py, whose blank functions are stubs. stubs: more of them, by dotted name.
    """
    tree = parse(unify_newlines(skeleton)) if isinstance(skeleton, str) else skeleton
    found = {}
    for node in tree.body:
        if isinstance(node, DEFINITIONS):
            for name, function in _functions(node).items():
                if _is_still_to_be_written(function):
                    found.setdefault(node.name, set()).add(name)
    for stub in stubs:
        top, _, own = stub.partition(".")
        # A bare "conv2" says that it holds stubs, not which.
        if own or not isinstance(_definition(tree, top), ast.ClassDef):
            found.setdefault(top, set()).add(own)
    return found


def find_candidates(namespace, name, stubs):
    """All candidates for `name` in a notebook, in order. stubs: names of its stub functions. Raises CellError."""
    found = [*_defined(namespace, name), *_installed(namespace, name)]
    if not found and (changes := namespace.changes_of(name)):
        found = [Candidate(name, namespace, changes, changes[-1].cell, keeps_base=True)]
    for candidate in found:
        functions = _candidate_functions(candidate)
        blank, candidate.is_blank = _judge(functions, stubs, candidate.keeps_base)
        candidate.blank = tuple(f"{name}.{own}" if own else name for own in sorted(blank))
    return sorted(found, key=lambda candidate: candidate.parts[-1].order)


def _defined(namespace, name):
    """Candidates of the form `class add`, with the class that it extends and what changes it later."""
    found = []
    definitions = [b for b in namespace.bindings_of(name) if b.defines(name)]
    if len(definitions) > MAX_DEFINITIONS:
        raise CellError(1, f"it is defined more than {MAX_DEFINITIONS} times")
    for i, binding in enumerate(definitions):
        end = definitions[i + 1].order if i + 1 < len(definitions) else float("inf")
        changes = [change for change in namespace.changes_of(name) if binding.order < change.order < end]
        base, keeps_base = [], False
        if any(_means(reference, name) for reference in binding.references if reference.immediate):
            base, keeps_base = (found[-1].parts, found[-1].keeps_base) if found else ([], True)
        parts = [*base, binding, *changes]
        found.append(Candidate(name, namespace, parts, binding.cell, keeps_base=keeps_base))
    return found


def _installed(namespace, name):
    """Candidates of the form `edf.add = my_add`."""
    for install in namespace.installs_of(name):
        if not isinstance(install.node, ast.Assign):
            continue
        value = install.node.value
        bound = namespace.last(value.id, install, immediate=True) if isinstance(value, ast.Name) else None
        if bound is not None and bound.kind == "edf":
            continue
        if isinstance(value, ast.Name) and value.id == name:
            # `edf.add = add`: the definition itself is a candidate; what an expression made is one only here.
            if bound is not None and bound.kind == "assignment" and not _mentions(bound, name):
                yield Candidate(name, namespace, [bound], bound.cell, strength=_strength(bound.node.value))
            continue
        text = ast.get_source_segment(install.text, value)
        part = namespace.synthetic(
            install, f"{name} = " + (text if isinstance(value, ast.Name) else f"({text})")
        )
        if bound is not None and bound.kind == "definition":
            extends = any(_means(reference, name) for reference in bound.references if reference.immediate)
            yield Candidate(name, namespace, [part], install.cell, keeps_base=extends)
        elif not _mentions(part, name) and not (
            bound and bound.kind == "assignment" and _mentions(bound, name)
        ):
            yield Candidate(name, namespace, [part], install.cell, strength=_strength(value))


def _strength(value):
    return 1 if isinstance(value, ast.Lambda) else 0


def _means(reference, name):
    """True if a reference is to `name` or to `edf.name`."""
    return reference.loads and (
        reference.name == name or (reference.name == "edf" and reference.attribute == name)
    )


def _mentions(binding, name):
    return any(_means(reference, name) for reference in binding.references)


def _candidate_functions(candidate):
    """Its functions by name; None stands for one that is written in some other way."""
    functions = {}
    for part in candidate.parts:
        if part.kind == "change":
            functions.update(_changed(part, candidate.namespace))
        elif part.kind == "assignment":
            functions.update(_aliased(part, candidate.namespace))
        else:
            inside = [
                n for n in ast.walk(part.node) if isinstance(n, DEFINITIONS) and n.name == candidate.name
            ]
            functions.update(_functions(inside[0]))
    return functions


def _changed(change, namespace):
    """{method: its definition} of `add.forward = forward`."""
    if not isinstance(change.node, ast.Assign):
        return {}
    target, value = change.node.targets[0], change.node.value
    bound = namespace.last(value.id, change, immediate=True) if isinstance(value, ast.Name) else None
    is_function = bound is not None and isinstance(bound.node, FUNCTIONS)
    return {target.attr: bound.node if is_function else None} if isinstance(target, ast.Attribute) else {}


def _aliased(part, namespace):
    """The functions of my_add in `add = my_add`."""
    value = part.node.value
    bound = namespace.last(value.id, part, immediate=True) if isinstance(value, ast.Name) else None
    if bound is not None and bound.kind == "definition":
        return _functions(bound.node)
    return {FUNCTION_ITSELF: None}


def _functions(node):
    """{method: definition} of a class, {"": definition} of a function."""
    if not isinstance(node, ast.ClassDef):
        return {FUNCTION_ITSELF: node}
    found = {}
    for part in node.body:
        if isinstance(part, FUNCTIONS):
            found[part.name] = part
        elif isinstance(part, ast.Assign):
            found.update({target.id: None for target in part.targets if isinstance(target, ast.Name)})
    return found


def _judge(functions, stubs, keeps_base):
    """(names of the stubs that are still to be written, True if none is written)."""
    blank = {name for name, node in functions.items() if _is_still_to_be_written(node)}
    stubs = stubs or blank | {name for name in functions if not name.startswith("__") and name != "backward"}
    if keeps_base:
        blank |= stubs - functions.keys()
    blank &= stubs
    written = (stubs & functions.keys()) - blank
    return blank, bool(blank) and not written


def _is_still_to_be_written(node):
    """True of a function that only raises the skeleton's NotImplementedError."""
    if not isinstance(node, FUNCTIONS):
        return False
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    if len(body) != 1 or not isinstance(body[0], ast.Raise) or not isinstance(body[0].exc, ast.Call):
        return False
    call = body[0].exc
    if not (isinstance(call.func, ast.Name) and call.func.id == "NotImplementedError" and call.args):
        return False
    message = call.args[0].value if isinstance(call.args[0], ast.Constant) else None
    return isinstance(message, str) and message.endswith(STILL)


def _definition(tree, name):
    return next((n for n in tree.body if isinstance(n, DEFINITIONS) and n.name == name), None)
