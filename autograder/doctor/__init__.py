"""`autograder doctor`: what isolation this machine gives, proven by trying to break out of it."""

import json
import tempfile
from pathlib import Path

from autograder.assignment import Limits
from autograder.sandbox.choose import choose, why_not_the_best
from autograder.sandbox.session import Sandbox, SandboxError, StudentError
from autograder.sandbox.visible import SandboxUnavailable

PROBE = Path(__file__).parent / "probe.py"
LIMITS = Limits(cpu_seconds=5, memory_mb=1024)


def diagnose(sandbox=None):
    """Print what holds and what does not; True if student code can be graded here.

    sandbox: the way of isolation to try (sandbox.choose.STACKS), None for the one that grading would take.
    """
    try:
        stack = choose(sandbox)
        findings = _probe(sandbox)
    except (SandboxUnavailable, SandboxError) as error:
        print(f"Student code can NOT be isolated here: {error}")
        return False
    print(f"sandbox: {stack.NAME}")
    if sandbox is None and (fault := why_not_the_best()):
        print(f"  {fault} What this one does not hide is in docs/security.md.")
    for aim, group in findings.items():
        print(f"  {aim}")
        for attempt, outcome in group.items():
            print(f"    {'held' if outcome['held'] else 'FAILED':<7} {attempt}: {outcome['said']}")
    held = all(outcome["held"] for group in findings.values() for outcome in group.values())
    print("Student code is isolated here." if held else "Do NOT grade here: the sandbox has a hole.")
    return held


def _probe(stack):
    """What the probe, run as a submission, was able to do: {what it aims at: {attempt: {"held", "said"}}}."""
    with tempfile.TemporaryDirectory(prefix="autograder-") as folder:
        Path(folder).chmod(0o755)
        Path(folder, "edf.py").write_bytes(PROBE.read_bytes())
        with Sandbox(folder, "", (), LIMITS, stack) as sandbox:
            with sandbox.process("serve", LIMITS.cpu_seconds) as process:
                process.load()
            findings = json.loads(process.output)
            findings["time, memory and disk"] |= {
                "compute without end": _ends(sandbox, 1, "spin", ("cpu",)),
                # A full /tmp is an exception; a folder on the disk is watched, and its writer is killed.
                "fill the disk": _ends(sandbox, 5, "fill_disk", ("disk", "exception")),
            }
            findings["results"] = {
                "forge an answer": _ends(sandbox, 5, "forge", ("protocol",)),
                "end with success in place of an answer": _ends(sandbox, 5, "leave", ("exit",)),
            }
    return findings


def _ends(sandbox, cpu_seconds, function, kinds):
    with sandbox.process("serve", cpu_seconds) as process:
        process.load()
        try:
            process.request([["call", None, f"edf.{function}", [], {}]])
        except StudentError as error:
            return {"held": error.kind in kinds, "said": error.message}
    return {"held": False, "said": "nothing stopped it"}
