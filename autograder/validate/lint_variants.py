"""The linter on the variants of an exercise: are they there, can they be made, do their words keep to the rules?"""

import collections

from autograder.exercise import load_exercises
from autograder.validate.changes import changed, changed_names
from autograder.validate.findings import FATAL, Finding
from autograder.validate.local import edf_of
from autograder.validate.scope import name_of
from autograder.validate.wording import code_in_description, code_in_hint
from autograder.variant import VariantError

HINTS = 2  # the property, then the place


def lint_variants(exercise, exercises):
    """Findings on the variants of one of `exercises`."""
    variants = exercise.wrong_variants + exercise.right_variants
    if fatal := [sentence for variant in variants for sentence in _cannot_be_made(variant)]:
        return [Finding(exercise.id, sentence, FATAL) for sentence in fatal]
    said = [*_missing(exercise, exercises)] if exercise.stubs else []
    counts = collections.Counter(variant.tag for variant in variants)
    said += [
        f"{count} variants are called {tag}: rename all but one."
        for tag, count in counts.items()
        if count > 1
    ]
    check_ids = [check.id for check in exercise.checks]
    may_be_said = {name for other in exercises for name in (other.id, *other.stubs, *other.owned)}
    may_be_said |= {f"{name}.backward" for other in exercises for name in other.owned}
    for variant in exercise.wrong_variants:
        if variant.gives_away not in check_ids:
            said.append(
                f"{variant.tag} (wrong) is given away by {variant.gives_away!r}, which is no check: name one of "
                f"{', '.join(check_ids)}."
            )
        said += _wording(variant, may_be_said)
    known = {*load_exercises(), *(other.id for other in exercises)}
    for variant in exercise.right_variants:
        said += [
            f"{variant.tag} (right) goes without {id}, which is no exercise: correct `without`."
            for id in variant.without
            if id not in known
        ]
    return [Finding(exercise.id, sentence) for sentence in said]


def _missing(exercise, exercises):
    if not exercise.wrong_variants:
        yield (
            f"it has no wrong variants: add plausible mistakes by {exercise.id}.wrong(…), which prove that its checks "
            "see them, and tell students which it is."
        )
    # One of another exercise's will do, if it is about these stubs too.
    if not any(_is_about(variant, exercise) for other in exercises for variant in other.right_variants):
        yield (
            f"it has no right variants: add other ways to write it by {exercise.id}.right(…), which prove that its "
            "checks let them pass."
        )


def _is_about(variant, exercise):
    if not set(variant.of) & set(exercise.owned):
        return False
    try:
        return bool(changed(variant.source) & set(exercise.stubs))
    except (VariantError, SyntaxError):  # said where it belongs
        return False


def _cannot_be_made(variant):
    """A sentence, in a list, on a variant that is none; empty if all is well."""
    name = name_of(variant)
    try:
        edf_of(variant.source)
    except VariantError as error:
        return [f"{error}: bring it up to date with solutions/edf.py."]
    except Exception as error:  # whatever loading it raises
        return [f"{name} can't be loaded ({type(error).__name__}: {error}): mend its code."]
    if not changed_names(variant.source):
        return [f"{name} is the reference, unchanged: have it change something, or drop it."]
    return []


def _wording(variant, may_be_said):
    if len(variant.hints) != HINTS or not all(variant.hints):
        yield (
            f"{variant.tag} (wrong) has {len(variant.hints)} hints, not {HINTS}: first the property that does not "
            "hold, then the place to look at."
        )
    for code in filter(None, [code_in_description(variant.what, may_be_said)]):
        yield f"{variant.tag} (wrong): `what` holds code, {code}: say in words what goes wrong."
    for code in filter(None, [code_in_hint(hint, may_be_said) for hint in variant.hints]):
        yield f"{variant.tag} (wrong): a hint holds code, {code}: say it in words, or it gives the solution away."
