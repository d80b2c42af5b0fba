"""An attack of each family fails where bubblewrap isolates for an ordinary user."""

from attacks.checks import *  # noqa: F403
from attacks.grading import USER

STACK, AS_USER, NAMES = "bubblewrap", USER, FEW  # noqa: F405
