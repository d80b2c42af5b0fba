"""Finds code in sentences for students: a hint says which property fails and where to look, never how to write it."""

import re

# What prose has no use for. A formula may be said, exp(−2), but nothing else is called; ≥ and ≠, but no = sign.
CODE = (
    (re.compile(r"\bself\b|\bnp\b"), "a word of code"),
    (re.compile(r"[\[\]{}`\\]"), "a bracket or quote of code"),
    (re.compile(r"=|\*\*|@|//|\w\s*[*]\s*\w"), "an operator of code"),
)
CALL = re.compile(r"([\w.]+)\(")
FORMULAS = {"exp", "log"}
DOTTED = re.compile(r"\b[A-Za-z_]\w*\.[A-Za-z_]\w*\b")
UNDERSCORED = re.compile(r"\b\w*[A-Za-z]_\w+|\b_\w+")
PUBLIC = re.compile(r"\w+\.(top|grad)|edf\.\w+")  # what the lecture writes
NUMPY = re.compile(r"\bnp\.\w+\b")


def code_in_hint(text, names):
    """What in a hint is code, in words; "" if nothing is. names: identifiers that may be said, such as stubs."""
    for pattern, what in CODE:
        if found := pattern.search(text):
            return f"{found[0]!r} is {what}"
    for found in CALL.finditer(text):
        if found[1] not in FORMULAS.union(names):
            return f"{found[0]!r} is a call"
    for found in DOTTED.finditer(text):
        if found[0] not in names and not PUBLIC.fullmatch(found[0]):
            return f"{found[0]!r} is a name of code"
    for found in UNDERSCORED.finditer(DOTTED.sub("", text)):
        if found[0] not in names:
            return f"{found[0]!r} is a name of code"
    return ""


def code_in_description(text, names):
    """The same of what a variant gets wrong: it may name the function of numpy's that was the wrong one."""
    return code_in_hint(NUMPY.sub("", text), names)
