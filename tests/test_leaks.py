"""Tests of the leak check: every planted leak is found where it is, and an honest bundle has none."""

import ast
import base64
import bz2
import gzip
import io
import json
import lzma
import re
import shutil
import zipfile
from pathlib import Path

import nbformat
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autograder.assignment import load_assignment
from autograder.digits import HIDDEN_INDEX, hidden_digits, student_digits
from autograder.exercise import load_exercises
from autograder.release.leaks import Leak, find_leaks, known_secrets
from autograder.skeleton import make_skeleton

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = (ROOT / "solutions" / "edf.py").read_text(encoding="utf-8")
SKELETON = make_skeleton(load_assignment().stubs)
SECRET = bytes(range(7, 231, 7))
HIDDEN = hidden_digits()[0]
INDICES = [int(line) for line in HIDDEN_INDEX.read_text().split()]


def segment(name, source=REFERENCE):
    """The lines of a function in the reference, at its own indentation, without its header and docstring."""
    parts, node = name.split("."), ast.parse(source)
    for part in parts:
        node = next(child for child in node.body if getattr(child, "name", None) == part)
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    lines = source.splitlines()[body[0].lineno - 1 : node.end_lineno]
    return "\n".join(line[body[0].col_offset :] for line in lines) + "\n"


FORWARD = segment("conv2.forward")
SMAXLOSS = segment("smaxloss.backward")


@pytest.fixture(scope="module")
def secret_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("course") / ".course-secret"
    path.write_text(SECRET.hex() + "\n")
    return path


@pytest.fixture(scope="module")
def secrets(secret_file):
    return known_secrets(load_assignment(), secret_file)


def notebook(*sources, **metadata):
    cells = [nbformat.v4.new_code_cell(source, id=f"cell{i}") for i, source in enumerate(sources, 1)]
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata)


@pytest.fixture
def bundle(tmp_path):
    """A small honest bundle."""
    folder = tmp_path / "edf"
    folder.mkdir()
    (folder / "edf.py").write_text(SKELETON, encoding="utf-8")
    (folder / "README.md").write_text("# edf\n\nRun `python mnist.py`, it's all there.\n", encoding="utf-8")
    (folder / "edf_kit").mkdir()
    shutil.copy(ROOT / "pset" / "mnist.py", folder)
    shutil.copy(ROOT / "pset" / "edf_kit" / "script.py", folder / "edf_kit")
    images, labels = student_digits()
    np.savez(folder / "mnist.npz", images=images[:30], labels=labels[:30])
    write(
        folder,
        notebook("import edf\nfrom edf import ops, params, values", "x = edf.Value()\nx.set([[1, 2]])"),
    )
    return folder


def write(folder, notebook, name="1_autograd.ipynb"):
    (folder / name).write_text(nbformat.writes(notebook), encoding="utf-8")


def append(path, text):
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


def found(bundle, secrets, file, place=None, what=""):
    """Assert that a leak is reported in that file and place, and none in another file."""
    leaks = find_leaks(bundle, secrets)
    assert {leak.file for leak in leaks} == {file}, leaks
    hits = [leak for leak in leaks if what in leak.what and place in (None, leak.place)]
    assert hits, leaks
    return hits


def zipped(files):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return stream.getvalue()


# An honest bundle


def test_an_honest_bundle_has_no_leaks(bundle, secrets, tmp_path):
    assert find_leaks(bundle, secrets) == []
    packed = shutil.make_archive(tmp_path / "edf", "zip", tmp_path, "edf")
    assert find_leaks(packed, secrets) == []


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(
            segment(name) for name in ("matmul.backward", "down2.backward", "sigmoid.forward", "Backward")
        ),
        SKELETON,
        "\n".join(re.findall(r'"""(.*?)"""', REFERENCE, re.DOTALL)),
        "for ky in range(kh):\n    for kx in range(kw):\n        g[0, 0] += f[ky, kx] * k[ky, kx]\n",
        "ops.clear()\nparams.clear()\nvalues.clear()\n",
        "def train(net, images):\n    for p in params:\n        p.set(rng.normal(size=p.top.shape))\n",
        "if self.x in ops or self.x in params:\n    self.x.grad = self.x.grad + ...\n",
        "class Old(Op):\n    def __init__(self, *args, **kwargs):\n        super().__init__(*args, **kwargs)\n",
        "v ← mom·v + g, then p ← p − lr·v; the first of 1,000 digits is a 5. It's done; don't ask why.",
        ", ".join(map(str, range(10000))),
    ],
    ids=["given", "skeleton", "docstrings", "loops", "clear", "train", "grad", "init", "words", "numbers"],
)
def test_honest_texts_are_no_leaks(bundle, secrets, text):
    append(bundle / "README.md", text)
    write(bundle, notebook(text))
    assert find_leaks(bundle, secrets) == []


