"""One attack on a grader without some of its layers: python -m attacks.weakened, in a container that ablation.py makes.

The layers are taken away by hooks in this process; nothing in the grader knows of it.
"""

import concurrent.futures
import contextlib
import io
import json
import multiprocessing
import os
import struct
import sys
import tempfile
import types
from pathlib import Path

from attacks import load_attacks
from attacks.attack import AS_BLANK
from attacks.grading import INNOCENTS, Run, hand_in, write_assignment
from attacks.world import World
from autograder import run as running
from autograder.assignment import Limits
from autograder.cli import main
from autograder.sandbox import landlock, policy, visible
from autograder.sandbox.choose import STACKS

ISOLATION, SECCOMP, LIMITS = LAYERS = ("isolation", "seccomp", "limits")
ALLOW_ALL = struct.pack("HBBI", 0x06, 0, 0, 0x7FFF0000)
WALL_SECONDS = 10
SECONDS = 60  # for one try
TMP_BYTES = 400 << 20  # without limits; the container has little more
# What isolates in confinement.lock: the rest of it is seccomp, and the process's end.
ISOLATING = (
    "    _restrict_files(paths)\n",
    "    _drop_privileges(user)\n",
    "    _prctl(PR_SET_DUMPABLE, 0)\n",
)


def weaken(name, kept):
    """Leave of a stack no layers but those that are `kept`."""
    stack = STACKS[name]
    Limits.wall_seconds = lambda self, cpu_seconds: WALL_SECONDS
    if ISOLATION not in kept:
        folder = Path(tempfile.mkdtemp())
        files = {path.name: path for path in visible.INSIDE}
        text = files["confinement.py"].read_text()
        for line in ISOLATING:
            assert line in text
            text = text.replace(line, "")
        (folder / "confinement.py").write_text(text)
        landlock.INSIDE = [*(files | {"confinement.py": folder / "confinement.py"}).values()]
        stack.start, stack.end = landlock.start, landlock.end
    if SECCOMP not in kept:
        policy.template_filter = stack.child_filter = lambda: ALLOW_ALL
    if LIMITS not in kept:
        Limits.rlimits = lambda self, cpu_seconds: {}
        start = stack.start
        stack.start = lambda submission, control, packages, tmp_bytes, scratch=None: start(
            submission, control, packages, TMP_BYTES, scratch
        )


def grade(world, name, attack):
    """Grade this attack alone, without a gradebook but for those that need it: its Evidence."""
    hand_in([attack], world, world.folder / "submitted", INNOCENTS if attack.among_others else {})
    out = world.folder / "home" / "out"
    arguments = ["grade", world.folder / "submitted", "--out", out, "--sandbox", name, "--jobs", "1"]
    arguments += ["--assignment", write_assignment(world), "--secret", world.course_secret]
    if attack.family != "output":  # it takes longest, and no layer of the sandbox touches it
        running._write_course = lambda *_: None
    with contextlib.redirect_stdout(io.StringIO()) as said:
        status = main([*map(str, arguments)])
    return Run(name, world, out, status, said.getvalue(), 0, 0, set(), world.changes()).evidence(attack)


def harm(evidence, refusals):
    """What an attack achieved, in words; None if it failed.

    refusals: {what is attempted: how that went with all layers}: to be refused in another way is to be refused, too.
    """
    run, attack = evidence.run, evidence.attack
    if run.status != 0:
        return f"the grader ended with status {run.status}"
    if evidence.status == "grader error":
        return f"a grader error: {evidence.messages[:200]}"
    if run.changes:
        return run.changes[0]
    if evidence.leaked:
        return f"saw the canary in: {evidence.leaked[0]}"
    if attack.ends == AS_BLANK and evidence.points > 0:
        return f"earned {evidence.points} points"
    found = {
        what: {"done"} if "done" in said else set(refusals.get(what, said))
        for what, said in evidence.attempts.items()
    }
    try:
        attack.proof(_View(evidence, refusals | found))
    except AssertionError as error:
        done = [what for what, said in found.items() if said == {"done"} != set(refusals.get(what, ()))]
        return f"done: {done[0]}" if done else f"no proof: {str(error)[:100]}"
    except Exception as error:
        return f"no proof: {type(error).__name__}"
    return None


class _View(types.SimpleNamespace):
    """Evidence, with other attempts."""

    def __init__(self, evidence, attempts):
        super().__init__(attempts=attempts)
        self._evidence = evidence

    def __getattr__(self, name):
        return getattr(self._evidence, name)


def try_once(name, stack, kept, refusals):
    """(harm, attempts) of an attack on a grader of which these layers are kept; in a process that is new."""
    attack = load_attacks()[name]
    os.utime(os.devnull)  # the machine's own: it may have the mark of an earlier try
    weaken(stack, kept)
    with World() as world:
        evidence = grade(world, stack, attack)
        found = {what: sorted(said) for what, said in evidence.attempts.items()}
        known = found if kept == LAYERS else refusals
        return harm(evidence, {what: set(said) for what, said in known.items()}), found


class Book:
    """A file of what came out, a line for each try: so that nothing is lost when an attack ends everything."""

    def __init__(self, path):
        self.path = path
        lines = map(json.loads, path.read_text().splitlines())
        self.tries = {(stack, tuple(kept)): (harm, attempts) for stack, kept, harm, attempts in lines}

    def write(self, stack, kept, harm, attempts):
        with open(self.path, "a") as file:
            file.write(json.dumps([stack, kept, harm, attempts]) + "\n")
        self.tries[stack, kept] = harm, attempts

    def harm(self, attack, stack, kept):
        """What the attack achieves if these layers are kept; tried, unless it is known."""
        if (stack, kept) not in self.tries:
            self.write(stack, kept, "everything ended", {})
            _, refusals = self.tries.get((stack, LAYERS), (None, {}))
            with concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context("fork")) as executor:
                future = executor.submit(try_once, attack.name, stack, kept, refusals)
                try:
                    self.write(stack, kept, *future.result(SECONDS))
                except concurrent.futures.BrokenExecutor:
                    self.write(stack, kept, "the grader was killed", {})
                except TimeoutError:
                    self.write(stack, kept, "it never ended", {})
                    os._exit(1)  # all of it: the next tries are another process's
        return self.tries[stack, kept][0]


def examine(attack, book):
    """Try the attack on graders with fewer and fewer layers, as far as it is not known what comes of that.

    What some layers stop, more of them stop, too.
    """
    first = next(iter(STACKS))
    for stack in STACKS:
        book.harm(attack, stack, LAYERS)
    if book.harm(attack, first, ()) is None:
        return
    for stack in STACKS:
        alone = {layer: book.harm(attack, stack, (layer,)) is None for layer in LAYERS}
        for layer in LAYERS:
            rest = tuple(each for each in LAYERS if each != layer)
            if not any(alone[each] for each in rest):
                book.harm(attack, stack, rest)


if __name__ == "__main__":
    examine(load_attacks()[sys.argv[1]], Book(Path(sys.argv[2])))
