"""Which known mistakes explain wrong answers: those of a student's code are held against each wrong variant's.

A variant explains an answer if it gives the very same wrong one. It comes into question only if the student
shows all that it does: wherever it differs from the reference, the student's code gives what it gives. So a
right answer speaks against it as much as another wrong one does.
"""

import dataclasses

import numpy as np

from autograder.replay import Raised, local_answers, questions, requests_of, same

# Numbers that must be wrong in the same way before a mistake is named: a single one may be so by chance.
EVIDENCE = 2


@dataclasses.dataclass(frozen=True)
class Match:
    """A wrong variant (variant.Wrong) that explains answers, and the checks (ids) that these belong to."""

    variant: object
    checks: tuple


def matches(exercise, answers, secret):
    """(Matches, what they leave unexplained): for a student's `answers`, {check id: replay.answers}.

    The unexplained: {check id: places of wrong answers in its list}. Several mistakes at once are found where
    they show in different answers; of two that explain the same, the one that explains more comes first, then
    the commoner (exercise.wrong_variants is in that order).
    """
    checks = [check for check in exercise.checks if check.id in answers]
    right = {check.id: local_answers(None, exercise, check, secret) for check in checks}
    wrong = _places(checks, answers, right)
    candidates = []
    for variant in exercise.wrong_variants if wrong else ():
        theirs = {check.id: local_answers(variant, exercise, check, secret) for check in checks}
        differs = _places(checks, theirs, right)
        if not all(same(answers[id][i], theirs[id][i]) for id, i in differs):
            continue
        evidence = sum(_evidence(theirs[id][i], right[id][i]) for id, i in differs)
        if evidence >= EVIDENCE or (
            wrong == differs and _is_special(exercise, checks, differs, right, secret)
        ):
            candidates.append((variant, differs))
    explanations, left = [], set(wrong)
    while candidates:
        variant, differs = max(candidates, key=lambda candidate: len(left.intersection(candidate[1])))
        explained = left.intersection(differs)
        if not explained:
            break
        explanations.append((variant, explained))
        left -= explained
    asked = {check.id: questions(requests_of(exercise, check, secret)) for check in checks}
    found = []
    for variant, explained in explanations:
        # What is wrong beside it, in the same kind of answer of the same check, speaks for something else.
        if {(id, asked[id][i]) for id, i in explained} & {(id, asked[id][i]) for id, i in left}:
            left |= explained
        else:
            ids = {id for id, _ in explained}
            found.append(Match(variant, tuple(check.id for check in checks if check.id in ids)))
    return found, {
        check.id: [i for id, i in wrong if (id, i) in left and id == check.id]
        for check in checks
        if any(id == check.id for id, _ in left)
    }


def _places(checks, answers, right):
    """(check id, place) of each answer that is not that of the reference."""
    return [
        (check.id, i)
        for check in checks
        for i, (a, r) in enumerate(zip(answers[check.id], right[check.id]))
        if not same(a, r)
    ]


def _is_special(exercise, checks, wrong, right, secret):
    """Whether answers like the wrong ones, gradients that were passed on, say, are right elsewhere.

    Then code that gives nothing where these are wrong does so for a reason, and not throughout.
    """
    asked = {check.id: questions(requests_of(exercise, check, secret)) for check in checks}
    attributes = {asked[id][i][1] for id, i in wrong}
    for id, answers in right.items():
        for i, answer in enumerate(answers):
            is_leaf, attribute = asked[id][i]
            # The gradient of an operation is mostly the one that the check itself put there.
            passed_on = is_leaf or attribute != "grad"
            if attribute in attributes and passed_on and (id, i) not in wrong:
                if isinstance(answer, np.ndarray) and np.any(answer):
                    return True
    return False


def _evidence(answer, right):
    """How many numbers of an answer that is wrong speak for a certain mistake.

    Code that does nothing, raises, gives zeros or overflows does so for many a reason.
    """
    if isinstance(answer, str | Raised):
        return 0
    if isinstance(answer, int):  # a count: of operations, of runs
        return EVIDENCE
    if not np.any(answer):
        return 0
    if not isinstance(right, np.ndarray) or answer.shape != right.shape:
        return answer.size
    return int(np.sum(np.isfinite(answer) & ~np.isclose(answer, right, rtol=1e-3, atol=0)))
