"""Arithmetic of a value with constants: a number, or one for each place on an axis."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from fer_edge.export.capture.recording import Call, Value
from fer_edge.export.faithful.original.needs import Array, Need, as_array, constant_need


@dataclass(frozen=True)
class Step:
    """A factor or a summand.

    Attributes:
        by: (places,) float64, or (1,) where it is one number for all.
        multiplies: it is a factor; otherwise a summand.
        need: what a program needs that keeps it apart.
        axis: of the value, along which the places are; None: one number for all.
    """

    by: Array
    multiplies: bool
    need: Need
    axis: int | None = None


def read_arithmetic(call: Call, value: Value) -> tuple[Step, ...]:
    """What an operator does with a value, one step after the other; none: something else than steps.

    Args:
        call: the operator.
        value: of what it reads the only one that depends on the input.
    """
    if call.name == "aten::neg":
        return (_NEGATED,)
    if call.name not in _ARITHMETIC or call.result.shape != value.shape:
        return ()
    first, second, *rest = call.arguments
    other = second if first is value else first
    found = _numbers(other, len(value.shape))
    if found is None or any(option not in (1, None) for option in rest[:1]):
        return ()
    return _steps(call.name, other, *found, from_value=first is value)


def _steps(name: str, other: Any, by: Array, axis: int | None, *, from_value: bool) -> tuple[Step, ...]:
    if name == "aten::mul":
        return (Step(by, True, _need(other), axis),)
    if name == "aten::div":
        usual = from_value and (by != 0).all()
        return (Step(1 / by, True, _need(other, lambda array: 1 / array), axis),) if usual else ()
    if name == "aten::add":
        return (Step(by, False, _need(other), axis),)
    if (name == "aten::sub") == from_value:  # the number is taken away from the value, not the value from it
        return (Step(-by, False, _need(other, lambda array: -array), axis),)
    return (_NEGATED, Step(by, False, _need(other), axis))


def _numbers(other: Any, rank: int) -> tuple[Array, int | None] | None:
    """The numbers and their axis in a value of so many axes; None where they are something else."""
    if isinstance(other, int | float):
        return np.full(1, float(other)), None
    if not isinstance(other, Value) or other.constant is None or not other.constant.is_floating_point():
        return None
    wide = [place - len(other.shape) + rank for place, size in enumerate(other.shape) if size != 1]
    if len(wide) > 1:
        return None
    return as_array(other).reshape(-1), wide[0] if wide else None


def _need(other: Any, form: Callable[[Array], Array] | None = None) -> Need:
    if not isinstance(other, Value):
        return _NOTHING
    return constant_need(other, (form(as_array(other)),) if form else ())


_ARITHMETIC = frozenset(["aten::mul", "aten::div", "aten::add", "aten::sub", "aten::rsub"])
_NOTHING = Need(((),))
_NEGATED = Step(-np.ones(1), True, _NOTHING)
