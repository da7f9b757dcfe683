"""Brows: a tapered shape, a stroke of even width, a thin line or single hairs."""

from __future__ import annotations

import numpy as np

from fer_edge.synthetic.identity import Points
from fer_edge.synthetic.palette import Palette
from fer_edge.synthetic.pen import Pen
from fer_edge.synthetic.style import Style


def draw_brow(
    pen: Pen, rng: np.random.Generator, line: Points, thickness: float, style: Style, palette: Palette
) -> None:
    """Draw one brow along ``line`` (from its inner to its outer end)."""
    width = thickness * style.brow_scale
    if style.brow == "line":
        pen.stroke(line, palette.brow, max(0.02, 0.4 * width))
    elif style.brow == "stroke":
        pen.stroke(line, palette.brow, max(0.03, width))
    else:
        profile = np.interp(np.linspace(0, 1, len(line)), [0, 0.25, 0.65, 1], [0.8, 1.0, 0.9, 0.2])
        if style.brow == "hairs":
            _hairs(pen, rng, line, width, palette)
            profile *= 0.6
        pen.taper(line, palette.brow, width * profile)


def _hairs(pen: Pen, rng: np.random.Generator, line: Points, width: float, palette: Palette) -> None:
    count = 26
    at = rng.random(count) * (len(line) - 1.001)
    low = at.astype(int)
    root = line[low] + (line[low + 1] - line[low]) * (at - low)[:, None]
    along = (line[-1] - line[0]) / np.hypot(*(line[-1] - line[0]))
    rise = np.interp(at / (len(line) - 1), [0, 0.5, 1], [-0.9, -0.3, 0.15])
    root = root + np.stack([np.zeros(count), (rng.random(count) - 0.3) * width * 0.6], 1)
    tip = (
        root
        + (along[None, :] + np.stack([np.zeros(count), rise], 1))
        * (0.5 + rng.random(count))[:, None]
        * width
        * 0.9
    )
    pen.strokes(np.stack([root, tip], 1), palette.brow * 0.9, 0.008)
