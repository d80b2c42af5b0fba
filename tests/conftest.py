"""What several tests share."""

import tomllib
from pathlib import Path

import pytest

from autograder.assignment import load_assignment

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
