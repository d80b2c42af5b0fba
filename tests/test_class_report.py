"""Tests of the class report's figures, against small classes counted by hand."""

import pytest
from class_scores import (
    SMALLEST,
    TOML,
    blocked,
    broken,
    check,
    failed,
    figures,
    graded,
    mistake,
    read,
    report_of,
    rows,
    visible,
)

from autograder.assignment import AssignmentError, load_assignment
from autograder.reports.class_report import OUTCOMES, STOPS
from autograder.reports.items import discrimination


@pytest.fixture
def small(tmp_path):
    return read(tmp_path, TOML)


# What to teach again


def test_a_mistake_that_most_made_is_the_first_thing_to_teach_again(small):
    flipped = [graded(f"f{i}", small, conv2_forward=failed(6, mistake("kernel_flipped"))) for i in range(23)]
    others = [graded(f"o{i}", small, add=failed(5.5)) for i in range(11)]
    report = report_of(small, *flipped, *others)
    assert report.reteach[0].headline == "23 of 34 in conv2_forward (Convolution): kernel flipped"
    assert report.reteach[0].lost == 23 * 6 and len(report.reteach) == 2
    assert "Revisit: Convolutions, slides 12 to 15." in visible(report)


def test_points_are_counted_at_the_exercise_that_is_at_fault(small):
    report = report_of(
        small,
        graded("a", small, conv2_forward=failed(2), mnist_conv=blocked("conv2_forward")),
        graded("b", small, mnist_conv=failed(7)),
    )
    conv2, training = report.reteach
    assert (conv2.exercise, conv2.lost, conv2.lost_elsewhere, conv2.students) == (
        "conv2_forward",
        10,
        8,
        ["a"],
    )
    assert (training.exercise, training.lost, training.lost_elsewhere, training.students) == (
        "mnist_conv",
        1,
        0,
        ["b"],
    )
    assert report.blocked == [("conv2_forward", "mnist_conv", ["a"])]


def test_what_builds_on_something_wrong_is_followed_to_its_beginning(small):
    builds_on = mistake("", "builds on", on="add")
    chain = {"add": failed(0), "mean": failed(0, builds_on), "mnist_conv": blocked("mean")}
    [item] = report_of(small, graded("a", small, **chain)).reteach
    assert (item.exercise, item.lost, item.lost_elsewhere) == ("add", 6, 12)


def test_what_is_carried_forward_is_lost_by_the_forward(tmp_path):
    assignment = read(tmp_path, TOML.replace("mean = 4", "conv2_image = 4"))
    carried = {"conv2_forward": failed(6), "conv2_image": {"status": "carried", "score": 2}}
    [item] = report_of(assignment, graded("a", assignment, **carried)).reteach
    assert (item.exercise, item.lost, item.lost_elsewhere) == ("conv2_forward", 6, 2)


def test_extra_credit_and_submissions_that_did_not_run_are_nothing_to_teach_again(small):
    report = report_of(small, graded("a", small, stride=failed(0)), broken("b", small))
    assert report.reteach == [] and (report.submissions, report.ran) == (2, 1)
    assert "Nobody whose submission ran lost a point." in visible(report)


def test_blank_stubs_and_slow_code_are_no_misconceptions(small):
    blank = [graded(f"b{i}", small, add=failed(0, blank=True)) for i in range(2)]
    slow = graded("s", small, mean=failed(3, efficiency=True))
    report = report_of(small, *blank, slow)
    assert [item.headline for item in report.reteach] == [
        "2 of 3 have not written add (Sum and bias)",
        "1 of 3 got mean (Mean) right, but slow",
    ]


# Difficulty and discrimination


def test_the_correlation_of_an_item_with_the_rest_is_that_by_hand(small):
    add = [0] * 5 + [6] * 5
    mean = [0, 0, 0, 0, 4, 4, 4, 4, 4, 0]  # with add: covariance 0.15, variances 0.25 of shares
    scores = [
        graded(f"s{i}", small, add={"score": a}, mean={"score": m}) for i, (a, m) in enumerate(zip(add, mean))
    ]
    report = report_of(small, *scores, broken("x", small))
    for id in ("add", "mean"):  # with the item itself among the rest it would be more
        found = figures(report, id).discrimination
        assert found.n == 10 and found.correlation == pytest.approx(0.6)
        assert found.interval == pytest.approx((-0.0476, 0.8925), abs=1e-4)
        assert figures(report, id).share == 0.5


