"""Tests of carry: a student's work goes from an old release into a new one, and nothing is lost or overwritten."""

import json
import re
import sys

import pytest
from cells import REFERENCE, RELU, SKELETON, code
from edf_kit.__main__ import main
from edf_kit.carry import carry
from edf_kit.released import ReleaseError, definition_sources, source_hash
from hypothesis import given, settings
from hypothesis import strategies as st

NOTEBOOK = "1_autograd.ipynb"
MODULE = "import numpy as np\n\nops = []\n\n\nclass add:\n    blank = 1\n\n\ndef reset():\n    blank = 2\n"
FILLED = "class add:\n    mine = 1"


def markdown(source, id, **nbgrader):
    metadata = {"nbgrader": nbgrader} if nbgrader else {}
    return {"cell_type": "markdown", "id": id, "metadata": metadata, "source": source}


def locked(source, id):
    cell = code(source, id=id)
    return cell | {
        "metadata": {"nbgrader": {"grade_id": id, "locked": True, "solution": False, "grade": True}}
    }


CELLS = [
    markdown("# Autograd", "title"),
    code("class add:\n    blank = 1", "add", id="write-add"),
    locked('check("add")', "add"),
    code("demo = 1", id="demo"),
    markdown("Your answer", "think", grade_id="think", grade=True, solution=True, locked=False),
]


def make_release(folder, cells=CELLS, module=MODULE, assignment="edf"):
    """A release with one notebook and an edf.py."""
    (folder / "edf_kit").mkdir(parents=True)
    release = {
        "assignment": assignment,
        "release": "0" * 12,
        "exercises": [{"id": "add", "title": "Sum", "points": 1, "extra_credit": False, "stubs": ["add"]}],
        "cells": {NOTEBOOK: {cell["id"]: source_hash(cell["source"]) for cell in cells}},
        "definitions": {name: source_hash(text) for name, text in definition_sources(module).items()},
    }
    (folder / "edf_kit" / "release.json").write_text(json.dumps(release), encoding="utf-8")
    write_cells(folder, cells)
    (folder / "edf.py").write_text(module, encoding="utf-8")
    return folder


def write_cells(folder, cells, **more):
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells} | more
    (folder / NOTEBOOK).write_text(json.dumps(notebook, ensure_ascii=False), encoding="utf-8")


def read_cells(folder):
    return json.loads((folder / NOTEBOOK).read_text(encoding="utf-8"))["cells"]


def sources(folder):
    return ["".join(cell["source"]) for cell in read_cells(folder)]


def changed(cells, **sources):
    """The cells with other sources, by id with _ for -."""
    return [c | {"source": sources.get(c["id"].replace("-", "_"), c["source"])} for c in cells]


def outcomes(done):
    return {d.piece: d.outcome for d in done}


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def folders(tmp_path):
    """The folders of an old and a new release, both as handed out; the new one has a cell more."""
    new_cells = [*CELLS[:2], code("new = 1", id="new"), *CELLS[2:]]
    return make_release(tmp_path / "old"), make_release(tmp_path / "new", new_cells)


# Notebooks


def test_work_in_stub_demo_and_answer_cells_is_carried(folders):
    old, new = folders
    write_cells(old, changed(CELLS, write_add=FILLED, demo="demo = 2", think="Because."))
    before = contents(old)
    done = carry(old, new)
    assert sources(new) == ["# Autograd", FILLED, "new = 1", 'check("add")', "demo = 2", "Because."]
    assert set(outcomes(done).values()) == {"carried"} and len(done) == 3
    assert contents(old) == before


def test_an_untouched_release_gives_nothing_to_carry(folders):
    old, new = folders
    before = contents(new)
    assert carry(old, new) == [] and contents(new) == before


def test_the_version_before_is_kept_each_time(folders):
    old, new = folders
    released = (new / NOTEBOOK).read_bytes()
    write_cells(old, changed(CELLS, write_add=FILLED))
    carry(old, new)
    assert (new / f"{NOTEBOOK}.before-carry").read_bytes() == released
    carried = (new / NOTEBOOK).read_bytes()
    write_cells(old, changed(CELLS, write_add=FILLED, demo="demo = 2"))
    carry(old, new)
    assert (new / f"{NOTEBOOK}.before-carry-2").read_bytes() == carried
    assert not [path for path in new.iterdir() if path.name.startswith(".")]


