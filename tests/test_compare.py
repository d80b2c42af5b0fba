"""Tests of what the judge calls equal, what it says when things differ, and of the inputs it draws."""

import re

import numpy as np
import pytest

from autograder.compare import Mismatch, count_in_words, expect_close, expect_shape, expect_unchanged
from autograder.draw import Draw

SECRET = bytes(range(32))


def numbers(*shape):
    return np.random.default_rng(5).standard_normal(shape)


def mismatch(got, expected, **options):
    """The Mismatch of a comparison that must fail."""
    with pytest.raises(Mismatch) as caught:
        expect_close(got, expected, "the gradient of add to y", **options)
    assert str(caught.value) == caught.value.message
    return caught.value


# What is close


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("shape", [(), (1,), (7,), (3, 4), (2, 3, 4, 5)])
def test_what_is_right_but_rounded_passes(dtype, shape):
    expected = numbers(*shape)
    expect_close(np.asarray(expected).astype(dtype), np.asarray(expected), "x")


@pytest.mark.parametrize("place", range(12))
def test_one_percent_in_one_element_is_wrong(place):
    expected = numbers(3, 4)
    got = expected.astype(np.float32)
    got.flat[place] *= 1.01
    assert mismatch(got, expected).message.endswith("wrong in 1 of 12 elements")


@pytest.mark.parametrize(
    ("dtype", "passes", "fails"),
    [(np.float16, 8e-3, 2e-2), (np.float32, 8e-5, 2e-4), (np.float64, 8e-5, 2e-4), (np.int64, 0, 1)],
)
def test_the_tolerance_is_that_of_the_dtype(dtype, passes, fails):
    expected = np.full((3, 4), 4.0)
    expect_close((expected * (1 + passes)).astype(dtype), expected, "x")
    mismatch((expected * (1 + fails)).astype(dtype), expected)


def test_a_tolerance_that_is_given_replaces_that_of_the_dtype():
    expected = np.full(3, 4.0)
    expect_close(expected * (1 + 1e-3), expected, "x", tolerance=2e-3)
    mismatch(expected * (1 + 1e-5), expected, tolerance=5e-6)


def test_small_elements_are_held_to_a_tenth_of_the_root_mean_square():
    expected = np.array([3.0, -3.0, 3.0, 0.0]) * np.sqrt(4 / 3)  # root mean square 3
    got = expected.copy()
    got[3] = 0.29e-4
    expect_close(got, expected, "x")
    got[3] = 0.31e-4
    mismatch(got, expected)


def test_where_zeros_are_expected_only_zeros_are_right():
    expect_close(np.zeros((2, 3), np.float32), np.zeros((2, 3)), "x")
    mismatch(np.full((2, 3), 1e-30), np.zeros((2, 3)))


def test_the_sign_counts():
    mismatch(-numbers(3), numbers(3))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_one_nan_or_inf_is_wrong_and_said_so(bad):
    got = numbers(3, 4)
    got[1, 2] = bad
    wrong = mismatch(got, numbers(3, 4))
    assert wrong.message == "the gradient of add to y is not finite: it has nan or inf in it"
    assert "worst at [1, 2]" in wrong.detail


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_single_number_of_any_shape_that_is_not_finite_is_wrong(bad):
    assert "not finite" in mismatch(np.full((1, 1), bad), np.array(2.0)).message


# Shapes


@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
def test_a_single_number_may_come_in_any_shape(shape):
    expect_close(np.full(shape, 2.5, np.float32), np.array(2.5), "x")
    mismatch(np.full(shape, 2.6, np.float32), np.array(2.5))


@pytest.mark.parametrize("shape", [(12,), (4, 3), (1, 3, 4), (3, 4, 1), (1, 4), (3, 1), ()])
def test_another_shape_is_wrong_even_if_it_would_broadcast(shape):
    got = np.full(shape, 2.0)
    assert mismatch(got, np.full((3, 4), 2.0)).message == (
        f"the gradient of add to y has shape {shape}, but (3, 4) is expected"
    )


def test_an_array_of_one_element_is_no_single_number_where_an_array_is_expected():
    mismatch(np.array(2.0), np.array([2.0]))


def test_what_is_no_array_is_reported_as_the_sandbox_says():
    assert mismatch("was never set", numbers(3)).message == "the gradient of add to y was never set"


def test_expect_shape_looks_at_nothing_but_the_shape():
    expect_shape(np.full((2, 3), np.nan), (2, 3), "x")
    with pytest.raises(Mismatch):
        expect_shape(np.zeros((3, 2)), (2, 3), "x")


# Messages


def test_the_student_is_told_the_extent_but_no_number_that_was_expected():
    expected = 123.456 + numbers(3, 4)
    few = expected.copy()
    few[0, :2] = 777.7
    for got, extent in ((few, "in 2 of 12 elements"), (expected + 555, "everywhere")):
        message = mismatch(got, expected).message
        assert message == f"the gradient of add to y is wrong {extent}"


def test_all_zeros_are_called_that():
    assert mismatch(np.zeros(3), numbers(3)).message.endswith("is wrong everywhere: it is all zeros")


def test_the_instructor_is_told_place_and_numbers_of_the_worst_element():
    expected = np.arange(12.0).reshape(3, 4)
    got = expected.copy()
    got[0, 1], got[2, 3] = 1.5, 20.25
    assert mismatch(got, expected).detail == "worst at [2, 3]: got 20.25, expected 11"


