"""Requirements of a converted program: each weight is met by one of several sets of tensors."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.capture.recording import Value

Array: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Candidate:
    """A tensor that a package may hold.

    Attributes:
        values: more than one, float64.
        magnitude: the largest number that took part in a sum of its fold: what rounding is relative to.
        matrix: it is (outputs, inputs) of a matrix product, and (inputs, outputs) where a program multiplies plainly.
    """

    values: Array
    magnitude: float
    matrix: bool = False


@dataclass(frozen=True, eq=False)
class Need:
    """A requirement: all parts of one of the options must be there."""

    options: tuple[tuple[Candidate | Need, ...], ...]

    def candidates(self) -> Iterable[Candidate]:
        """All that may meet it."""
        for part in (part for option in self.options for part in option):
            if isinstance(part, Candidate):
                yield part
            else:
                yield from part.candidates()


def constant_need(value: Value, forms: tuple[Array, ...] = ()) -> Need:
    """A constant as it is, in one of some other forms, or what it is computed from."""
    options: list[tuple[Candidate | Need, ...]] = [candidates(as_array(value))]
    options += [candidates(form) for form in forms]
    if value.parents:
        options.append(tuple(constant_need(parent) for parent in value.parents))
    return Need(tuple(options))


def as_array(value: Value) -> Array:
    """A constant in float64."""
    assert value.constant is not None
    found: Array = value.constant.detach().double().numpy()
    return found


def candidates(
    values: Array | None, magnitude: float = 0.0, *, matrix: bool = False
) -> tuple[Candidate, ...]:
    """One candidate; none for what a program need not hold: nothing, a single number, zeros, or ones."""
    if values is None or values.size < 2 or (values == 0).all() or (values == 1).all():
        return ()
    return (Candidate(values, max(magnitude, float(np.abs(values).max())), matrix),)
