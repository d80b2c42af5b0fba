"""Frames: how arrays cross the trust boundary, in both directions.

A frame is a fixed prefix (magic, length of the header, length of the payload), a JSON header, and the raw
bytes of its arrays one after the other. The header's "arrays" gives [dtype, shape] of each. Nothing in a
frame is ever executed or unpickled. What comes out of a sandbox was written by a stranger: `FrameReader`
accepts just what is listed here, and bounds every length before it stores a byte.
"""

import json
import math
import struct

import numpy as np

PREFIX = struct.Struct(">4sIQ")
MAGIC = b"edf1"

# Little-endian numbers of fixed size; no objects, no strings, no structures.
DTYPES = {
    name: np.dtype(name)
    for name in ("|b1", "|i1", "<i2", "<i4", "<i8", "|u1", "<u2", "<u4", "<u8", "<f2", "<f4", "<f8")
}
MAX_HEADER = 1 << 20
MAX_PAYLOAD = 1 << 28
MAX_AHEAD = 1 << 20  # bytes after the frame that is being read
MAX_ARRAYS = 4096
MAX_DIMENSIONS = 16


class BadFrame(Exception):
    """The bytes are not a frame; the message says what is wrong with them."""


def encode(header, arrays=()):
    """The buffers of one frame, to be written one after the other.

    `header`: a dict of JSON values, without the key "arrays". `arrays`: numpy arrays whose dtype, made
    little-endian, is in DTYPES. Raises BadFrame for others.
    """
    payload = []
    described = []
    for array in arrays:
        dtype = array.dtype.newbyteorder("<")
        if dtype.str not in DTYPES:
            raise BadFrame(f"an array of dtype {array.dtype} can't be sent")
        # Not ascontiguousarray: that makes a 0-dimensional array 1-dimensional.
        array = np.asarray(array, dtype=dtype, order="C")
        described.append([dtype.str, list(array.shape)])
        payload.append(memoryview(array.reshape(-1)).cast("B") if array.size else b"")
    text = json.dumps({**header, "arrays": described}).encode()
    prefix = PREFIX.pack(MAGIC, len(text), sum(len(part) for part in payload))
    return [prefix, text, *payload]


class FrameReader:
    """Turns a stream of bytes into frames: `feed` it what arrived, then ask `frame()`."""

    def __init__(self, max_payload=MAX_PAYLOAD):
        self.max_payload = max_payload
        self._buffer = bytearray()
        self._sizes = None  # of header and payload, once the prefix is here

    def feed(self, data):
        """Take more bytes of the stream. Raises BadFrame as soon as a prefix is wrong."""
        self._buffer += data
        if self._sizes is None and len(self._buffer) >= PREFIX.size:
            magic, header_size, payload_size = PREFIX.unpack_from(self._buffer)
            if magic != MAGIC:
                raise BadFrame("the bytes do not start as a frame does")
            if header_size > MAX_HEADER or payload_size > self.max_payload:
                raise BadFrame(f"a frame of {header_size} + {payload_size} bytes is too large")
            self._sizes = header_size, payload_size
        if self._sizes is not None and len(self._buffer) > PREFIX.size + sum(self._sizes) + MAX_AHEAD:
            raise BadFrame("more bytes came than were asked for")

    def frame(self):
        """The next whole frame as (header, arrays), or None while bytes are missing.

        Raises BadFrame when it is not what `encode` could have written.
        """
        if self._sizes is None:
            return None
        header_size, payload_size = self._sizes
        end = PREFIX.size + header_size + payload_size
        if len(self._buffer) < end:
            return None
        text = bytes(self._buffer[PREFIX.size : PREFIX.size + header_size])
        payload = bytes(self._buffer[PREFIX.size + header_size : end])
        rest, self._buffer, self._sizes = self._buffer[end:], bytearray(), None
        self.feed(rest)
        return _decode(text, payload)


def _decode(text, payload):
    try:
        header = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise BadFrame("the header is not JSON") from error
    if not isinstance(header, dict) or not isinstance(header.get("arrays"), list):
        raise BadFrame("the header does not describe its arrays")
    described = header.pop("arrays")
    if len(described) > MAX_ARRAYS:
        raise BadFrame(f"{len(described)} arrays in one frame")
    arrays, start = [], 0
    for entry in described:
        dtype, shape = _dtype_and_shape(entry)
        count = math.prod(shape)
        end = start + count * dtype.itemsize
        if end > len(payload):
            raise BadFrame("an array is longer than the bytes that came with it")
        try:
            arrays.append(np.frombuffer(payload, dtype, count, start).reshape(shape))
        except ValueError as error:  # no elements, but sides whose product numpy can't hold
            raise BadFrame("an array has an impossible shape") from error
        start = end
    if start != len(payload):
        raise BadFrame("there are more bytes than the arrays need")
    return header, arrays


def _refuse_constant(name):
    raise ValueError(f"{name} is not JSON")


def _dtype_and_shape(entry):
    match entry:
        case [str(name), list(shape)]:
            pass
        case _:
            raise BadFrame("an array is not described by its dtype and shape")
    if name not in DTYPES:
        # A JSON text can hold halves of characters, which no file takes.
        raise BadFrame(f"an array of dtype {ascii(name[:20])} is not accepted")
    # bool is an int to Python, but not a length.
    if len(shape) > MAX_DIMENSIONS or not all(type(n) is int and 0 <= n <= MAX_PAYLOAD for n in shape):
        raise BadFrame("an array has an impossible shape")
    return DTYPES[name], tuple(shape)
