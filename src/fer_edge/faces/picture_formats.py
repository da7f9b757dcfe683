"""The picture formats that are opened: how each is recognized, what reads its header, which decoder of Pillow follows.

An untrusted file meets the one decoder that its first bytes name, and only after its header was found to be sound and
affordable. Adding a format is a line in ``FORMATS`` and a header reader; what is not listed is never decoded. Both are
imported when the first such file comes.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO

from fer_edge.faces.headers.header import Header, PictureBytes

BEGINNING = 64
"""Bytes of a file that tell its format."""


@dataclass(frozen=True, slots=True)
class PictureFormat:
    """One format.

    Attributes:
        name: as messages and Pillow call it.
        decoder: module and class in Pillow.
        suffixes: of file names, lower case.
        recognize: whether a file's first ``BEGINNING`` bytes are this format's.
        reader: module and function in ``fer_edge.faces.headers``.
    """

    name: str
    decoder: tuple[str, str]
    suffixes: tuple[str, ...]
    recognize: Callable[[bytes], bool]
    reader: tuple[str, str]

    def header(self, file: PictureBytes) -> Header:
        """Size and cost, without decoding.

        Raises:
            HeaderError: the file is cut off, lies about itself or would cost too much.
        """
        module, function = self.reader
        found: Header = getattr(importlib.import_module(f"fer_edge.faces.headers.{module}"), function)(file)
        return found

    def open(self, file: BinaryIO) -> Any:
        """Pillow's picture, not yet decoded."""
        module, decoder = self.decoder
        return getattr(importlib.import_module(f"PIL.{module}"), decoder)(file)


def _starts(*beginnings: bytes) -> Callable[[bytes], bool]:
    return lambda data: data.startswith(beginnings)


def _is_webp(data: bytes) -> bool:
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def _is_avif(data: bytes) -> bool:
    return data[4:8] == b"ftyp" and b"avi" in data[8:] and data[8:12] not in _HEIC[:-2]


def _is_ppm(data: bytes) -> bool:
    return data[:1] == b"P" and data[1:2] in b"123456" and data[2:3] in b" \t\r\n#" and len(data) > 2


FORMATS: tuple[PictureFormat, ...] = (
    PictureFormat("JPEG", ("JpegImagePlugin", "JpegImageFile"), (".jpg", ".jpeg", ".jpe", ".jfif"),
                  _starts(b"\xff\xd8\xff"), ("jpeg", "jpeg_header")),
    PictureFormat("PNG", ("PngImagePlugin", "PngImageFile"), (".png",), _starts(b"\x89PNG\r\n\x1a\n"), ("png", "png_header")),
    PictureFormat("WEBP", ("WebPImagePlugin", "WebPImageFile"), (".webp",), _is_webp, ("simple", "webp_header")),
    PictureFormat("TIFF", ("TiffImagePlugin", "TiffImageFile"), (".tif", ".tiff"),
                  _starts(b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), ("tiff", "tiff_header")),
    PictureFormat("GIF", ("GifImagePlugin", "GifImageFile"), (".gif",), _starts(b"GIF87a", b"GIF89a"), ("simple", "gif_header")),
    PictureFormat("BMP", ("BmpImagePlugin", "BmpImageFile"), (".bmp",), _starts(b"BM"), ("simple", "bmp_header")),
    PictureFormat("PPM", ("PpmImagePlugin", "PpmImageFile"), (".pbm", ".pgm", ".ppm", ".pnm"), _is_ppm, ("simple", "ppm_header")),
    PictureFormat("AVIF", ("AvifImagePlugin", "AvifImageFile"), (".avif",), _is_avif, ("avif", "avif_header")),
    PictureFormat("JPEG2000", ("Jpeg2KImagePlugin", "Jpeg2KImageFile"), (".jp2", ".j2k"),
                  _starts(b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  \r\n\x87\n"), ("simple", "jpeg2000_header")),
)  # fmt: skip
"""Every picture format, in the order in which messages name them."""

SUFFIXES: tuple[str, ...] = tuple(sorted(suffix for entry in FORMATS for suffix in entry.suffixes))
"""Files with these endings, in any case, are pictures; nothing else is taken from a folder."""

_HEIC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


_OTHERS = (
    (b"<!doctype html", "an HTML page"),
    (b"<html", "an HTML page"),
    (b"<svg", "an SVG drawing"),
    (b"<?xml", "XML"),
    (b"%pdf", "a PDF"),
    (b"pk\x03\x04", "a ZIP archive"),
    (b"version https://git-lfs", "what Git LFS leaves in place of a file: run git lfs pull,"),
)
"""What is often found under a picture's name."""


def format_of(beginning: bytes) -> PictureFormat | None:
    """The format of a file that begins so; None if it is none of ``FORMATS``."""
    return next((entry for entry in FORMATS if entry.recognize(beginning)), None)


def why_unknown(beginning: bytes) -> str:
    """Why a file that begins so is not opened, and what to do."""
    names = ", ".join(entry.name for entry in FORMATS)
    if beginning[4:8] == b"ftyp" and beginning[8:12] in _HEIC:
        return (
            f"HEIC, as iPhones keep photographs, is not a picture of a known kind ({names}); share it as JPEG"
        )
    what = next((said for start, said in _OTHERS if beginning.lstrip().lower().startswith(start)), "")
    if (
        not what
        and beginning.isascii()
        and beginning.decode("ascii").replace("\n", " ").strip().isprintable()
    ):
        what = "text"
    return f"{f'it is {what}, ' if what else ''}not a picture of a known kind ({names})"
