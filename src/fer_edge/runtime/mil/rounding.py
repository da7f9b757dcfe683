"""Arithmetic of float16 values, which are held in a wider type and rounded after each operator that declares them.

| rounding     | a declared float16 result becomes                                                               |
|--------------|-------------------------------------------------------------------------------------------------|
| ``ideal``    | what it is: float16 of unlimited precision, to tell errors of a program from those of its type  |
| ``nearest``  | the nearest float16, as IEEE 754 says; beyond 65,504 infinity                                   |
| ``up``, ``down`` | the next one above or below                                                                 |
| ``outward``, ``inward`` | the next one away from zero or towards it                                            |
| ``random``   | one of its two neighbors by chance                                                              |

Sums inside an operator are wide in all of them. An implementation that rounds each operator's result to a neighbor, whatever its rule,
answers within what the last five show; sums in float16 may be worse.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Rounding = Callable[[Tensor], Tensor]
"""From wide values to wide values that float16 has."""
DIRECTIONS = ("up", "down", "outward", "inward", "random")


def rounding_named(name: str, seed: int = 0) -> Rounding:
    """The rounding of that name.

    Args:
        name: of the table above.
        seed: of ``random``.
    """
    if name == "ideal":
        return lambda values: values
    if name == "nearest":
        return _nearest
    generator = torch.Generator().manual_seed(seed)
    return lambda values: _directed(values, _above(values, name, generator))


def _nearest(values: Tensor) -> Tensor:
    return values.to(torch.float16).to(values.dtype)


def _above(values: Tensor, name: str, generator: torch.Generator) -> Tensor:
    """Whether a value goes to its upper neighbor."""
    if name == "random":
        if values.is_meta:
            return torch.empty_like(values, dtype=torch.bool)
        return torch.rand(values.shape, generator=generator) < 0.5
    if name in ("up", "down"):
        return torch.full_like(values, name == "up", dtype=torch.bool)
    return (values > 0) == (name == "outward")


def _directed(values: Tensor, above: Tensor) -> Tensor:
    half = values.to(torch.float16)
    near = half.to(values.dtype)
    step = torch.where(above & (near < values), 1, 0) - torch.where(~above & (near > values), 1, 0)
    # In order of value, float16 is a row of integers: negative ones count backwards.
    bits = half.view(torch.int16).to(torch.int32)
    place = torch.where(bits < 0, -(bits & 0x7FFF), bits) + step
    moved = torch.where(place < 0, -place - 0x8000, place).to(torch.int16).view(torch.float16)
    return torch.where((step == 0) | values.isnan(), near, moved.to(values.dtype))
