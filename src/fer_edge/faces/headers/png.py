"""PNG: all chunks by their lengths alone, and whether the compressed data holds every row.

Source: W3C PNG (third edition), 5 and 8.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterator

from fer_edge.faces.headers.header import CutOff, Header, HeaderError, PictureBytes, TooCostly

MOST_CHUNKS = 1 << 15
"""Encoders write 8 KiB of picture a chunk or more; a flood of empty ones costs the decoder seconds."""

MOST_OTHER = 16 << 20
"""Bytes that are not the picture: text, color profile, EXIF; those of a phone are below one million."""

MOST_COMPRESSED = 24
"""Compressed texts and profiles: the decoder inflates each to a megabyte."""

_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""Adam7: first column and row, and the steps."""
_CHUNK = 1 << 18
_COMPRESSED = (b"zTXt", b"iTXt", b"iCCP")


def png_header(file: PictureBytes) -> Header:
    """Size and cost of a PNG.

    Raises:
        HeaderError: cut off, no picture in it, or too many or too large chunks beside it.
    """
    width, height, depth, color, _ = _picture(file)
    other, counts = 0, Counter[bytes | str]()
    for number, (kind, _, length) in enumerate(_chunks(file), start=1):
        counts["compressed" if kind in _COMPRESSED else kind] += 1
        other += 0 if kind in (b"IDAT", b"fdAT") else length
        if number > MOST_CHUNKS or other > MOST_OTHER or counts["compressed"] > MOST_COMPRESSED:
            raise TooCostly(
                f"more than {MOST_CHUNKS} chunks, {MOST_COMPRESSED} compressed texts or {MOST_OTHER >> 20} MiB beside the "
                "picture; save it without them"
            )
    if not counts[b"IDAT"]:
        raise HeaderError("no picture data in it")
    # Gray and palettes are decoded as they are; RGB and RGBA straight into the frame.
    working = {0: 1.0 if depth < 16 else 2.0, 3: 1.0, 4: 4.0}.get(color, 0.0)
    return Header(width, height, working, 3 * other)


def png_rows_are_missing(file: PictureBytes) -> bool:
    """True if the compressed data ends before the last row; it is decompressed, but not kept."""
    width, height, depth, color, interlaced = _picture(file)
    bits = depth * _CHANNELS[color]
    missing = _bytes_of(width, height, bits, interlaced=interlaced)
    stream = zlib.decompressobj()
    for kind, offset, length in _chunks(file):
        for start in range(offset, offset + length, _CHUNK) if kind == b"IDAT" else ():
            data = file.at(start, min(_CHUNK, offset + length - start))
            while data and missing > 0 and not stream.eof:
                missing -= len(stream.decompress(data, _CHUNK))
                data = stream.unconsumed_tail
    return missing > 0


def _picture(file: PictureBytes) -> tuple[int, int, int, int, bool]:
    """Width, height, bits a sample, color type, interlaced."""
    head = file.at(8, 21)
    width, height = int.from_bytes(head[8:12]), int.from_bytes(head[12:16])
    if head[4:8] != b"IHDR" or not width or not height or head[17] not in _CHANNELS:
        raise HeaderError("its first chunk is not that of a picture")
    return width, height, head[16], head[17], head[20] == 1


def _chunks(file: PictureBytes) -> Iterator[tuple[bytes, int, int]]:
    """Kind, offset of the data and length of each chunk before IEND."""
    offset = 8
    while True:
        head = file.at(offset, 8)
        length, kind = int.from_bytes(head[:4]), head[4:]
        if kind == b"IEND":
            return
        if offset + 12 + length > file.size:
            raise CutOff(f"cut off after {file.size} bytes")
        yield kind, offset + 8, length
        offset += 12 + length


def _bytes_of(width: int, height: int, bits: int, *, interlaced: bool) -> int:
    """Of the decompressed rows, each with its filter byte."""
    total = 0
    for left, top, right, down in _PASSES if interlaced else ((0, 0, 1, 1),):
        columns, rows = -(-(width - left) // right), -(-(height - top) // down)
        if columns > 0 and rows > 0:
            total += rows * (1 + (columns * bits + 7) // 8)
    return total
