"""OpenCV's frontal Haar cascade: no download, no network, good on frontal faces only.

Source: Viola and Jones 2001, "Rapid Object Detection using a Boosted Cascade of Simple Features"; the cascade is
R. Lienhart's, shipped with OpenCV 4.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.errors import FerEdgeError
from fer_edge.runtime.extras import require

CASCADE = "haarcascade_frontalface_default.xml"
SCALE_FACTOR = 1.1
MIN_NEIGHBORS = 5
SMALLEST = 30
"""Pixels of the picture that the cascade is given; the width and height of the smallest face that is looked for."""


class HaarDetector:
    """``haarcascade_frontalface_default.xml`` with scaleFactor 1.1, minNeighbors 5, smallest face 30 pixels.

    Raises:
        MissingExtra: OpenCV is not installed.
        FerEdgeError: OpenCV without the cascade (5.0 dropped it).
    """

    name: ClassVar[str] = "haar"

    def __init__(self) -> None:
        cv2 = require("cv2", "predict")
        path = Path(getattr(getattr(cv2, "data", None), "haarcascades", "")) / CASCADE
        if not hasattr(cv2, "CascadeClassifier") or not path.is_file():
            raise FerEdgeError(
                f"OpenCV {cv2.__version__} has no {CASCADE}; install one that has it: pip install 'opencv-python<5'"
            )
        self._cascade = cv2.CascadeClassifier(str(path))

    def detect(self, gray: NDArray[np.uint8]) -> list[tuple[float, float, float, float]]:
        """The faces of a (H, W) uint8 picture, ordered by x0, then y0."""
        if min(gray.shape) < SMALLEST:
            return []
        found = self._cascade.detectMultiScale(
            np.ascontiguousarray(gray),
            scaleFactor=SCALE_FACTOR,
            minNeighbors=MIN_NEIGHBORS,
            minSize=(SMALLEST, SMALLEST),
        )
        # Threads report in any order.
        return sorted((float(x), float(y), float(x + w), float(y + h)) for x, y, w, h in found)
