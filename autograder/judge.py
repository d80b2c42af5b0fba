"""Judges one submission: runs every check against its sandbox, and turns the outcomes into points.

A check ends as pass, fail, blocked (by another check or exercise that failed) or grader error. A grader
error is never a student's zero: the exercise then has no score. A check of a backward may also end as
carried: it holds for the student's own forward, whose mistake is a known one (diagnosis/).
"""

import builtins
import dataclasses
import graphlib
import re
import time
import traceback

from autograder.compare import Mismatch
from autograder.draw import Draw
from autograder.losses import shown_losses
from autograder.sandbox.session import STARVED, StudentError
from autograder.student import Edf

PASS, CARRIED, FAIL, BLOCKED, GRADER_ERROR = "pass", "carried", "fail", "blocked", "grader error"

TIME_IS_UP = "submission"  # nothing was run: that of the whole submission is used up
# What a blank stub of the skeleton raises (skeleton.py writes it).
STILL_BLANK = re.compile(r"exercise '(\w+)': (\S+) is still to be written")
PLACE = re.compile(r"(edf\.py, line \d{1,5}), in ")  # of a line of the student's, as the sandbox says it


@dataclasses.dataclass
class CheckResult:
    """How one check ended.

    message: for the student; detail: for the instructor; ran: False if it failed because the code did not
    get to its end, rather than because of what came out. blank: whether what it needs is still to be written.
    survived: False if its process ended. smallest: see diagnosis/smallest.py, as a dict, or None. efficiency: whether
    it is about the work that is done, not about results. remark: of one of these that passed, what it has to say.
    stopped: what stopped the code (StudentError.stopped, or TIME_IS_UP), or "". Of one that is blocked, blocked_by: id
    of the check of this exercise; or on: id of the exercise, because: what was seen here, or "".
    """

    id: str
    description: str
    weight: int
    status: str
    message: str = ""
    detail: str = ""
    ran: bool = True
    blank: bool = False
    survived: bool = True
    smallest: dict | None = None
    efficiency: bool = False
    remark: str = ""
    stopped: str = ""
    blocked_by: str = ""
    on: str = ""
    because: str = ""


@dataclasses.dataclass
class ExerciseResult:
    """How one exercise ended. unusable: its code could not be run at all, so nothing can build on it.
    mistakes: what is wrong with it (diagnosis.diagnose.Mistake), if something is."""

    id: str
    points: float
    extra_credit: bool
    status: str
    score: float | None
    message: str
    checks: list
    unusable: bool = False
    mistakes: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Judgement:
    """All exercises of a submission in the assignment's order, and what is kept only for the record.

    import_error: why the submission could not be loaded at all, or None; import_stopped: what stopped it then, as in
    CheckResult. output: what each exercise's processes printed. cpu_seconds: what each used. peak_memory_kb: of the
    largest process. diagnosis_faults: what went wrong while the failures were explained, which changes no points.
    training: of each training run, by exercise and check, the losses as students may see them (losses.py).
    """

    exercises: list
    import_error: str | None
    output: dict
    cpu_seconds: dict
    peak_memory_kb: int = 0
    diagnosis_faults: list = dataclasses.field(default_factory=list)
    training: dict = dataclasses.field(default_factory=dict)
    import_stopped: str = ""


def judge(sandbox, assignment, secret):
    """Run the assignment's checks in `sandbox` (session.Sandbox), inspected and without syntax errors.

    secret: bytes that draw the hidden inputs.
    """
    judgement = Judgement([], None, {}, {})
    results = {}
    started = time.monotonic()
    for exercise in in_order_of_needs(assignment.exercises):
        if judgement.import_error is not None:
            reason, stopped = judgement.import_error, judgement.import_stopped
            results[exercise.id] = failed_exercise(exercise, assignment, reason, stopped=stopped)
            continue
        if reason := _out_of_time(sandbox, assignment.limits, time.monotonic() - started):
            results[exercise.id] = failed_exercise(exercise, assignment, reason, stopped=TIME_IS_UP)
            continue
        runner = _Runner(sandbox, exercise, assignment, secret, judgement)
        results[exercise.id] = runner.result(results)
    judgement.exercises = [results[exercise.id] for exercise in assignment.exercises]
    judgement.peak_memory_kb = sandbox.peak_memory_kb
    return judgement


def _out_of_time(sandbox, limits, elapsed):
    """Why no further exercise of a submission is run; None while there is time left for it."""
    if sandbox.cpu_seconds >= limits.submission_cpu_seconds:
        return f"not run: the exercises before it used all {limits.submission_cpu_seconds:g} s of CPU time"
    if elapsed >= (wall := limits.wall_seconds(limits.submission_cpu_seconds)):
        sandbox.starved |= sandbox.cpu_seconds > STARVED * wall
        return f"not run: the exercises before it took {wall:g} s, all that there is"
    return None


