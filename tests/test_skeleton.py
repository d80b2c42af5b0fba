"""Tests of the students' edf.py: what is emptied, what stays, and that any choice of exercises works."""

import ast
import random
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from autograder.assignment import load_assignment
from autograder.exercise import load_exercises
from autograder.paths import SOLUTION
from autograder.skeleton import SkeletonError, make_skeleton

COMMITTED = Path(__file__).resolve().parent.parent / "pset" / "edf.py"
REFERENCE = SOLUTION.read_text(encoding="utf-8")
STUBS = load_assignment().stubs
EXERCISES = {id: exercise.stubs for id, exercise in load_exercises().items() if exercise.stubs}
EVERY_STUB = {stub: id for id, stubs in EXERCISES.items() for stub in stubs}
CONV2 = ["conv2.forward", "conv2.backward_image", "conv2.backward_kernel"]


class Leaf:
    """What Param makes, for when Param.set is a stub."""

    def __init__(self, array):
        self.top, self.grad = array, np.zeros_like(array)


def load(text):
    module = types.ModuleType("edf")
    exec(compile(text, "edf.py", "exec"), module.__dict__)
    return module


def stubs_of(ids):
    return {stub: id for id in ids for stub in EXERCISES[id]}


def random_choices():
    draw = random.Random(11)
    return [sorted(draw.sample(sorted(EXERCISES), draw.randint(2, len(EXERCISES) - 1))) for _ in range(12)]


CHOICES = [[], *([id] for id in EXERCISES), *random_choices(), list(EXERCISES)]
every_choice = pytest.mark.parametrize("ids", CHOICES, ids=lambda ids: "+".join(ids) or "none")


def definitions(text):
    """Dotted name → node of every function and method, by a walk of our own."""
    found = {}
    for node in ast.parse(text).body:
        for part in [node, *(node.body if isinstance(node, ast.ClassDef) else [])]:
            if isinstance(part, ast.FunctionDef):
                found[part.name if part is node else f"{node.name}.{part.name}"] = part
    return found


def without_docstring(node):
    return node.body[1:] if ast.get_docstring(node) is not None else node.body


def call_stub(module, name):
    """Call a stub with whatever stands for its arguments."""
    thing = module
    for part in name.split("."):
        thing = getattr(thing, part)
    count = thing.__code__.co_argcount - len(thing.__defaults__ or ())
    thing(*[types.SimpleNamespace() for _ in range(count)])


# The committed skeleton


def test_the_committed_skeleton_is_the_one_that_the_default_assignment_makes():
    assert COMMITTED.read_text(encoding="utf-8") == make_skeleton(STUBS)


@pytest.mark.parametrize("stub", STUBS)
def test_each_stub_raises_the_name_of_its_exercise(stub):
    module = load(COMMITTED.read_text(encoding="utf-8"))
    with pytest.raises(NotImplementedError, match=f"^exercise '{STUBS[stub]}': {stub} is still to be"):
        call_stub(module, stub)


def test_a_graph_can_be_built_before_anything_is_written():
    module = load(COMMITTED.read_text(encoding="utf-8"))
    x, w, b, y = module.Value(), module.Param(), module.Param(), module.Value()
    module.mean(module.smaxloss(module.RELU(module.add(module.matmul(x, w), b)), y))
    assert (len(module.ops), len(module.params), len(module.values)) == (5, 2, 2)


# Any choice of exercises


@every_choice
def test_what_is_chosen_is_emptied_and_all_else_is_as_it_was(ids):
    stubs = stubs_of(ids)
    made, reference = definitions(make_skeleton(stubs, REFERENCE)), definitions(REFERENCE)
    assert reference.keys() - made.keys() <= {"conv2._taps"}
    for name, node in made.items():
        assert ast.dump(node.args) == ast.dump(reference[name].args), name
        assert ast.get_docstring(node) == ast.get_docstring(reference[name]), name
        if name in stubs:
            (only,) = without_docstring(node)
            assert ast.unparse(only).startswith(f"raise NotImplementedError(\"exercise '{stubs[name]}': ")
        else:
            assert ast.dump(node) == ast.dump(reference[name]), name


@every_choice
def test_no_line_of_a_solution_is_left(ids):
    stubs = stubs_of(ids)
    skeleton = {line.strip() for line in make_skeleton(stubs, REFERENCE).splitlines()}
    lines, solved, given = REFERENCE.splitlines(), set(), set()
    for name, node in definitions(REFERENCE).items():
        start = node.body[0].end_lineno if ast.get_docstring(node) is not None else node.lineno
        (solved if name in stubs else given).update(line.strip() for line in lines[start : node.end_lineno])
    # Lines that given code has as well, such as a loop over params, tell nothing.
    assert not (solved - given - {""}) & skeleton


@every_choice
def test_every_skeleton_can_be_imported_and_its_stubs_name_their_exercise(ids):
    stubs = stubs_of(ids)
    module = load(make_skeleton(stubs, REFERENCE))
    for stub, id in stubs.items():
        with pytest.raises(NotImplementedError, match=f"exercise '{id}': {stub} "):
            call_stub(module, stub)


