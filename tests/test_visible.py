"""What is taken for a part of this Python or of the system, and so can be seen by student code."""

import json
import os
import subprocess
import sys
import sysconfig

import pytest
from conftest import ROOT

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
