"""Quantities as people type and read them, ``15ms``, ``5MB``, ``5%``, in one place for every option of fer-bench.

    @click.option("--max-latency", type=SECONDS)
    @click.option("--max-size", type=BYTES)
    @click.option("--fail-if-slower", type=SHARE)

A number without its unit is refused: ``--max-latency 15`` could be seconds or milliseconds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import click

from fer_edge.console.option_types import ParamType

_WRITTEN = re.compile(r"\s*([0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]{1,2})?)\s*([^\s0-9.]*)\s*", re.ASCII)
_LONGEST = 40

TIME_UNITS = {
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
SIZE_UNITS = {
    name: Decimal(size)
    for name, size in {
        "B": 1,
        "kB": 10**3,
        "KB": 10**3,
        "MB": 10**6,
        "GB": 10**9,
        "KiB": 2**10,
        "MiB": 2**20,
        "GiB": 2**30,
    }.items()
}
"""Bytes in each unit: MB is a million (as stores and data sheets count), MiB is 1,048,576."""


class Quantity(ParamType):
    """A click type of a number with a unit; what it refuses is a usage error (exit 2).

    Args:
        name: of the quantity.
        units: how many of the base unit each is.
        examples: for messages.
        zero: whether none at all is allowed.
        whole: whether it is counted in whole base units; a fraction of one is dropped.
    """

    def __init__(
        self,
        name: str,
        units: Mapping[str, Decimal],
        examples: str,
        *,
        zero: bool = False,
        whole: bool = False,
    ) -> None:
        self.name = name
        self._units, self._examples, self._zero, self._whole = units, examples, zero, whole

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read what was typed; a default that is a number already stays."""
        if isinstance(value, int | float):
            return value
        try:
            return self.read(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)

    def read(self, text: str) -> float:
        """The quantity in base units.

        Raises:
            ValueError: no such quantity; the message says what is allowed.
        """
        shown, examples = _shown(text), self._examples
        found = _WRITTEN.fullmatch(text) if len(text) <= _LONGEST else None
        if found is None:
            raise ValueError(
                f"{shown} is no {self.name}; write a positive number and a unit, such as {examples}"
            )
        number, unit = found.groups()
        if not unit:
            raise ValueError(f"{shown} has no unit; write for example {examples}")
        try:
            value = Decimal(number) * self._factor(unit)
        except (KeyError, InvalidOperation):
            allowed = f"allowed: {', '.join(self._units)}; for example {examples}"
            raise ValueError(f"{shown} has the unknown unit {_shown(unit)}; {allowed}") from None
        if not (value or self._zero):
            raise ValueError(f"{shown} is zero; allowed: more than zero, such as {examples}")
        if self._whole and value < 1:
            raise ValueError(f"{shown} is less than one byte")
        return int(value) if self._whole else float(value)

    def _factor(self, unit: str) -> Decimal:
        """The unit as written, else the only one that differs in capitals alone (``mb``; ``MS`` would be milliseconds)."""
        if unit in self._units:
            return self._units[unit]
        return {factor for name, factor in self._units.items() if name.lower() == unit.lower()}.pop()


SECONDS = Quantity("time", TIME_UNITS, "15ms, 0.015s or 10m (minutes)")
"""Seconds, above 0."""
BYTES = Quantity("size", SIZE_UNITS, "5MB, 5MiB or 800kB", whole=True)
"""Bytes, at least 1."""
SHARE = Quantity("share", {"%": Decimal("0.01")}, "5% or 0.5%", zero=True)
"""5 % as 0.05; 0 or more."""


def format_seconds(value: float) -> str:
    """Seconds for people, three digits: ``0.01234`` as ``12.3 ms``."""
    units = (("s", 1.0), ("ms", 1e-3), ("us", 1e-6), ("ns", 1e-9))
    unit, factor = next((entry for entry in units if abs(value) >= entry[1]), units[-1])
    return f"{_three(value / factor)} {unit}"


def format_bytes(value: float) -> str:
    """Bytes for people, three digits, decimal units: ``5_000_000`` as ``5.00 MB``."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if abs(value) >= factor:
            return f"{_three(value / factor)} {unit}"
    return f"{value:.0f} B"


def _three(value: float) -> str:
    digits = 2 if abs(value) < 9.995 else 1 if abs(value) < 99.95 else 0
    return f"{value:.{digits}f}"


def _shown(text: str) -> str:
    return ascii(text if len(text) <= _LONGEST else text[:_LONGEST] + "...")
