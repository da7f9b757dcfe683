"""TorchScript: the extra file ``contract.json`` in the archive (``<archive>/extra/contract.json``)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fer_edge.runtime.containers.limits import LARGEST_CONTRACT, ContainerError

if TYPE_CHECKING:
    import zipfile

_NAME = ("extra", "contract.json")


def read(path: Path) -> list[bytes]:
    """Every contract that the archive holds; one is right."""
    import struct
    import zipfile
    import zlib

    broken = (zipfile.BadZipFile, struct.error, zlib.error)
    try:
        with zipfile.ZipFile(path) as archive:
            members = [entry for entry in archive.infolist() if tuple(entry.filename.split("/")[1:]) == _NAME]
            return [_content(archive, entry) for entry in members]
    except (*broken, RuntimeError, EOFError, ValueError, OverflowError) as error:  # also NotImplementedError
        raise ContainerError(f"it is no TorchScript archive ({ascii(str(error))[1:-1][:100]})") from None


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    if entry.file_size > LARGEST_CONTRACT:
        raise ContainerError(f"its contract has {entry.file_size} bytes; allowed: {LARGEST_CONTRACT}")
    with archive.open(entry) as file:
        return file.read(LARGEST_CONTRACT + 1)
