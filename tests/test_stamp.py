"""nbgrader's folder is left alone while it is what it would be made, and written again as soon as it is not."""

import sqlite3

import pytest
from conftest import ROOT

from autograder.cli import main

REFERENCE = (ROOT / "solutions" / "edf.py").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def class_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("class")


@pytest.fixture(scope="module")
def grade(class_folder):
    """A function that grades a class of one, and tells whether nbgrader's folder was written."""
    from conftest import QUICK

    from autograder.gradebook import course

    (class_folder / "quick.toml").write_text(QUICK)
    (class_folder / "submitted" / "ada").mkdir(parents=True)
    (class_folder / "submitted" / "ada" / "edf.py").write_text(REFERENCE)
    arguments = ["grade", str(class_folder / "submitted"), "--out", str(class_folder / "out"), "--jobs", "1"]
    arguments += ["--secret", str(class_folder / "secret"), "--assignment", str(class_folder / "quick.toml")]
    write, written = course.write_course, []

    def noting(*given):
        written.append(given)
        return write(*given)

    def grade(*more):
        written.clear()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(course, "write_course", noting)
            assert main([*arguments, *more]) == 0
        return bool(written)

    assert grade()
    return grade


def test_an_unchanged_class_writes_nothing(grade, capsys):
    assert not grade()
    assert "gradebook and notebooks for nbgrader" in capsys.readouterr().out


def change_the_gradebook(folder):
    with sqlite3.connect(folder / "out" / "course" / "gradebook.db") as database:
        database.execute("update student set first_name = 'Ada'")


def remove_the_gradebook(folder):
    (folder / "out" / "course" / "gradebook.db").unlink()


def remove_a_student(folder):
    (folder / "out" / "course" / "autograded" / "ada").rename(folder / "ada")


def damage_a_notebook(folder):
    notebook = next((folder / "out" / "course" / "autograded").rglob("*.ipynb"))
    notebook.write_text("{}")


def set_a_penalty(folder):
    with open(folder / "out" / "course" / "nbgrader_config.py", "a") as file:
        file.write("\n# the course's own\n")


def hand_in_again(folder):
    (folder / "submitted" / "ada" / "edf.py").write_text(REFERENCE + "\n")


def spoil_the_stamp(folder):
    (folder / "out" / "course" / ".autograder" / "quick" / "written.json").write_text("[")


@pytest.mark.parametrize(
    "change",
    [
        change_the_gradebook,
        remove_the_gradebook,
        remove_a_student,
        damage_a_notebook,
        set_a_penalty,
        hand_in_again,
        spoil_the_stamp,
    ],
)
def test_any_change_has_it_written_again(grade, class_folder, change):
    change(class_folder)
    assert grade()
    notebooks = list((class_folder / "out" / "course" / "autograded" / "ada").rglob("*.ipynb"))
    assert all(len(notebook.read_bytes()) > 100 for notebook in notebooks) and notebooks
    assert not grade()


def test_a_roster_has_it_written_again(grade, class_folder):
    (class_folder / "roster.csv").write_text("student,name\nada,Ada Lovelace\n")
    roster = ("--roster", str(class_folder / "roster.csv"))
    assert grade(*roster)
    assert not grade(*roster)
