"""What students are told: a Feedback made of scores as the sandbox and the judge give them, in its three forms."""

import copy
import dataclasses
import json
import re

import numpy as np
import pytest
from conftest import SAMPLE_CLASS
from markdown_it import MarkdownIt

from autograder import grade as grading
from autograder.assignment import load_assignment
from autograder.draw import Draw
from autograder.exercise import load_exercises
from autograder.grade import Job, grade_submission
from autograder.intake import Submission
from autograder.losses import reference_losses, shown_losses
from autograder.paths import SOLUTION
from autograder.reference import forget
from autograder.reports import curves
from autograder.reports.case import case_of
from autograder.reports.feedback import feedback
from autograder.reports.write_feedback import as_json, escaped, fenced, html, markdown, write_feedback
from autograder.scores import Scores
from autograder.training import PUBLIC

SECRET = bytes(range(32))
REFERENCE = SOLUTION.read_text(encoding="utf-8")
TOML = """
name = "small"
total = 34
packages = []
[points]
add = 6
conv2_forward = 10
conv2_image = 11
mnist_mlp = 7
[extra_credit]
stride = 5
RELU = 2
[efficiency]
conv2_forward = 1
"""
HOSTILE = (
    '<script>alert(1)</script>"><img src=x onerror=alert(1)>\u202e\x07\x1b[31m'
    "[x](javascript:alert(1)) | `a` ```\n# b"
)


def marek():
    """The sample whose kernel is flipped, forward and backward; its sum is wrong in no known way besides."""
    source = (SAMPLE_CLASS / "submissions" / "marek" / "edf.py").read_text(encoding="utf-8")
    return source.replace(
        "self.top = self.x.top + self.y.top", "self.top = 3.25 * self.x.top + abs(self.y.top)"
    )


SUBMISSIONS = {
    "right": REFERENCE,
    "flipped": marek(),
    "syntax": REFERENCE + "\nx = (\n",
    "import": "import matplotlib\n" + REFERENCE,
    "exits": REFERENCE.replace("self.top = self.x.top + self.y.top", "raise SystemExit"),
}


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    path = tmp_path_factory.mktemp("assignment") / "small.toml"
    path.write_text(TOML)
    return load_assignment(path)


@pytest.fixture(scope="module")
def graded(small, tmp_path_factory):
    """{name: (score, record)} of SUBMISSIONS, and of one that the grader fails on."""
    found = {}
    for name, source in SUBMISSIONS.items():
        folder = tmp_path_factory.mktemp(name)
        (folder / "edf.py").write_text(source)
        found[name] = grade_submission(Job(Submission(name, folder), small, SECRET))
    return found


@pytest.fixture(scope="module")
def told(graded, small):
    """A function from the name of a submission to its Feedback."""
    return lambda name: feedback(graded[name][0], small, graded[name][1].get("training"))


def card(made, id):
    return next(card for card in made.exercises if card.id == id)


def forms(made):
    return html(made), markdown(made), as_json(made)


def test_right_code_is_told_so_with_the_points_of_each_check(told, small):
    made = told("right")
    assert {card.status for card in made.exercises} == {"passed"}
    assert (made.score, made.total, made.extra, made.extra_points) == (41, 34, 7, 7)
    for card in made.exercises:
        assert not card.failure and not card.mistakes
        assert sum(line.points for line in card.checks) == pytest.approx(card.points, abs=0.05)
        assert [line.earned for line in card.checks] == [line.points for line in card.checks]
    assert "Start with" not in html(made) and "To mend" not in html(made)


def test_a_named_mistake_has_its_sentence_its_hints_and_its_smallest_case(told):
    made = told("flipped")
    found = card(made, "conv2_forward")
    assert found.status == "partly right" and 0 < found.score < 10
    [mistake] = found.mistakes
    assert mistake.sentence.startswith("This is what you get when the kernel is turned by 180°")
    assert len(mistake.hints) == 2
    assert found.failure.checked and found.failure.happened.startswith("conv2.top")
    assert found.failure.case.snippet.startswith("import edf, numpy as np; ") and found.failure.case.parts
    page = html(made)
    assert page.index("Show hint 1") < page.index("Show hint 2: where to look")
    assert mistake.hints[0] in markdown(made).replace("\\", "")


def test_a_mistake_without_a_name_is_shown_by_its_case(told):
    found = card(told("flipped"), "add")
    assert [mistake.hints for mistake in found.mistakes] == [()]
    assert found.failure.case.in_words or found.failure.case.parts[0].difference


