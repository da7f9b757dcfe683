"""Native libraries that talk on standard error while they load."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator

_ALONE = threading.RLock()


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Send file descriptor 2 to nowhere for a moment; what fails is raised as an exception anyway.

    C++ code writes past ``sys.stderr``, and these libraries have no switch for it in Python. The descriptor is the
    process's: one thread at a time, or the second would keep nowhere and put that back.
    """
    with _ALONE, _silenced():
        yield


@contextlib.contextmanager
def _silenced() -> Iterator[None]:
    try:
        sys.stderr.flush()
        kept = os.dup(2)
    except (OSError, ValueError, AttributeError):  # no standard error at all
        yield
        return
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        os.close(nowhere)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
