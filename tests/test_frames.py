"""Frames carry every array that they may, unchanged; anything else is a BadFrame, at once."""

import json
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.sandbox.inside import frames
from autograder.sandbox.inside.frames import MAGIC, PREFIX, BadFrame, FrameReader, encode

FEW = settings(max_examples=60, deadline=None)


def sent_and_received(*arrays):
    reader = FrameReader()
    reader.feed(b"".join(encode({}, arrays)))
    _, received = reader.frame()
    return received


def packed(text, payload=b""):
    text = text if isinstance(text, bytes) else json.dumps(text).encode()
    return PREFIX.pack(MAGIC, len(text), len(payload)) + text + payload


def read(data):
    reader = FrameReader()
    reader.feed(data)
    return reader.frame()


@pytest.mark.parametrize("dtype", frames.DTYPES)
@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (5,), (2, 3, 4)])
def test_every_dtype_and_shape_arrives_as_it_was_sent(dtype, shape):
    array = (np.arange(np.prod(shape, dtype=int)) % 2).astype(dtype).reshape(shape)
    (received,) = sent_and_received(array)
    assert received.dtype == array.dtype and received.shape == shape
    np.testing.assert_array_equal(received, array)


@pytest.mark.parametrize("view", [np.s_[::2], np.s_[::-1], np.s_[:, 1], np.s_[..., np.newaxis, ::3]])
def test_an_array_that_is_not_contiguous_arrives_whole(view):
    array = np.arange(60.0).reshape(6, 10)[view]
    received, transposed = sent_and_received(array, array.T)
    np.testing.assert_array_equal(received, array)
    np.testing.assert_array_equal(transposed, array.T)


def test_numbers_stored_the_other_way_round_keep_their_values():
    (received,) = sent_and_received(np.array([1.5, -2.0], ">f8"))
    assert received.dtype == np.dtype("<f8")
    assert received.tolist() == [1.5, -2.0]


def test_nan_and_infinity_arrive():
    (received,) = sent_and_received(np.array([np.nan, np.inf, -np.inf, -0.0]))
    np.testing.assert_array_equal(received, [np.nan, np.inf, -np.inf, -0.0])
    assert np.signbit(received[3])


@pytest.mark.parametrize(
    "array",
    [
        np.array([None]),
        np.array(["text"]),
        np.array([1j]),
        np.zeros(2, "i4,f4"),
        np.array(["2020-01-01"], "M8[D]"),
        np.zeros(2, np.longdouble),
    ],
    ids=lambda array: str(array.dtype),
)
def test_other_arrays_are_not_sent(array):
    with pytest.raises(BadFrame):
        encode({}, [array])


def test_the_header_arrives_and_several_frames_come_in_their_order():
    reader = FrameReader()
    for i in range(3):
        reader.feed(b"".join(encode({"number": i, "text": "ß\n"}, [np.full(i, i)])))
    for i in range(3):
        header, arrays = reader.frame()
        assert header == {"number": i, "text": "ß\n"}
        assert arrays[0].tolist() == [i] * i
    assert reader.frame() is None


BAD_HEADERS = {
    "not JSON": b"{",
    "not text": b"\xff\xfe",
    "empty": b"",
    "a list": [],
    "a number": 1,
    "null": None,
    "no arrays": {},
    "arrays that are no list": {"arrays": {"0": ["<f4", [0]]}},
    "nan": b'{"arrays": [], "x": NaN}',
    "infinity": b'{"arrays": [], "x": -Infinity}',
    "deep lists": b'{"arrays": ' + b"[" * 200_000 + b"]" * 200_000 + b"}",
    "deep dicts": b'{"arrays": [], "x": ' + b'{"a":' * 100_000,
    "a number of many digits": b'{"arrays": [], "x": ' + b"9" * 100_000 + b"}",
    "too many arrays": {"arrays": [["<f4", [0]]] * (frames.MAX_ARRAYS + 1)},
    "too many dimensions": {"arrays": [["<f4", [0] * (frames.MAX_DIMENSIONS + 1)]]},
}
BAD_DTYPES = ["|O", "O", "object", "<U4", "|S4", "|V8", "<c8", ">f4", "<f16", "f4", "float32", "<M8[s]"]
BAD_DTYPES += ["", None, 4, ["<f4"], {"a": 1}, "<f4,<f4", "x" * 10_000, "\ud800\n" * 40]
BAD_SHAPES = [[-1], [-4], [2.0], [True], ["2"], [None], [[2]], [1 << 62], [1 << 31, 1 << 31, 4], [10**30]]
BAD_SHAPES += [2, "2", None, {"0": 2}, [1], [3], [2, 2], [1.0, 2]]


@pytest.mark.parametrize("header", BAD_HEADERS.values(), ids=BAD_HEADERS)
def test_a_bad_header_is_refused(header):
    with pytest.raises(BadFrame):
        read(packed(header))


