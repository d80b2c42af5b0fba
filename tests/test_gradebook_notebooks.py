"""Autograded notebooks and verdicts: whatever a student hands in, nbgrader's cells are those of the release."""

import copy
import json

import pytest

from autograder.gradebook.notebooks import (
    NO_ANSWER,
    autograded_notebooks,
    automatic_comments,
    put_verdicts,
    read_released,
)
from autograder.gradebook.verdict import verdict

STUB = "class add:\n    def forward(self):\n        raise NotImplementedError('still to be written')\n\n\nedf.add = add"
ANSWER = "class add:\n    def forward(self):\n        self.top = 1\n\n\nedf.add = add"


def cell(id, source, kind="code", **nbgrader):
    metadata = {"nbgrader": {"grade_id": id, "grade": False, "solution": False, "locked": False, **nbgrader}}
    made = {"cell_type": kind, "id": id, "metadata": metadata if nbgrader else {}, "source": source}
    return {**made, "outputs": [], "execution_count": None} if kind == "code" else made


def notebook(*cells):
    return {"cells": list(cells), "metadata": {"kernelspec": {}}, "nbformat": 4, "nbformat_minor": 5}


TEXT = cell("text", "# Sums\n\nOf **two** arrays.", "markdown")
GIVEN = cell("given-matmul", "class matmul: pass", locked=True)
WRITE = cell("write-add", STUB, solution=True)
CHECK = cell("add", 'check("add")', grade=True, locked=True, points=6)
RELEASED = {"1.ipynb": notebook(TEXT, GIVEN, WRITE, CHECK)}


def score(cells=None, **changes):
    """A score of the exercise `add`: 4 of 6 points."""
    checks = [
        {"description": "arrays are added", "status": "pass", "message": "", "detail": "secret 1.25"},
        {
            "description": "the gradient to x",
            "status": "fail",
            "message": "it is of shape (3,)",
            "detail": "secret",
        },
        {"description": "the gradient to y", "status": "fail", "message": "it is missing", "detail": ""},
    ]
    checks = [{**check, "smallest": None} for check in checks]
    mistake = {"sentence": "Both are named.", "hints": ["A property.", "A place."], "note": "secret"}
    add = {"points": 6, "extra_credit": False, "status": "fail", "score": 4, "message": "", "checks": checks}
    add["mistakes"] = [mistake]
    made = {"status": "graded", "message": "", "changed": [], "notes": [], "exercises": {"add": add}}
    return {**made, "cells": cells or {}, **changes}


def autograded(*cells, name="1.ipynb", module=None, taken=None, released=RELEASED, **changes):
    """The autograded cells of a notebook of these cells, all of them handed in with hostile metadata."""
    handed_in = {name: json.dumps(notebook(*cells)).encode()} if cells else {}
    made = autograded_notebooks(released, handed_in, module, score(taken, **changes))
    return made["1.ipynb"]["cells"]


def known(cells):
    """[(grade_id, source)] of the cells that nbgrader knows."""
    return [
        (c["metadata"]["nbgrader"]["grade_id"], c["source"]) for c in cells if c["metadata"].get("nbgrader")
    ]


FULL = [("given-matmul", GIVEN["source"]), ("write-add", ANSWER), ("add", CHECK["source"])]
WRITTEN = {**WRITE, "source": ANSWER}


def test_an_answer_is_shown_where_the_judge_took_it():
    assert known(autograded(TEXT, GIVEN, WRITTEN, CHECK, taken={"add": "1.ipynb, cell 3"})) == FULL


@pytest.mark.parametrize(
    "cells, number",
    [
        ([WRITTEN], 1),
        ([WRITTEN, WRITTEN, CHECK, CHECK, GIVEN, GIVEN], 2),
        ([CHECK, WRITE, GIVEN, cell("x", ANSWER)], 4),
        ([cell("x", ANSWER), cell("y", "show()")], 1),
    ],
)
def test_cells_that_are_gone_doubled_moved_or_stripped_are_there_once(cells, number):
    made = autograded(*cells, taken={"add": f"1.ipynb, cell {number}"})
    assert sorted(known(made)) == sorted(FULL)
    assert len({c["id"] for c in made}) == len(made)


