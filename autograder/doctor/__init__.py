"""`autograder doctor`: what isolation this machine gives, proven by trying to break out of it."""

import json
import tempfile
from pathlib import Path

from autograder.assignment import Limits
from autograder.sandbox import bubblewrap
from autograder.sandbox.session import Sandbox, SandboxError, StudentError

PROBE = Path(__file__).parent / "probe.py"
LIMITS = Limits(cpu_seconds=5, memory_mb=1024)


def diagnose():
    """Print what holds and what does not; True if student code can be graded here."""
    try:
        program = bubblewrap.bwrap()
        findings = _probe()
    except (bubblewrap.SandboxUnavailable, SandboxError) as error:
        print(f"Student code can NOT be isolated here: {error}")
        print(
            "The grader needs unprivileged user namespaces. In a container they may be switched off: start "
            "it with a seccomp profile that allows them, or grade on a machine of your own or in WSL 2."
        )
        return False
    print(f"bubblewrap: {program}")
    for attempt, outcome in findings.items():
        print(f"  {'held' if outcome['held'] else 'FAILED':<7} {attempt}: {outcome['said']}")
    held = all(outcome["held"] for outcome in findings.values())
    print("Student code is isolated here." if held else "Do NOT grade here: the sandbox has a hole.")
    return held


def _probe():
    """What the probe, run as a submission, was able to do: {attempt: {"held", "said"}}."""
    with tempfile.TemporaryDirectory(prefix="autograder-") as folder:
        Path(folder).chmod(0o755)
        Path(folder, "edf.py").write_bytes(PROBE.read_bytes())
        with Sandbox(folder, "", (), LIMITS) as sandbox:
            with sandbox.process("serve", LIMITS.cpu_seconds) as process:
                process.load()
            findings = json.loads(process.output)
            with sandbox.process("serve", 1) as process:
                process.load()
                findings["compute without end"] = _ends(process, "spin", "cpu")
    return findings


def _ends(process, function, kind):
    try:
        process.request([["call", None, f"edf.{function}", [], {}]])
    except StudentError as error:
        return {"held": error.kind == kind, "said": error.message}
    return {"held": False, "said": "nothing stopped it"}
