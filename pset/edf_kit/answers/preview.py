"""Shows what the grader will take from a student's folder, by the extraction that the grader uses."""

from pathlib import Path

from edf_kit.answers.choose import MODULE, choose
from edf_kit.answers.imports import import_remarks
from edf_kit.answers.notebook import NotebookError
from edf_kit.released import read_release, stubs_of

# Exercises without a stub of their own.
NOTHING_TO_WRITE = {
    "stride": "part of conv2: forward, backward_image and backward_kernel take it into account",
    "mnist_mlp": "no code of its own: a network is trained with your edf",
    "mnist_conv": "no code of its own: a network is trained with your edf",
}


def collect(folder, files=()):
    """What is graded of the files of a release's folder: (release, Choice).

    files: paths of notebooks and at most one .py; by default the release's notebooks and edf.py. Raises
    NotebookError and ReleaseError.
    """
    folder = Path(folder)
    release = read_release(folder)
    given = _read_text(folder / MODULE)
    if files:
        paths = [Path(file) for file in files]
    else:
        paths = [path for name in release["cells"] if (path := folder / name).is_file()] + [folder / MODULE]
    modules = [path for path in paths if path.suffix == ".py"]
    if len(modules) > 1:
        raise NotebookError("several edf.py", f"Name one .py file, not {len(modules)}.")
    notebooks = {path.name: _read_bytes(path) for path in paths if path not in modules}
    module = _read_text(modules[0]) if modules else None
    return release, choose(notebooks, module, stubs_of(release), given)


def show(release, choice, folder):
    """The lines of a preview. folder: where the student's files are."""
    rows = [(exercise["id"], _say(exercise, choice.rows)) for exercise in release["exercises"]]
    width = max([len(id) for id, _ in rows], default=0) + 2
    lines = ["What the grader takes:", "", *(f"  {id:<{width}}{said}" for id, said in rows)]
    if remarks := [*choice.remarks, *import_remarks(choice.text, Path(folder), release.get("packages"))]:
        lines += ["", "Look at:", "", *(f"- {remark}" for remark in remarks)]
    return lines


def _say(exercise, rows):
    if not exercise["stubs"]:
        return NOTHING_TO_WRITE.get(
            exercise["id"], "no code of its own: it uses what you wrote for the others"
        )
    said = {stub: _say_stub(stub, rows[stub.partition(".")[0]]) for stub in exercise["stubs"]}
    if len(set(said.values())) == 1:
        return next(iter(said.values()))
    return "; ".join(f"{stub}: {what}" for stub, what in said.items())


def _say_stub(stub, row):
    if row.state == "taken" and stub not in row.blank:
        return row.place
    if row.state == "missing":
        return "missing: nothing of that name is defined"
    return row.place if row.state == "unreadable" else f"still to be written ({row.place})"


def _read_bytes(path):
    try:
        return path.read_bytes()
    except OSError as error:
        raise NotebookError("missing", f"{path} can't be read: {error.strerror}.") from None


def _read_text(path):
    try:
        return _read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NotebookError("not UTF-8", f"{path.name} is not UTF-8 text: save it as UTF-8.") from None
