"""Where the features of a face lie, given who it is and which action units are active.

All lengths in face units (see :mod:`identity`): x right, y down. The displacements follow the muscles' pull as the
FACS manual describes each unit's appearance changes; their sizes are this project's own. The emotion reaches the
picture through this file and the folds alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fer_edge.train.synthetic.action_units import Activations
from fer_edge.train.synthetic.identity import Identity
from fer_edge.train.synthetic.style import Style

Points = NDArray[np.float64]
"""(n, 2) x and y in face units."""

U = np.linspace(-1.0, 1.0, 17)
"""Position along a lid or lip, from the left corner of the picture to the right one."""


@dataclass(frozen=True)
class Eye:
    """Lids from left to right; ``opening`` is the greatest distance between them."""

    center: tuple[float, float]
    half_width: float
    upper: Points
    lower: Points
    opening: float
    crease: Points


@dataclass(frozen=True)
class Mouth:
    """Edges of the lips from left to right corner; ``gap`` is the opening in the middle."""

    upper_outer: Points
    upper_inner: Points
    lower_inner: Points
    lower_outer: Points
    gap: float
    corners: tuple[tuple[float, float], tuple[float, float]]


@dataclass(frozen=True)
class Landmarks:
    """Everything the drawing needs to know about the shape of one face."""

    eyes: tuple[Eye, Eye]
    brows: tuple[Points, Points]
    mouth: Mouth
    nose_y: float
    nose_width: float
    chin: float
    outline: Points


def landmarks(person: Identity, style: Style, active: Activations) -> Landmarks:
    """Shape of the face of ``person`` under the given action units."""
    gain = style.exaggeration
    chin = (
        person.chin
        + gain * (0.08 * active.mean("AU26") + 0.2 * active.mean("AU27"))
        - 0.015 * active.mean("AU24")
    )
    return Landmarks(
        eyes=(_eye(person, style, active, 0), _eye(person, style, active, 1)),
        brows=(_brow(person, style, active, 0), _brow(person, style, active, 1)),
        mouth=_mouth(person, style, active),
        nose_y=person.nose_y - 0.035 * gain * max(active.mean("AU9"), 0.5 * active.mean("AU10")),
        nose_width=person.nose_width
        * (1 + 0.18 * active.mean("AU9") + 0.2 * active.mean("AU38") + 0.08 * active.mean("AU12")),
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
    width = person.half_width + 0.12 * style.roundness
    return np.stack([x * width, y], axis=1)


def _eye(person: Identity, style: Style, active: Activations, side: int) -> Eye:
    def on(name: str) -> float:
        return active.at(name, side)

    sign, gain = (-1.0, 1.0)[side], style.exaggeration
    half = person.eye_width * style.eye_scale
    # A big cartoon eye must not touch the other one.
    x = sign * max(person.eye_x, half + 0.05)
    sad = min(on("AU1"), on("AU4") * 1.5, 1.0) * (1 - on("AU5"))
    shut = min(1.0, on("AU43"))
    squeeze = 0.30 * on("AU7") + 0.22 * on("AU6") + 0.28 * on("AU9") + 0.18 * on("AU4") * (1 - on("AU1"))
    up = half * person.eye_open * max(0.3, 1 + 0.85 * gain * on("AU5") - squeeze) * (1 - shut)
    push = 0.45 * on("AU6") + 0.42 * on("AU7") + 0.4 * on("AU9") + 0.12 * on("AU12")
    low = half * person.eye_open * 0.72 * (max(0.15, 1 + 0.25 * on("AU5") - push) - 0.9 * shut)
    outward = U * sign
    base = person.eye_y - (person.eye_tilt - 0.06 * gain * sad) * outward
    arc = 1 - U**2
    # The lowered brow presses on the inner half of the upper lid; sorrow lifts that half.
    inner = np.clip(-outward, 0, 1) - np.clip(outward, 0, 1)
    skew = 1 + inner * (0.35 * sad - 0.3 * on("AU4") * (1 - on("AU1")))
    upper = base - up * arc**0.75 * skew
    lift = 0.05 * shut * (on("AU6") + on("AU12")) - 0.03 * shut * (1 - on("AU6"))
    lower = base + low * arc**0.85 - lift * arc
    upper = np.minimum(upper, lower)
    crease = base - (up + half * 0.34) * arc**0.7 * skew - lift * arc
    return Eye(
        center=(x, person.eye_y), half_width=half, opening=float((lower - upper).max()),
        upper=np.stack([x + U * half, upper], 1), lower=np.stack([x + U * half, lower], 1),
        crease=np.stack([x + U * half * 1.06, crease], 1),
    )  # fmt: skip


def _brow(person: Identity, style: Style, active: Activations, side: int) -> Points:
    """The brow's center line, 11 points from its inner to its outer end."""

    def on(name: str) -> float:
        return active.at(name, side)

    sign, gain = (-1.0, 1.0)[side], style.exaggeration
    one, two, four = on("AU1"), on("AU2"), on("AU4")
    # AU1+4 together raise the inner end and draw it inwards: AU4 loses most of its downward pull there.
    press = four * (1 - 0.85 * one)
    rest = person.eye_y - person.brow_gap - 0.5 * person.eye_width * person.eye_open * (style.eye_scale - 1)
    inner = (
        rest
        + person.brow_slant
        + gain * (-0.15 * one + 0.115 * press + 0.045 * on("AU9") + 0.02 * on("AU7") - 0.02 * two)
    )
    middle = (
        rest
        - person.brow_arch
        + gain * (-0.07 * one - 0.12 * two + 0.06 * press + 0.035 * on("AU9") + 0.015 * four * one)
    )
    outer = (
        rest
        + 0.035
        - person.brow_slant
        + gain * (-0.13 * two + 0.01 * four + 0.05 * four * one + 0.02 * on("AU9") - 0.035 * press)
    )
    t = np.linspace(0, 1, 11)
    y = inner * (1 - t) * (1 - 2 * t) + middle * 4 * t * (1 - t) + outer * t * (2 * t - 1)
    start = max(0.07, person.eye_x - 1.2 * person.eye_width - 0.05 * gain * four - 0.02 * on("AU9"))
    end = (
        max(person.eye_x, person.eye_width * style.eye_scale + 0.05)
        + 1.25 * person.eye_width * style.eye_scale**0.5
    )
    return np.stack([sign * (start + (end - start) * t), y], axis=1)


