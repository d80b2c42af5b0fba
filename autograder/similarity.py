"""Which submissions look alike: what students wrote themselves, compared pair by pair, for a person to look at.

copydetect (winnowing on tokens without names) makes fingerprints of code. Here is what it lacks: a fingerprint counts
by how rare it is, among the class and among made-up submissions of our own right variants, so that the few ways in
which a short exercise can be written say little; and all pairs of a large class are compared at once.

No submission is run or imported: it is parsed, in a process of its own with limits.
"""

import ast
import dataclasses
import functools
import io
import re
import textwrap

import numpy as np
from copydetect import CodeFingerprint, compare_files
from scipy import sparse

from autograder.intake import Broken, by_student, choose_last, read_submission, survey, take_notebooks
from autograder.intake.notebooks import run_bounded
from autograder.intake.roster import match_roster
from autograder.intake.submission import MODULE
from autograder.paths import SOLUTION
from autograder.skeleton import make_skeleton

GRAM = 30  # characters of code in a fingerprint, names taken as one: a line and a half
# Of a submission with less distinctive code than this, as much as that of so many fingerprints that nobody else has,
# little can be said: its part is taken of this.
LITTLE = 150
ROWS = 256  # of the matrix of pairs at a time: memory grows with the class, not with its square
KEPT = 1000  # pairs, the most alike
BETWEEN = "\n\n"  # two pieces
MAX_TEXT = 300_000  # characters of one student: the solutions have 10,000


@dataclasses.dataclass(frozen=True)
class Document:
    """What a student wrote. pieces: (name, source text) of each definition that is not the release's own."""

    student: str
    pieces: tuple

    @property
    def text(self):
        """All of it."""
        return BETWEEN.join(text for _, text in self.pieces) + "\n"


@dataclasses.dataclass(frozen=True)
class Pair:
    """Two documents, by their indices. similarity: what part of the distinctive code of the one that has less of it
    is in the other one too, 0 to 1. of_first, of_second: the same of each."""

    first: int
    second: int
    similarity: float
    of_first: float
    of_second: float


def read_class(path, assignment, roster=None, progress=iter):
    """([Document], [(student, why not)]) of the submissions in a class's folder; of several, the last one's.

    roster: rows of read_roster, or None. progress: wraps the list that is gone through. Raises IntakeError.
    """
    submissions = survey(path, assignment.name).submissions
    if roster is not None:
        submissions = match_roster(submissions, roster).submissions
    documents, left_out = [], []
    for student, attempts in progress(list(by_student(submissions).items())):
        try:
            contents = take_notebooks(read_submission(choose_last(attempts)), assignment.stubs)
            pieces = own_pieces(contents.files, assignment.stubs)
        except Broken as broken:
            left_out.append((student, f"{broken.status}: {broken.message}"))
        except OSError as error:
            left_out.append((student, f"it can't be read: {error.strerror}"))
        else:
            document = Document(student, pieces)
            if not pieces:
                left_out.append((student, "nothing of their own is in it"))
            elif len(document.text) > MAX_TEXT:
                left_out.append(
                    (student, f"{len(document.text):,} characters of code are too many to compare")
                )
            else:
                documents.append(document)
    return documents, left_out


def own_pieces(files, stubs):
    """(name, text) of each definition in a submission's files that is not the release's own. Raises Broken.

    files: bytes by name. stubs: as in Assignment. Docstrings are left out. First come the stubs, in the order of the
    release, so that the order in which they stand says nothing.
    """

    release = _release(tuple(stubs.items()))

    def parse():
        found = []
        for file, data in sorted(files.items(), key=lambda item: item[0] != MODULE):
            if not file.endswith(".py"):
                continue
            try:
                definitions = list(_definitions(data.decode("utf-8-sig")))
            except (SyntaxError, ValueError, RecursionError) as error:
                if file == MODULE:
                    return {"broken": f"{type(error).__name__}: it can't be parsed"}
                continue
            for name, node, text in definitions:
                if (name, _dump(node)) not in release:
                    found.append((name if file == MODULE else f"{file}: {name}", text))
        order = [name for name, _ in release if name]
        found.sort(key=lambda piece: order.index(piece[0]) if piece[0] in order else len(order))
        return {"pieces": found}

    result = run_bounded(parse)
    if result is None:
        raise Broken("unreadable", f"parsing {MODULE} took too much time or memory")
    if "fault" in result:
        raise RuntimeError(f"parsing failed:\n{result['fault']}")
    if "broken" in result:
        raise Broken("syntax error", result["broken"])
    return tuple((name, text) for name, text in result["pieces"])


@functools.cache
def _release(stubs):
    """[(name, what `_dump` gives)] of all that students receive."""
    return [(name, _dump(node)) for name, node, _ in _definitions(make_skeleton(dict(stubs)))]


def _definitions(source):
    """(name, node, text) of all functions, methods and other statements of a module but imports."""
    lines = re.split(r"\r\n|\r|\n", source)  # as Python counts them
    taken = set()  # a line with several statements counts once
    for node in ast.parse(source).body:
        inner = node.body if isinstance(node, ast.ClassDef) else [node]
        for part in inner:
            if isinstance(part, ast.Import | ast.ImportFrom | ast.Pass) or _is_text(part):
                continue
            own = getattr(part, "name", "")
            name = f"{node.name}.{own}" if part is not node else own
            numbers = _lines_of(part) - taken
            taken |= numbers
            yield name, part, textwrap.dedent("\n".join(lines[number - 1] for number in sorted(numbers)))


