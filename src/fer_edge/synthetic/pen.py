"""Draws shapes given in face units onto a picture, turned and tilted with the head."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.extras import require
from fer_edge.synthetic.identity import Color, Points

SHIFT = 4
"""Fractional bits of the coordinates that OpenCV's drawing takes."""


@dataclass(frozen=True)
class Pose:
    """Angles in radians: ``yaw`` to the side, ``pitch`` up and down, ``roll`` in the picture's plane.

    ``center`` (x, y of the point (0, 0.1) between eyes and nose) and ``unit`` (one face unit) are in pixels.
    """

    yaw: float
    pitch: float
    roll: float
    center: tuple[float, float]
    unit: float

    def project(self, points: Points, depth: float | None = None) -> Points:
        """Face units -> pixels, weak perspective.

        Args:
            points: (n, 2).
            depth: z of the points in face units; None: on the front of the head, taken as an ellipsoid.
        """
        space = np.empty((len(points), 3))
        space[:, :2] = points
        space[:, 2] = front(points) if depth is None else depth
        projected: Points = space @ self._matrix + self._origin
        return projected

    @cached_property
    def _matrix(self) -> Points:
        """(3, 2): face units x, y, z -> pixels, yaw first, then pitch, then roll."""
        yaw, pitch, roll = ((np.sin(a), np.cos(a)) for a in (self.yaw, self.pitch, self.roll))
        turned = np.array([yaw[1], 0.0, yaw[0]])
        tilted = np.array([-yaw[0] * pitch[0], pitch[1], yaw[1] * pitch[0]])
        rows = [turned * roll[1] - tilted * roll[0], turned * roll[0] + tilted * roll[1]]
        matrix: Points = self.unit * np.array(rows).T
        return matrix

    @cached_property
    def _origin(self) -> Points:
        origin: Points = np.array(self.center) - np.array([0.0, 0.1, 0.0]) @ self._matrix
        return origin


def front(points: Points) -> NDArray[np.float64]:
    """Depth of the head's front at (n, 2) points."""
    x, y = points[:, 0], (points[:, 1] - 0.05) / 1.3
    depth: NDArray[np.float64] = 0.6 * np.sqrt(np.maximum(1 - x * x - y * y, 0))
    return depth


class Pen:
    """Fills and strokes on an RGB uint8 canvas (H, W, 3), in place."""

    def __init__(self, canvas: NDArray[np.uint8], pose: Pose) -> None:
        self.cv2: Any = require("cv2", "train")
        self.canvas = canvas
        self.pose = pose

    def pixels(self, points: Points, depth: float | None = None) -> NDArray[np.int32]:
        """Fixed-point pixel coordinates (n, 2)."""
        return np.rint(self.pose.project(np.asarray(points, np.float64), depth) * (1 << SHIFT)).astype(
            np.int32
        )

    def fill(self, points: Points, color: Color, depth: float | None = None) -> None:
        """Fill a polygon."""
        self.cv2.fillPoly(self.canvas, [self.pixels(points, depth)], _paint(color), self.cv2.LINE_AA, SHIFT)

    def stroke(
        self, points: Points, color: Color, width: float, *, closed: bool = False, depth: float | None = None
    ) -> None:
        """Draw a line of even width (face units, at least one pixel of the canvas)."""
        thickness = max(1, round(width * self.pose.unit))
        self.cv2.polylines(
            self.canvas,
            [self.pixels(points, depth)],
            closed,
            _paint(color),
            thickness,
            self.cv2.LINE_AA,
            SHIFT,
        )

    def strokes(self, lines: Points, color: Color, width: float, depth: float | None = None) -> None:
        """Draw many lines (n, k, 2) of one color and width."""
        pixels = self.pixels(lines.reshape(-1, 2), depth).reshape(lines.shape[0], -1, 2)
        thickness = max(1, round(width * self.pose.unit))
        self.cv2.polylines(
            self.canvas, list(pixels), False, _paint(color), thickness, self.cv2.LINE_AA, SHIFT
        )

    def taper(self, line: Points, color: Color, widths: NDArray[np.float64]) -> None:
        """Draw a line whose width (face units) changes along it: (n, 2) points, (n,) widths."""
        step = np.gradient(line, axis=0)
        normal = np.stack([-step[:, 1], step[:, 0]], 1) / (np.hypot(step[:, 0], step[:, 1])[:, None] + 1e-9)
        offset = normal * widths[:, None] / 2
        self.fill(np.concatenate([line + offset, (line - offset)[::-1]]), color)

    def ellipse(
        self,
        center: tuple[float, float],
        radii: tuple[float, float],
        color: Color,
        depth: float | None = None,
    ) -> None:
        """Fill an ellipse."""
        self.fill(ring(center, radii), color, depth)


def ring(center: tuple[float, float], radii: tuple[float, float], count: int = 24) -> Points:
    """Points (count, 2) on an ellipse."""
    points = np.empty((count, 2))
    for axis, circle in enumerate(_circle(count)):
        points[:, axis] = center[axis] + radii[axis] * circle
    return points


@cache
def bow(count: int) -> NDArray[np.float64]:
    """Half a wave, (count,) from 0 to 1 and back; not to be written to."""
    return np.sin(np.linspace(0, np.pi, count))


@cache
def _circle(count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return np.cos(angle), np.sin(angle)


def _paint(color: Color) -> tuple[float, ...]:
    return tuple(float(round(min(255.0, max(0.0, value)))) for value in np.asarray(color).tolist())
