"""The places of faces' pixels, and a split as a list of such places: decoded when a face is asked for."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from fer_edge.faces.csv_rows import gray_pixels, read_row
from fer_edge.faces.face import Box, LabeledFace, whole_picture
from fer_edge.faces.pictures import read_picture
from fer_edge.runtime.errors import DataError, PictureError
from fer_edge.runtime.frame import Frame


class PixelSource(Protocol):
    """The place of a face's pixels."""

    @property
    def fault(self) -> str:
        """Kind of fault, out of ``faults.KINDS``, when they cannot be read."""
        ...

    def content(self) -> bytes:
        """The picture's identity: a file's bytes or a row's pixels.

        Raises:
            FerEdgeError: it cannot be read.
        """
        ...

    def decode(self, content: bytes) -> Frame:
        """The content as an RGBA frame.

        Raises:
            FerEdgeError: it cannot be decoded.
        """
        ...


@dataclass(frozen=True, slots=True)
class PictureFile:
    """A picture file.

    Attributes:
        path: of the file.
        name: what messages call it.
    """

    path: Path
    name: str

    fault = "image"

    def content(self) -> bytes:
        """The file's bytes."""
        try:
            return self.path.read_bytes()
        except OSError as error:
            raise PictureError(f"{self.name} cannot be read: {error.strerror}") from error

    def decode(self, content: bytes) -> Frame:
        """By the decoders that every picture goes through."""
        return read_picture(content, name=self.name)


@dataclass(frozen=True, slots=True)
class PixelRow:
    """A row of ``fer2013.csv``: 48x48 gray pixels as numbers.

    Attributes:
        path: of the table.
        start: first byte of the row.
        size: bytes of the row.
        column: of the pixels.
        name: what messages call it.
    """

    path: Path
    start: int
    size: int
    column: int
    name: str

    fault = "row"

    def content(self) -> bytes:
        """2304 bytes, one a pixel, row by row."""
        try:
            return gray_pixels(read_row(self.path, self.start, self.size)[self.column])
        except (ValueError, IndexError) as error:
            raise DataError(f"{self.name}: {error}") from None

    def decode(self, content: bytes) -> Frame:
        """Gray as three equal channels; the camera path's gray of these is the value itself."""
        gray = np.frombuffer(content, np.uint8).reshape(48, 48)
        return Frame.from_rgb(np.repeat(gray[:, :, None], 3, axis=2))


@dataclass(frozen=True, slots=True)
class Entry:
    """One face of a data set before anything is decoded.

    Attributes:
        name: unique in its split: a path within the data set or the row's own name.
        source: of its pixels.
        label: (8,) over ``EMOTIONS``, sum 1.
        box: of the face in the upright picture; None: the whole picture.
        clear: whether one emotion stands out without doubt.
        person: who it is, where the data set says so.
        digest: SHA-256 of the content, in hexadecimal; "" until it has been examined.
    """

    name: str
    source: PixelSource
    label: tuple[float, ...]
    box: Box | None = None
    clear: bool = True
    person: str = ""
    digest: str = ""

    @property
    def emotion(self) -> int:
        """Index of the strongest emotion in ``EMOTIONS``; the first of equals."""
        return max(range(len(self.label)), key=self.label.__getitem__)


class ListedFaces:
    """A split: entries in their order; picklable, decodes a picture when its face is asked for.

    Args:
        entries: with their digests.
    """

    def __init__(self, entries: list[Entry]) -> None:
        self.entries = entries

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, index: int) -> LabeledFace:
        """One face: its frame, box, label and whether it is clear.

        Raises:
            FerEdgeError: the file changed since it was examined and cannot be read any more.
        """
        entry = self.entries[index]
        frame = entry.source.decode(entry.source.content())
        box = entry.box or whole_picture(frame)
        return LabeledFace(frame, box, np.asarray(entry.label, np.float32), entry.clear)

    def name(self, index: int) -> str:
        """The entry's own."""
        return self.entries[index].name

    def sha256(self) -> str:
        """Of names, contents, boxes and labels, in their order."""
        total = hashlib.sha256()
        for entry in self.entries:
            label = np.asarray(entry.label, "<f4").tobytes().hex()
            total.update(
                f"{entry.digest}  {entry.name}  {entry.box}  {label}\n".encode("utf-8", "surrogateescape")
            )
        return total.hexdigest()
