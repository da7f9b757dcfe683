"""Eyes: lids, whites, iris and lashes, or a dot, or two strokes."""

from __future__ import annotations

import numpy as np

from fer_edge.synthetic.eye_shape import Eye
from fer_edge.synthetic.palette import Palette
from fer_edge.synthetic.pen import Pen
from fer_edge.synthetic.style import Style

SHUT = 0.2
"""Below this opening, as a part of the eye's half width, only the line between the lids is drawn."""


def draw_eye(pen: Pen, eye: Eye, style: Style, palette: Palette, gaze: tuple[float, float]) -> None:
    """Draw one eye; ``gaze`` is the iris' offset as a part of the eye's half width."""
    if eye.opening < SHUT * eye.half_width:
        _shut(pen, eye, style, palette)
    elif style.eye == "dot":
        _dot(pen, eye, style, palette)
    elif style.eye == "lids":
        _lids(pen, eye, style, palette, gaze)
    else:
        _open(pen, eye, style, palette, gaze)


def _shut(pen: Pen, eye: Eye, style: Style, palette: Palette) -> None:
    line = (eye.upper + eye.lower) / 2
    width = 0.03 if style.hand == "soft" else 0.035 + style.outline * 0.5
    pen.taper(line, palette.ink, width * (0.5 + 0.8 * np.sin(np.linspace(0, np.pi, len(line)))))


def _dot(pen: Pen, eye: Eye, style: Style, palette: Palette) -> None:
    """A dot as tall as the eye is open, cut by the lids like any other eye."""
    middle = (eye.upper[:, 1] + eye.lower[:, 1]).mean() / 2
    height = eye.opening * 0.62
    width = min(eye.half_width * 0.5, max(eye.half_width * 0.36, height * 0.7))
    pen.ellipse((eye.center[0], middle), (width, height), palette.ink)
    if style.strands:
        pen.ellipse(
            (eye.center[0] - width * 0.3, middle - height * 0.35),
            (width * 0.28, height * 0.25),
            palette.sclera,
        )
    if style.hand != "simple" or style.outline > 0.026:
        pen.stroke(eye.upper, palette.ink, max(0.015, style.outline * 0.6))


def _lids(pen: Pen, eye: Eye, style: Style, palette: Palette, gaze: tuple[float, float]) -> None:
    _iris(pen, eye, style, palette, gaze)
    pen.stroke(eye.upper, palette.ink, max(0.025, style.outline))
    pen.stroke(eye.lower, palette.ink, max(0.012, style.outline * 0.6))


def _open(pen: Pen, eye: Eye, style: Style, palette: Palette, gaze: tuple[float, float]) -> None:
    pen.fill(np.concatenate([eye.upper, eye.lower[::-1]]), palette.sclera)
    _iris(pen, eye, style, palette, gaze)
    # The lid's edge and lashes: darker and thicker than the lower rim.
    upper = 0.022 + (0.6 * style.outline if style.hand != "soft" else 0.0)
    pen.taper(eye.upper, palette.ink, upper * (0.7 + 0.6 * np.sin(np.linspace(0, np.pi, len(eye.upper)))))
    if style.hand in ("soft", "painted"):
        pen.stroke(eye.crease, palette.fold, 0.014)
        pen.stroke(eye.lower, palette.fold, 0.012)
    else:
        pen.stroke(eye.lower, palette.ink, max(0.012, style.outline * 0.7))


def _iris(pen: Pen, eye: Eye, style: Style, palette: Palette, gaze: tuple[float, float]) -> None:
    radius = eye.half_width * (0.46 if style.eye == "almond" else 0.42)
    x = eye.center[0] + gaze[0] * eye.half_width
    y = eye.center[1] + gaze[1] * eye.half_width - 0.01
    for size, color in (
        (1.0, palette.iris * 0.6),
        (0.84, palette.iris),
        (0.48, np.array([14.0, 12.0, 12.0])),
    ):
        _clipped(pen, eye, (x, y), radius * size, color)
    _clipped(pen, eye, (x - radius * 0.3, y - radius * 0.35), radius * 0.22, np.full(3, 245.0))


def _clipped(pen: Pen, eye: Eye, center: tuple[float, float], radius: float, color: np.ndarray) -> None:
    """A disc, as far as it lies between the lids."""
    x = np.linspace(-1, 1, 13) * radius
    half = np.sqrt(np.maximum(radius**2 - x**2, 0))
    top = np.interp(center[0] + x, eye.upper[:, 0], eye.upper[:, 1])
    bottom = np.interp(center[0] + x, eye.lower[:, 0], eye.lower[:, 1])
    high = np.clip(center[1] - half, top, bottom)
    low = np.clip(center[1] + half, top, bottom)
    if (low - high).max() <= 0:
        return
    edge = np.stack([center[0] + x, high], 1), np.stack([center[0] + x, low], 1)[::-1]
    pen.fill(np.concatenate(edge), color)
