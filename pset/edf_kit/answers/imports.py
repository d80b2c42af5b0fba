"""What a student's edf.py imports, and what the grader may not have of it."""

import ast
import sys

from edf_kit.answers.notebook import CellError, parse, printable

MAX_NAME = 60  # characters of a module's
ALWAYS = sys.stdlib_module_names | {"numpy", "edf"}


def import_remarks(text, folder, packages=None):
    """Sentences on the imports of an edf.py's text that are neither Python's own, nor numpy, nor of the packages.

    folder: where files of the student's own may lie; what these import counts, too. packages: names of those that
    the grader has, or None where a release does not say.
    """
    known, remarks = ALWAYS | set(packages or ()), []
    has = " and ".join(["numpy", *(["what your course allows"] if packages is None else packages)])
    waiting, seen = [text], set()
    while waiting:
        for name in _imported(waiting.pop(0)):
            if name in known or name in seen:
                continue
            seen.add(name)
            file, shown = folder / f"{name}.py", printable(name, MAX_NAME)
            if len(name) <= MAX_NAME and file.is_file():
                remarks.append(f"It imports {shown}: {file.name} is a file of yours; hand it in too.")
                waiting.append(file.read_text(encoding="utf-8-sig", errors="replace"))
            else:
                remarks.append(f"It imports {shown}, which the grader may not have: the grader has {has}.")
    return remarks


def _imported(text):
    """The top-level names of the modules that a text imports, in order, but for use as a script."""
    try:
        pending = parse(text).body[::-1]
    except CellError:
        return []
    names = []
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Import):
            names += [alias.name.partition(".")[0] for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.append(node.module.partition(".")[0])
        elif isinstance(node, ast.If) and _is_of_a_script(node.test):
            pending += node.orelse[::-1]
        else:
            pending += list(ast.iter_child_nodes(node))[::-1]
    return names


def _is_of_a_script(test):
    """True of `__name__ == "__main__"`."""
    match test:
        case ast.Compare(ast.Name("__name__"), [ast.Eq()], [ast.Constant("__main__")]):
            return True
    return False
