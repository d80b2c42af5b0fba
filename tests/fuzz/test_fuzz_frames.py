"""Whatever comes out of a sandbox: frames, or BadFrame; results, or StudentError. Never anything else."""

import contextlib
import json

import numpy as np
from guard import assert_clear, fuzz, guarded
from hypothesis import given
from hypothesis import strategies as st
from mutate import ODD, changed_bytes, changed_json, to_json

from autograder.assignment import Limits
from autograder.sandbox.answers import MAX_NUMBER, StudentError, raised, results, texts
from autograder.sandbox.inside.frames import DTYPES, MAGIC, PREFIX, BadFrame, FrameReader
from autograder.sandbox.session import MAX_MESSAGE, Sandbox
from autograder.sandbox.visible import allowed_modules

ARRAYS = [np.arange(6.0).reshape(2, 3), np.array(True), np.zeros((3, 0, 2), "<f4"), np.arange(4, dtype="|u1")]
HEADERS = [
    {"results": [["array", 0], ["number", 3], ["missing", "is None"], ["array", 3]], "error": None},
    {"results": [], "error": {"type": "ValueError", "message": "no", "where": ["edf.py, line 3, in f"]}},
    {"syntax_error": None, "changed": ["max"], "modules": ["numpy", "scipy.signal", "os"]},
    {"syntax_error": "line 1: invalid syntax"},
    {"error": None},
]
DESCRIBED = [[array.dtype.str, list(array.shape)] for array in ARRAYS]
PAYLOAD = b"".join(array.tobytes() for array in ARRAYS)
MAX_PAYLOAD = 1 << 16
# Bytes of memory for one of JSON: two make a list in "[[…]]", which takes 56, 16 for the garbage collector, 32 inside.
PARSED = 64
SIZES = [0, 1, 15, 1 << 16, 1 << 20, (1 << 20) + 1, (1 << 28) + 1, (1 << 31) - 1, (1 << 32) - 1]


def packed(text, payload, header_size=None, payload_size=None, magic=MAGIC):
    text = text if isinstance(text, bytes) else text.encode()
    header_size = len(text) if header_size is None else header_size
    payload_size = len(payload) if payload_size is None else payload_size
    return PREFIX.pack(magic, header_size, payload_size) + text + payload


@st.composite
def frames(draw):
    """A frame, changed in its header, in the shapes and dtypes in it, in its lengths or in its payload."""
    header = dict(draw(st.sampled_from(HEADERS)), arrays=DESCRIBED)
    payload = PAYLOAD
    sizes = {}
    match draw(st.sampled_from(["header", "arrays", "sizes", "payload", "bytes", "nothing"])):
        case "header":
            header = draw(changed_json(header))
        case "arrays":
            odd = (
                st.sampled_from(
                    [*DTYPES, ">f4", "|O", "<U4", "|V0", "<f16", "x" * 100, 1 << 28, (1 << 28) + 1]
                )
                | ODD
            )
            header["arrays"] = draw(changed_json(DESCRIBED, odd))
        case "sizes":
            for name in draw(st.sets(st.sampled_from(["header_size", "payload_size"]), min_size=1)):
                sizes[name] = draw(st.sampled_from(SIZES) | st.integers(0, 300))
        case "payload":
            payload = draw(changed_bytes(PAYLOAD))
        case "bytes":  # of the whole frame
            return draw(
                changed_bytes(packed(to_json(header), payload), [MAGIC, packed("{}", b""), b'"', b"["])
            )
    return packed(to_json(header), payload, **sizes)


def received(data, cuts):
    """All (header, arrays) that arrive, in these pieces, until the end or a BadFrame."""
    reader, found = FrameReader(MAX_PAYLOAD), []
    try:
        for start, end in zip([0, *cuts], [*cuts, len(data)]):
            reader.feed(data[start:end])
            while (frame := reader.frame()) is not None:
                found.append(frame)
    except BadFrame as error:
        assert_clear(str(error))
    return found


@contextlib.contextmanager
def student_error():
    try:
        yield
    except StudentError as error:
        _assert_student_error(error)


def _assert_student_error(error):
    """What can be written into a score file, and is bounded."""
    json.dumps(error.message, ensure_ascii=False).encode()
    assert error.kind in ("exception", "memory", "protocol") and 0 < len(error.message) <= 2102
    for text in (error.type or "", *error.where):
        assert len(text.encode()) <= 10_000
    assert len(error.where) <= 6


def judged(header, arrays):
    """What session.py makes of a frame that arrived."""
    for asked in ((), ("get", "length", "get", "get")):
        with student_error():
            for verb, result in zip(asked, results(header.get("results"), arrays, asked), strict=True):
                assert isinstance(result, int) == (verb == "length")
                match result:
                    case np.ndarray():
                        assert type(result) is np.ndarray and result.dtype.str in DTYPES
                        assert result.nbytes <= MAX_PAYLOAD
                    case str():
                        assert len(result.encode()) <= 2000
                    case _:
                        assert type(result) is int and 0 <= result < MAX_NUMBER
    if header.get("error") is not None:
        _assert_student_error(raised(header["error"]))
    for text in texts(header.get("where")):
        assert len(text) <= 20_000 and text.encode()


allowed_modules(("scipy",))  # once, as it takes seconds


class Inspected(Sandbox):
    """A sandbox that is none: its process says what a stranger could make it say."""

    def __init__(self, header):
        self.header, self.packages, self.limits = header, ("scipy",), Limits()

    @contextlib.contextmanager
    def process(self, task, cpu_seconds):
        yield self

    def receive(self):
        return self.header, []

    def _command(self, message):
        # The template reads one packet.
        assert len(json.dumps(message).encode()) <= MAX_MESSAGE
        return {"failed": message["modules"][::2]}


def inspected(header):
    with student_error():
        found = Inspected(header).inspect()
        json.dumps(found, ensure_ascii=False).encode()
        assert found["syntax_error"] is None or len(found["syntax_error"]) <= 10_000


@fuzz(short=120, full=8000)
@given(st.lists(frames(), min_size=1, max_size=3), st.data())
def test_frames_or_bad_frame(parts, data):
    stream = b"".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=4)))
    with guarded("frames", megabytes=8 + PARSED * len(stream) / 2**20):
        for header, arrays in received(stream, cuts):
            assert sum(array.nbytes for array in arrays) <= MAX_PAYLOAD
            judged(header, arrays)
            inspected(header)


@fuzz(short=80, full=3000)
@given(st.sampled_from(HEADERS).flatmap(changed_json))
def test_results_or_student_error(header):
    text = to_json(header)
    with guarded("frames", megabytes=8):
        for made, arrays in received(packed('{"arrays": [], "h": ' + text + "}", b""), []):
            if isinstance(made["h"], dict):
                judged(made["h"], ARRAYS)
                inspected(made["h"])
