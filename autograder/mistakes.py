"""What a class got wrong: each named mistake with those who made it, and the unknown ones, grouped by behaviour."""

import dataclasses
import math

from autograder.diagnosis.diagnose import BUILDS_ON, NAMED

# Of behaviours, as numbers: equal up to the rounding of float32.
EQUAL = 1e-3


@dataclasses.dataclass
class ClassMistake:
    """One mistake and its students. exercises: ids. tag: of a named one, the variant's; of an unknown one, what is
    odd about its results, or "". sentence: what students are told; note: for the instructor, or ""."""

    exercises: list
    kind: str
    tag: str
    sentence: str
    note: str
    students: list

    @property
    def exercise(self):
        """The exercise's id, or the ids of all."""
        return ", ".join(self.exercises)

    @property
    def name(self):
        """A few words for it."""
        words = self.tag.replace("_", " ")
        return words if self.kind == NAMED else f"unknown mistake ({words})" if words else "unknown mistake"

    @property
    def in_words(self):
        """The same, for who reads no sentence beside it."""
        if self.kind == NAMED or not self.tag:
            return self.name
        return f"unknown mistake: {self.sentence[:1].lower()}{self.sentence[1:].rstrip('.')}"


def class_mistakes(scores):
    """All ClassMistakes in these scores (grade.grade_submission), each of one exercise, the most common first."""
    found, behaviours = {}, {}
    for score in scores:
        for id, result in score["exercises"].items():
            for mistake in result["mistakes"]:
                if mistake["kind"] == BUILDS_ON:
                    continue
                group = mistake["tag"]
                if mistake["kind"] != NAMED:
                    known = behaviours.setdefault((id, group), [])
                    group = (group, _group_of(mistake["behaviour"], known))
                key = id, mistake["kind"], group
                if key not in found:
                    texts = mistake["tag"], mistake["sentence"], mistake["note"]
                    found[key] = ClassMistake([id], mistake["kind"], *texts, [])
                found[key].students.append(score["student"])
    return sorted(found.values(), key=lambda mistake: -len(mistake.students))


def across_exercises(mistakes):
    """The same ClassMistakes; one by the same name that the same students made in several exercises is one mistake.

    Its sentence is that of the first, and says so where those of the others differ. The most common come first, by
    students and then by exercises; of equal ones, those that have a name.
    """
    together = {}
    for mistake in mistakes:
        key = (mistake.tag, *mistake.students) if mistake.kind == NAMED else id(mistake)
        together.setdefault(key, []).append(mistake)
    return sorted(
        (_merged(alike) for alike in together.values()),
        key=lambda mistake: (-len(mistake.students), -len(mistake.exercises), mistake.kind != NAMED),
    )


def _merged(alike):
    first, sentence = alike[0], alike[0].sentence
    if any(mistake.sentence != sentence for mistake in alike):
        sentence = f"{sentence.removesuffix('.')} ({first.exercise})."
    exercises = [id for mistake in alike for id in mistake.exercises]
    return dataclasses.replace(first, exercises=exercises, sentence=sentence)


def _group_of(behaviour, known):
    """The place in `known` of the behaviour that equals this one; it is added if there is none."""
    for place, other in enumerate(known):
        if len(other) == len(behaviour) and all(map(_equal, behaviour, other)):
            return place
    known.append(behaviour)
    return len(known) - 1


def _equal(a, b):
    try:
        return math.isclose(float(a), float(b), rel_tol=EQUAL, abs_tol=EQUAL)
    except ValueError:
        return a == b
