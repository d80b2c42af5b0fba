"""Tests of the dry run: a fresh environment takes the bundle, and what a blank bundle must not do is found."""

import shutil
import sys

import nbformat
import pytest

from autograder.errors import ReleaseError
from autograder.release import dry_run


@pytest.fixture
def bundle(released, tmp_path):
    """A copy of the bundle with one notebook of one cell: what the test puts into it."""
    folder = shutil.copytree(released.bundle, tmp_path / "bundle")
    for path in folder.glob("*.ipynb"):
        path.unlink()
    return folder


def with_cell(bundle, source):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    nbformat.write(notebook, bundle / "1_autograd.ipynb")
    return bundle


@pytest.fixture
def this_environment(monkeypatch):
    """The environment of the tests in place of a fresh one, where that is not the point."""
    monkeypatch.setattr(dry_run, "_fresh_python", lambda environment, requirements: sys.executable)


def test_the_release_passes_in_a_fresh_environment(released, tmp_path):
    """The real thing: requirements.txt installed into a new environment, all notebooks run blank."""
    said = []
    before = {path: path.read_bytes() for path in released.bundle.rglob("*") if path.is_file()}
    dry_run.dry_run(released.bundle, tmp_path, said.append)
    assert sum("say what is still to be written" in line for line in said) == 4
    assert before == {path: path.read_bytes() for path in released.bundle.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("print(undefined)", "cell 1 fails: NameError"),
        ("import sys; print('careful', file=sys.stderr)", "cell 1 writes to stderr"),
        ("import scipy_is_not_here", "cell 1 fails: ModuleNotFoundError"),
    ],
)
def test_a_notebook_that_fails_for_another_reason_is_named(bundle, this_environment, tmp_path, source, found):
    with pytest.raises(ReleaseError, match=found):
        dry_run.dry_run(with_cell(bundle, source), tmp_path / "scratch", lambda step: None)


def test_checks_that_do_not_ask_for_the_stubs_stop_the_release(bundle, this_environment, tmp_path):
    shutil.copyfile(dry_run.__file__, bundle / "test_edf.py")  # no tests in it
    with_cell(bundle, "pass")
    with pytest.raises(ReleaseError, match="did not ask for the stubs"):
        dry_run.dry_run(bundle, tmp_path / "scratch", lambda step: None)


def test_requirements_that_cannot_be_installed_are_said(bundle, tmp_path):
    (bundle / "requirements.txt").write_text("no-such-package-at-all==1\n")
    with pytest.raises(ReleaseError, match="could not be installed"):
        dry_run.dry_run(bundle, tmp_path / "scratch", lambda step: None)
