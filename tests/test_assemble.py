"""Tests of the edf.py that is made of answers: it means what the notebook meant. Runs our own code alone."""

import ast
import sys
import types

import numpy as np
import pytest
from cells import (
    REFERENCE,
    RELU,
    RIGHT,
    SETUP,
    SKELETON,
    STUBS,
    assembled,
    code,
    notebook,
    relu_of,
    run,
    take,
)
from edf_kit.answers.assemble import assemble
from edf_kit.answers.notebook import NotebookError
from edf_kit.answers.take import take_answers
from edf_kit.released import definition_sources

SOLVED = definition_sources(REFERENCE)
BLANK = definition_sources(SKELETON)


def solved_notebook():
    cells = [code(f"{SOLVED[name]}\nedf.{name} = {name}\n", name) for name in STUBS if name != "max"]
    cells.append(code(f"{SOLVED['max']}\nedf.max = max\ndel max  # Python's own again", "max"))
    return notebook(SETUP, *cells)


def test_the_references_answers_make_the_reference():
    taken = take_answers({"1.ipynb": solved_notebook()}, STUBS, SKELETON)
    assert not taken.remarks and not taken.missing
    assert ast.dump(ast.parse(assemble(SKELETON, taken))) == ast.dump(ast.parse(REFERENCE))


def test_without_answers_the_skeleton_stays_as_it_is():
    assert assemble(SKELETON, take(code(BLANK["RELU"], "RELU"))) == SKELETON


def test_each_answer_says_where_it_is_from_and_keeps_its_lines():
    text = assemble(SKELETON, take(SETUP, "def h():\n    pass", code(RELU.format("h()  # why"), "RELU")))
    assert "# from 1.ipynb, cell 2\ndef h():" in text
    assert "# from 1.ipynb, cell 3\n" + RELU.format("h()  # why") in text


def test_a_made_up_file_name_stays_in_its_comment():
    name = "1\nimport os\n.ipynb"
    text = assemble(SKELETON, take_answers({name: notebook(RIGHT)}, STUBS, SKELETON))
    assert "\nimport os" not in text and relu_of(run(text), [-1.0, 2.0]) == [0, 2]


# max


@pytest.mark.parametrize(
    "expression",
    ["max(3, 4)", "(lambda: max(3, 4))()", "[max(n, 4) for n in [3]][0]", "int(f'{max(3, 4)}')",
     "int(f'é{max(3, 4)}ü{max(1, 2)}'[1])", "int(f'{1}' f'{max(3, 4) - 0}'[1:]) - 10 * 0", "min(max(3, 4), max(4, 4))",
     "'é' and max(3, 4)", "(  # a comment\n            max(\n                3, 4))"],
)  # fmt: skip
def test_max_in_a_cell_is_pythons_own(expression):
    assert relu_of(assembled(SETUP, RELU.format(expression)), [1.0]) == 4


def test_a_max_of_the_functions_own_stays():
    text = RELU.format("(lambda max: max)(5)").replace(
        "self.x = x", "self.x = x\n        max = 1\n        self.m = max"
    )
    assert "builtins" not in assemble(SKELETON, take(SETUP, text))


def test_max_that_was_imported_from_edf_is_the_operation():
    source = f"from edf import max\n{RELU.format('max')}"
    assert assembled(source)["RELU"].forward.__code__.co_names == ("max", "top")


def test_edfs_own_max_under_another_name_is_the_operation():
    namespace = assembled("from edf import max as larger\n" + RELU.format("larger.__name__"), SOLVED["max"])
    assert relu_of(namespace, [1.0]) == "max"


def test_after_del_max_the_name_is_pythons_own():
    namespace = assembled(SETUP, SOLVED["max"] + "\nedf.max = max\ndel max", RELU.format("max(3, 4)"))
    assert relu_of(namespace, [1.0]) == 4 and namespace["max"].__init__


# Names that collide


def test_an_import_of_a_name_of_edfs_leaves_the_operation_alone():
    namespace = assembled(
        SETUP + "from numpy import where", RELU.format("where(self.x.top > 0, self.x.top, 0)")
    )
    assert relu_of(namespace, [-1.0, 2.0]) == [0, 2]
    assert isinstance(namespace["where"], type)