def in_order_of_needs(exercises):
    """The exercises, each after those of them that it needs; otherwise in their order."""
    by_id = {exercise.id: exercise for exercise in exercises}
    sorter = graphlib.TopologicalSorter()
    for exercise in exercises:
        sorter.add(exercise.id, *(id for id in exercise.needs if id in by_id))
    return [by_id[id] for id in sorter.static_order()]


def failed_exercise(exercise, assignment, message, status=FAIL, **about):
    """The result of an exercise none of whose checks could run, for one and the same reason. about: of CheckResults."""
    checks = [_ended(check, status, message, ran=False, **about) for check in exercise.checks]
    return _scored(exercise, assignment, checks, message)


class _Runner:
    """Runs the checks of one exercise, in a process of its own."""

    def __init__(self, sandbox, exercise, assignment, secret, judgement):
        self.sandbox, self.exercise, self.assignment = sandbox, exercise, assignment
        self.secret, self.judgement = secret, judgement
        self._efficiency = assignment.efficiency.get(exercise.id, 0)

    def result(self, results):
        """The exercise's result; `results`: those of the exercises before it."""
        needed = [results[id] for id in self.exercise.needs if id in results]
        if unusable := [r.id for r in needed if r.unusable]:
            root = self._root(unusable[0], results)
            message = f"blocked by {unusable[0]}, which could not be run"
            if root != unusable[0]:
                message = f"blocked by {root}: with it as it is, {unusable[0]} could not be run"
            return failed_exercise(self.exercise, self.assignment, message, BLOCKED, on=root)
        checks = []
        shared = [c for c in self.exercise.checks if c.cpu_seconds is None]
        limit = self.exercise.cpu_seconds or self.assignment.limits.cpu_seconds
        self._run(shared, limit, checks)
        for check in self.exercise.checks:
            if check.cpu_seconds is not None:
                self._run([check], check.cpu_seconds, checks)
        if not self.exercise.stubs:
            checks = _blame(checks, needed)
        return _scored(self.exercise, self.assignment, checks)

    def _root(self, id, results):
        """The first exercise that failed among those that exercise `id` needs; or itself, if it is to blame alone."""
        [exercise] = (e for e in self.assignment.exercises if e.id == id)
        failed = [
            need for need in exercise.needs if need in results and results[need].status in (FAIL, BLOCKED)
        ]
        return failed[0] if failed else id

    def _run(self, checks, cpu_seconds, done):
        """Run `checks` in one process; append their results to `done`."""
        checks = list(checks)
        while checks and (other := _prevented(checks[0], done)):
            done.append(_blocked(checks.pop(0), other))
        if not checks:
            return
        is_shown = all(check.is_public for check in checks)
        with self.sandbox.process("serve", cpu_seconds, is_shown) as process:
            try:
                process.load()
            except StudentError as error:
                # The first load speaks for the submission: what fails here fails everywhere.
                message = f"edf.py can't be imported: {explain(error)}"
                if not self.judgement.cpu_seconds:
                    self.judgement.import_error, self.judgement.import_stopped = message, error.stopped
                done += [_ended(check, FAIL, message, ran=False, stopped=error.stopped) for check in checks]
                checks = []
            lost = ""
            for check in checks:
                if lost:
                    done.append(_blocked(check, lost, ": the process did not survive it"))
                    continue
                if other := _prevented(check, done):
                    done.append(_blocked(check, other))
                    continue
                result, alive = self._run_one(check, process)
                if check.efficiency and result.status == FAIL and not self._efficiency:
                    result.status = PASS
                if check.efficiency and result.status == PASS and result.message:
                    result.remark = result.message
                    result.message = f"a remark, it costs no points: {result.remark}"
                done.append(result)
                if not alive:
                    result.survived = False
                    lost = check.id
        self._keep(process)

    def _run_one(self, check, process):
        """(result of one check, whether its process can go on)."""
        edf = Edf(process.request)
        edf.fresh()
        try:
            return self._judge_one(check, edf)
        finally:
            if edf.losses:
                kept = self.judgement.training.setdefault(self.exercise.id, {})
                kept[check.id] = shown_losses(edf.losses)

    def _judge_one(self, check, edf):
        try:
            remark = check.run(edf, Draw(self.secret, self.exercise.id, check.id))
        except Mismatch as error:
            return _ended(check, FAIL, error.message, error.detail), True
        except StudentError as error:
            alive = error.process_lives
            blank = STILL_BLANK.search(error.message) if error.type == "NotImplementedError" else None
            blank = blank if blank and blank[2] in self.assignment.stubs else None
            if blank and blank[1] != self.exercise.id and blank[1] in self.assignment.points:
                return _blamed(_ended(check, BLOCKED, f"{blank[2]} is not written yet"), blank[1]), alive
            if blank:
                return _ended(check, FAIL, f"{blank[2]} is not written yet", ran=False, blank=True), alive
            said, detail = _without_quotes(error), explain(error)
            return _ended(check, FAIL, said, detail, ran=False, stopped=error.stopped), alive
        except Exception:
            # The check itself is broken: an instructor must look, no student may pay for it.
            return _ended(check, GRADER_ERROR, "the grader failed here", traceback.format_exc()), True
        return _ended(check, PASS, remark or ""), True

    def _keep(self, process):
        id = self.exercise.id
        self.judgement.output[id] = self.judgement.output.get(id, "") + process.output
        self.judgement.cpu_seconds[id] = self.judgement.cpu_seconds.get(id, 0.0) + process.cpu_seconds


