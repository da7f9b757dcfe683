"""One camera picture as the camera gave it: bytes, strides and the rotation that makes it upright.

Step 1 of the camera specification: YUV_420_888 (I420, NV12, NV21) or RGBA_8888, only the bytes that are addressed.
"""

from __future__ import annotations

import operator
import os
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.errors import FrameError

ROTATIONS = (0, 90, 180, 270)
LARGEST_SIDE = 1 << 16
"""Pixels of a frame's width or height."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A camera picture. Make it with :meth:`from_rgba` or :meth:`from_yuv420`.

    Of an array: :meth:`from_rgb`, :meth:`from_bgr` (OpenCV's order) or :meth:`from_gray`.

    A frame owns its bytes: ``bytes`` are kept as they are, buffers that can change are copied.

    Attributes:
        kind: ``rgba`` or ``yuv420``.
        width: in pixels, before rotation.
        height: in pixels, before rotation.
        rotation: degrees clockwise that make the picture upright: 0, 90, 180 or 270.
        planes: read-only uint8 views: ``rgba``: one (height, width, 4); ``yuv420``: Y (height, width), then U and V
            (ceil(height/2), ceil(width/2)).
    """

    kind: str
    width: int
    height: int
    rotation: int
    planes: tuple[NDArray[np.uint8], ...]

    @classmethod
    def from_rgba(
        cls, buffer: Any, *, width: int, height: int, row_stride: int | None = None, rotation: int = 0
    ) -> Frame:
        """A frame of RGBA_8888 bytes.

        Args:
            buffer: bytes, bytearray, memoryview or an array of bytes; the last row may be short (``4 * width``).
            width: in pixels.
            height: in pixels.
            row_stride: bytes from row to row; ``4 * width`` if not given.
            rotation: degrees clockwise to upright.

        Raises:
            FrameError: size, rotation or stride is not legal, or the rgba buffer is too short.
        """
        width, height = _size(width, height)
        stride = _row_stride("rgba", 4 * width if row_stride is None else row_stride, 4 * width)
        degrees = _rotation(rotation)
        plane = _plane("rgba", buffer, (height, width, 4), (stride, 4, 1))
        return cls("rgba", width, height, degrees, (plane,))

    @classmethod
    def from_yuv420(  # noqa: PLR0913 - what Android's Image gives
        cls,
        y: Any,
        u: Any,
        v: Any,
        *,
        width: int,
        height: int,
        y_row_stride: int,
        uv_row_stride: int,
        uv_pixel_stride: int,
        rotation: int = 0,
    ) -> Frame:
        """A frame of YUV_420_888 bytes (BT.601 full range).

        Args:
            y: bytes of the luma plane, pixel stride 1.
            u: bytes of the U plane, from its first sample on.
            v: bytes of the V plane, from its first sample on.
            width: in pixels.
            height: in pixels.
            y_row_stride: bytes from row to row of ``y``.
            uv_row_stride: bytes from row to row of ``u`` and ``v``.
            uv_pixel_stride: 1 (I420) or 2 (NV12, NV21: u and v are the same memory, one byte apart).
            rotation: degrees clockwise to upright.

        Raises:
            FrameError: size, rotation or stride is not legal, or a plane (y, u or v) is too short.
        """
        width, height = _size(width, height)
        columns, rows = (width + 1) // 2, (height + 1) // 2
        step = _integer("uv pixel stride", uv_pixel_stride)
        if step not in (1, 2):
            raise FrameError(f"pixel stride of u and v is {step}; allowed: 1, 2")
        y_stride = _row_stride("y", y_row_stride, width)
        uv_stride = _row_stride("u and v", uv_row_stride, (columns - 1) * step + 1)
        degrees = _rotation(rotation)
        planes = (
            _plane("y", y, (height, width), (y_stride, 1)),
            _plane("u", u, (rows, columns), (uv_stride, step)),
            _plane("v", v, (rows, columns), (uv_stride, step)),
        )
        return cls("yuv420", width, height, degrees, planes)

    @classmethod
    def from_rgb(cls, pixels: Any, *, rotation: int = 0) -> Frame:
        """A frame of a decoded picture.

        Args:
            pixels: (height, width, 3) uint8, RGB.
            rotation: degrees clockwise to upright.

        Raises:
            FrameError: not such an array.
        """
        return cls._of_colors(_pixels(pixels, 3, "from_rgb"), rotation)

    @classmethod
    def from_bgr(cls, pixels: Any, *, rotation: int = 0) -> Frame:
        """A frame of a picture in OpenCV's order, as ``cv2.imread`` and ``VideoCapture.read`` give it.

        Args:
            pixels: (height, width, 3) uint8, BGR.
            rotation: degrees clockwise to upright.

        Raises:
            FrameError: not such an array.
        """
        return cls._of_colors(_pixels(pixels, 3, "from_bgr")[:, :, ::-1], rotation)

    @classmethod
    def from_gray(cls, pixels: Any, *, rotation: int = 0) -> Frame:
        """A frame of a gray picture. Each value is red, green and blue, and the specification's gray of it is that value.

        Args:
            pixels: (height, width) or (height, width, 1) uint8, 0 black to 255 white.
            rotation: degrees clockwise to upright.

        Raises:
            FrameError: not such an array.
        """
        return cls._of_colors(_pixels(pixels, 1, "from_gray"), rotation)

    @classmethod
    def _of_colors(cls, array: NDArray[np.uint8], rotation: int) -> Frame:
        height, width = array.shape[:2]
        _size(width, height)
        rgba = np.full((height, width, 4), 255, np.uint8)
        rgba[:, :, :3] = array
        return cls.from_rgba(rgba.tobytes(), width=width, height=height, rotation=rotation)


