"""Questions about a path that a person or a bundle gave: asked once, without waiting and without a traceback."""

from __future__ import annotations

import stat
from pathlib import Path

from fer_edge.runtime.errors import BundleError


def kind_of(path: Path) -> str:
    """``file``, ``folder``, ``absent`` or ``other`` (a pipe, a device), links followed.

    Raises:
        BundleError: the path cannot be looked at.
    """
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return "absent"
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise BundleError(f"cannot open {ascii(str(path))[1:-1][:200]}: {reason}") from None
    if stat.S_ISDIR(mode):
        return "folder"
    return "file" if stat.S_ISREG(mode) else "other"


def read_plain(path: Path, limit: int) -> bytes:
    """The bytes of a plain file, at most ``limit`` and one more.

    Raises:
        BundleError: no plain file, or it cannot be read.
    """
    if kind_of(path) != "file":
        raise BundleError(f"{path} is no plain file")
    try:
        with path.open("rb") as file:
            return file.read(limit + 1)
    except OSError as error:
        raise BundleError(f"cannot read {path}: {error.strerror or error}") from None
