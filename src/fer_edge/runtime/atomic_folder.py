"""Replacement of a folder in one step: a reader sees the old bundle or the new one, never half of one.

The new folder is made as ``staging_path(target)`` beside the target. ``publish`` swaps the two names in one step where the
system can (``renameat2(RENAME_EXCHANGE)`` on Linux, ``renamex_np(RENAME_SWAP)`` on macOS). Elsewhere it takes two
renames; a run killed between them leaves the old folder as ``previous_path(target)``, and ``recover`` puts it back.
"""

from __future__ import annotations

import contextlib
import errno
import glob
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from fer_edge.runtime.atomic import sync_folder
from fer_edge.runtime.errors import BundleError

_CANNOT = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP}
_FLAG = 2  # RENAME_EXCHANGE of Linux and RENAME_SWAP of macOS are both 2
_AT_FDCWD = -100
_ASIDE = "leftover-"


def staging_path(target: str | Path) -> Path:
    """The place where the new folder is made: beside the target, so that a rename suffices."""
    return _beside(target, "new")


def previous_path(target: str | Path) -> Path:
    """The place where the old folder stands between two renames."""
    return _beside(target, "old")


def publish(target: str | Path) -> list[Path]:
    """Put the finished ``staging_path(target)`` in the target's place and remove what stood there.

    Once the names are exchanged, nothing is an error any more: the new bundle is there.

    Returns:
        Folders with an old bundle that could not be removed; the next ``clean`` tries again.

    Raises:
        BundleError: the system refused; the target is as it was.
    """
    place, new, old = _real(target), staging_path(target), None
    try:
        if not place.exists():
            new.rename(place)
        elif swap(new, place):
            old = new
        else:
            old = _two_renames(new, place, previous_path(target))
    except OSError as error:
        recover(target)
        raise BundleError(f"cannot put the new bundle at {target}: {error.strerror or error}") from None
    with contextlib.suppress(OSError):
        sync_folder(place.parent)
    return _out_of_the_way(target, [old] if old else [])


def recover(target: str | Path) -> None:
    """Finish what a killed run left: an old folder without a successor becomes the target again."""
    place, old = _real(target), previous_path(target)
    if old.is_dir() and not place.exists():
        try:
            old.rename(place)
        except OSError as error:
            raise BundleError(f"cannot bring {target} back from {old}: {error.strerror or error}") from None


def clean(target: str | Path) -> list[Path]:
    """Recover, then remove what killed runs and protected bundles left beside the target. Only a writer may do this.

    Returns:
        What could not be removed; it stands in nobody's way.
    """
    recover(target)
    place = _real(target)
    aside = place.parent.glob(f"{glob.escape(_beside(target, _ASIDE).name)}*")
    return _out_of_the_way(target, [staging_path(target), previous_path(target), *sorted(aside)])


def _out_of_the_way(target: str | Path, leftovers: Sequence[Path]) -> list[Path]:
    """Remove them; what cannot be removed gets a name that no later run needs, and is named."""
    kept = []
    for leftover in leftovers:
        if not _remove(leftover):
            aside = leftover
            with contextlib.suppress(OSError):
                aside = leftover.rename(_beside(target, _ASIDE + os.urandom(4).hex()))
            kept.append(aside)
    return kept


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


def _two_renames(new: Path, place: Path, old: Path) -> Path:
    if old.exists():
        _remove(old)
    place.rename(old)
    new.rename(place)
    return old


def _beside(target: str | Path, word: str) -> Path:
    place = _real(target)
    return place.with_name(f".{place.name}.fer-edge-{word}")


def _real(target: str | Path) -> Path:
    # A link to a bundle stays a link; the folder it names is exchanged.
    return Path(os.path.realpath(target))


def _remove(leftover: Path) -> bool:
    """Remove a file, a link or a folder, write-protected ones too; whether it is gone."""
    import shutil  # brings every compression; a reader never removes

    with contextlib.suppress(OSError):
        if leftover.is_symlink() or not leftover.is_dir():
            leftover.unlink(missing_ok=True)
            return True
        for folder, _, _ in os.walk(leftover):  # does not follow links
            Path(folder).chmod(0o700)
        shutil.rmtree(leftover)
    return not os.path.lexists(leftover)
