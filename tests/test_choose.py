"""Tests of what is graded of notebooks beside a filled edf.py, and of use_answers. Runs our own code alone."""

import pytest
from cells import (
    RELU,
    RIGHT,
    SETUP,
    SKELETON,
    STUBS,
    code,
    notebook,
    relu_of,
    run,
)
from edf_kit.answers.choose import choose
from edf_kit.answers.notebook import NotebookError
from edf_kit.answers.use import use_answers
from edf_kit.released import definition_sources

BLANK = definition_sources(SKELETON)


# A filled edf.py beside notebooks


def chosen(relu_in_notebook, relu_in_module, more=""):
    module = SKELETON.replace(BLANK["RELU"], relu_in_module.rstrip("\n")) + more
    return choose({"1.ipynb": notebook(code(relu_in_notebook, "RELU"))}, module, STUBS, SKELETON)


def test_what_is_blank_in_edf_py_is_taken_from_the_notebook():
    choice = chosen(RIGHT, BLANK["RELU"])
    assert choice.rows["RELU"].place == "1.ipynb, cell 1" and not choice.remarks


def test_what_is_blank_in_the_notebook_is_taken_from_edf_py():
    choice = chosen(BLANK["RELU"], RIGHT)
    assert (choice.rows["RELU"].state, choice.rows["RELU"].place) == ("taken", "edf.py")
    assert relu_of(run(choice.text), [-1.0, 2.0]) == [0, 2]


def test_if_both_are_written_the_notebook_wins_and_it_is_said():
    choice = chosen(RIGHT, RELU.format(1))
    assert relu_of(run(choice.text), [2.0]) == [2]
    assert choice.remarks == [
        "RELU is written in 1.ipynb, cell 1 and, otherwise, in edf.py: the notebook's is taken."
    ]


def test_if_both_are_the_same_nothing_is_said():
    assert not chosen(RIGHT, RIGHT.replace("class RELU:", 'class RELU:\n    """Mine."""')).remarks


def test_the_one_with_less_left_to_write_wins():
    half = BLANK["RELU"].replace(
        "raise NotImplementedError(\"exercise 'RELU': RELU.forward", "print(\"'RELU': RELU.forward"
    )
    choice = chosen(half, RIGHT)
    assert choice.rows["RELU"].place == "edf.py" and "has more left to write" in choice.remarks[0]


def test_a_helper_of_edf_py_is_not_overwritten_by_the_notebooks():
    module = SKELETON.replace(
        BLANK["mean"], "def h():\n    return 1\n\n\nclass mean:\n    def forward(self):\n        return h()"
    )
    files = {"1.ipynb": notebook("def h():\n    return 2", RELU.format("h()"))}
    namespace = run(choose(files, module, STUBS, SKELETON).text)
    assert namespace["mean"].forward(None) == 1 and relu_of(namespace, [1.0]) == 2


def test_of_a_broken_edf_py_or_notebook_the_other_is_left():
    broken_module = choose({"1.ipynb": notebook(RIGHT)}, "class", STUBS, SKELETON)
    assert "edf.py is not valid Python: line 1" in broken_module.remarks[0]
    broken_notebook = choose({"1.ipynb": "{"}, SKELETON.replace(BLANK["RELU"], RIGHT), STUBS, SKELETON)
    assert "ends in the middle" in broken_notebook.remarks[0]
    for choice in (broken_module, broken_notebook):
        assert choice.rows["RELU"].state == "taken" and relu_of(run(choice.text), [2.0]) == [2]


def test_without_anything_that_can_be_read_there_is_an_error():
    for files, module in (({"1.ipynb": "{"}, None), ({}, "class"), ({"1.ipynb": "{"}, "class")):
        with pytest.raises(NotebookError):
            choose(files, module, STUBS, SKELETON)


# use_answers


@pytest.fixture
def beside_edf(tmp_path, monkeypatch, install_edf):
    """A function that puts edf.py and notebooks into a folder, where we then are; gives the module edf."""

    def put(module=SKELETON, **notebooks):
        (tmp_path / "edf.py").write_text(module, encoding="utf-8")
        for name, text in notebooks.items():
            (tmp_path / f"{name}.ipynb").write_text(text, encoding="utf-8")
        monkeypatch.chdir(tmp_path)
        edf = install_edf(module)
        edf.__file__ = str(tmp_path / "edf.py")
        return edf

    return put


def test_saved_answers_are_used_and_what_is_blank_is_said(beside_edf, capsys):
    edf = beside_edf(first=notebook(SETUP, code(RELU.format("max(3, 4)"), "RELU"), code(BLANK["add"], "add")))
    graph, param = edf.ops, edf.Param
    use_answers("first.ipynb")
    assert relu_of(vars(edf), [1.0]) == 4
    assert edf.ops is graph and edf.Param is param
    printed = capsys.readouterr()
    assert printed.out == "from first.ipynb: RELU\nstill blank there: add\n" and printed.err == ""


def test_a_blank_cell_leaves_a_written_edf_py_alone(beside_edf, capsys):
    edf = beside_edf(SKELETON.replace(BLANK["RELU"], RIGHT), first=notebook(code(BLANK["RELU"], "RELU")))
    use_answers("first.ipynb")
    assert relu_of(vars(edf), [-1.0, 2.0]) == [0, 2] and capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "text, says",
    [
        (None, "first.ipynb is not here"),
        ("{", "first.ipynb is no whole notebook"),
        (
            notebook(code("class RELU:\n    def", "RELU")),
            "first.ipynb, cell 1 (RELU), is not valid Python: line 2",
        ),
        (
            notebook(code(RIGHT + "    x = 1 / 0", "RELU")),
            "RELU of first.ipynb can't be used: ZeroDivisionError: ",
        ),
        (notebook(code(RIGHT + "    x = 'a' is '\\d'", "RELU")), "from first.ipynb: RELU"),
    ],
)
def test_what_can_not_be_used_is_said_in_a_sentence(beside_edf, capsys, text, says):
    beside_edf(**({"first": text} if text else {}))
    use_answers("first.ipynb")
    printed = capsys.readouterr()
    assert printed.out.startswith(says) and printed.out.count("\n") == 1 and printed.err == ""


def test_a_traceback_shows_the_line_of_the_notebook(beside_edf):
    import traceback

    edf = beside_edf(first=notebook(code(RELU.format("1 / 0  # here"), "RELU")))
    use_answers("first.ipynb")
    with pytest.raises(ZeroDivisionError) as caught:
        relu_of(vars(edf), [1.0])
    assert traceback.extract_tb(caught.tb)[-1].line == "self.top = 1 / 0  # here"
