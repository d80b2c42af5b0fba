"""Similar submissions: copies are found under other names and in another order; what all must write says little."""

import ast
import csv
import io
import os
import random
import subprocess
import sys

import pytest
from conftest import ROOT, SAMPLE_CLASS
from handed_in import REFERENCE, notebook, write_files

from autograder.cli import main
from autograder.intake import Broken
from autograder.similarity import MAX_TEXT, Comparison, Document, independent, own_pieces, read_class
from autograder.skeleton import definition_texts, make_skeleton

# Right ones, each written in another way, though by one author.
RIGHT = ["ada", "bo", "chidi", "dilnoza", "emil", "farah", "goran", "hana", "ivo", "jun", "kemi", "noor"]


def disguised(source, seed):
    """A module under other local names, its definitions and methods in another order, without comments or layout."""
    chance = random.Random(seed)
    tree = ast.parse(source)
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        names = [n for n in ast.walk(function) if isinstance(n, ast.Name)]
        stored = sorted({n.id for n in names if isinstance(n.ctx, ast.Store)})
        declared = {name for n in ast.walk(function) if isinstance(n, ast.Global) for name in n.names}
        others = {
            name: f"{chance.choice('pqrs')}{i}" for i, name in enumerate(stored) if name not in declared
        }
        for name in names:
            name.id = others.get(name.id, name.id)
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            chance.shuffle(node.body)
    definitions = [node for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef)]
    rest = [node for node in tree.body if node not in definitions]
    chance.shuffle(definitions)
    tree.body = rest + definitions
    return ast.unparse(tree)


def files_of(student):
    """The files of one of the sample class, bytes by name."""
    folder = SAMPLE_CLASS / "submissions" / student
    if not folder.is_dir():
        return {"edf.py": folder.with_suffix(".py").read_bytes()}
    return {path.name: path.read_bytes() for path in folder.glob("*.py")}


@pytest.fixture(scope="module")
def known(assignment):
    return independent(assignment)


@pytest.fixture(scope="module")
def sample(assignment):
    """(documents of the sample class, those left out)."""
    return read_class(SAMPLE_CLASS / "submissions", assignment)


@pytest.fixture(scope="module")
def copies(assignment):
    """Disguised copies of all right ones."""
    found = []
    for seed, student in enumerate(RIGHT):
        files = files_of(student)
        files["edf.py"] = disguised(files["edf.py"].decode(), seed).encode()
        found.append(Document(f"copy of {student}", own_pieces(files, assignment.stubs)))
    return found


def compared(documents, known):
    """[(first, second, Pair)], by the names of students."""
    pairs = Comparison(documents, known).pairs()
    return [(documents[p.first].student, documents[p.second].student, p) for p in pairs]


def test_disguised_copies_stand_above_everything_else(sample, copies, known):
    pairs = compared([*sample[0], *copies], known)
    top = {(first, second) for first, second, _ in pairs[: len(RIGHT)]}
    assert top == {(student, f"copy of {student}") for student in RIGHT}
    lowest, next_one = (pairs[i][2].similarity for i in (len(RIGHT) - 1, len(RIGHT)))
    assert lowest > 0.7 and next_one < 0.35


def test_right_answers_of_one_author_stay_low(sample, known):
    right = [document for document in sample[0] if document.student in RIGHT]
    assert len(right) == len(RIGHT)
    assert compared(right, known)[0][2].similarity < 0.15


def test_a_copied_conv2_alone_is_near_the_top(sample, copies, known):
    taken = [piece for piece in copies[0].pieces if piece[0].startswith("conv2")]
    assert taken
    bo = next(document for document in sample[0] if document.student == "bo")
    mixed = Document("mixed", (*(p for p in bo.pieces if not p[0].startswith("conv2")), *taken))
    class_ = [document for document in sample[0] if document.student != "bo"]
    pairs = [{first, second} for first, second, _ in compared([*class_, mixed], known)]
    assert pairs.index({"ada", "mixed"}) < 5


def test_what_is_common_counts_less_than_what_is_rare_and_is_not_marked(known):
    ordinary = "def forward(self):\n    self.top = self.x.top + self.y.top\n" * 5
    odd = (
        "def forward(self):\n    a = [b(c)[d] for e, f in g(h) if i is not j]\n    return {k: ~l for k in a}\n"
        * 5
    )
    own = ["".join(f"def f():\n    return {i} {op} x\n" for i in range(9, 30)) for op in "+-*/%"]
    documents = [Document(f"s{i}", (("own", text), ("add", ordinary))) for i, text in enumerate(own)]
    documents[3:] = [Document(d.student, (*d.pieces, ("odd", odd))) for d in documents[3:]]
    comparison = Comparison(documents, known)
    best, next_one, *_ = comparison.pairs()
    assert (best.first, best.second) == (3, 4)
    assert best.similarity > 3 * next_one.similarity
    for pieces in map(dict, comparison.matches(best)):
        marked = {
            name: sum(len(text) for text, is_marked in parts if is_marked) for name, parts in pieces.items()
        }
        assert marked["add"] < 0.2 * len(ordinary) and marked["odd"] > 0.8 * len(odd)


def test_the_releases_own_code_is_left_out(assignment, sample):
    skeleton = make_skeleton(assignment.stubs)
    assert own_pieces({"edf.py": skeleton.encode()}, assignment.stubs) == ()
    assert ("xavi", "nothing of their own is in it") in sample[1]
    add = definition_texts(REFERENCE, ["add"])["add"]
    given = skeleton.replace(definition_texts(skeleton, ["add"])["add"], add) + "\nEXTRA = 1\n"
    names = [name for name, _ in own_pieces({"edf.py": given.encode()}, assignment.stubs)]
    assert names == ["add.forward", "add.backward", ""]