def _lines_of(node):
    """Numbers of the lines of a statement, without those of its docstring."""
    first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
    numbers = set(range(first, node.end_lineno + 1))
    body = getattr(node, "body", None)
    if isinstance(body, list) and len(body) > 1 and _is_text(body[0]) and body[0].lineno > node.lineno:
        if body[1].lineno > body[0].end_lineno:
            numbers -= set(range(body[0].lineno, body[0].end_lineno + 1))
    return numbers


def _is_text(node):
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _dump(node):
    """A statement as text, the same for the same code however it is laid out and documented."""
    body = getattr(node, "body", None)
    if isinstance(body, list) and body and _is_text(body[0]):
        node.body = body[1:]
    return ast.dump(node)


def independent(assignment):
    """Documents of made-up submissions, each with another of our right variants for each exercise.

    What many of them share is how one writes it.
    """
    ways = {}
    for exercise in assignment.exercises:
        sources = [SOLUTION.read_text(encoding="utf-8"), *(v.source for v in exercise.right_variants)]
        stubs = {stub: exercise.id for stub in exercise.stubs}
        ways[exercise.id] = [own_pieces({MODULE: source.encode()}, stubs) for source in sources if stubs]
    return [
        Document(f"made up {i}", tuple(piece for way in ways.values() if way for piece in way[i % len(way)]))
        for i in range(max(map(len, ways.values())))
    ]


class Comparison:
    """A class's documents, held against each other. known: documents of `independent`. progress: wraps a list.

    typical: the similarity that 19 of 20 pairs of the class do not exceed, in steps of 0.01.
    """

    def __init__(self, documents, known, progress=iter):
        self.documents = documents
        hashes = [
            np.array(sorted(_fingerprint(document).hashes), dtype=np.int64)
            for document in progress([*documents, *known])
        ]
        self._vocabulary, places, counts = np.unique(
            np.concatenate(hashes), return_inverse=True, return_counts=True
        )
        # What all have weighs nothing.
        self._weights = np.log(len(hashes) / counts)
        self._floor = LITTLE * np.log(len(hashes))
        places = np.split(places, np.cumsum([len(h) for h in hashes])[:-1])[: len(documents)]
        rows, columns = np.repeat(np.arange(len(places)), [len(p) for p in places]), np.concatenate(places)
        self._matrix = sparse.csr_array(
            (np.sqrt(self._weights[columns]), (rows, columns)), shape=(len(places), len(self._weights))
        )
        self.typical = None

    def pairs(self):
        """The KEPT most alike `Pair`s, the most alike first. Computes `typical`."""
        size = len(self.documents)
        totals = np.maximum((self._matrix**2).sum(axis=1), self._floor)
        transposed, best, percents = self._matrix.T.tocsr(), [], np.zeros(101, dtype=int)
        for start in range(0, size, ROWS):
            weight = (self._matrix[start : start + ROWS] @ transposed).toarray()
            first, second = np.nonzero(np.arange(size) > np.arange(start, start + len(weight))[:, None])
            weight, first = weight[first, second], first + start
            # Rounded: the order in which numbers are added up differs from run to run, with Python's hashes.
            of_first, of_second = (np.round(weight / totals[i], 6) for i in (first, second))
            similarity = np.maximum(of_first, of_second)
            percents += np.bincount((100 * similarity).astype(int), minlength=101)
            top = np.argsort(-similarity, kind="stable")[:KEPT]
            found = np.stack([-similarity, first, second, of_first, of_second])[:, top].T
            best = sorted([*best, *found.tolist()])[:KEPT]
        self.typical = int(np.searchsorted(percents.cumsum(), 0.95 * percents.sum())) / 100
        return [Pair(int(i), int(j), -negative, a, b) for negative, i, j, a, b in best]

    def matches(self, pair):
        """For each of the two of a `Pair`: what is marked in it, a list of (name, [(text, is marked)]), a piece each.

        Marked is what both have and at most the square root of all: half of a fingerprint's highest weight.
        """
        documents = [self.documents[i] for i in (pair.first, pair.second)]
        common = set(self._vocabulary[self._weights < self._weights.max() / 2].tolist())
        prints = [_fingerprint(document) for document in documents]
        for found in prints:
            found.hashes = found.hashes - common
        _, _, slices = compare_files(*prints)
        return [_marked(document.pieces, found) for document, found in zip(documents, slices)]


def _fingerprint(document):
    """copydetect's fingerprint of a document: of every GRAM characters, so that nothing depends on chance."""
    return CodeFingerprint(
        f"{document.student}.py", GRAM, 1, language="python", fp=io.StringIO(document.text)
    )


def _marked(pieces, slices):
    """Each piece as (name, [(text, is marked)]). slices: starts and ends of what is marked, in all their text."""
    places = [(int(start), int(end)) for start, end in zip(*slices)] if slices.size else []
    found, offset = [], 0
    for name, text in pieces:
        cuts = {0, len(text)}
        cuts.update(min(max(place - offset, 0), len(text)) for both in places for place in both)
        cuts = sorted(cuts)
        parts = [
            (text[a:b], any(start < offset + b and offset + a < end for start, end in places))
            for a, b in zip(cuts, cuts[1:])
        ]
        found.append((name, parts))
        offset += len(text) + len(BETWEEN)
    return found
