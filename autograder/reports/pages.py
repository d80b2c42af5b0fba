"""What all pages share: the Jinja2 environment that escapes whatever it is given, and the style.

A page is one file: its template extends page.html, which inlines base.css; there are no scripts, and nothing is
fetched. Text from a submission is hostile: it is escaped here, and its control characters are made visible.
"""

import functools
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from autograder.texts import without_controls

TEMPLATES = Path(__file__).resolve().parent / "templates"
# The code and the texts of all reports: with others, they are made anew.
MADE_BY = ("autograder/reports/*.py", "autograder/reports/templates/*")


@functools.cache
def environment():
    """The jinja2.Environment of all HTML pages: loads from templates/, escapes every value.

    Filters: `number`, a number of points in at most two decimals, without trailing zeros.
    """
    found = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_visible,
    )
    found.filters["number"] = number
    return found


def number(value):
    """A number as people write it: 7, 7.5 or 7.25; "–" for None."""
    return "–" if value is None else f"{round(value, 2):.15g}"


def _visible(value):
    """A value of a template; of text that is no markup of ours, control characters are replaced."""
    return without_controls(value) if isinstance(value, str) and not isinstance(value, Markup) else value