def test_students_digits_are_no_leak(bundle, secrets):
    images = student_digits()[0][300:1500]
    np.save(bundle / "more.npy", images.reshape(-1, 784) / np.float32(255))
    (bundle / "more.bin").write_bytes(images.tobytes())
    assert find_leaks(bundle, secrets) == []


# Code


@pytest.mark.parametrize("stub", sorted(load_assignment().stubs))
def test_every_solution_is_found_in_its_place(bundle, secrets, stub):
    # In the skeleton the solution is where a stub was.
    lines = SKELETON.splitlines()
    at = next(i for i, line in enumerate(lines) if f": {stub} is still" in line)
    indent = " " * (len(lines[at]) - len(lines[at].lstrip()))
    lines[at : at + 1] = [indent + line for line in segment(stub).splitlines()]
    (bundle / "edf.py").write_text("\n".join(lines), encoding="utf-8")
    hits = found(bundle, secrets, "edf.py", what=f"{stub} in solutions/edf.py")
    # A run may start with the given header above it.
    assert abs(int(hits[0].place.removeprefix("line ")) - at) <= 12


def test_the_place_and_the_words(bundle, secrets):
    (bundle / "notes.py").write_text('"""Notes."""\n\n\n' + SMAXLOSS)
    leak = found(bundle, secrets, "notes.py", "line 4")[0]
    assert leak == Leak("notes.py", "line 4", "statements of smaxloss.backward in solutions/edf.py")
    assert str(leak) == "notes.py, line 4: statements of smaxloss.backward in solutions/edf.py"


RENAMED = """
v = (self.x.top
     - self.x.top.max(axis=1, keepdims=True,))  # the largest logit becomes 0
w = v - np.log((np.exp(v)).sum(axis = 1, keepdims = True)); a, b = (np.arange(len(v)), self.y.top.astype(int))
self.top = (-w[(a, b)])
self.kept = np.exp(w)
"""

DISGUISES = {
    "as it is": FORWARD,
    "renamed, laid out anew": RENAMED,
    "commented out": "# Solution:\n" + "".join(f"    #   {line}\n" for line in FORWARD.splitlines()),
    "commented out in a comment": "".join(f"## {line}  # so\n" for line in FORWARD.splitlines()),
    "comment beside code": "x = 0  # self.top = np.maximum(self.x.top, 0)\n",
    "fence": f"Try this:\n\n```python\n{SMAXLOSS}```\n",
    "quoted": "".join(f"> {line}\n" for line in FORWARD.splitlines()),
    "prompts": "".join(f">>> {line}\n" for line in SMAXLOSS.splitlines()),
    "numbered": "".join(f"{i:3} {line}\n" for i, line in enumerate(FORWARD.splitlines(), 1)),
    "diff": "".join(f"+{line}\n" for line in FORWARD.splitlines()),
    "one line of prose": "It's easy: `self.top = np.maximum(self.x.top, 0)`, and that's all you've to write.",
    "end of a sentence": "We rectify. self.top = np.maximum(self.x.top, 0). Done.",
    "semicolons": "; ".join(segment("init_momentum").split("\n")[:1])
    + segment("momentum").replace("\n", " "),
    "string": "HINT = " + repr(SMAXLOSS),
    "html": "<pre>"
    + SMAXLOSS.replace("self", '<span class="bp">self</span>').replace("=", "&#61;")
    + "</pre>",
    "other numbers": SMAXLOSS.replace("1", "1.0"),
    "edf.": segment("add.backward").replace("ops", "edf.ops").replace("params", "edf.params"),
    "docstring added": 'def f(self):\n    """Softmax."""\n    ' + SMAXLOSS,
    "helper": segment("conv2._taps"),
    "one statement": segment("mean.forward"),
    "short": 'def reset():\n    """Start anew."""\n' + segment("reset"),
    "base64": base64.b64encode(("pad" + FORWARD).encode()).decode(),
}


@pytest.mark.parametrize("file", ["README.md", "edf_kit/script.py"])
@pytest.mark.parametrize("disguise", DISGUISES)
def test_code_is_found_in_disguise(bundle, secrets, disguise, file):
    append(bundle / file, "\n\n" + DISGUISES[disguise])
    found(bundle, secrets, file, what=" in solutions/edf.py")


