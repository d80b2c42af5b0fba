"""A wall clock that jumps: in front of Python's path, it takes the place of time.time and time.time_ns.

It reaches the grader, its workers and nbgrader; not C code that asks the kernel, and not the sandboxes, whose
environment is empty.
"""

import os
import random
import time

YEAR = 365 * 24 * 3600
_chance = random.Random(os.environ["CLOCK_SEED"])
_time = time.time
time.time = lambda: _time() + _chance.uniform(-YEAR, YEAR)
time.time_ns = lambda: int(time.time() * 1e9)
