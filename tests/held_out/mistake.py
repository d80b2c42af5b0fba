"""What a hand-made mistake is that the bank of wrong variants was made without."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class HeldOut:
    """A submission with a mistake, as a student might write it.

    name: unique. exercise: id of the one that it is made in. truth: what is really wrong, in a sentence. code:
    definitions that are put in place of the reference's, as Variant.code are. true: what may be said of it, as
    "exercise: tag", because somebody has read the sentence and both hints and found them true of this code.
    """

    name: str
    exercise: str
    truth: str
    code: str
    true: tuple = ()