def plant(book, where, text):
    cell = book.cells[1]
    if where == "source":
        cell.source = text
    elif where == "cell metadata":
        cell.metadata["hint"] = {"steps": text.splitlines()}
    elif where == "key":
        cell.metadata[text] = 1
    elif where == "notebook metadata":
        book.metadata["author"] = text
    elif where == "attachment":
        cell["attachments"] = {"a.txt": {"text/plain": base64.b64encode(text.encode()).decode()}}


@pytest.mark.parametrize(
    "where, place",
    [
        ("source", "cell 2"),
        ("cell metadata", "metadata of cell 2"),
        ("key", "metadata of cell 2"),
        ("notebook metadata", "metadata"),
        ("attachment", "attachments of cell 2"),
    ],
)
def test_code_is_found_everywhere_in_a_notebook(bundle, secrets, where, place):
    book = notebook("1", "2")
    plant(book, where, SMAXLOSS)
    (bundle / "1_autograd.ipynb").write_text(json.dumps(book))
    found(bundle, secrets, "1_autograd.ipynb", place, "smaxloss.backward")


def test_code_is_found_in_zips(bundle, secrets, tmp_path):
    inner = zipped({"notes/a.txt": "one\n" + SMAXLOSS})
    (bundle / "more.zip").write_bytes(zipped({"deep/inner.zip": inner}))
    found(bundle, secrets, "more.zip/deep/inner.zip/notes/a.txt", "line 2", "smaxloss.backward")
    packed = Path(shutil.make_archive(tmp_path / "edf", "zip", tmp_path, "edf"))
    found(packed, secrets, "edf.zip/edf/more.zip/deep/inner.zip/notes/a.txt", "line 2", "smaxloss.backward")


def test_code_is_found_in_a_notebook_in_a_zip(bundle, secrets):
    book = nbformat.writes(notebook("1", SMAXLOSS)).encode()
    (bundle / "a.zip").write_bytes(zipped({"b.ipynb": book}))
    found(bundle, secrets, "a.zip/b.ipynb", "cell 2", "smaxloss.backward")


@pytest.mark.parametrize("module", [bz2, gzip, lzma])
def test_code_is_found_in_compressed_files(bundle, secrets, module):
    (bundle / "a.packed").write_bytes(module.compress(SMAXLOSS.encode()))
    found(bundle, secrets, "a.packed", "line 1", "smaxloss.backward")


def test_code_is_found_in_a_tar_file(bundle, secrets, tmp_path):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_text(SMAXLOSS)
    shutil.move(shutil.make_archive(tmp_path / "more", "gztar", tmp_path, "notes"), bundle)
    found(bundle, secrets, "more.tar.gz/notes/a.txt", "line 1", "smaxloss.backward")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_code_is_found_in_other_encodings(bundle, secrets, encoding):
    (bundle / "a.txt").write_bytes(SMAXLOSS.encode(encoding))
    found(bundle, secrets, "a.txt", what="smaxloss.backward")


def test_code_is_found_in_a_binary_file(bundle, secrets):
    (bundle / "a.bin").write_bytes(b"\0\1\xff" + SMAXLOSS.encode() + b"\0\xfe")
    found(bundle, secrets, "a.bin", what="smaxloss.backward")


def test_hidden_checks_are_found(bundle, secrets):
    text = (ROOT / "autograder" / "exercises" / "where.py").read_text(encoding="utf-8")
    body = text[text.index("@where.check") :]
    append(bundle / "edf_kit" / "script.py", body.replace("student", "their").replace("draw", "random"))
    found(bundle, secrets, "edf_kit/script.py", what="in autograder/exercises/where.py")


def test_the_drawing_of_hidden_inputs_is_found(bundle, secrets):
    append(bundle / "README.md", (ROOT / "autograder" / "draw.py").read_text(encoding="utf-8"))
    found(bundle, secrets, "README.md", what="in autograder/draw.py")


@pytest.mark.parametrize("student", ["ada", "jun", "kemi"])
def test_answers_of_the_sample_class_are_found(bundle, secrets, student):
    path = ROOT / "data" / "sample_class" / "submissions" / student / "edf.py"
    append(bundle / "edf_kit" / "script.py", path.read_text(encoding="utf-8"))
    found(bundle, secrets, "edf_kit/script.py", what=f"data/sample_class/submissions/{student}/edf.py")


