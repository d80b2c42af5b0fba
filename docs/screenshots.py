"""Makes the pictures of pages in this folder from a graded class: make grade, then .venv/bin/python docs/screenshots.py

The first argument names the output folder of `make grade`; without one it is graded/. Chromium is needed.
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

DOCS = Path(__file__).resolve().parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Of each picture: its file, the page in the output folder, the size in pixels, and what is clicked first.
PICTURES = [
    ("feedback.png", "feedback/marek.html", (900, 1250), ["text=Show hint 1"]),
]


def main(graded):
    """Write all PICTURES; graded: the output folder of a graded sample class."""
    browser_path = next(filter(None, map(shutil.which, BROWSERS)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        for name, path, (width, height), clicks in PICTURES:
            page = browser.new_page(viewport={"width": width, "height": height}, color_scheme="light")
            page.goto((graded / path).resolve().as_uri())
            for target in clicks:
                page.locator(target).first.click()
            page.evaluate("document.activeElement.blur()")
            page.screenshot(path=DOCS / name)
            print(DOCS / name)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS.parent / "graded")