def test_no_message_holds_a_digit_of_the_hidden_numbers():
    expected = numbers(2, 3)
    hidden = {digits for number in expected.flat for digits in re.findall(r"\d{3,}", f"{number:.7f}")}
    for got in (np.zeros((2, 3)), expected + 1, expected * np.nan, numbers(3, 2), "is a list"):
        message = mismatch(got, expected).message
        assert not any(digits in message for digits in hidden)


def test_expect_unchanged_wants_every_bit():
    before = numbers(3, 4).astype(np.float32)
    expect_unchanged(before.copy(), before, "add's input x")
    after = before.copy()
    after[1, 1] = np.nextafter(after[1, 1], np.float32(9))
    for got in (after, before.T, "is missing"):
        with pytest.raises(Mismatch, match="add's input x was modified: work on a copy"):
            expect_unchanged(got, before, "add's input x")


# Draws

DRAWS = {
    "normal": lambda draw: draw.normal(20, 30),
    "off_zero": lambda draw: draw.off_zero(20, 30),
    "distinct": lambda draw: draw.distinct(20, 30),
    "labels": lambda draw: draw.labels(200, 10),
    "uniform": lambda draw: draw.uniform(0.5, 20, 30),
    "batches": lambda draw: draw.batches(10, 8, 1000),
}
every_draw = pytest.mark.parametrize("kind", DRAWS)


@every_draw
def test_the_same_secret_and_check_draw_the_same_numbers(kind):
    first, second = (DRAWS[kind](Draw(SECRET, "add", "forward")) for _ in range(2))
    assert np.array_equal(first, second)


@every_draw
@pytest.mark.parametrize(
    "other", [(SECRET[::-1], "add", "forward"), (SECRET, "max", "forward"), (SECRET, "add", "gradient")]
)
def test_another_secret_exercise_or_check_draws_other_numbers(kind, other):
    assert not np.array_equal(DRAWS[kind](Draw(SECRET, "add", "forward")), DRAWS[kind](Draw(*other)))


@every_draw
def test_a_second_draw_of_a_check_is_another_one(kind):
    draw = Draw(SECRET, "add", "forward")
    assert not np.array_equal(DRAWS[kind](draw), DRAWS[kind](draw))


@pytest.mark.parametrize("kind", [kind for kind in DRAWS if kind != "batches"])
def test_arrays_are_float32(kind):
    assert DRAWS[kind](Draw(SECRET, "add", "forward")).dtype == np.float32


@pytest.fixture(params=range(10))
def draw(request):
    """A draw for each of ten secrets."""
    return Draw(bytes([request.param]) * 32, "exercise", "check")


def test_normal_numbers_have_mean_0_and_variance_1(draw):
    x = draw.normal(100, 100)
    assert x.shape == (100, 100) and abs(x.mean()) < 0.05 and abs(x.var() - 1) < 0.1


def test_off_zero_keeps_its_margin_on_both_sides(draw):
    x = draw.off_zero(100, 100)
    # float32 rounds the margin itself, too.
    assert np.abs(x).min() >= np.float32(0.05) and (x > 0).any() and (x < 0).any()
    assert np.abs(draw.off_zero(1000, margin=0.5)).min() >= 0.5


@pytest.mark.parametrize("shape", [(1,), (2,), (5,), (2, 3, 4), (2, 20, 30)])
def test_distinct_keeps_its_step_between_elements_and_half_of_it_to_zero(draw, shape):
    x = draw.distinct(*shape).astype(np.float64)
    assert x.shape == shape
    assert np.diff(np.sort(x, axis=None)).min(initial=1) > 0.1 - 1e-4
    assert np.abs(x).min() > 0.05 - 1e-4


def test_distinct_is_shuffled_around_zero(draw):
    x = draw.distinct(200)
    assert (np.diff(x) < 0).any() and abs(np.median(x)) < 0.1


def test_labels_are_whole_neither_all_equal_nor_sorted(draw):
    for count in (2, 3, 50):
        labels = draw.labels(count, 5)
        assert labels.shape == (count,) and set(labels) <= set(range(5))
        assert len(set(labels)) > 1 and (np.diff(labels) < 0).any()


def test_a_single_label_is_a_class(draw):
    assert draw.labels(1, 3)[0] in (0, 1, 2)


def test_uniform_numbers_fill_their_interval(draw):
    x = draw.uniform(0.25, 1000)
    assert -0.25 <= x.min() < -0.2 and 0.2 < x.max() <= 0.25


def test_batches_are_whole_shuffled_passes(draw):
    batches = draw.batches(10, 4, 20)
    assert batches.shape == (10, 4)
    for half in (batches[:5], batches[5:]):
        assert sorted(half.ravel()) == list(range(20)) and list(half.ravel()) != list(range(20))
    assert draw.batches(3, 4, 20).shape == (3, 4)


def test_a_shape_without_elements_is_not_quoted_since_its_sides_are_free():
    with pytest.raises(Mismatch) as caught:
        expect_close(np.zeros((0, 123456789)), np.ones((2, 3)), "add.top")
    assert caught.value.message == "add.top has no elements, but (2, 3) is expected"


@pytest.mark.parametrize(
    "got, words",
    [
        (3, "3"),
        (np.array([2.0]), "2"),
        (1000, "1000"),
        (123456789, "not 0 to 1000"),
        (-1, "not 0 to 1000"),
        (np.array(0.123456789), "no number"),
        (np.array([1, 2]), "no number"),
        (np.array(np.nan), "no number"),
    ],
)
def test_a_count_in_a_message_is_a_small_number_or_none(got, words):
    assert count_in_words(got) == words