def test_a_negative_correlation_is_flagged(small):
    scores = [
        graded(f"s{i}", small, add={"score": i % 2 * 6}, mean={"score": 4 - i % 2 * 4}) for i in range(10)
    ]
    report = report_of(small, *scores)
    assert figures(report, "add").discrimination.correlation == pytest.approx(-1)
    assert rows(report, "exercises")[0]["remark"] == "negative: look at our key"
    assert visible(report).count("negative: look at our key") == 2


@pytest.mark.parametrize(
    ("points", "rest", "why"),
    [
        ([0, 1] * 4 + [0], [0, 1] * 4 + [0], "fewer than 10 submissions"),
        ([0.1 + 0.2, 0.3] * 5, range(10), "all have the same points here"),
        (range(10), [7] * 10, "all have the same points elsewhere"),
        ([], [], "fewer than 10 submissions"),
    ],
)
def test_a_correlation_that_is_undefined_is_none_and_says_why(points, rest, why):
    found = discrimination(list(points), list(rest))
    assert (found.correlation, found.interval, found.why) == (None, None, why)
    assert found.n == len(points) and not found.is_negative


# Other figures


def test_every_submission_has_one_outcome_in_each_exercise(small):
    scores = [
        graded("all", small),
        graded("carried", small, add={"status": "carried"}),
        graded("part", small, add=failed(2)),
        graded("wrong", small, add=failed(0)),
        graded("blank", small, add=failed(0, blank=True)),
        graded("slow", small, add=failed(5, efficiency=True)),
        graded("blocked", small, add=blocked("mean")),
        graded("open", small, "grader error", add={"status": "grader error", "score": None}),
        broken("broken", small),
    ]
    report = report_of(small, *scores)
    assert figures(report, "add").outcomes == dict.fromkeys(OUTCOMES, 1)
    assert all(sum(exercise.outcomes.values()) == 9 for exercise in report.exercises)
    assert rows(report, "exercises")[0]["right but slow"] == "1"


def test_the_histogram_has_full_marks_in_a_bin_of_their_own(small):
    lost = [graded(f"s{points}", small, conv2_forward={"score": points}) for points in (0, 8.99, 9, 12)]
    report = report_of(small, *lost, graded("less", small, stride=failed(0)), broken("b", small))
    # of 30 in bins of 3; with all extra credit 35
    assert [(start, ran, other) for start, ran, other in report.bins if ran or other] == [
        (0, 0, 1),
        (21, 1, 0),
        (30, 3, 0),
        (33, 1, 0),
    ]
    assert sum(int(row["ran"]) + int(row["others"]) for row in rows(report, "distribution")) == 6


def test_a_mistake_that_the_same_students_made_in_several_exercises_is_one(small):
    both = {"add": failed(0, mistake("overwrites")), "mean": failed(0, mistake("overwrites"))}
    report = report_of(
        small,
        graded("a", small, **both),
        graded("b", small, **both),
        graded("c", small, add=failed(0, mistake("bias_mean"))),
    )
    assert [row[0:2] + row[3:] for row in report.named] == [
        (["add", "mean"], "overwrites", ["a", "b"]),
        (["add"], "bias mean", ["c"]),
    ]
    assert [row["exercises"] for row in rows(report, "mistakes")] == ["add, mean", "add"]
    alone = report_of(small, graded("a", small, **both), graded("c", small, add=both["add"]))
    assert [row[0] for row in alone.named] == [["add"], ["mean"]]


