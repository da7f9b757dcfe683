"""Processes of their own, in which the uninstalled sources are what is imported."""

import os
import subprocess
import sys

from support.paths import SOURCES

BARE = {"PATH": "/usr/bin:/bin"}
"""Variables of somebody else's shell."""


def environment(base=None, **changes):
    """This process's variables (or ``base``), the sources, one thread; a change to None takes a variable away."""
    found = {**(os.environ if base is None else base), "PYTHONPATH": SOURCES, "OMP_NUM_THREADS": "1"}
    found |= changes
    return {name: str(value) for name, value in found.items() if value is not None}


def python(*words, cwd=None, env=None, check=False, timeout=600, **options):
    """Run the interpreter to its end; the finished process with its texts.

    Args:
        words: after the interpreter: ``"-c", script`` or ``"-m", module, ...``.
        cwd: the folder; None: this one.
        env: all variables; None: :func:`environment`.
        check: a failure is an error of the test.
        timeout: seconds.
        options: of ``subprocess.run``.
    """
    given = {"capture_output": True, "text": True} if "stderr" not in options else {}
    return subprocess.run(
        [sys.executable, *map(str, words)],
        cwd=cwd,
        env=environment() if env is None else env,
        timeout=timeout,
        check=check,
        **given | options,
    )


def fer_command(module, *words, cwd=None, timeout=600, **changes):
    """Run ``python -m module`` as a user's shell would: nothing of the current folder is importable."""
    command = ("-P", "-W", "ignore", "-m", module)
    return python(*command, *words, cwd=cwd, timeout=timeout, env=environment(**changes))
