"""The edges of the lips under the action units of the lower face."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from fer_edge.synthetic.action_units import Activations
from fer_edge.synthetic.identity import Identity, Points
from fer_edge.synthetic.style import Style

U = np.linspace(-1.0, 1.0, 17)
"""Position along a lip, from the left corner of the picture to the right one."""

CORNER_DOWN: Final = {"AU9": 0.015, "AU10": 0.03, "AU12": -0.15, "AU14": -0.05, "AU15": 0.135, "AU20": 0.03}
"""Downward movement (face units) of a corner of the mouth at full intensity; the jaw's comes on top."""

CORNER_OUT: Final = {
    "AU10": 0.06, "AU12": 0.34, "AU14": 0.16, "AU15": 0.04, "AU18": -0.3, "AU20": 0.42, "AU22": -0.3, "AU23": -0.2,
    "AU24": -0.04, "AU27": -0.3,
}  # fmt: skip
"""Outward movement of a corner as a part of the half width of the mouth."""


@dataclass(frozen=True)
class Mouth:
    """Edges of the lips from left to right corner; ``gap`` is the opening in the middle."""

    upper_outer: Points
    upper_inner: Points
    lower_inner: Points
    lower_outer: Points
    gap: float
    corners: tuple[tuple[float, float], tuple[float, float]]


def shape_mouth(person: Identity, style: Style, active: Activations) -> Mouth:
    """Shape of the mouth."""
    left, right = (_corner(person, style, active, side) for side in (0, 1))
    middle_x = 0.35 * (left[0] + right[0])
    x = np.where(U < 0, middle_x + (middle_x - left[0]) * U, middle_x + (right[0] - middle_x) * U)
    upper, lower = _inner_edges(person, style, active, (left[1], right[1]))
    thickness = _thickness(active)
    arc, cupid = 1 - U**2, 1 - 0.28 * np.exp(-((U / 0.16) ** 2))
    rolled = 1 + 0.3 * active.mean("AU22")
    upper_outer = upper - person.upper_lip * thickness * rolled * arc**0.8 * cupid
    lower_outer = lower + person.lower_lip * thickness * (rolled + 0.25 * active.mean("AU17")) * arc**0.7
    edges = [np.column_stack([x, y]) for y in (upper_outer, upper, lower, lower_outer)]
    return Mouth(edges[0], edges[1], edges[2], edges[3], float((lower - upper).max()), (left, right))


def _corner(person: Identity, style: Style, active: Activations, side: int) -> tuple[float, float]:
    def on(name: str) -> float:
        return active.at(name, side)

    smile, gain = on("AU12"), style.exaggeration
    out = sum(amount * on(name) for name, amount in CORNER_OUT.items())
    out -= 0.2 * on("AU26") * (1 - smile) * (1 - on("AU20"))
    jaw = (0.1 * on("AU26") * on("AU25") + 0.17 * on("AU27")) * (1 - 0.6 * smile)
    down = sum(amount * on(name) for name, amount in CORNER_DOWN.items()) + jaw
    width = person.mouth_width * style.mouth_scale * max(0.45, 1 + gain * out)
    return (-1.0, 1.0)[side] * width, person.mouth_y + person.mouth_rest + gain * down


def _inner_edges(
    person: Identity, style: Style, active: Activations, corners: tuple[float, float]
) -> tuple[Points, Points]:
    """Y of the lips' inner edges along ``U``."""
    m, gain = active.mean, style.exaggeration
    parted, smile = m("AU25"), min(active.at("AU12", 0), active.at("AU12", 1))
    chin = m("AU17") * (1 - 0.5 * m("AU26"))
    middle = person.mouth_y + gain * (0.02 * smile - 0.035 * chin - 0.045 * m("AU15") + 0.02 * m("AU20"))
    lift = gain * (0.085 * m("AU10") + 0.06 * m("AU9") + 0.02 * m("AU12") * parted)
    gap = parted * (0.05 + 0.05 * m("AU12") + 0.03 * m("AU20") + 0.06 * m("AU16"))
    gap += gain * (0.23 * m("AU26") + 0.34 * m("AU27")) * max(parted, 0.25)
    bow = middle + (np.where(U < 0, *corners) - middle) * np.abs(U) ** style.bow
    arc = (1 - U**2) ** _roundness(active)
    # Parted lips: the upper one rises alone. Closed lips: both follow, less far.
    apart = min(1.0, parted * 5)
    upper = bow - arc * (0.22 * gap + lift * (0.45 + 0.35 * apart))
    upper += style.grin * min(1.0, parted * smile) * (np.where(U < 0, *corners) - upper)
    lower = bow + arc * (0.78 * gap - lift * 0.45 * (1 - apart))
    return upper, np.maximum(upper, lower)


def _roundness(active: Activations) -> float:
    """Exponent of the opening's arc: near 0.5 an ellipse, smaller a rectangle, greater a lens."""
    m = active.mean
    round_mouth = min(1.0, m("AU27") + 0.8 * m("AU26") * (1 - m("AU12")) + m("AU22"))
    return max(0.25, 0.75 - 0.25 * round_mouth - 0.4 * m("AU20") * m("AU25") - 0.15 * m("AU16"))


def _thickness(active: Activations) -> float:
    m = active.mean
    return (1 - 0.55 * m("AU23")) * (1 - 0.8 * m("AU24")) * (1 - 0.3 * m("AU12")) * (1 - 0.35 * m("AU20"))
