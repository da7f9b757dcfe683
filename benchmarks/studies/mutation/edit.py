"""Files under edit: their layers, and every change that a fault of conversion could have made to one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from numpy.typing import NDArray

if TYPE_CHECKING:
    from fer_edge.runtime.contract import Contract


@dataclass(frozen=True)
class Slot:
    """A constant of a file: its stored values, to be read and to be replaced by others of the same shape and type."""

    get: Callable[[], NDArray[Any]]
    put: Callable[[NDArray[Any]], None]


@dataclass(frozen=True)
class Layer:
    """A product with constant weights.

    Attributes:
        name: in the file.
        kind: ``conv``, ``depthwise`` or ``dense``.
        weight: stored values.
        bias: the same, if there is one.
        out: axis of the output channels in the stored weight.
        into: axis of the input channels; None: each channel has its own (depthwise).
        scales: of integer weights: flat, one for each output channel.
    """

    name: str
    kind: str
    weight: Slot
    bias: Slot | None
    out: int
    into: int | None
    scales: Slot | None = None


@dataclass(frozen=True)
class Change:
    """One possible fault.

    Attributes:
        place: what it is done to, by its name in the file.
        layer: the number of the product that it hits, or that stands right before it; None: before the first.
        apply: does it, in place.
    """

    place: str
    layer: int | None
    apply: Callable[[], None]


Changes = defaultdict[str, list[Change]]
"""Kind of fault -> everywhere that it could have happened in this file."""


class Edit(Protocol):
    """A file that is taken apart, changed, and written with all hashes as they have to be."""

    layers: list[Layer]

    def operator_changes(self) -> Changes:
        """What can be wrong about this file's operators, scales and zero points."""

    def save(self, path: Path, contract: Contract) -> None:
        """Write it, whole, with this contract and a digest of its own."""


@dataclass
class Reader:
    """An operator's place in the order of products, while a file is read from its first operator to its last."""

    count: int = 0
    numbers: dict[str, int] = field(default_factory=dict)

    def next(self, name: str) -> int:
        """The number of a product that was met."""
        self.numbers[name] = self.count
        self.count += 1
        return self.count - 1

    @property
    def last(self) -> int | None:
        """The number of the product before."""
        return self.count - 1 if self.count else None


def open_edit(path: Path) -> Edit:
    """Take an artifact apart, by its ending."""
    from mutation.coreml_file import CoreMlFile
    from mutation.executorch_file import ExecutorchFile
    from mutation.onnx_file import OnnxFile
    from mutation.tflite_file import TFLiteFile
    from mutation.torchscript_file import TorchScriptFile

    kinds: dict[str, Callable[[Path], Edit]] = {
        ".tflite": TFLiteFile,
        ".onnx": OnnxFile,
        ".pt": TorchScriptFile,
        ".mlpackage": CoreMlFile,
        ".pte": ExecutorchFile,
    }
    return kinds[path.suffix](path)
