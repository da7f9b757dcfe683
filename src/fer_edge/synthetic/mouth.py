"""The mouth: lips, teeth and tongue, or a dark shape, or a line."""

from __future__ import annotations

import numpy as np

from fer_edge.synthetic.action_units import Activations
from fer_edge.synthetic.mouth_shape import Mouth
from fer_edge.synthetic.palette import Palette
from fer_edge.synthetic.pen import Pen
from fer_edge.synthetic.style import Style

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
        pen.taper(line, palette.lips * 0.4, 0.018 + 0.012 * np.sin(np.linspace(0, np.pi, len(line))))
    elif style.mouth == "dark":
        pen.taper(line, palette.ink, 0.02 + 0.03 * np.sin(np.linspace(0, np.pi, len(line))))
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
    arch = np.sin(np.linspace(0, np.pi, len(top)))[:, None] ** 0.6
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
