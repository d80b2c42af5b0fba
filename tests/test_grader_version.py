"""The grader's version: what grades is in it, and what is not in it does not grade."""

import subprocess
import sys

from conftest import ROOT

from autograder.scores import NOT_GRADING


def test_nothing_that_is_left_out_takes_part_in_grading():
    program = (
        "import sys, autograder.grade; "
        "print(*[m.__file__ for m in sys.modules.values() if getattr(m, '__file__', 0)], sep='\\n')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = {line.removeprefix(f"{ROOT}/") for line in done.stdout.splitlines()}
    assert "autograder/judge.py" in loaded and "autograder/diagnosis/diagnose.py" in loaded
    assert [name for name in sorted(loaded) if name.startswith(NOT_GRADING)] == []


def test_each_name_that_is_left_out_is_there():
    assert [name for name in NOT_GRADING if not any(ROOT.glob(f"{name}*"))] == []
