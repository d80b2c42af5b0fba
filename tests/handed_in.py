"""Files as students hand them in, made for tests of intake."""

import io
import json
import zipfile

from conftest import ROOT

from autograder.intake import read_submission
from autograder.skeleton import definition_texts

GOOD = "x = 1\n"

REFERENCE = (ROOT / "solutions" / "edf.py").read_text(encoding="utf-8")
ADD, MEAN = definition_texts(REFERENCE, ["add", "mean"]).values()


def notebook(**sources):
    """The bytes of a notebook with a stub cell for each name, filled with this source."""
    cells = [_cell("import numpy as np\nimport edf\nfrom edf import ops", {})]
    for name, source in sources.items():
        nbgrader = {"grade": False, "solution": True, "locked": False, "grade_id": f"write-{name}"}
        cells.append(
            _cell(f"{source}\nedf.{name} = {name}\n", {"nbgrader": nbgrader | {"schema_version": 3}})
        )
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}).encode()


def _cell(source, metadata):
    return {
        "cell_type": "code",
        "metadata": metadata,
        "outputs": [],
        "source": source,
        "execution_count": None,
    }


def zipped(files):
    """The bytes of a zip of these files: bytes or text by name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def write_files(folder, files):
    """Write files, bytes or text by relative path, below a folder, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data if isinstance(data, bytes) else data.encode())
    return folder


def write_class(tmp_path, form, files, name="class"):
    """The path of a class of these files, made as a "folder" or a "zip" below tmp_path."""
    if form == "folder":
        return write_files(tmp_path / name, files)
    (tmp_path / f"{name}.zip").write_bytes(zipped(files))
    return tmp_path / f"{name}.zip"


def read(submission):
    """What intake reads from a submission: its files and notebooks, as text by name."""
    contents = read_submission(submission)
    return {name: data.decode() for name, data in (contents.files | contents.notebooks).items()}
