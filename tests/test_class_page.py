"""Tests of the class report's page, its tables, and of how they are written."""

import re
import tracemalloc

import pytest
from class_scores import (
    SMALLEST,
    TOML,
    blocked,
    broken,
    failed,
    graded,
    mistake,
    read,
    report_of,
    rows,
    visible,
)
from lab import browser_page

from autograder.reports import class_page
from autograder.reports.class_page import csv_files, page, write_class_report
from autograder.scores import Scores, held_once

HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(2)>\u202e\x1b[31m'


@pytest.fixture
def small(tmp_path):
    return read(tmp_path, TOML)


# The page and the tables


def test_a_grader_error_comes_first_and_leaves_the_score_out(small):
    opened = graded(
        "ann", small, "grader error", "a check failed", add={"status": "grader error", "score": None}
    )
    report = report_of(small, opened, graded("bob", small, add=failed(0)))
    text = visible(report)
    assert text.index("The grader failed on 1 of 2") < text.index("did not get add (Sum and bias) right")
    assert report.known == [29] and "1 have no score yet" in text


def test_scores_without_a_sandbox_are_said(small):
    report = report_of(small, {**graded("ann", small), "guarded": False})
    assert "1 graded without a sandbox" in visible(report)


def test_those_who_handed_in_nothing_are_counted_apart(small):
    report = report_of(small, graded("ann", small), absent=["bob"])
    assert report.submissions == 1 and report.summary[0] == 35
    assert "1 on the roster handed in nothing" in visible(report)


@pytest.mark.parametrize("size", [0, 1, 5])
def test_a_class_of_any_size_has_a_page_also_if_all_are_broken(small, size):
    report = report_of(small, *(broken(f"s{i}", small) for i in range(size)))
    text = visible(report)
    assert "No submission ran" in text and not re.search(r"\bnan\b", text)
    assert len(rows(report, "not_run")) == size


def test_a_class_of_one_has_a_page(small):
    text = visible(report_of(small, graded("ann", small, add=failed(0, mistake("overwrites")))))
    assert "1 submission, of which 1 ran" in text and "1 of 1 in add (Sum and bias): overwrites" in text
    assert "undefined: fewer than 10 submissions" in text


def test_long_lists_are_cut_and_say_where_the_rest_is(small):
    report = report_of(small, *(graded(f"s{i:04}", small, add=failed(0)) for i in range(1500)))
    text = visible(report)
    assert "s0007 and 1,492 more" in text and "s0008" not in text.partition("Time")[0]
    assert "And 1,490 more, in totals.csv" in text and len(rows(report, "totals")) == 1500
    assert "s1499" in rows(report, "reteach")[0]["students"]


def test_nothing_of_a_students_is_markup_or_a_formula(small):
    unknown = mistake("raises", "unnamed", ["1"], sentence=HOSTILE)
    scores = [
        graded(HOSTILE, small, changed=[HOSTILE], notes=[HOSTILE], add=failed(0, unknown, message=HOSTILE)),
        graded("=1+1", small, add=failed(0, stopped="cpu")),
        broken("@b", small, HOSTILE),
        graded("g", small, "grader error", HOSTILE, add={"status": "grader error", "score": None}),
    ]
    histories = {HOSTILE: [{"when": HOSTILE, "score": 1}, {"when": HOSTILE, "score": 2}]}
    times = {HOSTILE: {"cpu_seconds": {"add": 1.0}, "wall_seconds": 1}}
    report = report_of(small, *scores, absent=[HOSTILE], times=times, histories=histories)
    text = page(report)
    assert "<script" not in text and "<img" not in text and "&lt;script&gt;" in text
    assert "\u202e" not in text and "\x1b" not in text
    cells = [cell for name in csv_files(report) for row in rows(report, name[:-4]) for cell in row.values()]
    assert "'=1+1" in cells and "'@b" in cells and "=1+1" not in cells


def test_pictures_are_described_follow_the_pages_colours_and_have_ids_of_their_own(small):
    text = page(
        report_of(small, graded("a", small, add=failed(0, mistake("overwrites"))), broken("b", small))
    )
    drawn = re.findall(r"<svg.*?</svg>", text, re.S)
    assert len(drawn) == 3
    for svg in drawn:
        assert 'role="img"' in svg and "<title" in svg and "<desc" in svg
        assert not re.search(r"#[0-9a-f]{6}\b", svg) and "<metadata" not in svg
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    references = set(re.findall(r'(?:url\(#|href="#)([^")]+)', text))
    assert references <= set(ids)
    assert "://" not in re.sub(r'xmlns(:\w+)?="[^"]*"', "", text) and "<script" not in text


def test_the_same_class_gives_the_same_bytes(small):
    scores = [graded("a", small, add=failed(0)), graded("b", small), broken("c", small)]
    there, back = report_of(small, *scores), report_of(small, *scores[::-1])
    assert page(there) == page(back) and csv_files(there) == csv_files(back)


def test_the_page_does_not_scroll_sideways_and_has_no_fault_of_accessibility(small, tmp_path):
    axe = pytest.importorskip("axe_playwright_python.base").AXE_FILE_PATH.read_text(encoding="utf-8")
    long_name = "x" * 80
    scores = [
        graded(long_name, small, add=failed(0, mistake("a_mistake_of_many_words_" * 4), smallest=SMALLEST)),
        graded(
            "b", small, add=failed(0, mistake("", "unnamed", ["1"]), smallest=SMALLEST), changed=["Value"]
        ),
        broken("c", small, "a message " * 20),
        *(graded(f"s{i}", small, add=blocked("mean"), mean=failed(i % 4)) for i in range(12)),
    ]
    scores = [{**score, "guarded": False} for score in scores]
    path = tmp_path / "index.html"
    path.write_text(page(report_of(small, *scores, absent=["d"])), encoding="utf-8")
    with browser_page() as browser:
        for width in (360, 768, 1280):
            for scheme in ("light", "dark"):
                browser.set_viewport_size({"width": width, "height": 900})
                browser.emulate_media(color_scheme=scheme)
                browser.goto(path.as_uri())
                browser.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
                assert browser.evaluate("document.documentElement.scrollWidth") == width
                tables = "[...document.querySelectorAll('.scroll:has(.rows)')]"
                if width == 360:  # a phone: rows are blocks
                    assert browser.evaluate(f"{tables}.every(each => each.scrollWidth <= each.clientWidth)")
                browser.evaluate(axe)
                found = browser.evaluate("axe.run()")["violations"]
                assert [(fault["id"], fault["nodes"][0]["html"]) for fault in found] == []


# What is written


@pytest.fixture
def scores(tmp_path):
    with Scores(tmp_path / "out") as scores:
        yield scores


def test_a_report_of_the_same_figures_is_written_once(small, scores, monkeypatch):
    ann, bob = graded("ann", small, add=failed(0)), graded("bob", small)
    path = write_class_report(scores, small, [ann, bob], ["cy"])
    first = path.read_bytes()
    assert b"did not get add" in first and (path.parent / "exercises.csv").exists()
    monkeypatch.setattr(class_page, "page", lambda report: "made anew")
    write_class_report(scores, small, [bob, ann], ["cy"])
    assert path.read_bytes() == first
    write_class_report(scores, small, [graded("ann", small), bob], ["cy"])
    assert path.read_text() == "made anew"


@pytest.mark.parametrize("name", ["report/index.html", "report/totals.csv", ".made_of/report.json"])
def test_a_report_that_was_damaged_is_written_anew(small, scores, name):
    write_class_report(scores, small, [graded("ann", small)], [])
    path = scores.folder / name
    whole = path.read_bytes()
    for damage in (b"", whole[:100], b"[1]", b'{"made_of": 3}', b"\xff\xfe"):
        path.write_bytes(damage)
        write_class_report(scores, small, [graded("ann", small)], [])
        assert path.read_bytes() == whole


def test_records_and_histories_are_read_from_the_output_folder(small, scores):
    score = graded("ann / b", small)
    scores.write({**score, "score": 3}, {})
    scores.write(score, {"cpu_seconds": {"add": 1.25}, "wall_seconds": 2})
    folder = write_class_report(scores, small, [score], []).parent
    assert re.search(r"^ann / b,[-+:T\d]+,3,35,32$", (folder / "changes.csv").read_text(), re.M)
    assert "1.25" in (folder / "totals.csv").read_text()


def test_what_a_class_printed_is_not_held_for_its_report(small, scores):
    ones = [graded(f"s{i}", small) for i in range(20)]
    for score in ones:
        scores.write(score, {"output": {"add": "x" * (1 << 20)}, "cpu_seconds": {"add": 1}})
    page(report_of(small, *ones))  # what it imports is no part of it
    tracemalloc.start()
    try:
        write_class_report(scores, small, ones, [])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 15 << 20


def test_checks_that_ended_alike_are_held_once(small):
    known = {}
    ann, bob = (graded(name, small, add=failed(0, message=name)) for name in ("ann", "bob"))
    ann_held, bob_held = (held_once(score, known) for score in (ann, bob))
    assert (ann_held, bob_held) == (ann, bob)
    mean, add = (
        [held["exercises"][id]["checks"][0] for held in (ann_held, bob_held)] for id in ("mean", "add")
    )
    assert mean[0] is mean[1] and add[0] is not add[1]
