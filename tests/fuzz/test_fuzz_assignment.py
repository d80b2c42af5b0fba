"""Whatever the assignment's TOML holds: an assignment that can be used, or a sentence."""

import json
import math
import tempfile
from pathlib import Path

from guard import assert_clear, fuzz, guarded
from hypothesis import given
from hypothesis import strategies as st
from mutate import ODD_TEXTS, changed_bytes, changed_json

from autograder.assignment import Assignment, AssignmentError, load_assignment

VALID = {
    "name": "tiny",
    "total": 14,
    "packages": ["scipy"],
    "attempts": "best",
    "carried_forward": 0.5,
    "points": {"mean": 4, "add": 6, "conv2_forward": 4},
    "extra_credit": {"stride": 2.5},
    "efficiency": {"conv2_forward": 1},
    "limits": {"cpu_seconds": 3, "memory_mb": 512, "wall_factor": 2.5},
}
# What only TOML has, or has no end; each stands in a value under its key.
RAW = {
    "@date": "1979-05-27",
    "@time": "07:32:00",
    "@date and time": "1979-05-27T00:32:00.999999-07:00",
    "@no date": "2023-02-31",
    "@digits": "9" * 5000,
    "@hex": "0x" + "f" * 5000,
    "@exponent": "1e999",
    "@negative": "-1e999",
    "@nan": "nan",
    "@lists": "[" * 2000 + "]" * 2000,
    "@open lists": "[" * 9000,
    "@tables": "{a=" * 2000 + "1" + "}" * 2000,
    "@text": '"""two\nlines"""',
    "@literal": "'''\\ '''",
    "@escape": '"\\ud800"',
    "@nothing": "",
}
ODD = st.sampled_from(
    [
    True, False, 0, 1, 4, -1, 0.1, 1e-320, 999_999, 1e6, 1 << 62, 1 << 64, [], {}, [[]], ["numpy", "numpy"],
    {"add": 1}, "x" * 300, "a/b", "class", "last", *ODD_TEXTS, *RAW,
    ]
)  # fmt: skip
LINES = [
    b"[points]\n", b"[[points]]\n", b"[points.add]\n", b"points.add = 1\n", b'"points" = 3\n',
    b"a.b.c = 1\n", b"\r", b"\xef\xbb\xbf", b"name" + b".a" * 3000 + b" = 1\n",
    b"total" + b".a" * 900 + b" = 1\n", b"[limits" + b".a" * 2000 + b"]\n", b"= 1\n", b'"', b"'''",
    b'"\x1b[31m" = 1\n', b'"' + b"k" * 20_000 + b'" = 1\n', b"\0", b"\xff", b"# ", b"_", b"e9", b"0x",
    b"inf", b"-", b"9" * 400,
]  # fmt: skip


def to_toml(value):
    """The text of a table: plain values first, then tables; tables inside of these in one line."""
    plain = {key: item for key, item in value.items() if not isinstance(item, dict)}
    lines = [f"{_inline(key)} = {_inline(item)}" for key, item in plain.items()]
    for key in value.keys() - plain.keys():
        lines += [f"[{_inline(key)}]", *(f"{_inline(k)} = {_inline(item)}" for k, item in value[key].items())]
    text = "\n".join(lines) + "\n"
    for name, raw in RAW.items():
        text = text.replace(f'"{name}"', raw)
    return text


def _inline(value):
    match value:
        case dict():
            return "{" + ", ".join(f"{_inline(k)} = {_inline(v)}" for k, v in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(_inline, value)) + "]"
        case _:
            return json.dumps(value)


def check(data):
    with tempfile.TemporaryDirectory(prefix="edf-fuzz-") as folder:
        path = Path(folder, "assignment.toml")
        path.write_bytes(data)
        with guarded("assignment", megabytes=16):
            try:
                assignment = load_assignment(path)
            except AssignmentError as error:
                assert_clear(str(error))
                return
            check_usable(assignment)


def check_usable(assignment):
    assert isinstance(assignment, Assignment) and assignment.fingerprint
    assert math.isfinite(assignment.total) and 0 < assignment.total and type(assignment.total) in (int, float)
    assert assignment.name.isidentifier() and len(assignment.name) <= 50
    assert all(package and package.isprintable() and "/" not in package for package in assignment.packages)
    limits = assignment.limits.rlimits(assignment.limits.cpu_seconds)
    assert all(type(limit) is int and 0 <= limit < 1 << 63 for limit in limits.values())
    assert 10 <= assignment.limits.wall_seconds(1) < math.inf


@fuzz(short=80, full=3000)
@given(changed_json(VALID, ODD).filter(lambda value: isinstance(value, dict)))
def test_tables_of_other_values(value):
    check(to_toml(value).encode("utf-8", "surrogatepass"))


@fuzz(short=60, full=1800)
@given(changed_bytes(to_toml(VALID).encode(), LINES))
def test_damaged_files(data):
    check(data)
