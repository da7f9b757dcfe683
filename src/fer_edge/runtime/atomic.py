"""Files that are either whole or absent: written beside the target, synced, then renamed onto it."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from fer_edge.runtime.errors import FerEdgeError


def write_bytes(path: str | Path, data: bytes) -> None:
    """Replace ``path`` by ``data`` in one step; a reader sees the old bytes or the new ones, never a part.

    Raises:
        FerEdgeError: the folder is missing, full or not writable; ``path`` is as it was.
    """
    target = Path(path)
    beside = target.with_name(f".{target.name}.{os.urandom(8).hex()}.tmp")
    try:
        _write_synced(beside, data)
        beside.replace(target)
        sync_folder(target.parent)
    except OSError as error:
        raise FerEdgeError(f"cannot write {target}: {error.strerror or error}") from None
    finally:
        with contextlib.suppress(OSError):
            beside.unlink()


def write_text(path: str | Path, text: str) -> None:
    """The same for UTF-8 text; line ends stay as they are."""
    write_bytes(path, text.encode("utf-8"))


def _write_synced(path: Path, data: bytes) -> None:
    # Not tempfile: its files are private, and the umask shall decide.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` durable, where the system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
