"""Autograded notebooks: the student's own cells, with nbgrader's metadata put back as it was released.

What a student's notebook says of itself (outputs, metadata, ids, points) counts for nothing. Each cell of the
release that nbgrader knows gets its place: an answer is the cell that the judge took it from; what is locked has
the release's own text; what is gone is added back. Nothing here is run or parsed but as JSON.
"""

import collections
import copy
import json
import re

from edf_kit.answers.candidates import written_names
from edf_kit.answers.notebook import Cell, NotebookError, printable, read_cells

from autograder.gradebook.verdict import about, verdict
from autograder.texts import without_controls

NO_ANSWER = "No response."  # nbgrader's own words
MAX_TEXT, MAX_CODE = 20_000, 200_000  # characters of a cell that are shown: browsers choke on more


def read_released(folder):
    """{file name: notebook} of a release's folder, as JSON values with each source as one text."""
    found = {}
    for path in sorted(folder.glob("*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        for cell in notebook["cells"]:
            cell["source"] = "".join(cell["source"])
        found[path.name] = notebook
    return found


def autograded_notebooks(released, handed_in, module, score):
    """{file name: notebook} for every notebook of a release, without the verdicts.

    released: of read_released. handed_in: {file name: bytes} of the student's notebooks. module: text of the
    student's edf.py, or None. score: the judge's; its "cells" says where each answer was taken.
    """
    cells = {}
    for name, data in handed_in.items():
        try:
            cells[name] = read_cells(data, name)
        except NotebookError:
            continue  # score["notes"] says so
    taken = _Taken(score.get("cells", {}), cells, module)
    own = _counterparts(released, cells)
    texts = {c["source"] for n in released.values() for c in n["cells"] if c["cell_type"] == "markdown"}
    made = {}
    for i, (name, notebook) in enumerate(released.items()):
        notebook = {**notebook}
        if name in own:
            notebook["cells"] = _rebuild(notebook["cells"], own[name], cells[own[name]], taken, texts)
        else:
            notebook["cells"] = [_filled(cell, taken) for cell in notebook["cells"]]
        if i == 0 and (lines := about(score) + taken.lost()):
            notebook["cells"].insert(0, _markdown("about", _verbatim("\n".join(lines))))
        made[name] = notebook
    return made


def put_verdicts(notebook, score):
    """Make each verdict the output of its grade cell: plain text, which nbgrader never takes for points."""
    for cell in notebook["cells"]:
        if _nbgrader(cell).get("grade"):
            text = verdict(score, _nbgrader(cell)["grade_id"])
            cell["outputs"] = [{"name": "stdout", "output_type": "stream", "text": text}]


def automatic_comments(released, notebooks):
    """{(notebook, grade_id): nbgrader's comment on a stub that is as it was handed out, else None}."""
    return {
        (name.removesuffix(".ipynb"), id): NO_ANSWER if cell["source"] == old[id]["source"] else None
        for name, notebook in notebooks.items()
        for old in [{_nbgrader(cell).get("grade_id"): cell for cell in released[name]["cells"]}]
        for cell in notebook["cells"]
        if _nbgrader(cell).get("solution")
        for id in [_nbgrader(cell)["grade_id"]]
    }


class _Taken:
    """Where the judge took each definition from."""

    def __init__(self, places, cells, module):
        self.places, self._lost = (
            {},
            {},
        )  # name → (notebook, number of a cell); name → place that is not found
        self._cells, self._module = cells, module
        shown = collections.defaultdict(list)  # places have a notebook's name as it is shown: not too long
        for name in cells:
            shown[printable(name)].append(name)
        for name, place in places.items():
            notebook, _, number = place.rpartition(", cell ")
            found = [n for n in shown[notebook] if number in {str(cell.number) for cell in cells[n]}]
            if len(found) == 1:
                self.places[name] = found[0], int(number)
            else:
                self._lost[name] = place

    def lost(self):
        """Sentences on answers whose place is not to be found, which are not shown."""
        return [
            f"The code of {name} that was judged is not shown: {place}." for name, place in self._lost.items()
        ]

    def place(self, grade_id, notebook):
        """The number of the cell of that notebook which the answer to a stub cell was taken from, or None."""
        places = [self.places.get(name) for name in written_names(grade_id)]
        return next((number for found, number in filter(None, places) if found == notebook), None)

    def text(self, cell):
        """The text of an answer that is not in the notebook of its stub cell; None if there is none."""
        parts = []
        for name in written_names(_nbgrader(cell)["grade_id"]):
            if name in self.places:
                notebook, number = self.places[name]
                [source] = [c.source for c in self._cells[notebook] if c.number == number]
                part = f"# {printable(notebook)}, cell {number}\n{source}"
            elif name in self._lost:  # never what else is in the stub cell's place: it was not judged
                part = f"# The code of {name} that was judged is not shown here: {self._lost[name]}."
            else:
                text = _definition(self._module, name) if self._module is not None else None
                part = f"# edf.py\n{text}" if text and text not in cell["source"] else None
            if part and part not in parts:
                parts.append(part)
        return _code("\n\n\n".join(parts)) if parts else None


def _definition(module, name):
    """The text of a top-level definition, by its lines: what a stranger wrote is shown here, not parsed."""
    lines = module.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    starts = [i for i, line in enumerate(lines) if re.match(rf"(?:class|def)\s+{re.escape(name)}\b", line)]
    if not starts:
        return None
    start, end = starts[-1], starts[-1] + 1
    while start and lines[start - 1].startswith("@"):
        start -= 1
    while end < len(lines) and (not lines[end] or lines[end][0] in " \t#)]}"):
        end += 1
    return "\n".join(lines[start:end]).rstrip()


def _counterparts(released, cells):
    """{released name: the student's name} of the notebooks that belong together, by name, then by content."""
    found = {name: name for name in released if name in cells}
    signs = {}
    for name, notebook in released.items():
        ids = {_nbgrader(cell).get("grade_id") for cell in notebook["cells"]} - {None}
        signs[name] = ids | {cell["source"] for cell in notebook["cells"] if len(cell["source"]) > 30}
    for other in [name for name in cells if name not in found]:
        own = {cell.grade_id for cell in cells[other]} | {cell.source for cell in cells[other]}
        best = max(released, key=lambda name: len(signs[name] & own))
        if best not in found and signs[best] & own:
            found[best] = other
    return found


def _rebuild(released, name, cells, taken, texts):
    """The cells of a student's notebook, and among them those of the release that nbgrader knows."""
    known = [cell for cell in released if _nbgrader(cell)]
    claims = _claims(known, name, cells, taken)
    at = {claimed["id"]: i for i, claimed in claims.items()}
    placed = [((i, 0), _kept(cell, claims.get(i), texts)) for i, cell in enumerate(cells)]
    position = (-1, 0)
    for cell in known:
        if cell["id"] in at:
            position = at[cell["id"]], 0
        else:  # after the one that it followed
            position = position[0], position[1] + 1
            placed.append((position, _filled(cell, taken)))
    return [cell for _, cell in sorted(placed, key=lambda item: item[0])]


def _claims(known, name, cells, taken):
    """{index of a student's cell: the released cell whose place it is}."""
    claims, claimed = {}, set()

    def claim(i, cell):
        claims[i] = cell
        claimed.add(cell["id"])

    for cell in known:
        number = taken.place(_nbgrader(cell)["grade_id"], name) if _nbgrader(cell)["solution"] else None
        if number is not None and number <= len(cells) and number - 1 not in claims:
            claim(number - 1, cell)
    by_id, by_text = collections.defaultdict(list), collections.defaultdict(list)
    for i, other in enumerate(cells):
        if other.kind == "code":
            by_id[other.grade_id].append(i)
            by_text[other.source.strip()].append(i)
    for cell in known:
        if cell["id"] in claimed or _nbgrader(cell)["solution"] and taken.text(cell):
            continue
        candidates = by_id[_nbgrader(cell)["grade_id"]] + by_text[cell["source"].strip()]
        if (i := next((i for i in candidates if i not in claims), None)) is not None:
            claim(i, cell)
    return claims


def _kept(cell: Cell, claimed, texts):
    """A student's cell: their code, or text that is shown as it is written; the release's where that is locked."""
    if claimed is not None:
        made = copy.deepcopy(claimed)
        if _nbgrader(claimed)["solution"]:
            made["source"] = _code(cell.source)
        return made
    id = f"cell-{cell.number}"
    if cell.kind == "code":
        return {
            "cell_type": "code",
            "execution_count": None,
            "id": id,
            "metadata": {},
            "outputs": [],
            "source": _code(cell.source),
        }
    if (source := without_controls(cell.source[: MAX_TEXT + 1])) in texts:
        return _markdown(id, source)
    is_long = len(cell.source) > MAX_TEXT
    note = f"\n\nThe text was cut here: it has {len(cell.source):,} characters." if is_long else ""
    return _markdown(id, _verbatim(source[:MAX_TEXT]) + note)


def _code(text):
    """A student's code as it is shown."""
    note = f"\n# Cut here: the cell has {len(text):,} characters." if len(text) > MAX_CODE else ""
    return without_controls(text[:MAX_CODE]) + note


def _filled(cell, taken):
    """A cell of the release, with the student's answer if that is elsewhere."""
    made = copy.deepcopy(cell)
    if _nbgrader(cell).get("solution") and (text := taken.text(cell)):
        made["source"] = text
    return made


def _markdown(id, source):
    return {"cell_type": "markdown", "id": id, "metadata": {}, "source": source}


def _verbatim(text):
    """Markdown that shows a text as it is: HTML and scripts in it would run in the instructor's formgrader."""
    fence = "`" * max([3, *(len(run) + 1 for run in re.findall("`+", text))])
    return f"{fence}\n{text}\n{fence}"


def _nbgrader(cell):
    return cell["metadata"].get("nbgrader", {})
