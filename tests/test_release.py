"""Tests of make release: the bundle's contents, its notebooks, that it is the same each time, and refusals."""

import json
import shutil
import subprocess
import sys
import zipfile

import nbformat
import pytest
from nbgrader.nbgraderformat import MetadataValidator

from autograder import cli
from autograder.assignment import load_assignment
from autograder.errors import ReleaseError
from autograder.exercise import load_exercises
from autograder.paths import ROOT
from autograder.release import make
from autograder.release.notebooks import NotebookSourceError, instructor_notebooks
from autograder.skeleton import definition_texts, make_skeleton

NOTEBOOKS = ["1_autograd.ipynb", "2_training.ipynb", "3_convolution.ipynb", "4_eager.ipynb"]


def read(path):
    return nbformat.read(path, as_version=4)


def cells(released, **wanted):
    """{grade_id: cell} of all notebooks' cells whose nbgrader metadata have these values."""
    return {
        cell.metadata.nbgrader.grade_id: cell
        for name in NOTEBOOKS
        for cell in read(released.bundle / name).cells
        if all(cell.metadata.get("nbgrader", {}).get(key) == value for key, value in wanted.items())
    }


def test_a_bundle_holds_what_a_student_needs_and_nothing_else(released):
    top = {path.name for path in released.bundle.iterdir()}
    assert top == {
        *NOTEBOOKS, "README.md", "requirements.txt", "edf.py", "edf_kit", "mnist.npz", "mnist.py",
        "mnist_conv.py", "test_edf.py",
    }  # fmt: skip


