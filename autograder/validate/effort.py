"""How much is tried."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Effort:
    """right_secrets, wrong_secrets: with how many course secrets right and wrong variants are tried. training:
    whether networks are trained."""

    right_secrets: int = 200
    wrong_secrets: int = 20
    training: bool = True


def effort(secrets=None, quick=False):
    """The Effort for the options of the command: a tenth as many secrets for wrong variants as for right ones."""
    secrets = secrets or (10 if quick else Effort.right_secrets)
    return Effort(secrets, -(-secrets // 10), not quick)
