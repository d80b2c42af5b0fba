"""The public checks under pytest, the same as check(...) in a notebook: `pytest`, or `pytest -k conv2`."""

import pytest
from edf_kit.checks import exercise_ids, run_check


@pytest.mark.parametrize("exercise", exercise_ids())
def test_edf(exercise):
    (result,) = run_check(exercise)
    if result.failure:
        pytest.fail(str(result.failure), pytrace=False)
    print(result.line)