def test_a_second_run_changes_nothing(folders):
    old, new = folders
    own = [code("mine = 1", id="abc"), code("no id"), markdown("note", "def")]  # the second as from old tools
    write_cells(old, [*own, *changed(CELLS, write_add=FILLED), *own[1:2]])
    (old / "edf.py").write_text(
        f"import os\n{MODULE.replace('blank = 1', 'mine = 1')}\n\ndef h():\n    pass\n# end\n"
    )
    carry(old, new)
    before = contents(new)
    done = carry(old, new)
    assert contents(new) == before and "carried" not in outcomes(done).values()


def test_cells_of_ones_own_come_after_the_cells_they_were_after(folders):
    old, new = folders
    cells = list(CELLS)
    cells[2:2] = [code("mine = 1", id="a", outputs=[{"text": "x"}]), code("mine = 2", id="b")]
    write_cells(old, [markdown("at the top", "c"), *cells, code("", id="empty")])
    carry(old, new)
    assert sources(new)[:5] == ["at the top", "# Autograd", CELLS[1]["source"], "mine = 1", "mine = 2"]
    assert all(cell["outputs"] == [] for cell in read_cells(new) if cell["cell_type"] == "code")


def test_work_in_the_new_release_is_not_overwritten(folders):
    old, new = folders
    write_cells(old, changed(CELLS, write_add=FILLED, demo="demo = 2"))
    write_cells(new, changed(read_cells(new), write_add="class add:\n    newer = 1", demo="demo = 2"))
    before = contents(new)
    done = carry(old, new)
    assert contents(new) == before
    assert outcomes(done) == {"cell 2 (write-add)": "left alone", "cell 4": "there already"}


def test_a_text_that_the_release_changed_too_is_carried_and_said(tmp_path):
    old = make_release(tmp_path / "old")
    new = make_release(tmp_path / "new", changed(CELLS, write_add="class add:\n    blank = 2"))
    write_cells(old, changed(CELLS, write_add=FILLED))
    (done,) = carry(old, new)
    assert sources(new)[1] == FILLED and "the release's own text of this cell changed too" in done.note


def test_a_changed_locked_cell_is_left_and_said(folders):
    old, new = folders
    before = sources(new)
    write_cells(old, changed(CELLS, add="pass"))
    (done,) = carry(old, new)
    assert sources(new) == before and done.outcome == "left alone"


def test_work_in_a_cell_that_is_no_longer_released_is_kept(tmp_path):
    old, new = make_release(tmp_path / "old"), make_release(tmp_path / "new", CELLS[:3])
    write_cells(old, changed(CELLS, demo="demo = 2"))
    (done,) = carry(old, new)
    assert sources(new)[3] == "demo = 2" and "no longer" in done.note


def test_without_ids_the_grade_ids_tell(folders):
    old, new = folders
    cells = changed(CELLS, write_add=FILLED, think="Because.")
    for cell in cells:
        del cell["id"]
    write_cells(old, cells, nbformat_minor=4)
    done = carry(old, new)
    assert sources(new) == ["# Autograd", FILLED, "new = 1", 'check("add")', "demo = 1", "Because."]
    assert len(done) == 2


def test_a_copied_cell_is_kept_beside_the_original_without_its_grade_id(folders):
    old, new = folders
    cells = changed(CELLS, write_add=FILLED)
    cells.insert(2, cells[1] | {"source": "class add:\n    copy = 1"})
    write_cells(old, cells)
    carry(old, new)
    assert sources(new)[1:3] == [FILLED, "class add:\n    copy = 1"]
    ids = [cell["id"] for cell in read_cells(new)]
    assert len(set(ids)) == len(ids) and "nbgrader" not in read_cells(new)[2]["metadata"]


@pytest.mark.parametrize("text", ["", "{", '{"cells": 3}', '{"worksheets": [{"cells": []}], "nbformat": 3}'])
def test_a_notebook_that_can_not_be_read_is_left_and_said(folders, text):
    old, new = folders
    (old / NOTEBOOK).write_text(text)
    (done,) = carry(old, new)
    assert done.outcome == "left alone" and done.note and sources(new)[0] == "# Autograd"


def test_a_notebook_of_ones_own_is_named(folders):
    old, new = folders
    (old / "mine.ipynb").write_text("{}")
    (done,) = carry(old, new)
    assert (done.file, done.outcome) == ("mine.ipynb", "left alone")


# edf.py


def carried_module(folders, text):
    old, new = folders
    (old / "edf.py").write_text(text, encoding="utf-8")
    done = carry(old, new)
    return (new / "edf.py").read_text(encoding="utf-8"), done


