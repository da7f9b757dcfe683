"""Layers of a Core ML package, by the evaluator of its specification, which hands out every value and takes others instead."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.faithful.graph import OF_HALF
from fer_edge.export.faithful.layers.recording import HALF, Grid, Step, Values
from fer_edge.export.faithful.weights import SMALLEST_HALF
from fer_edge.runtime.containers.coreml import root_model
from fer_edge.runtime.mil.program import Operation, Program, Value, read_program

if TYPE_CHECKING:
    from torch import Tensor

    from fer_edge.runtime.contract import Contract

CHANNEL_AXIS = 1
IGNORED = ("const", "classify", "cast", "quantize", "dequantize")
SUFFIXES = ("_stored", "_read", "_quantized", "_cast_fp16", "_to_fp16", "_cast_fp32", "_to_fp32")
"""What the converter appends to the names of values that it casts or compresses, and ours to those that it stores."""
UNPACK = "constexpr_affine_dequantize"


class CoreMLRecorder:
    """One opened package."""

    def __init__(self, path: Path, contract: Contract) -> None:
        from fer_edge.runtime.mil.evaluator import Evaluator

        self._contract = contract
        self._program = read_program(root_model(path))
        self.constants: dict[str, NDArray[Any]] = {}
        self._fixed: set[str] = set()

        def keep(name: str, value: Tensor) -> Tensor:
            self._fixed.add(name)
            if value.is_floating_point():
                self.constants[_plain(name)] = value.numpy().copy()
            return value

        self._evaluator = Evaluator(self._program, hand=keep)
        self.steps = tuple(self._read_steps())
        self._computed = {name for step in self.steps for name in step.outputs}
        self.grids: dict[str, Grid] = {
            _plain(name): HALF
            for operation in self._program.operations
            for name, declared in operation.outputs
            if operation.type not in ("const", UNPACK)
            and declared.scalar is not None
            and declared.scalar.name == "fp16"
        }
        self.grids.update(self._read_grids())
        self.half_steps: Values = dict(self._read_half_steps())

    def run(self, tensor: NDArray[Any]) -> Values:
        """Every tensor that is computed for one input."""
        found: dict[str, NDArray[Any]] = {}
        inputs = make_inputs(self._program, tensor)

        def take(name: str, value: Tensor) -> Tensor:
            plain = _plain(name)
            # A cast has the name of what it casts: the rounded value is what others read.
            if value.is_floating_point() and (plain in self._computed or plain in inputs):
                found[plain] = value.numpy().astype(np.float32)
            return value

        self._evaluator.run(inputs, take)
        return {**inputs, **found}

    def _read_steps(self) -> Iterator[Step]:
        fixed = set(self._fixed)
        for operation in self._program.operations:
            names = [
                item for items in operation.arguments.values() for item in items if isinstance(item, str)
            ]
            if operation.type == "const" or (names and all(name in fixed for name in names)) or not names:
                fixed.update(name for name, _ in operation.outputs)
                continue
            if operation.type in IGNORED:
                continue
            constants = tuple(dict.fromkeys(_plain(name) for name in names if _plain(name) in self.constants))
            yield Step(
                operation.type,
                tuple(_plain(name) for name in names if name not in fixed),
                constants,
                tuple(_plain(name) for name, _ in operation.outputs),
                any(sum(size > 1 for size in self.constants[name].shape) > 1 for name in constants),
            )

    def _read_grids(self) -> Iterator[tuple[str, Grid]]:
        """Of values that are stored in 8 bits; others read them so."""
        fixed = {
            operation.name: operation.arguments["val"][0]
            for operation in self._program.operations
            if operation.type == "const"
        }
        for operation in self._program.operations:
            if operation.type == "quantize":
                scale, zero = (_number(operation, fixed, key) for key in ("scale", "zero_point"))
                yield _plain(operation.outputs[0][0]), Grid(scale, int(zero))

    def _read_half_steps(self) -> Iterator[tuple[str, NDArray[Any]]]:
        for operation in self._program.operations:
            name, declared = operation.outputs[0]
            plain = _plain(name)
            if operation.type == UNPACK:
                half = operation.outputs[0][1].scalar
                steps = _half_scale(operation, self.constants[plain].ndim)
                in_half = half is not None and half.name == "fp16"
                yield plain, widen(steps, self.constants[plain]) if in_half else steps
            elif operation.type == "const" and declared.scalar is not None and declared.scalar.name == "fp16":
                yield (
                    plain,
                    np.spacing(np.abs(self.constants[plain]).astype(np.float16)).astype(np.float64) / 2,
                )


class CoreMLReplay:
    """The fp32 package, whose values are replaced as they come."""

    def __init__(self, path: Path, given: Collection[str], constants: Values) -> None:
        import torch

        from fer_edge.runtime.mil.evaluator import Evaluator

        def replace(name: str, value: Tensor) -> Tensor:
            other = constants.get(_plain(name))
            if other is None or not value.is_floating_point() or other.size != value.numel():
                return value
            return torch.from_numpy(np.asarray(other, np.float32).reshape(tuple(value.shape)).copy())

        self._given = set(given)
        self._program = read_program(root_model(path))
        self._evaluator = Evaluator(self._program, hand=replace)

    def run(self, values: Values) -> Values:
        """What each operator makes of given tensors."""
        import torch

        found: dict[str, NDArray[Any]] = {}

        def take(name: str, value: Tensor) -> Tensor:
            plain = _plain(name)
            if not value.is_floating_point() or plain not in self._given:
                return value
            found[plain] = value.numpy().astype(np.float32)
            other = values.get(plain)
            if other is None or other.size != value.numel():
                return value
            return torch.from_numpy(np.asarray(other, np.float32).reshape(tuple(value.shape)).copy())

        self._evaluator.run({name: values[name] for name, _ in self._program.inputs}, take)
        return found


def open_recorder(path: Path, contract: Contract) -> CoreMLRecorder:
    """Open a package whose tensors are to be read."""
    return CoreMLRecorder(path, contract)


def open_replay(
    path: Path,
    contract: Contract,  # noqa: ARG001
    given: Collection[str],
    constants: Values,
) -> CoreMLReplay:
    """Open an fp32 package whose layers are fed from outside."""
    return CoreMLReplay(path, given, constants)


def make_inputs(program: Program, tensor: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """The program's input from an artifact's; pictures are (1, H, W, 3) uint8 RGB there."""
    [(name, _)] = program.inputs
    feature = program.features_in[0]
    if feature.kind == "image":
        planes = tensor[..., ::-1] if feature.color == "BGR" else tensor
        tensor = np.ascontiguousarray(planes.transpose(0, 3, 1, 2), np.float32)
    return {name: tensor}


def _number(operation: Operation, constants: Mapping[str, str | Value], key: str) -> float:
    """A parameter that is one number; 0 where it is left out."""
    items = operation.arguments.get(key, [])
    item = constants.get(items[0], "") if items and isinstance(items[0], str) else (items or [""])[0]
    return float(np.asarray(item.content).item()) if isinstance(item, Value) else 0.0


def _half_scale(operation: Operation, rank: int) -> NDArray[np.float64]:
    """Half of each channel's step, in a shape that goes with the weights."""
    [scale], axes = operation.arguments["scale"], operation.arguments.get("axis", [])
    found = np.asarray(scale.content if isinstance(scale, Value) else 0, np.float64) / 2
    shape = [1] * rank
    if found.size > 1 and axes and isinstance(axes[0], Value):
        shape[int(np.asarray(axes[0].content).item())] = -1
    return found.reshape(shape)


def widen(half_steps: NDArray[np.float64], held: NDArray[Any]) -> NDArray[np.float64]:
    """Half steps with what rounding their scale to float16 moves each value by, as ``faithful.weights`` has it.

    Args:
        half_steps: of each channel, in a shape that goes with the values.
        held: dequantized values.
    """
    counts = np.abs(held) / np.maximum(2 * half_steps, np.finfo(np.float64).tiny)
    # A scale near 0 is off by half of float16's smallest number.
    moved: NDArray[np.float64] = OF_HALF * np.abs(held) + counts * float(SMALLEST_HALF) / 2
    return half_steps + moved


def _plain(name: str) -> str:
    for suffix in SUFFIXES:
        name = name.removesuffix(suffix)
    return name
