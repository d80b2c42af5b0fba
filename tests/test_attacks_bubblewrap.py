"""Every attack fails where bubblewrap isolates; see attacks/ and docs/attacks.md."""

from attacks.checks import *  # noqa: F403

STACK, AS_USER, NAMES = "bubblewrap", None, ATTACKS  # noqa: F405
