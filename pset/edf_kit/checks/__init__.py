"""The public checks: a student's own backward against small steps of their own forward, and worked examples.

run.py is what students call. Below it, each file has the checks of some exercises: ops.py, conv2.py, graph.py,
eager.py, training.py. A new exercise's checks go beside those that they are like.
"""

from edf_kit.checks.run import CheckFailed, check, check_announced, exercise_ids, run_check, show_gradient

__all__ = ["CheckFailed", "check", "check_announced", "exercise_ids", "run_check", "show_gradient"]
