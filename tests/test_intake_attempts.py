"""Several submissions of one student, a roster, late ones: `autograder grade` on each, end to end."""

import csv
import json
import shutil

import pytest
from handed_in import ADD, MEAN, REFERENCE, notebook, write_files, zipped

from autograder.assignment import AssignmentError, load_assignment
from autograder.classlist import choose_best
from autograder.cli import main
from autograder.scores import Scores

NO_ADD = REFERENCE.replace("self.top = self.x.top + self.y.top", "self.top = self.x.top")
SYNTAX_ERROR = "print 1\n"
TIMES = ["2026-11-18 10:00:00 UTC", "2026-11-19 10:00:00 UTC", "2026-11-20 10:00:00 UTC"]


@pytest.fixture
def classroom(tmp_path, quick_assignment):
    """A class whose `bo` handed in three times, the second time best; classroom.grade(...) → exit status."""

    class Classroom:
        folder, out, toml = tmp_path / "submitted", tmp_path / "out", quick_assignment

        def hand_in(self, files):
            write_files(self.folder, files)

        def grade(self, counts="last", roster=None, path=None):
            text = self.toml.read_text().replace('attempts = "best"\n', "")
            self.toml.write_text((f'attempts = "{counts}"\n' if counts != "last" else "") + text)
            more = []
            if roster is not None:
                (tmp_path / "roster.csv").write_text(roster)
                more = ["--roster", str(tmp_path / "roster.csv")]
            paths = [
                "--out",
                str(self.out),
                "--secret",
                str(tmp_path / "secret"),
                "--assignment",
                str(self.toml),
            ]
            return main(["grade", str(path or self.folder), *paths, "--jobs", "2", *more])

        def score(self, student):
            return json.loads((self.out / "scores" / f"{student}.json").read_text())

        def grades(self):
            with open(self.out / "grades.csv", newline="") as file:
                return {row["student"]: row for row in csv.DictReader(file)}

        def written_at(self):
            return {path: path.stat().st_mtime_ns for path in self.out.rglob("*.json")}

    room = Classroom()
    sources = zip(TIMES, [SYNTAX_ERROR, REFERENCE, NO_ADD])
    room.hand_in({f"bo+quick+{time}+abcdefghijkl/edf.py": source for time, source in sources})
    return room


def test_by_default_the_last_submission_counts_and_the_others_are_named(classroom, capsys):
    assert classroom.grade() == 0
    score = classroom.score("bo")
    assert (score["attempt"], score["when"]) == (TIMES[2], "2026-11-20T10:00:00+00:00")
    assert 0 < score["score"] < 10
    others = [(other["attempt"], other["score"]) for other in score["other_attempts"]]
    assert others == [(TIMES[0], None), (TIMES[1], None)]
    said = f"attempt {TIMES[2]} counts, the last of 3"
    assert said in capsys.readouterr().out
    row = classroom.grades()["bo"]
    assert (row["attempt"], row["when"], row["remark"]) == (TIMES[2], "2026-11-20T10:00:00+00:00", said)


def test_where_the_best_counts_each_is_graded_and_the_best_is_the_score(classroom, capsys):
    assert classroom.grade("best") == 0
    score = classroom.score("bo")
    assert (score["attempt"], score["score"]) == (TIMES[1], 10)
    points = {other["attempt"]: other["score"] for other in score["other_attempts"]}
    assert points[TIMES[0]] == 0 and 0 < points[TIMES[2]] < 10
    assert (
        f"attempt {TIMES[1]} counts, the best of 3, others: 0, {points[TIMES[2]]:g}"
        in capsys.readouterr().out
    )
    assert json.loads((classroom.out / "records" / "bo.json").read_text())["cpu_seconds"]


@pytest.mark.parametrize("counts", ["last", "best"])
def test_what_has_not_changed_is_neither_graded_nor_written_again(classroom, capsys, counts):
    classroom.grade(counts)
    before = classroom.written_at()
    capsys.readouterr()
    assert classroom.grade(counts) == 0
    number = 3 if counts == "best" else 1
    whole = "1 submission is" if number == 1 else f"{number} submissions are"
    assert f"{number} of {whole} unchanged" in capsys.readouterr().out
    assert classroom.written_at() == before


def test_a_further_attempt_is_graded_alone_and_can_become_the_best(classroom, capsys):
    classroom.grade("best")
    before = classroom.score("bo")
    classroom.hand_in({"bo+quick+2026-11-21 10:00:00 UTC+abcdefghijkl/edf.py": REFERENCE + "\n# again\n"})
    capsys.readouterr()
    assert classroom.grade("best") == 0
    assert "3 of 4 submissions are unchanged" in capsys.readouterr().out
    after = classroom.score("bo")
    assert (before["attempt"], after["attempt"]) == (TIMES[1], "2026-11-21 10:00:00 UTC"), (
        "of equals, the last"
    )
    assert len(after["other_attempts"]) == 3


def test_a_run_that_stopped_between_attempts_goes_on_and_ends_the_same(classroom, monkeypatch):
    write_attempt, done = Scores.write_attempt, []

    def stop_after_one(self, score, record):
        if done:
            raise RuntimeError("the power went out")
        done.append(score["attempt"])
        write_attempt(self, score, record)

    monkeypatch.setattr(Scores, "write_attempt", stop_after_one)
    with pytest.raises(RuntimeError):
        classroom.grade("best")
    monkeypatch.undo()
    kept = classroom.written_at()
    assert len([path for path in kept if path.parent.name == "bo.all"]) == 1
    assert classroom.grade("best") == 0
    assert {path: classroom.written_at()[path] for path in kept} == kept
    resumed = classroom.score("bo")
    shutil.rmtree(classroom.out)
    classroom.grade("best")
    assert classroom.score("bo") == resumed


