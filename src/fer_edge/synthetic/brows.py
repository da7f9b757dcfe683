"""Brows: their line under AU1, AU2, AU4 and those that pull it down, and the forms in which it is drawn."""

from __future__ import annotations

from typing import Final

import numpy as np

from fer_edge.synthetic.action_units import Activations
from fer_edge.synthetic.identity import Identity, Points
from fer_edge.synthetic.palette import Palette
from fer_edge.synthetic.pen import Pen
from fer_edge.synthetic.style import Style

PULL: Final = {
    "AU1": (-0.15, -0.07, 0.0),
    "AU2": (-0.02, -0.12, -0.13),
    "AU4": (0.115, 0.06, -0.025),
    "AU1+4": (-0.098, -0.036, 0.08),
    "AU7": (0.02, 0.0, 0.0),
    "AU9": (0.07, 0.045, 0.02),
}
"""Downward movement (face units) of the brow's inner end, middle and outer end at full intensity.

``AU1+4`` is added where both act: together they raise the inner end and draw it inwards, so AU4 loses most of its
downward pull there (FACS manual, AU 1+4).
"""


def shape_brow(person: Identity, style: Style, active: Activations, side: int) -> Points:
    """The brow's center line on one side: (11, 2), from its inner to its outer end."""
    amounts = {name: active.at(name, side) for name in PULL if name != "AU1+4"}
    amounts["AU1+4"] = amounts["AU1"] * amounts["AU4"]
    moves = (np.array(PULL[name]) * amount for name, amount in amounts.items())
    pull = style.exaggeration * sum(moves, start=np.zeros(3))
    rest = person.eye_y - person.brow_gap - 0.5 * person.eye_width * person.eye_open * (style.eye_scale - 1)
    inner, middle, outer = rest + pull + (person.brow_slant, -person.brow_arch, 0.035 - person.brow_slant)
    t = np.linspace(0, 1, 11)
    y = inner * (1 - t) * (1 - 2 * t) + middle * 4 * t * (1 - t) + outer * t * (2 * t - 1)
    knit = 0.05 * style.exaggeration * amounts["AU4"] + 0.02 * amounts["AU9"]
    start = max(0.07, person.eye_x - 1.2 * person.eye_width - knit)
    eye = person.eye_width * style.eye_scale
    end = max(person.eye_x, eye + 0.05) + 1.25 * person.eye_width * style.eye_scale**0.5
    return np.column_stack([(-1.0, 1.0)[side] * (start + (end - start) * t), y])


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
