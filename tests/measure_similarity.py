"""Measures what docs/similarity.md says: where copies stand, disguised or in part, and what large classes cost.

python tests/measure_similarity.py
"""

import random
import resource
import time

from conftest import SAMPLE_CLASS
from test_similarity import RIGHT, compared, disguised, files_of

from autograder.assignment import load_assignment
from autograder.similarity import Comparison, Document, independent, own_pieces, read_class

PARTS = ("conv2", "smaxloss", "add", "momentum")
SIZES = (300, 3000)
TERMS = ("a", "b.c", "d[0]", "f(x)", "3", "g(y, z)")


def main():
    """Print the figures."""
    assignment = load_assignment()
    started = time.monotonic()
    documents, _ = read_class(SAMPLE_CLASS / "submissions", assignment)
    seconds = time.monotonic() - started
    print(f"reading: {seconds / (len(documents) or 1):.2f} s a submission")
    known = independent(assignment)
    right = [document for document in documents if document.student in RIGHT]
    copies = [_copy(student, seed, assignment) for seed, student in enumerate(RIGHT)]
    _print_top("the sample class", documents, known, 5)
    _print_top("the 12 right ones of it", right, known, 3)
    _print_copies("the right ones and a disguised copy of each", right, copies, known)
    _print_copies("the class and these copies", documents, copies, known)
    made_up = [pair for pair in compared(right + known, []) if pair[0] in RIGHT and pair[1] not in RIGHT]
    first, second, pair = made_up[0]
    print(f"right ones and made-up ones, the most similar: {first}, {second}: {pair.similarity:.2f}")
    for part in PARTS:
        _print_part(part, documents, copies, known)
    for size in SIZES:
        _print_size(size, documents, known, assignment)


def _copy(student, seed, assignment):
    files = files_of(student)
    files["edf.py"] = disguised(files["edf.py"].decode(), seed).encode()
    return Document(f"copy of {student}", own_pieces(files, assignment.stubs))


def _print_top(what, documents, known, count):
    pairs = compared(documents, known)
    said = ", ".join(f"{first}–{second} {pair.similarity:.2f}" for first, second, pair in pairs[:count])
    print(f"{what}: {len(documents)} documents, the most similar {said}")


def _print_copies(what, documents, copies, known):
    pairs = compared([*documents, *copies], known)
    ranks = [rank for rank, pair in enumerate(pairs, 1) if pair[1] == f"copy of {pair[0]}"]
    others = [pair for pair in pairs if pair[1] != f"copy of {pair[0]}"]
    lowest, (first, second, other) = pairs[ranks[-1] - 1][2].similarity, others[0]
    print(
        f"{what}: ranks of the copies {ranks}; lowest {lowest:.2f}, next {other.similarity:.2f} ({first}, {second})"
    )


def _print_part(part, documents, copies, known):
    """One exercise of one student in another's submission, disguised: for each of the right ones."""
    ranks, similarities = [], []
    for i, copy in enumerate(copies):
        other = RIGHT[(i + 5) % len(RIGHT)]
        own = next(document for document in documents if document.student == other).pieces
        taken = [piece for piece in copy.pieces if part in piece[0].partition(".")[0]]
        mixed = Document("mixed", (*(p for p in own if part not in p[0].partition(".")[0]), *taken))
        pairs = compared([d for d in documents if d.student != other] + [mixed], known)
        rank, pair = next((r, p[2]) for r, p in enumerate(pairs, 1) if {p[0], p[1]} == {RIGHT[i], "mixed"})
        ranks.append(rank)
        similarities.append(round(pair.similarity, 2))
    print(
        f"{part} alone is copied: ranks {sorted(ranks)} of {len(pairs)}; {min(similarities)} to {max(similarities)}"
    )


def _print_size(size, documents, known, assignment):
    """A made-up class: the sample class's definitions, at random, with random lines in between."""
    chance = random.Random(1)
    pool = {}
    for name, text in (piece for document in documents for piece in document.pieces):
        if name in assignment.stubs:
            pool.setdefault(name, []).append(text)
    made = [
        Document(
            f"s{i}", tuple((name, _varied(chance.choice(texts), chance)) for name, texts in pool.items())
        )
        for i in range(size)
    ]
    started = time.monotonic()
    comparison = Comparison(made, known)
    fingerprints = time.monotonic()
    comparison.pairs()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(
        f"{size} submissions: fingerprints {fingerprints - started:.0f} s, "
        f"pairs {time.monotonic() - fingerprints:.1f} s, at most {memory} MB in all"
    )


def _varied(text, chance):
    lines = []
    for line in text.split("\n"):
        lines.append(line)
        if chance.random() < 0.4 and line.strip() and not line.rstrip().endswith((":", ",", "(")):
            indent = line[: len(line) - len(line.lstrip())]
            terms = (f"{chance.choice(TERMS)} {chance.choice('+-*/@')}" for _ in range(chance.randint(2, 6)))
            lines.append(f"{indent}v = {' '.join(terms)} 1")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
