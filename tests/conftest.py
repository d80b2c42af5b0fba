"""What several tests share."""

import dataclasses
import importlib.util
import os
import sys
import tomllib
from pathlib import Path

import pytest

from autograder.assignment import load_assignment
from autograder.cli import main
from autograder.release.make import make_release

ROOT = Path(__file__).resolve().parent.parent
SAMPLE_CLASS = ROOT / "data" / "sample_class"

# A small assignment of the quickest exercises, for tests of everything around the judge.
QUICK = """
name = "quick"
total = 10
packages = []
[points]
add = 6
mean = 4
[limits]
cpu_seconds = 5
"""


def pytest_make_parametrize_id(val):
    """Bytes are told by their number: what a zip holds differs with the time, and names must not."""
    return f"{len(val)} bytes" if isinstance(val, bytes) else None


@pytest.fixture
def quick_assignment(tmp_path):
    """The path of a small assignment's TOML file."""
    path = tmp_path / "quick.toml"
    path.write_text(QUICK)
    return path


@pytest.fixture(scope="session")
def labels():
    """What is expected of each submission of the sample class, by student."""
    return tomllib.loads((SAMPLE_CLASS / "labels.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def assignment():
    """The default assignment."""
    return load_assignment()


@pytest.fixture
def install_edf(monkeypatch):
    """A function that makes a module of our own what `import edf` gives: install_edf(path or source text)."""

    def install(source=ROOT / "solutions" / "edf.py"):
        spec = importlib.util.spec_from_loader("edf", loader=None)
        module = importlib.util.module_from_spec(spec)
        text = source.read_text(encoding="utf-8") if isinstance(source, Path) else source
        exec(compile(text, "edf.py", "exec"), module.__dict__)
        monkeypatch.setitem(sys.modules, "edf", module)
        return module

    return install


@pytest.fixture(scope="session")
def graded(tmp_path_factory):
    """The output folder of the sample class, graded once with a secret of its own."""
    folder = tmp_path_factory.mktemp("graded")
    arguments = ["grade", str(SAMPLE_CLASS / "submissions"), "--out", str(folder / "out")]
    assert main([*arguments, "--secret", str(folder / "secret")]) == 0
    return folder / "out"


@dataclasses.dataclass(frozen=True)
class Released:
    """A release: the student's folder, its zip, nbgrader's course folder."""

    bundle: Path
    zip: Path
    course: Path


@pytest.fixture(scope="session")
def released(assignment, tmp_path_factory):
    """The default assignment's release, made once. Copy what you want to change."""
    folder = tmp_path_factory.mktemp("release")
    make_release(assignment, folder / "out", folder / "course", None, try_it=False)
    return Released(folder / "out" / "edf", folder / "out" / "edf.zip", folder / "course")


@pytest.fixture
def screenshots(request):
    """A function that keeps a picture of a page, to be looked at: SCREENSHOTS=folder pytest tests/test_lab.py."""

    def keep(page, name):
        if folder := os.environ.get("SCREENSHOTS"):
            page.screenshot(path=Path(folder) / f"{request.node.module.__name__}_{name}.png")

    return keep


def pytest_terminal_summary(terminalreporter):
    """How many inputs tests/fuzz/ tried, if it was run."""
    if guard := sys.modules.get("guard"):
        for line in guard.report():
            terminalreporter.line(line)
