"""Finds statements of secret code in any text: prose, comments, strings, however laid out, whatever the names.

Secret code becomes *runs*: two statements that follow each other in a function. A text becomes a sequence of
tokens, and a run is found where the tokens are the same but for a one-to-one renaming of names:

- Layout, parentheses, quotes, semicolons and trailing commas are no tokens, nor is `edf.` before a name. So the
  inside of a string is read as code, too.
- Names may be renamed; keywords, built-ins and the words inside a string of the secret code may not.
- An attribute that numpy, a built-in type or the given code has stays: `.top` can't be called anything else. The
  others (`.softmax`, `.velocity`) are their author's choice, and may be renamed as names may.
- A text is read several times over: without its comments, and without only their marks; without the marks that
  begin its lines (`>`, `>>>`, `+`, `12:`); without docstrings; without the tags of HTML.
"""

import ast
import bisect
import builtins
import html
import io
import itertools
import keyword
import re
import textwrap
import tokenize
from dataclasses import dataclass, replace

import numpy as np

KEPT_NAMES = frozenset(keyword.kwlist) | frozenset(dir(builtins))
KEPT_ATTRIBUTES = frozenset().union(
    *map(dir, [np, np.ndarray, np.linalg, np.random, str, bytes, list, dict, set])
)
TOKEN = re.compile(
    r"""(?P<nothing> \b[rbfu]{1,2}(?=["']) | \.(?=[^\W\d]) | ,(?=\s*[)\]}]) )
      | (?P<attribute> (?<=\.)(?<!\bedf\.)[^\W\d]\w* )
      | (?:\bedf\.)?(?P<name> [^\W\d]\w* )
      | (?P<number> 0[xob][\da-f_]+ | (?:\d[\d_]*\.?\d*|\.\d+)(?:e[+-]?\d+)? )
      | (?P<operator> [^\s\w()"'`“”‘’;\\] )""",
    re.VERBOSE | re.IGNORECASE,
)
NAME, OWN_ATTRIBUTE, UNKNOWN = "\0", "\1", "\2"  # one character a token; these three stand for many tokens
PUNCTUATION = frozenset(",:=.*")
KEY = 6  # tokens by which a run is looked up; shorter ones are dropped

ESCAPES = re.compile(r"\\+[nrt]")
MARKS = re.compile(r"^(?:[ \t]*(?:>>>|\.\.\.|[>|+*$#-]|(?:In|Out) ?\[\d*\]:|\d+[.:)]?(?=\s)))+", re.MULTILINE)
COMMENT = re.compile(r"(?<!\S)#.*")
COMMENT_MARK = re.compile(r"(?<!\S)#+:?")
DOCSTRING = re.compile(r"""(?<=:)\s*[rR]?(\"""|''').*?\1""", re.DOTALL)
HTML = re.compile(r"</\w+>|&(?:\w+|#\d+);")
TOP_LEVEL = re.compile(r"^(?=class |def )", re.MULTILINE)
TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
ENTITY = re.compile(r"&(?:\w+|#\w+);")


@dataclass(frozen=True)
class Run:
    """Some statements. what: says which, for people. words: names by position that may not be renamed."""

    what: str
    tokens: tuple  # (token, name or None), as of Vocabulary.tokens
    words: frozenset

    @property
    def normal(self):
        """The same for two runs that differ in names alone."""
        numbers = {}
        return tuple(
            (token, name if position in self.words else numbers.setdefault(name, len(numbers)))
            for position, (token, name) in enumerate(self.tokens)
        )


