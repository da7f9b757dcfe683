"""What finds faces, and the list of those that exist."""

from __future__ import annotations

from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from fer_edge.faces.haar import HaarDetector
from fer_edge.faces.whole import WholePicture
from fer_edge.runtime.camera import gray, scaled, upright, upright_size
from fer_edge.runtime.closest import unknown
from fer_edge.runtime.errors import FerEdgeError
from fer_edge.runtime.frame import Frame

Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 in pixels of the upright picture, before the contract's margin; x1 and y1 exclusive."""


class Detector(Protocol):
    """Finds faces in a gray picture. Made without arguments; libraries are imported when it is made."""

    name: ClassVar[str]

    def detect(self, gray: NDArray[np.uint8]) -> list[Box]:
        """The faces of a (H, W) uint8 picture, ordered by x0, then y0; empty if there are none."""


DETECTORS: tuple[type[Detector], ...] = (HaarDetector, WholePicture)
"""Every detector; the first is the usual one. Adding one is a file and a line here."""


def make_detector(name: str) -> Detector:
    """A detector by its name, ready to use.

    Raises:
        FerEdgeError: no such detector; the message names the closest one.
        MissingExtra: its library is not installed.
    """
    by_name = {detector.name: detector for detector in DETECTORS}
    if name not in by_name:
        raise FerEdgeError(unknown("detector", name, by_name))
    return by_name[name]()


LONGEST_SIDE = 1000
"""Pixels of the copy that faces are sought on: what is smaller than a thirtieth of the picture is no portrait, and the
cascade takes texture of a larger copy for faces."""


def detect_faces(frame: Frame, detector: Detector) -> list[Box]:
    """The faces of a camera frame.

    They are sought on the camera spec's gray of a copy whose longer side is at most ``LONGEST_SIDE`` pixels, made by the
    camera path's own scaler; a smaller picture is taken as it is. So a photograph has the same faces at any size.

    Returns:
        x0, y0, x1, y1 as whole numbers of pixels of the upright picture, ordered by x0, then y0.
    """
    width, height = upright_size(frame)
    longest = max(width, height)
    if longest <= LONGEST_SIDE:
        return detector.detect(_gray(upright(frame)))
    small = [max(1, round(side * LONGEST_SIDE / longest)) for side in (width, height)]
    across, down = width / small[0], height / small[1]
    found = detector.detect(_gray(scaled(frame, *small)))
    return sorted(
        (
            float(round(x0 * across)),
            float(round(y0 * down)),
            float(round(x1 * across)),
            float(round(y1 * down)),
        )
        for x0, y0, x1, y1 in found
    )


def _gray(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    red, green, blue = np.moveaxis(picture, 2, 0)
    return gray(red, green, blue)
