"""make release and make solutions: from the sources to folders that can be handed out."""

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

from autograder.errors import Refusal, ReleaseError
from autograder.gradebook.course import GRADEBOOK, copy_gradebook, write_assignment
from autograder.release.bundle import CONFIG, build, manifest, write_zip
from autograder.release.dry_run import dry_run
from autograder.release.leaks import find_leaks, known_secrets


class LeakError(Refusal):
    """The bundle gives something away; `leaks` says where and what."""

    status = 1

    def __init__(self, leaks):
        places = "".join(f"\n  {leak.file}, {leak.place}: {leak.what}" for leak in leaks)
        super().__init__(f"the release gives away what must stay hidden; nothing was released:{places}")
        self.leaks = leaks


def make_release(assignment, out, course, secret_file, try_it=True, report=print):
    """Make the student's bundle in `out`/NAME and NAME.zip, and nbgrader's folders in `course`.

    Everything is built and tried elsewhere first: until all is well, what is there stays as it is. course:
    nbgrader's course folder, which holds the solutions and must not be handed out. secret_file: the course
    secret, whose text must not be in the bundle. Returns the manifest. Raises ReleaseError, LeakError.
    """
    out, course = Path(out).absolute(), Path(course).absolute()
    for folder in (course, out):
        _require_folder(folder)
    with _scratch(out) as scratch:
        building = scratch / "course"
        building.mkdir()
        if (course / GRADEBOOK).exists():
            copy_gradebook(course / GRADEBOOK, building / GRADEBOOK)
        report("building the bundle")
        bundle = build(assignment, building)
        packed = scratch / f"{assignment.name}.zip"
        write_zip(bundle, packed)
        report("looking for leaks")
        secrets = known_secrets(assignment, secret_file)
        # What leaks in the folder leaks in the zip: one of the two is enough to tell.
        if leaks := find_leaks(bundle, secrets) or find_leaks(packed, secrets):
            raise LeakError(leaks)
        if try_it:
            dry_run(bundle, scratch / "dry_run", report)
        files = manifest(bundle)
        _replace(shutil.copytree(bundle, scratch / assignment.name), out / assignment.name)
        _replace(packed, out / packed.name)
        for part in ("source", "release"):
            _replace(building / part / assignment.name, course / part / assignment.name)
        _replace(building / GRADEBOOK, course / GRADEBOOK)
        if not (course / CONFIG.name).exists():  # from then on it is the course's own
            _replace(building / CONFIG.name, course / CONFIG.name)
        write_assignment(course, assignment)  # what nbgrader autograde grades by
    return files


def make_lab(assignment, folder):
    """Make a student's bundle at `folder`, to try it: not looked through for leaks, not to be handed out."""
    with _scratch(folder.absolute().parent) as scratch:
        (scratch / "course").mkdir()
        _replace(build(assignment, scratch / "course"), folder)


def _require_folder(folder):
    """Raise ReleaseError unless `folder` is a folder that can be written to, or can become one."""
    there = folder
    while not there.exists():
        there = there.parent
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise ReleaseError(f"{folder} can't be a folder to write to: {there} is in the way.")


@contextlib.contextmanager
def _scratch(out):
    """A folder to build in, on the file system of `out`, so that moving into place is one step."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".building-", dir=out) as folder:
        yield Path(folder)


def _replace(new, target):
    """Put a file or folder in the place of another of that name."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_dir():
        # Renamed first: a folder that is in use stays whole, and no mix of the two is ever there.
        os.rename(target, new.with_name(f"{new.name}.old"))
    shutil.move(new, target)
