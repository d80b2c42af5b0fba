"""The judge's side of a sandbox: start it, fork a process for an exercise, exchange frames with that.

Everything that arrives here was written by a stranger. A wrong answer, a broken frame, a crash or a silence
becomes a `StudentError`, which costs the student that exercise; only what is our own or the machine's fault
is a `SandboxError`.
"""

import errno
import functools
import json
import os
import selectors
import signal
import socket
import subprocess
import time

from autograder.sandbox.answers import StudentError, raised, results, text, texts
from autograder.sandbox.choose import choose
from autograder.sandbox.inside.frames import BadFrame, FrameReader, encode
from autograder.sandbox.inside.interpreter import QUESTIONS
from autograder.sandbox.visible import allowed_modules

READ_SIZE = 1 << 16  # a buffer that Python has at hand; a larger one is new memory, each time
MAX_MESSAGE = 1 << 16
MAX_ANSWER = 1 << 25  # bytes of arrays; right code's largest are the parameters of a training run, 6 MB
START_SECONDS = 60  # for the template to import numpy, on a very busy machine
REAP_SECONDS = 30
# Of the wall time: who got less CPU time than this was waiting by itself, however busy the machine.
STARVED = 0.05


class SandboxError(Exception):
    """The sandbox did not do its part: the grader's error, never the student's."""


class Sandbox:
    """One submission's sandbox, a context manager. Leaving it ends every process inside.

    submission: folder with edf.py and the student's other files. given: source of the definitions that
    were given. packages: distributions that may be imported. limits: the assignment's (assignment.Limits).
    stack: name of the way to isolate it (choose.STACKS), None for the best that works here. scratch: folder for
    temporary files, None for the system's. warm: a warm.Warm, whose template is forked for this submission;
    without, one is started. Raises visible.SandboxUnavailable.
    """

    def __init__(self, submission, given, packages, limits, stack=None, scratch=None, warm=None):
        self._stack = choose(stack)
        self.given, self.limits = given, limits
        self._is_inspected = False
        self._code = None  # of the submission's module, in the words of marshal: for its own processes alone
        self.packages = packages
        self.cpu_seconds = 0.0  # used by all its processes so far
        self.is_odd = False  # whether a process ended, or answered, as no honest one does; or left a trace
        self._has_traces = False  # whether one left any among temporary files that a later one can see
        self.starved = False  # whether one was stopped by the wall limit that had been computing, not waiting
        self.was_killed = False  # whether one was, by something outside
        self.peak_memory_kb = 0
        self._warm, self._template = warm, None
        self._start_of = submission, self._stack, packages, limits.tmp_mb << 20, scratch
        self._modules = []  # of the allowed packages, that the template has imported
        self._control = self._start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._end()

    def _start(self):
        if self._warm:
            return self._warm.session(*self._start_of)
        submission, stack, *more = self._start_of
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._template = stack.start(submission, theirs, *more)
        return ours

    def _end(self):
        self._control.close()
        if self._warm:
            self._warm.finish(keep=not self.is_odd)
        else:
            self._stack.end(self._template)

    def _renew(self):
        """Another template in the place of this one: its processes see nothing of those before."""
        self._end()
        self._control = self._start()
        if self._modules:
            self._command({"command": "import", "modules": self._modules})
        self._has_traces = False

    def inspect(self):
        """What the submission looks like, from parsing it inside, without running it.

        Returns {"syntax_error": text or None, "changed": given names that the student changed, "modules":
        allowed modules that it imports}. The modules are imported into the template on the way.
        """
        self._is_inspected = True
        with self.process("inspect", self.limits.cpu_seconds) as process:
            found, code = process.receive()
        syntax_error = found.get("syntax_error")
        if syntax_error is not None or len(code) != 1:
            return {"syntax_error": text(syntax_error, 2000), "changed": [], "modules": []}
        [self._code] = code
        allowed = allowed_modules(self.packages)
        modules = [m for m in texts(found.get("modules")) if m.partition(".")[0] in allowed]
        # An imported __main__ would run a program, in the process that must stay clean.
        # Of ASCII letters, which no package needs more than, all of them fit into one message.
        modules = [m for m in modules if m.isascii() and len(m) < 100 and "__main__" not in m][:100]
        if modules:
            # scipy takes 0.7 s to import: once here, not once an exercise. Names that fail are no modules.
            failed = self._command({"command": "import", "modules": modules})["failed"]
            modules = [m for m in modules if m not in failed]
        self._modules = modules
        return {"syntax_error": None, "changed": texts(found.get("changed")), "modules": modules}

    def code(self):
        """The submission's code, compiled. Raises StudentError if it can't be."""
        if self._code is None:
            raise StudentError("exception", "SyntaxError: edf.py can't be compiled", "SyntaxError")
        return self._code

    def process(self, task, cpu_seconds, is_shown=False):
        """Fork a `Process`, a context manager: task "inspect", or "serve", which loads the submission.

        That is inspected first, unless it has been. is_shown: students are shown what it gives; so that it can't be a
        hidden input, the process finds no traces of those that have seen some (docs/security.md: Silence).
        """
        if is_shown and self._has_traces:
            self._renew()
        if task == "serve" and not self._is_inspected:
            self.inspect()
        return Process(self, task, cpu_seconds)

    def _command(self, message):
        self._send(message, ())
        return self._receive(START_SECONDS)

    def _send(self, message, descriptors):
        try:
            socket.send_fds(self._control, [json.dumps(message).encode()], descriptors)
        except OSError as error:
            raise SandboxError(self._why_it_ended()) from error

    def _receive(self, seconds):
        self._control.settimeout(seconds)
        try:
            data = self._control.recv(MAX_MESSAGE)
        except TimeoutError:
            self.is_odd = True
            raise SandboxError(f"the sandbox did not answer for {seconds} s") from None
        except OSError as error:
            raise SandboxError(self._why_it_ended()) from error
        if not data:
            raise SandboxError(self._why_it_ended())
        return json.loads(data)

    def _why_it_ended(self):
        self.is_odd = True
        template = self._template
        if self._warm:  # it lives on when its fork ends, to be replaced: it has said all that it will
            template = self._warm.template
            template.kill()
        try:
            _, said = template.communicate(timeout=REAP_SECONDS)
        except subprocess.TimeoutExpired:
            return "the sandbox hung up"
        last_line = said.decode(errors="replace").strip().splitlines()[-1:] or ["nothing"]
        return f"the sandbox ended with status {template.returncode}; it said: {last_line[0]}"


