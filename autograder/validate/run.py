"""`autograder validate` as a command: lint, then prove, with a bar and an estimate of the time; tell what came out."""

from concurrent.futures.process import BrokenProcessPool

from rich.console import Console

from autograder.sandbox.choose import choose
from autograder.validate.findings import FATAL, WARNING
from autograder.validate.lint import lint
from autograder.validate.markdown import write_markdown
from autograder.validate.proof import prove
from autograder.validate.report import print_findings, print_proof
from autograder.validate.watch import Watch


def validate(assignment, effort, processes, markdown=None):
    """Validate an assignment, print what came out, and write it to the file `markdown` if there is one.

    Returns the exit status. Raises grade.GraderFault, sandbox.visible.SandboxUnavailable.
    """
    console = Console(highlight=False, soft_wrap=True)
    findings = run_lint(assignment, console)
    if any(finding.level == FATAL for finding in findings):
        console.print("Nothing was graded: mend these first.")
        return 1
    choose()  # without a sandbox there is nothing to do
    console.print("Holding the reference to every check, and measuring how long that takes…")
    try:
        with Watch(processes, console) as watch:
            proof = prove(assignment, effort, processes, watch.started, watch.done)
    except BrokenProcessPool:
        console.print("[red]A process was killed:[/] nothing is proven. Is there memory enough?")
        return 1
    print_proof(proof, console)
    if markdown is not None:
        write_markdown(proof, markdown)
        console.print(f"written: {markdown}")
    return 0 if proof.holds and not has_errors(findings) else 1


def run_lint(assignment, console=None):
    """Print what the linter finds, and return it: a list of findings.Finding."""
    findings = lint(assignment)
    print_findings(findings, console or Console(highlight=False, soft_wrap=True))
    return findings


def has_errors(findings):
    """Whether something must be mended."""
    return any(finding.level != WARNING for finding in findings)
