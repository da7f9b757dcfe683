"""The lids of an eye under AU5, AU6, AU7 and AU43, and what the brow's units do to them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fer_edge.synthetic.action_units import Activations
from fer_edge.synthetic.identity import Identity, Points
from fer_edge.synthetic.style import Style

U = np.linspace(-1.0, 1.0, 17)
"""Position along a lid, from the left corner of the picture to the right one."""


@dataclass(frozen=True)
class Eye:
    """Lids from left to right; ``opening`` is the greatest distance between them."""

    center: tuple[float, float]
    half_width: float
    upper: Points
    lower: Points
    opening: float
    crease: Points


def shape_eye(person: Identity, style: Style, active: Activations, side: int) -> Eye:
    """Shape of one eye (side 0: left of the picture, 1: right)."""

    def on(name: str) -> float:
        return active.at(name, side)

    sign = (-1.0, 1.0)[side]
    half = person.eye_width * style.eye_scale
    # A big cartoon eye must not touch the other one.
    x = sign * max(person.eye_x, half + 0.05)
    up, low = _openings(person, style, active, side)
    arc, outward = 1 - U**2, U * sign
    sorrow = min(on("AU1"), on("AU4") * 1.5, 1.0) * (1 - on("AU5"))
    base = person.eye_y - (person.eye_tilt - 0.06 * style.exaggeration * sorrow) * outward
    # The lowered brow presses on the inner half of the upper lid; sorrow lifts that half.
    skew = 1 - outward * (0.35 * sorrow - 0.3 * on("AU4") * (1 - on("AU1")))
    # Closed lids meet in an arc: upwards over a laughing cheek, else downwards.
    bend = on("AU43") * (0.05 * (on("AU6") + on("AU12")) - 0.03 * (1 - on("AU6")))
    lower = base + half * low * arc**0.85 - bend * arc
    upper = np.minimum(base - half * up * arc**0.75 * skew, lower)
    crease = base - half * (up + 0.34) * arc**0.7 * skew - bend * arc
    return Eye(
        center=(x, person.eye_y),
        half_width=half,
        upper=np.column_stack([x + U * half, upper]),
        lower=np.column_stack([x + U * half, lower]),
        opening=float((lower - upper).max()),
        crease=np.column_stack([x + U * half * 1.06, crease]),
    )


def _openings(person: Identity, style: Style, active: Activations, side: int) -> tuple[float, float]:
    """How far the upper and the lower lid stand from the eye's axis, in half widths of the eye."""

    def on(name: str) -> float:
        return active.at(name, side)

    shut = on("AU43")
    squeeze = 0.3 * on("AU7") + 0.22 * on("AU6") + 0.34 * on("AU9") + 0.18 * on("AU4") * (1 - on("AU1"))
    push = 0.45 * on("AU6") + 0.42 * on("AU7") + 0.4 * on("AU9") + 0.12 * on("AU12")
    up = max(0.3, 1 + 0.85 * style.exaggeration * on("AU5") - squeeze) * (1 - shut)
    low = 0.72 * (max(0.15, 1 + 0.25 * on("AU5") - push) - 0.9 * shut)
    return person.eye_open * up, person.eye_open * low
