"""The autograder of the edf problem set: intake → sandbox → judge → scores → table."""

import os

# One thread for numpy's BLAS: with all cores busy grading, two threads take longer than one, and sums come
# out in an order that changes. It counts only if set before numpy is first imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