def test_what_can_not_be_parsed_is_listed(sample, assignment):
    left_out = dict(sample[1])
    assert left_out["eko"].startswith("syntax error") and left_out["pia"].startswith("syntax error")
    with pytest.raises(Broken):
        own_pieces({"edf.py": b"x = " + b"-" * 200_000 + b"1\n"}, assignment.stubs)
    with pytest.raises(Broken):
        own_pieces({"edf.py": b"x = '\xff'\n"}, assignment.stubs)


def test_statements_on_one_line_are_that_line_once(assignment):
    """Else a line of n statements would count n times, and make a small file a huge one."""
    line = ";".join(f"a{i} = [{i}, b, c + d]" for i in range(200))
    pieces = own_pieces({"edf.py": f"{line}\n".encode()}, assignment.stubs)
    assert sum(len(text) for _, text in pieces) == len(line)


def test_too_much_code_is_not_compared_and_listed(tmp_path, assignment):
    for student in ("ada", "bo"):
        write_files(tmp_path / student, {"edf.py": f"{student} = 1\n" * 10})
    write_files(tmp_path / "eve", {"edf.py": "a = [b, c + d]\n" * (MAX_TEXT // 10)})
    documents, [(student, why)] = read_class(tmp_path, assignment)
    assert [document.student for document in documents] == ["ada", "bo"]
    assert student == "eve" and "too many to compare" in why


def test_lines_are_counted_as_python_counts_them(assignment):
    source = "a = 'x\x0cy\u2028z'\nclass add:\n    def forward(self):\n        return 1\n"
    pieces = dict(own_pieces({"edf.py": source.encode()}, assignment.stubs))
    assert pieces["add.forward"] == "def forward(self):\n    return 1"


def test_marked_is_what_both_have(known):
    shared = "def f(q):\n    while q[1]:\n        q = [r ** 3 for r in q if r not in (4, 5)]\n    return lambda: q\n"
    first = Document("a", (("mine", "def g(x):\n    return x @ x.T @ x - 17\n"), ("f", shared)))
    second = Document("b", (("f", shared.replace("q", "other")),))
    comparison = Comparison([first, second], known)
    marked = comparison.matches(comparison.pairs()[0])
    for document, pieces in zip((first, second), marked):
        assert [(name, "".join(text for text, _ in parts)) for name, parts in pieces] == list(document.pieces)
    by_name = dict(marked[0])
    assert not any(is_marked for _, is_marked in by_name["mine"])
    assert sum(len(text) for text, is_marked in by_name["f"] if is_marked) > 0.9 * len(shared)
    assert any("other" in text for text, is_marked in marked[1][0][1] if is_marked)


# The command


HOSTILE = """
class add:
    def forward(self):
        note = "</code></pre><script>alert(1)</script>\u202etxt"
        open({marker!r}, "w").write("ran")
        return [a for a in self.x if a not in (1, 2, 3) and self.y[a] ** 2 > 7 or a is None]
"""


@pytest.fixture
def page(tmp_path):
    """(the page, pairs.csv, whether student code ran) of a small hostile class."""
    marker = tmp_path / "ran"
    source = HOSTILE.format(marker=str(marker)) + f"open({str(marker)!r}, 'w')\n"
    files = {
        "<img src=x>/edf.py": source,
        "=HYPERLINK(1)/edf.py": source.replace("note", "other"),
        "broken/edf.py": "def f(:\n",
        "nb/a.ipynb": notebook(add=definition_texts(REFERENCE, ["add"])["add"]),
    }
    place = write_files(tmp_path / "class", files)
    assert main(["similarity", str(place), "--out", str(tmp_path / "out")]) == 0
    html = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    table = (tmp_path / "out" / "pairs.csv").read_text(encoding="utf-8")
    return html, list(csv.reader(io.StringIO(table))), marker.exists()


def test_the_page_runs_nothing_and_escapes_everything(page):
    html, _, ran = page
    assert not ran
    assert "<script" not in html and "<img" not in html and "\u202e" not in html
    assert "&lt;script&gt;" in html and "&lt;img src=x&gt;" in html


def test_the_page_says_that_it_is_no_verdict_and_who_was_left_out(page):
    html, _, _ = page
    assert "never a verdict" in html
    assert "broken: syntax error" in html
    assert "<mark>" in html


def test_the_table_names_the_pair_and_no_formula(page):
    _, rows, _ = page
    assert rows[0] == ["first", "second", "similarity", "of_first", "of_second"]
    assert rows[1][:2] == ["<img src=x>", "'=HYPERLINK(1)"]
    assert float(rows[1][2]) > 0.3  # short texts: little can be said


def test_fewer_than_two_submissions_are_refused(tmp_path, capsys):
    place = write_files(tmp_path / "class", {"a/edf.py": "def f(:\n"})
    assert main(["similarity", str(place), "--out", str(tmp_path / "out")]) == 2
    assert "fewer than two" in capsys.readouterr().err


def test_the_same_class_gives_the_same_table_every_time(tmp_path):
    files = {f"{name}/{file}": data for name in RIGHT[:4] for file, data in files_of(name).items()}
    place = write_files(tmp_path / "class", files)
    tables = []
    for seed in ("1", "2"):
        out = tmp_path / seed
        command = [sys.executable, "-m", "autograder", "similarity", place, "--out", out]
        subprocess.run(command, check=True, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": seed})
        tables.append((out / "pairs.csv").read_text())
    assert tables[0] == tables[1] and tables[0].count("\n") == 7
