"""python -m edf_kit check | preview | carry: the kit's commands, in the folder of a release."""

import argparse
import importlib.util
import os
import sys
import tempfile
import warnings
from pathlib import Path

from edf_kit.answers.choose import MODULE
from edf_kit.answers.notebook import NotebookError
from edf_kit.answers.origin import definition_places, line_places
from edf_kit.answers.preview import collect, show
from edf_kit.carry import carry, report
from edf_kit.carry_module import LEFT
from edf_kit.checks import CheckFailed, calls, check_announced, exercise_ids
from edf_kit.checks.run import UnknownName
from edf_kit.released import ReleaseError

FOLDER = Path(__file__).resolve().parent.parent


def main(arguments=None, folder=FOLDER):
    """Run a command in the folder of a release. Returns the exit status: 1 if something is not as it should be."""
    options = _parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # Windows' consoles do not know every character
            stream.reconfigure(errors="replace")
    try:
        status = options.run(options, Path(folder))
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # `… | head`: nobody reads on
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt as error:
        print(str(error) or "\nStopped.")
        return 130
    except (NotebookError, ReleaseError, UnknownName, OSError) as error:
        print(error)
        return 2


def _parser():
    parser = argparse.ArgumentParser(prog="python -m edf_kit", description="Commands for your problem set.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    check = commands.add_parser("check", help="check what you wrote, in your notebooks and edf.py")
    check.add_argument("names", nargs="*", metavar="NAME", help="exercises; by default all")
    check.set_defaults(run=_check)
    preview = commands.add_parser("preview", help="show what the grader will take")
    preview.add_argument("files", nargs="*", metavar="FILE", help="notebooks, edf.py; by default those here")
    preview.add_argument("--source", action="store_true", help="print the edf.py that is graded")
    preview.add_argument(
        "--out", type=Path, metavar="FILE", help="write the edf.py that is graded to this file"
    )
    preview.set_defaults(run=_preview)
    carried = commands.add_parser("carry", help="bring your work from an old release's folder into this one")
    carried.add_argument("old", type=Path, metavar="OLD_FOLDER")
    carried.add_argument("--dry-run", action="store_true", help="only show what would be done")
    carried.set_defaults(run=_carry)
    return parser


def _preview(options, folder):
    release, choice = collect(folder, options.files)
    if options.out is not None:
        if options.out.resolve() in {
            (folder / "edf.py").resolve(),
            *(Path(f).resolve() for f in options.files),
        }:
            print(f"{options.out} is your own: choose another name for --out.")
            return 2
        options.out.write_text(choice.text, encoding="utf-8")
    print(choice.text if options.source else "\n".join(show(release, choice, folder)))
    return 0


def _carry(options, folder):
    done = carry(options.old, folder, options.dry_run)
    print("\n".join(report(done, options.dry_run)))
    return 1 if any(d.outcome == LEFT for d in done) else 0


def _check(options, folder):
    exercise_ids(*options.names)  # a name that is none is said before anything runs
    _, choice = collect(folder)
    unreadable = [row.place for row in choice.rows.values() if row.state == "unreadable"]
    for remark in dict.fromkeys([*choice.remarks, *unreadable]):
        print(f"- {remark}")
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary, MODULE)
        path.write_text(choice.text, encoding="utf-8")
        try:
            _import_as_edf(path, choice, folder)
            check_announced(*options.names)
        except CheckFailed as error:
            print(f"\n{error}")
            return 1
        finally:  # the file is gone: what was known of its lines is of no use to anybody else
            calls.written_at.clear()
            calls.lines_at.clear()
    return 0


def _import_as_edf(path, choice, folder):
    """Make the file what `import edf` gives. Raises CheckFailed, and Stopped for an interrupt."""
    calls.written_at.update(definition_places(choice))
    module = folder / MODULE
    places = line_places(choice.text, module.read_text(encoding="utf-8-sig", errors="replace"))
    calls.lines_at.update({(str(path), line): place for line, place in places.items()})
    spec = importlib.util.spec_from_file_location("edf", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["edf"] = module
    printed = calls.Printed()
    try:
        with warnings.catch_warnings(), printed.instead(), calls.student_code("import edf"):
            warnings.simplefilter("ignore")  # of odd escapes in strings, say
            spec.loader.exec_module(module)
    finally:
        if text := str(printed):
            print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
