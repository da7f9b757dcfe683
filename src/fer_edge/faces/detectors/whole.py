"""No detector: pictures that are faces already."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from fer_edge.faces.detectors.detector import DetectorOptions
from fer_edge.faces.face import Detection


class WholePicture:
    """The whole picture is the one face; the margin of a contract finds nothing around it."""

    name: ClassVar[str] = "none"
    model_file: ClassVar[str] = ""
    longest_side: ClassVar[int] = 1000

    def __init__(self, model: Path | None = None) -> None:
        pass

    def detect(self, picture: NDArray[np.uint8], options: DetectorOptions) -> list[Detection]:  # noqa: ARG002
        """The box of the picture itself, with score 1."""
        height, width = picture.shape[:2]
        return [Detection((0.0, 0.0, float(width), float(height)), 1.0)]
