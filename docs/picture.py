"""Draws what a command printed in a terminal as docs/grade.svg, for the README.

    FORCE_COLOR=1 make grade OUT=/tmp/graded | python docs/picture.py

Reads text with ANSI colours from standard input.
"""

import io
import re
import sys
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

WIDTH = 132

console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
# A status draws on a line many times, and in the end erases it from the next one.
written = re.sub(r"\x1b\[\?25[lh]", "", sys.stdin.read())
written = re.sub(r"[^\n]*\n\r\x1b\[1A\x1b\[2K", "", written)
for line in written.split("\n"):
    text = Text.from_ansi(line)
    text.truncate(WIDTH, overflow="ellipsis")
    console.print(text)
# The picture must not fetch its font from somewhere: the reader's own monospace will do.
template = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
Path(__file__).with_name("grade.svg").write_text(
    console.export_svg(title="make grade", theme=MONOKAI, code_format=template), encoding="utf-8"
)
