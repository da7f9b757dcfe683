"""Picture files as frames of the camera path, and pictures written beside nobody's back.

What a decoder leaves open is decided here, once:

| in the file                        | becomes                                                                        |
|------------------------------------|--------------------------------------------------------------------------------|
| EXIF or TIFF orientation 1 to 8    | upright pixels, the mirrored ones too; a value that is none of these: as stored |
| alpha, also a transparent palette  | the picture on a white page, as people see it                                  |
| 16 bits a channel                  | the high byte                                                                  |
| gray, palette, CMYK, YCbCr         | RGB by Pillow's conversion; color profiles are not applied                     |
| several frames (GIF, PNG, WebP, TIFF, AVIF) | the first one, and :attr:`DecodedPicture.several` says so             |
| floating-point or 32-bit pixels    | refused                                                                        |
| rows that are missing              | refused, however many there are; of a progressive JPEG, in its first scan      |

A file is looked at in steps, each cheaper than the next: its first bytes name the one decoder it may meet
(:mod:`fer_edge.faces.picture_formats`), its header says what decoding costs (:mod:`fer_edge.faces.headers`), and only
then is it decoded: straight into the frame where the decoder can, else strip by strip.
"""

from __future__ import annotations

import io
import os
import warnings
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from fer_edge.faces.headers.header import (
    Empty,
    Header,
    HeaderError,
    PictureBytes,
    UnknownFormat,
    Unsupported,
)
from fer_edge.faces.missing_rows import refuse_missing_rows
from fer_edge.faces.picture_formats import BEGINNING, SUFFIXES, PictureFormat, format_of, why_unknown
from fer_edge.runtime.atomic import write_bytes
from fer_edge.runtime.errors import PictureError
from fer_edge.runtime.extras import require
from fer_edge.runtime.frame import LARGEST_SIDE, Frame

if TYPE_CHECKING:
    from PIL.Image import Image

LARGEST_PIXELS = 3 << 24
"""50 million, 8192x6144: what phones call 50 megapixels; 0.2 GB as RGBA."""

LARGEST_MEMORY = 3 << 27
"""0.4 GB: that the decoder and the frame may take together, worked out from the header."""

LARGEST_BYTES = 1 << 29
"""Of a picture file."""

ORIENTATION = 0x0112

_STRIP = 1 << 18
"""Pixels that are converted at once: small enough for a processor's cache."""

_SQUARE = 256


@dataclass(frozen=True, slots=True)
class DecodedPicture:
    """A picture file as it was decoded.

    Attributes:
        frame: upright RGBA with rotation 0.
        size: width and height of the upright picture in the file; the frame may be a reduced copy.
        several: whether the file has more frames or pages than the one that was decoded, its first.
    """

    frame: Frame
    size: tuple[int, int]
    several: bool = False


def read_picture(source: str | os.PathLike[str] | bytes, *, name: str | None = None) -> Frame:
    """Decode one picture.

    Args:
        source: a file's path, or the file's bytes.
        name: what messages call it; the path if not given.

    Returns:
        An upright RGBA frame with rotation 0.

    Raises:
        PictureError: not a file, not a picture of a known kind, broken, cut off, or too large.
        MissingExtra: Pillow is not installed.
    """
    return read_reduced(source, name=name, most=1).frame


def read_reduced(
    source: str | os.PathLike[str] | bytes, *, name: str | None = None, most: int = 8
) -> DecodedPicture:
    """Decode one picture; a JPEG of more than ``LARGEST_PIXELS`` is made smaller by its decoder.

    libjpeg computes a half, quarter or eighth of a picture from fewer coefficients, so that a photograph of 200
    megapixels costs what one of 50 does.

    Args:
        source: a file's path, or the file's bytes.
        name: what messages call it; the path if not given.
        most: by how much it may be reduced.

    Raises:
        PictureError: as :func:`read_picture`.
        MissingExtra: Pillow is not installed.
    """
    _pillow()
    called = name or ("the picture" if isinstance(source, bytes) else os.fspath(source))
    file = io.BytesIO(source) if isinstance(source, bytes) else _open_file(Path(source), called)
    with closing(file):
        return _decode(file, called, most)


def picture_size(source: bytes, *, name: str) -> tuple[int, int]:
    """Width and height of a picture as its file announces them, before it is turned upright; nothing is decoded.

    Args:
        source: the file's bytes.
        name: what messages call it.

    Raises:
        PictureError: not a picture of a known kind, or its header is broken.
    """
    try:
        header = _read_header(io.BytesIO(source))[1]
    except Exception as error:
        raise PictureError(f"{name} cannot be decoded: {_reason(error)}", code=_code(error)) from error
    return header.width, header.height


