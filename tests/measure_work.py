"""The opcodes of many ways to write conv2's forward, as a table for docs/judging.md: python tests/measure_work.py"""

import contextlib
import functools
import io

import numpy as np
from conv_styles import STYLES
from edf_kit.checks.opcodes import count_opcodes
from edf_kit.checks.work import KERNEL, SIZE, pixel_loops

COLUMNS = {"9×10": {}, "18×10": {"H": 2}, "36×10": {"H": 4}, "9×20": {"W": 2}, "9×40": {"W": 4}}


def main():
    """Print the table, in Markdown."""
    print(f"| style | {' | '.join(COLUMNS)} | verdict |")
    print(f"| --- |{' --: |' * len(COLUMNS)} --- |")
    for name, style in STYLES.items():
        work = functools.cache(functools.partial(opcodes, style))
        counts = [
            work(*(n * factors.get(axis, 1) for axis, n in SIZE.items())) for factors in COLUMNS.values()
        ]
        cells = " | ".join(f"{count:,}" for count in counts)
        verdict = pixel_loops(work, "").rpartition("it ")[2].rstrip(".") or "flat"
        print(f"| {name.replace('_', ' ')} | {cells} | {verdict} |")


def opcodes(style, B, H, W, C1, C2):
    """What a style takes for a size; what it prints is not shown."""
    inputs = np.ones((B, H, W, C1), np.float32), np.ones((*KERNEL, C1, C2), np.float32)
    with contextlib.redirect_stdout(io.StringIO()):
        return count_opcodes(functools.partial(style, *inputs))


if __name__ == "__main__":
    main()