def test_a_helper_with_a_name_of_edfs_calls_itself_and_leaves_the_operation_alone():
    helper = "def flatten(n):\n    return n if n < 3 else flatten(n - 1)"
    namespace = assembled(SETUP, helper, RELU.format("flatten(9)"))
    assert relu_of(namespace, [1.0]) == 2 and isinstance(namespace["flatten"], type)


def test_a_try_block_that_binds_a_name_of_edfs_leaves_the_operation_alone():
    block = "try:\n    from math import nothing as mean\nexcept ImportError:\n    mean = 7"
    namespace = assembled(block, RELU.format("mean"))
    assert relu_of(namespace, [1.0]) == 7 and isinstance(namespace["mean"], type)


def test_a_global_counter_with_a_name_of_edfs_is_counted_on():
    text = RIGHT.replace(
        "self.top = ", "global values\n        values += 1\n        self.top = values + 0 * "
    )
    namespace = assembled(SETUP, "values = 3\nvalues += 1", text)
    assert relu_of(namespace, [2.0]) == [5] and namespace["values"] != 5


def test_a_helper_with_a_builtins_name_is_for_its_own_answers_alone():
    files = {
        "1.ipynb": notebook("def sum(x):\n    return 7", RELU.format("sum([1, 2])")),
        "2.ipynb": notebook("class mean:\n    def forward(self):\n        return sum([1, 2])"),
    }
    namespace = run(assemble(SKELETON, take_answers(files, STUBS, SKELETON)))
    assert relu_of(namespace, [1.0]) == 7 and namespace["mean"].forward(None) == 3


def test_helpers_of_one_name_in_two_notebooks_stay_two():
    files = {
        "1.ipynb": notebook("def h():\n    return 1", RELU.format("h()")),
        "2.ipynb": notebook(
            "def h():\n    return 2", "class mean:\n    def forward(self):\n        return h()"
        ),
    }
    namespace = run(assemble(SKELETON, take_answers(files, STUBS, SKELETON)))
    assert relu_of(namespace, [1.0]) == 1 and namespace["mean"].forward(None) == 2


def test_the_same_import_in_two_notebooks_is_made_once():
    files = {
        "1.ipynb": notebook("import math", RELU.format("math.pi")),
        "2.ipynb": notebook("import math", "class mean:\n    def forward(self):\n        return math.pi"),
    }
    assert assemble(SKELETON, take_answers(files, STUBS, SKELETON)).count("math\n") == 1


def test_numpy_under_the_name_that_edf_has_is_not_imported_twice():
    assert assemble(SKELETON, take(SETUP, RIGHT)).count("import numpy") == 1


def test_another_np_stays_the_answers_own():
    namespace = assembled("import math as np", RELU.format("np.floor(2.5)"))
    assert relu_of(namespace, [1.0]) == 2 and namespace["np"] is np


def test_everything_of_numpy_is_numpys_max_too():
    namespace = assembled(
        "from numpy import *", RELU.format("where(max(self.x.top) > 0, amax(self.x.top), 0)")
    )
    assert relu_of(namespace, [1.0, 3.0]) == 3 and isinstance(namespace["max"], type)


# edf in the code, order, odd forms


@pytest.mark.parametrize("load", ["exec", "import"])
def test_edf_in_an_answer_is_the_module(load, tmp_path, monkeypatch):
    body = "(edf.add.__name__, len(edf.ops), vars(edf)['mean'].__name__)"
    text = assemble(SKELETON, take(SETUP, RELU.format(body)))
    if load == "exec":
        namespace = run(text)
    else:
        (tmp_path / "edf.py").write_text(text, encoding="utf-8")
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, "edf", raising=False)
        import edf

        namespace = vars(edf)
        monkeypatch.delitem(sys.modules, "edf")
    assert relu_of(namespace, [1.0]) == ["add", "1", "mean"]


def test_a_list_replaced_through_edf_is_edfs():
    text = SOLVED["reset"].replace("ops.clear()", "edf.ops = []")
    namespace = assembled(SETUP, text)
    namespace["ops"].append(1)
    namespace["reset"]()
    assert namespace["ops"] == []


def test_edf_under_another_name_is_the_module():
    assert relu_of(assembled("import edf as e", RELU.format("e.add.__name__")), [1.0]) == "add"


def test_a_class_that_extends_a_later_operation_comes_after_it():
    source = "class RELU(edf.flatten):\n    def forward(self):\n        self.top = 8"
    namespace = assembled(SETUP, code(source, "RELU"))
    assert relu_of(namespace, [1.0]) == 8 and issubclass(namespace["RELU"], namespace["flatten"])


