"""The nose: nostrils and wings, a line, a button, or nothing."""

from __future__ import annotations

import numpy as np

from fer_edge.synthetic.geometry import Landmarks
from fer_edge.synthetic.palette import Palette
from fer_edge.synthetic.pen import Pen
from fer_edge.synthetic.style import Style


def draw_nose(pen: Pen, shape: Landmarks, style: Style, palette: Palette, side: float) -> None:
    """Draw the nose; ``side`` (-1 or 1) is where a drawn bridge line runs."""
    tip = shape.nose_y
    wide = shape.nose_width
    ink = palette.ink * 0.6 + palette.skin * 0.2
    if style.nose in ("soft", "nostrils"):
        for sign in (-1.0, 1.0):
            pen.ellipse((sign * wide * 0.45, tip + 0.035), (wide * 0.24, 0.022), palette.skin * 0.4)
    if style.nose == "soft":
        _wings(pen, wide, tip, palette)
    elif style.nose == "line":
        _line(pen, wide, tip, side, style, ink)
    elif style.nose == "button":
        pen.stroke(_bowl(wide * 0.7, tip, 0.05), ink, max(0.016, style.outline))


def _bowl(wide: float, tip: float, depth: float) -> np.ndarray:
    u = np.linspace(-1, 1, 11)
    return np.stack([u * wide, tip + depth * (1 - u**2)], 1)


def _wings(pen: Pen, wide: float, tip: float, palette: Palette) -> None:
    angle = np.linspace(-0.4 * np.pi, 0.5 * np.pi, 8)
    for sign in (-1.0, 1.0):
        wing = np.stack([sign * (wide * 0.72 + wide * 0.32 * np.cos(angle)), tip + 0.05 * np.sin(angle)], 1)
        pen.stroke(wing, palette.fold * 0.92, 0.014)
    pen.stroke(_bowl(wide * 0.3, tip + 0.03, 0.02), palette.fold * 0.85, 0.014)


def _line(pen: Pen, wide: float, tip: float, side: float, style: Style, ink: np.ndarray) -> None:
    bridge = np.array(
        [
            [0.25, 0.1],
            [0.35, 0.16],
            [0.6, tip - 0.06],
            [0.9, tip - 0.01],
            [0.75, tip + 0.04],
            [0.1, tip + 0.05],
        ]
    )
    bridge[:, 0] *= wide * side
    pen.stroke(bridge if wide > 0.12 else bridge[2:], ink, max(0.014, style.outline * 0.8))
