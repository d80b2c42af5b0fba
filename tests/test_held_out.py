"""Of mistakes that are not in the bank, the diagnosis says what is true, or nothing."""

import collections
import dataclasses
import functools

import pytest
from held_out import HELD_OUT, SECRET, diagnosed, table

from autograder.exercise import load_exercises
from autograder.validate.scope import is_training

BY_NAME = {mistake.name: mistake for mistake in HELD_OUT}
found = functools.cache(lambda name: diagnosed(BY_NAME[name], SECRET))


def test_they_are_many_and_of_all_exercises():
    assert len(BY_NAME) == len(HELD_OUT) >= 200
    exercises = {exercise.id for exercise in load_exercises().values() if not is_training(exercise)}
    count = collections.Counter(mistake.exercise for mistake in HELD_OUT)
    assert {id for id in exercises if count[id] >= 3} == exercises == set(count)


@pytest.mark.parametrize("name", BY_NAME)
def test_nothing_false_is_said(name):
    """Where this fails, read what is said: if it is true of that code, add it to `true`; if not, it is a defect."""
    result = found(name)
    assert result.faults == ()
    assert result.is_caught
    false = [f"{said}: {said.text}" for said in result.wrong]
    assert false == [], f"said of code in which this is wrong: {result.mistake.truth}"


def test_a_name_that_is_not_known_to_be_true_counts_as_wrong():
    unread = dataclasses.replace(BY_NAME["conv2_scipy_convolves"], true=())
    result = diagnosed(unread, SECRET)
    assert [str(said) for said in result.wrong] == ["conv2_forward: kernel_flipped"]
    assert result.outcome == "wrong"


def test_it_is_not_by_being_silent():
    """A known mistake is named however it is written; of many others, something is found in the numbers."""
    count = collections.Counter(found(name).outcome for name in BY_NAME)
    assert count["named"] >= 55 and count["structural"] >= 20


def test_the_table_has_a_row_for_each():
    rows = table().splitlines()[2:]
    assert len(rows) == len(HELD_OUT)
    assert all(row.count("|") == 5 + row.count("\\|") for row in rows)
    (row,) = [row for row in rows if "conv2 scipy convolves" in row]
    assert row.startswith("| conv2_forward |") and row.endswith("| “kernel flipped” (conv2_forward) |")