def test_a_decorator_of_edfs_comes_before_what_it_decorates():
    namespace = assembled(SETUP, SOLVED["eager"], "@edf.eager\n" + RIGHT)
    x = namespace["Value"]()
    x.set(np.array([-1.0, 2.0]))
    assert namespace["RELU"](x).top.tolist() == [0, 2]


def test_a_class_that_is_written_on_in_a_later_cell_is_both():
    more = "class RELU(RELU):\n    def backward(self):\n        return 5"
    namespace = assembled(SETUP, code(RELU.format(3), "RELU"), more)
    assert relu_of(namespace, [1.0]) == 3 and namespace["RELU"].backward(None) == 5


@pytest.mark.parametrize("owner", ["RELU", "edf.RELU"])
def test_methods_patched_in_later_cells_of_one_name_are_told_apart(owner):
    cells = [
        f"def step(self):\n    self.top = {n}\n{owner}.{m} = step"
        for m, n in (("forward", 1), ("backward", 2))
    ]
    namespace = assembled(SETUP, code(BLANK["RELU"], "RELU"), *cells)
    assert relu_of(namespace, [1.0]) == 1
    node = types.SimpleNamespace()
    namespace["RELU"].backward(node)
    assert node.top == 2


def test_only_patches_leave_the_skeletons_class_before_them():
    namespace = assembled(SETUP, "def forward(self):\n    self.top = 1\nedf.RELU.forward = forward")
    assert relu_of(namespace, [1.0]) == 1


@pytest.mark.parametrize(
    "install", ["edf.RELU = mine", "edf.RELU = (\n    mine\n)", "edf.RELU = edf.relu = mine"]
)
def test_a_class_under_another_name_is_installed(install):
    assert relu_of(assembled(SETUP, RIGHT.replace("RELU", "mine") + install), [-1.0, 2.0]) == [0, 2]


def test_a_lambda_is_an_answer():
    namespace = assembled(SETUP, "edf.reset = lambda: (ops.clear(),\n    7)")
    assert namespace["reset"]() == (None, 7)


@pytest.mark.parametrize(
    "source",
    [
        "x = 1; " + "\nclass RELU:\n    def forward(self): self.top = x; \\\n        self.y = 1",
        "class RELU:\n\tdef forward(self):\n\t\tself.top = 1\n",
        "\fclass RELU:\n    def forward(self):\n        \f\n        self.top = 1",
        'class RELU:\n    """ü\u2028\x1c\n\'\'\' \\""" """\n    def forward(self):\n        self.top = 1',
        "def d(c):\n    return c\n@ d\n@(\n    d\n)\nclass RELU:\n    def forward(self): self.top = 1",
        "class RELU:\r\n    def forward(self):\r\n        self.top = len('''a\r\n''') - 1\r\n",
        "from __future__ import annotations\nclass RELU:\n    def forward(self) -> nothing: self.top = 1",
        "async def other(): pass\nclass RELU:\n    def forward(self): self.top = 1 if other else 0",
        "class RELU:\n    class inner:\n        y = 1\n    def forward(self): self.top = self.inner.y",
        "try:\n    import nothing_of_that_name\nexcept ImportError as max: z = 1\n"
        "class RELU:\n    def forward(self): self.top = z",
        "import os.path, xml.dom\nclass RELU:\n    def forward(self): self.top = os.path and xml.dom and 1",
        "class ＲELU:\n    def forward(self): self.top = ｍax(0, 1)",
        "if True:\n    class RELU:\n        def forward(self): self.top = 1",
    ],
)
def test_odd_forms_mean_the_same(source):
    source += "" if "__init__" in source else "\nRELU.__init__ = lambda self, x: None"
    assert relu_of(assembled(SETUP, code(source, "RELU")), [1.0]) == 1


def test_an_answer_that_the_skeleton_has_no_place_for_comes_last():
    text = assemble("import numpy as np\n", take(SETUP, RIGHT))
    assert text.endswith(RIGHT)


def test_a_skeleton_that_is_no_python_is_told():
    with pytest.raises(NotebookError, match="edf.py is not valid Python: line 1") as caught:
        assemble("class", take(RIGHT))
    assert caught.value.status == "broken edf.py"
