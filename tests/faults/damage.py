"""Files of an earlier run that are damaged: scores, histories, tables, pages, what nbgrader's folder holds."""

import functools
import os
import shutil

from faults.trial import Fault

HUGE = 20 << 30  # bytes, of which none take room
SCORES = ["scores/*.json", "records/*.json", "attempts/*/*.json"]
KEPT = ["course/.autograder/*/scores/*.json", "course/.autograder/*/records/*.json"]
WRITTEN = ["course/.autograder/*/submitted.json", "course/autograded/*/*/*", "course/quick.toml", "*.csv"]
PAGES = ["feedback/*", "report/*", ".made_of/*.json", ".made_of/*/*.json"]
HISTORIES = ["history/*"]
RELEASE = ["course/release/*/*.ipynb", "course/release/*/edf_kit/release.json"]


def truncated(path, data, chance):
    """Its beginning."""
    path.write_bytes(data[: chance.randrange(len(data))])


def empty(path, data, chance):
    """Nothing."""
    path.write_bytes(b"")


def noise(path, data, chance):
    """Other bytes."""
    path.write_bytes(chance.randbytes(chance.randrange(1, 5000)))


def other_json(path, data, chance):
    """JSON of something else."""
    path.write_bytes(chance.choice([b"null", b"[]", b"3", b'{"student": "ada"}', b"[" * 100_000, b'"x"']))


def one_digit(path, data, chance):
    """Another digit somewhere."""
    places = [i for i, byte in enumerate(data) if chr(byte).isdigit()]
    if places:
        i = chance.choice(places)
        path.write_bytes(data[:i] + str((int(chr(data[i])) + 1) % 10).encode() + data[i + 1 :])


def another(path, data, chance):
    """That of somebody else."""
    files = sorted(other for other in path.parent.iterdir() if other.is_file())
    shutil.copy(chance.choice(files), path.with_name("x"))
    os.replace(path.with_name("x"), path)


def huge(path, data, chance):
    """Far too much."""
    os.truncate(path, HUGE)


def gone(path, data, chance):
    """No file."""
    path.unlink()


SCORE_DAMAGES = [truncated, empty, noise, other_json, one_digit, another, huge, gone]
PAGE_DAMAGES = [damage for damage in SCORE_DAMAGES if damage is not huge]
OTHER_DAMAGES = [truncated, empty, noise, gone]


def damaged(room, chance, part, patterns, damages):
    """Damage a third of the files, and run the grader."""
    files = sorted(path for pattern in patterns for path in room.out.glob(pattern) if path.is_file())
    chosen = chance.sample(files, max(1, len(files) // 3))
    for i, path in enumerate(chosen):
        damages[i % len(damages)](path, path.read_bytes(), chance)
    room.where = f"{len(chosen)} of {len(files)} files"
    return room.run()


def left_over(room, chance, part):
    """Leave what a run of another time could have left, and run the grader."""
    for folder in (room.out, room.out / "course" / ".autograder" / "quick"):
        scratch = folder / ".scratch" / "run-old"
        scratch.mkdir(parents=True)
        (scratch / "part").write_bytes(b"{")
        (scratch / "autograder-x").mkdir(mode=0)
    return room.run()


def folder_in_place(room, chance, part):
    """Put a folder where a file should be, and run the grader; then take it away."""
    patterns = [*SCORES, "grades.csv", "mistakes.csv", ".lock", "course/quick.toml"]
    path = chance.choice(sorted(room.out.glob(patterns[int(part * len(patterns))])))
    path.unlink()
    (path / "inside").mkdir(parents=True)
    room.where = path.relative_to(room.out).as_posix()
    ended = room.run()
    shutil.rmtree(path)
    return ended


DAMAGE = [
    Fault(
        "scores, records, attempts: truncated, empty, noise, other JSON, another digit, somebody else's, 20 GB, gone",
        12,
        functools.partial(damaged, patterns=SCORES, damages=SCORE_DAMAGES),
        state="done",
        damages=True,
    ),
    Fault(
        "the same of the scores that nbgrader's folder was made of",
        4,
        functools.partial(damaged, patterns=KEPT, damages=SCORE_DAMAGES),
        state="done",
        asks_again=True,
    ),
    Fault(
        "tables, autograded notebooks, list of what was handed in: truncated, empty, noise, gone",
        6,
        functools.partial(damaged, patterns=WRITTEN, damages=OTHER_DAMAGES),
        state="done",
    ),
    Fault(
        "feedback, class report, what they were made of: truncated, empty, noise, other JSON, another digit, "
        "somebody else's, gone",
        4,
        functools.partial(damaged, patterns=PAGES, damages=PAGE_DAMAGES),
        state="done",
    ),
    Fault(
        "histories: truncated, empty, noise, other JSON, another digit, somebody else's, 20 GB, gone",
        4,
        functools.partial(damaged, patterns=HISTORIES, damages=SCORE_DAMAGES),
        state="done",
    ),
    Fault(
        "notebooks and description of the release: truncated, empty, noise, gone",
        3,
        functools.partial(damaged, patterns=RELEASE, damages=OTHER_DAMAGES),
        state="done",
    ),
    Fault("temporary files of an earlier run", 1, left_over),
    Fault(
        "a folder where a file should be",
        7,
        folder_in_place,
        (2,),
        "directory",
        state="done",
        damages=True,
    ),
]