def test_what_is_carried_forward_is_explained_and_leads_to_the_forward(told):
    made = told("flipped")
    found = card(made, "conv2_image")
    assert found.status == "right for your own forward" and found.score == 11
    assert found.failure is None and "counts in full" in found.why and found.waits_for == "conv2_forward"
    page = html(made)
    own = page[page.index('id="conv2_image"') :]
    assert 'left to mend is <a href="#conv2_forward">' in own[: own.index("</section>")]
    assert "what needs fixing" not in page


def test_what_is_blocked_says_by_what_and_links_there(told):
    made = told("flipped")
    found = card(made, "stride")
    assert (found.status, found.waits_for, found.extra_credit) == ("blocked", "conv2_forward", True)
    assert 'Blocked by <a href="#conv2_forward">' in html(made)
    assert card(told("exits"), "mnist_mlp").waits_for == "add"  # it was not run at all
    waiting = card(told("exits"), "add")
    assert any(line.remark.startswith("Waits for the check “") for line in waiting.checks)


def test_exit_is_explained(told, graded):
    assert "exit" in [check["stopped"] for check in graded["exits"][0]["exercises"]["add"]["checks"]]
    found = card(told("exits"), "add")
    assert found.status == "not right yet"
    assert "sys.exit()" in found.failure.explained and "sys.exit()" in html(told("exits"))


def test_a_stub_is_still_to_be_written(small, tmp_path):
    from autograder.skeleton import make_skeleton

    (tmp_path / "edf.py").write_text(make_skeleton(small.stubs))
    score, _ = grade_submission(Job(Submission("blank", tmp_path), small, SECRET))
    made = feedback(score, small)
    assert card(made, "add").status == "still to be written"
    assert card(made, "add").failure.happened == "add.forward is still to be written."
    assert card(made, "stride").status in ("blocked", "still to be written")


@pytest.mark.parametrize(
    "name, words", [("syntax", "py_compile"), ("import", "Python's standard library, numpy")]
)
def test_what_stopped_everything_is_said_once_with_advice(told, graded, name, words):
    made = told(name)
    assert made.stopped and words in made.advice and made.score == 0
    assert {card.status for card in made.exercises} == {"not run"}
    assert all(card.failure is None for card in made.exercises)
    page = html(made)
    assert page.count("matplotlib" if name == "import" else "never closed") == 1
    assert 'href="#add"' not in page


def test_a_fault_of_the_graders_is_open_and_no_zero(graded, small):
    score = copy.deepcopy(graded["right"][0])
    score |= {"status": grading.GRADER_ERROR, "score": None, "message": "Traceback: the instructor's"}
    add = score["exercises"]["add"]
    add |= {"status": "grader error", "score": None}
    add["checks"][0] |= {"status": "grader error", "message": "the grader failed here", "detail": "Traceback"}
    made = feedback(score, small)
    assert card(made, "add").status == "not judged yet" and made.score is None
    assert card(made, "add").checks[0].earned is None
    for text in forms(made):
        assert "Traceback" not in text
    assert "No points are lost" in html(made) or "no points are lost" in html(made)


def slow(graded, status, message, remark=""):
    score = copy.deepcopy(graded["right"][0])
    conv = score["exercises"]["conv2_forward"]
    check = next(check for check in conv["checks"] if check["efficiency"])
    check |= {"status": status, "message": message, "remark": remark}
    if status == "fail":
        conv |= {"status": "fail", "score": 9.0}
    return score


def test_efficiency_tells_lost_points_from_remarks(graded, small):
    lost = card(feedback(slow(graded, "fail", "conv2.forward loops over pixels"), small), "conv2_forward")
    assert (lost.status, lost.costs, lost.failure) == ("right, but slow", 1, None)
    assert lost.efficiency == "conv2.forward loops over pixels."
    remark = "conv2.forward loops over pixels"
    free = feedback(slow(graded, "pass", f"a remark, it costs no points: {remark}", remark), small)
    assert card(free, "conv2_forward").efficiency == "conv2.forward loops over pixels."
    assert card(free, "conv2_forward").status == "passed" and card(free, "conv2_forward").costs == 0
    assert "a remark that costs nothing" in html(free) and "points lost" not in html(free)


def test_lateness_attempts_and_given_code_that_was_put_back_are_said(graded, small):
    more = {"late": True, "changed": ["Param"], "notes": ["ada.py was taken as edf.py"]}
    made = feedback(graded["right"][0] | more, small)
    assert made.remarks == (
        "Handed in late.",
        "Given code that was changed is put back: Param.",
        "Note: ada.py was taken as edf.py",
    )


