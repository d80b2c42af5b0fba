"""Tests of what is taken from notebooks that are broken, of old formats, or hostile."""

import json

import pytest
from cells import RELU, RIGHT, SETUP, SKELETON, STUBS, code, notebook, take
from edf_kit.answers.choose import choose
from edf_kit.answers.imports import import_remarks
from edf_kit.answers.notebook import NotebookError
from edf_kit.answers.take import take_answers
from hypothesis import given, settings
from hypothesis import strategies as st


def error_of(data, name="1.ipynb"):
    with pytest.raises(NotebookError) as caught:
        take_answers({name: data}, STUBS, SKELETON)
    return caught.value


# Notebooks that can not be used


def test_nbformat_3_is_read():
    cells = [
        {"cell_type": "code", "input": RIGHT.splitlines(keepends=True), "language": "python", "metadata": {}}
    ]
    old = json.dumps({"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": cells}]})
    assert take_answers({"1.ipynb": old}, STUBS, SKELETON).answers["RELU"].cell == 1


def test_a_source_in_lines_and_a_byte_order_mark_are_read():
    data = b"\xef\xbb\xbf" + notebook(code(RIGHT.splitlines(keepends=True))).encode()
    assert "RELU" in take_answers({"1.ipynb": data}, STUBS, SKELETON).answers


WHOLE = notebook(SETUP, RIGHT)


@pytest.mark.parametrize(
    "data, status, says",
    [
        ("", "empty", "is empty"),
        (notebook(), "empty", "no cells"),
        (RIGHT, "no notebook", "not JSON (line 1)"),
        ("<html>", "no notebook", "a web page"),
        ("[1, 2]", "no notebook", "JSON of another kind"),
        ('{"a": 1}', "no notebook", "has no cells"),
        ('{"cells": [3]}', "no notebook", "cell 1"),
        (notebook(code(3)), "no notebook", "cell 1 holds no text"),
        (WHOLE[:-20], "truncated", "ends in the middle"),
        (WHOLE[:200], "truncated", "ends in the middle"),
        (b"\xff\xfe" + WHOLE.encode("utf-16-le"), "not UTF-8", "UTF-16"),
        (b'{"cells":\n "\xe9"}', "not UTF-8", "line 2"),
        (notebook(RIGHT, metadata={"kernelspec": {"language": "R"}}), "not Python", "for R"),
        (notebook("x = 1"), "wrong notebook", "is it the right one?"),
        ('{"cells": [], "cells": []}', "no notebook", "'cells' twice"),
    ],
)
def test_a_notebook_that_can_not_be_used_is_told_in_a_sentence(data, status, says):
    error = error_of(data)
    assert error.status == status and says in error.message and error.message.startswith("1.ipynb")


def test_a_broken_notebook_leaves_the_others():
    taken = take_answers({"1.ipynb": "{", "2.ipynb": WHOLE}, STUBS, SKELETON)
    assert list(taken.answers) == ["RELU"] and taken.broken["1.ipynb"].status == "truncated"


