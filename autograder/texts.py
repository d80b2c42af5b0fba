"""Texts that strangers wrote, made safe for whoever reads them in a terminal or a spreadsheet."""

import re

# How a cell begins that a spreadsheet takes for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def without_controls(text):
    """Text without characters that steer a terminal or hide what it says."""
    return CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n").replace("\r", "\n"))


def csv_cell(value):
    """A text that no spreadsheet takes for a formula, and that steers no terminal; other values as they are."""
    if not isinstance(value, str):
        return value
    value = without_controls(value)
    return "'" + value if value.startswith(FORMULA) else value
