"""What there is to attack, and what is known afterwards: sockets, files, secrets and processes of the grader's side.

All of it lies outside of the sandbox and would be within reach of a submission that runs without one.
"""

import contextlib
import os
import secrets
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from conftest import ROOT

# Where a text lies that no submission may see. Each is of its own, so that a leak says where it is from.
PLACES = ("environment", "file", "home", "secret", "neighbour", "shared memory", "bystander", "memory")


class World:
    """A context manager: servers, files and a process that wait to be attacked.

    folder: of all that is on the disk, where every user can go. canaries: {place: the text that lies there}.
    received: what the servers were sent, as [server, bytes].
    """

    def __init__(self):
        self.canaries = {place: f"canary-{secrets.token_hex(12)}" for place in PLACES}
        self.canaries["secret"] = secrets.token_hex(32)  # as the grader wants it
        self.received = []

    def __enter__(self):
        self._stack = contextlib.ExitStack()
        # Not in /tmp: a sandbox has one of its own in that place.
        self.folder = Path(tempfile.mkdtemp(prefix="edf-attacks-", dir="/var/tmp"))
        self._stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self.folder.chmod(0o755)
        for name in ("home", "outside", "submitted"):
            (self.folder / name).mkdir()
        (self.folder / "outside").chmod(0o777)
        self.witness = self.folder / "outside" / "witness.txt"
        self.witness.write_text("untouched")
        self.witness.chmod(0o666)
        self.secret_file = self.folder / "home" / "secret.txt"
        self.secret_file.write_text(self.canaries["file"])
        (self.folder / "home" / ".netrc").write_text(self.canaries["home"])
        self.course_secret = self.folder / "course-secret"
        self.course_secret.write_text(self.canaries["secret"] + "\n")
        self.shared = Path(f"/dev/shm/edf-attacks-{os.getpid()}")
        self.shared.write_text(self.canaries["shared memory"])
        self.shared.chmod(0o666)
        self._stack.callback(self.shared.unlink, missing_ok=True)
        self.name = f"edf-attacks-{os.getpid()}"
        self._listen()
        self.bystander = subprocess.Popen(
            [sys.executable, "-c", f"import time; {self.canaries['memory']!r}; time.sleep(1800)"],
            env={"CANARY": self.canaries["bystander"]},
        )
        self._stack.callback(self.bystander.wait)
        self._stack.callback(self.bystander.kill)
        return self

    def __exit__(self, *_):
        self._stack.close()

    def told(self):
        """What an attack is told: it is not asked to find its aim. No canary is among it."""
        return {
            "tcp": self.tcp,
            "udp": self.udp,
            "abstract": self.name,
            "socket": str(self.folder / "outside" / "socket"),
            "project": str(ROOT),
            "folder": str(self.folder),
            "outside": str(self.folder / "outside"),
            "witness": str(self.witness),
            "file": str(self.secret_file),
            "secret": str(self.course_secret),
            "home": str(self.folder / "home"),
            "submitted": str(self.folder / "submitted"),
            "out": str(self.folder / "home" / "out"),
            "shared": str(self.shared),
            "bystander": self.bystander.pid,
            "grader": os.getpid(),
        }

    def environment(self):
        """Environment variables that the grader is started with."""
        return {"HOME": str(self.folder / "home"), "CANARY": self.canaries["environment"]}

    def changes(self):
        """What is not as it was, in words."""
        outside = self.folder / "outside"
        found = [f"{path} is new" for path in outside.iterdir() if path.name not in ("witness.txt", "socket")]
        if not self.witness.exists() or self.witness.read_text() != "untouched":
            found.append("the witness was changed")
        if not self.shared.exists() or self.shared.read_text() != self.canaries["shared memory"]:
            found.append("shared memory was changed")
        if self.bystander.poll() is not None:
            found.append("the bystander was killed")
        home = {path.name for path in (self.folder / "home").iterdir()}
        for name in (
            ".cache",
            ".config",
        ):  # the grader draws the class report with matplotlib, which keeps its own there
            if (self.folder / "home" / name).is_dir() and os.listdir(self.folder / "home" / name) == [
                "matplotlib"
            ]:
                home.discard(name)
        found += [
            f"home/{name} is new" for name in sorted(home - {"secret.txt", ".netrc", "out", "out innocents"})
        ]
        return found + [f"{server} received {data[:80]!r}" for server, data in self.received]

    def _listen(self):
        tcp = self._stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        udp = self._stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        udp.bind(("127.0.0.1", 0))
        self.tcp, self.udp = tcp.getsockname()[1], udp.getsockname()[1]
        abstract = self._stack.enter_context(socket.socket(socket.AF_UNIX))
        abstract.bind("\0" + self.name)
        named = self._stack.enter_context(socket.socket(socket.AF_UNIX))
        named.bind(path := str(self.folder / "outside" / "socket"))
        os.chmod(path, 0o777)
        for server in (abstract, named):
            server.listen()
        servers = {"TCP": tcp, "UDP": udp, "abstract socket": abstract, "socket": named}
        wake, waker = socket.socketpair()
        thread = threading.Thread(target=self._serve, args=(servers, wake), daemon=True)
        thread.start()
        self._stack.callback(lambda: (waker.close(), thread.join(), wake.close()))

    def _serve(self, servers, wake):
        """Note who sends something; to whoever connects, say a word."""
        names = {server: name for name, server in servers.items()}
        while True:
            ready, _, _ = select.select([wake, *names], [], [])
            if wake in ready:
                return
            for server in ready:
                if names[server] == "UDP":
                    self.received.append(("UDP", server.recv(1000)))
                    continue
                connection, _ = server.accept()
                with connection:
                    connection.settimeout(1)
                    with contextlib.suppress(OSError):
                        connection.sendall(b"hello")
                        self.received.append((names[server], connection.recv(1000)))
