"""Splits of labeled faces, as every recipe gets them, and the crops that are made of each face."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fer_edge.faces.face import Box, LabeledFace, whole_picture
from fer_edge.runtime.camera import gray, scaled
from fer_edge.runtime.contract import InputSpec
from fer_edge.runtime.frame import Frame

SHIFT = 0.07
"""Largest shift of a jittered box, in box widths: detectors disagree by about that much."""
ZOOM = (0.88, 1.16)
"""Range of a jittered box's width and height, in its own."""
ASPECT = 0.04
"""By how much width and height may go apart."""


class Faces(Protocol):
    """A split of labeled faces that knows where it comes from; picklable, since processes read it."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> LabeledFace:
        """One face; the same one at every call."""
        ...

    def sha256(self) -> str:
        """Of what decides on its pictures."""
        ...

    def name(self, index: int, /) -> str:
        """The face's name in lists and reports: a path within the data set, or the row it comes from; unique in it."""
        ...


@dataclass(frozen=True)
class Crops:
    """The crops that are made of a face.

    Attributes:
        width: of the model's input.
        height: of the model's input.
        channels: 1 (gray after the scale, as the camera spec has it) or 3.
        margin: the contract's crop margin.
        views: crops a face; the first one is the box as it is, the others are jittered.
        seed: of the jitter.
    """

    width: int
    height: int
    channels: int
    margin: float
    views: int
    seed: int

    @classmethod
    def of(cls, spec: InputSpec, *, margin: float, views: int, seed: int) -> Crops:
        """For an input of that size."""
        return cls(spec.width, spec.height, spec.channels, margin, views, seed)

    def of_face(self, face: LabeledFace, index: int) -> NDArray[np.uint8]:
        """All crops of one face: (views, channels, height, width) uint8, through the camera path."""
        rng = np.random.default_rng((self.seed, index))
        box = face.box or whole_picture(face.frame)
        boxes = [box, *(jitter(box, rng) for _ in range(self.views - 1))]
        return np.stack([self._crop(face.frame, box) for box in boxes])

    def _crop(self, frame: Frame, box: Sequence[float]) -> NDArray[np.uint8]:
        rgb = scaled(frame, self.width, self.height, box=box, crop_margin=self.margin)
        if self.channels == 1:
            return gray(*rgb.transpose(2, 0, 1)).reshape(1, self.height, self.width)
        return np.ascontiguousarray(rgb.transpose(2, 0, 1))


def jitter(box: Box, rng: np.random.Generator) -> Box:
    """The box as another detector might have drawn it: shifted, wider or narrower."""
    x0, y0, x1, y1 = box
    width, height = x1 - x0, y1 - y0
    zoom = np.exp(rng.uniform(*np.log(ZOOM)))
    half_width = width * zoom * (1 + rng.uniform(-ASPECT, ASPECT)) / 2
    half_height = height * zoom * (1 + rng.uniform(-ASPECT, ASPECT)) / 2
    x = (x0 + x1) / 2 + width * rng.uniform(-SHIFT, SHIFT)
    y = (y0 + y1) / 2 + height * rng.uniform(-SHIFT, SHIFT)
    return float(x - half_width), float(y - half_height), float(x + half_width), float(y + half_height)
