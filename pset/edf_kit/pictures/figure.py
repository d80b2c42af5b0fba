"""How every picture looks: colours, letters, and the figure that shows itself in a notebook.

Imported only when a picture is drawn, since matplotlib takes a while to import.
"""

import contextlib
import io
import logging
import textwrap
import warnings

# matplotlib says on stderr that it makes its font cache; a grade cell that writes there loses its points.
logging.getLogger("matplotlib").setLevel(logging.ERROR)

from matplotlib import style  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

WIDTH = 9  # inches
DPI = 100
SMALL, NORMAL, TITLE = 8, 9.5, 11  # points; nothing is smaller

# The palette of Okabe and Ito, which people with any kind of colour vision can tell apart.
BLACK, ORANGE, SKY_BLUE, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
GREY = "#767676"  # the lightest that still reads well on white

# Below zero blue, above zero red, zero white: told apart by a colour-blind person, too.
DIVERGING = "RdBu_r"

LETTERS = {
    "font.size": NORMAL,
    "axes.titlesize": NORMAL,
    "axes.labelsize": NORMAL,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "legend.fontsize": SMALL + 0.5,
    "figure.titlesize": TITLE,
    "figure.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
}


@contextlib.contextmanager
def quiet():
    """A context without warnings: that the font lacks a letter of a title is no reason to write on stderr."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


class Picture(Figure):
    """A figure that Jupyter shows as it is, without pyplot or %matplotlib.

    caption: what it shows, in words: its alternative text, and what a terminal prints instead of it.
    """

    caption = ""

    def _repr_mimebundle_(self, include=None, exclude=None):
        png = io.BytesIO()
        self.savefig(png, format="png", dpi=DPI)
        return {"image/png": png.getvalue(), "text/plain": self.caption}, {"image/png": {"alt": self.caption}}

    def draw(self, renderer):
        with quiet():
            super().draw(renderer)


def house_style():
    """A context in which pictures are made: ours, whatever style the notebook has chosen for its own."""
    return style.context(["default", LETTERS])


def message_picture(text):
    """A small picture of one sentence, for where there is nothing to draw."""
    with house_style():
        picture = Picture(figsize=(WIDTH, 0.6))
        picture.text(0.02, 0.5, textwrap.fill(text, 100), va="center")
    picture.caption = text
    return picture
