"""Tests of carry: a student's work goes from an old release into a new one, and nothing is lost or overwritten."""

import re

import pytest
from cells import SKELETON, code
from edf_kit.carry import carry
from hypothesis import given, settings
from hypothesis import strategies as st
from releases import (
    CELLS,
    FILLED,
    MODULE,
    NOTEBOOK,
    changed,
    contents,
    make_release,
    markdown,
    read_cells,
    sources,
    two_releases,
    write_cells,
)


def outcomes(done):
    return {d.piece: d.outcome for d in done}


@pytest.fixture
def folders(tmp_path):
    return two_releases(tmp_path)


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
    assert done[0].note.endswith(f"compare it by hand with {old / NOTEBOOK}, cell 2")


def test_a_text_that_the_release_changed_too_is_carried_and_said(tmp_path):
    old = make_release(tmp_path / "old")
    new = make_release(tmp_path / "new", changed(CELLS, write_add="class add:\n    blank = 2"))
    write_cells(old, changed(CELLS, write_add=FILLED))
    (done,) = carry(old, new)
    assert sources(new)[1] == FILLED and done.outcome == "carried"
    assert "your version is in 1_autograd.ipynb, cell 2; " in done.note
    assert done.note.endswith("the release's new text is in 1_autograd.ipynb.before-carry, same cell")


def test_the_places_of_both_texts_are_those_in_the_files_that_are_there_afterwards(tmp_path):
    old = make_release(tmp_path / "old")
    new = make_release(tmp_path / "new", changed(CELLS, write_add="class add:\n    blank = 2"))
    (new / f"{NOTEBOOK}.before-carry").touch()
    write_cells(old, [code("mine = 1", id="mine"), *changed(CELLS, write_add=FILLED)])
    _, done = carry(old, new)
    assert "your version is in 1_autograd.ipynb, cell 3;" in done.note
    assert done.note.endswith("is in 1_autograd.ipynb.before-carry-2, cell 2")


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
    assert "mine = 1" in made
    assert done.note.endswith("yours is in edf.py, the release's new one in edf.py.before-carry")


def test_an_edf_py_with_work_is_not_overwritten(folders):
    (folders[1] / "edf.py").write_text(MODULE.replace("blank = 1", "newer = 1"))
    made, (done,) = carried_module(folders, MODULE.replace("blank = 1", "mine = 1"))
    assert "newer = 1" in made and "mine" not in made and done.outcome == "left alone"
    assert done.note.endswith(f"compare it by hand with {folders[0] / 'edf.py'}")


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
