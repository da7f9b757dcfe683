"""The head without its features: shoulders, neck, ears, skin and hair."""

from __future__ import annotations

import numpy as np

from fer_edge.synthetic.geometry import Landmarks
from fer_edge.synthetic.identity import Color, Identity, Points
from fer_edge.synthetic.palette import Palette
from fer_edge.synthetic.pen import Pen, ring
from fer_edge.synthetic.style import Style


def draw_behind(
    pen: Pen, rng: np.random.Generator, person: Identity, shape: Landmarks, style: Style, palette: Palette
) -> None:
    """The parts that the head covers: long hair, shoulders, neck and ears."""
    if style.bare:
        return
    wide = np.abs(shape.outline[:, 0]).max()
    if person.hair_style in ("bob", "long", "curly"):
        _back_hair(pen, rng, person, wide, style, palette)
    neck = np.array([[-0.42, 0.5], [0.42, 0.5], [0.46, 1.5], [-0.46, 1.5]]) * [wide * 1.2, 1]
    pen.fill(neck, palette.skin * 0.72, depth=-0.2)
    shoulders = np.array([[-0.4, 1.28], [0.4, 1.28], [1.3, 1.5], [1.6, 2.6], [-1.6, 2.6], [-1.3, 1.5]])
    pen.fill(shoulders, palette.clothes, depth=-0.2)
    for sign in (-1.0, 1.0):
        ear = ring((sign * (wide + 0.02), 0.13), (0.1, 0.2))
        pen.fill(ear, palette.skin * 0.88, depth=-0.05)
        _edge(pen, ear, style, palette)


def draw_skin(pen: Pen, shape: Landmarks, style: Style, palette: Palette) -> None:
    """The face's own outline."""
    pen.fill(shape.outline, palette.skin, depth=0.0)
    if style.outline:
        pen.stroke(shape.outline, palette.ink, style.outline, closed=True, depth=0.0)


def draw_hair(
    pen: Pen, rng: np.random.Generator, person: Identity, shape: Landmarks, style: Style, palette: Palette
) -> None:
    """Hair (or a cap) over forehead and crown."""
    if style.bare or person.hair_style == "bald":
        return
    cap = _cap(person, shape)
    if person.hair_style == "cap":
        pen.fill(cap, palette.clothes, depth=0.0)
        return
    pen.fill(cap, palette.hair, depth=0.0)
    if person.hair_style == "curly":
        _curls(pen, rng, cap, palette.hair)
    if style.strands:
        _strands(pen, rng, cap, palette.hair)
    _edge(pen, cap, style, palette)


def _edge(pen: Pen, points: Points, style: Style, palette: Palette) -> None:
    if style.outline:
        pen.stroke(points, palette.ink, style.outline, closed=True, depth=0.0)


def _back_hair(
    pen: Pen, rng: np.random.Generator, person: Identity, wide: float, style: Style, palette: Palette
) -> None:
    low = {"bob": 0.75, "long": 1.5, "curly": 0.45}[person.hair_style] + 0.2 * rng.random()
    flare = 1.12 + 0.2 * rng.random()
    shape = ring((0.0, -0.25), (wide * flare, person.crown - 0.1), 40)
    shape[:, 1] = np.where(
        shape[:, 1] > -0.25, -0.25 + (shape[:, 1] + 0.25) / (person.crown - 0.1) * (low + 0.25), shape[:, 1]
    )
    square = np.sign(shape[:, 0]) * wide * flare
    shape[:, 0] = np.where(
        shape[:, 1] > -0.25,
        0.4 * shape[:, 0] + 0.6 * square * (1 - 0.3 * (shape[:, 1] > low - 0.1)),
        shape[:, 0],
    )
    pen.fill(shape, palette.hair * 0.8, depth=-0.2)
    if style.outline:
        pen.stroke(shape, palette.ink, style.outline, closed=True, depth=-0.2)


def _cap(person: Identity, shape: Landmarks) -> Points:
    """The outline of the hair: the skull from ear to ear, back along the hairline."""
    wide = np.abs(shape.outline[:, 0]).max() + 0.04
    volume = {"curly": 0.16, "cap": 0.06}.get(person.hair_style, 0.08)
    angle = np.linspace(-0.06 * np.pi, 1.06 * np.pi, 28)
    skull = np.stack(
        [-(wide + volume * 0.3) * np.cos(angle), -0.1 - (person.crown - 0.1 + volume) * np.sin(angle)], 1
    )
    u = np.linspace(1, -1, 21)
    brows = min(brow[:, 1].min() for brow in shape.brows)
    level = {"fringe": min(-0.36, brows - 0.06), "cap": min(-0.42, brows - 0.08)}.get(
        person.hair_style, min(-person.hairline, brows - 0.1)
    )
    if person.hair_style == "parted":
        line = (
            level
            + 0.1 * np.abs(u - 0.3) * (np.abs(u) < 0.95)
            + (0.05 - level) * np.clip(np.abs(u) - 0.72, 0, 1) * 2.5
        )
    else:
        line = level + (0.05 - level) * np.clip(np.abs(u) - 0.7, 0, 1) * 2.8
    if person.hair_style == "fringe":
        line += 0.02 * np.cos(u * 22)
    return np.concatenate([skull, np.stack([u * (wide - 0.04), line], 1)])


def _curls(pen: Pen, rng: np.random.Generator, cap: Points, color: Color) -> None:
    for x, y in cap[:28:2]:
        radius = 0.13 + 0.06 * rng.random()
        pen.ellipse((float(x), float(y)), (radius, radius), color * (0.88 + 0.2 * rng.random()), depth=0.0)


def _strands(pen: Pen, rng: np.random.Generator, cap: Points, color: Color) -> None:
    """A few lighter and darker lines from the crown to the hairline."""
    skull, line = cap[2:26], cap[28:][::-1]
    for shade in (0.75, 1.3):
        start = rng.integers(0, len(skull), 9)
        end = np.clip((start / len(skull) * len(line)).astype(int), 0, len(line) - 1)
        middle = (skull[start] * 0.6 + line[end] * 0.4) * [1.0, 1.02]
        pen.strokes(
            np.stack([skull[start], middle, line[end]], 1), np.clip(color * shade, 0, 255), 0.012, depth=0.0
        )