def test_nothing_of_the_instructors_is_in_any_form(graded, small):
    for name, (score, record) in graded.items():
        score = copy.deepcopy(score)
        hidden = set()
        for result in score["exercises"].values():
            for check in result["checks"]:
                if check["detail"].startswith("worst at"):  # others say what the public cases say too
                    hidden.add(check["detail"])
                check["detail"] = check["detail"] or f"HIDDEN {check['id']}"
            for mistake in result["mistakes"]:
                mistake["note"] = "HIDDEN note"
                mistake["behaviour"] = ["31.41592"]
        assert hidden or name != "flipped"
        for text in forms(feedback(score, small, record.get("training"))):
            assert "HIDDEN" not in text and "31.41592" not in text and '"detail"' not in text
            for detail in hidden:
                assert detail not in text, (name, detail)


def test_hostile_texts_are_only_text(graded, small):
    score = copy.deepcopy(graded["flipped"][0])
    score |= {"student": HOSTILE, "changed": [HOSTILE], "notes": [HOSTILE], "when": HOSTILE}
    score["other_attempts"] = [{"attempt": HOSTILE, "score": 1}]
    for result in score["exercises"].values():
        for check in result["checks"]:
            check["message"] = HOSTILE * 100
            if check["smallest"]:
                check["smallest"] |= {"message": HOSTILE, "got": f"raises {HOSTILE}"}
        for mistake in result["mistakes"]:
            mistake |= {"sentence": HOSTILE, "hints": [HOSTILE, HOSTILE]}
    page, text, data = forms(feedback(score, small))
    assert "<script" not in page and "<img" not in page
    for form in (page, text, data, *map(str, json.loads(data).values())):
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202e]", form)
    assert len(page) < 400_000
    rendered = MarkdownIt("gfm-like", {"linkify": False}).render(text)
    assert "<script" not in rendered and "<img" not in rendered and "<a " not in rendered
    assert rendered.count("<h1>") == 1
    # Every row of a table has as many cells as its head.
    for table in re.findall("<table>.*?</table>", rendered, re.DOTALL):
        rows = [row.count("<td") + row.count("<th") for row in re.findall("<tr>.*?</tr>", table, re.DOTALL)]
        assert len(set(rows)) == 1


def test_the_same_for_a_submission_that_could_not_be_run(graded, small):
    score = graded["syntax"][0] | {"message": HOSTILE, "student": HOSTILE}
    page, text, _ = forms(feedback(score, small))
    assert "<script" not in page and "<script" not in MarkdownIt("gfm-like", {"linkify": False}).render(text)


@pytest.mark.parametrize(
    "text", ["1. one", "0.9 of 1", "- a", "# a", "+ a", "a\n\n# b", "a|b", "*a*", "<b>", "[a](b)", "~~~"]
)
def test_markdown_of_a_text_is_that_text(text):
    rendered = MarkdownIt("gfm-like", {"linkify": False}).render(escaped(text))
    assert re.sub("<[^>]*>", "", rendered).strip() == " ".join(text.split()).replace("<", "&lt;").replace(
        ">", "&gt;"
    )


def test_a_fence_is_longer_than_any_in_the_code():
    assert fenced("a\n````\nb").splitlines()[0] == "`````python"


SHOWN = {"message": "", "snippet": None, "printed": "z.top"}


def test_a_case_says_where_the_numbers_differ():
    case = case_of(SHOWN | {"expected": [[1, 2], [3, 4]], "got": [[1, 2], [3, -4.5]]})
    assert case.in_words == "1 of 4 numbers differ, most at [1, 1]: 4 is expected and −4.5 is what came."
    [part] = case.parts
    assert part.difference.numbers == (("0", "0"), ("0", "−8.5"))
    assert part.difference.levels == ((0, 0), (0, 4))


def test_nan_and_infinity_are_the_largest_differences():
    case = case_of(SHOWN | {"expected": [1, 2, 3], "got": ["nan", "inf", 3.5]})
    assert case.in_words.startswith("All 3 numbers differ, most at [0]: 1 is expected and nan is what came")
    assert case.parts[0].got.numbers == (("nan", "inf", "3.5"),)


def test_shapes_that_differ_are_said_and_both_shown():
    case = case_of(SHOWN | {"expected": [[1, 2]], "got": [1, 2]})
    assert case.in_words == "The shapes differ: (1, 2) is expected and (2,) is what came."
    assert case.parts[0].expected and case.parts[0].got and case.parts[0].difference is None
    alone = case_of(SHOWN | {"expected": [2], "got": [[2]]})
    assert alone.in_words == "The shapes differ: (1,) is expected and (1, 1) is what came."
    assert alone.parts[0].difference is None, "a difference of 0 would say that it is right"


