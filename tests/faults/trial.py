"""One trial of a fault, and what must hold after it.

- The disturbed run ends as the fault allows, in a sentence and not in a traceback.
- No process of it is left.
- A score that it left is that of the undisturbed run, or a grader error, which is no score.
- The next run, without the fault, ends well. The scores that were left are not written again.
- The result is that of the undisturbed run.
"""

import dataclasses
import json
import random
from collections.abc import Callable

from faults.processes import wait_until_gone
from faults.result import differences, result
from faults.room import Ended


@dataclasses.dataclass(frozen=True)
class Fault:
    """What is done to a run, and how that run may end.

    name; times: how often it is tried in the whole torture. inflict(room, random, part): runs the grader with the
    fault, takes the fault away, returns how the run `Ended`; `part` is a number from 0 to 1 that differs from trial to
    trial and covers that range evenly. statuses: exit statuses that are right. says: what the run has to say if it
    does not end well. state: what it starts from (room.Lab); after: the state whose undisturbed result is expected.
    needs_mounts: only root, or who has user namespaces, can try it. damages: it is the scores that it damages.
    asks_again: whether a person may be asked to look again at what they graded, as after a grader error (result.py).
    """

    name: str
    times: int
    inflict: Callable
    statuses: tuple = (0,)
    says: str = ""
    state: str = "course"
    after: str = "course"
    needs_mounts: bool = False
    damages: bool = False
    asks_again: bool = False


@dataclasses.dataclass(frozen=True)
class Outcome:
    """Of one trial: what is wrong, as sentences; how the disturbed run ended; what was hit, or where the run was."""

    wrong: list
    ended: Ended
    where: str


def try_fault(fault, lab, seed, number, times):
    """The `Outcome` of the trial with that number, of so many."""
    chance = random.Random(f"{seed} {fault.name} {number}")
    expected = lab.undisturbed[fault.after]
    with lab.room(fault.state) as room:
        room.where = ""
        try:
            ended = fault.inflict(room, chance, (number + chance.random()) / times)
        except Exception as error:  # a trial that failed says so; the others go on
            return Outcome([f"{type(error).__name__}: {error}"], Ended(None, ""), room.where)
        wrong = _wrong_end(fault, ended)
        if left := wait_until_gone(room.folder):
            wrong.append(f"these processes are left: {left}")
        kept, doubtful = ([], []) if fault.damages else _scores(room, expected)
        wrong += [f"{path} is neither the undisturbed score nor a grader error" for path in doubtful]
        times_written = {path: path.stat().st_mtime_ns for path in kept}
        following = room.run()
        if following.status != 0 or "Traceback" in following.said:
            wrong.append(f"the next run ended with {following.status}: {following.said[-2000:]}")
        wrong += [
            f"{path.name} was written again"
            for path in kept
            if not path.exists() or path.stat().st_mtime_ns != times_written[path]
        ]
        asks_again = fault.asks_again or ended.status == 1
        wrong += differences(result(room.out), expected, looked_at=not asks_again)
        return Outcome(wrong, ended, room.where)


def _wrong_end(fault, ended):
    wrong = []
    if ended.status not in fault.statuses:
        wrong.append(f"the disturbed run ended with {ended.status}: {ended.said[-2000:]}")
    elif "Traceback" in ended.said:
        wrong.append(f"the disturbed run said a traceback: {ended.said[-2000:]}")
    elif ended.status > 0 and fault.says not in " ".join(ended.said.split()):
        wrong.append(f"the disturbed run did not say “{fault.says}”: {ended.said[-2000:]}")
    return wrong


def _scores(room, expected):
    """(the files with scores of the undisturbed run, names of those with others)."""
    kept, doubtful = [], []
    for path in room.scores():
        name = path.relative_to(room.out).as_posix()
        stored, known = json.loads(path.read_bytes()), expected.get(name)
        if name.startswith("scores/"):
            is_same = path.read_bytes() == known
        else:
            stored = stored["score"]
            is_same = known is not None and stored == known["score"]
        if is_same:
            kept.append(path)
        elif stored["status"] != "grader error":
            doubtful.append(name)
    return kept, doubtful
