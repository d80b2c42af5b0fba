"""Makes the pictures of pages in this folder from the graded sample class: .venv/bin/python docs/screenshots.py

The first argument names the output folder of `make grade`; without one it is graded/. Chromium is needed. The picture
of the terminal is made by picture.py.
"""

import shutil
import sys
import tempfile
from pathlib import Path

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS.parent / "tests"))

from lab import browser_page, jupyterlab  # noqa: E402

# Of each picture: its file, the page in the output folder, the size in pixels, and what is clicked first.
PICTURES = [
    ("feedback.png", "feedback/marek.html", (900, 1250), ["text=Show hint 1"]),
    ("class_report.png", "report/index.html", (900, 1500), []),
]


def main(graded):
    """Write all PICTURES, and formgrader's. graded: the output folder of a graded sample class."""
    with browser_page() as page:
        for name, path, (width, height), clicks in PICTURES:
            page.set_viewport_size({"width": width, "height": height})
            page.goto((graded / path).resolve().as_uri())
            for target in clicks:
                page.locator(target).first.click()
            page.evaluate("document.activeElement.blur()")
            page.screenshot(path=DOCS / name)
        formgrader(graded / "course", page)


def formgrader(course, page):
    """Write formgrader.png: the class in nbgrader's formgrader, on a copy of the course's folder."""
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copytree(course, Path(folder, "course"))
        with jupyterlab(copy, log=Path(folder, "log")) as address:
            page.set_viewport_size({"width": 1100, "height": 700})
            page.goto(address("lab"))  # signs in
            page.locator("#jp-main-dock-panel").wait_for()
            page.goto(address("formgrader/manage_submissions/edf"))
            page.locator("tr", has_text="zeno").wait_for()
            page.screenshot(path=DOCS / "formgrader.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS.parent / "graded")
