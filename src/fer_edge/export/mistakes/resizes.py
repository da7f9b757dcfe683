"""The scalers that apps use instead of the camera path's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.camera import scaled
from fer_edge.runtime.frame import Frame

Part = NDArray[np.uint8]
Scaled = NDArray[np.float32]
"""(height, width, 3), 0 to 255."""
_CENTER = 256 / 224
"""By which torchvision's evaluation transform scales beyond what its center crop keeps."""


def _right(part: Part, width: int, height: int) -> NDArray[Any]:
    return scaled(Frame.from_rgb(np.ascontiguousarray(part)), width, height)


def _pillow(name: str) -> Callable[[Part, int, int], NDArray[Any]]:
    def scale(part: Part, width: int, height: int) -> NDArray[Any]:
        from PIL import Image

        picture = Image.fromarray(np.ascontiguousarray(part))
        return np.asarray(picture.resize((width, height), Image.Resampling[name]))

    return scale


def _opencv(name: str) -> Callable[[Part, int, int], NDArray[Any]]:
    def scale(part: Part, width: int, height: int) -> NDArray[Any]:
        import cv2

        found: NDArray[Any] = cv2.resize(
            np.ascontiguousarray(part), (width, height), interpolation=getattr(cv2, name)
        )
        return found

    return scale


def _corners(part: Part, width: int, height: int) -> NDArray[Any]:
    """Corner pixels on corner pixels, as ``align_corners=True`` and warps do; values are not rounded."""
    rows, row_share = _between(part.shape[0], height)
    columns, column_share = _between(part.shape[1], width)
    wide = part.astype(np.float32)
    below = np.minimum(rows + 1, part.shape[0] - 1)
    tall = wide[rows] * (1 - row_share)[:, None, None] + wide[below] * row_share[:, None, None]
    beside = np.minimum(columns + 1, part.shape[1] - 1)
    share = column_share[None, :, None]
    found: NDArray[Any] = tall[:, columns] * (1 - share) + tall[:, beside] * share
    return found


def _between(source: int, target: int) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    at = np.linspace(0, source - 1, target)
    low = np.floor(at).astype(np.intp)
    return low, (at - low).astype(np.float32)


def _letterbox(part: Part, width: int, height: int) -> NDArray[Any]:
    """The shape kept, black beside it."""
    ratio = min(width / part.shape[1], height / part.shape[0])
    inner = max(1, round(part.shape[1] * ratio)), max(1, round(part.shape[0] * ratio))
    out = np.zeros((height, width, 3), np.uint8)
    left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
    out[top : top + inner[1], left : left + inner[0]] = _right(part, *inner)
    return out


def _center_crop(part: Part, width: int, height: int) -> NDArray[Any]:
    """Scaled to 256 parts of 224, then the center: torchvision's transform of photographs."""
    wide, tall = round(width * _CENTER), round(height * _CENTER)
    left, top = (wide - width) // 2, (tall - height) // 2
    return _pillow("BILINEAR")(part, wide, tall)[top : top + height, left : left + width]


RESIZES: dict[str, Callable[[Part, int, int], NDArray[Any]]] = {
    "right": _right,
    "resize-opencv-linear": _opencv("INTER_LINEAR"),
    "resize-pillow-bilinear": _pillow("BILINEAR"),
    "resize-pillow-bicubic": _pillow("BICUBIC"),
    "resize-pillow-lanczos": _pillow("LANCZOS"),
    "resize-opencv-area": _opencv("INTER_AREA"),
    "resize-opencv-cubic": _opencv("INTER_CUBIC"),
    "resize-nearest": _opencv("INTER_NEAREST"),
    "resize-corners": _corners,
    "resize-letterbox": _letterbox,
    "resize-center-crop": _center_crop,
}


def resize(part: Part, how: str, width: int, height: int) -> Scaled:
    """The part in the model's size, by one of ``RESIZES``."""
    return RESIZES[how](part, width, height).astype(np.float32)
