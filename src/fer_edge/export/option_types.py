"""Option values of ``fer-export`` that no other command has."""

from __future__ import annotations

import math
import re
from typing import Any

import click

from fer_edge.console.option_types import ParamType


class InputSize(ParamType):
    """``48x48x1``: width, height and channels (1 or 3)."""

    name = "WIDTHxHEIGHTxCHANNELS"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int, int]:
        """The three numbers."""
        if isinstance(value, tuple):
            return value
        found = re.fullmatch(r"(\d{1,4})x(\d{1,4})x([13])", str(value).strip().lower())
        if not found or "0" in found.groups():
            self.fail(
                f"{value!r} is not WIDTHxHEIGHTxCHANNELS with 1 or 3 channels, such as 48x48x1", param, ctx
            )
        width, height, channels = (int(part) for part in found.groups())
        return width, height, channels


class Finite(click.FloatRange):
    """A number of a range. NaN, which no comparison refuses, is none, and neither is infinity."""

    allowed = "number, such as 8.5"
    """As the message says it."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value!r} is no {self.allowed}", param, ctx)
        return number


class Share(Finite):
    """A number from 0 to 1, such as 0.01."""

    name = "0..1"
    allowed = "number from 0 to 1, such as 0.01"

    def __init__(self) -> None:
        super().__init__(0, 1)


class KeyValue(ParamType):
    """``key=value``; the key is a Python name."""

    name = "KEY=VALUE"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        """Key and value."""
        if isinstance(value, tuple):
            return value
        key, equals, text = str(value).partition("=")
        if not equals or not key.isidentifier():
            self.fail(f"{value!r} is not KEY=VALUE, such as width_mult=0.5", param, ctx)
        return key, text