def test_what_is_added_back_follows_what_it_followed():
    made = autograded(TEXT, WRITTEN, cell("x", "mine"), taken={"add": "1.ipynb, cell 2"})
    assert [c["id"] for c in made] == ["given-matmul", "cell-1", "write-add", "add", "cell-3"]


def test_locked_cells_have_the_releases_text_and_points():
    forged = copy.deepcopy(CHECK)
    forged["source"] = "open('/tmp/marker', 'w')"
    forged["metadata"]["nbgrader"]["points"] = 600
    forged["outputs"] = [{"output_type": "execute_result", "data": {"text/plain": "7.5"}, "metadata": {}}]
    [made] = [c for c in autograded(TEXT, GIVEN, WRITTEN, forged) if c["id"] == "add"]
    assert made == CHECK


def test_an_answer_in_a_locked_cell_is_kept_beside_it():
    made = autograded({**CHECK, "source": ANSWER}, taken={"add": "1.ipynb, cell 1"})
    assert sorted(known(made)) == sorted(FULL)


def test_a_module_fills_the_stubs():
    module = f"import numpy as np\n\n\n@once\n{ANSWER.partition(chr(10) * 3)[0]}\n\n\nclass mean:\n    pass\n"
    made = dict(known(autograded(module=module)))
    assert made["write-add"] == "# edf.py\n@once\nclass add:\n    def forward(self):\n        self.top = 1"
    assert made["add"] == CHECK["source"]


def test_an_answer_from_another_notebook_is_shown_with_its_place():
    handed_in = {"1.ipynb": notebook(TEXT, GIVEN, WRITE, CHECK), "mine.ipynb": notebook(cell("x", ANSWER))}
    handed_in = {name: json.dumps(data).encode() for name, data in handed_in.items()}
    made = autograded_notebooks(RELEASED, handed_in, None, score({"add": "mine.ipynb, cell 1"}))
    assert dict(known(made["1.ipynb"]["cells"]))["write-add"] == f"# mine.ipynb, cell 1\n{ANSWER}"


LONG = "x" * 110


def test_an_answer_in_a_notebook_of_a_long_name_is_found():
    name, place = f"{LONG}.ipynb", f"{LONG[:99]}…, cell 2"
    decoy = {**WRITE, "source": "class add: pass"}
    made = autograded(decoy, cell("x", ANSWER), name=name, taken={"add": place})
    assert dict(known(made))["write-add"] == ANSWER


@pytest.mark.parametrize("place", [f"{LONG[:99]}…, cell 1", "gone.ipynb, cell 1", "1.ipynb, cell 7"])
def test_where_the_judged_answer_is_not_found_no_other_is_shown_in_its_place(place):
    decoy = notebook({**WRITE, "source": "class add: pass"})
    names = ["1.ipynb", f"{LONG}a.ipynb", f"{LONG}b.ipynb"]
    handed_in = {name: json.dumps(decoy).encode() for name in names}
    cells = autograded_notebooks(RELEASED, handed_in, None, score({"add": place}))["1.ipynb"]["cells"]
    assert f"The code of add that was judged is not shown: {place}." in cells[0]["source"]
    assert dict(known(cells))["write-add"] == f"# The code of add that was judged is not shown here: {place}."


@pytest.mark.parametrize("taken", [{}, {"add": "1.ipynb, cell 2"}])
def test_cells_that_no_browser_could_show_are_cut(taken):
    made = autograded(cell("a", "y" * 30_000, "markdown"), cell("b", "z" * 210_000), taken=taken)
    text, code = [next(c["source"] for c in made if letter * 9 in c["source"]) for letter in "yz"]
    assert text.count("y") == 20_000 and text.endswith("The text was cut here: it has 30,000 characters.")
    assert code == "z" * 200_000 + "\n# Cut here: the cell has 210,000 characters."


def test_a_notebook_of_another_name_is_found_by_what_is_in_it():
    made = autograded(
        TEXT, cell("mine", "x = 1"), WRITTEN, name="1 (2).ipynb", taken={"add": "1 (2).ipynb, cell 3"}
    )
    assert sorted(known(made)) == sorted(FULL)
    assert "x = 1" in [c["source"] for c in made]


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"cells": 3}', b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_notebook_becomes_the_blank_release(data):
    made = autograded_notebooks(RELEASED, {"1.ipynb": data}, None, score())["1.ipynb"]
    assert made["cells"] == RELEASED["1.ipynb"]["cells"]


