"""An attack: a hostile submission, what it tries, and the proof that it failed.

How one is written: in a module of this package that `__init__.py` lists in FAMILIES,

    @attack(
        "makes a second process, to live on when the first has ended",
        '''
        attempt("fork", os.fork)
        ''',
        ends=AS_RIGHT,
    )
    def fork(evidence):
        assert evidence.attempts["fork"] == {"EPERM"}

The function's name is the attack's, and the student's. Its body is the proof. The source text is appended to `right`
(the reference) or to `base=blank` (the skeleton, for attacks that want points), below a prelude: the modules that
PRELUDE imports; `attempt(what, action, *arguments)`, which prints how a call went and returns its result;
`syscall(name, *arguments)`, which raises OSError; and WORLD, a dict of what there is to attack (`World.told` in
world.py). It runs at the end of the module, when that is loaded, and so once in each process. In it, `max` is the
operation.

A submission of another form: `files`, a dict of relative path to text, bytes, or a function (path, world) that makes
what is at that path. It lies in the student's folder, or with `beside` in that of the class.

An attack must do harm if nothing stops it, and must stop by itself: at most 20 processes for 5 s, 1.5 GB of memory,
100 MB on a disk, loopback only. `python -m attacks` takes the layers away, one by one, and says which attacks get
through then: one that never does is no attack, or it is the judge who stops it.
"""

import dataclasses
import inspect
import json
import textwrap
from collections.abc import Callable

import pyseccomp
from sandbox_probe import DANGEROUS

from autograder.paths import ROOT

# How an attack ends. Any other `ends` is a part of a message in its score: what it is said to have done.
AS_RIGHT = "with the points of the right submission"
AS_BLANK = "with the points of the blank submission"
IGNORED = "it is no submission"
ANY = "in any way"  # but with a grader error: the proof knows more

PRELUDE = '''
import builtins, ctypes, errno, gc, json, os, resource, signal, socket, struct, sys, threading, time
WORLD = json.loads({told!r})
NUMBERS = {numbers!r}
LIBC = ctypes.CDLL(None, use_errno=True)

def attempt(what, action, *arguments):
    """Do it, print how that went, and return what came of it."""
    result = None
    try:
        result, said = action(*arguments), "done"
    except OSError as error:
        said = errno.errorcode.get(error.errno, str(error))
    except BaseException as error:
        said = type(error).__name__
    print("\\n@" + json.dumps([what, said, repr(result)[:200]]), flush=True)
    return result

def syscall(name, *arguments):
    """A system call by its name; raises OSError."""
    result = LIBC.syscall(NUMBERS[name], *[ctypes.c_long(a) if isinstance(a, int) else a for a in arguments])
    if result < 0:
        raise OSError(ctypes.get_errno(), name)
    return result
'''


@dataclasses.dataclass(frozen=True)
class Attack:
    """One hostile submission.

    name: of the attack and the student. family: its module. tries: a sentence, without its subject. files: see above.
    proof: takes a grading.Evidence, asserts that the attack failed. ends: AS_RIGHT, AS_BLANK, IGNORED or a part of a
    message of its score. student: where it is not the name. beside: the files lie in the folder of the class.
    among_others: its proof is in what the innocent get.
    """

    name: str
    family: str
    tries: str
    files: dict
    proof: Callable
    ends: str
    student: str
    beside: bool = False
    among_others: bool = False

    def hand_in(self, folder, world):
        """Write the submission into `folder`, that of the class."""
        place = folder if self.beside else folder / self.student
        place.mkdir(exist_ok=True)
        for name, content in self.files.items():
            path = place / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, bytes):
                path.write_bytes(content)
            elif isinstance(content, str):
                path.write_text(content, encoding="utf-8")
            else:
                content(path, world)


ATTACKS = {}


def right():
    """The source of the reference."""
    return (ROOT / "solutions/edf.py").read_text(encoding="utf-8")


def blank():
    """The source of the skeleton."""
    return (ROOT / "pset/edf.py").read_text(encoding="utf-8")


def attack(tries, payload=None, ends=AS_RIGHT, base=right, files=None, student=None, **more):
    """A decorator that registers its function, the proof, as an attack. payload: source text, or None with `files`.

    more: further fields of Attack.
    """

    def register(proof):
        family = proof.__module__.rpartition(".")[2].strip("_")
        name = proof.__name__.strip("_")
        assert name not in ATTACKS, f"there are two attacks {name}"
        made = {} if payload is None else {"edf.py": submission(name, payload, base)}
        ATTACKS[name] = Attack(
            name, family, inspect.cleandoc(tries), made | (files or {}), proof, ends, student or name, **more
        )
        return proof

    return register


def submission(name, payload, base=right):
    """A maker of an edf.py that runs `payload` at its end."""

    def write(path, world):
        path.write_text(source(name, payload, base, world), encoding="utf-8")

    return write


def source(name, payload, base, world):
    """The text of such an edf.py."""
    numbers = {
        call: pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, call) for call in (*DANGEROUS, "clone3")
    }
    prelude = PRELUDE.format(told=json.dumps({"me": name, **world.told()}), numbers=numbers)
    return f"{base()}\n{prelude}\n{textwrap.dedent(payload)}"
