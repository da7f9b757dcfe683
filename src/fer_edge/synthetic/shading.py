"""Light on a face: the ellipsoid of the head under one lamp, and the hollows and swellings of its features.

A face that is found by a detector of Haar-like features (Viola & Jones 2001) has eyes darker than cheeks and
forehead, a bright bridge between dark eyes and a dark mouth; the hollows below give these to every style, as real
light from above does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.extras import require
from fer_edge.synthetic.action_units import Activations
from fer_edge.synthetic.geometry import Landmarks
from fer_edge.synthetic.identity import Identity
from fer_edge.synthetic.pen import Pose
from fer_edge.synthetic.streams import between
from fer_edge.synthetic.style import Style

GRID = 56
"""The light is computed on a grid of this many points a side and enlarged: it has no sharp edges."""

REACH = 1.7
"""The grid covers this many face units to each side of the face's center."""


@dataclass(frozen=True)
class Light:
    """One lamp: unit direction towards it (x right, y down, z to the viewer), strength 0..1, and the rest of the room."""

    x: float
    y: float
    z: float
    strength: float
    warmth: float


def draw_light(rng: np.random.Generator, frontal: bool) -> Light:
    """A lamp somewhere before the face, mostly from above."""
    side = between(rng, -0.55, 0.55) if frontal else between(rng, -0.9, 0.9)
    direction = np.array([side, between(rng, -0.8, 0.1), between(rng, 0.7, 1.0)])
    direction /= np.linalg.norm(direction)
    strength = between(rng, 0.15, 0.5) if frontal else between(rng, 0.15, 0.75)
    x, y, z = direction.tolist()
    return Light(x, y, z, strength, warmth=between(rng, -1.0, 1.0))


def shade(
    size: int, pose: Pose, person: Identity, shape: Landmarks, active: Activations, style: Style, light: Light
) -> NDArray[np.float32]:
    """Factor (size, size) float32 that the skin's color is multiplied with, about 0.4..1.4."""
    cv2 = require("cv2", "train")
    axis = np.linspace(-REACH, REACH, GRID)
    relief = _relief(person, shape, active, pose)
    wide = np.exp(-0.5 * ((axis[:, None] - relief[:, 0]) / relief[:, 2]) ** 2)
    high = np.exp(-0.5 * ((axis[:, None] - relief[:, 1]) / relief[:, 3]) ** 2)
    # Shadows on dark skin, lit so that it shows, are as deep as those on light skin.
    depth = 1 + 0.5 * (1 - float(person.skin.mean()) / 255)
    bumps = (high * (relief[:, 4] * depth)) @ wide.T
    factor = 1 + style.shading * (bumps + _lamp(axis, person, light))
    limited = np.clip(factor, 0.3, 1.5).astype(np.float32)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    found: NDArray[np.float32] = cv2.warpAffine(
        limited, _grid_of(pose), (size, size), flags=flags, borderMode=cv2.BORDER_REPLICATE
    )
    return found


def _grid_of(pose: Pose) -> NDArray[np.float64]:
    """(2, 3): a pixel of the picture -> its place on the grid, which lies straight on the face."""
    step = 2 * REACH / (GRID - 1) * pose.unit
    turn = np.array([[np.cos(pose.roll), np.sin(pose.roll)], [-np.sin(pose.roll), np.cos(pose.roll)]]) / step
    return np.column_stack([turn, (GRID - 1) / 2 - turn @ np.array(pose.center)])


def _lamp(axis: NDArray[np.float64], person: Identity, light: Light) -> NDArray[np.float64]:
    u, v = axis[None, :] / (person.half_width * 1.12), axis[:, None] / (person.chin * 1.25)
    z = np.sqrt(np.clip(1 - u**2 - v**2, 0.02, 1))
    lambert = u * light.x + v * light.y + z * light.z
    return light.strength * (lambert - 0.75) - 0.12 * (1 - z)


def _relief(person: Identity, shape: Landmarks, active: Activations, pose: Pose) -> NDArray[np.float64]:
    """Rows of center x, y, radii x, y (face units, turned with the head) and brightness."""
    rows = np.array(_middle(shape) + _sides(person, shape, active))
    flat = Pose(pose.yaw, pose.pitch, 0.0, (0.0, 0.0), 1.0)
    rows[:, :2] = flat.project(rows[:, :2])
    return rows


def _middle(shape: Landmarks) -> list[tuple[float, float, float, float, float]]:
    mouth = shape.mouth
    low = mouth.lower_outer[:, 1].max()
    middle = (mouth.upper_outer[:, 1].min() + low) / 2
    return [
        (0.0, -0.58, 0.45, 0.18, 0.12),
        (0.0, 0.02, 0.055, 0.16, 0.20),
        (0.0, 0.22, 0.06, 0.12, 0.12),
        (0.0, shape.nose_y - 0.02, 0.075, 0.06, 0.14),
        (0.0, shape.nose_y + 0.08, 0.11, 0.04, -0.16),
        (0.0, middle, 0.26, 0.08, -0.12),
        (0.0, low + 0.05, 0.13, 0.035, -0.14),
        (0.0, shape.chin - 0.1, 0.16, 0.07, 0.08),
        (0.0, shape.chin + 0.06, 0.5, 0.06, -0.2),
    ]


def _sides(
    person: Identity, shape: Landmarks, active: Activations
) -> list[tuple[float, float, float, float, float]]:
    rows = []
    for side, sign in ((0, -1.0), (1, 1.0)):
        eye, brow = shape.eyes[side], shape.brows[side]
        ball = 0.10 * active.at("AU12", side) + 0.05 * active.at("AU6", side)
        rows += [
            (eye.center[0], eye.center[1] - 0.02, max(0.19, eye.half_width * 1.25), 0.11, -0.33),
            (sign * 0.15, eye.center[1] - 0.02, 0.06, 0.09, -0.16),
            (float(brow[:, 0].mean()), float(brow[:, 1].mean()) + 0.06, 0.2, 0.06, -0.17),
            (sign * (person.eye_x + 0.07), 0.32 - ball * 0.3, 0.17, 0.13, 0.16 + ball),
            (sign * (shape.nose_width + 0.05), shape.nose_y - 0.06, 0.05, 0.12, -0.10),
            (sign * 0.62, 0.55, 0.12, 0.3, -0.08),
        ]
    return rows
