"""Whatever a notebook or an edf.py holds: what is graded of it, or a sentence. Nothing of it is run."""

import base64
import json
import tempfile
from pathlib import Path

from cells import REFERENCE, RIGHT, SETUP, code
from edf_kit.answers.choose import choose
from edf_kit.answers.imports import import_remarks
from edf_kit.answers.notebook import NotebookError, parse
from guard import assert_clear, fuzz, guarded
from handed_in import write_files
from hypothesis import given
from hypothesis import strategies as st
from mutate import ODD, ODD_TEXTS, changed_bytes, changed_json, to_json

from autograder.intake import Broken, Submission, read_submission, take_notebooks
from autograder.skeleton import definition_texts, make_skeleton

STUBS = {"add.forward": "add", "RELU.forward": "RELU", "max.forward": "max", "reset": "eager"}
SKELETON = '''"""A small edf."""
from __future__ import annotations
import numpy as np
ops, params, values = [], [], []
def reset():
    raise NotImplementedError("exercise 'eager': reset is still to be written")
class add:
    def __init__(self, x, y):
        ops.append(self)
    def forward(self):
        raise NotImplementedError("exercise 'add': add.forward is still to be written")
class RELU:
    def forward(self):
        raise NotImplementedError("exercise 'RELU': RELU.forward is still to be written")
class max:
    def forward(self):
        raise NotImplementedError("exercise 'max': max.forward is still to be written")
'''
ADD, MAX = definition_texts(REFERENCE, ["add", "max"]).values()
HELPERS = """import scipy.signal, functools
from numpy import *
BIG = 3
@functools.cache
def helper(x, *, y: int = BIG):
    return [z for z in x if (w := z)] + other()
def other(): return helper
RELU.calls = max
edf.RELU = RELU
"""
PICTURE = {
    "output_type": "display_data",
    "metadata": {},
    "data": {"image/png": base64.b64encode(bytes(20_000)).decode()},
}
CELLS = [
    code(SETUP),
    {"cell_type": "markdown", "metadata": {}, "source": ["# RELU\n", "text"]},
    code(RIGHT, "RELU", outputs=[PICTURE]),
    code(ADD, "add"),
    code(HELPERS),
    code(f"%matplotlib inline\n!ls\nx = !ls\n{MAX}\nhelper?", "max"),
]
NOTEBOOK = {
    "nbformat": 4,
    "nbformat_minor": 5,
    "metadata": {"kernelspec": {"language": "python"}},
    "cells": CELLS,
}
OLD = {"nbformat": 3, "metadata": {}, "worksheets": [{"cells": [{"cell_type": "code", "input": [RIGHT]}]}]}
JSON_PIECES = [
    b'"',
    b"{",
    b"[" * 300,
    b"]",
    b",",
    b"\\u0000",
    b"\\ud800",
    b"\xff",
    b"\0",
    b"NaN",
    b"9" * 5000,
    b'"cells": 1,',
    b"\xef\xbb\xbf",
]
SOURCES = [RIGHT, ADD, MAX, HELPERS, SETUP, SKELETON]
PIECES = [
    "if a" + ".b" * 900 + ": import " + "n" * 300 + "\n", "if __name__ == '__main__': import n\n",
    "(", ")", "[", "{", ":", ",", ";", "=", "\n", "\r", "\n    ", "\t", "\f", "\\\n", "'", '"""', "#", "@",
    ".", "*", "**", "->", ":=", "!ls\n", "%%bash\n", "%%time\n", "%x\n", "x?\n", "x = %time y\n",
    "print 'x'\n", "class RELU(RELU): pass\n", "del RELU\n", "edf.RELU = add\n",
    "RELU.forward = lambda self: 0\n", "edf.add = RELU = max = 1\n", "edf.RELU.forward = other\n",
    "global RELU\n", "nonlocal x\n", "return\n", "async def max(): await x\n", "import edf as add\n",
    "from edf import *\n", "from . import RELU\n", "from __future__ import division\n",
    "import a.b.c as RELU, RELU\n", "for RELU in x: add = 1\n", "with x as max: pass\n",
    "try: pass\nexcept* E as add: pass\n", "match x:\n    case {'a': RELU, **add} | [*max]: pass\n",
    "type max = int\n", "def add[T](x: T): pass\n", "RELU: int\n", "add: add = add\n", "lambda RELU: ",
    "[RELU for RELU in RELU]\n", "f'{RELU!r:{max}}'", "if 1:\n    ", "else:\n", "yield\n",
    "__debug__ = 1\n", "None = 1\n", "é", "e\u0301", "ﬁ", "\u202e", "𝐑𝐄𝐋𝐔", "\ud800", "\0", "\ufeff", "0x",
    "1e999", "9" * 5000, "(" * 150, "(" * 5000, "-" * 3000, "not " * 3000, "x = a" + ".b" * 900 + "\n",
    "x = " + "+".join("a" * 2000) + "\n", "class add(add): pass\n" * 120, "\u0301" * 300, "@x\n" * 99,
    "if 1:\n" + "".join(" " * n + "if 1:\n" for n in range(1, 110)), "f'{" * 200, "lambda: " * 1500,
    "def " + "n" * 5000 + "(" + "n" * 5000 + ", ", "def f(" + "n" * 5000 + ", " + "n" * 5000 + "): pass\n",
    *ODD_TEXTS,
]  # fmt: skip
TOKENS = [piece.encode("utf-8", "surrogatepass") for piece in PIECES]
MEGABYTES = 64