def test_unknown_mistakes_of_equal_behaviour_are_one_with_an_example(small):
    def unknown(student, number):
        odd = mistake("zero", "unnamed", [number], sentence="It is 0 everywhere.")
        return graded(student, small, add=failed(0, odd, smallest=SMALLEST))

    report = report_of(small, unknown("b", "1.5"), unknown("c", "1.500001"), unknown("a", "2"))
    first, second = report.unknown
    assert (first.students, second.students) == (["b", "c"], ["a"])
    assert "import edf" in first.case and "expected" in first.case and "got" in first.case
    assert "The smallest case, of b" in visible(report)


def test_what_an_instructor_has_to_decide_is_said(small):
    note = "the backward fits this forward: decide"
    scores = graded("ann", small, add=failed(0, mistake("consistent", "unnamed", ["1"], note)))
    assert f"add , ann: {note}" in visible(report_of(small, scores))


@pytest.mark.parametrize("kind", STOPS)
def test_code_that_was_stopped_is_listed_by_what_stopped_it(small, kind):
    blocked_too = {"status": "blocked", "score": 0, "checks": [check("blocked", stopped=kind, on="add")]}
    stopped = graded("a", small, add=failed(0, stopped=kind), mnist_conv=blocked_too)
    raised = graded("b", small, add=failed(0, stopped="exception"))
    report = report_of(small, stopped, raised, graded("c", small))
    assert report.stopped == [(STOPS[kind], "add", ["a"]), (STOPS[kind], "mnist_conv", ["a"])]


def test_time_is_that_of_the_records_and_the_slowest_are_named(small):
    times = {
        "a": {"cpu_seconds": {"add": 1.5, "mean": 0.5}, "wall_seconds": 9},
        "b": {"cpu_seconds": {"add": 3}},
    }
    report = report_of(small, graded("a", small), graded("b", small), broken("c", small), times=times)
    assert rows(report, "time")[0] == {
        "exercise": "add",
        "submissions": "2",
        "median": "2.25",
        "most": "3",
        "slowest": "b",
    }
    assert [(row["student"], row["CPU s"], row["wall s"]) for row in rows(report, "totals")] == [
        ("b", "3", ""),
        ("a", "2.0", "9"),
        ("c", "", ""),
    ]


def test_who_improved_and_who_fell_is_that_of_each_last_change(small):
    def history(*points):
        return [{"when": f"2030-01-0{day + 1}", "score": score} for day, score in enumerate(points)]

    histories = {"up": history(3, 5, 9), "down": history(9, 8), "same": history(4, 4), "new": history(7)}
    # Handed in again, or judged by another grader, for as many points; or not judged in between.
    histories |= {"once": history(10, 15, 15, None), "open": history(6, None, 6), "back": history(5, 6, 5, 5)}
    scores = [graded(name, small) for name in histories]
    report = report_of(small, *scores, histories=histories)
    assert report.changes == [
        ("up", "2030-01-03", 5, 9),
        ("back", "2030-01-03", 6, 5),
        ("once", "2030-01-02", 10, 15),
        ("down", "2030-01-02", 9, 8),
    ]
    assert "2 improved and 2 fell" in visible(report)
    assert "Who improved" not in visible(report_of(small, *scores))


# [lecture] in the assignment's file


def test_the_lecture_is_no_part_of_what_a_score_depends_on(tmp_path, small):
    other = read(tmp_path, TOML.replace("slides 12 to 15", "slide 3"))
    assert other.lecture == {"conv2_forward": "Convolutions, slide 3"}
    assert other.fingerprint == small.fingerprint
    assert read(tmp_path, TOML.partition("[lecture]")[0]).lecture == {}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('momentum = "x"', "there is no exercise of this assignment momentum"),
        ("add = 12", "the lecture of add must be one line of text, of at most 200 characters, not 12"),
        ('add = ""', "the lecture of add must be"),
        ('add = """a\nb"""', "the lecture of add must be"),
        (f'add = "{"x" * 201}"', "the lecture of add must be"),
    ],
)
def test_a_lecture_that_fits_nothing_is_refused(tmp_path, line, said):
    with pytest.raises(AssignmentError, match=said):
        read(tmp_path, TOML + line + "\n")


def test_the_default_assignment_says_for_each_exercise_what_to_revisit():
    assignment = load_assignment()
    assert assignment.lecture.keys() == assignment.points.keys()
