"""No detector: pictures that are faces already."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray


class WholePicture:
    """The whole picture is the one face; the margin of a contract finds nothing around it."""

    name: ClassVar[str] = "none"

    def detect(self, gray: NDArray[np.uint8]) -> list[tuple[float, float, float, float]]:
        """The box of a (H, W) picture itself."""
        height, width = gray.shape
        return [(0.0, 0.0, float(width), float(height))]
