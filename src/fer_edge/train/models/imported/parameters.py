"""Kinds of a layer's parameters: what a description, which may be hostile, is allowed to say."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

LARGEST = 1 << 24
"""Of any length, index or number of features."""
LONGEST = 64
"""Numbers in a list."""

Kind = Callable[[Any], Any]
"""Gives the value in the type that the layer takes, or raises ``ValueError``."""


def whole(least: int = 0) -> Kind:
    """A whole number from ``least`` on."""

    def read(value: Any) -> int:
        if type(value) is not int or not least <= value <= LARGEST:
            raise ValueError(f"a whole number from {least} to {LARGEST}")
        return value

    return read


def wholes(least: int = 0, count: int | None = None) -> Kind:
    """A list of whole numbers; as a tuple."""
    one = whole(least)

    def read(value: Any) -> tuple[int, ...]:
        if not isinstance(value, list | tuple) or len(value) > LONGEST or count not in (None, len(value)):
            raise ValueError(f"a list of {'at most 64' if count is None else count} whole numbers")
        return tuple(one(entry) for entry in value)

    return read


def number(value: Any) -> float:
    """A finite number."""
    if type(value) not in (int, float) or not math.isfinite(value):
        raise ValueError("a finite number")
    return float(value)


def number_or_none(value: Any) -> float | None:
    """A finite number, or null."""
    return None if value is None else number(value)


def truth(value: Any) -> bool:
    """True or false."""
    if type(value) is not bool:
        raise ValueError("true or false")
    return value


def word(*choices: str) -> Kind:
    """One of several words."""

    def read(value: Any) -> str:
        if value not in choices:
            raise ValueError(f"one of {', '.join(choices)}")
        return str(value)

    return read
