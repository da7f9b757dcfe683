"""Restrictions that a child puts upon itself: no life after its parent, and no writing outside one folder.

The second is Linux's Landlock, which also forbids TCP connections. Verification runs untrusted artifacts in native parsers. They have been read before; this is for what was overlooked.
Source: ``landlock(7)`` and ``linux/landlock.h``. Kernels from 5.13 on, where it is switched on; elsewhere nothing is taken.
"""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_CREATE, _ADD, _RESTRICT = 444, 445, 446
"""System calls; the same numbers on every architecture."""
_ASK_VERSION = 1
_PATH_BENEATH = 1
_NO_NEW_PRIVILEGES = 38
"""``prctl(2)``; without it only root may restrict itself."""
_WRITE_FILE, _TRUNCATE = 1 << 1, 1 << 14
_FOLDERS = sum(1 << bit for bit in range(4, 13))
"""To remove and to make entries of every kind."""
_REFER = 1 << 13
_TCP = 0b11

_DEATH_SIGNAL = 1
"""``prctl(2)``: the signal that this process gets when its parent ends."""


def die_with_parent(*, watch_input: bool = True) -> None:
    """End when the parent does: by the kernel's signal on Linux, and everywhere by the pipe on standard input.

    Args:
        watch_input: False where standard input is no such pipe.
    """
    if sys.platform == "linux":
        _library().prctl(_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
    if watch_input:
        threading.Thread(target=_end_with_input, name="parent death", daemon=True).start()


def _end_with_input() -> None:
    # The parent never writes: reading ends only when its side is closed, which the kernel does for a dead process.
    while os.read(0, 1):
        pass
    os._exit(1)


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64))


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def version() -> int:
    """Of Landlock here; 0 where there is none."""
    if sys.platform != "linux":
        return 0
    return max(0, _call(_CREATE, None, 0, _ASK_VERSION))


def forbid_writing(*, outside: Path) -> bool:
    """From now on this thread, and what it starts, writes nothing outside a folder and opens no TCP connection.

    Args:
        outside: the folder in which everything stays allowed; ``/dev/null`` stays writable too.

    Returns:
        Whether the system does that.
    """
    found = version()
    if not found:
        return False
    rights = _WRITE_FILE | _FOLDERS | (_REFER if found >= 2 else 0) | (_TRUNCATE if found >= 3 else 0)
    rules = _Ruleset(rights, _TCP if found >= 4 else 0)
    with _descriptor(_call(_CREATE, ctypes.byref(rules), 16 if found >= 4 else 8, 0)) as ruleset:
        _allow(ruleset, outside, rights)
        _allow(ruleset, Path(os.devnull), rights & (_WRITE_FILE | _TRUNCATE))
        _library().prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        return _call(_RESTRICT, ruleset, 0) == 0


def _allow(ruleset: int, place: Path, rights: int) -> None:
    with _descriptor(os.open(place, os.O_PATH | os.O_CLOEXEC)) as parent:
        rule = _Beneath(rights, parent)
        if _call(_ADD, ruleset, _PATH_BENEATH, ctypes.byref(rule), 0):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(place))


@contextmanager
def _descriptor(number: int) -> Iterator[int]:
    if number < 0:
        code = ctypes.get_errno() or errno.EINVAL
        raise OSError(code, os.strerror(code))
    try:
        yield number
    finally:
        os.close(number)


def _call(number: int, *arguments: object) -> int:
    return int(_library().syscall(ctypes.c_long(number), *arguments))


def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
