"""Carries a student's work from the folder of an old release into that of a new one.

What differs from what the old release handed out is the student's. It goes into the new release wherever that is
still as it was handed out; where it is not, nothing is overwritten, and the report says so. The old folder is only
read. Of each file that changes, the version before stays beside it as NAME.before-carry.
"""

import dataclasses
import json
from pathlib import Path

from edf_kit.answers.notebook import NotebookError, read_cells
from edf_kit.carry_files import backup_of, carry_files, replace_file
from edf_kit.carry_module import BEFORE, CARRIED, LEFT, OLD_FILE, THERE, Done, carry_module
from edf_kit.released import ReleaseError, read_release, source_hash

MODULE = "edf.py"
OWN = "a cell of your own"


def carry(old, new, dry_run=False):
    """Carry the work in the folder `old` into the folder `new`: a list of Done. Raises ReleaseError.

    dry_run: change no file.
    """
    old, new = Path(old), Path(new)
    was, now = read_release(old), read_release(new)
    if old.resolve() == new.resolve():
        raise ReleaseError("That is this very folder: name the one of the old release.")
    if was["assignment"] != now["assignment"]:
        raise ReleaseError(
            f"{old} is of another assignment ({was['assignment']}): name one of {now['assignment']}."
        )
    done = []
    for name in sorted(was["cells"].keys() | now["cells"].keys()):
        if (old / name).is_file():
            done += _carry_file(old, new, name, dry_run, _carry_notebook, was["cells"], now["cells"])
    if (old / MODULE).is_file():
        done += _carry_file(old, new, MODULE, dry_run, _carry_module, was["definitions"], now["definitions"])
    handled = {*was["cells"], *now["cells"], MODULE}
    return done + carry_files(old, new, was, handled, dry_run)


def report(done, dry_run=False):
    """Lines of a table of what `carry` did."""
    if not done:
        return ["Nothing to carry: the old folder is as it was handed out."]
    head = "Would be done:" if dry_run else "Done:"
    columns = [max(len(getattr(d, part)) for d in done) for part in ("file", "piece", "outcome")]
    lines = [head, ""]
    for d in done:
        cells = [text.ljust(width) for text, width in zip((d.file, d.piece, d.outcome), columns)]
        lines.append("  " + "  ".join([*cells, d.note]).rstrip())
    if any(d.outcome == LEFT for d in done):
        lines += ["", "What was left alone is still in the old folder: look at it there."]
    return lines


def _carry_file(old, new, name, dry_run, function, old_hashes, new_hashes):
    """Carry one file by `function`(old text, new text, hashes, hashes, name), which gives (new text, done)."""
    if not (new / name).is_file():
        return [Done(name, "all of it", LEFT, "this release has no such file")]
    try:
        texts = [_read(folder / name) for folder in (old, new)]
        text, done = function(*texts, old_hashes, new_hashes, name)
    except NotebookError as error:
        return [Done(name, "all of it", LEFT, error.message)]
    backup = backup_of(new / name)
    if text != texts[1] and not dry_run:
        replace_file(backup, (new / name).read_bytes(), new / name)
        replace_file(new / name, text.encode(), new / name)
    places = {OLD_FILE: str(old / name), BEFORE: backup.name}
    return [dataclasses.replace(d, note=_filled(d.note, places)) for d in done]


def _filled(note, places):
    for mark, place in places.items():
        note = note.replace(mark, place)
    return note


def _carry_module(old, new, old_hashes, new_hashes, name):
    text, done = carry_module(old, new, old_hashes, new_hashes, name)
    return (text if any(d.outcome == CARRIED for d in done) else new), done


def _carry_notebook(old, new, old_hashes, new_hashes, name):
    if name not in old_hashes or name not in new_hashes:
        raise NotebookError("not released", "only one of the releases has this notebook")
    for text in (old, new):
        read_cells(text, name)  # says what is wrong with it
    old, changed = json.loads(old), json.loads(new)
    if not all(isinstance(notebook.get("cells"), list) for notebook in (old, changed)):
        raise NotebookError(
            "old format", "it is in an old format: open it in Jupyter and save it, then carry again"
        )
    done = _Notebook(changed, old_hashes[name], new_hashes[name], name).carry(old["cells"])
    return (_dump(changed) if any(d.outcome == CARRIED for d in done) else new), done


