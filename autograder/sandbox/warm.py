"""A template process that is kept from one submission to the next, so that Python and numpy are started once.

It never sees a submission itself: for each, it forks a template that lives as long as that one's sandbox, and the files
of the submission before are gone by then. It is kept only while nothing unusual happens: after a submission
whose code crashed, ran into a limit or answered nonsense, the next one gets a new one.
"""

import contextlib
import json
import multiprocessing.util
import os
import shutil
import socket
import tempfile
import threading
from pathlib import Path

END_SECONDS = 30  # for the fork to see that its socket is closed, on a very busy machine
_here = threading.local()


def warm():
    """The `Warm` of this thread and process; it ends with the process."""
    # A forked process has a copy of its parent's, which is not its own to use. And a template dies with the thread
    # that started it.
    if getattr(_here, "pid", None) != os.getpid():
        _here.pid, _here.warm = os.getpid(), Warm()
        multiprocessing.util.Finalize(None, _here.warm.end, exitpriority=0)
    return _here.warm


class Warm:
    """Keeps one template process, for sandboxes that are used one after another."""

    def __init__(self):
        self._key = None
        self.template = None  # the process, once it was started

    def session(self, submission, stack, packages, tmp_bytes, scratch):
        """The judge's end of a socket that commands a fresh template, which sees a copy of `submission`, a folder.

        The others as in bubblewrap.start. Raises OSError if there can't be one.
        """
        key = stack, tuple(packages), tmp_bytes, scratch
        if key == self._key and self.template.poll() is None:
            with contextlib.suppress(OSError):  # it was killed meanwhile: another one is started
                return self._session(submission)
        self.end()
        self._start(key)
        return self._session(submission)

    def _session(self, submission):
        _copy(submission, self._folder)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            message = json.dumps({"command": "session"}).encode()
            try:
                socket.send_fds(self._control, [message], [theirs.fileno()])
            except OSError:
                ours.close()
                raise
        return ours

    def finish(self, keep):
        """After the session's socket was closed: keep the template, if `keep` and the session ended as it should."""
        try:
            self._control.settimeout(END_SECONDS)
            answer = self._control.recv(1 << 10)
        except OSError:  # a timeout, too
            answer = b""
        if not keep or not answer or not json.loads(answer)["clean"]:
            self.end()
        else:
            _empty(self._folder)

    def end(self):
        """End the process, if there is one."""
        if self._key is None:
            return
        stack, self._key = self._key[0], None
        self._control.close()
        stack.end(self.template)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self, key):
        stack, packages, tmp_bytes, scratch = key
        self._folder = Path(tempfile.mkdtemp(prefix="autograder-", dir=scratch))
        self._folder.chmod(0o755)  # the sandbox may be another user's
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            try:
                self.template = stack.start(self._folder, theirs, packages, tmp_bytes, scratch)
            except BaseException:
                shutil.rmtree(self._folder)
                raise
        self._key = key


def _empty(folder):
    for entry in os.scandir(folder):
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)
        else:
            os.unlink(entry.path)


def _copy(submission, folder):
    """Make `folder` hold what `submission` does, for anybody to read."""
    _empty(folder)
    shutil.copytree(submission, folder, dirs_exist_ok=True, copy_function=shutil.copyfile)
    for path in Path(folder).rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    folder.chmod(0o755)  # copytree gives it the mode of the other
