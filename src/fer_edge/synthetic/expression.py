"""Expressions: action units with intensities, and the soft label that goes with them.

A weak expression shares its label with neutral; a mixture of two emotions carries both with the weights it was
drawn with. "Clear" faces show one emotion alone, at an intensity where the label is not in doubt.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.labels import EMOTIONS
from fer_edge.synthetic.action_units import ACTION_UNITS, Activations, mirror
from fer_edge.synthetic.prototypes import PROTOTYPES
from fer_edge.synthetic.streams import between, chance, choose

FAINT, PLAIN = 0.12, 0.62
"""Intensities at which an expression starts to be seen (label: all neutral) and is seen by everyone."""

NOISE_UNITS = tuple(name for name in ACTION_UNITS if name not in {"AU26", "AU27", "AU43", "AU25", "AU9"})


@dataclass(frozen=True)
class Expression:
    """Action units and the label: float32 (8,), sums to 1, order of ``EMOTIONS``."""

    activations: Activations
    label: NDArray[np.float32]
    emotion: str
    clear: bool


def visible(intensity: float) -> float:
    """The share of the label (0..1) that an expression of this intensity keeps; neutral has the rest."""
    return min(1.0, max(0.0, (intensity - FAINT) / (PLAIN - FAINT)))


def draw_expression(rng: np.random.Generator, emotion: str, clear: bool) -> Expression:
    """Draw an expression whose strongest emotion is ``emotion``."""
    if clear:
        weights = {} if emotion == "neutral" else {emotion: between(rng, 0.78, 1.0)}
    else:
        weights = _unclear(rng, emotion)
    values = _values(rng, weights, noise=0.06 if clear else 0.16)
    asymmetry = {name: float(np.clip(rng.normal(0, 0.07), -0.18, 0.18)) for name in values}
    return Expression(Activations(values, asymmetry), _label(weights), emotion, clear)


def _unclear(rng: np.random.Generator, emotion: str) -> dict[str, float]:
    others = [name for name in EMOTIONS if name not in ("neutral", emotion)]
    if emotion == "neutral":  # a trace of something else
        return {choose(rng, others): between(rng, FAINT, FAINT + 0.42 * (PLAIN - FAINT))}
    if chance(rng, 0.45):  # weak, yet more than half visible
        return {emotion: between(rng, FAINT + 0.56 * (PLAIN - FAINT), PLAIN + 0.1)}
    strength = between(rng, 0.7, 1.0)
    return {emotion: strength, choose(rng, others): strength * between(rng, 0.15, 0.75)}


def _values(rng: np.random.Generator, weights: dict[str, float], noise: float) -> dict[str, float]:
    total: dict[str, float] = {}
    for emotion, weight in weights.items():
        variant = choose(rng, PROTOTYPES[emotion])
        flip = chance(rng, 0.5)
        for name, peak in (mirror(variant) if flip else variant).items():
            total[name] = total.get(name, 0.0) + peak * weight * between(rng, 0.85, 1.1)
    for name in rng.choice(len(NOISE_UNITS), 3, replace=False):
        total[NOISE_UNITS[name]] = total.get(NOISE_UNITS[name], 0.0) + noise * float(rng.random())
    return {name: round(min(1.0, value), 4) for name, value in total.items()}


def _label(weights: dict[str, float]) -> NDArray[np.float32]:
    label = np.zeros(len(EMOTIONS), np.float64)
    total = sum(weights.values())
    seen = visible(max(weights.values())) if weights else 0.0
    for emotion, weight in weights.items():
        label[EMOTIONS.index(emotion)] = seen * weight / total
    label[EMOTIONS.index("neutral")] += 1.0 - seen
    return label.astype(np.float32)
