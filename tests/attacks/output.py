"""Output: what a submission prints, raises or is called, and what it does to those who read it."""

import json
import re

from attacks.attack import attack, blank

KEPT = 70_000  # characters of what a process prints; 64 kB and a note


@attack("prints 200 MB", """
    for _ in range(200):
        sys.stdout.write("x" * (1 << 20))
    """)  # fmt: skip
def flood(evidence):
    for text in evidence.record["output"].values():
        assert len(text) < KEPT and "more bytes were printed and not kept" in text
    assert evidence.run.peak_mb < 1024


@attack("writes 200 MB to the error stream, past Python", """
    for _ in range(200):
        os.write(2, b"y" * (1 << 20))
    """)  # fmt: skip
def flood_of_errors(evidence):
    assert all(len(text) < KEPT for text in evidence.record["output"].values())


ESCAPES = "\x1b[2J\x1b[31m\x1b]0;title\x07\x1b]52;c;cm0gLXJm\x07\x9b5m\x07\x08\r\x00\x7f"


def no_controls(text):
    """No control character but line breaks and tabs, and no escape sequence of its own making."""
    assert not [c for c in text if (ord(c) < 32 and c not in "\n\t") or 127 <= ord(c) < 160]


def notebooks(evidence):
    """The cells of the notebooks that are made for the student."""
    folder = evidence.run.out / "course/autograded" / evidence.attack.student
    return [cell for path in folder.rglob("*.ipynb") for cell in json.loads(path.read_text())["cells"]]


def shown(evidence):
    """All that a browser would show of the notebooks' outputs, as (kind, text)."""
    outputs = [output for cell in notebooks(evidence) for output in cell.get("outputs", ())]
    data = [item for output in outputs for item in output.get("data", {}).items()]
    return data + [("text/plain", output["text"]) for output in outputs if "text" in output]


def pages(evidence):
    """The notebooks as a browser would show them."""
    import nbformat
    from nbconvert import HTMLExporter  # takes its time

    folder = evidence.run.out / "course/autograded" / evidence.attack.student
    exporter = HTMLExporter(template_name="basic")
    return [exporter.from_notebook_node(nbformat.read(path, 4))[0] for path in folder.rglob("*.ipynb")]


@attack("writes escape sequences for the instructor's terminal, in an exception and in what it prints", f"""
    print({ESCAPES!r} * 3)
    raise ValueError({ESCAPES!r} + "well done")
    """, ends="edf.py can't be imported", base=blank)  # fmt: skip
def terminal_escapes(evidence):
    no_controls(evidence.run.said)
    for _, text in shown(evidence):
        no_controls("".join(text))


@attack("says in its exception that it has full marks, on a line of its own, in the table's own colours", """
    raise ValueError("\\n[green]innocent blank     12 / 12[/]  ■■■\\r\\n12 / 12 [link=http://x]■■■[/link]")
    """, ends="edf.py can't be imported", base=blank, among_others=True)  # fmt: skip
def forged_row(evidence):
    lines = evidence.run.said.splitlines()
    assert [line for line in lines if line.startswith("innocent blank")][0].split()[2] == "0"
    assert not [line for line in lines if line.startswith("12 / 12")]
    (own,) = [line for line in lines if line.startswith("forged") and "12 / 12" in line]
    assert "[green]" in own and own.split("/")[0].split()[-1] == "0"


HTML = "<script>alert(1)</script><img src=x onerror=alert(2)><iframe src=javascript:alert(3)></pre></code>"


@attack("writes HTML and JavaScript for the page of feedback, in an exception, its class and what it prints", f"""
    print({HTML!r})
    raise type({HTML!r}, (Exception,), {{}})({HTML!r})
    """, ends="edf.py can't be imported", base=blank)  # fmt: skip
def html(evidence):
    assert {kind for kind, _ in shown(evidence)} == {"text/plain"}
    for page in pages(evidence):
        assert "<script>alert" not in page and "<img src=x" not in page and "<iframe" not in page
    assert any("&lt;script&gt;alert" in page for page in pages(evidence))


FORMULA = '=HYPERLINK("http://127.0.0.1/","full marks")'


@attack("writes formulas for the spreadsheet in which grades are opened: as its name, its exception and its class", f"""
    class Formula(Exception):
        def __str__(self):
            return {FORMULA!r}
    Formula.__name__ = {FORMULA!r}
    def forward(self):
        raise Formula
    add.forward = forward
    """, ends="an exception of its own", student="=1+1")  # fmt: skip
def formula(evidence):
    for name in ("grades.csv", "mistakes.csv"):
        for cell in re.split(r"[,\n]", (evidence.run.out / name).read_text()):
            assert not cell.lstrip('" ').startswith(("=", "+", "@")), cell
    assert "'=1+1" in (evidence.run.out / "grades.csv").read_text()


@attack("turns the direction of text around, so that it reads as something else", """
    raise ValueError("\u202e21 / 21 \u2066\u202d\u200f score\u2029\u0085next line")
    """, ends="edf.py can't be imported", base=blank)  # fmt: skip
def right_to_left(evidence):
    said = evidence.run.said + "".join("".join(text) for _, text in shown(evidence))
    assert not set(said) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@attack("raises an exception with a text of 200 MB", """
    raise ValueError("z" * (200 << 20))
    """, ends="edf.py can't be imported", base=blank)  # fmt: skip
def huge_exception(evidence):
    assert len(evidence.messages) < 100_000
    assert evidence.run.peak_mb < 1024


@attack("raises an exception whose class has a name of a million characters, in a function of such a name", """
    name = "n" * (1 << 20)
    made = {}
    exec(f"def {name}(self):\\n    raise type('E' * (1 << 20), (Exception,), {{}})('e')", made)
    add.forward = made[name]
    """, ends="an exception of its own")  # fmt: skip
def long_names(evidence):
    assert len(evidence.messages) < 100_000


@attack("raises an exception whose text never ends, and one whose text raises", """
    class Endless(Exception):
        def __str__(self):
            while True:
                pass
    class Broken(Exception):
        def __str__(self):
            raise Endless
    def forward(self):
        raise Broken
    def backward(self):
        raise Endless
    add.forward, mean.backward = forward, backward
    """, ends="stopped at its limit of 2 s of CPU time")  # fmt: skip
def endless_exception(evidence):
    assert evidence.score["exercises"]["momentum"]["status"] == "pass"


@attack("prints bytes that are no text, and halves of characters", """
    os.write(1, bytes(range(256)) * 10)
    os.write(1, b"\\xed\\xa0\\x80" * 10)
    raise ValueError("\\ud800\\udfff \\x00")
    """, ends="edf.py can't be imported", base=blank)  # fmt: skip
def no_text(evidence):
    assert evidence.messages.encode()


@attack("puts the hidden input into the text of its exception, for the message that it is to be told", """
    def forward(self):
        raise ValueError(f"canary input {self.x.top.tolist()}")
    add.forward = forward
    """, ends="the code raises ValueError")  # fmt: skip
def quoted_input(evidence):
    results = evidence.score["exercises"].values()
    told = [result["message"] for result in results]
    told += [check["message"] for result in results for check in result["checks"]]
    assert not [text for text in told if "canary input" in text]
    assert not [page for page in pages(evidence) if "canary input [[" in page]