def explain(error):
    """A StudentError in a sentence, with the place in the student's files: for the student only if it was raised
    before any input was sent, since its text, its class and its frames are of the student's making."""
    return f"{error.message} ({error.where[-1]})" if error.where else error.message


def _without_quotes(error):
    """The same, without what could carry a hidden input out: what Python calls it, and the line of edf.py."""
    if error.kind == "protocol":
        return error.message.partition(":")[0]
    if error.type is None:
        return error.message
    known = getattr(builtins, error.type, None)
    is_known = isinstance(known, type) and issubclass(known, BaseException)
    name = error.type if is_known else "an exception of its own"
    lines = [place[1] for place in map(PLACE.match, error.where) if place]
    return f"the code raises {name} ({lines[-1]})" if lines else f"the code raises {name}"


def _ended(check, status, message, detail="", **about):
    about["efficiency"] = check.efficiency
    return CheckResult(check.id, check.description, check.weight, status, message, detail, **about)


def _blocked(check, other, more=""):
    """The result of a check that can't run after another one, by its id."""
    return _ended(check, BLOCKED, f"blocked by {other}{more}", blocked_by=other)


def _blamed(result, exercise):
    """A result that is another exercise's fault: what its message says was seen here."""
    because, message = result.message, f"blocked by {exercise}: {result.message}"
    return dataclasses.replace(result, status=BLOCKED, message=message, on=exercise, because=because)


def _prevented(check, done):
    """Id of the check without which `check` can't say anything, after the results so far; None if it can."""
    failed = [result.id for result in done if result.id in check.after and result.status != PASS]
    return failed[0] if failed else None


def _blame(checks, needed):
    """The results of an exercise that only runs what others wrote: a failure is theirs, if one of them is wrong."""
    at_fault = [
        result.id
        for result in needed
        if result.status in (FAIL, BLOCKED)
        and any(check.status in (FAIL, BLOCKED) for check in result.checks if not check.efficiency)
    ]
    if not at_fault:
        return checks
    return [_blamed(result, at_fault[0]) if result.status == FAIL else result for result in checks]


def rescored(exercise, assignment, result):
    """An exercise's result after the statuses of its checks have changed."""
    return dataclasses.replace(_scored(exercise, assignment, result.checks), mistakes=result.mistakes)


def worth(id, checks, assignment):
    """[(points that it is worth, points that it earns)] of each of the `checks` (CheckResults) of exercise `id`.

    The exercise's points, without those for efficiency, are shared out by the weights of its checks, and these by those
    of the checks of efficiency: without such points they count for nothing.
    """
    points, efficiency = assignment.points[id], assignment.efficiency.get(id, 0)
    shared = {False: points - efficiency, True: efficiency}
    weights = {kind: sum(check.weight for check in checks if check.efficiency is kind) for kind in shared}
    parts = {PASS: 1, CARRIED: assignment.carried_forward}
    found = []
    for check in checks:
        possible = shared[check.efficiency] * check.weight / weights[check.efficiency]
        found.append((possible, possible * parts.get(check.status, 0)))
    return found


def _scored(exercise, assignment, checks, message=None):
    """The exercise's result, by those of its checks. A grader error leaves no score."""
    worths = worth(exercise.id, checks, assignment)
    # A check without points is a remark; but what the grader could not judge is never passed over.
    statuses = [
        check.status
        for check, (possible, _) in zip(checks, worths)
        if possible or check.status == GRADER_ERROR
    ]
    status = next((s for s in (GRADER_ERROR, FAIL, BLOCKED, CARRIED) if s in statuses), PASS)
    earned = sum(earned for _, earned in worths)
    points = assignment.points[exercise.id]
    if message is None:
        message = next((check.message for check in checks if check.status == status), "")
    return ExerciseResult(
        id=exercise.id,
        points=points,
        extra_credit=exercise.id in assignment.extra_credit,
        status=status,
        score=None if status == GRADER_ERROR else round(earned, 2),
        message=message,
        checks=checks,
        # What the grader could not judge blocks nothing: no student may pay for that.
        unusable=status in (FAIL, BLOCKED)
        and not earned
        and all(not c.ran for c in checks if c.status == FAIL),
    )
