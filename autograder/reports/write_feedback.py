"""Writes what students are told: OUT/feedback/<student>.html, .md and .json, three forms of one Feedback.

The JSON begins with a hash of all that the three are made of: what has not changed is not made again. It is written
last, so that a run that was killed in between is found out.
"""

import dataclasses
import functools
import hashlib
import json
import re

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from autograder.gradebook.verdict import without_controls
from autograder.reports import curves, feedback
from autograder.reports.pages import MADE_BY, TEMPLATES, environment, number
from autograder.scores import file_name, version_of

FOLDER = "feedback"
SUFFIXES = (".html", ".md", ".json")  # the last one is written last
# What means something in Markdown, anywhere in a line, and what does at the beginning.
MARKDOWN = re.compile(r"([\\`*_\[\]<>|~&#$])")
MARKDOWN_FIRST = re.compile(r"^(\d{1,9})?([-+=.):])(?=$|[\s=:-])")
GROUPS = {
    "To mend": (feedback.PARTLY, feedback.FAILED, feedback.UNWRITTEN, feedback.SLOW),
    "Blocked by those": (feedback.BLOCKED,),
    "Not judged yet": (feedback.OPEN,),
    "Done": (feedback.PASSED, feedback.CARRIED),
}


def write_feedback(scores, all_scores, assignment):
    """Bring the feedback in an output folder up to date; returns the path of its folder.

    scores: the scores.Scores of that folder; all_scores: each student's, as make grade stores it. The pages of whom
    the folder has no score any more are removed.
    """
    folder = scores.folder / FOLDER
    names = set()
    for score in all_scores:
        name = file_name(score["student"])
        names.add(name)
        digest = _digest(score, assignment)
        if _is_there(folder, name, digest):
            continue
        record = scores.read_record(score["student"]) or {}
        made = feedback.feedback(score, assignment, record.get("training"))
        for suffix, text in zip(SUFFIXES, (html(made), markdown(made), as_json(made, digest))):
            scores.write_text(f"{FOLDER}/{name}{suffix}", text)
    _remove_others(folder, names)
    return folder


def html(made):
    """A Feedback as a page of HTML that needs no other file."""
    return environment().get_template("feedback.html").render(feedback=made, **context(made))


def cards(made):
    """{exercise's id: its part of the page, as HTML} of a Feedback, without style and pictures."""
    template = environment().get_template("card.html")
    return {card.id: template.render(exercise=card, picture=lambda curve: "") for card in made.exercises}


def markdown(made):
    """A Feedback as Markdown (CommonMark with tables)."""
    text = _markdown_environment().get_template("feedback.md").render(feedback=made, **context(made))
    return re.sub(r"\n{3,}", "\n\n", text)


def as_json(made, digest=""):
    """A Feedback as JSON. digest: of what it is made of."""
    value = _visible({"made_of": digest, **dataclasses.asdict(made)})
    return json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _visible(value):
    """A JSON value whose texts have no control characters."""
    if isinstance(value, dict):
        return {key: _visible(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_visible(inner) for inner in value]
    return without_controls(value) if isinstance(value, str) else value


def context(made):
    """What the templates of a Feedback are given besides itself."""
    groups = [
        (title, [card for card in made.exercises if card.status in words]) for title, words in GROUPS.items()
    ]
    to_mend = sorted(groups[0][1], key=lambda card: card.status == feedback.SLOW)
    return {
        "groups": [(title, cards) for title, cards in groups if cards],
        "start_with": to_mend[0] if to_mend else None,
        "picture": curves.picture,
    }


def escaped(text):
    """A text that is nothing but text in Markdown, in one line."""
    text = " ".join(without_controls(text).split())
    text = MARKDOWN.sub(r"\\\1", text).replace("://", ":\\//")
    return MARKDOWN_FIRST.sub(r"\1\\\2", text)


def fenced(code):
    """Code as a block of Markdown, whatever is in it."""
    fence = "`" * max([3, *(len(run) + 1 for run in re.findall("`+", code))])
    return Markup(f"{fence}python\n{without_controls(code)}\n{fence}")


@functools.cache
def _markdown_environment():
    found = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: value if isinstance(value, Markup) else escaped(str(value)),
    )
    found.filters |= {"number": number, "fenced": fenced}
    return found


def _digest(score, assignment):
    made_of = json.dumps(
        [score, assignment.efficiency, assignment.carried_forward, version_of(MADE_BY)], sort_keys=True
    )
    return hashlib.sha256(made_of.encode()).hexdigest()[:32]


def _is_there(folder, name, digest):
    try:
        with open(folder / f"{name}.json", encoding="utf-8") as file:
            begins = file.read(80)
        return digest in begins and all((folder / f"{name}{suffix}").exists() for suffix in SUFFIXES)
    except (OSError, ValueError):
        return False


def _remove_others(folder, names):
    """Remove the pages of whom there is no score."""
    for path in folder.iterdir() if folder.is_dir() else ():
        name = path.name.removesuffix(path.suffix)
        is_page = path.suffix in SUFFIXES and name not in names
        if is_page and not (folder.parent / "scores" / f"{name}.json").exists():
            path.unlink()
