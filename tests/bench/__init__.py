"""Benchmarks: `python -m bench [SUBJECT ...]`, run from tests/, measures and writes docs/benchmarks.md.

A subject is a module here with a TITLE and a function `section()`, which measures and returns Markdown. What is
compared runs in processes of its own, which take turns (measure.py). Nothing here is asserted.
"""
