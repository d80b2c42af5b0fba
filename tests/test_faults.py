"""Killed, out of disk, damaged: the short part of `make torture` (tests/faults/)."""

import dataclasses
import functools
import shutil

import pytest
from faults import FAULTS
from faults.disk import has_mounts, read_only
from faults.result import differences, result
from faults.room import Lab
from faults.trial import try_fault

SEED = 5
# Faults that need no more than one run each besides the next; those that wait, or start from nothing, are left out.
SHORT = [
    "group killed",
    "worker killed",
    "group interrupted (Ctrl-C)",
    "disk full",
    "scores, records, attempts: truncated, empty, noise, other JSON, another digit, somebody else's, 20 GB, gone",
    "feedback, class report, what they were made of: truncated, empty, noise, other JSON, another digit, "
    "somebody else's, gone",
    "histories: truncated, empty, noise, other JSON, another digit, somebody else's, 20 GB, gone",
    "gradebook truncated, empty, noise, torn, a folder; restored",
]
BY_NAME = {fault.name: fault for fault in FAULTS}


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    return Lab(tmp_path_factory.mktemp("faults"))


@pytest.mark.parametrize("name", SHORT)
def test_nothing_graded_is_lost_and_the_next_run_ends_as_an_undisturbed_one(name, lab):
    fault = BY_NAME[name]
    if fault.needs_mounts and not has_mounts():
        pytest.skip("file systems can't be mounted here")
    assert try_fault(fault, lab, SEED, 0, 1).wrong == []


@pytest.mark.skipif(not has_mounts(), reason="file systems can't be mounted here")
def test_a_folder_of_the_course_that_could_not_be_written_is_written_by_the_next_run(lab):
    fault = BY_NAME["gradebook or a folder of nbgrader's read-only"]
    inflict = functools.partial(read_only, paths=["course/autograded"])
    outcome = try_fault(dataclasses.replace(fault, inflict=inflict, statuses=(2,)), lab, SEED, 0, 1)
    assert outcome.wrong == []


def test_what_differs_is_seen(lab):
    """A byte of a score, a row of the gradebook, a file too much, a file too few."""
    with lab.room("done") as room:
        assert differences(result(room.out), lab.undisturbed["course"]) == []
        (room.out / "scores" / "ada.json").write_bytes(b"{}")
        (room.out / "mistakes.csv").unlink()
        (room.out / "scores" / "ada.json.part").touch()
        shutil.copy(lab.start["course"] / "course" / "gradebook.db", room.out / "course")
        found = differences(result(room.out), lab.undisturbed["course"])
    assert [said.partition(":")[0] for said in found] == [
        "mistakes.csv is missing",
        "scores/ada.json.part is too much",
        "course/gradebook.db differs",
        "scores/ada.json differs",
    ]
