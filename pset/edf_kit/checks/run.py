"""check, in a notebook or from pytest: does what the student wrote do what it should?

It needs no reference: results are held against examples done by hand, gradients against small differences of the
student's own forward. The graph that the student has built is left as it was.
"""

import contextlib
import dataclasses
import difflib
import json
import sys
import textwrap
import warnings
from pathlib import Path

import numpy as np

from edf_kit.checks.calls import Printed, Stopped, in_notebook, student_code
from edf_kit.checks.compare import WIDTH, CheckFailed, wrapped
from edf_kit.checks.exercise import EXERCISES, student_module

# Each registers its exercises.
from edf_kit.checks import conv2, eager, graph, ops, training  # isort: skip  # noqa: F401

RELEASE = Path(__file__).parent.with_name("release.json")
INDENT = {"initial_indent": "  ", "subsequent_indent": "  "}
GROUPS = {"conv2": ("conv2_forward", "conv2_image", "conv2_kernel")}


class UnknownName(ValueError):
    """A name that is no exercise's; the message lists those that are."""

    def _render_traceback_(self):
        # What IPython shows in place of a traceback.
        return wrapped(str(self)).splitlines()


@dataclasses.dataclass(frozen=True)
class Result:
    """How one exercise did. count: of its checks. failure: None, or the CheckFailed of the first that failed.
    remark: what it reached, or "". warning: what is right and may yet cost points, or ""."""

    id: str
    title: str
    count: int
    failure: CheckFailed | None = None
    remark: str = ""
    warning: str = ""

    @property
    def line(self):
        """The result in one line, and its warning, if there is one, in lines below."""
        return self._fitted(f"{self.sign} {self.id}: {self.verdict}", WIDTH)

    def line_after(self, name):
        """The result as what ends a line that begins with `name`."""
        return self._fitted(f"{self.sign} {self.verdict}", WIDTH - len(name))

    def _fitted(self, text, width):
        if self.failure:
            return textwrap.shorten(text, width, placeholder=" …")
        return "\n".join([text, *textwrap.wrap(self.warning, WIDTH, **INDENT)])

    @property
    def sign(self):
        """✓ for right, ✗ for wrong, · for not there yet, ‖ for blocked by an exercise that is not right."""
        if self.failure is None:
            return "✓"
        return "‖" if self.failure.is_blocked else "·" if self.failure.blank else "✗"

    @property
    def verdict(self):
        """What the line says of the exercise."""
        if self.failure is None:
            checks = f"{self.count} check{'s' * (self.count != 1)}"
            return f"{self.title}, {self.remark or checks}"
        if self.failure.blank == self.id:
            return "still to be written"
        return self.failure.sentence.removeprefix(f"{self.id} is ")


def check(*names):
    """Check exercises by id, "conv2" for its three, or all of them; print a line for each that passes.

    Raises CheckFailed, whose message says what is wrong, shows the smallest case that fails, and gives a hint;
    UnknownName, a ValueError, for a name that is none.
    """
    __tracebackhide__ = True
    ids = exercise_ids(*names)

    def tell(result):
        # A single failure is told by the exception.
        if result.failure is None or len(ids) > 1:
            _say(result.line)

    _check_each(ids, tell)


def check_announced(*names):
    """The same, with the name of each exercise printed before its check runs: in a terminal, where it may take
    long. Raises as `check` does, and Stopped."""
    ids = exercise_ids(*names)
    width = max(map(len, ids)) + 2
    heads = {id: f"  {id:<{width}}" for id in ids}
    _check_each(
        ids, lambda result: _say(result.line_after(heads[result.id])), lambda id: _say(heads[id], end="")
    )


def _check_each(ids, tell, announce=None):
    """Check exercises in turn. tell: called with each Result; announce: with each id, before its check."""
    __tracebackhide__ = True
    printed, failures = Printed(), []
    try:
        for id in ids:
            if announce:
                announce(id)
            with printed.instead():
                result = _run(id)
            tell(result)
            if result.failure:
                failures.append(result.failure)
    except Stopped:
        if announce:
            _say("…")  # the end of its line
        raise
    finally:
        _say_printed(printed)
    if failures:
        # Rather what is wrong than what that blocks, or what is not there yet.
        raise min(failures, key=lambda failure: (bool(failure.blank), failure.is_blocked))


def run_check(name):
    """The Results of an exercise, or of a group of them, as a list; nothing is printed or raised."""
    with Printed().instead():
        return [_run(id) for id in exercise_ids(name)]