def test_written_definitions_helpers_imports_and_comments_are_carried(folders):
    text = MODULE.replace("class add:\n    blank = 1", f"LIMIT = 3  # at most\n\n\n# a thought\n{FILLED}")
    text = (
        text.replace("import numpy as np\n", "import math\nimport numpy as np\n") + "\n\ndef h():\n    pass\n"
    )
    made, done = carried_module(folders, text)
    for piece in ("import math", "LIMIT = 3  # at most", f"# a thought\n{FILLED}", "def h():\n    pass"):
        assert made.count(piece) == 1, piece
    assert "blank = 1" not in made and "blank = 2" in made
    assert [made.index(p) for p in ("import math", "LIMIT", FILLED, "def reset", "def h")] == sorted(
        made.index(p) for p in ("import math", "LIMIT", FILLED, "def reset", "def h")
    )
    assert set(outcomes(done).values()) == {"carried"}


def test_windows_line_ends_are_no_work(folders):
    old, new = folders
    (old / "edf.py").write_bytes(MODULE.replace("\n", "\r\n").encode())
    assert carry(old, new) == []


def test_a_definition_that_the_release_changed_too_is_said(tmp_path):
    old = make_release(tmp_path / "old")
    new = make_release(tmp_path / "new", module=MODULE.replace("blank = 1", "blank = 3"))
    made, (done,) = carried_module((old, new), MODULE.replace("blank = 1", "mine = 1"))
    assert "mine = 1" in made and "changed too" in done.note


def test_an_edf_py_with_work_is_not_overwritten(folders):
    (folders[1] / "edf.py").write_text(MODULE.replace("blank = 1", "newer = 1"))
    made, (done,) = carried_module(folders, MODULE.replace("blank = 1", "mine = 1"))
    assert "newer = 1" in made and "mine" not in made and done.outcome == "left alone"


def test_what_is_bound_otherwise_here_is_left_and_said(folders):
    made, (done,) = carried_module(folders, MODULE.replace("ops = []", "ops = [1]"))
    assert "ops = []" in made and (done.piece, done.outcome) == ("ops", "left alone")


def test_an_edf_py_that_is_no_python_is_left_and_said(folders):
    made, (done,) = carried_module(folders, "class add\n")
    assert made == MODULE and "line 1" in done.note


def test_the_real_skeleton_takes_the_work_back(tmp_path):
    old, new = (
        make_release(tmp_path / "old", module=SKELETON),
        make_release(tmp_path / "new", module=SKELETON),
    )
    text = SKELETON.replace('raise NotImplementedError("exercise', 'print("exercise')
    made, _ = carried_module((old, new), text)
    assert made == text


# Nothing is lost


TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
EDITS = st.lists(
    st.tuples(
        st.sampled_from(["edit", "insert", "delete", "copy", "move", "drop id"]), st.integers(0, 20), TEXT
    ),
    max_size=6,
)


@settings(max_examples=100, deadline=None)
@given(EDITS, EDITS)
def test_every_text_of_the_student_is_in_the_new_file_or_the_report(tmp_path_factory, edits, edits_here):
    folder = tmp_path_factory.mktemp("carry")
    old, new = make_release(folder / "old"), make_release(folder / "new", CELLS[:4])
    written = edit(old, edits)
    written_here = edit(new, edits_here)
    done = carry(old, new)
    there = set(sources(new))
    left = {int(d.piece.split()[1]) for d in done if d.outcome == "left alone"}
    for number, text in written.items():
        assert text in there or number in left, (text, done)
    assert set(written_here.values()) <= there
    before = contents(new)
    carry(old, new)
    assert contents(new) == before


def edit(folder, edits):
    """Edit a notebook like a student; returns {cell number: text} of what is theirs."""
    cells = [dict(cell) for cell in read_cells(folder)]
    released = {cell["source"] for cell in cells}
    for i, (what, place, text) in enumerate(edits):
        place %= len(cells) + (what == "insert")
        if what == "edit":
            cells[place]["source"] = text
        elif what == "insert":
            cells.insert(place, code(text, id=f"own{i}-{folder.name}"))
        elif what == "copy":
            cells.insert(place, dict(cells[place]))
        elif what == "move":
            cells.append(cells.pop(place))
        elif what == "drop id":
            cells[place].pop("id", None)
        elif len(cells) > 1:
            del cells[place]
    write_cells(folder, cells)
    texts = {number: cell["source"] for number, cell in enumerate(cells, start=1)}
    return {number: text for number, text in texts.items() if text.strip() and text not in released}


