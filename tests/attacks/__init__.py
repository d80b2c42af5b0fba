"""Attacks on the grader: hostile submissions, each with the proof that it failed.

    python -m pytest tests/test_attacks_bubblewrap.py tests/test_attacks_landlock.py
    cd tests && python -m attacks    # which layer stops which attack: writes docs/attacks.md

attack.py     what an attack is, and how one is written
world.py      what there is to attack, watched from outside
grading.py    one run of the real command line on a class of attackers and innocents; what is known after it
ablation.py   the same without some of the layers, in a container
"""

import importlib
import importlib.util

from attacks.attack import ATTACKS

FAMILIES = """
    endless processes memory output exits protocol judge secrets_ ways_out persistence intake
""".split()


def load_attacks():
    """All attacks by name, in the order of the families."""
    for family in FAMILIES:
        if importlib.util.find_spec(f"attacks.{family}"):
            importlib.import_module(f"attacks.{family}")
    return ATTACKS
