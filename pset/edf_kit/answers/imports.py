"""What a student's edf.py imports, and what the grader may not have of it."""

import ast
import sys

from edf_kit.answers.notebook import CellError, parse

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
            file = folder / f"{name}.py"
            if file.is_file():
                remarks.append(f"It imports {name}: {file.name} is a file of yours; hand it in too.")
                waiting.append(file.read_text(encoding="utf-8-sig", errors="replace"))
            else:
                remarks.append(f"It imports {name}, which the grader may not have: the grader has {has}.")
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
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'":
            pending += node.orelse[::-1]
        else:
            pending += list(ast.iter_child_nodes(node))[::-1]
    return names