def _noting_what_is_odd(method):
    """A method of Process; the sandbox is told of what no honest code does."""

    @functools.wraps(method)
    def noting(self, *arguments):
        try:
            return method(self, *arguments)
        except StudentError as error:
            self._sandbox.is_odd |= not error.process_lives
            raise

    return noting


class Process:
    """A process in the sandbox with a fresh copy of the submission: `request` instructions of it."""

    def __init__(self, sandbox, task, cpu_seconds):
        self._sandbox = sandbox
        self._limits = sandbox.limits
        self._cpu_seconds = cpu_seconds
        self._deadline = time.monotonic() + self._limits.wall_seconds(cpu_seconds)
        self._reader = FrameReader(MAX_ANSWER)
        self._output = bytearray()
        self._output_size = 0
        self._ended = None
        self.cpu_seconds = 0.0
        self._data, their_data = socket.socketpair()
        self._output_pipe, their_output = os.pipe()
        try:
            sandbox._send(
                {
                    "command": "fork",
                    "task": task,
                    "limits": self._limits.rlimits(cpu_seconds),
                    "seccomp": sandbox._stack.child_filter().hex(),
                    "given": sandbox.given if task == "inspect" else "",
                },
                (their_data.fileno(), their_output),
            )
        finally:
            their_data.close()
            os.close(their_output)
        self._data.setblocking(False)
        os.set_blocking(self._output_pipe, False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._data, selectors.EVENT_READ, self._read_data)
        self._selector.register(self._output_pipe, selectors.EVENT_READ, self._read_output)

    def __enter__(self):
        return self

    def __exit__(self, error, *_):
        """End the process, and wait until the template has reaped it."""
        self._data.close()
        if self._ended is None and error is not SandboxError:
            self._reap(kill=True)
        self._drain_output()
        self._selector.close()
        os.close(self._output_pipe)

    @property
    def output(self):
        """What the process printed (stdout and stderr in one), as text, up to the limit."""
        printed = bytes(self._output).decode(errors="replace")
        if self._output_size > len(self._output):
            printed += f"\n[{self._output_size - len(self._output)} more bytes were printed and not kept]"
        return printed

    def load(self):
        """Wait until the submission is loaded. Raises StudentError if its top level raises or dies."""
        self._write(encode({}, [self._sandbox.code()]))
        header, _ = self.receive()
        if header.get("error") is not None:
            raise raised(header["error"])

    @_noting_what_is_odd
    def request(self, instructions, arrays=()):
        """Have `instructions` run (see inside/interpreter.py); return their results.

        Each result is a numpy array, an int for "length" and "count", or a str that says why there is none. Raises
        StudentError for whatever the student's code does instead.
        """
        self._write(encode({"instructions": instructions}, arrays))
        header, received = self.receive()
        if header.get("error") is not None:
            raise raised(header["error"])
        asked = [verb for verb, *_ in instructions if verb in QUESTIONS]
        return results(header.get("results"), received, asked)

    @_noting_what_is_odd
    def receive(self):
        """The next frame from the process: (header, arrays)."""
        while True:
            try:
                frame = self._reader.frame()
            except BadFrame as error:
                raise StudentError("protocol", f"the code's answer can't be read: {error}") from None
            if frame is not None:
                return frame
            self._turn()

    def _write(self, buffers):
        pending = memoryview(b"".join(buffers))
        while pending:
            try:
                pending = pending[self._data.send(pending) :]
            except BlockingIOError:
                self._turn(selectors.EVENT_WRITE)
            except OSError:
                break  # the process is gone: `receive` finds out why

    def _turn(self, more=0):
        """Wait for something to happen on the process's channels, and take it in.

        more: selectors.EVENT_WRITE to come back, too, when there is room for what is to be sent.
        """
        left = self._deadline - time.monotonic()
        if left <= 0:
            self._reap(kill=True)
            seconds = self._limits.wall_seconds(self._cpu_seconds)
            self._sandbox.starved |= self.cpu_seconds > STARVED * seconds
            raise StudentError("wall", f"stopped after {seconds:g} s without finishing (did it wait?)")
        started, wait = time.monotonic(), min(left, 1)
        if more:
            self._selector.modify(self._data, selectors.EVENT_READ | more, self._read_data)
        ready = self._selector.select(wait)
        if more:
            self._selector.modify(self._data, selectors.EVENT_READ, self._read_data)
        # While this process itself did not run, stopped or on a machine without time for it, nobody could answer.
        self._deadline += max(0, time.monotonic() - started - wait)
        for key, events in ready:
            if events & selectors.EVENT_READ:
                key.data()

    def _read_data(self):
        try:
            data = self._data.recv(READ_SIZE)
        except BlockingIOError:
            return
        except OSError as error:
            if error.errno != errno.ECONNRESET:
                raise
            data = b""
        if not data:
            self._reap(kill=False)
            raise self._death()
        try:
            self._reader.feed(data)
        except BadFrame as error:
            raise StudentError("protocol", f"the code's answer can't be read: {error}") from None

    def _read_output(self):
        try:
            data = os.read(self._output_pipe, READ_SIZE)
        except BlockingIOError:
            return False
        if not data:
            self._selector.unregister(self._output_pipe)
            return False
        room = (self._limits.output_kb << 10) - len(self._output)
        self._output += data[: max(room, 0)]
        self._output_size += len(data)
        return True

    def _drain_output(self):
        if self._output_pipe in self._selector.get_map():
            while self._read_output():
                pass

    def _reap(self, kill):
        """Learn from the template how the process ended; `kill` it first, or leave it a moment to end."""
        if not kill:
            # It closed its channel, or died. One that lives on is killed when its time is up.
            self._wait_for_end()
        if self._ended is None:
            try:
                self._sandbox._send({"command": "kill"}, ())
            except SandboxError:
                pass  # it ended by itself: its last message is still there to be read
            self._ended = self._sandbox._receive(REAP_SECONDS)
        self._sandbox.is_odd |= self._ended["traces"]
        self._sandbox._has_traces |= self._ended["traces"]
        # Who asks an ended process again comes here again.
        self._sandbox.cpu_seconds += self._ended["cpu"] - self.cpu_seconds
        self.cpu_seconds = self._ended["cpu"]
        self._sandbox.peak_memory_kb = max(self._sandbox.peak_memory_kb, self._ended["memory"])

    def _wait_for_end(self):
        with selectors.DefaultSelector() as selector:
            selector.register(self._sandbox._control, selectors.EVENT_READ)
            if self._output_pipe in self._selector.get_map():
                selector.register(self._output_pipe, selectors.EVENT_READ)
            while self._ended is None:
                left = self._deadline - time.monotonic()
                if left <= 0:
                    return
                for key, _ in selector.select(left):
                    if key.fileobj is self._sandbox._control:
                        self._ended = self._sandbox._receive(REAP_SECONDS)
                    elif not self._read_output() and self._output_pipe not in self._selector.get_map():
                        selector.unregister(self._output_pipe)

    def _death(self):
        """The StudentError for a process that ended before it answered."""
        status = self._ended["status"]
        cpu = self._ended["cpu"]
        if os.WIFSIGNALED(status):
            number = os.WTERMSIG(status)
            if self._ended["full"]:
                said = (
                    f"stopped after it wrote more than {self._limits.tmp_mb} MB of files, or too many of them"
                )
                return StudentError("disk", said)
            # Half: the kernel counts the limit in ticks, and on a busy machine these exceed the time it reports.
            if number in (signal.SIGXCPU, signal.SIGKILL) and cpu >= 0.5 * self._cpu_seconds:
                return StudentError("cpu", f"stopped at its limit of {self._cpu_seconds:g} s of CPU time")
            # Nothing in the sandbox can send it: it came from the machine, short of memory perhaps.
            self._sandbox.was_killed |= number == signal.SIGKILL
            name = signal.Signals(number).name if number in set(signal.Signals) else str(number)
            return StudentError("signal", f"the process died of signal {name}")
        code = os.WEXITSTATUS(status)
        return StudentError("exit", f"the code ended the process (exit status {code}) in place of returning")