@every_choice
def test_operations_without_a_stub_compute_what_the_reference_computes(ids):
    stubs = stubs_of(ids)
    module, reference = load(make_skeleton(stubs, REFERENCE)), load(REFERENCE)
    image, kernel = np.arange(48.0).reshape(1, 4, 4, 3), np.arange(24.0).reshape(2, 2, 3, 2)
    matrix = np.array([[1.0, -2.0], [0.5, 3.0]])
    inputs = {
        "matmul": (matrix, matrix[::-1]), "add": (matrix, matrix[0]), "RELU": (matrix,), "sigmoid": (matrix,),
        "mean": (image,), "smaxloss": (matrix, np.array([1.0, 0.0])), "conv2": (image, kernel),
        "down2": (image,), "flatten": (image,), "max": (matrix, matrix[::-1]),
        "where": (matrix, matrix[::-1], matrix, matrix * 2), "accuracy": (matrix, np.array([1.0, 0.0])),
    }  # fmt: skip
    for name, arrays in inputs.items():
        if any(stub.startswith(f"{name}.") for stub in stubs):
            continue
        results = []
        for edf in (module, reference):
            leaves = [Leaf(array) for array in arrays]
            edf.params[:] = leaves
            node = getattr(edf, name)(*leaves)
            node.forward()
            node.grad = np.ones_like(node.top)
            node.backward()
            results.append([node.top, *(leaf.grad for leaf in leaves)])
        assert all(np.array_equal(a, b) for a, b in zip(*results)), name


@pytest.mark.parametrize("given", [[], *([stub] for stub in CONV2), CONV2[:2]], ids=str)
def test_a_helper_goes_exactly_when_no_given_code_uses_it(given):
    skeleton = make_skeleton({stub: "conv2" for stub in CONV2 if stub not in given}, REFERENCE)
    assert ("_taps" in skeleton) == bool(given)


def test_where_a_helper_stood_two_blank_lines_are_left():
    skeleton = make_skeleton(dict.fromkeys(CONV2, "conv2"), REFERENCE)
    assert 'conv2.backward_kernel is still to be written")\n\n\nclass down2' in skeleton


def test_a_skeleton_of_a_skeleton_is_the_skeleton_again():
    once = make_skeleton(EVERY_STUB, REFERENCE)
    assert make_skeleton(EVERY_STUB, once) == once


def test_filling_the_stubs_with_the_solution_gives_the_reference_back():
    reference = definitions(REFERENCE)
    tree = ast.parse(make_skeleton(STUBS, REFERENCE))
    holders = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)} | {"": tree}
    for stub in STUBS:
        owner, _, own = stub.rpartition(".")
        holders[owner].body = [
            reference[stub] if getattr(n, "name", "") == own else n for n in holders[owner].body
        ]
    holders["conv2"].body.append(reference["conv2._taps"])
    assert ast.dump(tree) == ast.dump(ast.parse(REFERENCE))


# The text of a stub


def stub(source, name="f"):
    """The skeleton of a source in which `name` is the stub of an exercise."""
    return make_skeleton({name: "exercise"}, source)


RAISE = "raise NotImplementedError(\"exercise 'exercise': {} is still to be written\")"


def test_a_stub_without_docstring_keeps_its_signature():
    assert stub("def f(x):\n    y = x\n    return y\n") == f"def f(x):\n    {RAISE.format('f')}\n"


def test_a_docstring_of_several_lines_is_kept():
    head = 'def f(x):\n    """One.\n\n    Two.\n    """\n'
    assert stub(head + "    return x\n") == f"{head}    {RAISE.format('f')}\n"


@pytest.mark.parametrize(
    "head",
    [
        "def f(\n    x,\n    y,\n):\n",
        "def f(\n    x,\n    y):\n",
        "def f(\n    x=1,\n    *,\n    y=(\n        2,\n    ),\n):\n",
        "def f(\n    x, y  # two (of them):\n):\n",
        "def f(\n) -> dict[\n    str, int\n]:\n",
        "def f(x: 'a:b' = ':'):  # a comment\n",
    ],
)
@pytest.mark.parametrize("docstring", ["", '    """What it does."""\n'])
def test_a_signature_of_any_shape_is_kept(head, docstring):
    made = stub(head + docstring + "    total = 1\n    return total\n")
    assert made == f"{head}{docstring}    {RAISE.format('f')}\n"


def test_comments_before_the_first_statement_are_part_of_the_solution():
    for docstring in ("", '    """What it does."""\n'):
        assert "trick" not in stub(f"def f(x):\n{docstring}    # the trick\n    return x\n")


def test_decorators_of_stubs_are_kept_and_those_of_helpers_go():
    source = "import functools\n\n\n@functools.cache\ndef f(x):\n    return _g(x)\n\n\n"
    made = stub(source + "@functools.cache\ndef _g(x):\n    return x\n")
    assert made == f"import functools\n\n\n@functools.cache\ndef f(x):\n    {RAISE.format('f')}\n"


def test_a_helper_that_only_unused_helpers_call_goes_too():
    source = "def f():\n    return _a()\n\n\ndef _a():\n    return _b()\n\n\ndef _b():\n    return 1\n"
    assert stub(source) == f"def f():\n    {RAISE.format('f')}\n"
    kept = stub(source + "\n\ndef g():\n    return _a()\n")
    assert "def _a" in kept and "def _b" in kept


def test_helpers_that_call_each_other_do_not_keep_the_skeleton_from_being_made():
    source = "def f():\n    return _a()\n\n\ndef _a():\n    return _b()\n\n\ndef _b():\n    return _a()\n"
    limit = sys.getrecursionlimit()
    try:
        sys.setrecursionlimit(300)
        made = stub(source)
    finally:
        sys.setrecursionlimit(limit)
    assert made == f"def f():\n    {RAISE.format('f')}\n"


def test_special_methods_are_no_helpers():
    source = (
        "class C:\n    def __init__(self):\n        self.x = 1\n\n    def f(self):\n        return self.x\n"
    )
    assert "self.x = 1" in stub(source, "C.f")


@pytest.mark.parametrize("name", ["ad.forward", "add.forwards", "add", "nothing"])
def test_a_stub_that_the_reference_does_not_have_is_an_error(name):
    with pytest.raises(SkeletonError, match=f"^{name} is a stub of some_exercise"):
        make_skeleton({name: "some_exercise"})
