"""What `make grade` says of a class in the end: mistakes with names, counts in words, lines that fit."""

import io

import pytest
from rich.console import Console

from autograder.mistakes import ClassMistake
from autograder.run import _count, _print_mistakes

ZERO = ClassMistake(["max"], "unnamed", "zero", "It is 0 everywhere.", "", ["ann", "bob"])
RAISES = ClassMistake(["add"], "unnamed", "raises", "The code raises IndexError.", "", ["cy"])
FLIPPED = ClassMistake(["conv2_forward"], "named", "kernel_flipped", "This is …", "", list("abcde"))


class Terminal(io.StringIO):
    def isatty(self):
        return True


def said(mistakes, width=80):
    console = Console(file=Terminal(), width=width, force_terminal=True, highlight=False, soft_wrap=True)
    _print_mistakes(mistakes, console)
    return console.file.getvalue().splitlines()


def test_a_mistake_is_told_in_words_with_three_of_those_who_made_it():
    assert said([FLIPPED, ZERO, RAISES]) == [
        "   5  conv2_forward: kernel flipped (a, b, c, 2 more)",
        "   2  max: unknown mistake: it is 0 everywhere (ann, bob)",
        "   1  add: unknown mistake: the code raises IndexError (cy)",
    ]


def test_a_line_fits_the_terminal():
    assert [len(line) <= 40 and line.endswith("…") for line in said([ZERO, RAISES], 40)] == [True, True]


@pytest.mark.parametrize(("count", "text"), [(0, "0 entries"), (1, "1 entry"), (2, "2 entries")])
def test_one_is_not_several(count, text):
    assert _count(count, "entry", "entries") == text
