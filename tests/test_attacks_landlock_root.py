"""An attack of each family fails where Landlock isolates for root."""

from attacks.checks import *  # noqa: F403

STACK, AS_USER, NAMES = "landlock", None, FEW  # noqa: F405
