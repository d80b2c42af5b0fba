"""A template that is kept from one submission to the next: nothing comes along, and what is odd ends it."""

import json
import os
import signal

import pytest
from conftest import ROOT
from stacks import skip_unless_it_works

from autograder.assignment import load_assignment
from autograder.grade import Job, grade_submission
from autograder.intake import Submission
from autograder.sandbox.choose import STACKS, choose
from autograder.sandbox.warm import Warm, warm

REFERENCE = (ROOT / "solutions" / "edf.py").read_text(encoding="utf-8")
FOUND = """
import json, os, sys, numpy
here = os.path.dirname(__file__)
print(json.dumps({
    "files": sorted(os.listdir(here)), "tmp": os.path.exists(os.environ["HOME"] + "/mine"),
    "fractions": "fractions" in sys.modules,
    "numpy": hasattr(numpy, "mine"), "environment": "MINE" in os.environ, "builtins": hasattr(__builtins__, "mine"),
}))
"""
LEAVES = """
import fractions, os, sys, numpy
numpy.mine = True
os.environ["MINE"] = "1"
sys.modules["builtins"].mine = True
os.chdir("/")
"""


MAKES_A_FILE = """
import os
open(os.environ["HOME"] + "/mine", "w").close()
"""


@pytest.fixture(params=STACKS)
def grade(request, tmp_path, quick_assignment):
    """A function that grades a submission of these files, and one that tells which template is warm."""
    skip_unless_it_works(request.param)
    assignment = load_assignment(quick_assignment)
    tmp_path.chmod(0o755)

    def grade(**files):
        folder = tmp_path / f"submission{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        for name, text in files.items():
            (folder / f"{name}.py").write_text(text)
        score, record = grade_submission(
            Job(Submission("ada", folder), assignment, b"secret", None, request.param)
        )
        return score, record.get("output", {}).get("add", "")

    yield grade
    warm().end()


def template():
    return warm().template.pid


def test_it_is_kept_while_code_is_honest(grade):
    first, _ = grade(edf=REFERENCE)
    kept = template()
    assert grade(edf=REFERENCE)[0] == first
    assert (
        grade(edf=REFERENCE.replace("self.top = self.x.top + self.y.top", "raise ValueError"))[0]["score"]
        < 10
    )
    assert grade(edf="def f(:")[0]["status"] == "syntax error"
    assert grade(edf=REFERENCE)[0] == first
    assert template() == kept


@pytest.mark.parametrize(
    "odd", ["import os\nos._exit(0)", "while True:\n    pass", "import ctypes\nctypes.string_at(0)"]
)
def test_it_is_not_kept_after_what_is_odd(grade, odd):
    first, _ = grade(edf=REFERENCE)
    kept = template()
    assert grade(edf=odd)[0]["score"] == 0
    assert grade(edf=REFERENCE)[0] == first
    assert template() != kept


def test_nothing_of_one_submission_is_there_for_the_next(grade):
    clean = json.loads(grade(edf=REFERENCE + FOUND)[1].splitlines()[0])
    kept = template()
    assert not any(clean[what] for what in ("tmp", "fractions", "numpy", "environment", "builtins"))
    assert clean["files"] == ["edf.py"]
    grade(edf=REFERENCE + LEAVES, helper="", other="")
    assert json.loads(grade(edf=REFERENCE + FOUND)[1].splitlines()[0]) == clean
    assert template() == kept


@pytest.mark.parametrize("after", ["", 'os.unlink(os.environ["HOME"] + "/mine")'])
def test_it_is_not_kept_after_a_file_was_made(grade, after):
    """The file is removed, but files of the same file system are numbered as they come."""
    clean = json.loads(grade(edf=REFERENCE + FOUND)[1].splitlines()[0])
    kept = template()
    grade(edf=REFERENCE + MAKES_A_FILE + after)
    assert json.loads(grade(edf=REFERENCE + FOUND)[1].splitlines()[0]) == clean
    assert template() != kept


def test_one_that_was_killed_is_replaced(grade):
    first, _ = grade(edf=REFERENCE)
    os.kill(template(), signal.SIGKILL)
    warm().template.wait()
    assert grade(edf=REFERENCE)[0] == first


def test_one_is_started_for_other_settings(tmp_path):
    stack, kept = choose(), Warm()
    (tmp_path / "edf.py").write_text("")
    found = []
    for packages, size in (((), 1 << 20), ((), 1 << 20), (("scipy",), 1 << 20), ((), 2 << 20)):
        kept.session(tmp_path, stack, packages, size, None).close()
        kept.finish(keep=True)
        found.append(kept.template.pid)
    folder = kept._folder
    kept.end()
    assert found[0] == found[1] and len(set(found)) == 3
    assert not folder.exists()


def test_a_forked_process_has_its_own():
    ours = warm()
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(writer, b"same" if warm() is ours else b"own")
        os._exit(0)
    os.waitpid(pid, 0)
    assert os.read(reader, 10) == b"own"
