"""What a process in the sandbox says, as values that can be trusted to be what they look like, or as a StudentError."""

import re

MAX_NUMBER = 1 << 53  # above any length or count
# Why there is no array, in the words of inside/interpreter.py. A stranger's own could hold hidden inputs.
MISSING = re.compile(
    r"is not set|is None|is no array of numbers \((ValueError|TypeError|MemoryError|RuntimeError)\)|"
    r"is an array of dtype (object|complex\d{2,3}|[<|][US]\d{1,3}|datetime64\[\w{1,2}\]), not of numbers",
    re.ASCII,
)

# What a call of exit() or quit() comes to where there is none.
NO_EXIT = re.compile(r"NameError: name '(exit|quit)' is not defined.*", re.DOTALL)


class StudentError(Exception):
    """The student's code raised, died or answered nonsense.

    kind: "exception", "cpu", "wall", "memory", "disk", "exit", "signal" or "protocol". message: one sentence for
    the student. type, where: of an exception, its class and the lines in the student's files.
    """

    def __init__(self, kind, message, type=None, where=()):
        super().__init__(message)
        self.kind, self.message, self.type, self.where = kind, message, type, list(where)

    @property
    def process_lives(self):
        """Whether the process can go on: the code raised, and that was all."""
        return self.kind in ("exception", "memory")

    @property
    def stopped(self):
        """What stopped the code, in a word: the kind; of an exception "exit", if it is that of a call to end the
        program, or "import", if a module is not there."""
        if self.type == "SystemExit" or NO_EXIT.fullmatch(self.message):
            return "exit"
        return "import" if self.type == "ModuleNotFoundError" else self.kind


def raised(error):
    """The StudentError for an exception that the process says it caught."""
    if not isinstance(error, dict):
        return StudentError("protocol", "the code's answer can't be read: its error is no error")
    kind = "memory" if error.get("type") == "MemoryError" else "exception"
    name, message = text(error.get("type"), 100), text(error.get("message"), 2000)
    where = [line[:300] for line in texts(error.get("where"))[:6]]
    return StudentError(kind, f"{name}: {message}" if message else name, name, where)


def texts(value):
    """The strings of a list that a stranger sent."""
    return [text(item, 2000) for item in value if isinstance(item, str)] if isinstance(value, list) else []


def text(value, length):
    """A stranger's text that can be written to a file: no halves of characters, not too long; else "?"."""
    # No str() of what is no text: of lists in lists it can take more of Python's stack than there is.
    kept = value[:length] if isinstance(value, str) else "?"
    return kept.encode("utf-8", "backslashreplace").decode()[:length]  # a half is written as six characters


def results(described, arrays, asked):
    """The answers to the questions `asked` (verbs), each of the kind that the checks count on."""
    if not isinstance(described, list) or len(described) != len(asked):
        raise StudentError("protocol", "the code answered another question than the judge's")
    found = []
    for verb, entry in zip(asked, described):
        match entry:
            case ["array", int(index)] if verb == "get" and 0 <= index < len(arrays):
                found.append(arrays[index])
            case ["number", int(n)] if verb != "get" and type(n) is int and 0 <= n < MAX_NUMBER:
                found.append(n)
            case ["missing", str(why)] if verb == "get":
                found.append(why if MISSING.fullmatch(why) else "is no array of numbers")
            case _:
                raise StudentError("protocol", "the code answered another question than the judge's")
    return found
