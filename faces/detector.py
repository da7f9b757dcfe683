"""What finds faces, and the list of those that exist."""

from __future__ import annotations

from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from fer_edge.faces.haar import HaarDetector
from fer_edge.runtime.camera import gray, upright
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


DETECTORS: tuple[type[Detector], ...] = (HaarDetector,)
"""Every detector. Adding one is a file and a line here."""


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


def detect_faces(frame: Frame, detector: Detector) -> list[Box]:
    """The faces of a camera frame, found on the camera spec's gray of the upright picture."""
    red, green, blue = np.moveaxis(upright(frame), 2, 0)
    return detector.detect(gray(red, green, blue))
