"""Node and npm where they are found; where not, a test is skipped with a sentence, in continuous integration it fails."""

import contextlib
import fcntl
import json
import os
import shutil
import subprocess

import pytest

from support.paths import ROOT

WEB_DEMO = ROOT / "web_demo"
OLDEST = (20, 19)


def require_node():
    """Skip or fail where Node, npm or a version that the bundler takes is missing."""
    missing = [tool for tool in ("node", "npm") if not shutil.which(tool)]
    if missing:
        give_up(f"the web page needs {' and '.join(missing)} (Debian: nodejs, npm)")
    version = run(["node", "--version"]).removeprefix("v").strip()
    if tuple(map(int, version.split(".")[:2])) < OLDEST:
        give_up(f"the web page needs Node {'.'.join(map(str, OLDEST))} or newer, not {version}")


def require_chromium():
    """The browser's program."""
    found = shutil.which("chromium") or shutil.which("google-chrome")
    return found or give_up("the page needs Chromium (Debian: chromium)")


def give_up(sentence):
    if os.environ.get("CI"):
        pytest.fail(sentence)
    pytest.skip(sentence)


def run(command, *, cwd=WEB_DEMO, timeout=900, **options):
    """The output of a command that must end well."""
    done = subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, timeout=timeout, check=False, **options
    )
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{(done.stdout + done.stderr)[-6000:]}"
    return done.stdout


@contextlib.contextmanager
def once(folder, name):
    """Holds a lock for all processes of this run; true for the first that comes."""
    with (folder / f"{name}.lock").open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.seek(0)
        yield not lock.read()
        lock.write("done")


def install():
    """The packages of the lock file, where they are not there yet."""
    require_node()
    mark = WEB_DEMO / "node_modules/.package-lock.json"
    lock = WEB_DEMO / "package-lock.json"
    if mark.exists() and mark.stat().st_mtime >= lock.stat().st_mtime:
        return
    done = subprocess.run(
        ["npm", "ci"], cwd=WEB_DEMO, capture_output=True, text=True, timeout=900, check=False
    )
    if done.returncode:
        give_up(f"npm ci could not install the packages of {lock}: {done.stderr.strip()[-300:]}")


def ask(script, lines, **environment):
    """What a script beside the tests answers to lines of JSON, one line each."""
    given = "".join(json.dumps(line) + "\n" for line in lines)
    output = run(["node", script], input=given, env={**os.environ, **environment})
    return [json.loads(line) for line in output.splitlines()]