class Vocabulary:
    """Reads texts as tokens; attributes that `given` texts have keep their names, as do those of numpy."""

    def __init__(self, given):
        found = {match["attribute"] for text in given for match in TOKEN.finditer(text)}
        self.special = {"." + name for name in found - KEPT_ATTRIBUTES - {None}}
        self.attributes = KEPT_ATTRIBUTES | found

    def weight(self, run):
        """How much a run says: one for each token, two for an attribute that only edf has, as `.top`.

        Nothing for punctuation, nor for a name that was not met before in the run.
        """
        met, weight = set(), 0
        for position, (token, name) in enumerate(run.tokens):
            if name is None or position in run.words:
                weight += (token not in PUNCTUATION) + (token in self.special)
            else:
                weight += name in met
                met.add(name)
        return weight

    def tokens(self, text):
        """[(token, name, offset)]: the name is None for what keeps its own, which is then the token."""
        found = []
        for match in TOKEN.finditer(text):
            kind, word = match.lastgroup, match[match.lastindex]
            if kind == "name":
                kept = word in KEPT_NAMES
                found.append((word, None, match.start()) if kept else (NAME, word, match.start()))
            elif kind == "attribute":
                kept = word in self.attributes
                token = ("." + word, None) if kept else (OWN_ATTRIBUTE, "." + word)
                found.append((*token, match.start()))
            elif kind == "number":
                found.append((_number(word), None, match.start()))
            elif kind == "operator":
                found.append((word, None, match.start()))
        return found

    def scopes(self, source):
        """Dotted name ("" for the module itself) and statements of each function, in order.

        A statement is a Run without words for people; a compound one is its header, up to its body. The
        functions inside a function are part of it. Of what is no Python, the definitions that are.
        """
        for part in _parsable(source):
            yield from self._scopes(part)

    def _scopes(self, source):
        tree = ast.parse(source)
        text, strings = _without_comments(source, tree)
        tokens = self.tokens(text)
        offsets = [offset for *_, offset in tokens]
        line_starts = [0, *itertools.accumulate(map(len, source.splitlines(keepends=True)))]
        lines = source.splitlines()

        def place(line, column):  # ast counts the columns in bytes of UTF-8
            characters = len(lines[line - 1].encode()[:column].decode())
            return bisect.bisect_left(offsets, line_starts[line - 1] + characters)

        for name, nodes, last in _scopes(tree, ""):
            starts = sorted({place(*_start(node)) for node in nodes})
            ends = [*starts[1:], place(last.end_lineno, last.end_col_offset)]
            runs = [self._run(tokens[a:b], strings) for a, b in zip(starts, ends) if a < b]
            if isinstance(last, ast.FunctionDef) and runs:
                runs[0] = _keep_name(runs[0], last.name)
            yield name, runs

    def _run(self, tokens, strings):
        inside = frozenset(
            position
            for position, (_, name, offset) in enumerate(tokens)
            if name and any(a <= offset < b for a, b in strings)
        )
        return Run("", tuple(token[:2] for token in tokens), inside)


class Runs:
    """Many runs, to be looked for at once."""

    def __init__(self, vocabulary, runs):
        self.vocabulary = vocabulary
        self.letters = {NAME: NAME, OWN_ATTRIBUTE: OWN_ATTRIBUTE}
        self.table, seen = {}, set()
        for run in runs:
            if len(run.tokens) < KEY or (normal := run.normal) in seen:
                continue
            seen.add(normal)
            for token, _ in run.tokens:
                self.letters.setdefault(token, chr(0x100 + len(self.letters)))
            shape = "".join(self.letters[token] for token, _ in run.tokens)
            self.table.setdefault(shape[:KEY], []).append((shape, run))

    def __len__(self):
        return sum(map(len, self.table.values()))

    def find(self, text):
        """[(offset, Run)] of every run that the text holds, read in every way."""
        found = {}
        for reading in readings(text):
            tokens = self.vocabulary.tokens(reading)
            shapes = "".join([self.letters.get(token, UNKNOWN) for token, *_ in tokens])
            for position in range(len(shapes) - KEY + 1):
                for shape, run in self.table.get(shapes[position : position + KEY], ()):
                    if shapes.startswith(shape, position) and _renamed(run, tokens, position):
                        found.setdefault(id(run), (tokens[position][2], run))
        return sorted(found.values(), key=lambda hit: hit[0])


def readings(text):
    """The ways to read a text. Each is as long as the text: what is left out becomes spaces."""
    text = ESCAPES.sub(_blank, text)
    bare = {text, MARKS.sub(_blank, text)}
    if HTML.search(text):
        bare.add(ENTITY.sub(_unescaped, TAG.sub(_blank, text)))
    without = {COMMENT.sub(_blank, reading) for reading in bare}
    without |= {DOCSTRING.sub(_blank, reading) for reading in without}
    return without | {COMMENT_MARK.sub(_blank, reading) for reading in bare}


# How much more a run must say whose names must be the very same: `for ky in range(kh): for kx in range(kw):` is
# anybody's, but weighs 3 more than the least with its names.
WORD_FOR_WORD = 4


def windows(vocabulary, statements, minimum, what):
    """The runs of a function's statements: any two that follow each other, with no import in them.

    Two that together weigh less than `minimum` are an idiom ("for x in xs: f(x)"): the next ones join them,
    until the run says enough; if there are too few of them, there is no run. Word for word, with the very same
    names, two of an idiom are a run if they say enough so.
    """
    for first in range(len(statements) - 1):
        pair = joined(statements[first : first + 2], what)
        verbatim = word_for_word(pair)
        if vocabulary.weight(pair) < minimum <= vocabulary.weight(verbatim) - WORD_FOR_WORD:
            if not any(_is_import(statement) for statement in statements[first : first + 2]):
                yield verbatim
        for last in range(first + 2, len(statements) + 1):
            if _is_import(statements[last - 1]) or _is_import(statements[first]):
                break
            run = joined(statements[first:last], what)
            if vocabulary.weight(run) >= minimum:
                yield run
                break