def test_the_same_files_handed_in_again_are_not_graded_again_but_said(classroom, capsys):
    classroom.grade()
    classroom.hand_in({"bo+quick+2026-11-21 10:00:00 UTC+abcdefghijkl/edf.py": NO_ADD})
    capsys.readouterr()
    classroom.grade()
    assert "1 of 1 submission is unchanged" in capsys.readouterr().out
    assert classroom.score("bo")["attempt"] == "2026-11-21 10:00:00 UTC"
    assert classroom.grades()["bo"]["when"] == "2026-11-21T10:00:00+00:00"


@pytest.mark.parametrize("points, best", [([1, 3, 2], 1), ([3, 3, 2], 1), ([0, 0], 1), ([5, None, 7], 1)])
def test_the_best_is_the_last_of_equals_and_an_open_score_goes_before_all(points, best):
    assert choose_best([{"score": value} for value in points]) == best


@pytest.mark.parametrize("value", ['"first"', "1", "true"])
def test_which_attempt_counts_is_last_or_best(quick_assignment, value):
    quick_assignment.write_text(f"attempts = {value}\n" + quick_assignment.read_text())
    with pytest.raises(AssignmentError, match='attempts must be "last" or "best"'):
        load_assignment(quick_assignment)


def test_the_choice_of_attempts_changes_no_score(quick_assignment):
    before = load_assignment(quick_assignment)
    quick_assignment.write_text('attempts = "best"\n' + quick_assignment.read_text())
    after = load_assignment(quick_assignment)
    assert (before.attempts, after.attempts) == ("last", "best")
    assert before.fingerprint == after.fingerprint


ROSTER = "student,name,canvas_id,section\nbo,Bo Ek,,A\nal1,Ada Lovelace,111,B\ncy,Cy Young,,=1\n"


def test_the_roster_names_who_is_absent_unknown_and_in_which_section(classroom, capsys):
    classroom.hand_in({"lovelaceada_LATE_111_9001_edf.py": REFERENCE, "eve/edf.py": NO_ADD})
    assert classroom.grade(roster=ROSTER) == 0
    out = capsys.readouterr().out
    assert "on the roster, nothing handed in: cy" in out
    assert "eve: not on the roster" in out
    grades = classroom.grades()
    assert list(grades) == ["al1", "bo", "cy", "eve"]
    assert [grades[student]["section"] for student in grades] == ["B", "A", "'=1", ""]
    assert (grades["cy"]["status"], grades["cy"]["score"], grades["cy"]["add"]) == (
        "nothing handed in",
        "0",
        "",
    )
    assert [grades[student]["late"] for student in grades] == ["True", "", "", ""]
    assert grades["al1"]["remark"] == "late"
    assert classroom.score("al1")["section"] == "B"
    assert classroom.score("eve")["roster"] == "not on the roster"
    assert classroom.score("al1")["late"] is True


def test_a_roster_that_changes_is_taken_over_without_grading_again(classroom, capsys):
    classroom.grade(roster=ROSTER)
    capsys.readouterr()
    classroom.grade(roster=ROSTER.replace("Ek,,A", "Ek,,C"))
    assert "1 of 1 submission is unchanged" in capsys.readouterr().out
    assert classroom.score("bo")["section"] == "C"


def test_a_roster_that_cannot_be_used_grades_nothing(classroom, capsys):
    assert classroom.grade(roster="name\nBo\n") == 2
    assert "there is no column student" in capsys.readouterr().err
    assert not classroom.out.exists()


def test_without_roster_and_attempts_the_table_has_no_further_columns(classroom):
    shutil.rmtree(classroom.folder)
    classroom.hand_in({"bo/edf.py": REFERENCE})
    classroom.grade()
    assert list(classroom.grades()["bo"]) == ["student", "status", "score", "max_score", "add", "mean"]


def test_a_class_of_notebooks_zips_and_modules_in_a_zip_is_graded(classroom, tmp_path, capsys):
    """Each form of the right answers gets all points, and what is no submission is named."""
    files = {
        "ada_1_9001_1_autograd.ipynb": notebook(add=ADD),
        "ada_1_9002_2_training.ipynb": notebook(mean=MEAN),
        "bo_2_9003_hw.zip": zipped({"hw/all.ipynb": notebook(add=ADD, mean=MEAN)}),
        "cy_3_9004_edf.py": REFERENCE,
        "dee_4_9005_x.ipynb": b"[]",
        "eve_5_text.html": b"<p>my dog ate it</p>",
        "readme.txt": b"",
    }
    (tmp_path / "submissions.zip").write_bytes(zipped(files))
    assert classroom.grade(path=tmp_path / "submissions.zip") == 0
    grades = classroom.grades()
    assert {student: (row["status"], float(row["score"])) for student, row in grades.items()} == {
        "ada": ("graded", 10),
        "bo": ("graded", 10),
        "cy": ("graded", 10),
        "dee": ("no notebook", 0),
        "eve": ("missing", 0),
    }
    assert classroom.score("ada")["cells"] == {
        "add": "1_autograd.ipynb, cell 2",
        "mean": "2_training.ipynb, cell 2",
    }
    assert "ignored: readme.txt: it is no folder" in capsys.readouterr().out
    capsys.readouterr()
    assert classroom.grade(path=tmp_path / "submissions.zip") == 0
    assert "5 of 5 submissions are unchanged" in capsys.readouterr().out