def test_the_zip_holds_the_same_files_as_the_folder(released):
    with zipfile.ZipFile(released.zip) as packed:
        in_zip = {name: packed.read(name) for name in packed.namelist()}
    folder = released.bundle
    in_folder = {
        f"edf/{path.relative_to(folder).as_posix()}": path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    assert in_zip == in_folder


def test_the_digits_are_the_students_nine_thousand(released):
    import numpy as np

    from autograder.digits import student_digits

    with np.load(released.bundle / "mnist.npz") as file:
        assert np.array_equal(file["images"], student_digits()[0])
        assert np.array_equal(file["labels"], student_digits()[1])


def test_the_readme_names_every_exercise_with_its_points(released, assignment):
    text = (released.bundle / "README.md").read_text(encoding="utf-8")
    assert "import nothing but Python's own modules, numpy and scipy: the grader" in text
    for exercise in assignment.exercises:
        assert f"| `{exercise.id}` | {exercise.title} | {assignment.points[exercise.id]:g}" in text
    assert "$" not in text


def test_every_exercise_has_one_locked_grade_cell_with_its_points(released, assignment):
    graded = cells(released, grade=True)
    assert set(graded) == {exercise.id for exercise in assignment.exercises}
    for id, cell in graded.items():
        expected = 0 if id in assignment.extra_credit else assignment.points[id]
        metadata = cell.metadata.nbgrader
        assert (metadata.locked, metadata.solution, metadata.points) == (True, False, expected)
        assert cell.source == f'check("{id}")' and cell.metadata.editable is False


def test_stub_cells_hold_the_skeletons_own_text(released, assignment):
    skeleton = make_skeleton(assignment.stubs)
    stubs = cells(released, solution=True)
    owners = {stub.partition(".")[0] for stub in assignment.stubs}
    assert {name for id in stubs for name in id.removeprefix("write-").split("-")} == owners
    for id, cell in stubs.items():
        names = id.removeprefix("write-").split("-")
        for name in names:
            assert definition_texts(skeleton, {name})[name] in cell.source
            assert f"edf.{name} = {name}" in cell.source.splitlines()
        assert "still to be written" in cell.source and "SOLUTION" not in cell.source


def test_definitions_without_a_stub_are_shown_locked(released):
    given = cells(released, locked=True, grade=False)
    assert "given-matmul" in given and "given-down2" in given
    assert "NotImplementedError" not in given["given-matmul"].source


def test_the_notebooks_are_valid_for_nbgrader_and_clean(released):
    for name in NOTEBOOKS:
        notebook = read(released.bundle / name)
        nbformat.validate(notebook)
        MetadataValidator().validate_nb(notebook)
        for cell in notebook.cells:
            assert cell.cell_type == "markdown" or (cell.outputs, cell.execution_count) == ([], None)


def test_nbgrader_gradebook_knows_the_points(released, assignment):
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{released.course}/gradebook.db") as gradebook:
        assert gradebook.find_assignment("edf").max_score == assignment.total


def test_a_release_is_the_same_byte_for_byte(released, tmp_path, monkeypatch):
    # Another folder, another day, another hash seed.
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1")
    make.make_release(load_assignment(), tmp_path / "out", tmp_path / "course", None, try_it=False)
    assert (tmp_path / "out" / "edf.zip").read_bytes() == released.zip.read_bytes()


def test_the_manifest_names_cells_and_definitions(released):
    described = json.loads((released.bundle / "edf_kit" / "release.json").read_text(encoding="utf-8"))
    assert described["assignment"] == "edf" and len(described["release"]) == 12
    assert set(described["cells"]) == set(NOTEBOOKS)
    assert "write-add" in described["cells"]["1_autograd.ipynb"]
    assert {"add", "conv2", "momentum", "SGD"} <= set(described["definitions"])


def test_ids_of_cells_are_unique_and_speak(assignment):
    ids = [cell.id for notebook in instructor_notebooks(assignment).values() for cell in notebook.cells]
    assert len(ids) == len(set(ids))
    assert {"write-add", "add", "add-predict"} <= set(ids)


def test_every_exercise_has_a_place_in_the_notebooks(tmp_path):
    # Any subset can be an assignment: here, all of them.
    ids = list(load_exercises())
    path = tmp_path / "all.toml"
    path.write_text(
        f'name = "all"\ntotal = {len(ids)}\n[points]\n' + "".join(f"{id} = 1\n" for id in ids),
        encoding="utf-8",
    )
    notebooks = instructor_notebooks(load_assignment(path))
    graded = [
        cell.metadata.nbgrader.grade_id
        for notebook in notebooks.values()
        for cell in notebook.cells
        if cell.metadata.get("nbgrader", {}).get("grade")
    ]
    assert sorted(graded) == sorted(ids)
    assert not any("given-" in cell.id for notebook in notebooks.values() for cell in notebook.cells)


def test_an_exercise_without_a_place_is_named(assignment, tmp_path):
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks")
    source = tmp_path / "notebooks" / "1_autograd.py"
    source.write_text(source.read_text(encoding="utf-8").replace('check="RELU"', ""), encoding="utf-8")
    with pytest.raises(NotebookSourceError, match='check="RELU"'):
        instructor_notebooks(assignment, tmp_path / "notebooks")


def test_a_leak_stops_the_release_and_is_named(tmp_path, monkeypatch, capsys):
    """A solution in a notebook's text: nothing is put in place, and the file and cell are said."""
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks")
    source = tmp_path / "notebooks" / "2_training.py"
    leak = "\n# %% [markdown]\n# Write `p.velocity = mom * p.velocity + p.grad; p.top = p.top - lr * p.velocity`.\n"
    source.write_text(source.read_text(encoding="utf-8") + leak, encoding="utf-8")
    monkeypatch.setattr(
        "autograder.release.bundle.instructor_notebooks",
        lambda assignment: instructor_notebooks(assignment, tmp_path / "notebooks"),
    )
    out, course = tmp_path / "out", tmp_path / "course"
    status = cli.main(["release", "--no-dry-run", "--out", str(out), "--course", str(course)])
    said = capsys.readouterr().err
    assert status == 1
    assert "2_training.ipynb" in said and "momentum" in said
    assert list(out.iterdir()) == [] and not course.exists()


def test_releasing_again_keeps_the_courses_own_settings_and_grades(released, tmp_path):
    course = tmp_path / "course"
    shutil.copytree(released.course, course)
    (course / "nbgrader_config.py").write_text("# our own\n")
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        gradebook.add_student("ada")
        gradebook.add_submission("edf", "ada")
    make.make_release(load_assignment(), tmp_path / "out", course, None, try_it=False)
    assert (course / "nbgrader_config.py").read_text() == "# our own\n"
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        assert [student.id for student in gradebook.students] == ["ada"]


def colab(released, folder, then):
    """Run the README's lines for Colab, and some more, in a folder; returns what is printed."""
    readme = (released.bundle / "README.md").read_text(encoding="utf-8")
    lines = [line[4:] for line in readme.splitlines() if line.startswith("    ")]
    start = lines.index("import os, zipfile")
    code = "\n".join(lines[start : start + 5])
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{code}\nimport sys; sys.path.insert(0, '')\n{then}"],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_colabs_lines_of_the_readme_bring_edf_and_the_digits(released, tmp_path):
    shutil.copy(released.zip, tmp_path)
    said = colab(released, tmp_path, "import edf_kit.digits as d, edf; print(len(d.load_digits()[0]))")
    assert said.split() == ["9000"]


def test_colabs_lines_overwrite_nothing_when_run_again(released, tmp_path):
    shutil.copy(released.zip, tmp_path)
    colab(released, tmp_path, "open('1_autograd.ipynb', 'w').write('my work')")
    assert colab(released, tmp_path, "print(open('1_autograd.ipynb').read())") == "my work\n"


@pytest.mark.parametrize("option", ["--out", "--course", "--assignment"])
def test_a_path_that_cannot_be_used_is_said_before_anything_is_made(option, tmp_path, capsys):
    (tmp_path / "in_the_way").write_text("")
    paths = {"--out": tmp_path / "out", "--course": tmp_path / "course"}
    paths[option] = tmp_path if option == "--assignment" else tmp_path / "in_the_way"
    arguments = [str(part) for pair in paths.items() for part in pair]
    assert cli.main(["release", "--no-dry-run", *arguments]) == 2
    assert str(paths[option]) in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["in_the_way"]


def test_stubs_without_their_messages_stop_the_release(tmp_path, monkeypatch):
    """As when nbgrader's settings are not read: it would put one text for all into the stubs."""
    config = tmp_path / "nbgrader_config.py"
    config.write_text("import nothing_of_that_name\n")
    monkeypatch.setattr("autograder.release.bundle.CONFIG", config)
    with pytest.raises(ReleaseError, match="write-add"):
        make.make_release(load_assignment(), tmp_path / "out", tmp_path / "course", None, try_it=False)


def test_a_release_may_be_asked_for_by_a_relative_path(tmp_path, monkeypatch):
    """Every step gets along with it; the fresh environment's pip, too."""
    tried = []
    monkeypatch.setattr(make, "dry_run", lambda bundle, scratch, report: tried.append((bundle, scratch)))
    monkeypatch.chdir(tmp_path)
    make.make_release(load_assignment(), "out", "course", None)
    assert all(path.is_absolute() for path in tried[0])
