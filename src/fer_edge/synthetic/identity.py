"""Who is drawn: proportions, skin, hair, age, beard and glasses; nothing here depends on the expression.

Face units: the eyes lie near y = 0, the chin near y = 1, the crown near y = -1.15; x to the right, y down.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fer_edge.synthetic.streams import between, chance, choose, pick

Color = NDArray[np.float64]
"""RGB, 0..255."""

Points = NDArray[np.float64]
"""(n, 2) x and y in face units."""

SKIN_TONES = np.array(
    [[0xF6, 0xED, 0xE4], [0xF3, 0xE7, 0xDB], [0xF7, 0xEA, 0xD0], [0xEA, 0xDA, 0xBA], [0xD7, 0xBD, 0x96],
     [0xA0, 0x7E, 0x56], [0x82, 0x5C, 0x43], [0x60, 0x41, 0x34], [0x3A, 0x31, 0x2A], [0x29, 0x24, 0x20]],
    np.float64,
)  # fmt: skip
"""The Monk Skin Tone Scale (E. Monk, 2019), light to dark."""

HAIR_COLORS = ((28, 22, 20), (52, 36, 26), (90, 58, 34), (140, 92, 50), (196, 158, 96), (150, 64, 36), (120, 118, 116), (206, 204, 200))  # fmt: skip
IRIS_COLORS = ((62, 38, 22), (84, 54, 30), (98, 84, 44), (64, 92, 72), (70, 102, 138), (104, 116, 124))


@dataclass(frozen=True)
class Identity:
    """One person; lengths in face units, colors RGB 0..255, everything else 0..1 unless its name says otherwise."""

    half_width: float
    jaw_taper: float
    jaw_square: float
    chin: float
    crown: float
    eye_x: float
    eye_y: float
    eye_width: float
    eye_open: float
    eye_tilt: float
    brow_gap: float
    brow_arch: float
    brow_slant: float
    brow_thickness: float
    nose_y: float
    nose_width: float
    mouth_y: float
    mouth_width: float
    mouth_rest: float
    upper_lip: float
    lower_lip: float
    age: float
    skin: Color
    hair: Color
    iris: Color
    lips: Color
    hair_style: str
    hairline: float
    beard: str
    glasses: str


def draw_identity(rng: np.random.Generator) -> Identity:
    """Draw a person."""
    skin = _skin(rng)
    hair = np.array(choose(rng, HAIR_COLORS), np.float64) * between(rng, 0.8, 1.2)
    return Identity(
        half_width=between(rng, 0.72, 0.88),
        jaw_taper=between(rng, 0.0, 0.22),
        jaw_square=between(rng, 1.9, 2.7),
        chin=between(rng, 0.94, 1.08),
        crown=between(rng, 1.02, 1.2),
        eye_x=between(rng, 0.28, 0.40),
        eye_y=between(rng, -0.07, 0.07),
        eye_width=between(rng, 0.13, 0.185),
        eye_open=between(rng, 0.34, 0.6),
        eye_tilt=between(rng, -0.015, 0.035),
        brow_gap=between(rng, 0.15, 0.245),
        brow_arch=between(rng, 0.01, 0.07),
        brow_slant=between(rng, -0.02, 0.02),
        brow_thickness=between(rng, 0.025, 0.065),
        nose_y=between(rng, 0.31, 0.42),
        nose_width=between(rng, 0.09, 0.15),
        mouth_y=between(rng, 0.575, 0.7),
        mouth_width=between(rng, 0.18, 0.33),
        mouth_rest=between(rng, -0.018, 0.018),
        upper_lip=between(rng, 0.025, 0.065),
        lower_lip=between(rng, 0.035, 0.085),
        age=between(rng, 0.0, 1.0) ** 2,
        skin=skin,
        # Hair of a lighter tone than the skin is rare, and blinding on the darkest.
        hair=np.clip(np.minimum(hair, skin * 0.95 + 25), 10, 235),
        iris=np.array(choose(rng, IRIS_COLORS), np.float64),
        lips=_lips(rng, skin),
        hair_style=pick(
            rng, {"short": 4, "bob": 2, "long": 2, "bald": 2, "curly": 2, "fringe": 2, "parted": 2, "cap": 1}
        ),
        hairline=between(rng, 0.5, 0.66),
        beard=pick(rng, {"none": 7, "stubble": 1, "full": 1, "moustache": 1, "goatee": 0.6}),
        glasses=pick(rng, {"none": 7, "round": 1, "square": 0.8}) if chance(rng, 0.9) else "none",
    )


def _skin(rng: np.random.Generator) -> Color:
    position = between(rng, 0.0, len(SKIN_TONES) - 1.0)
    low = int(position)
    tone = SKIN_TONES[low] + (SKIN_TONES[low + 1] - SKIN_TONES[low]) * (position - low)
    redness = rng.normal(0.0, 4.0)
    # A camera that meters on the face shows no skin darker than this.
    tone = tone * max(1.0, between(rng, 54, 64) / tone.mean())
    color: Color = np.clip(tone + np.array([1.0, -0.5, -1.0]) * redness, 20, 250)
    return color


def _lips(rng: np.random.Generator, skin: Color) -> Color:
    natural = skin * (0.88, 0.62, 0.62)
    rouge = np.array([between(rng, 120, 200), between(rng, 25, 70), between(rng, 40, 90)])
    share = between(rng, 0.0, 0.5) if chance(rng, 0.5) else 0.1
    return natural * (1 - share) + rouge * share
