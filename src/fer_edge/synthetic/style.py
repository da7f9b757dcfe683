"""Styles in which a face is drawn: from softly shaded to a few strokes of ink. A style never looks at the emotion.

Each face mixes the habits of one of five hands, so that a model cannot rely on any one way of drawing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from fer_edge.synthetic.streams import between, chance, pick

HANDS: Final[dict[str, float]] = {"soft": 0.3, "painted": 0.22, "flat": 0.2, "ink": 0.13, "simple": 0.15}
"""Name of a way of drawing -> how often it is used."""

_EYES: Final[dict[str, dict[str, float]]] = {
    "soft": {"almond": 9, "round": 1},
    "painted": {"almond": 6, "round": 3, "dot": 1},
    "flat": {"almond": 3, "round": 4, "dot": 3},
    "ink": {"almond": 4, "round": 3, "dot": 2, "lids": 2},
    "simple": {"dot": 6, "round": 4},
}
_BROWS: Final[dict[str, dict[str, float]]] = {
    "soft": {"hairs": 5, "taper": 5},
    "painted": {"taper": 6, "hairs": 2, "stroke": 2},
    "flat": {"taper": 4, "stroke": 6},
    "ink": {"stroke": 4, "line": 3, "hairs": 2, "taper": 2},
    "simple": {"stroke": 7, "line": 3},
}
_MOUTHS: Final[dict[str, dict[str, float]]] = {
    "soft": {"lips": 9, "dark": 1},
    "painted": {"lips": 7, "dark": 2, "line": 1},
    "flat": {"lips": 3, "dark": 4, "line": 3},
    "ink": {"lips": 2, "dark": 3, "line": 5},
    "simple": {"dark": 4, "line": 6},
}
_NOSES: Final[dict[str, dict[str, float]]] = {
    "soft": {"soft": 9, "nostrils": 1},
    "painted": {"soft": 5, "line": 3, "nostrils": 2},
    "flat": {"line": 3, "nostrils": 2, "button": 2, "soft": 2, "none": 1},
    "ink": {"line": 6, "nostrils": 2, "none": 1},
    "simple": {"none": 4, "button": 2, "line": 2, "nostrils": 1},
}


@dataclass(frozen=True)
class Style:
    """Parameters of a drawing; widths in face units, strengths 0..1 (shading and exaggeration about 1).

    ``bow`` is how late a lip bends towards its corner (1: straight, 2: a parabola); ``grin`` how straight
    the upper lip of an open smile is drawn (1: a half disc); ``bare`` a head without neck,
    ears and hair.
    """

    hand: str
    outline: float
    ink: float
    shading: float
    folds: float
    exaggeration: float
    eye: str
    eye_scale: float
    brow: str
    brow_scale: float
    mouth: str
    mouth_scale: float
    mouth_line: float
    bow: float
    grin: float
    teeth: bool
    tongue: bool
    nose: str
    roundness: float
    bare: bool
    paper: bool
    toy_skin: bool
    strands: bool
    tone: str
    blush: float


def draw_style(rng: np.random.Generator, frontal: bool) -> Style:
    """Draw a way of drawing.

    Args:
        rng: decides.
        frontal: the face must be found by a detector of frontal faces, so there are no drawings without shading.
    """
    hand = pick(rng, HANDS)
    cartoon = hand in ("flat", "ink", "simple")
    return Style(
        hand=hand,
        outline=_outline(rng, hand),
        ink=between(rng, 0.6, 1.0),
        shading=_shading(rng, hand, frontal),
        folds=_folds(rng, hand),
        exaggeration=between(rng, 0.95, 1.3) if cartoon else between(rng, 0.85, 1.15),
        eye=pick(rng, _EYES[hand]),
        eye_scale=between(rng, 0.95, 1.4) if cartoon else between(rng, 0.92, 1.12),
        brow=pick(rng, _BROWS[hand]),
        brow_scale=between(rng, 0.7, 1.8) if cartoon else between(rng, 0.8, 1.2),
        mouth=pick(rng, _MOUTHS[hand]),
        mouth_scale=between(rng, 0.95, 1.3) if cartoon else between(rng, 0.95, 1.1),
        mouth_line=between(rng, 0.024, 0.06),
        bow=between(rng, 1.15, 2.4),
        grin=between(rng, 0.0, 1.0 if cartoon else 0.35),
        teeth=chance(rng, 0.8),
        tongue=chance(rng, 0.35),
        nose=pick(rng, _NOSES[hand]),
        roundness=between(rng, 0.2, 1.0) if hand == "simple" else between(rng, 0.0, 0.4) * cartoon,
        bare=hand == "simple" and chance(rng, 0.6),
        paper=hand == "ink" and chance(rng, 0.6),
        toy_skin=hand == "simple" and chance(rng, 0.5),
        strands=chance(rng, 0.85 if hand == "soft" else 0.4),
        tone=pick(rng, {"color": 6, "gray": 2.2, "sepia": 0.6, "tint": 1}),
        blush=between(rng, 0.0, 0.5) if chance(rng, 0.35) else 0.0,
    )


def _outline(rng: np.random.Generator, hand: str) -> float:
    if hand == "soft" or (hand in ("flat", "painted") and chance(rng, 0.35)):
        return 0.0
    return between(rng, 0.012, 0.04)


def _shading(rng: np.random.Generator, hand: str, frontal: bool) -> float:
    plain = chance(rng, {"soft": 0.0, "painted": 0.1, "flat": 0.4, "ink": 0.5, "simple": 0.5}[hand])
    strength = between(rng, 0.85, 1.2)
    return strength if frontal or not plain else 0.5 * (strength - 0.85)


def _folds(rng: np.random.Generator, hand: str) -> float:
    # Some hands draw no furrow at all: the shape alone must tell the emotion.
    bare = {"soft": 0.05, "painted": 0.1, "flat": 0.25, "ink": 0.2, "simple": 0.4}[hand]
    return 0.0 if chance(rng, bare) else between(rng, 0.35, 1.0)