@pytest.mark.parametrize("got, text", [("float64", "float64"), (None, ""), ("an array of shape (0,)",) * 2])
def test_texts_stand_where_there_is_no_array(got, text):
    case = case_of(SHOWN | {"expected": "float32", "got": got})
    assert (case.expected_text, case.got_text, case.parts) == ("float32", text, ())


@pytest.mark.parametrize("got", ["raises IndexError (edf.py, line 178)", "is not set", "ends the process"])
def test_code_that_gives_no_result_is_told_what_it_should_print(got):
    case = case_of(SHOWN | {"expected": [[1]], "got": got})
    assert case.in_words == f"It should print [[1.]]; yours {got}."
    assert (case.expected_text, case.got_text, case.parts) == ("[[1.]]", got, ())
    large = case_of(SHOWN | {"expected": np.eye(3).tolist(), "got": got})
    assert large.in_words == f"It should print what is expected below; yours {got}."
    assert large.parts[0].expected.numbers[0] == ("1", "0", "0") and large.parts[0].got is None


def test_code_that_raises_has_expected_and_got_in_every_form(tmp_path, small):
    raising = REFERENCE.replace("self.x.top + self.y.top", "self.x.top[99] + self.y.top")
    (tmp_path / "edf.py").write_text(raising)
    score, record = grade_submission(Job(Submission("raising", tmp_path), small, SECRET))
    line = next(i for i, text in enumerate(raising.splitlines(), 1) if "[99]" in text)
    made = feedback(score, small, record.get("training"))
    case = card(made, "add").failure.case
    said = f"It should print {case.expected_text}; yours raises IndexError (edf.py, line {line})."
    assert re.fullmatch(r"\[−?[\d.]+\]", case.expected_text) and case.snippet.count("\n") == 2
    page, text, data = forms(made)
    assert (
        said in page
        and escaped(said) in text
        and said in json.loads(data)["exercises"][0]["failure"]["case"]["in_words"]
    )


def test_a_picture_is_cut_into_tables_along_its_axes():
    images = np.arange(2 * 2 * 3 * 2.0).reshape(2, 2, 3, 2)
    case = case_of(SHOWN | {"expected": images.tolist(), "got": (images + 1).tolist()})
    assert [part.got.name for part in case.parts][:2] == ["z.top[0, :, :, 0]", "z.top[0, :, :, 1]"]
    assert len(case.parts) == 4 and len(case.parts[0].got.numbers) == 2
    kernels = case_of(SHOWN | {"printed": "k.grad", "expected": images.tolist(), "got": (-images).tolist()})
    assert kernels.parts[1].expected.name == "k.grad[:, :, 0, 1]"


def test_a_training_run_leaves_losses_of_three_digits(graded, told):
    runs = graded["right"][1]["training"]["mnist_mlp"]
    assert list(runs) == ["long_run"] and len(runs["long_run"]["losses"]) == 100
    assert all(loss == float(f"{loss:.3g}") for loss in runs["long_run"]["losses"])
    [longer] = card(told("right"), "mnist_mlp").curves
    assert longer.in_words.startswith("100 of 100 steps ran. Your loss ends at")


SPY = """
seen = []
class mean(mean):
    def forward(self):
        super().forward()
        if params and params[0].top.size == 784 * 1024:
            if WRONG or len(self.x.top) == 50:
                self.top = params[0].top.ravel()[len(seen)]
            seen.append(0)
"""


@pytest.mark.parametrize("wrong, check", [(True, "first_steps"), (False, "long_run")])
def test_a_curve_can_show_no_hidden_number(tmp_path, wrong, check):
    """Whatever code leaves as its losses, it has met only public numbers where these are shown."""
    (tmp_path / "edf.py").write_text(f"{REFERENCE}\nWRONG = {wrong}\n{SPY}")
    toml = 'name = "spied"\ntotal = 8\npackages = []\n[points]\nmean = 1\nmnist_mlp = 7\n'
    (tmp_path / "spied.toml").write_text(toml)
    job = Job(Submission("spy", tmp_path), load_assignment(tmp_path / "spied.toml"), SECRET)
    _, record = grade_submission(job)
    assert list(record["training"]["mnist_mlp"]) == [check]
    shown = record["training"]["mnist_mlp"][check]["losses"]
    training = load_exercises()["mnist_mlp"].training

    def start_of(secret):
        first, *_ = training.draw_start(Draw(secret, "mnist_mlp", check))
        return [float(f"{number:.3g}") for number in first.ravel()[: len(shown)]]

    assert len(shown) == (10 if wrong else 100)
    assert sum(number in start_of(PUBLIC) for number in shown) >= len(shown) - 1
    assert not set(shown[1:]) & (set(start_of(SECRET)) - set(start_of(PUBLIC)))


