"""`python -m bench [SUBJECT ...]`: measures subjects, all by default, and writes their sections into the page."""

import argparse
import importlib
import os
import platform
import re
from importlib.metadata import version

from bench.measure import ROOT

SUBJECTS = ("graders", "edf", "students", "classes")
PAGE = ROOT / "docs" / "benchmarks.md"
INTRODUCTION = """\
# Benchmarks

    make bench                   # all of this page
    make bench SUBJECTS=edf      # one section, the others stay as they are; there are: {subjects}

What is compared runs in turn, A B A B …, in one run, each side in a process of its own with one thread; the peers have
their own environment, `.bench/`, from `tests/bench/requirements.lock`. Figures are *minimum – median – maximum* over
the rounds; a ratio is taken round by round. Absolute times are those of one machine, ratios travel better. CPU time
leaves out what a process waited for, but other work on the machine still slows its memory: the load average is given,
and a figure from a busy machine is worth less. No test asserts a time.
"""


def main():
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("subjects", nargs="*", metavar="SUBJECT", help=", ".join(SUBJECTS))
    chosen = parser.parse_args().subjects or SUBJECTS
    if unknown := set(chosen) - set(SUBJECTS):
        parser.error(f"no such subject: {', '.join(sorted(unknown))}; there are: {', '.join(SUBJECTS)}")
    for name in chosen:
        print(f"measuring {name} …", flush=True)
        subject = importlib.import_module(f"bench.{name}")
        load = os.getloadavg()[0]
        write(subject.TITLE, f"{subject.section().strip()}\n\n{_where(load)}")
    print(f"wrote {PAGE.relative_to(ROOT)}")


def write(title, text):
    """Put a section into the page, in the place of the one of the same title or at the end."""
    old = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    sections = dict(re.findall(r"(?ms)^## (.*?)\n\n(.*?)(?=^## |\Z)", old))
    sections[title] = text
    parts = [INTRODUCTION.format(subjects=", ".join(SUBJECTS))]
    parts += [f"## {title}\n\n{text.strip()}\n" for title, text in sections.items()]
    PAGE.write_text("\n".join(parts), encoding="utf-8")


def _where(load):
    """What a section was measured on. load: the load average before."""
    return (
        f"Measured on {os.cpu_count()} cores ({platform.machine()}) with Python {platform.python_version()}, "
        f"numpy {version('numpy')}; the load average before was {load:.1f}."
    )


if __name__ == "__main__":
    main()
