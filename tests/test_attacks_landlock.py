"""Every attack fails where Landlock isolates, for an ordinary user, whom it is made for; see attacks/."""

import os

from attacks.checks import *  # noqa: F403
from attacks.grading import USER

STACK, AS_USER, NAMES = "landlock", USER if os.getuid() == 0 else None, ATTACKS  # noqa: F405