def is_picture(path: str | os.PathLike[str]) -> bool:
    """True if the name ends like a picture's."""
    return Path(path).suffix.lower() in SUFFIXES


def save_picture(path: str | os.PathLike[str], pixels: NDArray[np.uint8]) -> None:
    """Write a picture in the format of its ending, whole or not at all.

    Args:
        path: ends in one of ``SUFFIXES``; an existing file is replaced.
        pixels: (H, W, 3) uint8 RGB.

    Raises:
        PictureError: an ending that is no picture's.
        MissingExtra: Pillow is not installed.
    """
    image = _pillow()
    target = Path(path)
    if not is_picture(target):
        raise PictureError(f"{target} does not end like a picture; allowed endings: {', '.join(SUFFIXES)}")
    image.init()
    buffer = io.BytesIO()
    image.fromarray(pixels).save(buffer, format=image.EXTENSION[target.suffix.lower()])
    write_bytes(target, buffer.getvalue())


def _pillow() -> Any:
    """``PIL.Image``; the package first, so that a missing one is named as people know it."""
    require("PIL", "predict")
    return require("PIL.Image", "predict")


def _open_file(path: Path, called: str) -> BinaryIO:
    try:
        if not path.exists():
            raise PictureError(f"{called} does not exist", code="missing")
        if not path.is_file():
            raise PictureError(f"{called} is not a file", code="no-file")
        if path.stat().st_size > LARGEST_BYTES:
            raise PictureError(
                f"{called} has more than {LARGEST_BYTES >> 20} MiB, which is no photograph", code="too-large"
            )
        return path.open("rb")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise PictureError(f"{called} cannot be read: {reason}", code="unreadable") from error


def _decode(file: BinaryIO, called: str, most: int) -> DecodedPicture:
    try:
        kind, header = _read_header(file)
        reduction = _affordable(header, called, most)
        with warnings.catch_warnings():
            # Damaged metadata and sizes near Pillow's own limit: the limits here decide.
            warnings.simplefilter("ignore")
            pixels, several = _pixels(file, kind, header, reduction)
        frame = _frame(pixels)
        if reduction == 1:
            return DecodedPicture(frame, (frame.width, frame.height), several)
        sides = sorted((header.width, header.height))
        size = (sides[0], sides[1]) if frame.width < frame.height else (sides[1], sides[0])
        return DecodedPicture(frame, size, several)
    except PictureError:
        raise
    except Exception as error:  # decoders raise anything at all on hostile bytes
        message = f"{called} cannot be decoded: {_reason(error)}"
        raise PictureError(message, code=_code(error)) from error


def _read_header(file: BinaryIO) -> tuple[PictureFormat, Header]:
    """The file's format, and its header."""
    content = PictureBytes(file)
    beginning = content.upto(0, BEGINNING)
    kind = format_of(beginning)
    if not content.size:
        raise Empty("it has no bytes")
    if kind is None:
        raise UnknownFormat(why_unknown(beginning))
    return kind, kind.header(content)


