"""Which layer stops which attack: each attack on graders without some of their layers, as a table.

Each one runs in a container of its own, in which there is no more to destroy than what the attack is given: a process
namespace, a network and temporary folders of its own, all else read-only, no user but one.
"""

import collections
import concurrent.futures
import dataclasses
import functools
import os
import subprocess
import sys

from attacks.weakened import ISOLATION, LAYERS, LIMITS, SECCOMP, Book
from autograder.paths import ROOT
from autograder.sandbox.bubblewrap import bwrap
from autograder.sandbox.choose import STACKS

SECONDS = 300  # for all tries from one that ended everything to the next
DISK = 800 << 20
NAMES = {ISOLATION: {"bubblewrap": "namespaces", "landlock": "Landlock"}, SECCOMP: {}, LIMITS: {}}
ENVIRONMENT = {"PYTHONPATH": f"{ROOT / 'tests'}:{ROOT}:{ROOT / 'pset'}", "OPENBLAS_NUM_THREADS": "1"}


@dataclasses.dataclass
class Finding:
    """What stops an attack. harms: {(stack, layers that are kept): what it achieved, or None}, of what was tried."""

    attack: object
    harms: dict

    @property
    def is_graders(self):
        """Whether it fails with no sandbox at all."""
        return any(harm is None for (_, kept), harm in self.harms.items() if not kept)

    def alone(self, stack):
        """The layers of a stack that stop it without the others."""
        return [layer for layer in LAYERS if self.harms[stack, (layer,)] is None]

    def needed(self, stack):
        """The layers without which it gets through, whatever the others do."""
        rest = {layer: tuple(each for each in LAYERS if each != layer) for layer in LAYERS}
        return [layer for layer in LAYERS if self.harms.get((stack, rest[layer])) is not None]

    @property
    def through(self):
        """What it achieves with all layers, by stack: there should be nothing."""
        return [f"{stack}: {harm}" for (stack, kept), harm in self.harms.items() if kept == LAYERS and harm]


def examine(attack, books):
    """The Finding on one attack. books: folder for what came out; what is in there is not tried again."""
    (path := books / attack.name).touch()
    known = -1
    while known < len(Book(path).tries):  # it goes on where an attack ended everything
        known = len(Book(path).tries)
        command = [
            bwrap(),
            *"--unshare-all --unshare-user --uid 0 --gid 0 --die-with-parent".split(),
            *("--new-session", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "--chdir", "/"),
            *("--size", str(DISK), "--tmpfs", "/tmp", "--size", str(DISK), "--tmpfs", "/var/tmp"),
            *("--bind", str(path), "/tmp/book", "--clearenv"),
            *(word for name, value in ENVIRONMENT.items() for word in ("--setenv", name, value)),
            *("--setenv", "PATH", os.environ["PATH"], "--"),
            *(sys.executable, "-B", "-m", "attacks.weakened", attack.name, "/tmp/book"),
        ]
        try:
            done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=SECONDS)
        except subprocess.TimeoutExpired:  # it stopped even who looks at the time; that try is in the book
            continue
        if done.returncode == 0:
            break
        if "Traceback" in done.stderr:
            raise RuntimeError(f"{attack.name}: {done.stderr[-2000:]}")
    tries = Book(path).tries
    return Finding(attack, {key: harm for key, (harm, _) in tries.items()})


def examine_all(attacks, books, jobs, report=print):
    """The Findings on these attacks, in their order."""
    with concurrent.futures.ThreadPoolExecutor(jobs) as executor:
        found = executor.map(functools.partial(examine, books=books), attacks)
        findings = []
        for finding in found:
            report(_line(finding))
            findings.append(finding)
        return findings


def _line(finding):
    cells = [f"{stack}: alone {' / not without '.join(_cells(finding, stack))}" for stack in STACKS]
    return f"{finding.attack.name}: {'; '.join(['GETS THROUGH', *finding.through] if finding.through else cells)}"


HEAD = """\
# Attacks, and what stops them

Made by `cd tests && python -m attacks`; {count} attacks, each a submission in `tests/attacks/`. With all layers each of
them fails on both stacks. Here each has been tried on graders without some of their layers, in a container:

- **alone**: the layers each of which stops it without the others. "any" are all three, "the grader" is none: what is
  on this side of the boundary stops it with no sandbox at all (frames, judge, intake, the escaping of texts).
- **not without**: the layers without which it gets through, whatever the others do.

namespaces / Landlock: what isolates, with the user that has no rights. seccomp: both filters. limits: those of
resources. That an attack is stopped by one layer says nothing against the others: they hold where the first has a hole.

{graders} of them need no sandbox to fail. Of the others:
"""


def markdown(findings):
    """The page: a table for each family."""
    families = collections.defaultdict(list)
    for finding in findings:
        families[finding.attack.family.strip("_")].append(finding)
    others = [finding for finding in findings if not finding.is_graders]
    parts = [HEAD.format(count=len(findings), graders=len(findings) - len(others)), *_summary(others)]
    for family, members in families.items():
        parts.append(f"\n## {family.replace('_', ' ').capitalize()}\n")
        parts.append(
            "| a submission that … | bubblewrap: alone | not without | landlock: alone | not without |"
        )
        parts.append("| --- | --- | --- | --- | --- |")
        parts += [_row(finding) for finding in members]
    return "\n".join(parts) + "\n"


def _summary(findings):
    """The lines of a table: how many attacks a layer stops alone, and how many get through without it."""
    yield "| stack | layer | stops alone | nothing else stops |"
    yield "| --- | --- | ---: | ---: |"
    for stack in STACKS:
        for layer in LAYERS:
            alone = sum(layer in finding.alone(stack) for finding in findings)
            needed = sum(layer in finding.needed(stack) for finding in findings)
            yield f"| {stack} | {_named([layer], stack)} | {alone} of {len(findings)} | {needed} |"


def _row(finding):
    tries = " ".join(finding.attack.tries.split()).replace("|", r"\|")
    cells = [cell for stack in STACKS for cell in _cells(finding, stack)]
    return f"| `{finding.attack.name}`: {tries} | {' | '.join(cells)} |"


def _cells(finding, stack):
    if finding.is_graders:
        return "the grader", "–"
    alone, needed = finding.alone(stack), finding.needed(stack)
    return "any" if len(alone) == len(LAYERS) else _named(alone, stack), _named(needed, stack)


def _named(layers, stack):
    return ", ".join(NAMES[layer].get(stack, layer) for layer in layers) or "–"
