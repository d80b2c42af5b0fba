"""Hand-made mistakes that are not in the bank, and what the diagnosis says of them.

They were written without a look at the bank of wrong variants, as students make mistakes: each in a style of its
own, many close to a well-known one, some two at once. Those that happen to be in the bank may be named; what is
said of any of them must be true.

    cd tests && python -m held_out    # what is said of each, as a table; the counts under three secrets
"""

from autograder.validate.local import secret
from held_out.choices import CHOICES
from held_out.conv_forward import CONV_FORWARD
from held_out.conv_image import CONV_IMAGE
from held_out.conv_kernel import CONV_KERNEL
from held_out.curves import CURVES
from held_out.eager import EAGER
from held_out.judging import diagnosed
from held_out.linear import LINEAR
from held_out.losses import LOSSES
from held_out.passes import PASSES
from held_out.shapes import SHAPES
from held_out.stride import STRIDE
from held_out.updates import UPDATES

CONV2 = [*CONV_FORWARD, *CONV_IMAGE, *CONV_KERNEL, *STRIDE]
HELD_OUT = [*LINEAR, *CURVES, *LOSSES, *CHOICES, *SHAPES, *CONV2, *UPDATES, *PASSES, *EAGER]

SECRET = secret(0)
HEAD = [
    "| exercise | mistake | what is really wrong | what the diagnosis says |",
    "| --- | --- | --- | --- |",
]


def table():
    """A Markdown table: a row for each mistake, with what the diagnosis says of it."""
    rows = [diagnosed(mistake, SECRET) for mistake in HELD_OUT]
    return "\n".join([*HEAD, *map(_row, rows)]) + "\n"


def _row(found):
    mistake, wrong = found.mistake, found.wrong
    said = ", ".join(f"**false**: {said.words}" if said in wrong else said.words for said in found.said)
    name, truth = mistake.name.replace("_", " "), mistake.truth.replace("|", r"\|")
    return f"| {mistake.exercise} | {name} | {truth} | {said or 'nothing'} |"
