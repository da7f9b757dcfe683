"""OpenCV's frontal Haar cascade: no download, no network, good on frontal faces only.

Source: Viola and Jones 2001, "Rapid Object Detection using a Boosted Cascade of Simple Features"; the cascade is
R. Lienhart's, shipped with OpenCV 4.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from fer_edge.faces.detectors.detector import DetectorOptions
from fer_edge.faces.face import Detection
from fer_edge.runtime.camera import gray
from fer_edge.runtime.errors import FerEdgeError
from fer_edge.runtime.extras import require

CASCADE = "haarcascade_frontalface_default.xml"
SCALE_FACTOR = 1.1
MIN_NEIGHBORS = 5


class HaarDetector:
    """``haarcascade_frontalface_default.xml`` with scaleFactor 1.1 and minNeighbors 5.

    Raises:
        MissingExtra: OpenCV is not installed.
        FerEdgeError: OpenCV without the cascade (5.0 dropped it).
    """

    name: ClassVar[str] = "haar"
    model_file: ClassVar[str] = ""
    longest_side: ClassVar[int] = 1000

    def __init__(self, model: Path | None = None) -> None:  # noqa: ARG002
        cv2 = require("cv2", "predict")
        path = Path(getattr(getattr(cv2, "data", None), "haarcascades", "")) / CASCADE
        if not hasattr(cv2, "CascadeClassifier") or not path.is_file():
            raise FerEdgeError(
                f"OpenCV {cv2.__version__} has no {CASCADE}; install one that has it: pip install 'opencv-python<5'"
            )
        self._cascade = cv2.CascadeClassifier(str(path))

    def detect(self, picture: NDArray[np.uint8], options: DetectorOptions) -> list[Detection]:
        """The faces of a (H, W, 3) uint8 RGB picture, on the camera spec's gray of it.

        A score is the number of overlapping windows that the cascade took for this face, at least ``MIN_NEIGHBORS``.
        """
        if min(picture.shape[:2]) < options.smallest:
            return []
        found, neighbors = self._cascade.detectMultiScale2(
            np.ascontiguousarray(gray(*np.moveaxis(picture, 2, 0))),
            scaleFactor=SCALE_FACTOR,
            minNeighbors=MIN_NEIGHBORS,
            minSize=(options.smallest, options.smallest),
        )
        faces = [
            Detection((float(x), float(y), float(x + w), float(y + h)), float(score))
            for (x, y, w, h), score in zip(found, np.ravel(neighbors), strict=True)
        ]
        return sorted(faces, key=lambda face: face.box)  # threads report in any order
