"""Random numbers by topic, so that changing how hair is drawn does not change the expression."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")


def stream(seed: int, topic: str) -> np.random.Generator:
    """A generator that depends on the face's seed and the topic's name alone."""
    return np.random.default_rng([seed, zlib.crc32(topic.encode())])


def between(rng: np.random.Generator, low: float, high: float) -> float:
    """A uniform number in [low, high)."""
    return float(low + (high - low) * rng.random())


def chance(rng: np.random.Generator, probability: float) -> bool:
    """True with the given probability."""
    return bool(rng.random() < probability)


def pick(rng: np.random.Generator, weights: dict[str, float]) -> str:
    """One of the words, as often as its weight says; always takes exactly one random number."""
    names = list(weights)
    edges = np.cumsum([weights[name] for name in names])
    return names[min(int(np.searchsorted(edges, rng.random() * edges[-1], side="right")), len(names) - 1)]


def choose(rng: np.random.Generator, options: Sequence[T]) -> T:
    """One of the options, all equally likely."""
    return options[int(rng.integers(len(options)))]
