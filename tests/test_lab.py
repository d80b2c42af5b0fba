"""A student at work: the release's notebooks in a real JupyterLab, in a real browser, from blank to done."""

import shutil

import pytest
from lab import Notebook, browser_page, find_browser, jupyterlab

from autograder.release.notebooks import instructor_notebooks
from autograder.skeleton import BEGIN, END

AUTOGRAD = "1_autograd.ipynb"


@pytest.fixture(scope="module")
def lab(released, tmp_path_factory):
    """A browser page, and the address of a JupyterLab on a student's copy of the release."""
    find_browser()
    home = tmp_path_factory.mktemp("student")
    folder = shutil.copytree(released.bundle, home / "edf")
    with jupyterlab(folder, log=home / "lab.log") as address, browser_page() as page:
        yield page, address


@pytest.fixture(scope="module")
def notebook(lab):
    page, address = lab
    return Notebook(page, address(f"lab/tree/{AUTOGRAD}"))


@pytest.fixture(scope="module")
def solutions(assignment):
    """{a text that only this stub cell has: its source with the reference's answer}, of the first notebook."""
    return {
        cell.metadata.nbgrader.grade_id.removeprefix("write-"): "\n".join(
            line for line in cell.source.split("\n") if not line.strip().startswith((BEGIN, END))
        )
        for cell in instructor_notebooks(assignment)[AUTOGRAD].cells
        if cell.metadata.get("nbgrader", {}).get("solution")
    }


def test_run_blank_every_check_says_what_to_do(notebook, solutions, screenshots):
    notebook.run_all()
    for name in solutions:
        said = notebook.output(f'check("{name}")')
        assert "still to be written" in said, said
        assert "Traceback" not in said
    screenshots(notebook.page, "blank")


def test_given_cells_and_checks_cannot_be_typed_into(notebook):
    editor = notebook.cell('check("add")').locator(".cm-content")
    editor.click()
    notebook.page.keyboard.insert_text("print('changed')")
    assert editor.text_content() == 'check("add")'


def test_a_wrong_answer_is_told_with_its_smallest_case(notebook, solutions, screenshots):
    wrong = solutions["mean"].replace("/ self.x.top.size", "/ len(self.x.top)")
    assert wrong != solutions["mean"]
    for name, source in {**solutions, "mean": wrong}.items():
        notebook.fill(f"class {name}:", source)
    notebook.run_all()
    said = notebook.output('check("mean")')
    assert "expected" in said and "got" in said and "Traceback" not in said
    notebook.cell('check("mean")').scroll_into_view_if_needed()
    screenshots(notebook.page, "wrong")


def test_with_the_references_answers_every_check_passes_and_pictures_show(notebook, solutions, screenshots):
    notebook.fill("class mean:", solutions["mean"])
    notebook.run_all()
    for name in solutions:
        assert f"✓ {name}" in notebook.output(f'check("{name}")')
    gradient = notebook.cell('show_gradient("add")')
    assert gradient.locator(".jp-OutputArea img").count() >= 1
    gradient.scroll_into_view_if_needed()
    screenshots(notebook.page, "solved")
    assert (
        notebook.page.locator(".jp-OutputArea [data-mime-type='application/vnd.jupyter.stderr']").count() == 0
    )


def test_nbgraders_validate_button_says_that_all_is_well(notebook):
    notebook.save()
    notebook.page.get_by_text("Validate", exact=True).click()
    dialog = notebook.page.locator(".jp-Dialog")
    dialog.get_by_text("Success! Your notebook passes all the tests.").wait_for(timeout=180_000)
    dialog.get_by_role("button", name="OK").click()


def test_the_next_notebook_takes_the_saved_answers(lab, notebook):
    page, address = lab
    second = Notebook(page, address("lab/tree/2_training.ipynb"))
    second.run_all()
    said = second.output("use_answers(")
    assert "add" in said and "RELU" in said and "smaxloss" in said
    assert "✓ mnist_mlp" in second.output('check("mnist_mlp")')
