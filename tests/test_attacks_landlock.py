"""Every attack fails where Landlock isolates; see attacks/ and docs/attacks.md."""

from attacks.checks import *  # noqa: F403

STACK = "landlock"
