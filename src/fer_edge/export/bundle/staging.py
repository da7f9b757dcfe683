"""The folder in which a bundle grows before anybody can see it, and its exchange for the old one.

The staging folder lies beside the target, on the same file system, under a name that only this module gives. A
running export holds a lock on its folder; a folder without a living lock is a killed run's, and the next run for the
same target removes it.
"""

from __future__ import annotations

import fcntl
import glob
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from fer_edge.runtime import atomic_folder
from fer_edge.runtime.bundle import open_bundle
from fer_edge.runtime.errors import BundleError, ExportError

WORK = "work"
BUNDLE = "bundle"


def check_target(out: Path) -> Path:
    """The real folder that ``--out`` means, if a bundle may be put there.

    Raises:
        ExportError: something else is there; nothing has been touched.
    """
    target = Path(os.path.realpath(out))
    if out.is_symlink() and not target.exists():
        raise ExportError(f"--out {out} is a link to nothing; remove it or name a folder")
    here = Path.cwd()
    if target == here or target in here.parents:
        raise ExportError(
            f"--out {out} is the current folder or above it and would be replaced; name a folder in it"
        )
    atomic_folder.recover(target)
    if not target.exists():
        return target
    if not target.is_dir():
        raise ExportError(f"--out {out} is a file; name a folder that is absent, empty or a bundle")
    if any(target.iterdir()):
        _check_bundle(out, target)
    return target


def _check_bundle(out: Path, target: Path) -> None:
    advice = "it must be absent, empty or a bundle with nothing else in it; nothing was touched"
    try:
        unlisted = open_bundle(target).find_unlisted()
    except BundleError as error:
        raise ExportError(f"--out {out} is not a bundle that can be replaced ({error}); {advice}") from error
    if unlisted:
        raise ExportError(
            f"--out {out} holds {', '.join(map(str, unlisted[:5]))}, which no manifest lists; {advice}"
        )


@contextmanager
def staging(target: Path, option: str = "--out") -> Iterator[Path]:
    """A private folder beside ``target`` with ``work`` and ``bundle`` in it; gone afterwards, whatever happened.

    Args:
        target: the real place.
        option: that named it, for messages.

    Raises:
        ExportError: nothing can be written beside ``target``.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        folder, lock = _new(target)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ExportError(
            f"{option} {target}: nothing can be written to {target.parent} ({reason}); name a folder that you may write to"
        ) from error
    try:
        for name in (WORK, BUNDLE):
            (folder / name).mkdir()
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _new(target: Path) -> tuple[Path, int]:
    """An empty staging folder and the handle that holds its lock."""
    with _locked(target.parent):
        _clean(target)
        folder = target.parent / f"{_prefix(target)}{secrets.token_hex(8)}"
        folder.mkdir()
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(lock, fcntl.LOCK_EX)
    return folder, lock


def publish(
    staged: Path, target: Path, out: Path, check: Callable[[Path], object] = check_target
) -> list[Path]:
    """Put the finished folder in its place at one stroke; an old one is removed afterwards.

    Args:
        staged: the finished folder, beside ``target``.
        target: the real place.
        out: the place as it was typed.
        check: refuses an ``out`` where something else lies.

    Returns:
        Old bundles that could not be removed, such as another user's.

    Raises:
        ExportError: meanwhile something else has come to lie there.
    """
    for path in (staged, *staged.rglob("*")):
        sync(path)
    with _locked(target.parent):
        check(out)
        atomic_folder.clean(target)
        staged.rename(atomic_folder.staging_path(target))
        return atomic_folder.publish(target)


def sync(path: Path) -> None:
    """Make a file or a folder survive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _prefix(target: Path) -> str:
    return f".{target.name}.fer-edge-staging-"


def _clean(target: Path) -> None:
    """Remove what killed runs left: folders of ours whose lock nobody holds."""
    for folder in target.parent.glob(f"{glob.escape(_prefix(target))}*"):
        if folder.is_symlink() or not folder.is_dir():
            continue
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        else:
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(handle)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    # Between making a folder and locking it, another run must not take it for a dead one.
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
