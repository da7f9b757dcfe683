"""The colors that one person gets in one style."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fer_edge.synthetic.identity import Color, Identity
from fer_edge.synthetic.streams import between, chance, choose
from fer_edge.synthetic.style import Style

_TOY = ((250, 208, 70), (246, 196, 96), (140, 190, 232), (158, 206, 138), (240, 176, 186), (226, 226, 222))
_CLOTHES = (
    (40, 44, 60),
    (120, 36, 40),
    (60, 90, 120),
    (210, 206, 196),
    (70, 96, 62),
    (150, 120, 80),
    (92, 66, 110),
)


@dataclass(frozen=True)
class Palette:
    """Colors, RGB 0..255."""

    skin: Color
    ink: Color
    fold: Color
    hair: Color
    brow: Color
    iris: Color
    lips: Color
    sclera: Color
    inside: Color
    teeth: Color
    tongue: Color
    clothes: Color


def draw_palette(rng: np.random.Generator, person: Identity, style: Style) -> Palette:
    """Colors of ``person`` drawn in ``style``."""
    skin = _skin(rng, person, style)
    ink = skin * (1 - style.ink) * 0.5 + np.array([18, 14, 14]) * between(rng, 0.3, 1.6)
    hair = person.hair if not style.paper or chance(rng, 0.5) else ink * 1.3
    # Hair of the skin's brightness would hide the brows.
    brow = np.minimum(hair * 0.75, skin * 0.62)
    white = between(rng, 222, 250)
    return Palette(
        skin=skin,
        ink=np.minimum(ink, skin * 0.5),
        fold=skin * (1 - 0.45 * style.folds),
        hair=hair,
        brow=brow if style.brow != "line" else np.minimum(ink, brow),
        iris=person.iris if not style.paper else ink * 1.5,
        lips=person.lips if not (style.paper or style.toy_skin) else skin * (0.86, 0.62, 0.6),
        sclera=_sclera(skin, white, between(rng, 0, 12)),
        inside=np.array([between(rng, 28, 80), between(rng, 10, 30), between(rng, 12, 34)]),
        teeth=_sclera(skin, between(rng, 214, 248), between(rng, 0, 10)) * 1.04,
        tongue=np.array([between(rng, 170, 215), between(rng, 76, 110), between(rng, 82, 116)]),
        clothes=np.array(choose(rng, _CLOTHES), np.float64) * between(rng, 0.7, 1.2),
    )


def _sclera(skin: Color, white: float, yellow: float) -> Color:
    """The white of the eye lies in the shadow of lid and socket: beside dark skin it is far from paper white."""
    level = min(white, 56 + 1.25 * float(skin.mean()))
    return np.array([level, level, level - yellow])


def _skin(rng: np.random.Generator, person: Identity, style: Style) -> Color:
    if style.toy_skin:
        return np.array(choose(rng, _TOY), np.float64) * between(rng, 0.85, 1.02)
    if style.paper:
        return np.array([between(rng, 222, 252), between(rng, 220, 248), between(rng, 212, 246)])
    return person.skin
