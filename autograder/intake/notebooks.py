"""From notebooks to one edf.py: the stub cells and what they need, taken by edf_kit, as the students' preview does.

Nothing is run, but what strangers wrote is parsed: in a process of its own, with limits, so that a notebook that
brings a parser down costs that submission alone.
"""

import dataclasses
import functools
import json
import os
import resource
import select
import signal
import time
import traceback

from edf_kit.answers.choose import choose
from edf_kit.answers.notebook import NotebookError

from autograder.intake.contents import MAX_NOTES
from autograder.intake.submission import MODULE, Broken
from autograder.skeleton import make_skeleton

CPU_SECONDS, WALL_SECONDS = 30, 150
MEMORY = 1 << 30  # beyond what the grader itself uses
MAX_RESULT = 64 << 20


def take_notebooks(contents, stubs):
    """The `Contents` with an edf.py made of its notebooks, and of its own edf.py if there is one.

    stubs: dotted names in edf.py ("add.forward") that students write, each with its exercise's id. Raises Broken.
    """
    if not contents.notebooks:
        return contents
    given = _skeleton(tuple(stubs.items()))
    module = contents.files.get(MODULE)
    text = module.decode("utf-8-sig") if module is not None else None

    def extract():
        try:
            choice = choose(contents.notebooks, text, stubs, given)
        except NotebookError as error:
            return {"status": error.status, "message": error.message}
        rows = choice.rows.items()
        return {
            "text": choice.text,
            "cells": {name: row.place for name, row in rows if row.state == "taken" and row.place != MODULE},
            "remarks": choice.remarks + [row.place for _, row in rows if row.state == "unreadable"],
        }

    result = run_bounded(extract)
    if result is None:
        raise Broken(
            "unreadable notebook", "reading the notebooks took too much time or memory: are they whole?"
        )
    if "fault" in result:
        raise RuntimeError(f"reading the notebooks failed:\n{result['fault']}")
    if "status" in result:
        raise Broken(result["status"], result["message"])
    return dataclasses.replace(
        contents,
        files={**contents.files, MODULE: result["text"].encode()},
        notebooks={},
        cells=result["cells"],
        notes=(contents.notes + tuple(dict.fromkeys(result["remarks"])))[:MAX_NOTES],
    )


@functools.cache
def _skeleton(stubs):
    return make_skeleton(dict(stubs))


def run_bounded(function):
    """What function() returns, a dict of JSON values, from a process with limits; None if it came to none.

    A fault of ours in there is {"fault": traceback}.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            _set_limits()
            try:
                result = function()
            except MemoryError:
                os._exit(1)
            except Exception:
                result = {"fault": traceback.format_exc()}
            with open(writing, "wb") as file:
                file.write(json.dumps(result).encode())
        finally:
            os._exit(1)  # none of the grader's own clean-up: it goes on in the parent
    os.close(writing)
    try:
        data = _read_all(reading, time.monotonic() + WALL_SECONDS)
    finally:
        os.close(reading)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    try:
        return json.loads(data)
    except ValueError:
        return None


def _set_limits():
    with open("/proc/self/statm") as file:
        pages = int(file.read().split()[0])
    limit = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _read_all(descriptor, deadline):
    """All bytes up to the end of a pipe; what there is of them at the deadline."""
    data = bytearray()
    while (left := deadline - time.monotonic()) > 0 and len(data) <= MAX_RESULT:
        if select.select([descriptor], [], [], left)[0]:
            chunk = os.read(descriptor, 1 << 20)
            if not chunk:
                break
            data += chunk
    return bytes(data)
