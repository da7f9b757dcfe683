"""Files that were cut off and closed again: decoders fill what is missing with one color and say nothing."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from fer_edge.faces.headers.header import CutOff, PictureBytes

if TYPE_CHECKING:
    from PIL.Image import Image

LARGEST_JPEG = 64 << 20
"""Bytes; a larger one is not read twice."""

_BLOCK = 8
_DATA = bytes(range(254, 0, -1))
"""Every bit pattern and no marker."""
_RESTARTS = range(0xD0, 0xD8)
_END = b"\xff\xd9"


def refuse_missing_rows(image: Image, file: PictureBytes) -> None:
    """Look closely where the end of a decoded picture, as it is stored, has the color that decoders fill in.

    Args:
        image: decoded; its file may have been closed by the decoder, but not by us.
        file: the same file.

    Raises:
        HeaderError: rows are missing, or a part of the last one.
    """
    if image.format == "PNG":
        missing = _png_is_black_at_its_end(image) and _png_rows_are_missing(file)
    else:
        missing = image.format == "JPEG" and _jpeg_is_gray_at_its_end(image) and _jpeg_changes(file)
    if missing:
        raise CutOff("cut off: rows are missing at its end")


def _png_is_black_at_its_end(image: Image) -> bool:
    last = np.asarray(image.crop((0, image.height - 1, image.width, image.height)))
    # An interlaced picture has its last row early.
    return bool(image.info.get("interlace")) or not last.any()


def _png_rows_are_missing(file: PictureBytes) -> bool:
    from fer_edge.faces.headers.png import png_rows_are_missing

    return png_rows_are_missing(file)


def _jpeg_is_gray_at_its_end(image: Image) -> bool:
    """Blocks without any data have the middle of every component."""
    width, height = image.size
    left, top = (width - 1) // _BLOCK * _BLOCK, (height - 1) // _BLOCK * _BLOCK
    last = np.asarray(image.crop((left, top, width, height))).reshape(height - top, width - left, -1)
    colors = last[:, :, :3]  # the fourth is nothing, or the black of printers
    return bool(((colors == 127) | (colors == 128)).all())


def _jpeg_changes(file: PictureBytes) -> bool:
    """True if more data behind the last scan makes another picture: behind a whole one the decoder passes over it."""
    from fer_edge.faces.headers.jpeg import jpeg_scans_end

    if file.size > LARGEST_JPEG:
        return False
    scans = file.at(0, jpeg_scans_end(file))
    return _small(scans + _END) != _small(scans + _more(scans) + _END)


def _more(scans: bytes) -> bytes:
    """Data of no picture, then the markers at which a decoder begins anew, in the order in which it waits for them."""
    _, last = max((scans.rfind(bytes([0xFF, marker])), marker) for marker in _RESTARTS)
    following = [_RESTARTS[(last + step) % len(_RESTARTS)] for step in range(1, 1 + len(_RESTARTS))]
    return _DATA * 64 + b"".join(bytes([0xFF, marker]) + _DATA for marker in following)


def _small(data: bytes) -> bytes:
    """An eighth of the picture: the middle of each block."""
    from PIL.JpegImagePlugin import JpegImageFile

    with JpegImageFile(io.BytesIO(data)) as image:
        image.draft(None, (image.width // _BLOCK, image.height // _BLOCK))
        image.load()
        return image.tobytes()