def test_a_variant_in_a_string_is_secret(bundle, monkeypatch, tmp_path):
    # A grader of its own, whose exercise holds a wrong variant as a text.
    variant = (
        "def forward(self):\n    wide = self.x.top.sum(axis=0)\n    self.top = wide / (2 + wide.max())\n"
    )
    for part in ("solutions", "pset", "data", "autograder/exercises"):
        (tmp_path / "course" / part).mkdir(parents=True)
    exercise = tmp_path / "course" / "autograder" / "exercises" / "wide.py"
    exercise.write_text(f"wrong(source={variant!r})\n")
    monkeypatch.setattr("autograder.release.leaks.ROOT", tmp_path / "course")
    monkeypatch.setattr("autograder.release.leaks.SOLUTION", tmp_path / "course" / "solutions" / "edf.py")
    (tmp_path / "course" / "solutions" / "edf.py").write_text(REFERENCE, encoding="utf-8")
    secrets = known_secrets(load_assignment(), tmp_path / "none")
    append(bundle / "README.md", variant.replace("wide", "w"))
    found(bundle, secrets, "README.md", what="statements of a text in autograder/exercises/wide.py")


def test_what_is_given_in_one_assignment_is_secret_in_another(tmp_path):
    # Only what an assignment's own skeleton holds is given: pset/edf.py is that of the default assignment.
    ids = [id for id, exercise in load_exercises().items() if exercise.stubs]
    path = tmp_path / "all.toml"
    points = "".join(f"{id} = 1\n" for id in ids)
    path.write_text(f'name = "all"\ntotal = {len(ids)}\n[points]\n{points}')
    assignment = load_assignment(path)
    runs = known_secrets(assignment, tmp_path / "none").runs
    for stub in assignment.stubs:
        header = next(line for line in REFERENCE.splitlines() if f"def {stub.rpartition('.')[2]}(" in line)
        text = header + "\n" + segment(stub)
        if segment(stub) != "pass\n":
            hits = {run.what for _, run in runs.find(text)}
            assert any("solutions/edf.py" in what for what in hits), (stub, hits)


