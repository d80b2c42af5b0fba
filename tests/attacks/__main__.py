"""Tries each attack on graders without some of their layers; writes docs/attacks.md. python -m attacks [NAME …]"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from attacks import load_attacks
from attacks.ablation import examine_all, markdown
from autograder.paths import ROOT

parser = argparse.ArgumentParser(prog="python -m attacks", description=__doc__)
parser.add_argument("names", nargs="*", help="attacks or families; then the table is printed, not written")
parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
parser.add_argument(
    "--books", type=Path, help="folder that keeps what came out: a stopped run goes on from there"
)
options = parser.parse_args()
attacks = [a for a in load_attacks().values() if not options.names or {a.name, a.family} & {*options.names}]
books = options.books or Path(tempfile.mkdtemp(prefix="edf-books-"))
books.mkdir(exist_ok=True)
findings = examine_all(attacks, books, options.jobs, lambda line: print(line, flush=True))
if any(finding.through for finding in findings):
    sys.exit("Some get through although no layer is taken away: no page is written.")
if options.names:
    print(markdown(findings))
else:
    (ROOT / "docs/attacks.md").write_text(markdown(findings), encoding="utf-8")
