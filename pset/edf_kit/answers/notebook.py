"""Reads notebooks as data: their cells, and the Python of a cell. Runs nothing, and everything is bounded.

nbformat 4 and the older formats with worksheets are read by plain json, so that no other package is needed and
a hostile file is refused in a sentence.
"""

import ast
import dataclasses
import json
import re
import symtable
import warnings

MAX_TEXT = 20 << 20  # bytes of a notebook, with its outputs
MAX_PARTS = 1_000_000  # lists and objects of its JSON: each takes many times the bytes of its text
MAX_CODE = 256 << 10  # characters of all its code
MAX_CELLS = 2000
MAX_STATEMENTS = 5000

# Cell magics below which the cell is Python that runs in the notebook's own namespace.
PYTHON_MAGICS = {"capture", "prun", "time"}
# A line that only IPython knows: magic, shell, help, or one of the first two assigned to names.
IPYTHON_LINE = re.compile(r"\s*(?:[%!?]|[\w.][\w.,\s]*=\s*[%!]|[\w.%*\[\]]+\?{1,2}\s*(?:#.*)?$)")
# What decides whether the next line goes on with a statement: strings, comments, brackets.
LEXEME = re.compile(
    r"""'''|\"\"\"|'(?:\\.|[^'\\\n])*'?|"(?:\\.|[^"\\\n])*"?|\#.*|[(\[{]|[)\]}]""",
)
# What ends a string of several lines, or a character that does not.
CLOSING = re.compile(r"""\\.|'''|\"\"\"""")
PYTHON_2 = re.compile(
    r"\s*(?:print\s+[^\s(=.,\[]|print\s*>>|exec\s+['\"\w]|except\s+[\w.]+\s*,|raise\s+\w+\s*,)"
)


class NotebookError(Exception):
    """A notebook that nothing can be taken from: `status`, a few words, and a message for the student."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status, self.message = status, message


class CellError(Exception):
    """A code cell that is not valid Python: the line, from 1, and what is wrong there."""

    def __init__(self, line, message):
        super().__init__(message)
        self.line, self.message = line, message


@dataclasses.dataclass(frozen=True)
class Cell:
    """A cell of a notebook: its number from 1, kind ("code", "markdown", …), source text and grade_id or None."""

    number: int
    kind: str
    source: str
    grade_id: str | None


def printable(text, limit=100):
    """A name or line as text that can be shown in a sentence or a comment: one line, not too long."""
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text[: limit + 1])
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def read_cells(data, name):
    """The cells of a notebook. data: its bytes or text; name: its file name. Raises NotebookError."""
    name = printable(name)
    notebook = _load(_decode(data, name), name)
    if not isinstance(notebook, dict):
        raise NotebookError("no notebook", f"{name} is no notebook: it is JSON of another kind.")
    _require_python(notebook.get("metadata"), name)
    cells = notebook.get("cells")
    if cells is None and isinstance(notebook.get("worksheets"), list):  # nbformat 2 and 3
        sheets = [sheet for sheet in notebook["worksheets"] if isinstance(sheet, dict)]
        cells = [cell for sheet in sheets for cell in _list(sheet.get("cells"))[: MAX_CELLS + 1]]
    if not isinstance(cells, list):
        raise NotebookError("no notebook", f"{name} is no notebook: it is JSON, but has no cells.")
    if not cells:
        raise NotebookError("empty", f"{name} is empty: it has no cells.")
    if len(cells) > MAX_CELLS:
        raise NotebookError("too large", f"{name} has more than {MAX_CELLS:,} cells, too many to be read.")
    read = [_cell(cell, number, name) for number, cell in enumerate(cells, start=1)]
    if sum(len(cell.source) for cell in read if cell.kind == "code") > MAX_CODE:
        raise NotebookError(
            "too large", f"{name} has more than {MAX_CODE >> 10} KB of code, too much to be read."
        )
    return read


def parse_cell(source):
    """The Python of a code cell: (text, tree). Lines that only IPython knows become `pass`. Raises CellError."""
    text = unify_newlines(source)
    try:
        return text, parse(text, closely=True)
    except CellError:
        pass
    text = _without_ipython(text)
    return text, parse(text, closely=True)


def parse(text, closely=False):
    """The syntax tree of Python code, that is neither compiled nor run. Raises CellError.

    closely: look for `def f(x, x)` and other mistakes with names, too.
    """
    if "\0" in text:
        raise CellError(text.count("\n", 0, text.index("\0")) + 1, "a null byte")
    try:
        text.encode()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd escapes in strings, say
            tree = ast.parse(text)
            if closely:
                symtable.symtable(text, "cell", "exec")
    except SyntaxError as error:
        # The message can repeat a name of any length.
        raise CellError(error.lineno or 1, printable(error.msg or "invalid syntax")) from None
    except UnicodeEncodeError as error:
        raise CellError(text.count("\n", 0, error.start) + 1, "a character that is no Unicode") from None
    except ValueError:  # a number of too many digits
        raise CellError(1, "a number that is too large to be read") from None
    except (RecursionError, MemoryError):  # Python's parser says MemoryError, too
        raise CellError(1, "code nested too deeply to be read") from None
    return tree


def unify_newlines(text):
    """Text with the line ends that Python's own parser sees."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def is_python_2(source, line):
    """True if that line, from 1, is something that only Python 2 allows."""
    lines = unify_newlines(source).split("\n")
    return line <= len(lines) and bool(PYTHON_2.match(lines[line - 1]))


