"""`--anonymous`: nothing that is written or said names a student, but the list beside the output folder."""

import csv
import io
import stat
import zipfile
from pathlib import Path

import pytest
from conftest import ROOT

from autograder.cli import main
from autograder.pseudonyms import pseudonym

REFERENCE = (ROOT / "solutions" / "edf.py").read_text(encoding="utf-8")
NAMES = ("zahrabintali", "Wu Jiahao", "wujiahao", "Ngozi", "ngozi@example.org", "absent-tomasz", "mean")


def zipped(name):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        file.writestr(name, REFERENCE)
    return data.getvalue()


@pytest.fixture
def graded(tmp_path, quick_assignment, capfd):
    """What a class says that is graded without names, and a function that grades it again."""
    folder = tmp_path / "submitted"
    folder.mkdir()
    (folder / "zahrabintali").mkdir()
    (folder / "zahrabintali" / "edf.py").write_text("raise ValueError('zahrabintali was here')")
    # Canvas' download: the name stands in that of the file.
    (folder / "wujiahao_LATE_77_88_edf.py").write_text(REFERENCE)
    (folder / "Ngozi.zip").write_bytes(zipped("Ngozi's work/notes.txt"))
    (folder / "mean.py").write_text(
        REFERENCE.replace("self.top = self.x.top + self.y.top", "self.top = self.x.top")
    )
    (folder / "zahrabintali.docx").write_text("")
    roster = tmp_path / "roster.csv"
    roster.write_text(
        "student,name,canvas_id,email,section\nwu7,Wu Jiahao,77,,A\nzahrabintali,,,,B\nabsent-tomasz,,,,A\n"
        "ng,Ngozi,,ngozi@example.org,B\nmean,,,,A\n"
    )
    arguments = ["grade", str(folder), "--out", str(tmp_path / "out"), "--secret", str(tmp_path / "secret")]
    arguments += ["--assignment", str(quick_assignment), "--roster", str(roster), "--jobs", "1"]

    def grade(*more):
        status = main([*arguments, *more])
        said = capfd.readouterr()
        return status, said.out + said.err

    return grade


def found(names, texts):
    return {
        (name, where) for where, text in texts.items() for name in names if name.casefold() in text.casefold()
    }


def test_names_are_in_the_list_alone(graded, tmp_path):
    status, said = graded("--anonymous")
    assert status == 0
    texts = {"terminal": said}
    for path in (tmp_path / "out").rglob("*"):
        name = str(path.relative_to(tmp_path / "out"))
        # What students wrote, and how they called it, is theirs.
        if not name.startswith("course/submitted/anon-"):
            is_ours = path.is_file() and path.name != "edf.py"
            texts[name] = path.read_bytes().decode("utf-8", "replace") if is_ours else ""
    assert len(texts) > 20
    # "mean" is an exercise, too.
    wanted = [*NAMES[:-1], "wu7", "_77_"]
    assert found(wanted, {name: name + text for name, text in texts.items()}) == set()
    listed = list(csv.reader((tmp_path / "out.names.csv").open(encoding="utf-8")))
    students = {"wu7", "zahrabintali", "absent-tomasz", "ng", "mean"}
    secret = bytes.fromhex((tmp_path / "secret").read_text())
    assert {(row[0], row[1]) for row in listed[1:]} == {(pseudonym(name, secret), name) for name in students}
    assert stat.S_IMODE((tmp_path / "out.names.csv").stat().st_mode) == 0o600


@pytest.fixture
def without_gradebook(monkeypatch):
    """It takes a while to make."""
    monkeypatch.setattr("autograder.run._write_course", lambda *arguments: None)


def test_points_are_those_of_a_run_with_names(graded, tmp_path, without_gradebook):
    def grades(names):
        with open(tmp_path / "out" / "grades.csv", encoding="utf-8") as file:
            return {names.get(row["student"], row["student"]): row for row in csv.DictReader(file)}

    graded("--anonymous")
    with open(tmp_path / "out.names.csv", encoding="utf-8") as file:
        names = {row["pseudonym"]: row["student"] for row in csv.DictReader(file)}
    anonymous = grades(names)
    Path(tmp_path / "out").rename(tmp_path / "kept")
    graded()
    for name, row in grades({}).items():
        same = {key: value for key, value in row.items() if key not in ("student", "remark")}
        assert {key: anonymous[name][key] for key in same} == same


def test_a_second_run_grades_nothing_anew(graded, without_gradebook):
    graded("--anonymous")
    assert "4 of 4 submissions are unchanged" in graded("--anonymous")[1]


def test_a_folder_that_has_names_in_it_is_refused(graded, tmp_path, without_gradebook):
    graded()
    status, said = graded("--anonymous")
    assert status == 2
    assert "name another --out" in said
    assert not (tmp_path / "out.names.csv").exists()


def test_a_course_folder_that_has_names_in_it_is_refused(graded, tmp_path):
    status, said = graded("--anonymous", "--course", str(tmp_path))
    assert status == 2
    assert "name another --course" in said
