"""The places of a face's features, given who it is and which action units are active.

All lengths in face units (see :mod:`identity`): x right, y down. The displacements follow what the FACS manual says
about the appearance changes of each unit; their sizes are this project's own. The emotion reaches the picture
through the shapes and the folds alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fer_edge.synthetic.action_units import Activations
from fer_edge.synthetic.brows import shape_brow
from fer_edge.synthetic.eyes import Eye, shape_eye
from fer_edge.synthetic.identity import Identity, Points
from fer_edge.synthetic.mouth import Mouth, shape_mouth
from fer_edge.synthetic.style import Style


@dataclass(frozen=True)
class Landmarks:
    """Everything the drawing needs to know about the shape of one face; pairs are left and right of the picture."""

    eyes: tuple[Eye, Eye]
    brows: tuple[Points, Points]
    mouth: Mouth
    nose_y: float
    nose_width: float
    chin: float
    outline: Points


def landmarks(person: Identity, style: Style, active: Activations) -> Landmarks:
    """Shape of the face of ``person`` under the given action units."""
    m, gain = active.mean, style.exaggeration
    chin = person.chin + gain * (0.08 * m("AU26") + 0.2 * m("AU27")) - 0.015 * m("AU24")
    wide = 1 + 0.18 * m("AU9") + 0.2 * m("AU38") + 0.08 * m("AU12")
    return Landmarks(
        eyes=(shape_eye(person, style, active, 0), shape_eye(person, style, active, 1)),
        brows=(shape_brow(person, style, active, 0), shape_brow(person, style, active, 1)),
        mouth=shape_mouth(person, style, active),
        nose_y=person.nose_y - gain * max(0.05 * m("AU9"), 0.02 * m("AU10")),
        nose_width=person.nose_width * wide,
        chin=chin,
        outline=_outline(person, style, chin),
    )


def _outline(person: Identity, style: Style, chin: float) -> Points:
    angle = np.linspace(0, 2 * np.pi, 56, endpoint=False)
    sine, cosine = np.sin(angle), np.cos(angle)
    power = 2.0 / person.jaw_square
    x = np.sign(cosine) * np.abs(cosine) ** power
    taper = person.jaw_taper * (1 - style.roundness)
    x = np.where(sine > 0, x * (1 - taper * sine), np.sign(cosine) * np.abs(cosine) ** 0.95)
    y = np.where(sine > 0, chin * np.abs(sine) ** power, -person.crown * np.abs(sine) ** 0.95)
    width = person.half_width + 0.06 * style.roundness
    return np.stack([x * width, y], axis=1)
