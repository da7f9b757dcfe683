"""AVIF: the sizes that its boxes announce, and those of the coded frames, which alone decide what decoding costs.

Source: ISO/IEC 14496-12, 8.11.3 (``iloc``); ISO/IEC 23008-12 (``ispe``); AV1 bitstream specification, 5.3 to 5.5.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from fer_edge.faces.headers.header import CutOff, Header, HeaderError, PictureBytes, TooCostly, Unsupported

WHOLE_FILE = 64 << 20
"""Bytes; the decoder takes the file as one piece of memory."""

MOST_ITEMS = 1024
"""Tiles of a grid, thumbnails, metadata."""

_HEAD = 1 << 20
_MOST_UNITS = 8
_SEQUENCE_HEADER = 1


def avif_header(file: PictureBytes) -> Header:
    """The largest size that any of its parts announces; coded frames may not be much larger.

    Raises:
        HeaderError: cut off, no size or no picture in it, or frames of another size than it says.
    """
    if file.size > WHOLE_FILE:
        raise TooCostly(f"AVIF of {file.size >> 20} MiB; at most {WHOLE_FILE >> 20} MiB of this kind")
    head = file.upto(0, _HEAD)
    sizes = [_ispe(head, found.end()) for found in re.finditer(b"ispe", head)]
    if not sizes:
        raise HeaderError("no size in it")
    width, height = max(size[0] for size in sizes), max(size[1] for size in sizes)
    frames = [frame for place in _items(head) if (frame := _coded_size(file.upto(place, 256)))]
    if not frames:
        raise HeaderError("no AV1 frame in it")
    # Encoders round a side up to a multiple of 8 or 16, never more.
    for columns, rows in frames:
        if columns > width + 64 or rows > height + 64:
            raise HeaderError(f"it announces {width}x{height}, but holds a frame of {columns}x{rows}")
    return Header(width, height, 16.0, 2 * file.size)


def _ispe(head: bytes, place: int) -> tuple[int, int]:
    width, height = (int.from_bytes(head[start : start + 4]) for start in (place + 4, place + 8))
    return width, height


def _items(head: bytes) -> Iterator[int]:
    """The position of each item's data."""
    place = head.find(b"iloc") + 4
    if place < 4:
        return
    numbers = _Numbers(head, place)
    version = numbers.take(1)
    numbers.take(3)
    packed = numbers.take(2)
    offset_size, length_size, base_size, index_size = (packed >> shift & 15 for shift in (12, 8, 4, 0))
    wide = 4 if version == 2 else 2
    for _ in range(min(numbers.take(wide), MOST_ITEMS)):
        numbers.take(wide)
        inside = version > 0 and numbers.take(2) & 15 == 1
        numbers.take(2)
        base = numbers.take(base_size) + (head.find(b"idat") + 4 if inside else 0)
        for extent in range(min(numbers.take(2), MOST_ITEMS)):
            numbers.take(index_size if version else 0)
            offset = numbers.take(offset_size)
            numbers.take(length_size)
            if extent == 0:
                yield base + offset


class _Numbers:
    """Big-endian integers, one after another."""

    def __init__(self, data: bytes, place: int) -> None:
        self._data, self._place = data, place

    def take(self, count: int) -> int:
        """The next one, of ``count`` bytes."""
        end = self._place + count
        if end > len(self._data):
            raise CutOff("cut off in its header")
        found = int.from_bytes(self._data[self._place : end])
        self._place = end
        return found


def _coded_size(data: bytes) -> tuple[int, int] | None:
    """Width and height of the frames of an item that begins so; None if it is no AV1."""
    place = 0
    for _ in range(_MOST_UNITS):
        if place + 3 > len(data) or data[place] & 0x82 != 0x02:  # a unit that tells its length
            return None
        kind, start = data[place] >> 3 & 15, place + 1 + (data[place] >> 2 & 1)
        length, shift = 0, 0
        while start < len(data):
            length |= (data[start] & 127) << shift
            shift, start = shift + 7, start + 1
            if data[start - 1] < 128:
                break
        if kind == _SEQUENCE_HEADER:
            return _sequence_size(data[start : start + length])
        place = start + length
    return None


def _sequence_size(data: bytes) -> tuple[int, int]:
    """Of a still picture's reduced header or of one with a single plain operating point, as pictures have."""
    bits = "".join(f"{byte:08b}" for byte in data[:32]).ljust(256, "0")
    # Profile, still picture, reduced header; then level, or timing, delay, number of points, point, level and tier.
    if bits[4] == "1":
        place = 10
    elif bits[5] == "0" and bits[7:12] == "00000":
        place = 29 + (int(bits[24:29], 2) > 7)
        place += 5 if bits[6] == "1" and bits[place] == "1" else bits[6] == "1"
    else:
        raise Unsupported("AV1 frames that are none of a picture; save it as a usual AVIF")
    across, down = 1 + int(bits[place : place + 4], 2), 1 + int(bits[place + 4 : place + 8], 2)
    place += 8
    return 1 + int(bits[place : place + across], 2), 1 + int(bits[place + across : place + across + down], 2)
