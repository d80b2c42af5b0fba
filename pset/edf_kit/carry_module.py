"""Carries what a student wrote into an old release's edf.py into that of a new release, as text."""

import ast
import dataclasses

from edf_kit.answers.names import DEFINITIONS, bound_names
from edf_kit.answers.notebook import CellError, parse, unify_newlines
from edf_kit.released import definition_sources, source_hash

CARRIED, COPIED, THERE, LEFT = "carried", "copied", "there already", "left alone"
# In notes: the path of the old file, and the name under which the version before stays beside the new one.
OLD_FILE, BEFORE = "{old file}", "{before}"


@dataclasses.dataclass(frozen=True)
class Done:
    """What became of one piece of a student's work. outcome: CARRIED, COPIED, THERE or LEFT; note: what to look at."""

    file: str
    piece: str
    outcome: str
    note: str = ""


@dataclasses.dataclass(frozen=True)
class _Piece:
    """The top-level statements of some lines, nearly always one. start, end: these lines, from 0.

    comments: the lines of comments above it.
    """

    nodes: list
    comments: tuple
    start: int
    end: int

    @property
    def name(self):
        """That of a function or class; None of other statements."""
        return self.nodes[0].name if isinstance(self.nodes[0], DEFINITIONS) else None

    @property
    def bound(self):
        """All names that it binds."""
        return [name for node in self.nodes for name in bound_names(node)]


def carry_module(old, new, old_hashes, new_hashes, file):
    """(new text, list of Done). old, new: texts of edf.py; the hashes: "definitions" of their release.json."""
    old, new = unify_newlines(old), unify_newlines(new)
    try:
        old_pieces, old_lines = _pieces(old), old.split("\n")
    except CellError as error:
        note = f"the old one is not valid Python (line {error.line}: {error.message}): mend it there, or copy by hand"
        return new, [Done(file, "all of it", LEFT, note)]
    try:
        new_pieces = _pieces(new)
    except CellError as error:
        return new, [Done(file, "all of it", LEFT, f"it is not valid Python here (line {error.line})")]
    work = _Work(new, new_pieces, old_hashes, new_hashes, file)
    for i, piece in enumerate(old_pieces):
        text = "\n".join(old_lines[piece.start : piece.end])
        place = work.place_before([other.name for other in old_pieces[i:]])
        is_docstring = i == 0 and ast.get_docstring(ast.parse(old)) is not None
        is_written_again = piece.name and any(other.name == piece.name for other in old_pieces[i + 1 :])
        if piece.name in old_hashes or is_docstring or is_written_again:
            work.carry_comments(piece.comments, place)
        if is_written_again:
            work.leave(piece.name, "it is written once more further down in the old one")
        elif piece.name in old_hashes:
            work.carry_definition(piece.name, text, place)
        elif not is_docstring:
            work.carry_own(piece, text, place)
    work.carry_comments(_comments(old_lines[old_pieces[-1].end if old_pieces else 0 :]), len(work.lines))
    return work.result()


class _Work:
    def __init__(self, new, pieces, old_hashes, new_hashes, file):
        self.new, self.file, self.done = new, file, []
        self.lines = new.rstrip("\n").split("\n")
        self.old_hashes, self.new_hashes = old_hashes, new_hashes
        self.pieces = {piece.name: piece for piece in pieces if piece.name}
        self.sources = definition_sources(new)
        self.codes = {ast.dump(node) for piece in pieces for node in piece.nodes}
        self.bound = {name for piece in pieces for name in piece.bound}
        self.imports_end = max([piece.end for piece in pieces if _is_import(piece)], default=None)
        self.comments = {line.strip() for line in self.lines if line.strip().startswith("#")}
        self.edits = []  # (first line, end line, order, lines)

    def place_before(self, names):
        """The line before which a piece goes that stood before the definitions of these names."""
        known = next((self.pieces[name] for name in names if name in self.pieces), None)
        return known.start if known else len(self.lines)

    def carry_comments(self, comments, place):
        """Put in those lines of comments that are the student's."""
        if own := self._own_comments(comments):
            self._insert(place, own)
            self._report(f"comment: {own[0].strip()[:50]}", CARRIED)

    def _own_comments(self, comments):
        return [line for line in comments if line.strip() not in self.comments]

    def carry_definition(self, name, text, place):
        """Put a released definition into its place, if the student changed it."""
        if source_hash(text) == self.old_hashes[name]:
            return
        if name not in self.sources:
            self._insert(place, [*text.split("\n"), "", ""])
            self._report(name, CARRIED, "the new release has nothing of that name")
        elif self.sources[name] == text:
            self._report(name, THERE)
        elif source_hash(self.sources[name]) != self.new_hashes.get(name):
            self._report(
                name, LEFT, f"there is other work in its place here: compare it by hand with {OLD_FILE}"
            )
        else:
            piece = self.pieces[name]
            self.edits.append((piece.start, piece.end, len(self.edits), text.split("\n")))
            is_changed = self.old_hashes[name] != self.new_hashes.get(name)
            note = f"the release's own text changed too: yours is in {self.file}, the release's new one in {BEFORE}"
            note = note if is_changed else ""
            self._report(name, CARRIED, note)

    def leave(self, name, note):
        """Say that a definition is not carried."""
        self._report(name, LEFT, note)

    def carry_own(self, piece, text, place):
        """Put in a statement that is the student's own."""
        what = ", ".join(piece.bound) or text.split("\n")[0][:50]
        is_there = all(ast.dump(node) in self.codes for node in piece.nodes)
        if is_there or self.bound & set(piece.bound):
            self.carry_comments(piece.comments, place)
            if not is_there:
                self._report(what, LEFT, f"it stands here otherwise: compare it by hand with {OLD_FILE}")
            elif piece.name:
                self._report(what, THERE)
            return
        lines = [*self._own_comments(piece.comments), *text.split("\n")]
        if _is_import(piece) and self.imports_end is not None:
            self._insert(self.imports_end, lines)
        else:
            self._insert(place, [*lines, "", ""])
        self._report(what, CARRIED)

    def _insert(self, place, lines):
        if place == len(self.lines):
            lines = ["", "", *lines]
        self.edits.append((place, place, len(self.edits), lines))

    def _report(self, piece, outcome, note=""):
        self.done.append(Done(self.file, piece, outcome, note))

    def result(self):
        lines = list(self.lines)
        # From the end to the start; at one place, what comes first goes in last, before the definition there.
        for start, end, _, text in sorted(self.edits, key=lambda e: (e[0], e[1] > e[0], e[2]), reverse=True):
            lines[start:end] = text
        text = "\n".join(lines).rstrip() + "\n"
        try:
            parse(text)
        except CellError:
            note = "the two can't be joined: copy by hand"
            return self.new, [dataclasses.replace(d, outcome=LEFT, note=note) for d in self.done]
        return (text if self.edits else self.new), self.done


def _pieces(text):
    """The top-level statements of an edf.py, in order. Raises CellError."""
    lines, at, pieces = text.split("\n"), 0, []
    for node in parse(text).body:
        start = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))]) - 1
        if start < at:  # `a = 1; b = 2`: on a line with the one before
            pieces[-1] = dataclasses.replace(pieces[-1], nodes=[*pieces[-1].nodes, node], end=node.end_lineno)
        else:
            pieces.append(_Piece([node], _comments(lines[at:start]), start, node.end_lineno))
        at = node.end_lineno
    return pieces


def _comments(lines):
    return tuple(line for line in lines if line.strip().startswith("#"))


def _is_import(piece):
    return all(isinstance(node, ast.Import | ast.ImportFrom) for node in piece.nodes)