def test_a_students_text_is_shown_as_it_is_written_and_the_courses_is_rendered():
    html = "<script>alert(1)</script> ![x](attachment:gone.png)\n```` \n<img src=x onerror=alert(2)>"
    made = autograded(TEXT, cell("a", html, "markdown"), cell("b", html, "raw"), cell("c", html, "heading"))
    sources = [c["source"] for c in made if c["cell_type"] == "markdown"]
    assert sources[0] == TEXT["source"]
    assert sources[1:] == [f"`````\n{html}\n`````"] * 3
    assert {c["cell_type"] for c in made} == {"markdown", "code"}


def test_no_character_steers_a_terminal_or_stops_the_writing():
    made = autograded(cell("x", "a = '\x1b[31m\u202e\ud800\x00'\r\nb = 1\t2"))
    assert made[-1]["source"] == "a = '\ufffd[31m\ufffd\ufffd\ufffd'\nb = 1\t2"
    json.dumps(made, ensure_ascii=False).encode()


def test_what_there_is_to_say_about_a_submission_stands_on_top():
    others = [{"attempt": "1", "score": None}]
    made = autograded(
        WRITTEN,
        notes=["add is <b>doubled</b>"],
        changed=["matmul"],
        attempt="2",
        other_attempts=others,
        when="May 1",
    )
    assert made[0]["source"] == (
        "```\nGraded: the submission of May 1, one of 2.\nGiven code that was changed is put back: matmul.\n"
        "Note: add is <b>doubled</b>\n```"
    )


def test_a_stub_that_is_blank_gets_nbgraders_comment():
    for source, expected in ((STUB, NO_ANSWER), (ANSWER, None)):
        made = {"1.ipynb": notebook(*autograded(TEXT, GIVEN, {**WRITE, "source": source}, CHECK))}
        assert automatic_comments(RELEASED, made) == {("1", "write-add"): expected}


def test_a_verdict_is_plain_output_with_a_line_a_check():
    made = notebook(*copy.deepcopy(RELEASED["1.ipynb"]["cells"]))
    put_verdicts(made, score())
    [output] = made["cells"][3]["outputs"]
    assert (output["output_type"], output["name"]) == ("stream", "stdout")
    assert output["text"].splitlines() == [
        "add: 4 of 6 points",
        "  pass    arrays are added",
        "  fail    the gradient to x",
        "          it is of shape (3,)",
        "  fail    the gradient to y",
        "",
        "Both are named.",
        "  Hint: A property.",
        "  Where to look: A place.",
    ]
    assert all(not c["outputs"] for c in made["cells"][1:3])


def test_a_verdict_tells_no_detail_and_steers_no_terminal():
    marked = score()
    marked["exercises"]["add"]["checks"][1]["message"] = "\x1b[2J<b>x</b>\nsecond line " + "y" * 1000
    text = verdict(marked, "add")
    assert "secret" not in text and "\x1b" not in text
    assert max(map(len, text.splitlines())) == 300 and len(text.splitlines()) == 9


def test_a_broken_submission_and_an_open_exercise_say_so():
    broken = score(status="syntax error", message="edf.py is not valid Python: line 1")
    broken["exercises"]["add"]["score"] = 0
    assert verdict(broken, "add") == "add: 0 of 6 points\nsyntax error: edf.py is not valid Python: line 1\n"
    unjudged = score(status="grader error", message="SandboxError: detail")
    unjudged["exercises"]["add"] |= {"status": "grader error", "score": None}
    assert verdict(unjudged, "add").startswith("add: not judged yet. An instructor will look at it")
    [top, *_] = autograded_notebooks(RELEASED, {}, None, unjudged)["1.ipynb"]["cells"]
    assert "an instructor will look at it" in top["source"] and "SandboxError" not in top["source"]


def test_a_release_is_read_with_each_source_as_one_text(tmp_path):
    lines = notebook({**WRITE, "source": STUB.splitlines(keepends=True)})
    (tmp_path / "1.ipynb").write_text(json.dumps(lines))
    assert read_released(tmp_path)["1.ipynb"]["cells"][0]["source"] == STUB
