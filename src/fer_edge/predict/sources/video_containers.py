"""Containers of videos, told by their first bytes; lists of other files, which FFmpeg would follow, are none."""

from __future__ import annotations

from pathlib import Path

from fer_edge.runtime.errors import PictureError

EXACT = ("ISO media", "AVI")
"""Containers that count their frames; others announce a length that sound may have made longer."""
_ALLOWED = "MP4, MOV, AVI, Matroska, WebM, MPEG, FLV, Ogg, WMV and Y4M files"


def container_of(path: Path) -> str:
    """What holds the video, by its first bytes.

    Raises:
        PictureError: it cannot be read, or is no container that is opened.
    """
    try:
        with path.open("rb") as file:
            beginning = file.read(400)
    except OSError as error:
        raise PictureError(f"{path} cannot be read: {error.strerror or error}") from None
    found = _container(beginning)
    if found:
        return found
    if not beginning:
        raise PictureError(f"{path} is empty; allowed: {_ALLOWED}", code="empty")
    raise PictureError(f"{path} is no video; allowed: {_ALLOWED}", code="unknown-format")


def _container(beginning: bytes) -> str:
    if beginning[4:8] in {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"}:
        return "ISO media"
    if beginning[:4] == b"RIFF" and beginning[8:12] == b"AVI ":
        return "AVI"
    if any(beginning[at] == 0x47 == beginning[at + 188] for at in (0, 4) if len(beginning) > at + 188):
        return "MPEG transport stream"
    starts = {
        b"\x1aE\xdf\xa3": "Matroska",
        b"\0\0\1\xba": "MPEG",
        b"\0\0\1\xb3": "MPEG",
        b"FLV\1": "FLV",
        b"OggS": "Ogg",
        b"0&\xb2u\x8ef\xcf\x11": "ASF",
        b"YUV4MPEG2 ": "Y4M",
    }
    return next((name for start, name in starts.items() if beginning.startswith(start)), "")
