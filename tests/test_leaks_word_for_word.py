"""Any two statements in a row of a solution are found in a text, as they stand, commented out or not."""

import ast

import pytest

from autograder.paths import SOLUTION
from autograder.release.leaks import known_secrets

SOURCE = SOLUTION.read_text(encoding="utf-8")
# Of the given code too; or anybody's: too short to be told from chance, even with the very same names.
NOT_TOLD = {
    "if self.x in ops or self.x in params:\nself.x.grad = self.x.grad + self.grad",
    "ops.clear()\nvalues.clear()",
    "class eager_op(op):\ndef __init__(self, *args, **kwargs):",
    "def __init__(self, *args, **kwargs):\nsuper().__init__(*args, **kwargs)",
    "super().__init__(*args, **kwargs)\nself.forward()",
    "self.forward()\neager_op.__name__ = op.__name__",
    "eager_op.__name__ = op.__name__\nreturn eager_op",
}


def statements(body):
    """The statements below a function, a compound one as its header, without comments or docstrings."""
    for statement in body:
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            continue
        yield ast.unparse(statement).splitlines()[0]
        yield from statements(getattr(statement, "body", []))


def pairs(stubs):
    for node in ast.walk(ast.parse(SOURCE)):
        for function in getattr(node, "body", []) if isinstance(node, ast.ClassDef | ast.Module) else []:
            owner = f"{node.name}." if isinstance(node, ast.ClassDef) else ""
            if isinstance(function, ast.FunctionDef) and owner + function.name in stubs:
                lines = list(statements(function.body))
                yield from (f"{a}\n{b}" for a, b in zip(lines, lines[1:]))


@pytest.fixture(scope="module")
def secrets(assignment):
    return known_secrets(assignment)


@pytest.mark.parametrize("mark", ["", "# "])
def test_two_statements_are_enough(secrets, assignment, mark):
    told = {
        pair: bool(secrets.runs.find("".join(f"{mark}{line}\n" for line in pair.splitlines())))
        for pair in pairs(assignment.stubs)
    }
    assert len(told) > 20
    assert {pair for pair, found in told.items() if not found} == NOT_TOLD
