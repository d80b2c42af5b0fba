"""A real JupyterLab in a real browser, for tests: a server on loopback, and a student's hands in Chromium."""

import contextlib
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest
from playwright.sync_api import sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
START_SECONDS = 90
RUN_SECONDS = 240
# Of the page at this address: its kernel is idle, and the page has a connection to it.
KERNEL_IS_READY = """async address => {
    const sessions = await (await fetch("/api/sessions")).json();
    const ready = s => s.kernel && s.kernel.connections > 0 && s.kernel.execution_state === "idle";
    return sessions.some(s => ready(s) && new URL(address).pathname.endsWith(s.path));
}"""


def find_browser():
    """The path of a Chromium. Without one the test is skipped, except in CI, where it fails."""
    if path := next(filter(None, map(shutil.which, BROWSERS)), None):
        return path
    missing = "no Chromium is installed (Debian, Ubuntu: apt install chromium)"
    if os.environ.get("CI"):
        pytest.fail(missing)
    pytest.skip(missing)


@contextlib.contextmanager
def jupyterlab(folder, *arguments, log):
    """Run JupyterLab on a folder; gives a function from a path below /lab to its address, token and all."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token = secrets.token_hex(16)
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", f"--port={port}"]
    command += ["--ServerApp.port_retries=0", f"--IdentityProvider.token={token}", "--allow-root", *arguments]
    # Settings of the person who runs the tests, and what earlier runs left, stay out of it.
    home = folder.parent / "jupyter_home"
    own = {"HOME": str(home), "JUPYTER_CONFIG_DIR": str(home / "config"), "IPYTHONDIR": str(home / "ipython")}
    home.mkdir(exist_ok=True)
    with log.open("w") as output:
        server = subprocess.Popen(
            command, cwd=folder, env=os.environ | own, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        base = f"http://127.0.0.1:{port}"
        _wait_until_up(f"{base}/api?token={token}", server, log)
        # reset: no tabs of an earlier notebook
        yield lambda path: f"{base}/{path}?token={token}&reset"
    finally:
        server.terminate()
        server.wait(30)


def _wait_until_up(address, server, log):
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            urllib.request.urlopen(address, timeout=5).close()
            return
        time.sleep(0.2)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()}")


@contextlib.contextmanager
def browser_page():
    """A page of a fresh headless Chromium."""
    path = find_browser()
    flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
    flags += ["--disable-component-update", "--disable-sync", "--no-first-run"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        page = browser.new_page(viewport={"width": 1300, "height": 1000})
        page.set_default_timeout(60_000)
        yield page
        browser.close()


class Notebook:
    """A notebook that is open in JupyterLab, and what a student does with it."""

    def __init__(self, page, address):
        self.page = page
        page.goto(address)
        page.locator(".jp-Notebook .jp-Cell").first.wait_for()
        # JupyterLab calls a kernel idle that it has not spoken to yet; it drops what it is asked to run before.
        page.wait_for_function(KERNEL_IS_READY, arg=address)
        page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").first.wait_for()

    def menu(self, menu, item):
        """Choose an item of a menu."""
        self.page.get_by_role("menuitem", name=menu, exact=True).click()
        self.page.locator(".lm-Menu-itemLabel", has_text=re.compile(f"^{item}$")).click()

    def run_all(self):
        """Run all cells, and wait until they have run."""
        before = max(self._executed(), default=0)
        self.menu("Run", "Run All Cells")
        deadline = time.monotonic() + RUN_SECONDS
        while time.monotonic() < deadline:
            self.page.wait_for_timeout(300)
            executed = self._executed()
            # A cell that waits, or that JupyterLab has not drawn yet, has no number.
            if len(executed) == self.page.locator(".jp-CodeCell").count() and min(executed) > before:
                return
        prompts = self.page.locator(".jp-CodeCell .jp-InputPrompt").all_text_contents()
        dialogs = self.page.locator(".jp-Dialog").all_text_contents()
        pytest.fail(f"the notebook did not run through: {prompts}, {dialogs or 'no dialog'}")

    def cell(self, text):
        """The code cell whose source holds this text."""
        editor = self.page.locator(".jp-InputArea-editor", has_text=text)
        return self.page.locator(".jp-CodeCell").filter(has=editor).first

    def fill(self, text, source):
        """Replace the source of the cell that holds `text`, by keyboard."""
        self.cell(text).locator(".cm-content").click()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(source)

    def output(self, text):
        """What stands below the cell whose source holds `text`. JupyterLab may draw it a moment after it has run."""
        area = self.cell(text).locator(".jp-OutputArea").first
        area.locator(".jp-OutputArea-output").first.wait_for(state="attached")
        return area.text_content()

    def save(self):
        """Save by the keyboard, as students do."""
        self.page.keyboard.press("Escape")
        self.page.keyboard.press("Control+s")
        self.page.get_by_text("Saving completed").wait_for()

    def _executed(self):
        """The numbers of the code cells that have run."""
        prompts = self.page.locator(".jp-CodeCell .jp-InputPrompt").all_text_contents()
        return [int(n) for prompt in prompts for n in re.findall(r"\d+", prompt)]