def _decode(data, name):
    if not isinstance(data, str):
        if len(data) > MAX_TEXT:
            raise NotebookError(
                "too large", f"{name} has {len(data) / 2**20:.0f} MB; clear its outputs and save it."
            )
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise NotebookError("not UTF-8", f"{name} is UTF-16 text: save it as UTF-8.")
        try:
            data = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            raise NotebookError("not UTF-8", f"{name} is not UTF-8 text (line {line}).") from None
    if len(data) > MAX_TEXT:
        raise NotebookError(
            "too large", f"{name} has {len(data) / 2**20:.0f} MB; clear its outputs and save it."
        )
    return data.removeprefix("\ufeff")


def _load(text, name):
    if not text.strip():
        raise NotebookError("empty", f"{name} is empty.")
    if text.count("{") + text.count("[") > MAX_PARTS:
        what = f"more than {MAX_PARTS:,} parts; clear its outputs and save it"
        raise NotebookError("too large", f"{name} has {what}.")
    try:
        return json.loads(text, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string"):
            what = "it ends in the middle: save it, or download it, once more"
            raise NotebookError("truncated", f"{name} is no whole notebook: {what}.") from None
        what = "a web page" if text.lstrip().startswith("<") else f"not JSON (line {error.lineno})"
        raise NotebookError("no notebook", f"{name} is no notebook: it is {what}.") from None
    except _TwiceError as error:
        what = f"it says {printable(error.args[0], 40)!r} twice in one place"
        raise NotebookError("no notebook", f"{name} is no notebook: {what}.") from None
    except ValueError:
        raise NotebookError(
            "no notebook", f"{name} is no notebook: it has a number of too many digits."
        ) from None
    except (RecursionError, MemoryError):
        raise NotebookError("no notebook", f"{name} is no notebook: it is nested too deeply.") from None


class _TwiceError(Exception):
    """A key that is in a JSON object twice."""


def _unique(pairs):
    found = dict(pairs)
    if len(found) < len(pairs):
        seen = set()
        for key, _ in pairs:
            if key in seen:
                raise _TwiceError(key)
            seen.add(key)
    return found


def _require_python(metadata, name):
    metadata = metadata if isinstance(metadata, dict) else {}
    for part, key in (("kernelspec", "language"), ("language_info", "name")):
        value = metadata[part].get(key) if isinstance(metadata.get(part), dict) else None
        if isinstance(value, str) and value and "python" not in value.lower():
            language = printable(value, 30)
            raise NotebookError(
                "not Python", f"{name} is a notebook for {language}: choose a Python 3 kernel."
            )


def _cell(cell, number, name):
    kind = cell.get("cell_type") if isinstance(cell, dict) else None
    if not isinstance(kind, str):
        raise NotebookError("no notebook", f"{name} is no notebook: its cell {number} is none.")
    source = cell.get("source", cell.get("input", ""))  # "input": nbformat 3
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        raise NotebookError("no notebook", f"{name} is no notebook: its cell {number} holds no text.")
    metadata = cell.get("metadata")
    nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    grade_id = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
    return Cell(number, kind, source, grade_id if isinstance(grade_id, str) else None)


def _list(value):
    return value if isinstance(value, list) else []


def _without_ipython(text):
    """The cell with `pass` for each line that is no Python, and without an indentation of the whole."""
    lines = text.split("\n")
    first = next((i for i, line in enumerate(lines) if line.strip()), 0)
    if lines[first].startswith("%%"):
        magic = re.match(r"%%(\w*)", lines[first])[1]
        lines[: first + 1] = [""] * (first + 1)
        if magic not in PYTHON_MAGICS:
            raise CellError(first + 1, f"%%{magic} makes it no Python" if magic else "a magic without a name")
        first = next((i for i, line in enumerate(lines) if line.strip()), 0)
    indent = re.match(r"[ \t]*", lines[first])[0]
    lines = [line.removeprefix(indent) for line in lines]
    depth, quote, goes_on = 0, None, False
    for i, line in enumerate(lines):
        if not (depth or quote or goes_on) and IPYTHON_LINE.match(line):
            end = i
            while lines[end].endswith("\\") and end + 1 < len(lines):
                end += 1
                lines[end - 1] = ""
            lines[i : end + 1] = [re.match(r"\s*", line)[0] + "pass"] + [""] * (end - i)
            continue
        depth, quote = _state_after(line, depth, quote)
        goes_on = line.endswith("\\")
    return "\n".join(lines)


def _state_after(line, depth, quote):
    """(number of open brackets, quotes of an open string or None) after a line that starts with these."""
    at = 0
    while True:
        if quote:
            closing = next((m for m in CLOSING.finditer(line, at) if m[0] == quote), None)
            if closing is None:
                return depth, quote
            at, quote = closing.end(), None
        found = LEXEME.search(line, at)
        if not found:
            return depth, None
        at, lexeme = found.end(), found[0]
        if lexeme in ("'''", '"""'):
            quote = lexeme
        elif lexeme in "([{":
            depth += 1
        elif lexeme in ")]}":
            depth = max(depth - 1, 0)
