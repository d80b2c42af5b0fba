"""Names of files and folders in Canvas' and Moodle's downloads: whose they are, or could be.

Canvas (lib/content_zipper.rb) calls a file NAME_USER_FILE_what-was-uploaded, with LATE after the name of a late
one; names are "Lovelace, Ada" in lower case without all that is no letter, digit or _; FILE is another number
for each file, larger for a later one. Moodle (mod/assign/classes/downloader.php) makes folders
NAME_ID_assignsubmission_file, in older versions with a _ at the end, or files of that and _what-was-uploaded.

Students choose both their name and what they upload, so that a name can be read in several ways: all are given.
"""

import dataclasses
import re

CANVAS_USER = re.compile(r"(?<!_LATE)(?=(?:_LATE)?_\d+_)")
CANVAS_TAIL = r"_(?:(?P<file>\d+)_(?P<rest>.+)|(?P<typed>text|link)\.html)"
CANVAS = re.compile(r"(?P<late>_LATE)?_(?P<user>\d+)" + CANVAS_TAIL)
CANVAS_ANONYMOUS = re.compile(r"(?P<late>LATE_)?anon_(?P<user>[0-9A-Za-z]+)" + CANVAS_TAIL)
MIN_FILE_DIGITS = (
    3  # Canvas counts the files of all courses: the 1 of 1_autograd.ipynb is none of its numbers
)
MOODLE_USER = re.compile(r"(?:_\d+)?_assignsubmission_")
MOODLE = re.compile(r"(?:_(?P<user>\d+))?_assignsubmission_(?P<kind>[a-z]+)(?:_(?P<rest>.*))?")


@dataclasses.dataclass(frozen=True)
class Upload:
    """One way to read a name in a download.

    lms: "canvas" or "moodle"; name and user: the student's name and id in there; uploaded: what the student
    called the file, "" if it says nothing of that; number: Canvas', of the file; kind: Moodle's, of what it is.
    """

    lms: str
    name: str
    user: str
    uploaded: str
    late: bool = False
    number: int = 0
    kind: str = ""


def read_name(name, is_file):
    """All `Upload`s that the name of a file or folder in a download can stand for; none if it is from no download."""
    return _read_moodle(name, is_file) + (_read_canvas(name) if is_file else [])


def _read_moodle(name, is_file):
    found = []
    for start in (match.start() for match in MOODLE_USER.finditer(name)):
        match = MOODLE.fullmatch(name, start)
        # Nothing that a student uploads is in a folder's name, so that it ends where Moodle's own does.
        if match and (is_file or not match["rest"]):
            uploaded = match["rest"] or ""
            found.append(Upload("moodle", name[:start], match["user"] or "", uploaded, kind=match["kind"]))
    return found


def _read_canvas(name):
    matches = [(name[: m.start()], CANVAS.fullmatch(name, m.start())) for m in CANVAS_USER.finditer(name)]
    matches.insert(0, ("anon", CANVAS_ANONYMOUS.fullmatch(name)))
    matches = [(who, match) for who, match in matches if match]
    matches = [(w, m) for w, m in matches if m["typed"] or len(m["file"]) >= MIN_FILE_DIGITS] or matches
    matches = [(who, match) for who, match in matches if who == who.lower()] or matches
    uploads = {
        (who, m["user"]): Upload(
            "canvas",
            who,
            m["user"],
            m["rest"] or f"{m['typed']}.html",
            late=bool(m["late"]),
            number=int(m["file"] or 0),
        )
        for who, m in matches
    }
    return list(uploads.values())
