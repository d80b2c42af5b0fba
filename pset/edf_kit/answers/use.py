"""Brings the answers that a student has saved in other notebooks into the module `edf`, in their own kernel."""

import linecache
import warnings
from pathlib import Path

from edf_kit.answers.assemble import Blocks, Item, Module, in_order
from edf_kit.answers.candidates import stub_functions
from edf_kit.answers.choose import better_than
from edf_kit.answers.notebook import CellError, NotebookError
from edf_kit.answers.take import take_answers
from edf_kit.released import ReleaseError, read_release, stubs_of


def use_answers(*notebooks):
    """Put the answers saved in these notebooks into `edf`, and say in a line which.

    Looks beside this notebook, then beside edf.py. What is blank there leaves edf as it is; what can't be used is
    said in a sentence. Nothing but the definitions, and what they need, is run.
    """
    import edf

    path = getattr(edf, "__file__", None)
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
        stubs = _stubs(Path(path).parent, text)
    except (TypeError, OSError, ValueError, CellError):
        print("The file edf.py can't be read: put it beside this notebook, and restart the kernel.")
        return
    for name in notebooks:
        try:
            _use(edf, text, stubs, _find(name, Path(path).parent))
        except NotebookError as error:
            print(error.message)


def _stubs(folder, text):
    try:
        return stubs_of(read_release(folder))
    except ReleaseError:
        return [
            f"{top}.{own}" if own else top for top, names in stub_functions(text).items() for own in names
        ]


def _find(name, folder):
    for path in (Path(name), folder / name):
        if path.is_file():
            return path
    message = (
        f"{name} is not here: its answers are not used. Put it beside this notebook, and run this cell again."
    )
    raise NotebookError("missing", message)


def _use(edf, text, stubs, path):
    taken = take_answers({path.name: path.read_bytes()}, stubs, text)
    taken = taken.only(better_than(taken, text, stubs))
    module = Module(text)
    blocks = Blocks(module, taken)
    names = [name for name in dict.fromkeys([*module.names, *taken.answers]) if name in taken.answers]
    items = [Item([], (name,), answer=taken.answers[name]) for name in names]
    used = []
    for item in in_order(items, blocks.needs):
        name = item.answer.name
        source = blocks.block(item.answer)
        try:
            _run(
                edf, "\n".join([*blocks.futures(), *blocks.prelude(), source, ""]), f"<{name} of {path.name}>"
            )
            used.append(name)
        except Exception as error:  # whatever the student's code raises
            print(f"{name} of {path.name} can't be used: {type(error).__name__}: {error}")
    if used:
        print(f"from {path.name}: {', '.join(name for name in names if name in used)}")
    for sentence in taken.unreadable.values():
        print(sentence)
    if blank := [name for name in taken.blank if name in stub_functions(text)]:
        print(f"still blank there: {', '.join(blank)}")


def _run(edf, source, filename):
    """Run definitions in the module's namespace, so that a traceback shows their lines."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd escapes in strings, say
        code = compile(source, filename, "exec", dont_inherit=True)
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    exec(code, vars(edf))
