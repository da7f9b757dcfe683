"""A child must not outlive its parent, however that dies."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading

PR_SET_PDEATHSIG = 1
"""Linux, ``prctl(2)``: the signal that this process gets when its parent ends."""


def die_with_parent() -> None:
    """End when the parent does: by the kernel's signal on Linux, and everywhere by the pipe on standard input."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    threading.Thread(target=_watch, name="lifeline", daemon=True).start()


def _watch() -> None:
    # The parent never writes: reading ends only when its side is closed, which the kernel does for a dead process.
    while os.read(0, 1):
        pass
    os._exit(1)
