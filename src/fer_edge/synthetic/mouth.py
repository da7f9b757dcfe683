"""The mouth: the lips' edges under the action units of the lower face, and the forms in which they are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from fer_edge.synthetic.action_units import Activations
from fer_edge.synthetic.identity import Identity, Points
from fer_edge.synthetic.palette import Palette
from fer_edge.synthetic.pen import Pen, bow
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


OPEN = 0.028
"""A gap (face units) from which the mouth is drawn open."""


def draw_mouth(pen: Pen, mouth: Mouth, active: Activations, style: Style, palette: Palette) -> None:
    """Draw the mouth."""
    if style.mouth == "lips":
        pen.fill(np.concatenate([mouth.upper_outer, mouth.upper_inner[::-1]]), palette.lips * 0.9)
        pen.fill(np.concatenate([mouth.lower_inner, mouth.lower_outer[::-1]]), palette.lips)
    if mouth.gap > OPEN:
        _inside(pen, mouth, active, style, palette)
    else:
        _closed(pen, mouth, style, palette)
    if style.mouth == "lips" and style.hand not in ("soft",):
        pen.stroke(mouth.upper_outer, palette.lips * 0.6, 0.01)
        pen.stroke(mouth.lower_outer, palette.lips * 0.6, 0.01)


def _closed(pen: Pen, mouth: Mouth, style: Style, palette: Palette) -> None:
    line = (mouth.upper_inner + mouth.lower_inner) / 2
    if style.mouth == "lips":
        pen.taper(line, palette.lips * 0.4, 0.018 + 0.012 * bow(len(line)))
    elif style.mouth == "dark":
        pen.taper(line, palette.ink, 0.02 + 0.03 * bow(len(line)))
    else:
        pen.stroke(line, palette.ink, style.mouth_line)


def _inside(pen: Pen, mouth: Mouth, active: Activations, style: Style, palette: Palette) -> None:
    top, bottom = mouth.upper_inner, mouth.lower_inner
    hole = np.concatenate([top, bottom[::-1]])
    hollow = palette.inside if not (style.paper and not style.teeth) else palette.ink
    pen.fill(hole, hollow)
    if style.tongue and mouth.gap > 0.13:
        _tongue(pen, mouth, palette)
    if style.teeth:
        _teeth(pen, mouth, active, style, palette)
    edge = palette.lips * 0.5 if style.mouth == "lips" else palette.ink
    width = 0.012 if style.mouth == "lips" else max(0.014, 0.6 * style.mouth_line)
    pen.stroke(hole, edge, width, closed=True)


def _tongue(pen: Pen, mouth: Mouth, palette: Palette) -> None:
    top, bottom = mouth.upper_inner[3:-3], mouth.lower_inner[3:-3]
    arch = bow(len(top))[:, None] ** 0.6
    pen.fill(np.concatenate([bottom - (bottom - top) * 0.38 * arch, bottom[::-1]]), palette.tongue)


def _teeth(pen: Pen, mouth: Mouth, active: Activations, style: Style, palette: Palette) -> None:
    """The upper row hangs from the upper lip; the lower one shows where the lower lip is pulled down."""
    top, bottom = mouth.upper_inner[1:-1], mouth.lower_inner[1:-1]
    depth = np.minimum((bottom[:, 1] - top[:, 1]) * 0.96, 0.075)
    smile = max(active.mean("AU12"), active.mean("AU10"), active.mean("AU20"), active.mean("AU16"))
    row = top.copy()
    row[:, 1] += depth * (0.45 + 0.55 * smile)
    pen.fill(np.concatenate([top, row[::-1]]), palette.teeth)
    if max(active.mean("AU16"), active.mean("AU20") * 0.6) > 0.25:
        row = bottom.copy()
        row[:, 1] -= depth * 0.6
        pen.fill(np.concatenate([row, bottom[::-1]]), palette.teeth * 0.95)
    if style.strands and active.mean("AU16") > 0.3:
        lines = np.stack([top, top + (bottom - top) * 0.9], 1)[2:-2:2]
        pen.strokes(lines, palette.teeth * 0.6, 0.006)
