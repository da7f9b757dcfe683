"""Quantities as people type them, ``15ms``, ``5MB``, ``5%``, in one place for every option of fer-bench.

    @click.option("--max-latency", type=SECONDS)
    @click.option("--max-size", type=BYTES)
    @click.option("--fail-if-slower", type=SHARE)

A number without its unit is refused: ``--max-latency 15`` could be seconds or milliseconds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import click

from fer_edge.console.option_types import ParamType

_WRITTEN = re.compile(r"\s*([0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]{1,2})?)\s*([^\s0-9.]*)\s*", re.ASCII)
_LONGEST = 40

TIME_UNITS: Mapping[str, Decimal] = {
    "ns": Decimal("1e-9"),
    "us": Decimal("1e-6"),
    "µs": Decimal("1e-6"),  # the micro sign
    "μs": Decimal("1e-6"),  # the Greek letter
    "ms": Decimal("1e-3"),
    "s": Decimal(1),
    "m": Decimal(60),
    "min": Decimal(60),
    "h": Decimal(3600),
}
"""Seconds in each unit."""

SIZE_UNITS: Mapping[str, Decimal] = {
    "B": Decimal(1),
    "kB": Decimal(10**3),
    "KB": Decimal(10**3),
    "MB": Decimal(10**6),
    "GB": Decimal(10**9),
    "KiB": Decimal(2**10),
    "MiB": Decimal(2**20),
    "GiB": Decimal(2**30),
}
"""Bytes in each unit: MB is a million (as stores and data sheets count), MiB is 1,048,576."""

SHARE_UNITS: Mapping[str, Decimal] = {"%": Decimal("0.01")}
"""Ones in each unit."""


def seconds(text: str) -> float:
    """A length of time.

    Args:
        text: such as ``15ms``, ``0.015s``, ``250us``, ``10m`` (minutes).

    Returns:
        Seconds, above 0.

    Raises:
        ValueError: no such quantity; the message says what is allowed.
    """
    return float(_quantity(text, TIME_UNITS, "time", "15ms, 0.015s or 10m (minutes)"))


def size_bytes(text: str) -> int:
    """An amount of storage.

    Args:
        text: such as ``5MB`` (5,000,000), ``5MiB`` (5,242,880), ``800kB``.

    Returns:
        Bytes, at least 1; a fraction of one is dropped.

    Raises:
        ValueError: no such quantity; the message says what is allowed.
    """
    found = int(_quantity(text, SIZE_UNITS, "size", "5MB, 5MiB or 800kB"))
    if not found:
        raise ValueError(f"{_shown(text)} is less than one byte")
    return found


def share(text: str) -> float:
    """A part of something.

    Args:
        text: such as ``5%`` or ``0.5%``.

    Returns:
        5 % as 0.05; 0 or more.

    Raises:
        ValueError: no such quantity; the message says what is allowed.
    """
    return float(_quantity(text, SHARE_UNITS, "share", "5% or 0.5%", zero=True))


def _quantity(
    text: str, units: Mapping[str, Decimal], what: str, examples: str, *, zero: bool = False
) -> Decimal:
    found = _WRITTEN.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None:
        raise ValueError(
            f"{_shown(text)} is no {what}; write a positive number and a unit, such as {examples}"
        )
    number, unit = found.groups()
    if not unit:
        raise ValueError(f"{_shown(text)} has no unit; write for example {examples}")
    try:
        value = Decimal(number) * _factor(unit, units)
    except (KeyError, InvalidOperation):
        raise ValueError(
            f"{_shown(text)} has the unknown unit {_shown(unit)}; allowed: {', '.join(units)}; for example {examples}"
        ) from None
    if not (value or zero):
        raise ValueError(f"{_shown(text)} is zero; allowed: more than zero, such as {examples}")
    return value


def _factor(unit: str, units: Mapping[str, Decimal]) -> Decimal:
    """The unit as written, else the only one that differs in capitals alone (``mb``; ``MS`` would be milliseconds)."""
    if unit in units:
        return units[unit]
    return {factor for name, factor in units.items() if name.lower() == unit.lower()}.pop()


def _shown(text: str) -> str:
    return ascii(text if len(text) <= _LONGEST else text[:_LONGEST] + "...")


class Quantity(ParamType):
    """A click type over one of the readers above; what it refuses is a usage error (exit 2)."""

    def __init__(self, name: str, read: Callable[[str], float]) -> None:
        self.name = name
        self._read = read

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read what was typed; a default that is a number already stays."""
        if isinstance(value, int | float):
            return value
        try:
            return self._read(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


SECONDS = Quantity("time", seconds)
BYTES = Quantity("size", size_bytes)
SHARE = Quantity("share", share)


def shown_seconds(value: float) -> str:
    """Seconds for people, three digits: ``0.01234`` as ``12.3 ms``."""
    for unit, factor in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if abs(value) >= factor:
            return f"{_three(value / factor)} {unit}"
    return f"{_three(value / 1e-9)} ns"


def shown_bytes(value: float) -> str:
    """Bytes for people, three digits, decimal units: ``5_000_000`` as ``5.00 MB``."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if abs(value) >= factor:
            return f"{_three(value / factor)} {unit}"
    return f"{value:.0f} B"


def _three(value: float) -> str:
    digits = 2 if abs(value) < 9.995 else 1 if abs(value) < 99.95 else 0
    return f"{value:.{digits}f}"