@pytest.mark.parametrize("dtype", BAD_DTYPES, ids=lambda d: repr(d)[:20])
def test_a_dtype_that_is_not_listed_is_refused(dtype):
    with pytest.raises(BadFrame) as caught:
        read(packed({"arrays": [[dtype, [2]]]}, bytes(8)))
    assert len(str(caught.value)) < 200 and str(caught.value).isprintable()


@pytest.mark.parametrize("shape", BAD_SHAPES, ids=lambda s: repr(s)[:30])
def test_a_shape_that_does_not_fit_its_bytes_is_refused(shape):
    with pytest.raises(BadFrame):
        read(packed({"arrays": [["<f4", shape]]}, bytes(8)))


@pytest.mark.parametrize("entry", [[], ["<f4"], ["<f4", [2], 0], "<f4", 2, None, {"<f4": [2]}])
def test_an_array_that_is_not_described_by_a_pair_is_refused(entry):
    with pytest.raises(BadFrame):
        read(packed({"arrays": [entry]}, bytes(8)))


def test_bytes_that_belong_to_no_array_are_refused():
    with pytest.raises(BadFrame):
        read(packed({"arrays": []}, b"x"))


@pytest.mark.parametrize(
    "sizes", [(frames.MAX_HEADER + 1, 0), (2, frames.MAX_PAYLOAD + 1), (2**32 - 1, 2**64 - 1)]
)
def test_a_frame_that_announces_too_much_is_refused_before_it_arrives(sizes):
    with pytest.raises(BadFrame, match="too large"):
        FrameReader().feed(PREFIX.pack(MAGIC, *sizes))


@pytest.mark.parametrize("start", [b"edf2" + bytes(12), b"GET / HTTP/1.1\r\n", bytes(16)])
def test_bytes_that_do_not_start_as_a_frame_are_refused(start):
    with pytest.raises(BadFrame):
        FrameReader().feed(start)


def test_an_array_of_impossible_size_takes_no_memory():
    bad = [[1 << 28, 0, 1 << 28], [1 << 28] * 16, [(1 << 28) + 1]]
    tracemalloc.start()
    try:
        for shape in bad:
            try:
                read(packed({"arrays": [["<f8", shape]]}))
            except BadFrame:
                pass
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_an_empty_array_of_huge_sides_is_an_array_or_refused():
    try:
        _, (array,) = read(packed({"arrays": [["<f8", [1 << 28] * 3 + [0]]]}))
    except BadFrame:
        return
    assert array.size == 0


def test_frames_that_nobody_asked_for_do_not_pile_up():
    reader = FrameReader(max_payload=1 << 16)
    frame = packed({"arrays": []}) * 4000
    with pytest.raises(BadFrame):
        for _ in range(200):
            reader.feed(frame)


@FEW
@given(st.data())
def test_it_does_not_matter_how_the_stream_is_cut(data):
    arrays = [np.arange(n, dtype="<i4") for n in (0, 3, 50)]
    stream = b"".join(b"".join(encode({"n": n}, [a])) for n, a in enumerate(arrays))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    reader, found = FrameReader(), []
    for start, end in zip([0, *cuts], [*cuts, len(stream)]):
        reader.feed(stream[start:end])
        while (frame := reader.frame()) is not None:
            found.append(frame)
    assert [header["n"] for header, _ in found] == [0, 1, 2]
    for array, (_, (received,)) in zip(arrays, found):
        np.testing.assert_array_equal(received, array)


def raises_nothing_else(data):
    reader = FrameReader()
    try:
        reader.feed(data)
        while reader.frame() is not None:
            pass
    except BadFrame:
        pass


@FEW
@given(st.binary(max_size=300))
def test_random_bytes_raise_nothing_but_bad_frame(data):
    raises_nothing_else(data)
    raises_nothing_else(MAGIC + data)
    raises_nothing_else(packed(data, data))


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(list(frames.DTYPES)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=12,
)


@FEW
@given(ANYTHING, st.binary(max_size=64))
def test_random_headers_raise_nothing_but_bad_frame(value, payload):
    raises_nothing_else(packed(value, payload))
    raises_nothing_else(packed({"arrays": value}, payload))
    raises_nothing_else(packed({"arrays": [["<f4", value]]}, payload))
    raises_nothing_else(packed({"arrays": [[value, [1]]]}, payload))


@FEW
@given(st.integers(0, 10_000), st.integers(0, 255))
def test_a_changed_byte_gives_a_frame_or_bad_frame(place, byte):
    stream = bytearray(b"".join(encode({"results": [["array", 0]]}, [np.arange(6.0).reshape(2, 3)])))
    stream[place % len(stream)] = byte
    raises_nothing_else(bytes(stream))
