"""Parts that every header reader shares: a file that is read in small pieces, and what it was found to hold."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import BinaryIO


class HeaderError(Exception):
    """The file lies about itself, or holds no picture; the message completes ``<name> cannot be decoded:``."""

    code = "broken"
    """A word for programs: ``PictureError.code``."""


class CutOff(HeaderError):
    """Data is missing at the end."""

    code = "truncated"


class Empty(HeaderError):
    """A file without bytes."""

    code = "empty"


class UnknownFormat(HeaderError):
    """No picture of a known kind."""

    code = "unknown-format"


class TooCostly(HeaderError):
    """Decoding would take more time or memory than a photograph does."""

    code = "too-large"


class Unsupported(HeaderError):
    """Sound perhaps, but of a kind that is not read."""

    code = "unsupported"


@dataclass(frozen=True, slots=True)
class Header:
    """A picture as its file announces it.

    Attributes:
        width: in pixels, as stored.
        height: in pixels, as stored.
        working: bytes a pixel that Pillow's decoder holds while the frame (4 bytes a pixel) is filled.
        buffers: bytes that it holds beside them, whatever the size of the picture.
        reducible: by how much the decoder itself can shrink the picture while decoding: 1 (not at all) to 8.
    """

    width: int
    height: int
    working: float
    buffers: int = 0
    reducible: int = 1

    @property
    def pixels(self) -> int:
        """Width times height."""
        return self.width * self.height


class PictureBytes:
    """A file of which only what is asked for is read.

    Attributes:
        size: of the file, in bytes.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = file.seek(0, os.SEEK_END)

    def at(self, offset: int, count: int) -> bytes:
        """``count`` bytes from ``offset`` on.

        Raises:
            HeaderError: the file ends before.
        """
        found = self.upto(offset, count)
        if len(found) < count:
            raise CutOff(f"cut off after {self.size} bytes")
        return found

    def upto(self, offset: int, count: int) -> bytes:
        """The same, fewer bytes at the end of the file."""
        self._file.seek(offset)
        return self._file.read(count)

    def number(self, offset: int, count: int, order: str = "big") -> int:
        """An unsigned integer of ``count`` bytes."""
        return int.from_bytes(self.at(offset, count), "little" if order == "little" else "big")
