"""The formats whose cost a few numbers tell: BMP, GIF, PPM and PGM, WebP, JPEG 2000."""

from __future__ import annotations

import re

from fer_edge.faces.headers.header import CutOff, Header, HeaderError, PictureBytes, TooCostly

SLOW_PIXELS = 1 << 20
"""Of run-length coded BMP and of PPM that is text or has an odd maximum: Pillow decodes these in Python."""

MOST_EXTENSION = 1 << 18
"""Bytes of a GIF before its first picture: comments, application data."""

MOST_BLOCKS = 4096
"""Into which these are cut; a full one has 255 bytes."""

MOST_FRAMES = 4096
"""Of an animated WebP, of which the first is taken."""

WHOLE_FILE = 64 << 20
"""Bytes of a format that its decoder takes as one piece of memory."""

_HEAD = 4096
_PPM = re.compile(
    rb"P([1-6])(?:\s|#[^\r\n]*[\r\n])+(\d{1,9})(?:\s|#[^\r\n]*[\r\n])+(\d{1,9})"
    rb"(?:(?:\s|#[^\r\n]*[\r\n])+(\d{1,9}))?"
)


def bmp_header(file: PictureBytes) -> Header:
    """Windows bitmaps; a raw one must be as long as its rows."""
    old = file.number(14, 4, "little") == 12
    width = file.number(18, 2 if old else 4, "little")
    height = file.number(20, 2, "little") if old else file.number(22, 4, "little")
    if not old and height >> 31:  # negative: from top to bottom
        height = (1 << 32) - height
    if not 0 < width < 1 << 31 or not height:
        raise HeaderError(f"its size is {width}x{height}")
    bits = file.number(24 if old else 28, 2, "little")
    compression = 0 if old else file.number(30, 4, "little")
    if compression in (1, 2):
        _refuse_slow(width * height, "run-length coded BMP")
    elif file.size < file.number(10, 4, "little") + (width * bits + 31) // 32 * 4 * height:
        raise CutOff(f"cut off after {file.size} bytes")
    return Header(width, height, 1.0 if bits <= 8 else 4.0)


def gif_header(file: PictureBytes) -> Header:
    """The first picture of a GIF."""
    width, height, flags = file.number(6, 2, "little"), file.number(8, 2, "little"), file.number(10, 1)
    start = offset = 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    blocks = 0
    while (mark := file.at(offset, 1)) == b"!":
        offset += 2
        while length := file.number(offset, 1):
            offset, blocks = offset + 1 + length, blocks + 1
            _refuse_chatter(offset - start, blocks)
        offset, blocks = offset + 1, blocks + 1
        _refuse_chatter(offset - start, blocks)
    if mark != b",":
        raise HeaderError("no picture in it")
    left, top, columns, rows = (file.number(offset + 1 + 2 * index, 2, "little") for index in range(4))
    if not columns or not rows:
        raise HeaderError(f"its picture has the size {columns}x{rows}")
    return Header(max(width, left + columns), max(height, top + rows), 1.0)


def _refuse_chatter(size: int, blocks: int) -> None:
    if size > MOST_EXTENSION or blocks > MOST_BLOCKS:
        raise TooCostly(
            f"more than {MOST_EXTENSION >> 10} KiB or {MOST_BLOCKS} blocks of comments before the picture"
        )


def ppm_header(file: PictureBytes) -> Header:
    """Portable maps: 1 to 3 are text, 4 to 6 binary."""
    found = _PPM.match(file.upto(0, _HEAD))
    if not found or not found[2].strip(b"0") or not found[3].strip(b"0"):
        raise HeaderError("its first numbers are no size")
    kind, width, height = int(found[1]), int(found[2]), int(found[3])
    most = 1 if kind in (1, 4) else int(found[4] or 0)
    if kind <= 3 or most not in ((1,) if kind == 4 else (255, 65535) if kind == 5 else (255,)):
        _refuse_slow(width * height, "a portable map that is text or has an unusual maximum")
    if kind in (2, 3) and not file.at(file.size - 1, 1).isspace():
        raise CutOff("cut off: it ends within a number")
    row = (width + 7) // 8 if kind == 4 else width * (3 if kind == 6 else 1) * (2 if most > 255 else 1)
    if kind >= 4 and file.size < row * height:
        raise CutOff(f"cut off after {file.size} bytes")
    return Header(width, height, 4.0 if kind in (2, 3, 5, 6) else 1.0)


def webp_header(file: PictureBytes) -> Header:
    """WebP, still or animated: the whole canvas is what is decoded."""
    end = 8 + file.number(4, 4, "little")
    if end > file.size:
        raise CutOff(f"cut off: {file.size} bytes of {end}")
    _refuse_large_file(file, "WebP")
    kind, head = file.at(12, 4), file.at(20, 10)
    if kind == b"VP8X":
        width, height = 1 + int.from_bytes(head[4:7], "little"), 1 + int.from_bytes(head[7:10], "little")
        _count_frames(file, end)
    elif kind == b"VP8L":
        bits = int.from_bytes(head[1:5], "little")
        width, height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    elif kind == b"VP8 ":
        width, height = (int.from_bytes(head[place : place + 2], "little") & 0x3FFF for place in (6, 8))
    else:
        raise HeaderError("no picture in it")
    # Two canvases, the decoded frame and Pillow's picture, then the frame.
    return Header(width, height, 12.0, 2 * file.size)


def _count_frames(file: PictureBytes, end: int) -> None:
    offset, count = 12, 0
    while offset + 8 <= end:
        count += 1
        if count > MOST_FRAMES:
            raise TooCostly(f"more than {MOST_FRAMES} frames and chunks; save its first frame")
        length = file.number(offset + 4, 4, "little")
        offset += 8 + length + length % 2


def jpeg2000_header(file: PictureBytes) -> Header:
    """JPEG 2000: the SIZ marker of its codestream (ISO/IEC 15444-1, A.5.1)."""
    _refuse_large_file(file, "JPEG 2000")
    head = file.upto(0, 1 << 16)
    place = head.find(b"\xff\x4f\xff\x51")
    if place < 0 or len(head) < place + 42:
        raise HeaderError("no size in it")
    x1, y1, x0, y0, tile_width, tile_height = (
        int.from_bytes(head[place + start : place + start + 4]) for start in (8, 12, 16, 20, 24, 28)
    )
    width, height, components = x1 - x0, y1 - y0, int.from_bytes(head[place + 40 : place + 42])
    if width <= 0 or height <= 0 or not tile_width or not tile_height or not 1 <= components <= 4:
        raise HeaderError("its size or components are not those of a picture")
    if -(-x1 // tile_width) * -(-y1 // tile_height) > MOST_FRAMES:
        raise TooCostly(f"more than {MOST_FRAMES} tiles")
    # OpenJPEG keeps each sample as an integer of four bytes, twice.
    return Header(width, height, 4.0 + 8.0 * components, 2 * file.size)


def _refuse_slow(pixels: int, what: str) -> None:
    if pixels > SLOW_PIXELS:
        raise TooCostly(f"{what} of {pixels} pixels; at most {SLOW_PIXELS} of this kind, save it as PNG")


def _refuse_large_file(file: PictureBytes, what: str) -> None:
    if file.size > WHOLE_FILE:
        raise TooCostly(f"{what} of {file.size >> 20} MiB; at most {WHOLE_FILE >> 20} MiB of this kind")
