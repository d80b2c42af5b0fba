"""Prints the table, and the counts under three course secrets."""

import collections

from autograder import reference
from autograder.validate.local import secret
from held_out import HELD_OUT, diagnosed, table

for number in range(3):
    counts = collections.Counter(diagnosed(mistake, secret(number)).outcome for mistake in HELD_OUT)
    print(
        f"- secret {number}: " + ", ".join(f"{outcome} {count}" for outcome, count in sorted(counts.items()))
    )
    reference.forget()
print(f"\n{table()}", end="")
