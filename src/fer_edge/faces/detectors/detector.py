"""The protocol of a face detector, and its options."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from fer_edge.faces.face import Detection


@dataclass(frozen=True, slots=True)
class DetectorOptions:
    """The faces that are looked for.

    Attributes:
        longest_side: pixels of the copy that faces are sought on, if the detector has no limit of its own that is lower; a smaller
            picture is taken as it is. What is smaller than a thirtieth of the picture is no portrait, and the cascade takes
            texture of a larger copy for faces.
        smallest: width and height of the smallest face, in pixels of that copy.
        min_face: width and height of the smallest face, in pixels of the picture; the larger one of the two counts.
        overlap: two boxes are one face, and the surer one stays, where they share more of their union than this, 0..1; 1: all
            stay; None: as the detector does it by itself.
    """

    longest_side: int = 1000
    smallest: int = 30
    min_face: int = 0
    overlap: float | None = None


class Detector(Protocol):
    """Finds faces. Libraries are imported when it is made.

    Attributes:
        name: that people choose it by.
        model_file: what the file that it needs is, for a sentence that asks for it; empty: it needs none, and is made without
            an argument.
        longest_side: of the largest copy that it is good on, in pixels.
    """

    name: ClassVar[str]
    model_file: ClassVar[str]
    longest_side: ClassVar[int]

    def __init__(self, model: Path | None = None) -> None:
        """Open what it needs.

        Args:
            model: the file, where ``model_file`` is not empty.

        Raises:
            FerEdgeError: the file is none.
            MissingExtra: its library is not installed.
        """

    def detect(self, picture: NDArray[np.uint8], options: DetectorOptions) -> list[Detection]:
        """The faces of an upright (H, W, 3) uint8 RGB picture, ordered by x0, then y0; empty if there are none.

        A box is in whole pixels and lies within the picture.
        """