HOSTILE = {
    "deep lists": "[" * 1_000_000,
    "deep objects": '{"a":' * 300_000,
    "a huge number": '{"cells": [%s]}' % ("9" * 1_000_000),
    "many parts": '{"cells": [' + '{"":0},' * 2_000_000 + "0]}",
    "many cells": notebook(*["x"] * 100_000),
    "much code": notebook("class RELU:\n    x = 1\n" + "y = 1\n" * 2_000_000),
    "many statements": notebook("class RELU:\n    x = 1\n" + "y=1\n" * 9000),
}
HOSTILE_CODE = {
    "surrogates": "return '\ud800'",
    "null bytes": "x = '\0'",
    "minus signs": "x = " + "-" * 100_000 + "1",
    "brackets": "x = " + "(" * 100_000,
    "attributes": "x = a" + ".b" * 2900,
    "a long sum": "x = " + "+".join(["a"] * 20_000),
    "a number": "x = " + "9" * 100_000,
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_json_is_refused(what):
    assert error_of(HOSTILE[what]).status in ("no notebook", "too large", "truncated")


@pytest.mark.parametrize("what", HOSTILE_CODE)
def test_hostile_code_is_unreadable(what):
    taken = take(code(f"class RELU:\n    def forward(self):\n        {HOSTILE_CODE[what]}", "RELU"))
    assert "RELU" in taken.unreadable and not taken.answers


def test_an_answer_that_needs_endlessly_many_helpers_is_unreadable():
    helpers = "".join(f"def h{i}(): h{i + 1}()\n" for i in range(4000))
    assert "too many" in take(RELU.format("h0()"), helpers).unreadable["RELU"]
    assert "100 times" in take("class RELU(RELU): pass\n" * 200).unreadable["RELU"]


KEYS = st.sampled_from(
    ["cells", "metadata", "source", "cell_type", "nbgrader", "grade_id", "worksheets", "input"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=80, deadline=None)
@given(JSON, st.lists(JSON, max_size=3))
def test_whatever_the_json_is_it_ends_in_a_sentence(value, cells):
    for data in (json.dumps(value), json.dumps({"cells": [code(RIGHT), *cells]})):
        try:
            take_answers({"1.ipynb": data}, STUBS, SKELETON)
        except NotebookError as error:
            assert error.status and error.message


PIECES = st.sampled_from(
    ["RELU", "add", "edf", "max", "class ", "def ", "x", "(", ")", ":", "\n", "\n    ", " = ", ".", "import ", "from ",
     "%", "!", "?", "'", '"""', "\\", ";", "@", "lambda ", "global ", "del ", "for ", " in ", "*", ",", "{", "}", "f'",
     "\t", "\f", "1", "try:", "except:", "if 1:", "return ", RIGHT, "edf.RELU = ", "RELU.forward = ", "async ", "+="]
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(PIECES, max_size=25).map("".join), min_size=1, max_size=4))
def test_whatever_the_code_is_nothing_breaks(sources):
    from edf_kit.answers.assemble import assemble

    try:
        taken = take(*[code(source, "RELU") for source in sources])
        compile(assemble(SKELETON, taken), "edf.py", "exec", flags=0x400, dont_inherit=True)  # parsed alone
    except NotebookError as error:
        assert error.status and error.message


# Names of any length


NAME = "n" * 3000


@pytest.mark.parametrize(
    "source, says",
    [
        (RELU.format(NAME), "which nothing defines"),
        (RELU.format(NAME) + f"for {NAME} in []: pass\n", "which is set in a loop"),
        (f"from edf_kit import {NAME}\n" + RELU.format(NAME), "of edf_kit, which is not taken"),
        (RIGHT + f"class RELU:\n    def f({NAME}, {NAME}): pass\n", "is not valid Python"),
    ],
)
def test_a_remark_on_a_long_name_is_short(source, says):
    taken = take(code(source, "RELU"))
    (remark,) = [*taken.remarks, *taken.unreadable.values()]
    assert says in remark and len(remark) < 300


def test_a_long_name_in_an_edf_py_makes_no_long_verdict():
    with pytest.raises(NotebookError) as caught:
        choose({}, f"def f({NAME}, {NAME}): pass\n", STUBS, SKELETON)
    assert "duplicate argument" in caught.value.message and len(caught.value.message) < 300


def test_imports_of_long_names_and_in_deep_expressions_are_remarked_on(tmp_path):
    (tmp_path / "helper.py").write_text("import other\n")
    text = f"import {NAME}, helper\nif a{'.b' * 900}: import deep\nif __name__ == '__main__': import script\n"
    remarks = import_remarks(text, tmp_path)
    assert [remark.split()[2].strip(",:…") for remark in remarks] == ["n" * 59, "helper", "deep", "other"]
    assert max(map(len, remarks)) < 200