def word_for_word(run):
    """The run with every name as it is: no renaming of it is the same."""
    return replace(run, words=frozenset(range(len(run.tokens))))


def _is_import(statement):
    return statement.tokens[0][0] in ("import", "from")


def joined(statements, what):
    """One run of several statements. An `else:` that the last of them ends with belongs to what follows."""
    tokens = tuple(itertools.chain.from_iterable(run.tokens for run in statements))
    if tokens[-2:] in [((word, None), (":", None)) for word in ("else", "finally")]:
        tokens = tokens[:-2]
    starts = itertools.accumulate((len(run.tokens) for run in statements), initial=0)
    words = {start + word for start, run in zip(starts, statements) for word in run.words}
    return Run(what, tokens, frozenset(words))


def code_in_strings(source):
    """The string literals of a source that are statements themselves, docstrings and single words left out."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = textwrap.dedent(node.value)
            try:
                body = ast.parse(text).body
            except (SyntaxError, ValueError):
                continue
            if any(not isinstance(statement, ast.Expr) for statement in body):
                yield text


def _parsable(source):
    """The source itself, or those of its top-level definitions that are Python."""
    for parts in ([source], TOP_LEVEL.split(source)):
        good = [part for part in parts if _is_python(part)]
        if good:
            return good
    return []


def _is_python(source):
    try:
        ast.parse(source)
    except (SyntaxError, ValueError):  # ValueError: NUL bytes
        return False
    return True


def _scopes(node, prefix):
    """(name, statements, the last one) of a module or class itself, then of the functions in it."""
    definitions = [part for part in node.body if isinstance(part, ast.FunctionDef | ast.ClassDef)]
    for own, between in itertools.groupby(node.body, key=lambda part: part not in definitions):
        if own:
            nodes = list(between)
            yield prefix, [part for top in nodes for part in _statements(top)], nodes[-1]
    for part in definitions:
        name = f"{prefix}.{part.name}".lstrip(".")
        if isinstance(part, ast.ClassDef):
            yield from _scopes(part, name)
        else:
            yield name, list(_statements(part)), part


def _statements(node):
    for part in ast.walk(node):
        if isinstance(part, ast.stmt | ast.ExceptHandler) and not _is_text(part):
            yield part


def _is_text(node):
    """True for a docstring, or any other string that stands alone."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _start(node):
    decorators = getattr(node, "decorator_list", [])
    first = min([node, *decorators], key=lambda part: part.lineno)
    # One column to the left of a decorator stands its @.
    return first.lineno, first.col_offset - (first is not node)


def _without_comments(source, tree):
    """The source with comments and docstrings as spaces, and where (offsets) its other strings are."""
    lines = source.splitlines(keepends=True)
    starts = [0, *itertools.accumulate(map(len, lines))]
    text, strings = list(source), []
    docstrings = {(node.lineno, node.end_lineno) for node in ast.walk(tree) if _is_text(node)}
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        kind = tokenize.tok_name[token.type]
        a, b = (starts[line - 1] + column for line, column in (token.start, token.end))
        if kind == "COMMENT" or (kind == "STRING" and (token.start[0], token.end[0]) in docstrings):
            text[a:b] = " " * (b - a)
        elif kind in ("STRING", "FSTRING_MIDDLE"):
            strings.append((a, b))
    # In strings, `\n` is no name; as in the texts that are searched.
    return ESCAPES.sub(_blank, "".join(text)), strings


def _keep_name(header, name):
    """A function's header, in which its own name may not be renamed."""
    own = {position for position, (_, other) in enumerate(header.tokens) if other == name}
    return Run(header.what, header.tokens, header.words | own)


def _renamed(run, tokens, position):
    """True if one renaming, one to one, makes the run what stands at a position of the tokens."""
    to, back = {}, {}
    for index, (_, name) in enumerate(run.tokens):
        other = tokens[position + index][1]
        if index in run.words and name != other:
            return False
        if to.setdefault(name, other) != other or back.setdefault(other, name) != name:
            return False
    return True


def _number(word):
    """The same text for 1, 1.0 and 0x1."""
    try:
        return repr(float(int(word, 0) if word[:2].lower() in ("0x", "0o", "0b") else float(word)))
    except (ValueError, OverflowError):
        return word


def _blank(match):
    return re.sub(r"\S", " ", match[0])


def _unescaped(match):
    return html.unescape(match[0]).ljust(len(match[0]))[: len(match[0])]
