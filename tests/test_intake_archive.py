"""Hostile zips: each costs the submission that it is, gets a verdict, and neither time, memory nor files."""

import io
import stat
import struct
import tracemalloc
import zipfile

import pytest
from handed_in import GOOD, write_files, zipped
from raw_zips import deflated, entry, raw_zip

from autograder.intake import Broken, IntakeError, Submission, read_submission, survey, tree
from autograder.intake.archive import MAX_ENTRIES, Archive, ArchiveError, refuse_clashes


def verdict(tmp_path, data):
    """The status and message that a submission of this one zip is refused with."""
    folder = write_files(tmp_path / "student", {"hw.zip": data})
    with pytest.raises(Broken) as broken:
        read_submission(Submission("student", folder))
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["hw.zip", "student"], "nothing is unpacked"
    return broken.value.status, broken.value.message


def test_the_zips_made_here_are_read_if_nothing_is_wrong_with_them(tmp_path):
    folder = write_files(tmp_path / "student", {"hw.zip": raw_zip(entry("edf.py", GOOD.encode()))})
    assert read_submission(Submission("student", folder)).files == {"edf.py": GOOD.encode()}


@pytest.mark.parametrize(
    "name, said",
    [
        ("../edf.py", "leads out of its folder"),
        ("a/../../edf.py", "leads out of its folder"),
        ("a/./edf.py", "leads out of its folder"),
        ("a//edf.py", "leads out of its folder"),
        ("..\\edf.py", "leads out of its folder"),
        ("/etc/edf.py", "absolute path"),
        ("\\\\host\\edf.py", "absolute path"),
        ("C:\\edf.py", "absolute path"),
        ("c:edf.py", "absolute path"),
        ("edf.py\0.txt", "null byte"),
        ("a" * 256 + ".py", "too long"),
        ("a/" * 600 + "edf.py", "too long"),
    ],
)
def test_names_that_lead_elsewhere_are_refused(tmp_path, name, said):
    status, message = verdict(tmp_path, raw_zip(entry("edf.py"), entry(name)))
    assert status == "unsafe zip" and said in message
    assert message.startswith("hw.zip: ")


@pytest.mark.parametrize(
    "mode, said",
    [
        (stat.S_IFLNK | 0o777, "is a link"),
        (stat.S_IFCHR, "a device or pipe"),
        (stat.S_IFIFO, "a device or pipe"),
    ],
)
def test_links_and_devices_are_refused(tmp_path, mode, said):
    status, message = verdict(tmp_path, raw_zip(entry("edf.py", b"/etc/passwd", mode=mode)))
    assert status == "unsafe zip" and said in message


@pytest.mark.parametrize(
    "names, said",
    [
        (["edf.py", "edf.py"], "edf.py is in it twice"),
        (["edf.py", "EDF.py"], "EDF.py and edf.py in it differ only in case"),
        (["é.py", "e\u0301.py"], "differ only in case"),
        (["a", "a/edf.py"], "a in it is both a file and a folder"),
    ],
)
def test_names_that_take_each_others_place_are_refused(tmp_path, names, said):
    status, message = verdict(tmp_path, raw_zip(*map(entry, names)))
    assert status == "unsafe zip" and said in message


def test_a_bomb_is_refused_by_what_it_claims(tmp_path):
    status, message = verdict(tmp_path, zipped({"edf.py": bytes(201 << 20)}))
    assert (status, message) == ("zip bomb", "hw.zip: it unpacks to 201 MB; at most 200 MB are unpacked")


def test_a_bomb_that_claims_to_be_small_is_unpacked_no_further_than_that(tmp_path):
    packed = deflated(bytes(100 << 20))
    data = raw_zip(entry("edf.py", packed, method=8, packed=len(packed), size=1000))
    assert verdict(tmp_path, data)[0] == "damaged zip"


