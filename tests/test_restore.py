"""The code that was given is put back into a student's file, and everything else stays as they wrote it."""

import ast

import pytest

from autograder.sandbox.inside.restore import imported_modules, restore

GIVEN = '''
ops = []


class Value:
    """A node."""

    def __init__(self):
        """Register it."""
        self.grad = None

    def set(self, value):
        self.top = np.float32(value).copy()


def topological(x):
    return [x]
'''
STUDENT = f"import numpy as np\n{GIVEN}\n\nclass add:\n    def forward(self):\n        return 1 + 1\n"


def restored(source, given=GIVEN):
    """(the module that the restored code makes, names that were changed)."""
    tree, changed = restore(source, given)
    module = {}
    exec(compile(tree, "edf.py", "exec"), module)
    return module, changed


def works(module):
    node = module["Value"]()
    node.set(2.0)
    return node.top == 2 and node.grad is None and module["topological"](1) == [1] and module["ops"] == []


def test_untouched_code_is_unchanged():
    module, changed = restored(STUDENT)
    assert changed == []
    assert works(module)


@pytest.mark.parametrize(
    "old, new",
    [
        ('    """A node."""\n', ""),
        ('        """Register it."""\n', '        """What I think it does."""\n'),
        ("    return [x]", "    # why?\n    return [ x ]"),
        ("ops = []", "ops = [  ]  # all of them"),
        ("\n\n\nclass Value", "\nclass Value"),
        ("ops = []", "é = 'é'; ops = []"),
        ("ops = []", "\x0cops = []  # on the next page"),
        ("    def set(self, value):\n", '    def set(self, value):\n        "Now documented."\n'),
    ],
)
def test_comments_layout_and_docstrings_may_differ(old, new):
    source = STUDENT.replace(old, new)
    assert source != STUDENT
    assert restored(source)[1] == []


@pytest.mark.parametrize(
    "old, new, name",
    [
        ("self.grad = None", "self.grad = 0", "Value"),
        ("return [x]", "return [x, x]", "topological"),
        ("def topological(x):", "def topological(x, y=None):", "topological"),
        ("def topological(x):", "async def topological(x):", "topological"),
        ("class Value:", "class Value(dict):", "Value"),
        ("class Value:", "@print\nclass Value:", "Value"),
        ("ops = []", "ops = [1]", "ops"),
        ("ops = []", "ops: list = [1]", "ops"),
        ("ops = []", "é = '''\nops = []\n'''; ops = [1]", "ops"),
    ],
)
def test_a_changed_definition_is_put_back_and_named(old, new, name):
    assert old in STUDENT
    module, changed = restored(STUDENT.replace(old, new, 1))
    assert changed == [name]
    assert works(module)


@pytest.mark.parametrize(
    "extra, name",
    [
        ("class Value:\n    pass\n", "Value"),
        ("def Value():\n    pass\n", "Value"),
        ("Value = dict\n", "Value"),
        ("Value = ops = 3\n", "ops"),
        ("from json import dumps as Value\n", "Value"),
        ("import json as topological\n", "topological"),
        ("topological = lambda x: []\n", "topological"),
        ("topological: object = None\n", "topological"),
        ("ops += [1]\n", "ops"),
        ("Value.set = lambda self, value: None\n", "Value"),
        ("Value.set: object = None\n", "Value"),
    ],
)
def test_a_name_that_is_bound_again_or_patched_is_put_back(extra, name):
    module, changed = restored(STUDENT + extra)
    assert name in changed
    assert works(module)


def test_a_removed_definition_is_put_back_first():
    module, changed = restored("class add:\n    parts = topological(3)\n")
    assert changed == ["ops", "Value", "topological"]
    assert module["add"].parts == [3]
    assert works(module)


def test_an_empty_file_gets_everything():
    module, changed = restored("")
    assert changed == ["ops", "Value", "topological"]
    assert works(module)


def test_the_names_are_listed_in_the_order_they_were_given():
    source = STUDENT.replace("return [x]", "return x").replace("ops = []", "ops = 0")
    assert restored(source)[1] == ["ops", "topological"]


def test_a_students_own_code_stays():
    helpers = "import math\n\n\ndef helper(x):\n    return math.floor(x)\n\n\nRATE = helper(2.5)\n"
    module, changed = restored(helpers + STUDENT.replace("return [x]", "return x"))
    assert module["RATE"] == 2
    assert module["add"]().forward() == 2
    assert changed == ["topological"]


def test_line_numbers_stay_those_of_the_students_file():
    source = STUDENT.replace("    return [x]", "    y = x\n\n    return [y]")
    tree, changed = restore(source, GIVEN)
    assert changed == ["topological"]
    (add,) = [s for s in tree.body if isinstance(s, ast.ClassDef) and s.name == "add"]
    assert source.splitlines()[add.lineno - 1] == "class add:"
    assert source.splitlines()[add.body[0].body[0].lineno - 1] == "        return 1 + 1"


@pytest.mark.parametrize("docstring", ["", '"""My homework."""\n'])
def test_imports_from_the_future_stay_first(docstring):
    future = "from __future__ import annotations\nfrom __future__ import division\n"
    module, changed = restored(f"{docstring}{future}x: Missing = 1\n")
    assert module["x"] == 1
    assert module.get("__doc__") == (docstring[3:-4] or None)
    assert works(module)


def test_numpy_is_there_without_an_import():
    assert works(restored(STUDENT.replace("import numpy as np\n", ""))[0])


@pytest.mark.parametrize("source", ["def f(:\n", "x = (", "return", " x = 1", "x = 1\n\ty = 2"])
def test_a_file_that_is_not_python_raises_syntax_error(source):
    with pytest.raises(SyntaxError):
        tree, _ = restore(source, GIVEN)
        compile(tree, "edf.py", "exec")


def test_imported_modules_are_found_anywhere_in_the_code():
    source = """
import numpy as np, os.path
from scipy import signal, ndimage as nd
from . import mine
from .other import thing
def f():
    if True:
        from scipy.special import expit
"""
    assert imported_modules(ast.parse(source)) == [
        "numpy",
        "os.path",
        "scipy",
        "scipy.ndimage",
        "scipy.signal",
        "scipy.special",
        "scipy.special.expit",
    ]
