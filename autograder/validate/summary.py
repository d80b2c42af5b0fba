"""What a proof comes to, in a few lines: for the terminal and for docs/validity.md."""

import dataclasses

from autograder.validate.cases import BLANK, REFERENCE, RIGHT, WRONG
from autograder.validate.proof import MANY_RIGHT, MANY_WRONG


@dataclasses.dataclass(frozen=True)
class Line:
    """tried: what; count: how many; came_out: what of it; holds: whether it is as it should be."""

    tried: str
    count: str
    came_out: str
    holds: bool


def summary(proof):
    """The Lines of a proof (proof.Proof)."""
    effort = proof.effort
    lines = [
        _line(proof, REFERENCE, "the reference", "gets all points and all extra credit"),
        _line(
            proof,
            WRONG,
            "wrong variants",
            "each loses points by the check that gives it away, and nowhere but there and in what builds on it",
        ),
        _line(proof, RIGHT, "right variants", "each gets full points"),
        _line(
            proof,
            BLANK,
            "skeletons with one exercise blank, and with all",
            "each loses the points of what is blank and of what builds on it, and no others",
        ),
        _line(proof, MANY_RIGHT, f"right variants × {effort.right_secrets} course secrets", "no false alarm"),
        _line(
            proof,
            MANY_WRONG,
            f"wrong variants × {effort.wrong_secrets} course secrets",
            "each is caught each time",
        ),
    ]
    return [line for line in lines if line.count != "0"]


def _line(proof, key, tried, came_out):
    faults = len(proof.faults.get(key, ()))
    if faults:
        came_out = f"{faults} fault{'s' * (faults > 1)}"
    return Line(tried, str(proof.counts.get(key, 0)), came_out, not faults)


def named(proof):
    """A sentence on how many wrong variants the diagnosis calls by name."""
    total = len(proof.named) + len(proof.unnamed)
    said = f"The diagnosis calls {len(proof.named)} of the {total} wrong variants what they are."
    if proof.unnamed:
        said += f" It says nothing of {', '.join(proof.unnamed)}."
    return said


USELESS = (
    "Checks that add nothing to the others: each can be dropped, or needs a variant that only it fails. Of two that "
    "see the same, one must stay; those that train a network see whether the parts work together."
)


def remarks(proof):
    """(exercise id, check id, why) for each check that adds nothing to the others; USELESS says what that means."""
    return [
        (matrix.exercise.id, contribution.check, contribution.remark)
        for matrix in proof.matrices
        for contribution in matrix.contributions
        if contribution.remark
    ]


def minutes(seconds):
    """A time in words."""
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
