"""What is taken for a part of this Python or of the system, and so can be seen by student code."""

import json
import os
import subprocess
import sys
import sysconfig

import pytest
from conftest import ROOT
from faults.disk import UNSHARE, has_mounts

from autograder.sandbox import bubblewrap, visible
from autograder.sandbox.visible import SandboxUnavailable


def test_packages_from_elsewhere_are_not_taken_for_the_systems():
    """Such as those in a user's home, or on PYTHONPATH: here, all of this environment's."""
    code = "import json, numpy, yaml\nfrom autograder.sandbox import visible\n"
    code += "print(json.dumps(visible.shared_library_folders()))"
    path = f"{ROOT}:{ROOT / 'pset'}:{sysconfig.get_path('purelib')}"
    done = subprocess.run(
        [os.path.realpath(sys.executable), "-B", "-c", code],
        env={"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    folders = json.loads(done.stdout)
    assert folders
    assert not [folder for folder in folders if "site-packages" in folder or folder.startswith(str(ROOT))]


def test_a_python_in_tmp_is_refused_by_bubblewrap(monkeypatch):
    monkeypatch.setattr(bubblewrap, "interpreter_paths", lambda: ["/lib64", "/tmp/python/bin/python3"])
    bubblewrap.check.cache_clear()
    with pytest.raises(SandboxUnavailable, match="/tmp/python/bin/python3 lies in /tmp"):
        bubblewrap.check()
    bubblewrap.check.cache_clear()
    assert not [path for path in visible.interpreter_paths() if path.startswith("/tmp/")]


def test_bubblewrap_that_fails_for_a_moment_is_tried_again(tmp_path, monkeypatch):
    """As where something is unmounted meanwhile, or processes are short."""
    (program := tmp_path / "bwrap").write_text(
        f'#!/bin/sh\n[ -e {tmp_path}/tried ] && exec {bubblewrap.bwrap()} "$@"\ntouch {tmp_path}/tried\nexit 1\n'
    )
    program.chmod(0o755)
    monkeypatch.setattr(bubblewrap, "bwrap", lambda: str(program))
    bubblewrap.check.__wrapped__()
    assert (tmp_path / "tried").exists()
    monkeypatch.setattr(bubblewrap, "PAUSES", ())
    (tmp_path / "tried").unlink()
    with pytest.raises(SandboxUnavailable, match="ended with status 1"):
        bubblewrap.check.__wrapped__()


@pytest.mark.skipif(not has_mounts(), reason="file systems can't be mounted here")
def test_file_systems_that_come_and_go_do_not_keep_bubblewrap_from_working(tmp_path):
    """In a place where mounts are shared, as systemd has them: bubblewrap's own namespace sees them come and go."""
    code = f"""
import subprocess, threading
from autograder.sandbox import bubblewrap
done, count = threading.Event(), 0
def come_and_go():
    global count
    while not done.is_set():
        subprocess.run(["mount", "-t", "tmpfs", "none", {str(tmp_path)!r}], check=True)
        count += 1
        while subprocess.run(["umount", {str(tmp_path)!r}], capture_output=True).returncode and not done.is_set():
            pass
thread = threading.Thread(target=come_and_go)
thread.start()
bubblewrap.PAUSES = ()
try:
    for _ in range(300):
        bubblewrap.check.__wrapped__()
finally:
    done.set()
    thread.join()
assert count > 10, count
"""
    command = [*UNSHARE, "sh", "-c", 'mount --make-rshared / && exec "$@"', "sh", sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
