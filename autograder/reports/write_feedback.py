"""Writes what students are told: OUT/feedback/<student>.html, .md and .json, three forms of one Feedback."""

import dataclasses
import functools
import json
import re

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from autograder.reports import curves, feedback
from autograder.reports.made import bring_up_to_date, forget
from autograder.reports.pages import MADE_BY, TEMPLATES, environment, number
from autograder.scores import digest, file_name, version_of
from autograder.texts import without_controls

FOLDER = "feedback"
SUFFIXES = (".html", ".md", ".json")
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
    for score in all_scores:
        group = _group(file_name(score["student"]))
        make = functools.partial(_texts, scores, score, assignment, group)
        bring_up_to_date(scores, group, _made_of(scores, score, assignment), make)
    _remove_others(scores.folder, {file_name(score["student"]) for score in all_scores})
    return scores.folder / FOLDER


def _group(name):
    """A student's files, without their suffixes."""
    return f"{FOLDER}/{name}"


def _made_of(scores, score, assignment):
    training = (scores.read_facts(score["student"]) or {}).get("training")
    by = assignment.efficiency, assignment.carried_forward, version_of(MADE_BY)
    return digest([score, training, *by])


def _texts(scores, score, assignment, group):
    """{path: text} of a student's files."""
    record = scores.read_record(score["student"]) or {}
    made = feedback.feedback(score, assignment, record.get("training"))
    texts = html(made), markdown(made), as_json(made)
    return {group + suffix: text for suffix, text in zip(SUFFIXES, texts)}


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


def as_json(made):
    """A Feedback as JSON."""
    value = _visible(dataclasses.asdict(made))
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


def _remove_others(out, names):
    """Remove the pages of whom there is no score."""
    folder = out / FOLDER
    for path in folder.iterdir() if folder.is_dir() else ():
        name = path.name.removesuffix(path.suffix)
        is_page = path.suffix in SUFFIXES and name not in names
        if is_page and not (out / "scores" / f"{name}.json").exists():
            forget(out, _group(name))
            path.unlink()
