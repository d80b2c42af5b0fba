"""Tests of what the benchmarks share: sides take turns, and a section that is measured anew leaves the others."""

import sys

import pytest
from bench import __main__ as page
from bench.measure import Command, Turn, interleaved, ratios, spread, table


def test_sides_take_turns():
    said = []

    def side(name, seconds):
        def run(count):
            said.append((name, count))
            return Turn(seconds, seconds)

        return run

    turns = interleaved({"a": side("a", 0.25), "b": side("b", 2.0)}, rounds=2, turn_seconds=1)
    assert said[4:] == [("a", 4), ("b", 1), ("a", 4), ("b", 1)]
    assert turns == {"a": [Turn(0.25, 0.25)] * 2, "b": [Turn(2.0, 2.0)] * 2}


def test_a_command_has_one_thread_and_must_end_as_expected():
    code = "import os; raise SystemExit(int(os.environ['OPENBLAS_NUM_THREADS']))"
    turn = Command(sys.executable, "-c", code, expected=(1,))(2)
    assert turn.wall > 0 and turn.cpu > 0
    with pytest.raises(RuntimeError, match="exit status 1"):
        Command(sys.executable, "-c", code)(1)


def test_figures_are_written_with_three_digits():
    assert spread([0.01234, 12.34, 1234.5]) == "0.0123 – 12.3 – 1234"
    assert ratios([1, 3], [2, 2]) == [0.5, 1.5]
    assert table(["", "ms"], [["a", "1"]]) == "|  | ms |\n| --- | --: |\n| a | 1 |"


def test_a_section_takes_its_old_place_and_leaves_the_others(tmp_path, monkeypatch):
    monkeypatch.setattr(page, "PAGE", tmp_path / "benchmarks.md")
    for title, text in [("one", "old\n\n### part\n\nmore"), ("two", "second"), ("one", "new")]:
        page.write(title, text)
    written = page.PAGE.read_text(encoding="utf-8")
    assert written.endswith("## one\n\nnew\n\n## two\n\nsecond\n")
    assert written.startswith("# Benchmarks\n")