def require_frame(value: object) -> Frame:
    """The value, if it is a frame.

    Raises:
        FrameError: it is something else; the message says how to make a frame of it.
    """
    if isinstance(value, Frame):
        return value
    if isinstance(value, str | os.PathLike):
        hint = "decode the file first, Frame.from_rgb(np.asarray(Image.open(path).convert('RGB'))), or call fer-predict"
    elif value is None:
        hint = "cv2.imread gives None for a file that it cannot read, VideoCapture.read at the end of a video"
    elif isinstance(value, bytes | bytearray | memoryview):
        hint = "say what the bytes are: Frame.from_rgba(bytes, width=..., height=...) or Frame.from_yuv420"
    else:
        hint = "make one of an array: Frame.from_rgb, Frame.from_bgr (OpenCV's order) or Frame.from_gray"
    raise FrameError(f"{_described(value)} came; allowed: a Frame; {hint}")


def _described(value: object) -> str:
    if isinstance(value, np.ndarray):
        return f"an array {value.shape} {value.dtype}"
    return "None" if value is None else f"{type(value).__name__}"


def _pixels(pixels: object, channels: int, maker: str) -> NDArray[np.uint8]:
    """A picture's array, (height, width, channels) uint8."""
    try:
        array = np.asarray(pixels)
    except (TypeError, ValueError) as error:
        raise FrameError(f"the picture is no array ({ascii(str(error))[1:-1][:80]})") from None
    if channels == 1 and array.ndim == 2:
        array = array[:, :, None]
    if array.ndim == 3 and array.shape[2] == channels and array.dtype == np.uint8:
        return array
    wanted = "(height, width) uint8" if channels == 1 else f"(height, width, {channels}) uint8"
    raise FrameError(
        f"size and type of the picture are {array.shape[:5]} {array.dtype}; allowed in {maker}: {wanted}{_hint(array)}"
    )


def _hint(array: NDArray[Any]) -> str:
    """Advice for an array that other makers, or none, take."""
    if array.dtype != np.uint8:
        return (
            "; scale floats from 0..1 first: (255 * array).round().astype('uint8')"
            if array.dtype.kind == "f"
            else ""
        )
    if array.ndim == 2 or (array.ndim == 3 and array.shape[2] == 1):
        return "; gray goes into Frame.from_gray"
    if array.ndim == 3 and array.shape[2] == 3:
        return "; colors go into Frame.from_rgb or Frame.from_bgr"
    if array.ndim == 3 and array.shape[2] == 4:
        return "; four channels go into Frame.from_rgba, with width and height"
    if array.ndim == 4:
        return "; give one picture of the batch"
    return ""


def _size(width: object, height: object) -> tuple[int, int]:
    sides = _integer("width (size)", width), _integer("height (size)", height)
    if not all(1 <= side <= LARGEST_SIDE for side in sides):
        raise FrameError(f"size {sides[0]}x{sides[1]}: width and height must be 1 to {LARGEST_SIDE}")
    return sides


def _rotation(rotation: object) -> int:
    degrees = _integer("rotation", rotation)
    if degrees not in ROTATIONS:
        raise FrameError(f"rotation is {degrees}; allowed: 0, 90, 180, 270")
    return degrees


def _integer(what: str, value: object) -> int:
    if isinstance(value, bool | np.bool_):
        _refuse(what, value)
    try:
        return operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        _refuse(what, value)


def _refuse(what: str, value: object) -> NoReturn:
    raise FrameError(f"{what} is {ascii(value)[:60]}; allowed: an integer")


def _row_stride(plane: str, value: object, least: int) -> int:
    stride = _integer(f"row stride of {plane}", value)
    if not least <= stride < 1 << 31:
        raise FrameError(
            f"row stride of {plane} is {stride}; allowed: {least} (the bytes of a row) to {(1 << 31) - 1}"
        )
    return stride


def _plane(name: str, buffer: object, shape: tuple[int, ...], strides: tuple[int, ...]) -> NDArray[np.uint8]:
    """A view that addresses exactly the samples, so a short last row is no matter."""
    data = _bytes(name, buffer)
    need = sum((count - 1) * stride for count, stride in zip(shape, strides, strict=True)) + 1
    if len(data) < need:
        raise FrameError(f"plane {name} has {len(data)} bytes; its last addressed sample needs {need}")
    owned = data if isinstance(data, bytes) else bytes(data[:need])
    return np.ndarray(shape, np.uint8, owned, 0, strides)


def _bytes(name: str, buffer: object) -> bytes | memoryview:
    if isinstance(buffer, bytes):
        return buffer
    try:
        view = memoryview(buffer)  # type: ignore[arg-type]
        # ctypes marks the byte order even of single bytes: "<B".
        if view.format.lstrip("@=<>!") not in ("B", "b", "c"):
            raise FrameError(f"plane {name} holds items of format {view.format!r}; allowed: bytes (uint8)")
        plain = len(view.format) == 1 and view.c_contiguous and view.nbytes
        return view.cast("B") if plain else memoryview(view.tobytes())
    except (TypeError, ValueError, BufferError):
        raise FrameError(
            f"plane {name} is {type(buffer).__name__}; allowed: bytes or an array of bytes"
        ) from None
