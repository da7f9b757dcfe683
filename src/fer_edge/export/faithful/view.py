"""A graph as the float network that it stands for: what only stores or quantizes is folded into constants and edges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.faithful.graph import Quantization, Tensor
from fer_edge.runtime.errors import BundleError

INTEGERS: Mapping[str, tuple[int, int]] = {
    "int8": (-128, 127), "uint8": (0, 255), "int16": (-32768, 32767), "uint16": (0, 65535),
    "int32": (-(2**31), 2**31 - 1),
}  # fmt: skip
"""Stored types that have a scale, and their smallest and largest numbers."""


@dataclass(frozen=True, slots=True)
class Grid:
    """The values that a stored tensor can hold.

    Attributes:
        dtype: of what is stored, one of ``INTEGERS``.
        quantization: scale and zero point.
    """

    dtype: str
    quantization: Quantization

    def __post_init__(self) -> None:
        scale = self.quantization.scale
        if not (np.isfinite(scale).all() and (scale > 0).all()):
            raise BundleError(
                f"a scale is {float(scale[~(scale > 0)].min(initial=np.inf)):g}; allowed: above 0"
            )

    @property
    def scale(self) -> float:
        """The first scale: the only one of an activation."""
        return float(self.quantization.scale[0])

    @property
    def zero_point(self) -> int:
        """The first zero point."""
        return int(self.quantization.zero_point[0])

    @property
    def ends(self) -> tuple[float, float]:
        """Smallest and largest value by the first scale."""
        low, high = INTEGERS[self.dtype]
        return (low - self.zero_point) * self.scale, (high - self.zero_point) * self.scale

    def same(self, other: Grid) -> bool:
        """Whether both mean the same numbers."""
        mine, theirs = self.quantization, other.quantization
        return (
            self.dtype == other.dtype
            and np.array_equal(mine.scale, theirs.scale)
            and np.array_equal(mine.zero_point, theirs.zero_point)
        )


@dataclass(frozen=True, slots=True)
class Constant:
    """A constant of the float network.

    Attributes:
        stored: as the file has it, in its shape.
        grid: of integers that stand for other numbers; None: the stored numbers themselves are meant.
    """

    stored: NDArray[Any]
    grid: Grid | None = None

    @classmethod
    def of(cls, tensor: Tensor) -> Constant:
        """The constant of a tensor that carries its quantization itself."""
        assert tensor.constant is not None
        found = tensor.quantization
        grid = Grid(tensor.dtype, found) if found is not None and tensor.dtype in INTEGERS else None
        return cls(tensor.constant, grid)

    @property
    def step(self) -> NDArray[np.float64]:
        """The distance of neighboring values, of a shape that broadcasts to ``stored``; 0 where there is no grid."""
        return np.zeros(()) if self.grid is None else self._spread(self.grid.quantization.scale)

    @property
    def values(self) -> NDArray[np.float64]:
        """The numbers that are meant."""
        if self.grid is None:
            return self.stored.astype(np.float64)
        zero = self._spread(self.grid.quantization.zero_point)
        found: NDArray[np.float64] = (self.stored.astype(np.float64) - zero) * self.step
        return found

    def _spread(self, per_channel: NDArray[Any]) -> NDArray[np.float64]:
        assert self.grid is not None
        wide = per_channel.astype(np.float64)
        if wide.size == 1:
            return wide.reshape(())
        shape, axis = [1] * self.stored.ndim, self.grid.quantization.axis
        if not 0 <= axis < self.stored.ndim or self.stored.shape[axis] != wide.size:
            raise BundleError(f"{wide.size} scales along axis {axis} of a constant {list(self.stored.shape)}")
        shape[axis] = wide.size
        return wide.reshape(shape)

    def transposed(self) -> Constant:
        """A matrix with its axes exchanged, scales with them."""
        if self.grid is None or self.grid.quantization.scale.size == 1:
            return Constant(self.stored.T, self.grid)
        old = self.grid.quantization
        turned = replace(old, axis=1 - old.axis)
        return Constant(self.stored.T, Grid(self.grid.dtype, turned))


@dataclass(frozen=True, slots=True)
class Edge:
    """What an operator reads.

    Attributes:
        name: of the float network's value; empty: left out.
        grid: on which it comes; None: as it is.
    """

    name: str
    grid: Grid | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One operator of the float network; as ``graph.Node``, but for the grids of its inputs."""

    operator: str
    inputs: tuple[Edge, ...]
    outputs: tuple[str, ...]
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class View:
    """The float network.

    Attributes:
        steps: in an order in which they can be computed.
        constants: by name.
        grids: value -> every grid that it is put on between who makes it and who reads it.
        inputs: names of what the caller gives.
        outputs: names of what the caller gets.
    """

    inputs: tuple[str, ...]
    steps: list[Step] = field(default_factory=list)
    constants: dict[str, Constant] = field(default_factory=dict)
    grids: dict[str, list[Grid]] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()

    def put_on(self, name: str, grid: Grid) -> None:
        """Note a grid of a value."""
        found = self.grids.setdefault(name, [])
        if not any(grid.same(other) for other in found):
            found.append(grid)

    def producers(self) -> dict[str, Step]:
        """Value -> the operator that makes it."""
        return {name: step for step in self.steps for name in step.outputs if name}