STATEMENTS = st.sampled_from(
    ["import os", "x = 1", "x = 2", "def h():\n    return 1", "class add:\n    mine = 1", "class add:\n    mine = 2",
     "def reset():\n    mine = 3", "# a comment", "ops = [2]", "a = 1; b = 2", "print(3)", "@d\ndef d2(): pass",
     "import numpy as np", "ops = []", "class add:\n    blank = 1", "def reset():\n    blank = 2", "ops = []; z = 5"]
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(st.lists(STATEMENTS, unique=True), st.lists(STATEMENTS, unique=True))
def test_every_statement_of_the_student_is_in_the_new_edf_py_or_the_report(tmp_path_factory, theirs, here):
    folder = tmp_path_factory.mktemp("carry")
    old, new = make_release(folder / "old"), make_release(folder / "new")
    (new / "edf.py").write_text("\n\n".join(here) + "\n")
    made, done = carried_module((old, new), "\n\n".join(theirs) + "\n")
    left = {name for d in done if d.outcome == "left alone" for name in re.findall(r"\w+", d.piece)}
    handed_out = ("class add:\n    blank = 1", "def reset():\n    blank = 2")
    for text in theirs:
        names = re.findall(r"\w+", text)
        assert text in made or set(names) & left or text in handed_out, (text, made, done)
    assert all(text in made for text in here if text not in handed_out)
    before = contents(new)
    carry(old, new)
    assert contents(new) == before


# The command


def test_a_dry_run_shows_and_changes_nothing(folders, capsys):
    old, new = folders
    write_cells(old, changed(CELLS, write_add=FILLED))
    before = contents(new)
    assert main(["carry", str(old), "--dry-run"], new) == 0
    assert contents(new) == before
    assert "cell 2 (write-add)  carried" in capsys.readouterr().out


def test_the_exit_status_says_that_something_was_left(folders, capsys):
    old, new = folders
    write_cells(old, changed(CELLS, add="pass"))
    assert main(["carry", str(old)], new) == 1
    assert "look at it there" in capsys.readouterr().out


@pytest.mark.parametrize("case", ["no release", "same folder", "other assignment", "broken release"])
def test_a_folder_that_can_not_be_used_is_told_in_a_sentence(folders, tmp_path, capsys, case):
    old, new = folders
    if case == "no release":
        old = tmp_path / "nothing"
    elif case == "same folder":
        old = new / "edf_kit" / ".."
    elif case == "other assignment":
        old = make_release(tmp_path / "other", assignment="other")
    else:
        (old / "edf_kit" / "release.json").write_text("[")
    with pytest.raises(ReleaseError):
        carry(old, new)
    assert main(["carry", str(old)], new) == 2
    assert capsys.readouterr().out.count("\n") == 1


def test_preview_says_where_each_exercise_is_taken_from(folders, capsys):
    _, new = folders
    write_cells(new, changed(read_cells(new), write_add=FILLED))
    assert main(["preview"], new) == 0
    assert "  add  1_autograd.ipynb, cell 2\n" in capsys.readouterr().out
    assert main(["preview", "--source"], new) == 0
    assert "# from 1_autograd.ipynb, cell 2\n" + FILLED in capsys.readouterr().out


def test_preview_writes_the_module_that_is_graded_but_never_over_edf_py(folders, capsys):
    _, new = folders
    write_cells(new, changed(read_cells(new), write_add=FILLED))
    assert main(["preview", "--out", str(new / "edf_preview.py")], new) == 0
    assert FILLED in (new / "edf_preview.py").read_text(encoding="utf-8")
    assert main(["preview", "--out", str(new / "edf.py")], new) == 2
    assert (new / "edf.py").read_text(encoding="utf-8") == MODULE


def test_preview_of_a_notebook_that_is_not_there_is_a_sentence(folders, capsys):
    assert main(["preview", "nothing.ipynb"], folders[1]) == 2
    assert capsys.readouterr().out.startswith("nothing.ipynb can't be read")


SOLVED = definition_sources(REFERENCE)["RELU"]


@pytest.mark.parametrize("cell, status", [(SOLVED, 0), (RELU.format("self.x.top"), 1), ("1 /", 2)])
def test_check_is_of_what_the_grader_takes(tmp_path, monkeypatch, capsys, cell, status):
    monkeypatch.setitem(sys.modules, "edf", None)  # put back afterwards
    folder = make_release(tmp_path / "new", module=SKELETON)
    write_cells(folder, [*CELLS, code(cell, "RELU")])
    (folder / "edf_kit" / "release.json").write_text(
        (folder / "edf_kit" / "release.json")
        .read_text()
        .replace('["add"]', '["RELU.forward", "RELU.backward"]')
    )
    assert main(["check", "RELU" if status < 2 else "nothing"], folder) == status
    printed = capsys.readouterr()
    assert printed.out and printed.err == ""
