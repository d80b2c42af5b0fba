"""What the result of a run is, so that two can be compared.

All files and folders below OUT, by their bytes: scores, tables, nbgrader's folder with all notebooks, whatever else is
or will be there. Some things are compared by what they hold:

- `records/` and the records in `attempts/`: without what is measured (times, memory, whether there was a second try);
- `gradebook.db`: every row of every table, with the row's random id left out and references to it spelled out. Points,
  comments, manual scores, names, times of handing in are all in there; nothing is left out but the ids;
- `history/`: what a score is now, without since when; what it was before (a grader error, say) is history, and so is
  what is left of a damaged one;
- the class report: its tables, without those of times and of changes, and the page, which has both;
- `run.json` says where all was found: that it is there;
- a file's times and mode do not count.

After a grader error, and where it is not known any more what the gradebook's points were made of, nbgrader asks a
person to look again at what they had graded by hand, as after any regrade. That mark
is the one thing that may be more: `differences(…, looked_at=False)`.

What a run leaves behind (a file half written, a folder for temporary files) is a difference, too.
"""

import contextlib
import json
import re
import sqlite3

from autograder.gradebook import stamp
from autograder.scores import RUN

OF_TIMES = {".made_of/report.json"} | {
    f"report/{name}" for name in ("index.html", "changes.csv", "time.csv", "totals.csv")
}
MEASURED = ("cpu_seconds", "peak_memory_kb", "wall_seconds", "disturbed", "second_try")
RANDOM_ID = re.compile("[0-9a-f]{32}")


def result(out):
    """{relative path: what counts of it} of an output folder."""
    found = {}
    for path in sorted(out.rglob("*")):
        name = path.relative_to(out).as_posix()
        if path.is_dir():
            found[f"{name}/"] = None
        elif path.name in (stamp.FILE, RUN) or name in OF_TIMES:
            found[name] = None
        elif ".json.damaged-" in path.name:
            continue
        elif "history" in path.relative_to(out).parts:
            [*_, now] = json.loads(path.read_bytes())["entries"]
            found[name] = {key: value for key, value in now.items() if key != "when"}
        elif path.name == "gradebook.db":
            found[name] = rows(path)
        elif name.startswith("records/") or "/records/" in name or name.startswith("attempts/"):
            found[name] = _without_measured(json.loads(path.read_bytes()))
        else:
            found[name] = path.read_bytes()
    return found


def differences(found, expected, looked_at=True):
    """Sentences on what differs between two results; none if they are the same.

    looked_at: whether it counts that a person is to look again at what they graded.
    """
    if not looked_at:
        found, expected = _without_marks(found), _without_marks(expected)
    said = [f"{name} is missing" for name in sorted(expected.keys() - found.keys())]
    said += [f"{name} is too much" for name in sorted(found.keys() - expected.keys())]
    for name in sorted(found.keys() & expected.keys()):
        if found[name] != expected[name]:
            what = ""
            if isinstance(found[name], list):
                more = [row for row in found[name] if row not in expected[name]]
                less = [row for row in expected[name] if row not in found[name]]
                what = f": {more[:2]} in place of {less[:2]}"
            elif isinstance(found[name], dict):
                more, less = (
                    {key: value for key, value in one.items() if value != other.get(key)}
                    for one, other in ((found[name], expected[name]), (expected[name], found[name]))
                )
                what = f": {more} in place of {less}"
            said.append(f"{name} differs{what}")
    return said


def _without_marks(result):
    def unmarked(row):
        is_by_hand = row.startswith("grade ") and '"manual_score": null' not in row
        return row.replace('"needs_manual_grade": 1', '"needs_manual_grade": 0') if is_by_hand else row

    return {name: [*map(unmarked, it)] if isinstance(it, list) else it for name, it in result.items()}


def rows(path):
    """The rows of an SQLite file, as sorted texts, with every random id spelled out."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.row_factory = sqlite3.Row
        names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        tables = {name: list(map(dict, database.execute(f"SELECT * FROM {name}"))) for name in names}
        keys = {
            name: {key["from"]: key["table"] for key in database.execute(f"PRAGMA foreign_key_list({name})")}
            for name in names
        }
    by_id = {(name, row["id"]): row for name in names for row in tables[name] if "id" in row}

    def spelled(name, row):
        values = {}
        for column, value in row.items():
            referred = by_id.get((keys[name].get(column), value))
            if referred is not None:
                values[column] = spelled(keys[name][column], referred)
            elif column != "id" or not RANDOM_ID.fullmatch(value):
                values[column] = value
        return values

    return sorted(f"{name} {json.dumps(spelled(name, row))}" for name in names for row in tables[name])


def _without_measured(value):
    if not isinstance(value, dict):
        return value
    return {key: _without_measured(v) for key, v in value.items() if key not in (*MEASURED, "hash")}
