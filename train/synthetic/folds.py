"""Furrows and wrinkles that action units (and age) press into the skin."""

from __future__ import annotations

import numpy as np

from fer_edge.train.synthetic.action_units import Activations
from fer_edge.train.synthetic.geometry import Landmarks, Points
from fer_edge.train.synthetic.identity import Color, Identity
from fer_edge.train.synthetic.palette import Palette
from fer_edge.train.synthetic.pen import Pen
from fer_edge.train.synthetic.style import Style

SIGNS = (-1.0, 1.0)


def draw_folds(
    pen: Pen, person: Identity, shape: Landmarks, active: Activations, style: Style, palette: Palette
) -> None:
    """Draw all furrows, fainter in styles that draw few of them."""
    for line, depth in _all(person, shape, active):
        strength = min(1.0, depth) * style.folds
        if strength > 0.12:
            color = _mix(palette, style, strength)
            width = (
                (0.012 + 0.016 * strength)
                if style.hand in ("soft", "painted")
                else max(0.014, 0.8 * style.outline)
            )
            pen.stroke(line, color, width)


def _mix(palette: Palette, style: Style, strength: float) -> Color:
    dark = palette.skin * 0.45 if style.hand in ("soft", "painted") else palette.ink
    share = strength * (0.75 if style.hand in ("soft", "painted") else 0.95)
    return palette.skin * (1 - share) + dark * share


def _all(person: Identity, shape: Landmarks, active: Activations) -> list[tuple[Points, float]]:
    lines = [*_forehead(person, shape, active), *_bridge(shape, active)]
    for side in (0, 1):
        lines += [*_cheek(person, shape, active, side), *_corner(shape, active, side)]
    return [*lines, *_chin(shape, active)]


def _curve(x0: float, y0: float, x1: float, y1: float, bend: float) -> Points:
    """From one point to another, bent by ``bend`` to the right of the way (face units)."""
    t = np.linspace(0, 1, 7)
    across = np.array([y0 - y1, x1 - x0]) / (np.hypot(x1 - x0, y1 - y0) + 1e-9)
    way = np.array([x0, y0]) + np.outer(t, [x1 - x0, y1 - y0])
    return way + np.outer(4 * t * (1 - t) * bend, across)


def _forehead(person: Identity, shape: Landmarks, active: Activations) -> list[tuple[Points, float]]:
    raised = (active.mean("AU1") + active.mean("AU2")) / 2
    top = min(brow[:, 1].min() for brow in shape.brows)
    depth = 0.9 * raised + 0.5 * person.age
    lines = []
    for step in (0.1, 0.2):
        half = 0.32 - 0.5 * step
        lines.append((_curve(-half, top - step, half, top - step, 0.02), depth - step))
    return lines


def _bridge(shape: Landmarks, active: Activations) -> list[tuple[Points, float]]:
    frown, wrinkle = active.mean("AU4"), active.mean("AU9")
    level = (shape.brows[0][0, 1] + shape.brows[1][0, 1]) / 2
    lines = [
        (_curve(sign * 0.045, level - 0.06, sign * 0.035, level + 0.07, sign * 0.012), frown)
        for sign in SIGNS
    ]
    for step in (0.0, 0.06, 0.12):
        lines.append((_curve(-0.07, 0.07 + step, 0.07, 0.07 + step, -0.02), 1.1 * wrinkle))
    for sign in SIGNS:
        lines.append((_curve(sign * 0.09, 0.1, sign * 0.14, 0.22, sign * 0.03), wrinkle))
    return lines


def _cheek(person: Identity, shape: Landmarks, active: Activations, side: int) -> list[tuple[Points, float]]:
    sign, eye = SIGNS[side], shape.eyes[side]
    smile, sneer, cheek = active.at("AU12", side), active.at("AU10", side), active.at("AU6", side)
    wrinkle = active.at("AU9", side)
    corner = shape.mouth.corners[side]
    fold = 0.75 * smile + 0.8 * sneer + 0.6 * wrinkle + 0.45 * person.age
    start = (sign * (shape.nose_width + 0.04), shape.nose_y - 0.03)
    end = (corner[0] + sign * 0.07, corner[1] - 0.02)
    lines = [(_curve(*start, *end, -sign * (0.03 + 0.04 * sneer)), fold)]
    bag = eye.lower[:, 1].max() + 0.05
    x = eye.center[0]
    lines.append(
        (
            _curve(x - 0.7 * eye.half_width, bag, x + 0.7 * eye.half_width, bag, 0.025),
            0.6 * cheek + 0.4 * active.at("AU7", side) + 0.5 * person.age,
        )
    )
    edge = x + sign * (eye.half_width + 0.03)
    for rise in (-0.035, 0.0, 0.04):
        lines.append(
            (
                _curve(edge, eye.center[1] + rise * 0.5, edge + sign * 0.08, eye.center[1] + rise * 1.8, 0.0),
                0.75 * cheek + 0.35 * person.age - 0.1,
            )
        )
    return lines


def _corner(shape: Landmarks, active: Activations, side: int) -> list[tuple[Points, float]]:
    sign, (x, y) = SIGNS[side], shape.mouth.corners[side]
    dimple, down = active.at("AU14", side), active.at("AU15", side)
    bracket = _curve(x + sign * 0.035, y - 0.06, x + sign * 0.035, y + 0.05, -sign * 0.025)
    droop = _curve(x + sign * 0.01, y + 0.02, x + sign * 0.03, y + 0.11, -sign * 0.01)
    stretch = _curve(x + sign * 0.05, y - 0.07, x + sign * 0.05, y + 0.1, -sign * 0.03)
    return [(bracket, 1.1 * dimple), (droop, 0.8 * down), (stretch, 0.7 * active.at("AU20", side))]


def _chin(shape: Landmarks, active: Activations) -> list[tuple[Points, float]]:
    low = shape.mouth.lower_outer[:, 1].max()
    boss = _curve(-0.12, low + 0.07, 0.12, low + 0.07, -0.03)
    return [(boss, 0.3 + 0.6 * active.mean("AU17"))]
