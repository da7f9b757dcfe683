"""TIFF and BigTIFF: the first directory, since only the first picture is decoded.

Source: TIFF 6.0, section 2; BigTIFF by its designers at Aware Systems.
"""

from __future__ import annotations

from dataclasses import dataclass

from fer_edge.faces.headers.header import Header, HeaderError, PictureBytes, TooCostly, Unsupported

MOST_ENTRIES = 1024
MOST_NUMBERS = 1 << 18
"""Of one entry; a color map has 196,608, a picture of single-row strips 65,536."""

MOST_BYTES = 32 << 20
"""Of all entries together; layers of an editor are what exceeds it."""

_BYTES = {
    1: 1,
    2: 1,
    3: 2,
    4: 4,
    5: 8,
    6: 1,
    7: 1,
    8: 2,
    9: 4,
    10: 8,
    11: 4,
    12: 8,
    13: 4,
    16: 8,
    17: 8,
    18: 8,
}
_OPAQUE = (1, 2, 6, 7)
COMPRESSIONS = (1, 2, 3, 4, 5, 7, 8, 32773, 32946)
"""None, fax, LZW, JPEG, Deflate and PackBits. Others, such as LZMA, take what memory the file says; the old kind of JPEG (6) is
decoded without a word where it is cut off, its end in gray."""

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _SAMPLES, _ROWS = 256, 257, 258, 259, 277, 278
_TILE_WIDTH, _TILE_HEIGHT = 322, 323


@dataclass(frozen=True, slots=True)
class _Layout:
    """The layout of a directory: bytes of the entry count, of an entry, and of an entry's value."""

    count: int
    entry: int
    value: int


def tiff_header(file: PictureBytes) -> Header:
    """Size and cost of a TIFF's first picture.

    Raises:
        HeaderError: no picture, cut off, or entries larger than a photograph has.
    """
    order = "little" if file.at(0, 2) == b"II" else "big"
    big = file.number(2, 2, order) == 43
    layout = _Layout(8, 20, 8) if big else _Layout(2, 12, 4)
    offset = file.number(8, 8, order) if big else file.number(4, 4, order)
    values = _entries(file, offset, order, layout)
    width, height = values.get(_WIDTH, 0), values.get(_HEIGHT, 0)
    if not width or not height:
        raise HeaderError("its first directory has no picture")
    if values.get(_COMPRESSION, 1) not in COMPRESSIONS:
        raise Unsupported(
            f"its compression {values[_COMPRESSION]} is none of photographs; save it with LZW or none"
        )
    bits = max(1, values.get(_BITS, 1)) * max(1, values.get(_SAMPLES, 1))
    part = values.get(_TILE_WIDTH, width) * values.get(_TILE_HEIGHT, min(height, values.get(_ROWS, height)))
    # Decoded beside the frame; while that is not yet made, the strip or tile that is being decompressed.
    return Header(width, height, 4.0, max(0, part * bits // 8 - 4 * width * height))


def _entries(file: PictureBytes, offset: int, order: str, layout: _Layout) -> dict[int, int]:
    """The first number of each entry, after the sizes of all were looked at."""
    count = file.number(offset, layout.count, order)
    if count > MOST_ENTRIES:
        raise TooCostly(f"its directory has {count} entries; at most {MOST_ENTRIES}")
    found, total = {}, 0
    for index in range(count):
        place = offset + layout.count + index * layout.entry
        tag, kind = file.number(place, 2, order), file.number(place + 2, 2, order)
        numbers = file.number(place + 4, layout.value, order)
        size = _BYTES.get(kind, 0)
        total += size * numbers
        if total > MOST_BYTES or (kind not in _OPAQUE and size and numbers > MOST_NUMBERS):
            raise TooCostly(
                f"entry {tag} has {numbers} values, more than a photograph; save it without layers"
            )
        if size and numbers:
            value = place + 4 + layout.value
            if size * numbers > layout.value:
                value = file.number(value, layout.value, order)
            found[tag] = file.number(value, size, order)
    return found
