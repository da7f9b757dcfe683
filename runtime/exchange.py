"""Putting a finished folder in another's place: a reader sees the old bundle or the new one, never half of one.

The new folder is made as ``staging(target)`` beside the target. ``publish`` swaps the two names in one step where the
system can (``renameat2(RENAME_EXCHANGE)`` on Linux, ``renamex_np(RENAME_SWAP)`` on macOS). Elsewhere it takes two
renames; a run killed between them leaves the old folder as ``previous(target)``, and ``recover`` puts it back.
"""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

from fer_edge.runtime.atomic import sync_folder
from fer_edge.runtime.errors import BundleError

_CANNOT = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP}
_FLAG = 2  # RENAME_EXCHANGE of Linux and RENAME_SWAP of macOS are both 2
_AT_FDCWD = -100


def staging(target: str | Path) -> Path:
    """Where the new folder is made: beside the target, so that a rename suffices."""
    return _beside(target, "new")


def previous(target: str | Path) -> Path:
    """Where the old folder stands between two renames."""
    return _beside(target, "old")


def publish(target: str | Path) -> None:
    """Put the finished ``staging(target)`` in the target's place and remove what stood there.

    Raises:
        BundleError: the system refused; the target is as it was.
    """
    place, new = _real(target), staging(target)
    try:
        if not place.exists():
            new.rename(place)
        elif swap(new, place):
            _remove(new)
        else:
            _two_renames(new, place, previous(target))
    except OSError as error:
        recover(target)
        raise BundleError(f"cannot put the new bundle at {target}: {error.strerror or error}") from None
    sync_folder(place.parent)


def recover(target: str | Path) -> None:
    """Finish what a killed run left: an old folder without a successor becomes the target again."""
    place, old = _real(target), previous(target)
    if old.is_dir() and not place.exists():
        try:
            old.rename(place)
        except OSError as error:
            raise BundleError(f"cannot bring {target} back from {old}: {error.strerror or error}") from None


def clean(target: str | Path) -> None:
    """Recover, then remove what a killed run left beside the target. Only a writer may do this."""
    recover(target)
    for leftover in (staging(target), previous(target)):
        if leftover.is_symlink() or leftover.is_file():
            leftover.unlink()
        elif leftover.exists():
            _remove(leftover)


def swap(one: Path, other: Path) -> bool:
    """Exchange two names in one step.

    Returns:
        False where the system or the file system cannot; then nothing has changed.

    Raises:
        OSError: it can, but refused this time.
    """
    import ctypes

    first, second = os.fsencode(one), os.fsencode(other)
    try:
        library = ctypes.CDLL(None, use_errno=True)
        if sys.platform == "darwin":
            status = library.renamex_np(first, second, ctypes.c_uint(_FLAG))
        else:
            status = library.renameat2(_AT_FDCWD, first, _AT_FDCWD, second, ctypes.c_uint(_FLAG))
    except (AttributeError, OSError, TypeError):  # no such call here; TypeError: no CDLL(None) on Windows
        return False
    if status == 0:
        return True
    code = ctypes.get_errno()
    if code in _CANNOT:
        return False
    raise OSError(code, os.strerror(code), str(one))


def _two_renames(new: Path, place: Path, old: Path) -> None:
    if old.exists():
        _remove(old)
    place.rename(old)
    new.rename(place)
    _remove(old)


def _beside(target: str | Path, word: str) -> Path:
    place = _real(target)
    return place.with_name(f".{place.name}.fer-edge-{word}")


def _real(target: str | Path) -> Path:
    # A link to a bundle stays a link; the folder it names is exchanged.
    return Path(os.path.realpath(target))


def _remove(folder: Path) -> None:
    import shutil  # brings every compression; a reader never removes

    shutil.rmtree(folder)
