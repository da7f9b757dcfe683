"""What a format must give so that its layers can be compared: every tensor of a run, and the network fed in the middle.

One module a format (``formats/<name>/layers.py``), named in its ``FormatEntry``, with two functions::

    open_recorder(path, contract) -> Recorder
    open_replay(path, contract, given, constants) -> Replay

``given`` are tensors that come from outside instead of from the operator that makes them, so that an error in one layer
does not show in the next; ``constants`` take the places of the file's own of that name.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from fer_edge.runtime.contract import Contract

Values = Mapping[str, NDArray[Any]]
"""Tensor name -> its values as real numbers, float32."""
UNROUNDED = ":unrounded"
"""Behind a tensor's name: its values as they are before others quantize it, for those that read it in float."""


@dataclass(frozen=True, slots=True)
class Grid:
    """The numbers that a tensor can hold: ``scale * (q - zero_point)`` for q from ``low`` to ``high``.

    Attributes:
        scale: 0: the tensor holds float16, ``low`` and ``high`` mean nothing.
        zero_point: the integer that means 0.
        low: smallest integer.
        high: largest integer.
    """

    scale: float
    zero_point: int = 0
    low: int = -128
    high: int = 127

    @property
    def bounds(self) -> tuple[float, float]:
        """Smallest and largest number."""
        if not self.scale:
            largest = float(np.finfo(np.float16).max)
            return -largest, largest
        return self.scale * (self.low - self.zero_point), self.scale * (self.high - self.zero_point)

    def round(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """The nearest numbers of the grid."""
        low, high = self.bounds
        inside = np.clip(values.astype(np.float64), low, high)
        if not self.scale:
            return inside.astype(np.float16).astype(np.float64)
        return np.rint(inside / self.scale) * self.scale


HALF = Grid(0.0)
"""Of float16."""


@dataclass(frozen=True, slots=True)
class Step:
    """One operator of a file.

    Attributes:
        operator: its name in the format.
        inputs: tensors that it reads and that others compute.
        constants: tensors that it reads and that the file holds.
        outputs: tensors that it computes.
        weighted: whether a constant of it is a weight: floats on two axes or more.
        dynamic: largest integer to which it rounds its inputs when it runs; 0: it does not.
        readings: inputs that it reads otherwise than others (in float, or rounded anew) -> the name under which a run has these values.
        offset: by how many steps its kernel may be off alike everywhere, by its source.
        anew: whether all it does is to round a tensor anew for some of its readers; the fp32 file has no such operator.
    """

    operator: str
    inputs: tuple[str, ...]
    constants: tuple[str, ...]
    outputs: tuple[str, ...]
    weighted: bool = False
    dynamic: int = 0
    readings: Mapping[str, str] = field(default_factory=dict)
    offset: float = 0.0
    anew: bool = False


class Recorder(Protocol):
    """One opened file."""

    steps: Sequence[Step]
    """Its operators in the order in which they run; those that only quantize or dequantize are left out but for those that round
    anew what is rounded already."""
    grids: Mapping[str, Grid]
    """Of tensors that hold no float32."""
    constants: Values
    """What the file holds, as real numbers."""
    half_steps: Values
    """Half a step of each constant that is not float32: what rounding may have moved its numbers by; in its shape, or 1 long
    on axes along which it is the same."""

    def run(self, tensor: NDArray[Any]) -> Values:
        """Every tensor that is computed for one input."""


class Replay(Protocol):
    """A file whose layers are fed from outside."""

    def run(self, values: Values) -> Values:
        """What each operator makes of given tensors; ``values`` holds these, and the file's own inputs."""


class Recorders(Protocol):
    """The module of a format; its place is in the format's ``FormatEntry``."""

    CHANNEL_AXIS: int
    """Of a tensor of four axes."""

    def open_recorder(self, path: Path, contract: Contract) -> Recorder:
        """Open a file whose tensors are to be read."""

    def open_replay(
        self, path: Path, contract: Contract, given: Collection[str], constants: Values
    ) -> Replay:
        """Open an fp32 file whose layers are fed from outside."""


def record_layers(
    recorders: Recorders, path: Path, contract: Contract, inputs: Sequence[NDArray[Any]]
) -> dict[str, NDArray[Any]]:
    """Every tensor of a file for a few inputs, (inputs, ...) float32 each; all of them are held at once."""
    recorder = recorders.open_recorder(path, contract)
    rows = [{name: np.array(value) for name, value in recorder.run(tensor).items()} for tensor in inputs]
    return {name: np.stack([row[name] for row in rows]) for name in (rows[0] if rows else ())}
