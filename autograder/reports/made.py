"""Files that are made of scores, in groups: one is made again if what it is made of has changed, or one of its files.

OUT/.made_of/<group>.json holds a hash of what the group was made of, and one of each of its files, by their paths below
OUT. It is removed before these are written, and written after them: of a run that was killed in between, nothing is
taken for whole. Files that were lost, damaged or edited since are found out, too.
"""

import hashlib
import json
from pathlib import Path

FOLDER = ".made_of"  # in the output folder


def bring_up_to_date(scores, group, made_of, make):
    """Write the files of a group, unless they are there as they would be made.

    scores: scores.Scores. group: a path without suffix. made_of: a text, all that the files depend on. make: function
    () → {path below the output folder: text}. Raises scores.ScoresError.
    """
    hashed = hashlib.sha256(made_of.encode(errors="surrogatepass")).hexdigest()
    if _is_there(scores.folder, group, hashed):
        return
    texts = make()
    _stamp(scores.folder, group).unlink(missing_ok=True)
    for path, text in texts.items():
        scores.write_text(path, text)
    files = {path: hashlib.sha256(text.encode()).hexdigest() for path, text in texts.items()}
    said = json.dumps({"made_of": hashed, "files": files}, indent=1)
    scores.write_text(_stamp("", group), said)


def forget(out, group):
    """Remove the stamp of a group whose files are removed."""
    _stamp(out, group).unlink(missing_ok=True)


def _is_there(out, group, hashed):
    try:
        said = json.loads(_stamp(out, group).read_text(encoding="utf-8"))
        return said["made_of"] == hashed and all(
            _hash_of_file(out / path) == known for path, known in said["files"].items()
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return False


def _stamp(out, group):
    return Path(out, FOLDER, f"{group}.json")


def _hash_of_file(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
