"""Eyes: the lids under AU5, AU6, AU7, AU43 and what the brow's units do to them, and the forms in which they are drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fer_edge.synthetic.action_units import Activations
from fer_edge.synthetic.identity import Identity, Points
from fer_edge.synthetic.palette import Palette
from fer_edge.synthetic.pen import Pen, bow
from fer_edge.synthetic.style import Style

U = np.linspace(-1.0, 1.0, 17)
"""Position along a lid, from the left corner of the picture to the right one."""
ACROSS = np.linspace(-1, 1, 13)
"""Position across an iris."""


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
    """The distances of the upper and the lower lid from the eye's axis, in half widths of the eye."""

    def on(name: str) -> float:
        return active.at(name, side)

    shut = on("AU43")
    squeeze = 0.3 * on("AU7") + 0.22 * on("AU6") + 0.34 * on("AU9") + 0.18 * on("AU4") * (1 - on("AU1"))
    push = 0.45 * on("AU6") + 0.42 * on("AU7") + 0.4 * on("AU9") + 0.12 * on("AU12")
    up = max(0.3, 1 + 0.85 * style.exaggeration * on("AU5") - squeeze) * (1 - shut)
    low = 0.72 * (max(0.15, 1 + 0.25 * on("AU5") - push) - 0.9 * shut)
    return person.eye_open * up, person.eye_open * low


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
    pen.taper(line, palette.ink, width * (0.5 + 0.8 * bow(len(line))))


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
    pen.taper(eye.upper, palette.ink, upper * (0.7 + 0.6 * bow(len(eye.upper))))
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
        _clip(pen, eye, (x, y), radius * size, color)
    _clip(pen, eye, (x - radius * 0.3, y - radius * 0.35), radius * 0.22, np.full(3, 245.0))


def _clip(pen: Pen, eye: Eye, center: tuple[float, float], radius: float, color: np.ndarray) -> None:
    """A disc, as far as it lies between the lids."""
    offset = ACROSS * radius
    half, x = np.sqrt(np.maximum(radius**2 - offset**2, 0)), center[0] + offset
    top = np.interp(x, eye.upper[:, 0], eye.upper[:, 1])
    bottom = np.interp(x, eye.lower[:, 0], eye.lower[:, 1])
    high = np.minimum(np.maximum(center[1] - half, top), bottom)
    low = np.minimum(np.maximum(center[1] + half, top), bottom)
    if (low - high).max() <= 0:
        return
    edge = np.empty((2 * len(x), 2))
    edge[:, 0] = np.concatenate([x, x[::-1]])
    edge[:, 1] = np.concatenate([high, low[::-1]])
    pen.fill(edge, color)
