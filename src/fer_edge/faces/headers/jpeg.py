"""JPEG: every marker before the first scan, and where a file has several scans, all of them.

Source: ITU-T T.81, B.1 and B.2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from fer_edge.faces.headers.header import CutOff, Header, HeaderError, PictureBytes, TooCostly, Unsupported

MOST_SEGMENTS = 1024
"""Before the first scan; an ICC profile takes up to 255, a depth map in XMP about as many."""

MOST_EXIF = 16
"""Segments of EXIF: one is the rule, and Pillow copies all that came before at each further one."""

MOST_SCANS = 100
"""Encoders write about ten; each scan goes over the whole picture."""

MOST_SCANNED = 1 << 30
"""Pixels times scans."""

_JUNK = 1 << 16
_CHUNK = 1 << 20
_SEQUENTIAL, _PROGRESSIVE = (0xC0, 0xC1, 0xC9), (0xC2, 0xCA)
_FRAMES = (*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0))
_SOI, _EOI, _SOS, _DHT, _APP1 = 0xD8, 0xD9, 0xDA, 0xC4, 0xE1
_BARE = (0x01, *range(0xD0, 0xD9))
# In entropy-coded data FF 00 is a byte and FF D0 to D7 restart the decoder.
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]")


@dataclass
class _Seen:
    frame: tuple[int, int, int] = (0, 0, 0)
    components: list[tuple[int, int]] = field(default_factory=list)
    segments: int = 0
    exif: int = 0
    shortest: dict[int, int] = field(default_factory=dict)


def jpeg_header(file: PictureBytes) -> Header:
    """Size and cost of a JPEG.

    Raises:
        HeaderError: no picture in it, of a kind that no camera writes, cut off, or too many segments or scans.
    """
    seen = _Seen()
    offset, marker = _next_marker(file, 2)
    while marker != _SOS:
        offset = _segment(file, offset, marker, seen)
        offset, marker = _next_marker(file, offset)
    kind, width, height = seen.frame
    if not kind:
        raise HeaderError("a scan comes before the size of the picture")
    several = kind in _PROGRESSIVE or file.number(offset + 2, 1) < len(seen.components)
    if several:
        _count_scans(file, offset, width * height)
    else:
        _refuse_too_short(file, offset, width, height, seen)
    # All coefficients of a picture in several scans are kept until the last one, two bytes each.
    working = 2.0 * _samples(seen.components) if several else 0.0
    return Header(width, height, working, reducible=1 if several else 8)


def jpeg_scans_end(file: PictureBytes) -> int:
    """The position of the marker behind the last scan, of a file whose header was found to be sound.

    Raises:
        HeaderError: there is none.
    """
    offset, marker = _next_marker(file, 2)
    while marker != _EOI:
        if marker == _SOS:
            offset, marker = _after_scan(file, offset)
        else:
            offset, marker = _next_marker(
                file, offset if marker in _BARE else offset + file.number(offset, 2)
            )
    return offset - 2


def _next_marker(file: PictureBytes, offset: int) -> tuple[int, int]:
    """The position of the segment after the next marker, and the marker; fill bytes and a little junk are passed over."""
    window = file.upto(offset, _JUNK)
    start = window.find(b"\xff")
    while 0 <= start < len(window) - 1:
        if window[start + 1] not in (0x00, 0xFF):
            return offset + start + 2, window[start + 1]
        start = window.find(b"\xff", start + 1)
    if len(window) == _JUNK:
        raise HeaderError("no marker where a segment must begin")
    raise CutOff("cut off in its header")


def _segment(file: PictureBytes, offset: int, marker: int, seen: _Seen) -> int:
    """Look at one segment; where the next one begins."""
    if marker in (_SOI, _EOI):
        raise HeaderError("it ends before its first scan")
    seen.segments += 1
    if seen.segments > MOST_SEGMENTS:
        raise TooCostly(f"more than {MOST_SEGMENTS} segments before the first scan")
    if marker in _BARE:
        return offset
    length = file.number(offset, 2)
    if length < 2:
        raise HeaderError("a segment without a length")
    if marker in _FRAMES:
        _frame(file, offset, marker, seen)
    elif marker == _DHT:
        _tables(file.at(offset + 2, length - 2), seen.shortest)
    elif marker == _APP1 and file.upto(offset + 2, 6) == b"Exif\0\0":
        seen.exif += 1
        if seen.exif > MOST_EXIF:
            raise TooCostly(f"more than {MOST_EXIF} EXIF segments")
    return offset + length


def _frame(file: PictureBytes, offset: int, marker: int, seen: _Seen) -> None:
    if seen.components:
        raise HeaderError("it announces two pictures in one")
    if marker not in _SEQUENTIAL + _PROGRESSIVE:
        raise Unsupported("lossless or hierarchical JPEG; save it as a usual one")
    height, width = file.number(offset + 3, 2), file.number(offset + 5, 2)
    if not width or not height:
        raise HeaderError(f"its size is {width}x{height}")
    count = file.number(offset + 7, 1)
    parts = file.at(offset + 8, 3 * count)
    factors = [divmod(parts[3 * index + 1], 16) for index in range(count)]
    if not 1 <= count <= 4 or not all(1 <= side <= 4 for pair in factors for side in pair):
        raise HeaderError("its components are not those of a picture")
    seen.frame, seen.components = (marker, width, height), factors


def _tables(data: bytes, shortest: dict[int, int]) -> None:
    """Bits of the shortest code of each class of Huffman tables (0: DC, 1: AC)."""
    place = 0
    while place + 17 <= len(data):
        counts = data[place + 1 : place + 17]
        bits = next((length for length, count in enumerate(counts, start=1) if count), 16)
        kind = data[place] >> 4
        shortest[kind] = min(bits, shortest.get(kind, 16))
        place += 17 + sum(counts)


def _samples(components: list[tuple[int, int]]) -> float:
    """Stored samples a pixel: 1.5 with halved chroma, 3 without."""
    widest, highest = max(h for h, _ in components), max(v for _, v in components)
    return sum(h * v for h, v in components) / (widest * highest)


def _refuse_too_short(file: PictureBytes, offset: int, width: int, height: int, seen: _Seen) -> None:
    """No end, which the decoder would notice late, or a closed but shortened scan, whose rest it would fill with gray."""
    if not _holds(file, offset, b"\xff\xd9"):
        raise CutOff(f"cut off after {file.size} bytes")
    blocks = width * height / 64 * _samples(seen.components)
    bits = seen.shortest.get(0, 0) + seen.shortest.get(1, 0)
    if (file.size - offset) * 8 < blocks * bits:
        raise CutOff(f"cut off: {file.size} bytes cannot hold {width}x{height} pixels")


def _holds(file: PictureBytes, offset: int, wanted: bytes) -> bool:
    while chunk := file.upto(offset, _CHUNK):
        if wanted in chunk:
            return True
        # It may lie across the border.
        offset += max(1, len(chunk) - 1)
    return False


def _count_scans(file: PictureBytes, offset: int, pixels: int) -> None:
    scans, marker = 0, _SOS
    while marker != _EOI:
        if marker == _SOS:
            scans += 1
            if scans > MOST_SCANS or scans * pixels > MOST_SCANNED:
                raise TooCostly(
                    f"{scans} scans or more, each over the whole picture; save it as a usual JPEG"
                )
            offset, marker = _after_scan(file, offset)
        else:
            offset, marker = _next_marker(file, offset + file.number(offset, 2))


def _after_scan(file: PictureBytes, offset: int) -> tuple[int, int]:
    """The segment after a scan's data and its marker."""
    while chunk := file.upto(offset, _CHUNK):
        found = _MARKER.search(chunk)
        if found:
            return offset + found.start() + 2, chunk[found.start() + 1]
        # A marker may lie across the border; a lone last byte is the end.
        offset += max(1, len(chunk) - 1)
    raise CutOff("cut off in a scan")