def sources():
    """The code of a cell, changed somewhere."""
    chosen = st.sampled_from(SOURCES).flatmap(lambda source: changed_bytes(source.encode(), TOKENS))
    return chosen.map(lambda data: data.decode("utf-8", "surrogateescape"))


def notebooks():
    """The bytes of a notebook: changed in its JSON, or in the text of it."""
    odd = ODD | st.sampled_from(
        [*CELLS, PICTURE, "write-RELU", "write-add-max-reset", {"grade_id": "write-add", "points": 1e9}]
    )
    structure = (
        st.sampled_from([NOTEBOOK, OLD])
        .flatmap(lambda value: changed_json(value, odd))
        .map(to_json)
        .map(str.encode)
    )
    text = st.sampled_from([json.dumps(NOTEBOOK), json.dumps(OLD)]).flatmap(
        lambda t: changed_bytes(t.encode(), JSON_PIECES)
    )
    return structure | structure | text | text.map(lambda data: b"\xff\xfe" + data)


def check_choice(notebooks, module, given_text=SKELETON, stubs=STUBS):
    with guarded("notebooks", MEGABYTES):
        try:
            choice = choose(notebooks, module, stubs, given_text)
        except NotebookError as error:
            assert_clear(error.status)
            assert_clear(error.message)
            return
        parse(choice.text)
        remarks = [*choice.remarks, *import_remarks(choice.text, Path(__file__).parent, ("scipy",))]
        assert choice.rows.keys() == {stub.partition(".")[0] for stub in stubs}
        for text in [*remarks, *(row.place for row in choice.rows.values())]:
            assert not text or assert_clear(text) is None


@fuzz(short=40, full=1200)
@given(notebooks(), st.sampled_from([None, RIGHT]))
def test_notebooks_of_odd_json(data, module):
    check_choice({"1.ipynb": data}, module)


@fuzz(short=40, full=1400)
@given(st.lists(sources(), min_size=1, max_size=3), sources() | st.none())
def test_cells_of_odd_code(cells, module):
    cells = [code(source, "RELU-add") for source in cells]
    check_choice({"1.ipynb": json.dumps({**NOTEBOOK, "cells": [*CELLS, *cells]})}, module)


@fuzz(short=4, full=80)
@given(st.lists(sources(), min_size=1, max_size=2), sources())
def test_odd_code_beside_the_real_skeleton(cells, module):
    cells = [code(source) for source in cells]
    check_choice({"1.ipynb": json.dumps({**NOTEBOOK, "cells": cells})}, module, make_skeleton(STUBS))


@fuzz(short=5, full=150)
@given(st.lists(notebooks(), min_size=1, max_size=2), st.none() | sources())
def test_from_what_is_handed_in_to_what_is_graded(parts, module):
    files = {f"{number}.ipynb": data for number, data in enumerate(parts)}
    if module is not None:
        files["edf.py"] = module.encode("utf-8", "surrogatepass")
    with tempfile.TemporaryDirectory(prefix="edf-fuzz-") as folder:
        write_files(Path(folder, "ada"), files)
        with guarded("notebooks", MEGABYTES):
            try:
                contents = take_notebooks(read_submission(Submission("ada", Path(folder, "ada"))), STUBS)
            except Broken as broken:
                assert_clear(broken.status)
                assert_clear(broken.message)
                return
            assert not contents.notebooks and contents.files["edf.py"].decode() and contents.digest()
            for note in contents.notes:
                assert_clear(note)
