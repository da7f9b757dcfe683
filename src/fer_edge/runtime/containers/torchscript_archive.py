"""The zip archive of a TorchScript file, read so that torch's own reader cannot see another one in the same bytes.

torch (miniz) finds the directory where the last record says, compares names without regard to case, and looks at some
names before others; Python's ``zipfile`` differs in each. So whatever the two could read differently is refused.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from pathlib import Path
from types import TracebackType

from fer_edge.runtime.containers.limits import ContainerError

BROKEN = (zipfile.BadZipFile, struct.error, zlib.error, RuntimeError, EOFError, ValueError, OverflowError)
"""The errors of ``zipfile`` on hostile bytes; NotImplementedError is a RuntimeError."""
_RECORDS = re.compile(
    r"data\.pkl|constants\.pkl|bytecode\.pkl|version|byteorder|\.format_version|\.storage_alignment|"
    r"\.data/(?:serialization_id|version)|mobile_debug_handles\.pkl|traced_inputs\.pkl|traced_inputs/\d+|data/\d+|constants/\d+(?:\.storage)?|"
    r"code/(?:\w+/)*\w+\.py(?:\.debug_pkl)?|extra/[\w.-]+",
    re.ASCII,
)
_SOURCE = re.compile(r"code/(.+)\.py")
_LARGEST_RECORD = 32 << 20
"""Bytes of code or of a pickle; ResNet-152 has 300 kB."""
_MOST_RECORDS = 20_000
_LONGEST_END = 76 + 22 + 65_535
"""Bytes of the last three records with the longest comment."""
_FLATBUFFER = b"PTMF"
"""At byte 4 it makes torch's lite interpreter read the file as something else than a zip archive."""


class Archive:
    """An opened archive; a context manager.

    Raises:
        ContainerError: no such archive, or one that two readers could read differently.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._zip = zipfile.ZipFile(path)
        except BROKEN as error:
            raise broken_error(error) from None
        try:
            self._records = self._checked(path)
        except BaseException:
            self._zip.close()
            raise

    def __enter__(self) -> Archive:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()

    def names(self) -> tuple[str, ...]:
        """Of the records, without the archive's own name in front."""
        return tuple(self._records)

    def read(self, name: str, most: int = _LARGEST_RECORD) -> bytes:
        """The bytes of one record.

        Raises:
            ContainerError: longer than ``most``, or damaged.
        """
        entry = self._records[name]
        if entry.file_size > most:
            raise ContainerError(f"its record {name[:80]} has {entry.file_size} bytes; allowed: {most}")
        try:
            with self._zip.open(entry) as file:
                return file.read(most + 1)
        except BROKEN as error:
            raise broken_error(error) from None

    def sources(self) -> dict[str, bytes]:
        """Code by its name with dots, such as ``__torch__.torch.nn.modules.conv``."""
        found = ((_SOURCE.fullmatch(name), name) for name in self._records)
        return {match[1].replace("/", "."): self.read(name) for match, name in found if match}

    def _checked(self, path: Path) -> dict[str, zipfile.ZipInfo]:
        entries = self._zip.infolist()
        self._refuse_two_directories(path)
        if not 0 < len(entries) <= _MOST_RECORDS:
            raise ContainerError(f"it has {len(entries)} records; allowed: 1 to {_MOST_RECORDS}")
        root = entries[0].filename.split("/")[0]
        records: dict[str, zipfile.ZipInfo] = {}
        seen: set[str] = set()
        for entry in entries:
            first, _, name = entry.orig_filename.partition("/")
            if first != root or entry.orig_filename != entry.filename or not _RECORDS.fullmatch(name):
                raise ContainerError(
                    f"it has the record {ascii(entry.orig_filename)[:80]}, which torch does not write"
                )
            if name.lower() in seen:
                raise ContainerError(f"its record {name[:80]} is there twice")
            packed = entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
            if packed or entry.flag_bits & 1 or entry.extra[:2] not in (b"", b"FB"):
                raise ContainerError(f"its record {name[:80]} is packed in a way that torch does not use")
            seen.add(name.lower())
            records[name] = entry
        return records

    def _refuse_two_directories(self, path: Path) -> None:
        """The directory must lie where the last records say, and the first record at the file's beginning."""
        with path.open("rb") as file:
            start = file.read(8)
            size = file.seek(0, 2)
            file.seek(max(0, size - _LONGEST_END))
            tail = file.read()
        at = tail.rfind(b"PK\5\6")
        offset, comment = struct.unpack("<LH", tail[at + 16 : at + 22])
        sound = start[:4] == b"PK\3\4" and start[4:] != _FLATBUFFER and len(tail) - at == 22 + comment
        if tail[at - 20 : at - 16] == b"PK\6\7":  # with a locator of a 64-bit record, which then counts
            (place,) = struct.unpack("<Q", tail[at - 12 : at - 4])
            sound &= place == size - len(tail) + at - 76 and tail[at - 76 : at - 72] == b"PK\6\6"
            (offset,) = struct.unpack("<Q", tail[at - 28 : at - 20])
        if not sound or offset != self._zip.start_dir:
            raise ContainerError("it is not laid out as torch lays archives out")


def broken_error(error: Exception) -> ContainerError:
    """The error for what ``zipfile`` said."""
    return ContainerError(f"it is no TorchScript archive ({ascii(str(error))[1:-1][:100]})")
