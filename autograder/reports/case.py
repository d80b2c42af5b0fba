"""A smallest failing case (diagnosis/smallest.py) laid out for a page: tables of numbers, and where they differ."""

import dataclasses
import itertools
import re

import numpy as np
from edf_kit.checks.compare import wrong_elements

from autograder.diagnosis.snippet import DROP_GRAPH

MAX_IN_WORDS = 60  # characters of an array in a sentence
# So begins what code does that prints no result (smallest.Smallest): a verb.
VERB = re.compile(r"(is|raises|takes|does|ends|writes|answers) ")
LEVELS = 4  # of a heat map, besides "as expected"


@dataclasses.dataclass(frozen=True)
class Table:
    """A 2-D part of an array. name: an expression for it ("z.top[0, :, :, 1]"); numbers: rows of texts; levels:
    rows of 0 (as expected) to LEVELS (the largest difference), or None where there is nothing to compare."""

    name: str
    numbers: tuple
    levels: tuple | None = None


@dataclasses.dataclass(frozen=True)
class Part:
    """The same part of what was expected, of what was got, and of their difference; None where there is none."""

    expected: Table | None
    got: Table | None
    difference: Table | None


@dataclasses.dataclass(frozen=True)
class Case:
    """A case to be tried. snippet: three lines of Python, or ""; drops_graph: whether it empties edf's lists;
    printed: the expression that it prints. parts: what to show side by side; in_words: where they differ, that
    the shapes do, or what should be printed by code that raises; a text of expected_text and got_text stands where
    there is no array."""

    snippet: str
    drops_graph: bool
    printed: str
    parts: tuple
    in_words: str
    expected_text: str
    got_text: str


def case_of(smallest):
    """The Case of a dict that smallest.Smallest became."""
    snippet, printed = smallest["snippet"] or "", smallest["printed"]
    expected, got = _array(smallest["expected"]), _array(smallest["got"])
    texts = [_text(smallest[key], array) for key, array in (("expected", expected), ("got", got))]
    is_kernel = printed.startswith("k.")
    both = expected is not None and got is not None
    words = ""
    if both and expected.shape != got.shape:
        words = f"The shapes differ: {expected.shape} is expected and {got.shape} is what came."
    if both and expected.shape == got.shape:
        parts, words = _parts(expected, got, printed, is_kernel)
    else:
        tables = [_tables(array, printed, is_kernel, _number) for array in (expected, got)]
        parts = tuple(Part(*both, None) for both in itertools.zip_longest(*tables))
        if VERB.match(texts[1]) and smallest["expected"] is not None:
            if short := _in_a_line(expected):
                parts, texts[0] = (), short
            words = f"It should print {texts[0] or 'what is expected below'}; yours {texts[1]}."
    return Case(
        snippet=snippet,
        drops_graph=DROP_GRAPH in snippet,
        printed=printed,
        parts=parts,
        in_words=words,
        expected_text=texts[0],
        got_text=texts[1],
    )


def _array(shown):
    """A float array of what was kept; None for a text, or for nothing."""
    return None if isinstance(shown, str | None) else np.array(shown, float)


def _text(shown, array):
    return "" if array is not None or shown is None else str(shown)


def _in_a_line(array):
    """An array as numpy prints it, for a sentence; "" if it is too long, or None."""
    text = "" if array is None else np.array2string(array, precision=5, suppress_small=True)
    return "" if len(text) > MAX_IN_WORDS or "\n" in text else text.replace("-", "−")


def _parts(expected, got, printed, is_kernel):
    """(Parts, in words where they differ) of two arrays of one shape."""
    with np.errstate(invalid="ignore"):
        difference = got - expected
        wrong = wrong_elements(got, expected)
    distance = np.where(np.isfinite(difference), np.abs(difference), np.inf)
    largest = distance[wrong & np.isfinite(distance)].max(initial=0)
    levels = np.where(wrong, LEVELS, 0)
    if largest:
        share = np.where(np.isfinite(distance), distance, largest) / largest
        levels = np.where(wrong, np.clip(np.ceil(LEVELS * share), 1, LEVELS), 0).astype(int)
    tables = [
        _tables(expected, printed, is_kernel, _number),
        _tables(got, printed, is_kernel, _number),
        _tables(difference, printed, is_kernel, _signed, levels),
    ]
    return tuple(map(Part, *tables)), _in_words(expected, got, wrong, distance)


def _in_words(expected, got, wrong, distance):
    """Where two arrays of one shape differ, in a sentence; "" for single numbers."""
    if not wrong.any() or wrong.size == 1:
        return ""
    at = tuple(int(i) for i in np.unravel_index(np.argmax(np.where(wrong, distance, -1)), wrong.shape))
    there = f"{_number(expected[at])} is expected and {_number(got[at])} is what came"
    how_many = "All" if wrong.all() else f"{wrong.sum()} of"
    return f"{how_many} {wrong.size} numbers differ, most at {list(at)}: {there}."


def _tables(array, printed, is_kernel, write, levels=None):
    """The Tables of an array's 2-D parts; [] for None."""
    if array is None:
        return []
    long = [axis for axis, length in enumerate(array.shape) if length > 1]
    if len(long) <= 2:
        free = long
    else:  # the two axes of a picture: of images B×H×W×C, of kernels kh×kw×C1×C2
        rows = 0 if is_kernel and array.ndim == 4 else 1 if array.ndim == 4 else array.ndim - 2
        free = [rows, rows + 1]
    others = [axis for axis in range(array.ndim) if axis not in free]
    tables = []
    for place in np.ndindex(*(array.shape[axis] for axis in others)):
        index = [slice(None)] * array.ndim
        for axis, i in zip(others, place):
            index[axis] = i
        text = ", ".join(":" if isinstance(i, slice) else str(i) for i in index)
        name = f"{printed}[{text}]" if others and array.size > 1 else printed
        part = None if levels is None else np.atleast_2d(levels[tuple(index)])
        tables.append(_table(name, np.atleast_2d(array[tuple(index)]), write, part))
    return tables


def _table(name, numbers, write, levels):
    rows = tuple(tuple(write(number) for number in row) for row in numbers)
    return Table(name, rows, None if levels is None else tuple(tuple(map(int, row)) for row in levels))


def _number(number):
    return f"{number:.6g}".replace("-", "−")


def _signed(number):
    return "0" if number == 0 else f"{number:+.4g}".replace("-", "−")
