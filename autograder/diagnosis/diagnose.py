"""After the judging: says of each exercise that failed what is wrong, and carries errors forward.

For each such exercise, in processes of their own:
1. all of its checks are replayed, and the answers compared with those of the wrong variants (match.py); what
   no variant explains is looked at for its structure (structure.py);
2. where a forward is wrong, the checks of the backward run against that forward (carried_forward.py);
3. each failed check is retried on small public inputs (smallest.py), in a process that has seen no hidden ones.
Of a training run whose first steps failed, these are run once more on public inputs, for the picture.
None of this takes points away.
"""

import builtins
import dataclasses
import time
import traceback
import zlib

import numpy as np

from autograder.diagnosis.carried_forward import carried
from autograder.diagnosis.comparison import comparisons
from autograder.diagnosis.match import matches
from autograder.diagnosis.smallest import smallest_case
from autograder.diagnosis.structure import finding
from autograder.exercise import load_exercises
from autograder.judge import BLOCKED, CARRIED, FAIL, PASS, in_order_of_needs, rescored
from autograder.losses import student_losses
from autograder.replay import Raised, answers, local_answers, replayed_checks, requests_of, same
from autograder.sandbox.session import SandboxError, StudentError

NAMED, UNNAMED, BUILDS_ON = "named", "unnamed", "builds on"
UNKNOWN = "This mistake is not known by name: the case below shows what it does."
CONSISTENT = (
    "the backward fits this forward, whose mistake is not known by name: decide whether it earns points"
)
CARRIED_FORWARD = "The backward is right for this forward; the forward is what needs fixing."


@dataclasses.dataclass
class Mistake:
    """What is wrong with an exercise.

    kind: NAMED, one of the exercise's wrong variants; UNNAMED; or BUILDS_ON, on an exercise that is wrong, so
    that nothing can be said. tag: the variant's, or that of a structural finding, or "". sentence, hints: for
    the student. checks: ids of those that it explains. behaviour: of an unnamed one, numbers that are the same
    for equal behaviour; note: for the instructor. on: of one that builds on an exercise, the id of that.
    """

    kind: str
    tag: str
    sentence: str
    hints: list
    checks: list
    behaviour: list = dataclasses.field(default_factory=list)
    note: str = ""
    on: str = ""


def diagnose(sandbox, assignment, secret, judgement):
    """Fill in what `judgement` (judge.Judgement) says about failures; may raise scores by errors carried forward."""
    limits, started = assignment.limits, time.monotonic()
    results = {result.id: result for result in judgement.exercises}
    forwards = {}  # of classes whose forward is wrong: name → _Forward
    for exercise in in_order_of_needs(assignment.exercises):
        result = results[exercise.id]
        is_shown = exercise.training and _has_other_losses(result)
        if not is_shown and not (exercise.wrong_variants and _is_wrong(result)):
            continue
        if sandbox.cpu_seconds >= limits.submission_cpu_seconds:
            break
        # Code may work when it is judged, and sleep when it is diagnosed: three times an exercise.
        if time.monotonic() - started >= limits.wall_seconds(limits.submission_cpu_seconds):
            break
        try:
            if is_shown:
                judgement.training[exercise.id] = _first_steps(sandbox, assignment, exercise)
                continue
            diagnosis = _Diagnosis(sandbox, assignment, secret, exercise, result, forwards)
            diagnosis.run([id for id in exercise.needs if id in results and _has_failed(results[id])])
        except StudentError as error:
            # Its code worked when it was judged, and does not now: there is nothing to be said.
            judgement.diagnosis_faults.append(f"{exercise.id}: {error.message}")
        except SandboxError:
            raise
        except Exception:
            judgement.diagnosis_faults.append(f"{exercise.id}: {traceback.format_exc()}")
        results[exercise.id] = rescored(exercise, assignment, result)
    judgement.exercises = [results[exercise.id] for exercise in assignment.exercises]


def foreign_needs(exercise):
    """Ids of the exercises that it builds on, but for other parts of the same class."""
    known = load_exercises()
    return [id for id in exercise.needs if not set(known[id].owned) & set(exercise.owned)]


