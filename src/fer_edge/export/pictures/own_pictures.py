"""Faces of the user's own that judge files: those that were held out of calibration and those of accuracy, none that calibrated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.pictures.calibration import CalibrationSet
from fer_edge.export.pictures.images import ImageSet


@dataclass(frozen=True)
class OwnPictures:
    """Pictures of the user's own.

    Attributes:
        pictures: (n, height, width, 3) uint8 RGB; n may be 0.
        source: how many of which, in words.
    """

    pictures: NDArray[np.uint8]
    source: str


def choose_own(calibration: CalibrationSet | None, accuracy: ImageSet | None, count: int) -> OwnPictures:
    """At most ``count`` different pictures, evenly from both; a picture that measured ranges is none of them.

    Args:
        calibration: of the user's own pictures, else None.
        accuracy: likewise.
        count: at most that many.
    """
    used = set(calibration.measuring.digests) if calibration else set[str]()
    first = _different(calibration.held_out, used) if calibration else []
    second = _different(accuracy, used | {digest for digest, _ in first}) if accuracy else []
    first = _spread(first, max(count // 2, count - len(second)))
    second = _spread(second, count - len(first))
    chosen = [picture for _, picture in (*first, *second)]
    said = [
        f"{len(found)} {name} pictures"
        for name, found in (("held-out calibration", first), ("accuracy", second))
        if found
    ]
    return OwnPictures(np.array(chosen, np.uint8), " and ".join(said))


def _different(images: ImageSet, used: set[str]) -> list[tuple[str, NDArray[np.uint8]]]:
    """Each picture once, but for those that are used already."""
    found = dict(zip(images.digests, images.scaled, strict=True))
    return [(digest, picture) for digest, picture in found.items() if digest not in used]


def _spread(pictures: list[tuple[str, NDArray[np.uint8]]], count: int) -> list[tuple[str, NDArray[np.uint8]]]:
    """At most ``count``, evenly over the list."""
    if len(pictures) <= count:
        return pictures
    return [pictures[index * len(pictures) // count] for index in range(count)]
