"""Chromium for tests and studies of the web page, by Playwright in a Node process (tests/web_demo/browser.mjs)."""

import json
import subprocess

from support.paths import ROOT

WEB_DEMO = ROOT / "web_demo"
SCRIPT = ROOT / "tests/web_demo/browser.mjs"
READY = "!document.querySelector('#example').disabled || !document.querySelector('#problem').hidden"
DONE = "document.querySelector('#busy').hidden"
FACES = """
[...document.querySelectorAll('.face')].map((card, index) => ({
  box: document.querySelectorAll('.box')[index].dataset.box.split(' ').map(Number),
  first: card.querySelector('h3 span').textContent,
  probabilities: Object.fromEntries([...card.querySelectorAll('li')].map(
    (bar) => [bar.firstElementChild.textContent, Number(bar.dataset.probability)])),
}))
"""
FIGURES = """
Object.fromEntries([...document.querySelectorAll('#figures div')].map(
  (tile) => [tile.children[0].textContent, tile.children[1].textContent]))
"""


class BrowserError(Exception):
    """What Playwright said."""


class Browser:
    """A browser of its own; a context manager."""

    def __init__(self, executable, *arguments):
        self._process = subprocess.Popen(
            ["node", SCRIPT, WEB_DEMO], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.version = self.call("launch", executable=executable, args=arguments)

    def call(self, name, **given):
        self._process.stdin.write(json.dumps({"call": name, "given": given}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise BrowserError("the browser's process ended")
        answer = json.loads(line)
        if "error" in answer:
            raise BrowserError(answer["error"])
        return answer["value"]

    def page(
        self, width=1280, height=900, *, dark=False, reduced_motion=False, permissions=(), scripts=(), scale=1
    ):
        """An empty page in a context of its own; ``scripts`` run before those of whatever it opens."""
        number = self.call(
            "page",
            width=width,
            height=height,
            dark=dark,
            reducedMotion=reduced_motion,
            permissions=list(permissions),
            scripts=list(scripts),
            touch=width < 600,
            scale=scale,
        )
        return Page(self, number)

    def close(self):
        self._process.stdin.close()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Page:
    """One page, and what a person does and sees on this one."""

    def __init__(self, browser, number):
        self._browser = browser
        self._number = number

    def _call(self, name, **given):
        return self._browser.call(name, page=self._number, **given)

    def open(self, address):
        """Until the model is ready or refused."""
        self._call("goto", address=address)
        self.wait(READY)
        return self

    def goto(self, address):
        self._call("goto", address=address)

    def wait(self, expression, seconds=60):
        self._call("wait", expression=expression, seconds=seconds)

    def evaluate(self, expression):
        return self._call("evaluate", expression=expression)

    def text(self, selector):
        return self.evaluate(f"document.querySelector({json.dumps(selector)}).textContent")

    def choose(self, *files):
        """By the picker; until there is an answer."""
        self.evaluate("document.querySelector('#summary').textContent = ''; 0")
        self._call("choose", selector="#file", files=[str(file) for file in files])
        self.wait(f"{DONE} && document.querySelector('#summary').textContent !== ''")

    def put(self, file):
        """A file into the picker, without waiting."""
        self._call("choose", selector="#file", files=[str(file)])

    def click(self, selector):
        self._call("click", selector=selector)

    def press(self, key):
        self._call("press", key=key)

    def select(self, selector, value):
        self._call("select", selector=selector, value=value)

    @property
    def faces(self):
        """Box, first guess and probabilities of each face that is shown."""
        return self.evaluate(FACES)

    @property
    def figures(self):
        return self.evaluate(FIGURES)

    @property
    def problem(self):
        """The sentence that is shown; empty if there is none."""
        return self.evaluate(
            "document.querySelector('#problem').hidden ? '' : document.querySelector('#problem').textContent"
        )

    @property
    def watched(self):
        """Long tasks and breaches of the Content-Security-Policy so far."""
        return self.evaluate("watched")

    @property
    def log(self):
        """Addresses that were asked for, and the console's messages."""
        return self._call("log")

    def axe(self):
        """One line for each violation."""
        return self._call("axe")

    def screenshot(self, path, *, full=True):
        self._call("screenshot", path=str(path), full=full)

    def close(self):
        self._call("closePage")
