"""A dry run of a release: what a student meets who installs it, changes nothing and runs everything."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat

from autograder.errors import ReleaseError

# What a blank notebook may answer, and a check at the first stub that it meets.
TO_BE_WRITTEN = re.compile(r"exercise '\w+': [\w.]+ is still to be written|still to be written")
NOTEBOOK_SECONDS = 300


def dry_run(bundle, scratch, report=print):
    """Install a bundle's requirements into a fresh environment and run its notebooks and checks, all blank.

    bundle: the student's folder, which stays as it is; scratch: a folder to work in; report: is told each step
    in a sentence. Raises ReleaseError if anything fails but for being blank.
    """
    folder = scratch / bundle.name
    shutil.copytree(bundle, folder)
    report("installing its requirements.txt into a fresh environment")
    python = _fresh_python(scratch / "environment", folder / "requirements.txt")
    for path in sorted(folder.glob("*.ipynb")):
        report(f"running {path.name} blank")
        said = _run_blank(python, path)
        report(f"  {said} checks and cells say what is still to be written")
    report("running the public checks, blank")
    done = _run([python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_edf.py"], folder)
    if done.returncode != 1 or "still to be written" not in done.stdout:
        raise ReleaseError(
            f"pytest on the blank bundle did not ask for the stubs:\n{done.stdout}{done.stderr}"
        )


def _fresh_python(environment, requirements):
    """The Python of a new environment with these requirements, and nothing else, installed."""
    python = environment / "bin" / "python"
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements]
    for command in ([sys.executable, "-m", "venv", environment], install):
        done = _run(command, environment.parent)
        if done.returncode:
            raise ReleaseError(
                f"the bundle's requirements could not be installed in a fresh environment:\n{done.stderr}"
                "Without a package index at hand, `--no-dry-run` makes the release untried."
            )
    return python


def _run_blank(python, path):
    """Execute a notebook as it is; returns how many cells asked for a stub. Raises ReleaseError for others."""
    convert = ["-m", "jupyter", "nbconvert", "--to", "notebook", "--execute", "--allow-errors", "--inplace"]
    limit = f"--ExecutePreprocessor.timeout={NOTEBOOK_SECONDS}"
    done = _run([python, *convert, limit, path.name], path.parent)
    if done.returncode:
        raise ReleaseError(f"{path.name} could not be executed:\n{done.stderr}")
    said = 0
    for number, cell in enumerate(nbformat.read(path, as_version=4).cells, 1):
        for output in cell.get("outputs", []):
            if output.output_type == "stream" and output.name == "stderr":
                raise ReleaseError(f"{path.name}, cell {number} writes to stderr:\n{output.text}")
            text = output.get("evalue", "") or output.get("text", "")
            if TO_BE_WRITTEN.search(text):
                said += 1
            elif output.output_type == "error":
                raise ReleaseError(f"{path.name}, cell {number} fails: {output.ename}: {output.evalue}")
    return said


def _run(command, folder):
    # As on a student's machine: nothing of this process's environment or Jupyter settings leads in.
    own = {"HOME": str(folder), "IPYTHONDIR": str(folder.parent / "ipython"), "MPLBACKEND": ""}
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL_ENV", "JUPYTER"))}
    clean = {**clean, **own}
    del clean["MPLBACKEND"]
    return subprocess.run(
        [str(part) for part in command], cwd=Path(folder), env=clean, capture_output=True, text=True
    )
