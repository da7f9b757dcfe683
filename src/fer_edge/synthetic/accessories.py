"""Things that cover parts of a face: beard, glasses, a hand, a scarf, a bar or strands of hair."""

from __future__ import annotations

import numpy as np

from fer_edge.synthetic.geometry import Landmarks
from fer_edge.synthetic.identity import Identity
from fer_edge.synthetic.palette import Palette
from fer_edge.synthetic.pen import Pen, ring
from fer_edge.synthetic.streams import between, choose
from fer_edge.synthetic.style import Style


def draw_beard(pen: Pen, person: Identity, shape: Landmarks, palette: Palette) -> None:
    """Beard or moustache; drawn before the mouth, which stays visible."""
    if person.beard in ("stubble", "full"):
        share = 0.22 if person.beard == "stubble" else 0.8
        color = palette.skin * (1 - share) + palette.hair * share
        outline = shape.outline[shape.outline[:, 1] > 0.22]
        order = np.argsort(outline[:, 0])
        below = outline[order] * 0.985
        top = 0.5 * (shape.nose_y + 0.08) + 0.5 * below[:, 1]
        inner = np.stack([below[:, 0], np.clip(top, shape.nose_y + 0.1, None)], 1)[::-1]
        pen.fill(np.concatenate([below, inner]), color)
    if person.beard == "goatee":
        low = shape.mouth.lower_outer[:, 1].max()
        pen.ellipse(
            (0.0, (low + shape.chin) / 2 + 0.06), (0.16, max(0.08, (shape.chin - low) / 2)), palette.hair
        )
    if person.beard in ("moustache", "full", "goatee"):
        _moustache(pen, shape, palette)


def _moustache(pen: Pen, shape: Landmarks, palette: Palette) -> None:
    lip = shape.mouth.upper_outer[2:-2]
    ends = np.abs(np.linspace(-1, 1, len(lip)))
    upper = lip.copy()
    upper[:, 1] = np.maximum(lip[:, 1] - 0.085 * (1 - 0.75 * ends**2), shape.nose_y + 0.06)
    lower = lip.copy()
    lower[:, 1] -= 0.008
    upper[:, 1] = np.minimum(upper[:, 1], lower[:, 1])
    pen.fill(np.concatenate([upper, lower[::-1]]), palette.hair * 0.9)


def draw_glasses(pen: Pen, person: Identity, shape: Landmarks, palette: Palette) -> None:
    """A thin frame around the eyes; the lenses are clear."""
    if person.glasses == "none":
        return
    # A thin frame: a heavy one under the eyes looks like a second pair of brows.
    color = 0.6 * palette.ink + 0.4 * palette.skin * (0.8, 0.75, 0.7)
    for sign, eye in zip((-1.0, 1.0), shape.eyes, strict=True):
        # The brows show above the rim.
        wide, high = eye.half_width * 1.45, eye.half_width * 1.1
        rim = ring((eye.center[0], eye.center[1] + 0.02), (wide, high), 28)
        if person.glasses == "square":
            rim[:, 0] = eye.center[0] + np.clip((rim[:, 0] - eye.center[0]) * 1.3, -wide, wide)
            rim[:, 1] = eye.center[1] + np.clip((rim[:, 1] - eye.center[1]) * 1.25, -high * 0.9, high)
        pen.stroke(rim, color, 0.011, closed=True)
        temple = np.array(
            [
                [eye.center[0] + sign * wide, eye.center[1] - 0.02],
                [sign * (np.abs(shape.outline[:, 0]).max()), -0.03],
            ]
        )
        pen.stroke(temple, color, 0.011, depth=None)
    inner = shape.eyes[1].center[0] - shape.eyes[1].half_width * 1.45
    pen.stroke(np.array([[-inner, 0.0], [0, -0.025], [inner, 0.0]]), color, 0.011)


def draw_occlusion(
    pen: Pen, rng: np.random.Generator, shape: Landmarks, style: Style, palette: Palette, *, light: bool
) -> str:
    """Put something before the face and say what.

    Args:
        pen: the drawing.
        rng: decides.
        shape: of the face.
        style: of the drawing.
        palette: its colors.
        light: leave brows, eyes and mouth free, so that the expression can still be read.
    """
    kind = choose(rng, ("hand", "scarf") if light else ("hand", "scarf", "bar", "lock", "hand"))
    if kind == "hand":
        _hand(pen, rng, palette, style, light)
    elif kind == "scarf":
        _scarf(pen, rng, shape, light)
    elif kind == "bar":
        _bar(pen, rng)
    else:
        _lock(pen, rng, palette)
    return kind


def _hand(pen: Pen, rng: np.random.Generator, palette: Palette, style: Style, light: bool) -> None:
    sign = choose(rng, (-1.0, 1.0))
    x, y = (
        sign * between(rng, 0.75, 0.85) if light else sign * between(rng, 0.35, 0.6),
        between(rng, 0.55, 0.85),
    )
    for finger in range(4):
        tip = (x - sign * 0.1 + sign * 0.11 * finger, y - 0.42 + 0.05 * abs(finger - 1.5))
        line = np.array([tip, (x + sign * 0.09 * finger, y + 0.2)])
        pen.stroke(line, palette.skin * 0.6, 0.145)
        pen.stroke(line, palette.skin * 0.9, 0.12)
    pen.ellipse((x + sign * 0.12, y + 0.3), (0.27, 0.25), palette.skin * 0.9)
    if style.outline:
        pen.stroke(ring((x + sign * 0.12, y + 0.3), (0.27, 0.25))[:12], palette.ink, style.outline)


def _scarf(pen: Pen, rng: np.random.Generator, shape: Landmarks, light: bool) -> None:
    color = rng.random(3) * 200 + 20
    top = shape.chin - (0.06 if light else between(rng, 0.1, 0.3))
    band = np.array([[-1.0, top - 0.15], [0, top], [1.0, top - 0.15], [1.1, top + 0.6], [-1.1, top + 0.6]])
    pen.fill(band, color, depth=0.1)
    for step in (0.15, 0.3):
        pen.stroke(band[:3] + np.array([0.0, step]), color * 0.75, 0.03, depth=0.1)


def _bar(pen: Pen, rng: np.random.Generator) -> None:
    x, lean = between(rng, -0.7, 0.7), between(rng, -0.3, 0.3)
    pen.stroke(
        np.array([[x - lean, -1.6], [x + lean, 1.9]]), rng.random(3) * 220, between(rng, 0.08, 0.2), depth=0.3
    )


def _lock(pen: Pen, rng: np.random.Generator, palette: Palette) -> None:
    sign = choose(rng, (-1.0, 1.0))
    t = np.linspace(0, 1, 9)
    for step in range(5):
        x = sign * (0.1 + 0.07 * step + t * between(rng, 0.3, 0.5))
        pen.stroke(
            np.stack([x, -0.85 + t * between(rng, 0.6, 1.3)], 1), palette.hair * between(rng, 0.8, 1.2), 0.06
        )
