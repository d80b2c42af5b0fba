"""docs/faults.md: what came out, as Markdown."""

import collections
import os
import signal

from faults.room import STUDENTS

HEAD = f"""# Faults: killed, out of disk, damaged

`make torture` grades a small class ({STUDENTS} students: right, wrong, broken submissions, a notebook, a zip, three
attempts of one; a roster; a course in which a person has graded before) by the real command line: undisturbed, then
with a fault, then once more without it. It writes this page. `make test` tries a few of them (`tests/test_faults.py`).

After each trial must hold:

- the disturbed run ended in a sentence, not in a traceback, and no process of it is left;
- each score that it left is that of the undisturbed run, or a grader error, which counts as not graded;
- the next run ends well and does not write those scores again;
- **the result is that of the undisturbed run**: every file and folder of the output by its bytes; records without
  times, memory and second tries; the gradebook row by row without its random ids, so with all points, comments, times
  of handing in, and what the person had graded. Nothing else may lie there. (After a grader error, or
  where the score that the points were made of is damaged, nbgrader asks that person to look again.)
"""

TAIL = """
## What is done

- *Killed*: SIGKILL to the process, or to the whole process group, at moments spread over the run: half of them by
  the clock, half by what is written (the n-th score, a table, notebooks, the journal of the gradebook's transaction).
  Another trial hits one worker, or one sandbox from outside, or every worker whenever it has a sandbox.
- *Disk full*: a tmpfs that has room for a part of what is written. *Read-only*: bind mounts, which hold for root too.
- *Damaged*: a third of the files of that kind, each in another way. What can be made again is made again. A gradebook
  holds what people have graded, so a damaged one is named and left alone; the trial then restores it from a copy.
- *Clock*: `time.time` of the grader, its workers and nbgrader jumps by up to a year at each call, and all files have
  odd times. It is a shim in Python (`tests/faults/clock/`): the kernel's own clock is not changed.
- *Two runs*: the second one on an output says that another is grading, or finds all done. Two with one course folder
  and a secret that neither has yet: both use the same one, and one may have to write its gradebook later.

What is not tried: loss of power (files are synced before they are renamed, folders are not), network file systems,
damage to the submissions or to `submitted/` (what is there and was not written by the grader is left as it is, and
said).
"""


def page(found, seed, times):
    """The page. found: {Fault: its Outcomes}; times: how often each was tried at most, None for as often as it says."""
    tried = sum(map(len, found.values()))
    wrong = sum(bool(outcome.wrong) for outcomes in found.values() for outcome in outcomes)
    lines = [
        HEAD,
        f"## What came out: {tried} trials, {wrong} wrong",
        "",
        f"On {len(os.sched_getaffinity(0))} cores, two trials at a time, with seed {seed} "
        f"(`cd tests && python -m faults --seed {seed}{f' --times {times}' if times else ''}`). "
        "Where a run is at a moment depends on the machine.",
        "",
        "| fault | tried | how the disturbed run ended | where it was | same result afterwards |",
        "| --- | ---: | --- | --- | ---: |",
        *(_row(fault, outcomes) for fault, outcomes in found.items()),
    ]
    for fault, outcomes in found.items():
        wrong = [sentence for outcome in outcomes for sentence in outcome.wrong]
        lines += [f"\nWrong after *{fault.name}*: {wrong[0].splitlines()[0][:300]}"] if wrong else []
    return "\n".join(lines) + "\n" + TAIL


def _row(fault, outcomes):
    ends = _counts(_ending(fault, outcome.ended.status) for outcome in outcomes)
    places = collections.Counter(outcome.where for outcome in outcomes if outcome.where)
    where = _counts(places.elements()) if len(places) <= 6 else f"{len(places)} places"
    right = sum(not outcome.wrong for outcome in outcomes)
    return f"| {fault.name} | {len(outcomes)} | {ends} | {where} | {right} |"


def _ending(fault, status):
    if status is None:
        return "the trial failed"
    if status < 0:
        return f"by {signal.Signals(-status).name}"
    if status == 0:
        return "well"
    return f"exit status {status}" + (f", “{fault.says}”" if fault.says else "")


def _counts(words):
    return "; ".join(f"{word} {count}×" for word, count in collections.Counter(words).most_common())
