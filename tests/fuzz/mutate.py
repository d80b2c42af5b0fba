"""Strategies that change something valid: bytes, JSON values. What they make is almost right."""

import copy
import json

from hypothesis import strategies as st

# Texts in JSON that json.dumps can't write; each stands in a value under its key, as a string.
RAW = {
    "@lists": "[" * 3000 + "]" * 3000,
    "@some lists": "[" * 900 + "]" * 900,
    "@open lists": "[" * 50_000,
    "@objects": '{"a":' * 3000 + "1" + "}" * 3000,
    "@digits": "9" * 5000,
    "@fraction": "0." + "3" * 5000,
    "@exponent": "1e99999999",
    "@nan": "NaN",
    "@infinity": "-Infinity",
    "@twice": '{"a": 1, "a": 2}',
    "@cells twice": '{"cells": [], "cells": []}',
    "@surrogate": '"\\ud800"',
    "@bad escape": '"\\x"',
    "@nothing": "",
}
ODD_TEXTS = [
    "", " ", "\0", "\n", "\ud800", "\u202egnp.py", "\x1b[31mred", "e\u0301", "\ufeff", "\u2028", "🦆", "ß", "=1+1",
    "../..", "a" * 3000, "<script>", "%s{}", "NaN", "__class__",
]  # fmt: skip
ODD = st.sampled_from(
    [None, True, False, 0, 1, -1, 2, 4096, 1 << 31, 1 << 53, 1 << 63, 1 << 64, -(1 << 63), 10**30, 0.5, -0.0, 1e308,
     [], {}, [[]], [None], [0, 0], {"": {}}, {"a": 1}, ["x"] * 50, *ODD_TEXTS, *RAW]
)  # fmt: skip


@st.composite
def changed_bytes(draw, data, pieces=(b"",)):
    """data, changed in one to three places. pieces: what is put into it, among other things."""
    data = bytearray(data)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(data)))
        end = min(len(data), at + draw(st.integers(0, 40)))
        match draw(st.sampled_from(["flip", "set", "cut", "out", "twice", "move", "put", "noise"])):
            case "flip" if at < len(data):
                data[at] ^= 1 << draw(st.integers(0, 7))
            case "set" if at < len(data):
                data[at] = draw(st.sampled_from([0, 1, 0x20, 0x7F, 0x80, 0xFE, 0xFF]))
            case "cut":
                del data[at:]
            case "out":
                del data[at:end]
            case "twice":
                data[at:at] = data[at:end]
            case "move":
                piece = data[at:end]
                del data[at:end]
                to = draw(st.integers(0, len(data)))
                data[to:to] = piece
            case "put":
                data[at:at] = draw(st.sampled_from(pieces))
            case "noise":
                data[at:end] = draw(st.binary(max_size=20))
    return bytes(data)


@st.composite
def changed_json(draw, value, odd=ODD):
    """A JSON value, changed in one to four places anywhere in it. odd: what is put there."""
    root = [copy.deepcopy(value)]
    for _ in range(draw(st.integers(1, 4))):
        places = list(_places(root))
        holder, key = places[draw(st.integers(0, len(places) - 1))]
        match draw(st.sampled_from(["odd", "odd", "out", "twice", "wrap", "other", "key"])):
            case "odd":
                holder[key] = copy.deepcopy(draw(odd))
            case "out" if holder is not root:
                del holder[key]
            case "twice" if isinstance(holder, list) and holder is not root:
                holder[key:key] = copy.deepcopy(holder[key : key + 1]) * draw(st.sampled_from([1, 2, 100]))
            case "wrap":
                for _ in range(draw(st.sampled_from([1, 2, 50]))):
                    holder[key] = [holder[key]] if draw(st.booleans()) else {"a": holder[key]}
            case "other":
                other, its_key = places[draw(st.integers(0, len(places) - 1))]
                holder[key] = copy.deepcopy(other[its_key])
            case "key" if isinstance(holder, dict):
                holder[draw(st.sampled_from(ODD_TEXTS))] = holder.pop(key)
    return root[0]


def _places(value):
    """(list or dict, index or key) of everything in a value."""
    pending = [value]
    while pending:
        holder = pending.pop()
        for key in range(len(holder)) if isinstance(holder, list) else list(holder):
            yield holder, key
            if isinstance(holder[key], list | dict):
                pending.append(holder[key])


def to_json(value):
    """The text of a JSON value, with what RAW stands for put in."""
    text = json.dumps(value)
    for name, raw in RAW.items():
        text = text.replace(f'"{name}"', raw)
    return text