def _mouth(person: Identity, style: Style, active: Activations) -> Mouth:
    gain, m = style.exaggeration, active.mean
    left, right = _corner(person, style, active, 0), _corner(person, style, active, 1)
    center_x = 0.35 * (left[0] + right[0])
    chin_raise = m("AU17") * (1 - 0.5 * m("AU26"))
    middle = person.mouth_y + gain * (
        0.02 * m("AU12") - 0.035 * chin_raise - 0.045 * m("AU15") + 0.02 * m("AU20")
    )
    lift = gain * (0.075 * m("AU10") + 0.045 * m("AU9") + 0.02 * m("AU12") * m("AU25"))
    opening = m("AU25") * (0.05 + 0.05 * m("AU12") + 0.03 * m("AU20"))
    opening += gain * (0.23 * m("AU26") + 0.34 * m("AU27")) * max(m("AU25"), 0.25) + 0.06 * m("AU16") * m(
        "AU25"
    )
    bow = np.where(U < 0, _arc(left[1], middle, U, style.bow), _arc(right[1], middle, U, style.bow))
    x = np.where(U < 0, center_x + (center_x - left[0]) * U, center_x + (right[0] - center_x) * U)
    round_mouth = min(1.0, m("AU27") + 0.8 * m("AU26") * (1 - m("AU12")) + m("AU22"))
    power = 0.75 - 0.25 * round_mouth - 0.4 * m("AU20") * m("AU25") - 0.15 * m("AU16")
    arc = (1 - U**2) ** max(power, 0.25)
    upper_inner = bow - arc * (0.22 * opening + lift * (0.8 if m("AU25") > 0.2 else 0.45))
    lower_inner = np.maximum(
        upper_inner, bow + arc * 0.78 * opening - (arc * lift * 0.45 if m("AU25") <= 0.2 else 0)
    )
    return _lips(person, active, (x, upper_inner, lower_inner), (left, right))


def _arc(corner: float, middle: float, u: Points, power: float) -> Points:
    return middle + (corner - middle) * np.abs(u) ** power


def _corner(person: Identity, style: Style, active: Activations, side: int) -> tuple[float, float]:
    def on(name: str) -> float:
        return active.at(name, side)

    gain = style.exaggeration
    pull = 0.34 * on("AU12") + 0.42 * on("AU20") + 0.16 * on("AU14") + 0.04 * on("AU15") + 0.1 * on("AU10")
    tight = (
        0.2 * on("AU23")
        + 0.04 * on("AU24")
        + 0.3 * on("AU18")
        + 0.3 * on("AU22")
        + 0.3 * on("AU27")
        + 0.2 * on("AU26") * (1 - on("AU12")) * (1 - on("AU20"))
    )
    width = person.mouth_width * style.mouth_scale * max(0.45, 1 + gain * (pull - tight))
    drop = 0.10 * on("AU26") * on("AU25") + 0.17 * on("AU27")
    y = (
        -0.13 * on("AU12")
        - 0.05 * on("AU14")
        + 0.125 * on("AU15")
        + 0.03 * on("AU20")
        + drop * (1 - 0.6 * on("AU12"))
        - 0.015 * on("AU9")
    )
    return ((-1.0, 1.0)[side] * width, person.mouth_y + person.mouth_rest + gain * y)


def _lips(
    person: Identity, active: Activations, edges: tuple[Points, Points, Points],
    corners: tuple[tuple[float, float], tuple[float, float]],
) -> Mouth:  # fmt: skip
    x, upper_inner, lower_inner = edges
    m = active.mean
    thin = (1 - 0.55 * m("AU23")) * (1 - 0.8 * m("AU24")) * (1 - 0.3 * m("AU12")) * (1 - 0.35 * m("AU20"))
    arc = 1 - U**2
    cupid = 1 - 0.28 * np.exp(-((U / 0.16) ** 2))
    upper = upper_inner - person.upper_lip * thin * arc**0.8 * cupid * (1 + 0.3 * m("AU22"))
    lower = lower_inner + person.lower_lip * thin * arc**0.7 * (1 + 0.25 * m("AU17") + 0.3 * m("AU22"))
    return Mouth(
        upper_outer=np.stack([x, upper], 1), upper_inner=np.stack([x, upper_inner], 1),
        lower_inner=np.stack([x, lower_inner], 1), lower_outer=np.stack([x, lower], 1),
        gap=float((lower_inner - upper_inner).max()), corners=corners,
    )  # fmt: skip
