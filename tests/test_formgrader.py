"""An instructor in nbgrader's formgrader, in a real browser: the sample class, its points, a submission."""

import shutil

import pytest
from lab import browser_page, find_browser, jupyterlab


@pytest.fixture(scope="module")
def formgrader(graded, tmp_path_factory):
    """A page, and the address of formgrader on a copy of the graded sample class."""
    find_browser()
    home = tmp_path_factory.mktemp("formgrader")
    course = shutil.copytree(graded / "course", home / "course")
    with jupyterlab(course, log=home / "lab.log") as address, browser_page() as page:
        page.goto(address("lab"))  # signs in
        page.locator("#jp-main-dock-panel").wait_for()
        yield page, address


def test_it_shows_the_sample_class_with_its_points(formgrader, labels, screenshots):
    page, address = formgrader
    page.goto(address("formgrader/manage_submissions/edf"))
    page.locator("tr", has_text="zeno").wait_for()
    screenshots(page, "class")
    for student, label in labels.items():
        shown = page.locator(f"tr:has(td.student-id[data-order='{student}']) td.score").inner_text()
        assert float(shown.partition("/")[0]) == pytest.approx(label["score"], abs=0.005), student


def test_it_opens_a_submission_with_the_verdict_below_its_code(formgrader, screenshots):
    page, address = formgrader
    page.goto(address("formgrader/gradebook/edf/3_convolution"))
    page.get_by_role("link", name="Submission #1", exact=True).click()
    page.get_by_text("class conv2").first.wait_for()
    verdict = page.locator(".output", has_text="conv2_forward: ").first
    verdict.scroll_into_view_if_needed()
    screenshots(page, "submission")
    assert "of 10 points" in verdict.inner_text()
    assert page.locator("input.score").count() == 5  # conv2's four and the conv net
