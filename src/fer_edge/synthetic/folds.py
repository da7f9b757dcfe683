"""Furrows and wrinkles that action units (and age) press into the skin."""

from __future__ import annotations

import numpy as np

from fer_edge.synthetic.action_units import Activations
from fer_edge.synthetic.geometry import Landmarks
from fer_edge.synthetic.identity import Color, Identity, Points
from fer_edge.synthetic.palette import Palette
from fer_edge.synthetic.pen import Pen
from fer_edge.synthetic.style import Style

SIGNS = (-1.0, 1.0)

Fold = tuple[float, float, float, float, float, float]
"""Ends x0, y0, x1, y1 and bend (face units), and depth (from 0 on) of one furrow."""

T = np.linspace(0, 1, 7)[:, None]


def draw_folds(
    pen: Pen, person: Identity, shape: Landmarks, active: Activations, style: Style, palette: Palette
) -> None:
    """Draw all furrows, fainter in styles that draw few of them."""
    soft = style.hand in ("soft", "painted")
    # Wrinkles of the nose and dimples are what AU9 and AU14 look like: every hand draws them.
    telling = max(style.folds, 0.4)
    folds = [(*fold, style.folds) for fold in _all(person, shape, active)]
    for *course, depth, share in folds + [(*fold, telling) for fold in _telling(shape, active)]:
        strength = min(1.0, depth) * share
        if strength > 0.12:
            width = 0.012 + 0.016 * strength if soft else max(0.014, 0.8 * style.outline)
            pen.stroke(_curve(*course), _mix(palette, style, strength), width)


def _mix(palette: Palette, style: Style, strength: float) -> Color:
    dark = palette.skin * 0.45 if style.hand in ("soft", "painted") else palette.ink
    share = strength * (0.75 if style.hand in ("soft", "painted") else 0.95)
    return palette.skin * (1 - share) + dark * share


def _all(person: Identity, shape: Landmarks, active: Activations) -> list[Fold]:
    lines = [*_forehead(person, shape, active), *_frown(shape, active)]
    for side in (0, 1):
        lines += [*_cheek(person, shape, active, side), *_corner(shape, active, side)]
    return [*lines, *_chin(shape, active)]


def _curve(x0: float, y0: float, x1: float, y1: float, bend: float) -> Points:
    """From one point to another, bent by ``bend`` to the right of the way (face units)."""
    length = float(np.hypot(x1 - x0, y1 - y0)) + 1e-9
    bulge = 4 * T * (1 - T) * bend / length
    return np.array([x0, y0]) + T * [x1 - x0, y1 - y0] + bulge * [y0 - y1, x1 - x0]


def _forehead(person: Identity, shape: Landmarks, active: Activations) -> list[Fold]:
    raised = (active.mean("AU1") + active.mean("AU2")) / 2
    top = float(min(brow[:, 1].min() for brow in shape.brows))
    depth = 0.9 * raised + 0.5 * person.age
    steps = ((0.1, 0.27), (0.2, 0.22))
    return [(-half, top - step, half, top - step, 0.02, depth - step) for step, half in steps]


def _frown(shape: Landmarks, active: Activations) -> list[Fold]:
    level = float(shape.brows[0][0, 1] + shape.brows[1][0, 1]) / 2
    frown = active.mean("AU4")
    return [(s * 0.045, level - 0.06, s * 0.035, level + 0.07, s * 0.012, frown) for s in SIGNS]


def _telling(shape: Landmarks, active: Activations) -> list[Fold]:
    wrinkle = active.mean("AU9")
    folds = [(-0.07, 0.07 + step, 0.07, 0.07 + step, -0.02, 1.1 * wrinkle) for step in (0.0, 0.06, 0.12)]
    folds += [(s * 0.09, 0.1, s * 0.14, 0.22, s * 0.03, wrinkle) for s in SIGNS]
    for side, (x, y) in enumerate(shape.mouth.corners):
        edge, bend = x + SIGNS[side] * 0.035, -SIGNS[side] * 0.025
        folds.append((edge, y - 0.06, edge, y + 0.05, bend, 1.1 * active.at("AU14", side)))
    return folds


def _cheek(person: Identity, shape: Landmarks, active: Activations, side: int) -> list[Fold]:
    """Nasolabial fold, the bag under the eye and the crow's feet."""
    sign, eye, (corner_x, corner_y) = SIGNS[side], shape.eyes[side], shape.mouth.corners[side]
    smile, sneer, cheek = active.at("AU12", side), active.at("AU10", side), active.at("AU6", side)
    nasolabial = 0.75 * smile + 0.8 * sneer + 0.6 * active.at("AU9", side) + 0.45 * person.age
    start = sign * (shape.nose_width + 0.04), shape.nose_y - 0.03
    end = corner_x + sign * 0.07, corner_y - 0.02
    bag, half, x = float(eye.lower[:, 1].max()) + 0.05, 0.7 * eye.half_width, eye.center[0]
    bagged = 0.6 * cheek + 0.4 * active.at("AU7", side) + 0.5 * person.age
    edge, y, feet = x + sign * (eye.half_width + 0.03), eye.center[1], 0.75 * cheek + 0.35 * person.age - 0.1
    return [
        (*start, *end, -sign * (0.03 + 0.04 * sneer), nasolabial),
        (x - half, bag, x + half, bag, 0.025, bagged),
        *(
            (edge, y + rise * 0.5, edge + sign * 0.08, y + rise * 1.8, 0.0, feet)
            for rise in (-0.035, 0.0, 0.04)
        ),
    ]


def _corner(shape: Landmarks, active: Activations, side: int) -> list[Fold]:
    """Droop and stretch beside the corner of the mouth."""
    s, (x, y) = SIGNS[side], shape.mouth.corners[side]
    return [
        (x + s * 0.01, y + 0.02, x + s * 0.03, y + 0.11, -s * 0.01, 0.8 * active.at("AU15", side)),
        (x + s * 0.05, y - 0.07, x + s * 0.05, y + 0.1, -s * 0.03, 0.7 * active.at("AU20", side)),
    ]


def _chin(shape: Landmarks, active: Activations) -> list[Fold]:
    low = float(shape.mouth.lower_outer[:, 1].max())
    return [(-0.12, low + 0.07, 0.12, low + 0.07, -0.03, 0.3 + 0.6 * active.mean("AU17"))]
