"""Feedback pages in a browser: without barriers (axe-core), without sideways scrolling, in light and dark, in print."""

import json

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import SAMPLE_CLASS
from lab import browser_page

from autograder.assignment import load_assignment
from autograder.grade import Job, grade_submission
from autograder.intake import find_submissions
from autograder.reports.feedback import feedback
from autograder.reports.pages import environment
from autograder.reports.write_feedback import context, html

# An excellent one, a named mistake with what it blocks, many mistakes, one that does not run, hostile texts.
STUDENTS = ("bea", "marek", "drew", "eko")
HOSTILE = "<b>" + "very_long_word_" * 40 + "\u202e | `x` " + "and so on " * 100
WIDTHS = (360, 768, 1280)


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """{name: path} of pages of students of the sample class, and of what their texts could be at worst."""
    folder, assignment = tmp_path_factory.mktemp("pages"), load_assignment()
    found, scores = {}, {}
    for submission in find_submissions(SAMPLE_CLASS / "submissions"):
        if submission.student in STUDENTS:
            score, record = grade_submission(Job(submission, assignment, bytes(32)))
            scores[submission.student] = score
            made = feedback(score, assignment, record.get("training"))
            found[submission.student] = folder / f"{submission.student}.html"
            found[submission.student].write_text(html(made), encoding="utf-8")
    worst = json.loads(json.dumps(scores["drew"]))
    worst |= {"student": HOSTILE, "changed": [HOSTILE], "notes": [HOSTILE]}
    worst["exercises"] = {id: worst["exercises"][id] for id in ("add", "smaxloss", "conv2_image")}
    wide = [[10.0**i for i in range(-6, 8)]] * 14
    for result in worst["exercises"].values():
        for check in result["checks"]:
            check["message"] = HOSTILE
            if check["smallest"]:
                check["smallest"] |= {"message": HOSTILE, "expected": wide, "got": [[-1.5] * 14] * 14}
    made = feedback(worst, assignment)
    page = environment().get_template("notebook_feedback.html")
    persons = {
        "manual": {"add": HOSTILE},
        "comments": [("add", "1_autograd", HOSTILE)],
        "final": {"score": 7.5, "total": 10, "penalty": 1},
    }
    cells = [("write-add", HOSTILE * 10), ("", HOSTILE)]
    text = page.render(feedback=made, **context(made), **persons, notebook="1_autograd", cells=cells)
    found["worst"] = folder / "worst.html"
    found["worst"].write_text(text, encoding="utf-8")
    return found


@pytest.fixture(scope="module")
def page():
    with browser_page() as page:
        yield page


def opened(page, path, width=1280, scheme="light"):
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme, media="screen")
    page.goto(path.as_uri())
    return page


def unfold(page):
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", [*STUDENTS, "worst"])
def test_there_are_no_barriers_and_no_sideways_scrolling(page, pages, name, width, scheme):
    opened(page, pages[name], width, scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    unfold(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_it_fetches_nothing_and_runs_nothing(page, pages):
    asked, said = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    for path in pages.values():
        opened(page, path)
    assert asked == [path.as_uri() for path in pages.values()] and not said
    assert page.locator("script").count() == 0


def test_headings_go_down_one_at_a_time(page, pages):
    for path in pages.values():
        opened(page, path)
        levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map(h => +h.tagName[1])")
        assert levels[0] == 1 and levels.count(1) == 1
        assert all(later - level <= 1 for level, later in zip(levels, levels[1:]))


def test_hints_are_hidden_until_asked_for_one_by_one(page, pages):
    opened(page, pages["marek"])
    card = page.locator("#conv2_forward")
    hint = card.get_by_text("cross-correlation: it lays the kernel")
    assert not hint.is_visible()
    card.get_by_text("Show hint 1").click()
    assert hint.is_visible() and not card.get_by_text("Look at which element").is_visible()


def test_what_is_blocked_leads_to_what_blocks_it(page, pages):
    opened(page, pages["marek"])
    page.locator("#stride").get_by_role("link", name="Convolution").click()
    assert page.url.endswith("#conv2_forward")


def test_pictures_of_losses_have_a_name_and_numbers_a_table(page, pages):
    opened(page, pages["drew"])
    unfold(page)
    picture = page.locator("#mnist_mlp").get_by_role("img").first
    assert "At step 1 your loss is 0, where correct code has 2." in picture.get_attribute("aria-label")
    case = page.locator("#smaxloss table.single")
    assert case.locator("th[scope=col]").all_inner_texts() == ["expected", "got", "got − expected"]


def test_in_print_everything_is_unfolded(page, pages):
    opened(page, pages["marek"])
    hint = page.locator("#conv2_forward").get_by_text("cross-correlation: it lays the kernel")
    page.emulate_media(media="print")
    assert hint.is_visible()
    page.emulate_media(media="screen")


def test_pictures_to_look_at(page, pages, screenshots):
    for name in pages:
        opened(page, pages[name])
        screenshots(page, name)
        assert page.get_by_role("heading", name="Overview").is_visible()
