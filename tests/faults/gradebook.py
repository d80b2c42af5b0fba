"""A gradebook that is locked, damaged or gone. It holds what people have graded, so it is never made anew unasked."""

import contextlib
import os
import shutil
import sqlite3
import threading

from faults.processes import wait_for
from faults.trial import Fault

LOCKS = ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"]


def locked(room, chance, part):
    """Another connection writes to the gradebook for some seconds, and commits."""
    process, book = room.start(), room.out / "course" / "gradebook.db"
    wait_for(process, lambda: (room.out / "mistakes.csv").exists())
    with contextlib.closing(sqlite3.connect(book, timeout=60, check_same_thread=False)) as other:
        other.isolation_level = None
        other.execute(LOCKS[int(part * len(LOCKS))])
        other.execute("UPDATE student SET first_name = 'Zoë' WHERE id = 'bo'")
        timer = threading.Timer(chance.uniform(3, 8), lambda: other.execute("COMMIT"))
        timer.start()
        ended = room.end(process)
        timer.join()
    _set_name(book, "Bo of")  # what the grader must not have undone
    return ended


def _set_name(book, name):
    with contextlib.closing(sqlite3.connect(book)) as database, database:
        [(found,)] = database.execute("SELECT first_name FROM student WHERE id = 'bo'")
        assert found == "Zoë", "what another program wrote is lost"
        database.execute("UPDATE student SET first_name = ? WHERE id = 'bo'", [name])


def locked_for_good(room, chance, part):
    """Another connection holds the gradebook for longer than the grader waits."""
    with contextlib.closing(sqlite3.connect(room.out / "course" / "gradebook.db")) as other:
        other.isolation_level = None
        other.execute(LOCKS[int(part * len(LOCKS))])
        return room.run()


def truncated(book, chance):
    """Cut off."""
    os.truncate(book, chance.randrange(1, book.stat().st_size))


def empty(book, chance):
    """No bytes."""
    os.truncate(book, 0)


def noise(book, chance):
    """No database."""
    book.write_bytes(chance.randbytes(50_000))


def torn(book, chance):
    """Pages of other bytes in the middle."""
    data = bytearray(book.read_bytes())
    for page in chance.sample(range(1, len(data) // 4096), 8):
        data[page * 4096 : (page + 1) * 4096] = chance.randbytes(4096)
    book.write_bytes(data)


def a_folder(book, chance):
    """A folder in its place."""
    book.unlink()
    book.mkdir()


DAMAGES = [truncated, empty, noise, torn, a_folder]


def damaged(room, chance, part):
    """Damage the gradebook, and run the grader; then restore it from a copy."""
    book, copy = room.out / "course" / "gradebook.db", room.folder / "copy"
    shutil.copy(book, copy)
    damage = DAMAGES[int(part * len(DAMAGES))]
    damage(book, chance)
    room.where = damage.__name__
    ended = room.run()
    if book.is_dir():
        book.rmdir()
    copy.replace(book)
    return ended


def moved_away(room, chance, part):
    """Kill the grader in the gradebook's transaction, remove the gradebook alone, and run the grader."""
    process, book = room.start(), room.out / "course" / "gradebook.db"
    journal = book.with_name("gradebook.db-journal")
    wait_for(process, journal.exists)
    process.kill()
    room.end(process)
    room.where = "with its journal left" if journal.exists() else ""
    book.unlink()
    return room.run()


GRADEBOOK = [
    Fault("gradebook locked for some seconds", 4, locked),
    Fault(
        "gradebook locked for minutes", 2, locked_for_good, (2,), "database is locked. The scores are kept"
    ),
    Fault(
        "gradebook truncated, empty, noise, torn, a folder; restored",
        10,
        damaged,
        (2,),
        "The scores are kept",
    ),
    Fault("gradebook removed without its journal", 2, moved_away, after="nothing"),
]
