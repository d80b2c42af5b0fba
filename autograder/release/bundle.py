"""The student's bundle: its files, made by way of nbgrader's own generate_assignment, and its zip.

Same sources, same assignment, same bytes: nothing in a bundle depends on the time or the place it was made at.
"""

import dataclasses
import hashlib
import json
import os
import shutil
import string
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import numpy as np
from edf_kit.released import definition_sources, source_hash

from autograder import digits
from autograder.errors import ReleaseError
from autograder.paths import ROOT
from autograder.release.notebooks import instructor_notebooks
from autograder.skeleton import definition_texts, make_skeleton

PSET = ROOT / "pset"
CONFIG = Path(__file__).with_name("nbgrader_config.py")
MANIFEST = "edf_kit/release.json"
ZIP_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can hold


@dataclasses.dataclass(frozen=True)
class File:
    """A line of the manifest: path in the bundle, size in bytes, SHA-256 in hexadecimal."""

    path: str
    size: int
    sha256: str


def write_source(assignment, folder):
    """Write nbgrader's source of an assignment: the bundle's files, and the notebooks with their solutions."""
    folder.mkdir(parents=True)
    for path in _static_files():
        target = folder / path.relative_to(PSET)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    (folder / "edf.py").write_text(make_skeleton(assignment.stubs), encoding="utf-8", newline="\n")
    np.savez_compressed(folder / "mnist.npz", **dict(zip(("images", "labels"), digits.student_digits())))
    for name in ("README.md", "requirements.txt"):
        text = string.Template((PSET / name).read_text(encoding="utf-8")).substitute(_words(assignment))
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    for name, notebook in instructor_notebooks(assignment).items():
        nbformat.write(notebook, folder / name)


def build(assignment, course):
    """Make source/NAME in a course's folder and have nbgrader make release/NAME, the student's bundle, of it.

    Returns the bundle's folder. Raises ReleaseError with nbgrader's own words.
    """
    shutil.copyfile(CONFIG, course / CONFIG.name)
    write_source(assignment, course / "source" / assignment.name)
    command = [sys.executable, "-m", "nbgrader", "generate_assignment", assignment.name, "--force"]
    # The settings of whoever makes the release have no say in it.
    own = {"JUPYTER_CONFIG_DIR": str(course), "HOME": str(course)}
    # nbgrader calls alembic by its name to make a gradebook.
    own["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    done = subprocess.run(command, cwd=course, env=os.environ | own, capture_output=True, text=True)
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if " | INFO]" not in line]
        raise ReleaseError("\n".join(["nbgrader could not make the release:", *said]))
    bundle = course / "release" / assignment.name
    _require_messages(bundle, assignment)
    description = json.dumps(_description(bundle, assignment), indent=1, ensure_ascii=False, sort_keys=True)
    for folder in (bundle, course / "source" / assignment.name):
        (folder / MANIFEST).write_text(description + "\n", encoding="utf-8", newline="\n")
    return bundle


def _require_messages(bundle, assignment):
    """Raise ReleaseError unless every stub of the notebooks says what it is: else nbgrader's settings were not read."""
    skeleton = make_skeleton(assignment.stubs)
    for path in sorted(bundle.glob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.id.startswith("write-"):
                names = cell.id.removeprefix("write-").split("-")
                if not all(text in cell.source for text in definition_texts(skeleton, names).values()):
                    raise ReleaseError(f"{path.name}: the cell {cell.id} is not what the skeleton has there.")


def write_zip(bundle, path):
    """Pack a bundle's folder into a zip file with a folder of its name in it."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for file in _files(bundle):
            entry = zipfile.ZipInfo(f"{bundle.name}/{file.relative_to(bundle).as_posix()}", ZIP_TIME)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            packed.writestr(entry, file.read_bytes())


def manifest(bundle):
    """The `File`s of a bundle, in alphabetical order."""
    return [
        File(path.relative_to(bundle).as_posix(), len(data := path.read_bytes()), _sha256(data))
        for path in _files(bundle)
    ]


def _static_files():
    """What students get as it lies in pset/: the scripts and the kit."""
    scripts = [path for path in PSET.glob("*.py") if path.name != "edf.py"]
    return sorted([*scripts, *(PSET / "edf_kit").rglob("*.py")])


def _files(bundle):
    return sorted(path for path in bundle.rglob("*") if path.is_file())


def _words(assignment):
    """What the texts of a bundle say of this assignment."""
    lines = ["| exercise | | points |", "| --- | --- | --- |"]
    for exercise in assignment.exercises:
        points = f"{assignment.points[exercise.id]:g}"
        extra = " (extra credit)" if exercise.id in assignment.extra_credit else ""
        lines.append(f"| `{exercise.id}` | {exercise.title} | {points}{extra} |")
    if assignment.efficiency:
        listed = ", ".join(f"{points:g} of `{id}`" for id, points in assignment.efficiency.items())
        lines += ["", f"Of these, points for code that does not loop over pixels in Python: {listed}."]
    allowed = ["Python's own modules", "numpy", *assignment.packages]
    return {
        "name": assignment.name,
        "importable": f"{', '.join(allowed[:-1])} and {allowed[-1]}",
        "exercises": "\n".join(lines),
        "total": f"{assignment.total:g}",
        "packages": "".join(f"{package}\n" for package in assignment.packages),
    }


def _description(bundle, assignment):
    """What the kit must know of its release: the exercises, and what every cell and definition was like."""
    notebooks = {path.name: nbformat.read(path, as_version=4) for path in sorted(bundle.glob("*.ipynb"))}
    skeleton = (bundle / "edf.py").read_text(encoding="utf-8")
    made_of = "".join(f"{file.path} {file.sha256}\n" for file in manifest(bundle) if file.path != MANIFEST)
    return {
        "assignment": assignment.name,
        "packages": assignment.packages,
        "files": {file.path: file.sha256 for file in manifest(bundle) if file.path != MANIFEST},
        "release": _sha256(made_of.encode())[:12],
        "exercises": [
            {
                "id": exercise.id,
                "title": exercise.title,
                "points": assignment.points[exercise.id],
                "extra_credit": exercise.id in assignment.extra_credit,
                "stubs": exercise.stubs,
            }
            for exercise in assignment.exercises
        ],
        "cells": {
            name: {cell.id: source_hash(cell.source) for cell in notebook.cells}
            for name, notebook in notebooks.items()
        },
        "definitions": {name: source_hash(text) for name, text in definition_sources(skeleton).items()},
    }


def _sha256(data):
    return hashlib.sha256(data).hexdigest()
