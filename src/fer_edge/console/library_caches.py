"""Folders of caches that libraries make as soon as they are imported: a command leaves none behind."""

from __future__ import annotations

import atexit
import os
from pathlib import Path

COMPILER_CACHE = "TORCHINDUCTOR_CACHE_DIR"


def keep_folders_clean() -> None:
    """Point PyTorch's and Matplotlib's caches to places that are there already or go with this process.

    What the user has chosen, by environment or by having the folders, stays.
    """
    # torch._dynamo makes this folder when it is imported, whether or not anything is compiled.
    os.environ.setdefault(COMPILER_CACHE, _temporary_folder())
    if "MPLCONFIGDIR" not in os.environ and not _has_matplotlib_folders():
        # Made by Matplotlib, if it is used at all.
        folder = Path(_temporary_folder()) / f"fer-edge-matplotlib-{os.getpid()}-{os.urandom(4).hex()}"
        os.environ["MPLCONFIGDIR"] = str(folder)
        atexit.register(_remove, folder)


def _temporary_folder() -> str:
    """The folder that ``tempfile`` names, mostly without its import, which brings random numbers and the archive formats."""
    usual = os.environ.get("TMPDIR") or "/tmp"  # noqa: S108 - nothing is made in it here
    if Path(usual).is_absolute() and Path(usual).is_dir() and os.access(usual, os.W_OK | os.X_OK):
        return usual
    import tempfile

    return tempfile.gettempdir()


def _remove(folder: Path) -> None:
    if folder.exists():
        import shutil

        shutil.rmtree(folder, ignore_errors=True)


def _has_matplotlib_folders() -> bool:
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - Path.home() raises where there is none
    bases = {
        Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config"),
        Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache"),
    }
    return (home / ".matplotlib").is_dir() or all((base / "matplotlib").is_dir() for base in bases)