def _has_failed(result):
    """Whether an exercise is wrong in what it computes."""
    return any(check.status == FAIL and not check.efficiency for check in result.checks)


def _is_wrong(result):
    """Whether there are failures that a diagnosis can say something about: of code that is there and ends."""
    failed = [c for c in result.checks if c.status == FAIL and not c.blank and not c.efficiency]
    return bool(failed) and all(check.survived for check in result.checks)


def _has_other_losses(result):
    """Whether the first steps of a training run came out wrong, whoever is to blame for that."""
    [first] = (check for check in result.checks if check.id == "first_steps")
    return first.status in (FAIL, BLOCKED) and first.ran and first.survived


def _first_steps(sandbox, assignment, exercise):
    """{"first_steps": the losses of the first steps on public inputs, as they may be shown}."""
    limit = exercise.cpu_seconds or assignment.limits.cpu_seconds
    with sandbox.process("serve", limit, is_shown=True) as process:
        process.load()
        return {"first_steps": student_losses(process.request, exercise, "first_steps")}


@dataclasses.dataclass(frozen=True)
class _Forward:
    """One that is wrong. variant: the wrong variant that it is, or None; behaviour: as that of a Mistake."""

    variant: object
    behaviour: list


class _Diagnosis:
    """That of one exercise of one submission."""

    def __init__(self, sandbox, assignment, secret, exercise, result, forwards):
        self.sandbox, self.assignment, self.secret = sandbox, assignment, secret
        self.exercise, self.result, self.forwards = exercise, result, forwards
        self.checks = replayed_checks(exercise)

    def run(self, wrong_needs):
        """Fill in the result. wrong_needs: ids of exercises that this one builds on, and that failed."""
        foreign = [id for id in wrong_needs if id in foreign_needs(self.exercise)]
        if foreign:
            # Its answers are theirs too: any likeness to a variant would be chance.
            self.builds_on(foreign[0])
        else:
            self.match()
            self.carry_forward()
            # Of the same class, and wrong: what has no name here may be wrong because of that.
            found = self.result.mistakes
            if wrong_needs and found and all(m.kind == UNNAMED and not m.note for m in found):
                self.builds_on(wrong_needs[0])
        self.shrink()

    def builds_on(self, id):
        """Say no more of it than that it builds on an exercise that is wrong."""
        sentence = f"It builds on {id}, which is wrong: mend that first."
        self.result.mistakes = [Mistake(BUILDS_ON, "", sentence, [], [], on=id)]

    def process(self, is_shown=False):
        limit = self.exercise.cpu_seconds or self.assignment.limits.cpu_seconds
        return self.sandbox.process("serve", limit, is_shown)

    def match(self):
        """Name the mistakes."""
        got = {}
        with self.process() as process:
            process.load()
            for check in self.checks:
                requests = requests_of(self.exercise, check, self.secret)
                got[check.id] = answers(process.request, requests)
        found, left = self.explanations(got)
        for match in found:
            variant = match.variant
            sentence = f"This is what you get when {variant.what}."
            self.result.mistakes.append(
                Mistake(NAMED, variant.tag, sentence, list(variant.hints), list(match.checks))
            )
        if left:
            self.result.mistakes.append(self.unnamed(got, left))
        self.remember_forward(got, found, left)

    def explanations(self, got):
        """matches() of the answers `got`, of which those to blocked checks only speak for or against what is named.

        What is wrong there and nowhere else may be the doing of what blocks them, and that is to be mended first.
        """
        judged = {result.id for result in self.result.checks if result.status != BLOCKED}
        found, left = matches(self.exercise, got, self.secret)
        found = [match for match in found if judged.intersection(match.checks)]
        return found, left if judged.intersection(left) else {}

    def unnamed(self, got, left):
        """The Mistake for wrong answers that no variant explains."""
        compared = []
        for check in self.checks:
            right = local_answers(None, self.exercise, check, self.secret)
            requests = requests_of(self.exercise, check, self.secret)
            here = comparisons(requests, got[check.id], right)
            # What a named mistake explains is no evidence for or against another.
            compared += [
                comparison
                for i, comparison in enumerate(here)
                if same(got[check.id][i], right[i]) or i in left.get(check.id, ())
            ]
        found = finding(compared)
        answers_left = [got[id][i] for id in left for i in left[id]]
        raised = [answer for answer in answers_left if isinstance(answer, Raised)]
        if found:
            tag, sentence = found.tag, found.sentence
        elif len(raised) == len(answers_left):
            classes = sorted({_class_name(answer) for answer in raised})
            tag, sentence = "raises", f"The code raises {' and '.join(classes)}."
        else:
            tag, sentence = "", UNKNOWN
        behaviour = [_projection(answer) for answer in answers_left]
        return Mistake(UNNAMED, tag, sentence, [], list(left), behaviour)

    def remember_forward(self, got, found, left):
        """Note for the exercises of the backward what is known of this forward."""
        about_forward = [check.id for check in self.checks if not check.carries]
        if not any(f"{name}.forward" in self.exercise.stubs for name in self.exercise.owned):
            return
        wrong = [c.id for c in self.result.checks if c.id in about_forward and c.status == FAIL]
        if not wrong:
            return
        known = [match.variant for match in found if set(match.checks) & set(wrong)]
        is_known = len(known) == 1 and not set(left) & set(wrong)
        behaviour = [_projection(answer) for id in wrong for answer in got[id]]
        for name in self.exercise.owned:
            self.forwards[name] = _Forward(known[0] if is_known else None, behaviour)

    def carry_forward(self):
        """Judge the backward by the student's own forward, where that one is wrong."""
        wrong = [name for name in self.exercise.owned if name in self.forwards]
        by_id = {result.id: result for result in self.result.checks}
        # Those of efficiency too: they were blocked by what may hold now.
        open_checks = [
            check
            for check in self.exercise.checks
            if check.carries and by_id[check.id].status in (FAIL, BLOCKED)
        ]
        if not wrong or not open_checks:
            return
        forward = self.forwards[wrong[0]]
        with self.process() as process:
            process.load()
            held = carried(process, self.exercise, open_checks, self.secret, forward.variant)
        if forward.variant:
            carries = {check.id for check in self.checks if check.carries}
            for check in open_checks:
                # A check that builds on others says nothing without them; but the forward's may fail here.
                builds_on = [by_id[id].status for id in check.after if id in carries]
                if check.id in held and set(builds_on) <= {PASS, CARRIED}:
                    by_id[check.id].status, by_id[check.id].message = CARRIED, CARRIED_FORWARD
            self.forget([id for id, result in by_id.items() if result.status == CARRIED])
        elif all(check.id in held for check in open_checks if not check.efficiency):
            # By the forward: of backwards that fit theirs, no more is known than that.
            self.result.mistakes.append(
                Mistake(UNNAMED, "consistent", "", [], held, forward.behaviour, CONSISTENT)
            )

    def forget(self, ids):
        """Leave out what was found wrong with checks that the error carried forward explains."""
        for mistake in self.result.mistakes:
            mistake.checks = [id for id in mistake.checks if id not in ids]
        self.result.mistakes = [mistake for mistake in self.result.mistakes if mistake.checks]

    def shrink(self):
        """Find the smallest case that shows each failure."""
        by_id = {result.id: result for result in self.result.checks}
        failed = [check for check in self.checks if by_id[check.id].status == FAIL]
        if not failed:
            return
        with self.process(is_shown=True) as process:
            process.load()
            for check in failed:
                smallest = smallest_case(process.request, check)
                by_id[check.id].smallest = smallest and dataclasses.asdict(smallest)


def _projection(answer):
    """A number, as text, that is the same for answers that are: for grouping students."""
    if isinstance(answer, Raised):
        return f"raises {_class_name(answer)}"
    if isinstance(answer, str):
        return "missing"
    values = np.nan_to_num(np.asarray(answer, np.float64), nan=1e3, posinf=1e6, neginf=-1e6)
    weights = np.random.default_rng(zlib.crc32(repr(values.shape).encode())).uniform(0.5, 1.5, values.shape)
    return f"{np.sum(weights * values):.6g}"


def _class_name(raised):
    """How an exception's class is called: Python's own by its name."""
    known = getattr(builtins, raised.type, None)
    is_known = isinstance(known, type) and issubclass(known, BaseException)
    return raised.type if is_known else "an exception of its own"