def test_many_names_for_the_same_bytes_are_refused(tmp_path):
    """A bomb without a high ratio anywhere: entries that overlap."""
    packed = deflated(bytes(10 << 20))
    first = entry("edf.py", packed, method=8, packed=len(packed), size=10 << 20)
    others = [{**first, "name": b"edf%02d" % i, "data": b"", "offset": 0} for i in range(15)]
    assert verdict(tmp_path, raw_zip(first, *others)) == ("unsafe zip", "hw.zip: entries in it overlap")


def test_an_entry_that_reaches_into_the_directory_is_refused(tmp_path):
    assert verdict(tmp_path, raw_zip(entry("edf.py", packed=500, size=500)))[0] == "unsafe zip"


def test_too_many_entries_are_refused(tmp_path):
    status, message = verdict(tmp_path, zipped({f"{i}.txt": b"" for i in range(MAX_ENTRIES + 1)}))
    assert status == "too large" and "2,001 entries" in message


def test_a_directory_too_long_to_be_held_is_not_even_read(tmp_path):
    status, message = verdict(tmp_path, raw_zip(*[entry("n" * 200, b"") for _ in range(10_000)], count=1))
    assert status == "too large" and "list of entries" in message


@pytest.mark.parametrize("flags", [0x1, 0x41, 0x2000])
def test_encrypted_zips_say_what_to_do(tmp_path, flags):
    status, message = verdict(tmp_path, raw_zip(entry("edf.py", flags=flags)))
    assert status == "encrypted zip" and "without a password" in message


def zip64(**sizes):
    """An entry whose real sizes are said to be in a Zip64 field."""
    field = b"".join(struct.pack("<Q", value) for value in sizes.values())
    return entry(
        "edf.py", **dict.fromkeys(sizes, 0xFFFFFFFF), extra=struct.pack("<HH", 1, len(field)) + field
    )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK",
        b"not a zip at all",
        zipped({"edf.py": GOOD})[:-10],
        raw_zip(entry("edf.py", crc=1)),
        raw_zip(entry("edf.py", size=2)),
        raw_zip(entry("edf.py", b"\xff\xff", method=8)),
        raw_zip(entry("edf.py", method=12)),
        raw_zip(entry("edf.py", method=14)),
        raw_zip(entry("edf.py", method=99)),
        raw_zip(entry("edf.py"), directory_size=10_000),
        raw_zip(entry("edf.py"), directory_at=1 << 31),
        raw_zip(entry("edf.py", offset=5)),
        raw_zip(entry("edf.py", offset=1 << 31)),
        raw_zip(entry(b"\xff\xfe.py")),
        raw_zip(zip64(size=1 << 62)),
        raw_zip(zip64(packed=1 << 62)),
        raw_zip(zip64(size=2)),
        raw_zip({**zip64(size=1), "extra": struct.pack("<HH", 1, 40)}),
    ],
)
def test_damaged_zips_get_a_verdict(tmp_path, data):
    status, message = verdict(tmp_path, data)
    assert status in ("damaged zip", "unsafe zip", "too large", "zip bomb")
    assert message.startswith("hw.zip: ")


def test_no_change_of_a_byte_gets_past_the_verdicts():
    """Every byte of a zip's headers, changed: it is read, or refused with an ArchiveError."""
    whole = raw_zip(entry("edf.py", GOOD.encode()), entry("b.txt", deflated(b"b" * 50), method=8, size=50))
    refused = 0
    for at in range(len(whole)):
        for change in (0x01, 0x80, 0xFF):
            data = bytearray(whole)
            data[at] ^= change
            try:
                archive = Archive(io.BytesIO(data))
                archive.require_sound()
                for member in archive.members:
                    assert len(archive.read(member, 1 << 20)) <= 1 << 20
            except ArchiveError:
                refused += 1
    assert refused > len(whole)