NAMES = re.compile(
    r"\b(?<!\.)(?:shifted|log_softmax|rows|labels|onehot|x_wins|f|k|ky|kx|seen|height|width|B|H|W)\b"
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_renaming_and_layout_is_found(secrets, data):
    stub = data.draw(
        st.sampled_from(["conv2.forward", "smaxloss.forward", "smaxloss.backward", "max.backward"])
    )
    text = segment(stub)
    names = sorted(set(NAMES.findall(text)))
    new = data.draw(st.permutations([f"n{i}" for i in range(len(names))]))
    text = NAMES.sub(lambda match: dict(zip(names, new))[match[0]], text)
    space = data.draw(st.sampled_from([" ", "  ", "\t", " \\\n"]))
    text = re.sub(r" ?([=+*,]) ", lambda match: f"{space}{match[1]}{space}", text)
    if data.draw(st.booleans()):
        text = "\n".join("# " + line for line in text.splitlines())
    assert any(stub in run.what for _, run in secrets.runs.find(text)), text


# Digits


DIGIT_FILES = {
    "a.npy": lambda one: _npy(one / np.float64(255)),
    "a.npz": lambda one: _npz(images=np.concatenate([student_digits()[0][:17], one[None]])),
    "flat.npy": lambda one: _npy(one.reshape(1, 784)),
    "columns.npy": lambda one: _npy(np.stack([one.ravel(), one.ravel()], axis=1)),
    "standardised.npy": lambda one: _npy(((one - one.mean()) / one.std()).astype(np.float16)),
    "negative.npy": lambda one: _npy(255 - one),
    "raw.bin": lambda one: b"head" + one.tobytes() + b"tail",
    "list.json": lambda one: json.dumps({"digit": one.tolist()}).encode(),
    "scaled.txt": lambda one: " ".join(f"{v:.3f}" for v in one.ravel() / 255).encode(),
    "hex.txt": lambda one: ("digit " + one.tobytes().hex()).encode(),
    **{
        f"base64_{shift}.txt": lambda one, shift=shift: base64.b64encode(b"x" * shift + one.tobytes())
        for shift in range(3)
    },
    "lines.txt": lambda one: base64.encodebytes(one.tobytes()),
}


def _npy(array):
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def _npz(**arrays):
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


@pytest.mark.parametrize("name", DIGIT_FILES)
@pytest.mark.parametrize("which", [0, 999])
def test_a_hidden_digit_is_found(bundle, secrets, name, which):
    data = DIGIT_FILES[name](HIDDEN[which])
    (bundle / name).write_bytes(data)
    file = "a.npz/images.npy" if name == "a.npz" else name
    place = "entry 17 of images" if name == "a.npz" else None
    found(bundle, secrets, file, place, f"hidden digit {INDICES[which]}")


def test_a_hidden_digit_in_a_notebook_is_found(bundle, secrets):
    book = notebook("digit = " + repr(HIDDEN[3].tolist()), "2")
    book.cells[1].metadata["digit"] = HIDDEN[4].ravel().tolist()
    write(bundle, book)
    found(bundle, secrets, "1_autograd.ipynb", "cell 1", f"hidden digit {INDICES[3]}")
    found(bundle, secrets, "1_autograd.ipynb", "metadata of cell 2", f"hidden digit {INDICES[4]}")


def test_the_list_of_hidden_digits_is_found(bundle, secrets):
    append(bundle / "README.md", "They are " + ", ".join(map(str, INDICES[100:120])))
    found(bundle, secrets, "README.md", "line 4", "the list of hidden digits")


def test_nineteen_of_the_list_are_none(bundle, secrets):
    append(bundle / "README.md", ", ".join(map(str, INDICES[100:119])))
    assert find_leaks(bundle, secrets) == []


def test_the_list_of_hidden_digits_in_an_array_is_found(bundle, secrets):
    np.save(bundle / "a.npy", np.array([5, 5, *INDICES]))
    found(bundle, secrets, "a.npy", "entry 2 of a", "the list of hidden digits")


# The course secret


@pytest.mark.parametrize(
    "data",
    [
        SECRET,
        SECRET.hex().encode(),
        SECRET.hex().upper().encode(),
        SECRET.hex().encode("utf-16"),
        repr(SECRET).encode(),
        repr(list(SECRET)).encode(),
        *[base64.b64encode(b"k" * shift + SECRET + b"k") for shift in range(3)],
        base64.urlsafe_b64encode(SECRET),
        base64.b64encode(SECRET.hex().encode() + b"\n"),
    ],
    ids=lambda data: data[:12].hex(),
)
def test_the_course_secret_is_found(bundle, secrets, data):
    (bundle / "a.dat").write_bytes(b"key: " + data)
    found(bundle, secrets, "a.dat", what="the course secret")


def test_the_course_secret_in_a_notebook_has_a_place(bundle, secrets):
    write(bundle, notebook("1", "2", key=SECRET.hex()))
    found(bundle, secrets, "1_autograd.ipynb", "metadata", "the course secret")


def test_without_a_secret_none_is_made(tmp_path, assignment):
    known_secrets(assignment, tmp_path / ".course-secret")
    assert list(tmp_path.iterdir()) == []


# Outputs, names, and what can't be looked into


def test_outputs_and_execution_counts_are_found(bundle, secrets):
    book = notebook("1", "2")
    book.cells[0]["outputs"] = [nbformat.v4.new_output("stream", text="1")]
    book.cells[1]["execution_count"] = 3
    book.metadata["widgets"] = {"state": {}}
    write(bundle, book)
    assert find_leaks(bundle, secrets) == [
        Leak("1_autograd.ipynb", "metadata", "the state of widgets"),
        Leak("1_autograd.ipynb", "cell 1", "an output"),
        Leak("1_autograd.ipynb", "cell 2", "an execution count"),
    ]


@pytest.mark.parametrize(
    "name",
    [
        "__pycache__/a.txt",
        "a.pyc",
        ".git/config",
        ".ipynb_checkpoints/a.ipynb",
        "gradebook.db",
        "My_Solutions.txt",
    ]
    + ["hidden_index.txt", ".course-secret"],
)
def test_what_no_bundle_has_is_refused_by_name(bundle, secrets, name, tmp_path):
    (bundle / name).parent.mkdir(exist_ok=True)
    (bundle / name).write_text('{"cells": []}')
    found(bundle, secrets, name)
    packed = Path(shutil.make_archive(tmp_path / "edf", "zip", tmp_path, "edf"))
    found(packed, secrets, f"edf.zip/edf/{name}")


@pytest.mark.parametrize(
    "name, data",
    [
        ("a.npy", b"\x93NUMPY\x01\x00nonsense"),
        ("a.zip", zipped({"a": "b"})[:-4].replace(b"PK\x01\x02", b"PK\x01\x03") + b"\0\0\0\0"),
        ("a.gz", gzip.compress(b"text")[:-6]),
        ("a.ipynb", b"{"),
    ],
)
def test_what_can_not_be_looked_into_is_refused(bundle, secrets, name, data):
    (bundle / name).write_bytes(data)
    found(bundle, secrets, name, what="can't be looked into")
