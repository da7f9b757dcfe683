"""Files that outputs write to: never a source, and the sentence for a disk that refuses."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from fer_edge.predict.sources.picture import SourcePicture
from fer_edge.runtime.errors import FerEdgeError


def refuse_sources(target: Path, pictures: Sequence[SourcePicture]) -> None:
    """Refuse a file that is one of the pictures, under whatever name, or a folder.

    Raises:
        FerEdgeError: it is.
    """
    if target.is_dir():
        raise FerEdgeError(f"{target} is a folder; name a file")
    if not target.exists():
        return
    here = target.stat()
    for picture in pictures:
        if picture.path is not None and picture.path.exists() and os.path.samestat(here, picture.path.stat()):
            raise FerEdgeError(f"{target} is a source; name another file for the results")


def open_beside(target: Path) -> tuple[Path, TextIO]:
    """A new text file beside the target, to be renamed onto it once it is whole.

    Raises:
        OSError: the folder is missing, full or not writable.
    """
    beside = target.with_name(f".{target.name}.{os.urandom(8).hex()}.tmp")
    # Not tempfile: its files are private, and the umask shall decide.
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    return beside, os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace", newline="")


@contextmanager
def written(target: Path | str) -> Iterator[None]:
    """The system's errors as one sentence that names the file."""
    try:
        yield
    except OSError as error:
        raise FerEdgeError(f"cannot write {target}: {error.strerror or error}") from None
