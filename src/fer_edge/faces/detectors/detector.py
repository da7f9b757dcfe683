"""The protocol of a face detector, and its options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from fer_edge.faces.face import Detection


@dataclass(frozen=True, slots=True)
class DetectorOptions:
    """The faces that are looked for.

    Attributes:
        longest_side: pixels of the copy that faces are sought on; a smaller picture is taken as it is. What is smaller than a
            thirtieth of the picture is no portrait, and the cascade takes texture of a larger copy for faces.
        smallest: width and height of the smallest face, in pixels of that copy.
    """

    longest_side: int = 1000
    smallest: int = 30


class Detector(Protocol):
    """Finds faces. Made without arguments; libraries are imported when it is made."""

    name: ClassVar[str]

    def detect(self, picture: NDArray[np.uint8], options: DetectorOptions) -> list[Detection]:
        """The faces of an upright (H, W, 3) uint8 RGB picture, ordered by x0, then y0; empty if there are none."""
