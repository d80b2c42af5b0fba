"""Puts the code that was given back into a student's edf.py.

Works on syntax trees, so that the student's own line numbers stay what they are in their file.
"""

import ast


def top_level_names(statement):
    """Names that a top-level statement binds: of a def, a class, an import or an assignment."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [statement.name]
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return [(alias.asname or alias.name).partition(".")[0] for alias in statement.names]
    if isinstance(statement, ast.Assign):
        return [target.id for target in statement.targets if isinstance(target, ast.Name)]
    if isinstance(statement, ast.AnnAssign | ast.AugAssign) and isinstance(statement.target, ast.Name):
        return [statement.target.id]
    return []


def patches(statement):
    """Names whose attributes a top-level assignment changes: Value in `Value.set = …`."""
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign | ast.AugAssign):
        targets = [statement.target]
    else:
        return []
    return [t.value.id for t in targets if isinstance(t, ast.Attribute) and isinstance(t.value, ast.Name)]


def same_code(a, b):
    """True if two statements differ at most in comments, layout and docstrings."""
    return ast.dump(_without_docstrings(a)) == ast.dump(_without_docstrings(b))


def _without_docstrings(statement):
    bare = ast.parse(ast.unparse(statement))
    for node in ast.walk(bare):
        body = getattr(node, "body", None)
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
            node.body = body[1:] or [ast.Pass()]
    return bare


def restore(student, given):
    """Put given definitions back into a student's module.

    `student`, `given`: source texts; every top-level definition and assignment of `given` is one that the
    students received. Returns (tree, changed): the student's module with each of them as it was given, and
    the names of those that the student had changed, removed or bound again, in the order of `given`.
    numpy is imported as np first, since the given code needs it. Raises SyntaxError.
    """
    tree = ast.parse(student, "edf.py")
    lines, given_lines = (text.encode().split(b"\n") for text in (student, given))
    changed = []
    missing = []
    for definition in ast.parse(given, "edf.py").body:
        for name in top_level_names(definition):
            bound = [s for s in tree.body if name in top_level_names(s)]
            patched = [s for s in tree.body if name in patches(s)]
            if len(bound) == 1 and not patched:
                # To compare trees takes as long as to parse them; most students change nothing.
                same_text = _text(bound[0], lines) == _text(definition, given_lines)
                if same_text or same_code(bound[0], definition):
                    continue
            changed.append(name)
            if bound:
                tree.body[tree.body.index(bound[0])] = definition
            else:
                missing.append(definition)
            tree.body = [s for s in tree.body if s not in bound and s not in patched]
    start = _after_docstring_and_future(tree)
    tree.body[start:start] = [*ast.parse("import numpy as np", "edf.py").body, *missing]
    return tree, changed


def _text(statement, lines):
    """A top-level statement as it is written, decorators and all; lines: of its source, as bytes."""
    first = min([statement, *getattr(statement, "decorator_list", [])], key=lambda node: node.lineno)
    text = lines[first.lineno - 1 : statement.end_lineno]
    text[-1] = text[-1][: statement.end_col_offset]
    text[0] = text[0][first.col_offset :]
    return text


def _after_docstring_and_future(tree):
    """Where a statement can be put in first: `from __future__` must stay at the top."""
    start = 1 if ast.get_docstring(tree) is not None else 0
    while start < len(tree.body):
        statement = tree.body[start]
        if not (isinstance(statement, ast.ImportFrom) and statement.module == "__future__"):
            break
        start += 1
    return start


def imported_modules(tree):
    """Dotted names of all modules that the code imports, anywhere in it, in alphabetical order."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            # `from scipy import signal` imports the module scipy.signal, if there is one.
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return sorted(found)
