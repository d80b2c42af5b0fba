"""Faults: what is left when `autograder grade` is killed, starved of disk, or finds its files damaged.

    cd tests && python -m faults                  # all of it, and docs/faults.md: `make torture`
    cd tests && python -m faults --seed 7 --only "grader killed" --times 10

A small class is graded by the real command line: undisturbed, then with each fault, then once more without it. After
that the result must be that of the undisturbed run. `result.py` says what the result is, `trial.py` what else must
hold. The seed draws moments, files and sizes; it is printed, and the same seed draws the same ones. Where a run is at
such a moment depends on the machine, so that no two tortures are quite the same.
"""

from faults.damage import DAMAGE
from faults.disk import DISK
from faults.gradebook import GRADEBOOK
from faults.others import OTHERS
from faults.signals import SIGNALS

FAULTS = [*SIGNALS, *DISK, *DAMAGE, *GRADEBOOK, *OTHERS]
