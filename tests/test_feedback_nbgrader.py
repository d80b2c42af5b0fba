"""Our page as nbgrader's feedback: generated, released through an exchange, with what persons added in formgrader."""

import os
import shutil
import subprocess
import sys

import pytest
from courses import REFERENCE, empty_course, grade_of, gradebook, quick_assignment
from nbgrader.utils import notebook_hash

from autograder.grade import Job, grade_submission
from autograder.gradebook.course import write_course
from autograder.gradebook.exchange import submission_secret
from autograder.intake import find_submissions

SECRET = "ab" * 64
WRONG = REFERENCE.replace("self.top = self.x.top + self.y.top", "self.top = self.x.top - self.y.top")
CONFIG = """
c.LateSubmissionPlugin.penalty_method = "zero"
c.CourseDirectory.course_id = "cv"
c.Exchange.root = {exchange!r}
c.Exchange.path_includes_course = False
"""


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course with one submission, as nbgrader collects it, graded; a person has commented, and given points."""
    folder = tmp_path_factory.mktemp("feedback")
    course = shutil.copytree(empty_course(), folder / "course")
    own = course / "submitted" / "ada" / "quick"
    own.mkdir(parents=True)
    shutil.copy(course / "release" / "quick" / "1_autograd.ipynb", own)
    (own / "edf.py").write_text(WRONG)
    (own / "timestamp.txt").write_text("2030-05-01 14:00:00.000000 UTC\n")
    (own / "submission_secret.txt").write_text(SECRET)
    (own / "mine.txt").write_text("notes of my own")
    (folder / "exchange").mkdir()
    with open(course / "nbgrader_config.py", "a") as file:
        file.write(CONFIG.format(exchange=str(folder / "exchange")))
    [submission] = find_submissions(course, "quick")
    score, record = grade_submission(Job(submission, quick_assignment(), bytes(32)))
    assert score["exercises"]["add"]["status"] == "fail", score["message"]
    write_course(course, quick_assignment(), [(submission, score)], record_of=lambda student: record)
    with gradebook(course) as book:
        grade_of(book, "add").manual_score = 2.5
        notebook = book.find_submission("quick", "ada").notebooks[0]
        notebook.comments[0].manual_comment = "Nearly: <b>look</b> at the sign."
        book.find_submission("quick", "ada").notebooks[0].late_submission_penalty = 1
        book.db.commit()
    return course


def nbgrader(course, *arguments):
    environment = os.environ | {
        "HOME": str(course.parent),
        "JUPYTER_CONFIG_DIR": str(course.parent / "config"),
    }
    command = [sys.executable, "-m", "nbgrader", *arguments]
    return subprocess.run(command, cwd=course, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def generated(course):
    """The folder that nbgrader's command for feedback makes for the student."""
    done = nbgrader(course, "generate_feedback", "quick")
    assert done.returncode == 0, done.stderr
    return course / "feedback" / "ada" / "quick"


def test_the_page_has_the_cards_and_what_persons_added(generated):
    page = (generated / "1_autograd.html").read_text(encoding="utf-8")
    assert 'id="add"' in page and "The smallest case that fails" in page
    assert "Points that an instructor gave in place of the grader&#39;s 4.36: 2.5." in page
    assert "<strong>7.5</strong> of 10 points" in page  # 2.5 + 4 + 2 of extra credit - 1
    assert "Nearly: &lt;b&gt;look&lt;/b&gt; at the sign." in page
    assert "Points that handing in late costs, taken off here: 1." in page
    code = page[page.index("Your code in 1_autograd") :]
    assert "self.x.top - self.y.top" in code and "class Value" not in code and "draw_graph(" not in code
    assert "<script" not in page and "http://" not in page.replace("http://www.w3.org", "")


def test_nothing_else_of_the_submission_is_handed_back(generated):
    names = {path.name for path in generated.iterdir()}
    notebooks = {"1_autograd.html", "2_training.html", "3_convolution.html", "4_eager.html"}
    assert names == notebooks | {"timestamp.txt", "submission_secret.txt"}


def test_release_feedback_hands_back_this_page(course, generated):
    done = nbgrader(course, "release_feedback", "quick")
    assert done.returncode == 0, done.stderr
    folder = course.parent / "exchange" / "cv" / "feedback"
    released = folder / f"{notebook_hash(secret=SECRET, notebook_id='1_autograd')}.html"
    assert released.read_bytes() == (generated / "1_autograd.html").read_bytes()


def test_a_student_without_a_score_gets_a_sentence_and_no_page(course, tmp_path):
    other = shutil.copytree(course, tmp_path / "course")
    shutil.rmtree(other / ".autograder" / "quick" / "scores")
    done = nbgrader(other, "generate_feedback", "quick", "--force")
    assert "ada has no score of quick: run make grade" in done.stderr
    assert not (other / "feedback" / "ada" / "quick" / "1_autograd.html").exists()


@pytest.mark.parametrize("text", ["", "../../etc", "ab\n", "AB", "a" * 999 + "zz"])
def test_what_is_no_secret_is_not_taken_for_one(tmp_path, text):
    (tmp_path / "submission_secret.txt").write_text(text)
    assert submission_secret(tmp_path) is None


def test_a_secret_behind_a_link_is_not_read(tmp_path):
    (tmp_path / "elsewhere").write_text(SECRET)
    (tmp_path / "submission_secret.txt").symlink_to(tmp_path / "elsewhere")
    assert submission_secret(tmp_path) is None
    assert submission_secret(tmp_path / "nowhere") is None