class _Notebook:
    """The new release's notebook, into which cells are carried. old, new: hashes of the released cells by id."""

    def __init__(self, notebook, old, new, name):
        self.cells, self.old, self.new, self.name = notebook["cells"], old, new, name
        self.by_id = {cell.get("id"): cell for cell in self.cells}
        self.by_grade_id = {_grade_id(cell): cell.get("id") for cell in self.cells if _grade_id(cell)}
        self.numbers = {cell.get("id"): number for number, cell in enumerate(self.cells, start=1)}
        self.seen, self.done = set(), []
        self.both_changed = []  # (place in done, cell, its number as released) of what the release changed too

    def carry(self, cells):
        """Carry those of the old notebook's cells that are the student's work: a list of Done."""
        after = None  # id of the cell after which the next one of their own goes
        for number, cell in enumerate(cells, start=1):
            id = self._released_id(cell)
            if id is None or id in self.seen:
                after = self._carry_own(cell, number, after)
                continue
            self.seen.add(id)
            if source_hash(_source(cell)) != self.old[id]:
                if id in self.by_id:
                    self._carry_changed(cell, id, number)
                else:
                    after = self._carry_own(cell, number, after, "the new release no longer has this cell")
            after = id if id in self.by_id else after
        self._say_where_both_are()
        return self.done

    def _say_where_both_are(self):
        """Now that all cells are in, and their numbers known."""
        for place, cell, released in self.both_changed:
            number = next(n for n, other in enumerate(self.cells, start=1) if other is cell)
            note = (
                f"the release's own text changed too: your version is in {self.name}, cell {number}; "
                f"the release's new text is in {BEFORE}, "
            )
            note += "same cell" if number == released else f"cell {released}"
            self.done[place] = dataclasses.replace(self.done[place], note=note)

    def _released_id(self, cell):
        """Which cell of the old release this was; None for one of the student's own.

        Some tools drop ids: then the grade_id tells, or, of a cell that nobody changed, its text.
        """
        id = cell.get("id")
        if id in self.old:
            return id
        if id is not None and id in self.by_id:
            return None
        if (id := self.by_grade_id.get(_grade_id(cell))) in self.old:
            return id
        same = [
            id
            for id, value in self.old.items()
            if value == source_hash(_source(cell)) and id not in self.seen
        ]
        return same[0] if same else None

    def _carry_changed(self, cell, id, number):
        here, text = self.by_id[id], _source(cell)
        piece = f"cell {number}" + (f" ({_grade_id(cell)})" if _grade_id(cell) else "")
        if _is_locked(here):
            if text != _source(here):
                self._report(piece, LEFT, "it is a cell that is not to be changed")
        elif text == _source(here):
            self._report(piece, THERE)
        elif source_hash(_source(here)) != self.new.get(id):
            self._report(piece, LEFT, _compare(number))
        else:
            here.update(_content(cell))
            if here["cell_type"] != "code":
                here.pop("outputs", None), here.pop("execution_count", None)
            self._report(piece, CARRIED)
            if self.old[id] != self.new.get(id):
                self.both_changed.append((len(self.done) - 1, here, self.numbers[id]))

    def _carry_own(self, cell, number, after, note=OWN):
        """Insert a cell after the one of id `after`; returns the id after which the next one goes."""
        text = _source(cell)
        if not text.strip():
            return after
        # A copy of a cell has its id or none: it gets one by what it is, so that a second run knows it again.
        has_id = isinstance(cell.get("id"), str) and cell["id"] not in self.old
        id = cell["id"] if has_id else "own-" + source_hash(f"{number} {text}")[:12]
        piece = f"cell {number}"
        if id in self.by_id:
            is_same = _source(self.by_id[id]) == text
            self._report(piece, *((THERE, "") if is_same else (LEFT, _compare(number))))
            return id
        # Two cells of one grade_id would stop nbgrader: the original alone keeps it.
        metadata = {key: value for key, value in (cell.get("metadata") or {}).items() if key != "nbgrader"}
        own = {"id": id, "metadata": metadata} | _content(cell)
        place = next((i + 1 for i, other in enumerate(self.cells) if other.get("id") == after), 0)
        self.cells.insert(place, own)
        self.by_id[id] = own
        self._report(piece, CARRIED, note)
        return id

    def _report(self, piece, outcome, note=""):
        self.done.append(Done(self.name, piece, outcome, note))


def _compare(number):
    return f"there is other work in its place here: compare it by hand with {OLD_FILE}, cell {number}"


def _content(cell):
    """What of a cell is carried: its kind and source, and pictures in its text; not its outputs."""
    kept = {"cell_type": cell["cell_type"], "source": _source(cell).splitlines(keepends=True)}
    if cell["cell_type"] == "code":
        kept |= {"outputs": [], "execution_count": None}
    return kept | ({"attachments": cell["attachments"]} if "attachments" in cell else {})


def _source(cell):
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(source)


def _nbgrader(cell):
    metadata = cell.get("metadata")
    nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    return nbgrader if isinstance(nbgrader, dict) else {}


def _grade_id(cell):
    grade_id = _nbgrader(cell).get("grade_id")
    return grade_id if isinstance(grade_id, str) else None


def _is_locked(cell):
    nbgrader = _nbgrader(cell)
    return bool(nbgrader.get("locked")) and not nbgrader.get("solution")


def _dump(notebook):
    """A notebook's text as Jupyter writes it."""
    text = json.dumps(notebook, indent=1, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        text = json.dumps(notebook, indent=1)
    return text + "\n"


def _read(path):
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NotebookError("not UTF-8", f"{path.name} is not UTF-8 text: save it as UTF-8") from None