def exercise_ids(*names):
    """The ids that these names stand for; of all exercises of this release, if there are none.

    Raises UnknownName.
    """
    if not names:
        released = []
        if RELEASE.exists():
            release = json.loads(RELEASE.read_text(encoding="utf-8"))
            released = [exercise["id"] for exercise in release["exercises"]]
        return [id for id in released if id in EXERCISES] or list(EXERCISES)
    found = []
    for name in names:
        if name not in EXERCISES and name not in GROUPS:
            known = [*EXERCISES, *GROUPS]
            lower = {id.lower(): id for id in known}
            near = difflib.get_close_matches(str(name).lower(), lower, n=1)
            guess = f" Did you mean {lower[near[0]]!r}?" if near else ""
            raise UnknownName(f"There is no exercise {name!r}.{guess} There are: {', '.join(known)}.")
        found += GROUPS.get(name, [name])
    return list(dict.fromkeys(found))


def show_gradient(name):
    """Draw the gradient check of an exercise's operation on one small case: a picture for each input.

    It shows the student's gradient beside central differences of the student's forward, and names the first
    element that is wrong. Says what to do where there is nothing to draw yet. UnknownName for a name that is none,
    or of an exercise without a gradient.
    """
    __tracebackhide__ = True
    for id in exercise_ids(name):
        # conv2_forward has no gradient of its own, but is part of conv2.
        if name in GROUPS and EXERCISES[id].picture is None:
            continue
        printed = Printed()
        try:
            with printed.instead():
                pictures = gradient_pictures(id)
        except CheckFailed as failure:
            _say(str(failure))
            continue
        finally:
            _say_printed(printed)
        for picture in pictures:
            if in_notebook():
                from IPython.display import display

                display(picture)
            else:
                _say(picture.caption)


def gradient_pictures(id):
    """The pictures of show_gradient, one for each input that has a gradient. Raises CheckFailed, UnknownName."""
    from edf_kit.pictures.layout import KERNEL
    from edf_kit.pictures.plots import comparison_figure

    make = EXERCISES[id].picture
    if make is None:
        known = ", ".join(exercise.id for exercise in EXERCISES.values() if exercise.picture)
        raise UnknownName(f"{id} has no gradient to show. These have: {known}.")
    with student_code(id), _undisturbed():
        op, found = make()
    return [
        comparison_figure(
            analytic, numeric, f"{op}: gradient to {to}", failing, KERNEL if to == "k" else None
        )
        for to, analytic, numeric, failing in found
    ]


def _run(id):
    exercise = EXERCISES[id]
    for needed in exercise.needs:
        failure, _, _ = _first_failure(EXERCISES[needed])
        if failure:
            return Result(id, exercise.title, len(exercise.checks), _waits_for(id, needed, failure))
    failure, remark, warning = _first_failure(exercise)
    if failure and failure.blank not in (None, id):
        failure = _waits_for(id, failure.blank, failure)
    return Result(id, exercise.title, len(exercise.checks), failure, remark, warning)


def _waits_for(id, needed, failure):
    """The failure of an exercise that is blocked by another, which failed."""
    state = "is still to be written" if failure.blank else "fails its own checks"
    sentence = f"{id} is blocked by {needed}, which {state}."
    hint = f'check("{needed}") says what to do there.'
    return CheckFailed(sentence, hint=hint, blank=failure.blank, is_blocked=True)


def _first_failure(exercise):
    """(CheckFailed of the first check of an exercise that fails, or None; remarks of those that passed; warnings)."""
    __tracebackhide__ = True
    said = {False: [], True: []}
    for check in exercise.checks:
        try:
            with student_code(exercise.id), _undisturbed():
                said[check.warns].append(check.run())
        except CheckFailed as failure:
            failure.hint = failure.hint or ("" if failure.blank else check.hint)
            return failure, "", ""
    return None, *(" ".join(filter(None, texts)) for texts in said.values())


@contextlib.contextmanager
def _undisturbed():
    """For a while the graph is empty; afterwards it is as it was. Warnings of numpy's are not shown."""
    edf = student_module()
    lists = {name: getattr(edf, name) for name in ("ops", "params", "values")}
    kept = {name: nodes[:] for name, nodes in lists.items()}
    # In a notebook, a `reset` that makes new lists gives them the names there.
    spaces = vars(edf), getattr(getattr(edf, "reset", None), "__globals__", {})
    named = [(space, name) for space in spaces for name in lists if space.get(name) is lists[name]]
    try:
        for nodes in lists.values():
            nodes[:] = []
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            yield
    finally:
        for name, nodes in lists.items():
            nodes[:] = kept[name]
        for space, name in named:
            space[name] = lists[name]


def _say_printed(printed):
    """Print what is kept of what the student's code printed, if it did."""
    if text := str(printed):
        _say(text)


def _say(text, end="\n"):
    """Print, also where the terminal's encoding lacks a sign or two."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    print(text.encode(encoding, "replace").decode(encoding), end=end, flush=True)