def test_of_a_class_in_a_zip_only_the_students_with_bad_entries_are_affected(tmp_path):
    bomb = deflated(bytes(30 << 20))
    data = raw_zip(
        entry("ada/edf.py", GOOD.encode()),
        entry("bo/edf.py", bomb, method=8, packed=len(bomb), size=30 << 20),
        entry("cy/edf.py", crc=1),
        entry("dee/edf.py", flags=1),
        entry("../eve/edf.py"),
        entry("fay/edf.py", b"/etc/passwd", mode=stat.S_IFLNK),
        entry("gus/edf.py"),
        entry("gus/EDF.py"),
    )
    (tmp_path / "class.zip").write_bytes(data)
    found = survey(tmp_path / "class.zip")
    statuses = {}
    for submission in found.submissions:
        try:
            read_submission(submission)
            statuses[submission.student] = "read"
        except Broken as broken:
            statuses[submission.student] = broken.status
    assert statuses == {
        "ada": "read",
        "bo": "too large",
        "cy": "damaged zip",
        "dee": "encrypted zip",
        "gus": "unsafe zip",
    }
    assert [name for name, _ in found.ignored] == ["../eve/edf.py", "fay/edf.py"]


@pytest.mark.parametrize(
    "data", [b"", b"PK\5\6", zipped({"a": b""})[:-4], raw_zip(entry("a/edf.py", packed=99))]
)
def test_a_class_in_a_zip_that_cannot_be_read_is_refused(tmp_path, data):
    (tmp_path / "class.zip").write_bytes(data)
    with pytest.raises(IntakeError, match=r"class\.zip can't be used"):
        survey(tmp_path / "class.zip")


def test_an_honest_zip_of_any_tool_is_read():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.mkdir("hw") if hasattr(archive, "mkdir") else None
        with archive.open("hw/streamed.py", "w", force_zip64=True) as file:
            file.write(b"x = 1")
        archive.comment = b"made by hand"
    archive = Archive(io.BytesIO(b"self-extracting stub" + buffer.getvalue()))
    archive.require_sound()
    assert [(m.name, archive.read(m, 100)) for m in archive.members] == [("hw/streamed.py", b"x = 1")]


def peak_of(function):
    """(what function() returns or raises, bytes that it took at most at one time)."""
    tracemalloc.start()
    try:
        return function(), tracemalloc.get_traced_memory()[1]
    except (Broken, IntakeError) as error:
        return error, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_folders_in_folders_take_no_memory(tmp_path):
    """A name of a kilobyte has hundreds of them, each of which has a name of its own."""
    names = [f"{i}/" + "d/" * 460 + "edf.py" for i in range(1000)]
    data = raw_zip(*[entry(name, b"") for name in names])
    folder = write_files(tmp_path / "student", {"hw.zip": data})
    error, peak = peak_of(lambda: read_submission(Submission("student", folder)))
    assert (error.status, error.message.split(" in it ")[1]) == ("unsafe zip", "lies in more than 50 folders")
    assert len(error.message) < 200 and peak < 80 << 20  # 50 of them to read the zip


def test_a_class_of_more_folders_than_can_be_held_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(tree, "MAX_NODES", 20_000)
    names = ["/".join(f"{i}{chr(97 + n)}" for n in range(40)) + "/edf.py" for i in range(4000)]
    (tmp_path / "class.zip").write_bytes(raw_zip(*[entry(name, b"") for name in names]))
    error, peak = peak_of(lambda: survey(tmp_path / "class.zip"))
    assert (
        "more than 20,000 files and folders" in str(error) and peak < 75 << 20
    )  # 50 of them to read the zip


def test_clashes_are_found_without_a_list_of_all_folders():
    names = [f"{i}/" + "d/" * 460 + "edf.py" for i in range(200)]
    _, peak = peak_of(lambda: refuse_clashes(names))
    assert peak < 3 << 20


def test_a_damaged_zip_is_told_in_one_short_line(tmp_path):
    whole = raw_zip(entry("edf.py", b"x" * 60_000))
    # The length of the name that stands before the file, which is repeated where the two names differ.
    data = whole[:26] + struct.pack("<H", 50_000) + whole[28:]
    status, message = verdict(tmp_path, data)
    assert status == "damaged zip" and len(message) < 300 and message.isprintable()


def test_an_entry_without_a_name_is_named_all_the_same(tmp_path):
    assert "an entry without a name in it leads" in verdict(tmp_path, raw_zip(entry("edf.py"), entry("")))[1]
