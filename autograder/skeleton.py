"""Makes the students' edf.py from the reference, and the reference with nbgrader's marks, from one list of stubs."""

import ast
import io
import textwrap
import tokenize

from autograder.errors import Refusal
from autograder.paths import SOLUTION

INDENT = "    "
RAISE = "raise NotImplementedError"
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"  # nbgrader's marks


class SkeletonError(Refusal):
    """An exercise names a stub that the reference does not have."""


def make_skeleton(stubs, source=None):
    """The text of the students' edf.py.

    stubs: dotted name in edf.py ("add.forward", "momentum") → id of its exercise. Each keeps its signature
    and docstring and raises NotImplementedError. source: text of the reference, by default that of
    solutions/edf.py. Names that start with an underscore are helpers of the code that calls them: they
    stay if some given code does. Raises SkeletonError.
    """
    return _replace(_solutions(stubs, source), lambda _, stub_line: [stub_line] if stub_line else [])


def mark_solutions(stubs, source=None):
    """The text of the reference with nbgrader's marks around each part that `make_skeleton` takes out.

    The mark that begins a part ends in the message of its stub. Arguments and errors as there.
    """

    def mark(part, stub_line):
        first = stub_line or next(filter(str.strip, part))
        indent = first[: len(first) - len(first.lstrip())]
        return [f"{indent}{BEGIN} {stub_message(stub_line)}".rstrip(), *part, f"{indent}{END}"]

    return _replace(_solutions(stubs, source), mark)


def stub_message(text):
    """The message in a stub's line; an empty text in any other."""
    return text.partition(f'{RAISE}("')[2].rpartition('")')[0] if text else ""


def definition_texts(text, names):
    """The parts of a module's text that define these top-level names, in its order, with their comments."""
    lines, body = text.splitlines(), ast.parse(text).body
    ends = [_first_line(node, lines) - 1 for node in body[1:]] + [len(lines)]
    return {
        name: "\n".join(lines[_first_line(node, lines) - 1 : end]).strip("\n")
        for node, end in zip(body, ends)
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Assign)
        for name in _bound_names(node)
        if name in names
    }


def _solutions(stubs, source):
    """(lines of the reference, [(start, end, stub line or None)]): what a skeleton leaves out, in order."""
    source = SOLUTION.read_text(encoding="utf-8") if source is None else source
    tree = ast.parse(source)
    definitions = dict(_definitions(tree))
    if unknown := sorted(stubs.keys() - definitions.keys()):
        raise SkeletonError(f"{unknown[0]} is a stub of {stubs[unknown[0]]}, but not in the reference")
    lines = source.splitlines()
    parts = []
    for name, node in sorted(definitions.items(), key=lambda item: item[1].lineno):
        if name in stubs:
            # Comments above the first statement are part of the solution: they go too.
            start = (
                node.body[0].end_lineno
                if ast.get_docstring(node) is not None
                else _signature_end(node, lines)
            )
            parts.append((start, node.end_lineno, _stub_line(name, stubs[name], node.col_offset)))
        elif _is_helper(name) and not _is_used(name, definitions, stubs):
            start = _first_line(node, lines) - 1
            if parts and parts[-1][1] == start:  # one part with the solution that it follows
                start, _, stub_line = parts.pop()
                parts.append((start, node.end_lineno, stub_line))
            else:
                parts.append((start, node.end_lineno, None))
    return lines, parts


def _replace(solutions, replacement):
    lines, parts = solutions
    # From the end to the start, so that the line numbers before it stay valid.
    for start, end, stub_line in reversed(parts):
        lines[start:end] = replacement(lines[start:end], stub_line)
    return "\n".join(lines).rstrip() + "\n"


def given_source(skeleton, stubs):
    """Of a skeleton's text, the top-level definitions that hold no stub: what students received solved."""
    owned = {name.partition(".")[0] for name in stubs}
    given = [
        statement
        for statement in ast.parse(skeleton).body
        if isinstance(statement, ast.FunctionDef | ast.ClassDef | ast.Assign)
        and not owned & set(_bound_names(statement))
    ]
    return "\n".join(ast.unparse(statement) for statement in given)


def _bound_names(statement):
    if isinstance(statement, ast.Assign):
        return [target.id for target in statement.targets]
    return [statement.name]


def _definitions(tree):
    """Every function, and every method of every class, with its dotted name."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            for method in node.body:
                if isinstance(method, ast.FunctionDef):
                    yield f"{node.name}.{method.name}", method


def _signature_end(node, lines):
    """The number of the line on which a function's signature ends: that of the colon outside all brackets."""
    text = textwrap.dedent("\n".join(lines[node.lineno - 1 : node.end_lineno]))
    depth = 0
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        depth += (token.string in tuple("([{")) - (token.string in tuple(")]}"))
        if token.string == ":" and not depth:
            return node.lineno - 1 + token.start[0]


def _stub_line(name, exercise, indent):
    text = f"exercise '{exercise}': {name} is still to be written"
    return " " * indent + INDENT + f'{RAISE}("{text}")'


def _is_helper(name):
    own = name.rpartition(".")[2]
    return own.startswith("_") and not own.startswith("__")


def _is_used(helper, definitions, stubs, seen=()):
    """True if given code, directly or through other helpers, calls `helper`."""
    own = helper.rpartition(".")[2]
    seen = (*seen, helper)
    for name, node in definitions.items():
        mentions = any(
            own in (getattr(part, "attr", None), getattr(part, "id", None)) for part in ast.walk(node)
        )
        if mentions and name not in stubs and name not in seen:
            if not _is_helper(name) or _is_used(name, definitions, stubs, seen):
                return True
    return False


def _first_line(node, lines):
    """Where a definition starts, with the blank lines before it."""
    line = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
    while line > 1 and not lines[line - 2].strip():
        line -= 1
    return line
