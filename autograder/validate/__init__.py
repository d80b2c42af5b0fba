"""make validate: grades the grader. docs/validity.md holds what came out.

run.py        the command: lint, then prove, then tell
lint*.py      what is missing in exercises and files (findings.py); wording.py finds code in words for students
proof.py      what is tried, as tasks (work.py, watch.py), and what follows from it
cases.py      the reference, its variants and blank skeletons, which line.py puts through the line of `make grade`
secrets.py    variants with many course secrets, in this process (local.py)
training.py   wrong variants that train the networks
matrix.py     which check fails which variant, and what it adds to the others
report.py     tells it in the terminal, markdown.py in a file; summary.py is what they share
scope.py      which exercises depend on which, and on which a variant bears (changes.py); effort.py: how much
"""