def test_the_references_losses_of_the_check_before_grading_are_those_of_each_run(small):
    forget()
    grading.check_reference(small, SECRET)
    exercise = load_exercises()["mnist_mlp"]
    kept = [reference_losses(exercise, check.id) for check in exercise.checks]
    assert [len(losses) for losses in kept] == [10, 100]
    forget()
    assert [reference_losses(exercise, check.id) for check in exercise.checks] == kept


def test_losses_are_bounded_whatever_a_student_left():
    numbers = [1.23456, np.nan, np.inf, 1e300, -2]
    losses = [*map(np.asarray, numbers), np.ones(3), "missing", None, np.asarray("x"), np.ones((1, 1))]
    assert shown_losses(losses) == [1.23, None, None, None, -2.0, None, None, None, None, 1.0]


def test_a_curve_is_drawn_the_same_each_time_and_stays_in_its_frame():
    runs = {"first_steps": {"losses": [2.3, None, 9e5, -9e5], "expected": [2.3, 2.2, 2.1, 2.0]}}
    [curve] = curves.curves_of("mnist_mlp", runs)
    assert curve.in_words == "4 of 4 steps ran. At step 2 your loss is nan, infinite or no single number."
    drawn = curves.picture(curve)
    curves.picture.cache_clear()
    assert curves.picture(curve) == drawn
    assert drawn.startswith('<svg role="img" aria-label="The first steps: loss at each step')
    assert "<style" not in drawn and "var(--link)" in drawn and "date" not in drawn.lower()


def test_losses_that_are_not_right_are_not_said_to_follow():
    runs = {"first_steps": {"losses": [2.33], "expected": [2.33, 2.2]}}
    [curve] = curves.curves_of("mnist_mlp", runs, failed=["first_steps"])
    assert curve.in_words == "1 of 2 steps ran. Your losses are near those of correct code, and not the same."


def test_pages_are_written_only_when_something_changed(graded, small, tmp_path):
    with Scores(tmp_path) as scores:
        ones = [graded[name][0] for name in ("right", "flipped")]
        for name in ("right", "flipped"):
            scores.write(*graded[name])
        folder = write_feedback(scores, ones, small)
        names = {f"{name}{suffix}" for name in ("right", "flipped") for suffix in (".html", ".md", ".json")}
        assert {path.name for path in folder.iterdir()} == names
        before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
        write_feedback(scores, ones, small)
        assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before
        # What is lost is made again; what belongs to nobody goes; what changed is made anew.
        (folder / "right.html").unlink()
        (tmp_path / "scores" / "flipped.json").unlink()
        write_feedback(scores, [ones[0] | {"late": True}], small)
        assert [path.name for path in (tmp_path / ".made_of" / "feedback").iterdir()] == ["right.json"]
        assert {path.name for path in folder.iterdir()} == {f"right{s}" for s in (".html", ".md", ".json")}
        assert "Handed in late." in (folder / "right.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("suffix", [".html", ".md", ".json"])
def test_pages_that_were_damaged_or_edited_are_made_again(graded, small, tmp_path, suffix):
    with Scores(tmp_path) as scores:
        scores.write(*graded["flipped"])
        path = write_feedback(scores, [graded["flipped"][0]], small) / f"flipped{suffix}"
        whole = path.read_bytes()
        for damage in (b"", whole[:-100], whole[:100] + b"9" + whole[101:], b"\xff"):
            path.write_bytes(damage)
            write_feedback(scores, [graded["flipped"][0]], small)
            assert path.read_bytes() == whole


def test_other_losses_make_the_page_anew(graded, small, tmp_path):
    score, record = graded["right"]
    runs = {"mnist_mlp": {"first_steps": {"losses": [2.5], "expected": [2.3]}}}
    with Scores(tmp_path) as scores:
        for training in (record["training"], runs):
            scores.write(score, record | {"training": training})
            path = write_feedback(scores, [score], small) / "right.md"
    assert "Your loss ends at 2.5" in path.read_text(encoding="utf-8")


def test_points_of_a_part_carried_forward(graded, small):
    made = feedback(graded["flipped"][0], dataclasses.replace(small, carried_forward=0.5))
    line = next(line for line in card(made, "conv2_image").checks if line.status.startswith("right for"))
    assert line.earned == pytest.approx(line.points / 2, abs=0.01)
