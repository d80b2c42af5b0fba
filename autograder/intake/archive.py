"""Reads zips that may be hostile: everything is bounded, nothing is ever extracted to the disk.

Names, sizes and offsets in a zip are claims. They are checked before a byte is unpacked, and what is unpacked
is held to them. Python's zipfile does the reading.
"""

import dataclasses
import functools
import re
import stat
import unicodedata
import zipfile

from autograder.intake.submission import shown

MAX_ENTRIES = 2000
MAX_CLASS_ENTRIES = 100_000
MAX_ENTRY_BYTES = 512  # of the directory, for each entry
MAX_UNPACKED_BYTES = 200 << 20
MAX_RATIO = 100  # of a zip that unpacks to more than that
MAX_NAME, MAX_PATH = 255, 1000  # bytes
MAX_FOLDERS = 50  # one in the other
LOCAL_HEADER = 30
CHUNK = 1 << 16
UNSAFE = "unsafe zip"
ENCRYPTED = 0x1 | 0x40 | 0x2000  # flags of the format: encrypted, strongly encrypted, directory encrypted


class ArchiveError(Exception):
    """A zip that is not unpacked: `status`, a few words, and a message without the zip's name."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status, self.message = status, message


@dataclasses.dataclass(frozen=True)
class Member:
    """A file in a zip. name: its path, with slashes; size: in bytes; problem: why it can't be read, or None."""

    name: str
    size: int
    info: zipfile.ZipInfo
    problem: ArchiveError | None

    @property
    def is_unsafe(self):
        """True if the entry is no plain file of a plain name in its own folder."""
        return self.problem is not None and self.problem.status == UNSAFE


class Archive:
    """A zip in a seekable file, which stays the caller's to close. Raises ArchiveError, as all of it.

    members: its files, folders left out, each with a problem if it has one.
    """

    def __init__(self, file, max_entries=MAX_ENTRIES):
        self._zip = _call(zipfile.ZipFile, _Bounded(file, max_entries * MAX_ENTRY_BYTES))
        infos = self._zip.infolist()
        if len(infos) > max_entries:
            raise ArchiveError(
                "too large", f"it has {len(infos):,} entries; at most {max_entries:,} are read"
            )
        _refuse_overlaps(infos, self._zip.start_dir)
        names = [_name(info) for info in infos]
        self.members = [
            Member(name, info.file_size, info, _problem(name, info))
            for name, info in zip(names, infos)
            if not name.endswith("/")
        ]

    def require_sound(self):
        """Refuse a zip with a problem in any of its members, or in all of them together."""
        for member in self.members:
            if member.problem:
                raise member.problem
        refuse_clashes([member.name for member in self.members])
        unpacked = sum(member.size for member in self.members)
        if unpacked > MAX_UNPACKED_BYTES:
            packed = sum(member.info.compress_size for member in self.members)
            status = "zip bomb" if unpacked > MAX_RATIO * packed else "too large"
            limit = MAX_UNPACKED_BYTES >> 20
            raise ArchiveError(
                status, f"it unpacks to {unpacked >> 20:,} MB; at most {limit} MB are unpacked"
            )

    def read(self, member, limit):
        """The bytes of a member, of which there must be at most `limit`."""
        if member.problem:
            raise member.problem
        if member.size > limit:
            raise ArchiveError("too large", f"{shown(member.name)} in it has {member.size >> 20:,} MB")
        data = _call(self._unpack, member)
        if len(data) != member.size:
            raise ArchiveError("damaged zip", f"{shown(member.name)} in it is not as long as it says")
        return data

    def _unpack(self, member):
        data = bytearray()
        with self._zip.open(member.info) as file:
            while chunk := file.read(CHUNK):
                data += chunk
                if len(data) > member.size:
                    break
        return bytes(data)


class _Bounded:
    """A file of which zipfile reads at most `limit` bytes at a time, whatever length a zip claims."""

    def __init__(self, file, limit):
        self._file, self._limit = file, limit
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size=-1):
        if 0 <= size <= self._limit:
            return self._file.read(size)
        data = self._file.read(self._limit + 1)
        if len(data) > self._limit:
            raise ArchiveError("too large", "its list of entries is too long to be read")
        return data


def refuse_clashes(names):
    """Refuse names of files of which one would take another's place on some system."""
    files = {}
    for name in names:
        key = unicodedata.normalize("NFC", name).casefold()
        if key in files:
            first = shown(files[key])
            how = "is in it twice" if files[key] == name else f"and {first} in it differ only in case"
            raise ArchiveError(UNSAFE, f"{shown(name)} {how}")
        files[key] = name
    for key in files:
        for match in re.finditer("/", key):
            if (folder := key[: match.start()]) in files:
                raise ArchiveError(UNSAFE, f"{shown(files[folder])} in it is both a file and a folder")


def _call(function, *arguments):
    """function(*arguments), whose file was written by a stranger: whatever fails, the zip is damaged."""
    try:
        return function(*arguments)
    except ArchiveError:
        raise
    except Exception as error:  # zipfile raises whatever it stumbles on, from struct.error to zlib.error
        why = shown(str(error) or type(error).__name__, 200)  # which can repeat a name of 64 KB
        raise ArchiveError("damaged zip", f"it can't be unpacked: {why}") from None


def _refuse_overlaps(infos, start_of_directory):
    """Refuse entries that share bytes with each other or with the directory: a few bytes could unpack to many."""
    ordered = sorted(infos, key=lambda info: info.header_offset)
    starts = [info.header_offset for info in ordered[1:]] + [start_of_directory]
    for info, next_start in zip(ordered, starts):
        if info.header_offset < 0 or info.header_offset + LOCAL_HEADER + info.compress_size > next_start:
            raise ArchiveError(UNSAFE, "entries in it overlap")


def _name(info):
    # Older Windows programs write backslashes.
    return info.orig_filename.replace("\\", "/")


def _problem(name, info):
    """Why an entry is not read, as an ArchiveError; None if it is."""
    unsafe = functools.partial(ArchiveError, UNSAFE)
    named = shown(name, 60) or "an entry without a name"
    if "\0" in name:
        return unsafe("a name in it has a null byte")
    if name.startswith("/") or re.match(r"[A-Za-z]:", name):
        return unsafe(f"{named} in it is an absolute path")
    if any(part in ("", ".", "..") for part in name.removesuffix("/").split("/")):
        return unsafe(f"{named} in it leads out of its folder")
    encoded = name.encode("utf-8", "surrogatepass")
    if len(encoded) > MAX_PATH or any(len(part) > MAX_NAME for part in encoded.split(b"/")):
        return unsafe(f"a name in it is too long: {named}")
    if name.count("/") > MAX_FOLDERS:
        return unsafe(f"{named} in it lies in more than {MAX_FOLDERS} folders")
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind == stat.S_IFLNK:
        return unsafe(f"{named} in it is a link")
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return unsafe(f"{named} in it is a device or pipe")
    if info.flag_bits & ENCRYPTED:
        return ArchiveError("encrypted zip", f"{named} in it is encrypted: zip it without a password")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # These have no bound on what a few bytes unpack to before the next ones are asked for.
        return ArchiveError("damaged zip", f"{named} in it is compressed in an unusual way: use plain zip")
    return None
