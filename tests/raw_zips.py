"""Zips that zipfile would refuse to write, made byte by byte."""

import struct
import zlib


def entry(name, data=b"x", **changes):
    """One entry for `raw_zip`: what the local header, the directory and the file say. data: what is stored."""
    name = name if isinstance(name, bytes) else name.encode()
    known = {"crc": zlib.crc32(data), "packed": len(data), "size": len(data), "method": 0, "flags": 0x800}
    return {**known, "name": name, "data": data, "mode": 0, "offset": None, "extra": b"", **changes}


def raw_zip(*entries, count=None, directory_size=None, directory_at=None):
    """The bytes of a zip that zipfile would refuse to write."""
    body, directory = b"", b""
    for e in entries:
        offset = len(body) if e["offset"] is None else e["offset"]
        numbers = e["crc"], e["packed"], e["size"], len(e["name"])
        local = struct.pack("<4s5H3I2H", b"PK\3\4", 20, e["flags"], e["method"], 0, 33, *numbers, 0)
        body += local + e["name"] + e["data"]
        central = struct.pack(
            "<4s6H3I5H2I", b"PK\1\2", 3 << 8 | 20, 20, e["flags"], e["method"], 0, 33, *numbers,
            len(e["extra"]), 0, 0, 0, e["mode"] << 16, offset,
        )  # fmt: skip
        directory += central + e["name"] + e["extra"]
    count = len(entries) if count is None else count
    size = len(directory) if directory_size is None else directory_size
    start = len(body) if directory_at is None else directory_at
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, count, count, size, start, 0)
    return body + directory + end


def deflated(data):
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    return compressor.compress(data) + compressor.flush()
