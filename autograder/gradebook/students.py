"""The ids by which nbgrader knows students: they name folders, and stand in its pages and exports as they are."""

import hashlib
import re

MAX_NAME = 120  # bytes of a student's id, which names a folder
# What can't be in a folder's name, is a wildcard, is code in nbgrader's pages (which do not escape it), or no Unicode.
NOT_IN_ID = re.compile(r"""[/\\\x00-\x1f\x7f-\x9f*?\[\]<>"'`&;\ud800-\udfff]|^[=+@.-]""")


def student_ids(names):
    """{name: id} of a class: `student_id`, made different from the name or id of anybody else in it."""
    ids = {name: name for name in names if student_id(name) == name}
    taken = set(ids)
    for name in sorted(set(names) - ids.keys()):
        ids[name] = next(id for n in range(8, 65) if (id := student_id(name, n)) not in taken)
        taken.add(ids[name])
    return ids


def student_id(name, digits=8):
    """The id by which nbgrader knows a student: their name, or one like it that it can use as a folder's name.

    digits: how many of the name's hash are in an id that is not the name.
    """
    id = NOT_IN_ID.sub("_", name.strip())
    if len(id.encode()) > MAX_NAME:
        id = id.encode()[: MAX_NAME - 9].decode("utf-8", "ignore")
    elif not id:
        id = "_"
    if id == name:
        return id
    return f"{id}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:digits]}"