def _reason(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "it takes more memory than there is"
    if isinstance(error, HeaderError):
        return str(error)
    first = next(iter(str(error).splitlines()), "")
    return ascii(first)[1:-1][:120] or type(error).__name__


def _code(error: Exception) -> str:
    """The word for programs, also of what Pillow and its libraries say."""
    if isinstance(error, HeaderError):
        return error.code
    if isinstance(error, MemoryError):
        return "too-large"
    cut_off = isinstance(error, EOFError) or "truncated" in str(error)
    return "truncated" if cut_off else "broken"


def _affordable(header: Header, called: str, most: int) -> int:
    """By how much the picture is to be reduced so that decoding it is affordable."""
    for reduction in (1, 2, 4, 8):
        pixels = header.pixels / reduction**2
        memory = 4 * pixels + header.working * header.pixels + header.buffers
        side = max(header.width, header.height) / reduction
        if pixels <= LARGEST_PIXELS and memory <= LARGEST_MEMORY and side <= LARGEST_SIDE:
            return reduction
        if reduction >= min(most, header.reducible):
            break
    raise PictureError(
        f"{called} has {header.width}x{header.height} pixels; at most {LARGEST_PIXELS} are decoded, or fewer where its "
        f"kind of file takes more than {LARGEST_MEMORY >> 20} MiB for that: make it smaller",
        code="too-large",
    )


def _pixels(
    file: BinaryIO, kind: PictureFormat, header: Header, reduction: int
) -> tuple[NDArray[np.uint8], bool]:
    """(H, W, 4) uint8, upright, and whether there are more frames."""
    file.seek(0)
    with kind.open(file) as image:
        if reduction > 1:
            image.draft("RGB", (header.width // reduction, header.height // reduction))
        elif image.width * image.height != header.pixels:
            raise HeaderError(
                f"it is {image.width}x{image.height}, but announces {header.width}x{header.height}"
            )
        shared = _load(image)
        refuse_missing_rows(image, PictureBytes(file))
        orientation = _orientation(image)
        return _turn_upright(_convert(image, shared), orientation), _has_several(image)


def _has_several(image: Image) -> bool:
    try:
        return bool(getattr(image, "is_animated", False))
    except Exception:  # noqa: BLE001 - damage behind the first frame, which is sound
        return True


def _load(image: Image) -> NDArray[np.uint8] | None:
    """Decode, if possible into memory that becomes the frame's: (H, W, 4) uint8, else None."""
    opaque = image.mode == "RGB" and "transparency" not in image.info
    if image.format not in {"JPEG", "PNG"} or not (opaque or image.mode in {"RGBA", "CMYK"}):
        image.load()
        return None
    # Pillow keeps RGB in four bytes, too; only its name for that differs.
    mode = "RGBX" if opaque else image.mode
    memory = np.zeros((image.height, image.width, 4), np.uint8)
    image.im = mapped = _pillow().frombuffer(mode, image.size, memory, "raw", mode, 0, 1).im
    image.load()
    # Older versions insist on memory of their own.
    return memory if image.im is mapped else None


def _convert(image: Image, shared: NDArray[np.uint8] | None) -> NDArray[np.uint8]:
    """(H, W, 4) uint8 as stored, opaque: in place where the decoder wrote into it."""
    if shared is not None and image.mode == "RGB":
        return shared
    found = np.empty((image.height, image.width, 4), np.uint8) if shared is None else shared
    rows = max(1, _STRIP // image.width)
    for top in range(0, image.height, rows):
        strip = image.crop((0, top, image.width, min(top + rows, image.height)))
        found[top : top + rows] = _rgba(strip)
    return found


def _turn_upright(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """The orientation applied; TIFF's is already, and then no tag is left."""
    if not 2 <= orientation <= 8:
        return pixels
    whole = pixels.view(np.uint32)[:, :, 0]
    seen = {
        2: whole[:, ::-1],
        3: whole[::-1, ::-1],
        4: whole[::-1],
        5: whole.T,
        6: whole[::-1].T,
        7: whole[::-1, ::-1].T,
        8: whole[:, ::-1].T,
    }[orientation]
    turned = np.empty(seen.shape, np.uint32)
    # In squares, since either side of a transposition alone would leave the processor's cache at each pixel.
    for top in range(0, seen.shape[0], _SQUARE):
        for left in range(0, seen.shape[1], _SQUARE):
            part = slice(top, top + _SQUARE), slice(left, left + _SQUARE)
            turned[part] = seen[part]
    return turned[:, :, None].view(np.uint8)


def _orientation(image: Image) -> int:
    try:
        value: Any = image.getexif().get(ORIENTATION, 1)
    except Exception:  # noqa: BLE001 - a damaged tag must not cost the picture
        return 1
    return value if isinstance(value, int) else 1


def _frame(pixels: NDArray[np.uint8]) -> Frame:
    """Without the copy that a frame of another owner's buffer needs: nobody else holds these."""
    pixels.flags.writeable = False
    height, width = pixels.shape[:2]
    return Frame("rgba", width, height, 0, (pixels,))


def _rgba(image: Image) -> NDArray[np.uint8]:
    """(H, W, 4) uint8, opaque."""
    if image.mode in ("I", "F"):
        image = _pillow().fromarray(_wide_gray(image))
    elif image.mode.startswith("I;16"):
        image = _pillow().fromarray((np.asarray(image).astype(np.uint16) >> 8).astype(np.uint8))
    if image.has_transparency_data:
        over = image.convert("RGBA")
        page = _pillow().new("RGBA", over.size, "white")
        page.alpha_composite(over)
        return np.asarray(page)
    return np.asarray(image.convert("RGB").convert("RGBA"))


def _wide_gray(image: Image) -> NDArray[np.uint8]:
    """Pillow's 32-bit mode, which older versions use for 16-bit gray."""
    values = np.asarray(image)
    if image.mode == "F" or values.min() < 0 or values.max() > 65535:
        kind = "floating-point" if image.mode == "F" else "32-bit"
        raise Unsupported(f"it has {kind} pixels, whose white is not known; save it with 8 or 16 bits")
    return (values >> 8).astype(np.uint8)
