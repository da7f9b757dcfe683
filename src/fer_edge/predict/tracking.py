"""Faces of a video under numbers that stay, and where they are between two looks of the detector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.faces.detectors.overlap import intersection_over_union
from fer_edge.faces.face import Box
from fer_edge.runtime.extras import require

LEAST_OVERLAP = 0.3
"""Of the union of two boxes that are the same face. Between two frames a face moves by a tenth of its width, so that more than
0.6 is left; the detector's boxes for one face share 0.8."""
FORGET_SECONDS = 1.0
"""After which a face that was not seen is another one when it comes back."""


@dataclass(slots=True)
class _Track:
    number: int
    box: Box
    nanos: int


class FaceTracker:
    """Gives each face the number that it had in the frames before: the boxes that share most of their union are one face.

    Source: Bochinski, Eiselein and Sikora 2017, "High-Speed Tracking-by-Detection Without Using Image Information".
    """

    def __init__(self) -> None:
        self._tracks: list[_Track] = []
        self._given = 0

    def follow(self, boxes: Sequence[Box], nanos: int) -> list[int]:
        """The number of each face.

        Args:
            boxes: of one frame.
            nanos: the frame's time; of rising frames.

        Returns:
            One number a box, each from 0 on and none twice; a face that was not seen before gets a new one.
        """
        seconds = FORGET_SECONDS * 1e9
        self._tracks = [track for track in self._tracks if 0 <= nanos - track.nanos <= seconds]
        numbers: dict[int, _Track] = {}
        for _, at, index in self._pairs(boxes):
            track = self._tracks[at]
            if index not in numbers and all(other is not track for other in numbers.values()):
                numbers[index] = track
        return [self._seen(numbers.get(index), box, nanos) for index, box in enumerate(boxes)]

    def _pairs(self, boxes: Sequence[Box]) -> list[tuple[float, int, int]]:
        """Track and box by how much they share, most first."""
        shares = (
            (-intersection_over_union(track.box, box), at, index)
            for at, track in enumerate(self._tracks)
            for index, box in enumerate(boxes)
        )
        return sorted(pair for pair in shares if -pair[0] >= LEAST_OVERLAP)

    def _seen(self, track: _Track | None, box: Box, nanos: int) -> int:
        if track is None:
            track = _Track(self._given, box, nanos)
            self._given += 1
            self._tracks.append(track)
        track.box, track.nanos = box, nanos
        return track.number


POINTS = 6
"""In each direction of the grid that is followed in a face."""
LEAST_POINTS = 9
"""Of a face that were found again; with fewer its box stays where it was."""
_MARGIN = 0.15
"""Of the box that is left out at each side: there is hair and background."""
_WINDOW, _LEVELS = (15, 15), 2


class BoxMover:
    """Moves boxes from a frame to the next one by optical flow: each by the median of what the points in it did.

    On a recorded conversation, boxes that are moved so share 0.94 of their union with what the detector finds there; 0.92 if
    they just stay, and 0.91 at constant velocity, since detections tremble.

    Source: Lucas and Kanade 1981, in OpenCV's pyramids; the median as in Kalal, Mikolajczyk and Matas 2010, "Forward-Backward
    Error: Automatic Detection of Tracking Failures".
    """

    def __init__(self) -> None:
        self._cv2: Any = require("cv2", "predict")
        self._gray: NDArray[np.uint8] | None = None
        self._boxes = np.empty((0, 4))

    def start(self, pixels: NDArray[np.uint8], boxes: Sequence[Box]) -> None:
        """Take the boxes of a frame as the detector found them.

        Args:
            pixels: (H, W, 3) uint8 RGB.
            boxes: in it.
        """
        self._gray = self._cv2.cvtColor(pixels, self._cv2.COLOR_RGB2GRAY)
        self._boxes = np.array(boxes, np.float64).reshape(-1, 4)

    def move(self, pixels: NDArray[np.uint8]) -> list[Box]:
        """The boxes in the next frame, in whole pixels; those that left it are gone.

        Args:
            pixels: (H, W, 3) uint8 RGB, the frame after the one before.
        """
        gray = self._cv2.cvtColor(pixels, self._cv2.COLOR_RGB2GRAY)
        if len(self._boxes) and self._gray is not None and self._gray.shape == gray.shape:
            self._boxes = self._boxes + np.tile(self._steps(gray), 2)
        self._gray = gray
        height, width = gray.shape
        x0, y0, x1, y1 = self._boxes.T
        self._boxes = self._boxes[(x1 >= 1) & (y1 >= 1) & (x0 <= width - 1) & (y0 <= height - 1)]
        return [(a, b, c, d) for a, b, c, d in np.rint(self._boxes).tolist()]

    def _steps(self, gray: NDArray[np.uint8]) -> NDArray[np.float64]:
        """(boxes, 2): how far each one went."""
        before = self._points()
        after, found, _ = self._cv2.calcOpticalFlowPyrLK(
            self._gray, gray, before.reshape(-1, 1, 2), None, winSize=_WINDOW, maxLevel=_LEVELS
        )
        moved = (after.reshape(before.shape) - before).astype(np.float64)
        seen = found.reshape(before.shape[:2]) == 1
        still = np.zeros(2)
        return np.array(
            [
                np.median(steps[there], axis=0) if there.sum() >= LEAST_POINTS else still
                for steps, there in zip(moved, seen, strict=True)
            ]
        )

    def _points(self) -> NDArray[np.float32]:
        """(boxes, points, 2): the grid in each box."""
        share = np.linspace(_MARGIN, 1 - _MARGIN, POINTS)
        across, down = np.meshgrid(share, share)
        corner, size = self._boxes[:, None, :2], self._boxes[:, None, 2:] - self._boxes[:, None, :2]
        return (corner + size * np.stack([across.ravel(), down.ravel()], axis=1)).astype(np.float32)
