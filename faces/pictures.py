"""Picture files as frames of the camera path, and pictures written beside nobody's back.

What a decoder leaves open is decided here, once:

| in the file                        | becomes                                                                        |
|------------------------------------|--------------------------------------------------------------------------------|
| EXIF or TIFF orientation 1 to 8    | upright pixels, the mirrored ones too; a value that is none of these: as stored |
| alpha, also a transparent palette  | the picture on a white page, as people see it                                  |
| 16 bits a channel                  | the high byte                                                                  |
| gray, palette, CMYK, YCbCr         | RGB by Pillow's conversion; color profiles are not applied                     |
| several frames                     | the first one                                                                  |
| floating-point or 32-bit pixels    | refused                                                                        |
"""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.atomic import write_bytes
from fer_edge.runtime.errors import PictureError
from fer_edge.runtime.extras import require
from fer_edge.runtime.frame import Frame

if TYPE_CHECKING:
    from PIL.Image import Image

SUFFIXES: tuple[str, ...] = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
"""Files with these endings, in any case, are pictures; nothing else is taken from a folder."""

DECODERS: tuple[str, ...] = ("BMP", "GIF", "JPEG", "PNG", "TIFF", "WEBP")
"""Pillow's decoders that are let near a stranger's bytes."""

LARGEST_PIXELS = 1 << 27
"""134 million: above the largest phone pictures in use, 0.5 GB as RGBA; more is taken for a decompression bomb."""

LARGEST_BYTES = 1 << 29
"""Of a picture file."""

ORIENTATION = 0x0112


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
    _pillow()
    called = name or ("the picture" if isinstance(source, bytes) else os.fspath(source))
    data = source if isinstance(source, bytes) else _file_bytes(Path(source), called)
    return Frame.from_rgb(_decode(data, called))


def is_picture(path: str | os.PathLike[str]) -> bool:
    """Whether the name ends like a picture's."""
    return Path(path).suffix.lower() in SUFFIXES


def find_pictures(folder: str | os.PathLike[str]) -> list[Path]:
    """The picture files in a folder and the folders below.

    Hidden files and folders are skipped, and so is every link that leads out of the folder; linked folders are not
    entered.

    Args:
        folder: an existing folder.

    Returns:
        Paths that begin with ``folder``, ordered by their POSIX path within it: the same on every machine.

    Raises:
        PictureError: not a folder.
    """
    root = Path(folder)
    if not root.is_dir():
        raise PictureError(f"{root} is not a folder")
    return sorted(_walk(root), key=lambda path: path.relative_to(root).as_posix())


def _walk(root: Path) -> Iterator[Path]:
    home = root.resolve()
    for parent, folders, files in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            path = Path(parent, name)
            if name.startswith(".") or not is_picture(name):
                continue
            if path.is_file() and (not path.is_symlink() or path.resolve().is_relative_to(home)):
                yield path


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


def _file_bytes(path: Path, called: str) -> bytes:
    try:
        if not path.exists():
            raise PictureError(f"{called} does not exist")
        if not path.is_file():
            raise PictureError(f"{called} is not a file")
        if path.stat().st_size > LARGEST_BYTES:
            raise PictureError(f"{called} has more than {LARGEST_BYTES >> 20} MiB, which is no photograph")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise PictureError(f"{called} cannot be read: {reason}") from error


def _decode(data: bytes, called: str) -> NDArray[np.uint8]:
    """(H, W, 3) uint8, upright."""
    try:
        with warnings.catch_warnings():
            # Damaged metadata and sizes near Pillow's own limit: the limits here decide.
            warnings.simplefilter("ignore")
            with _pillow().open(io.BytesIO(data), formats=DECODERS) as image:
                _check_size(image, called)
                image.load()
                return _rgb(_upright(image))
    except PictureError:
        raise
    except MemoryError:
        raise
    except Exception as error:  # decoders raise anything at all on hostile bytes
        raise PictureError(f"{called} cannot be decoded: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    if type(error).__name__ == "UnidentifiedImageError":
        return f"not a picture of a known kind ({', '.join(DECODERS)})"
    first = next(iter(str(error).splitlines()), "")
    return ascii(first)[1:-1][:120] or type(error).__name__


def _check_size(image: Image, called: str) -> None:
    if image.width * image.height > LARGEST_PIXELS:
        raise PictureError(
            f"{called} has {image.width}x{image.height} pixels; at most {LARGEST_PIXELS} are decoded, make it smaller"
        )


def _upright(image: Image) -> Image:
    """The orientation applied to the pixels; TIFF's is already, and then no tag is left."""
    transpose = _pillow().Transpose
    turns = {
        2: transpose.FLIP_LEFT_RIGHT,
        3: transpose.ROTATE_180,
        4: transpose.FLIP_TOP_BOTTOM,
        5: transpose.TRANSPOSE,
        6: transpose.ROTATE_270,  # Pillow turns counterclockwise
        7: transpose.TRANSVERSE,
        8: transpose.ROTATE_90,
    }
    turn = turns.get(_orientation(image))
    return image if turn is None else image.transpose(turn)


def _orientation(image: Image) -> int:
    try:
        value: Any = image.getexif().get(ORIENTATION, 1)
    except Exception:  # noqa: BLE001 - a damaged tag must not cost the picture
        return 1
    return value if isinstance(value, int) else 1


def _rgb(image: Image) -> NDArray[np.uint8]:
    if image.mode in ("I", "F"):
        return _wide_gray(image)
    if image.mode.startswith("I;16"):
        high = (np.asarray(image).astype(np.uint16) >> 8).astype(np.uint8)
        return np.repeat(high[:, :, None], 3, axis=2)
    if image.has_transparency_data:
        over = image.convert("RGBA")
        page = _pillow().new("RGBA", over.size, "white")
        page.alpha_composite(over)
        image = page
    return np.array(image.convert("RGB"))


def _wide_gray(image: Image) -> NDArray[np.uint8]:
    """Pillow's 32-bit mode, which older versions use for 16-bit gray."""
    values = np.asarray(image)
    if image.mode == "F" or values.min() < 0 or values.max() > 65535:
        kind = "floating-point" if image.mode == "F" else "32-bit"
        raise PictureError(
            f"the picture has {kind} pixels, whose white is not known; save it with 8 or 16 bits"
        )
    return np.repeat((values >> 8).astype(np.uint8)[:, :, None], 3, axis=2)
