"""Core ML packages under edit: the program's protobuf and ``weight.bin``."""

from __future__ import annotations

import struct
import tempfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mutation.edit import Change, Changes, Layer, Reader, Slot

if TYPE_CHECKING:
    from fer_edge.runtime.contract import Contract

PRODUCTS = ("conv", "linear", "matmul")
ACTIVATIONS = ("relu", "relu6", "clip", "sigmoid", "sigmoid_hard", "prelu", "leaky_relu")
BRANCHES = ("add", "mul", "concat")
DTYPES = {10: np.float16, 11: np.float32, 21: np.int8, 31: np.uint8, 23: np.int32}
"""Data types of MIL's specification that weights have."""
SCALE_OFF = 1.1
_RECORD = struct.Struct("<IIQQQ")


class CoreMlFile:
    """A package with its layers in the order of the operations."""

    def __init__(self, path: Path) -> None:
        from coremltools.proto.Model_pb2 import Model

        from fer_edge.export.formats.coreml.package import PROGRAM, WEIGHTS

        self.model = Model()
        self.model.ParseFromString((path / PROGRAM).read_bytes())
        self.blob = bytearray((path / WEIGHTS).read_bytes()) if (path / WEIGHTS).exists() else bytearray()
        function = next(iter(self.model.mlProgram.functions.values()))
        self.block = next(iter(function.block_specializations.values()))
        self.made_by = {output.name: op for op in self.block.operations for output in op.outputs}
        self.read = Reader()
        self.layers: list[Layer] = []
        self._products: list[Any] = []
        self._of_operation: list[int | None] = []
        for op in self.block.operations:
            if op.type in PRODUCTS and self._constant(
                self._argument(op, "y" if op.type == "matmul" else "weight")
            ):
                self.read.next(op.outputs[0].name)
                self.layers.append(self._layer(op))
                self._products.append(op)
            self._of_operation.append(self.read.last)

    @staticmethod
    def _argument(op: Any, key: str) -> str:
        arguments = op.inputs[key].arguments if key in op.inputs else ()
        return str(arguments[0].name) if arguments else ""

    def _constant(self, name: str) -> Any:
        """The operation that holds a constant, or None."""
        op = self.made_by.get(name)
        return op if op is not None and (op.type == "const" or op.type.startswith("constexpr")) else None

    def slot(self, value: Any) -> Slot:
        """The values of a constant, beside the program or in it."""
        kind = value.type.tensorType
        shape = tuple(size.constant.size for size in kind.dimensions)
        dtype = np.dtype(DTYPES[kind.dataType])
        if value.WhichOneof("value") == "blobFileValue":
            return self._blob_slot(value.blobFileValue.offset, shape, dtype)
        tensor = value.immediateValue.tensor
        if dtype == np.float32:
            return Slot(
                lambda: np.array(tensor.floats.values, dtype).reshape(shape),
                lambda values: _replace(tensor.floats.values, np.asarray(values).reshape(-1).tolist()),
            )
        if dtype == np.int32:
            return Slot(
                lambda: np.array(tensor.ints.values, dtype).reshape(shape),
                lambda values: _replace(tensor.ints.values, np.asarray(values).reshape(-1).tolist()),
            )
        return Slot(
            lambda: np.frombuffer(tensor.bytes.values, dtype).reshape(shape).copy(),
            lambda values: setattr(tensor.bytes, "values", np.ascontiguousarray(values, dtype).tobytes()),
        )

    def _blob_slot(self, offset: int, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Slot:
        _, _, size, start, _ = _RECORD.unpack_from(self.blob, offset)

        def put(values: NDArray[Any]) -> None:
            self.blob[start : start + size] = np.ascontiguousarray(values, dtype).tobytes()

        return Slot(
            lambda: np.frombuffer(bytes(self.blob[start : start + size]), dtype).reshape(shape).copy(), put
        )

    def _layer(self, op: Any) -> Layer:
        holder = self._constant(self._argument(op, "y" if op.type == "matmul" else "weight"))
        key = "val" if holder.type == "const" else "quantized_data"
        weight = self.slot(holder.attributes[key])
        scale = None if holder.type == "const" else self.slot(holder.attributes["scale"])
        flat = None if scale is None else Slot(lambda: scale.get().reshape(-1), scale.put)
        bias = self._constant(self._argument(op, "bias"))
        shape = weight.get().shape
        depthwise = op.type == "conv" and self._groups(op) > 1 and shape[1] == 1
        kind = "dense" if op.type != "conv" else ("depthwise" if depthwise else "conv")
        out, into = (len(shape) - 1, len(shape) - 2) if op.type == "matmul" else (0, 1)
        return Layer(
            op.outputs[0].name, kind, weight, None if bias is None else self.slot(bias.attributes["val"]),
            out, None if depthwise else into, flat,
        )  # fmt: skip

    def _groups(self, op: Any) -> int:
        holder = self._constant(self._argument(op, "groups"))
        return 1 if holder is None else int(self.slot(holder.attributes["val"]).get().reshape(-1)[0])

    # Operators.

    def operator_changes(self) -> Changes:
        """Padding, activations, branches, the axis of scales, and the parameters of integer tensors."""
        found: Changes = defaultdict(list)
        for op, layer in zip(self.block.operations, self._of_operation, strict=True):
            for kind, apply in self._of(op).items():
                found[kind].append(Change(op.outputs[0].name, layer, apply))
        for number, op in enumerate(self._products):
            found["per_channel_axis"] += self._axes(number, op)
        for op, layer in zip(self.block.operations, self._of_operation, strict=True):
            if op.type == "quantize":
                for kind, key, change in (
                    ("scale_off", "scale", _widen),
                    ("zero_point_off", "zero_point", _step),
                ):
                    slots = [self.slot(holder.attributes["val"]) for holder in self._parameters(op, key)]
                    found[kind].append(Change(op.outputs[0].name, layer, _changing(slots, change)))
        return found

    def _parameters(self, quantize: Any, key: str) -> list[Any]:
        """The constants that store a tensor's scale or zero point: where it is stored, and wherever it is read."""
        name = quantize.outputs[0].name
        readers = [
            op
            for op in self.block.operations
            if op.type == "dequantize" and self._argument(op, "input") == name
        ]
        names = {self._argument(op, key) for op in (quantize, *readers)}
        return [holder for each in sorted(names) if (holder := self._constant(each)) is not None]

    def _of(self, op: Any) -> dict[str, Callable[[], None]]:
        found: dict[str, Callable[[], None]] = {}
        if op.type in ACTIVATIONS and op.outputs[0].name not in self.block.outputs:
            found["activation_missing"] = lambda: self._reread(op.outputs[0].name, self._argument(op, "x"))
        if op.type in ("relu6", "clip"):
            found["activation_other"] = lambda: self._make_relu(op)
        if op.type == "relu":
            found["activation_other"] = lambda: setattr(op, "type", "relu6")
        pads = (
            self._constant(self._argument(op, "pad")) if op.type in ("conv", "max_pool", "avg_pool") else None
        )
        if pads is not None and self.slot(pads.attributes["val"]).get().any() and self._is_custom(op):
            found["padding_side"] = lambda: self._move_pads(op, pads)
        if op.type in BRANCHES and (swap := self._branch(op)):
            found["branches_swapped"] = swap
        return found

    def _reread(self, old: str, new: str) -> None:
        for op in self.block.operations:
            for argument in (argument for value in op.inputs.values() for argument in value.arguments):
                if argument.name == old:
                    argument.name = new

    def _make_relu(self, op: Any) -> None:
        op.type = "relu"
        for key in ("alpha", "beta"):
            if key in op.inputs:
                del op.inputs[key]

    def _is_custom(self, op: Any) -> bool:
        holder = self._constant(self._argument(op, "pad_type"))
        return (
            holder is not None and "custom" in holder.attributes["val"].immediateValue.tensor.strings.values
        )

    def _move_pads(self, op: Any, holder: Any) -> None:
        """A constant of its own: others may read the same one."""
        fresh = type(holder)()
        fresh.CopyFrom(holder)
        fresh.outputs[0].name = f"{op.outputs[0].name}_moved_pad"
        slot = self.slot(fresh.attributes["val"])
        amounts = slot.get().reshape(-1, 2)
        slot.put(np.stack([np.zeros_like(amounts[:, 0]), amounts.sum(axis=1)], axis=1))
        op.inputs["pad"].arguments[0].name = fresh.outputs[0].name
        place = list(self.block.operations).index(op)
        self.block.operations.insert(place, fresh)

    def _branch(self, op: Any) -> Callable[[], None] | None:
        """Read, instead of the first branch, an earlier tensor of the same shape."""
        arguments = [argument for value in op.inputs.values() for argument in value.arguments]
        names = [argument.name for argument in arguments]
        key = "values" if op.type == "concat" else "x"
        first = op.inputs[key].arguments[0]
        reads = [name for name in names if name in self.made_by and not self._constant(name)]
        if len(reads) < 2 or first.name not in reads:
            return None
        mine = self._shape(self.made_by[first.name])
        for other in reversed(self.block.operations[: list(self.block.operations).index(op)]):
            name = other.outputs[0].name
            if not self._constant(name) and self._shape(other) == mine and name not in names:
                return lambda: setattr(first, "name", name)
        return None

    @staticmethod
    def _shape(op: Any) -> tuple[Any, ...]:
        kind = op.outputs[0].type.tensorType
        return (kind.dataType, *(size.constant.size for size in kind.dimensions))

    def _axes(self, number: int, op: Any) -> list[Change]:
        """The weight's scales along another axis of the same length."""
        layer = self.layers[number]
        if layer.scales is None or layer.into is None or layer.scales.get().size < 2:
            return []
        shape = layer.weight.get().shape
        holder = self._constant(self._argument(op, "weight"))
        if shape[layer.out] != shape[layer.into] or holder is None or "axis" not in holder.attributes:
            return []
        into, axis = layer.into, holder.attributes["axis"].immediateValue.tensor.ints.values

        def turn() -> None:
            _replace(axis, [into])

        return [Change(layer.name, number, turn)]

    # Writing.

    def save(self, path: Path, contract: Contract) -> None:
        """Write it as the converter does."""
        from fer_edge.export.formats.coreml.package import PROGRAM, WEIGHTS, write_package

        with tempfile.TemporaryDirectory() as folder:
            raw = Path(folder)
            (raw / WEIGHTS).parent.mkdir(parents=True)
            (raw / PROGRAM).write_bytes(self.model.SerializeToString(deterministic=True))
            (raw / WEIGHTS).write_bytes(bytes(self.blob))
            write_package(raw, path, contract)


def _changing(slots: list[Slot], change: Callable[[NDArray[Any]], NDArray[Any]]) -> Callable[[], None]:
    def apply() -> None:
        for slot in slots:
            slot.put(change(slot.get()))

    return apply


def _widen(scale: NDArray[Any]) -> NDArray[Any]:
    changed: NDArray[Any] = (scale * SCALE_OFF).astype(scale.dtype)
    return changed


def _step(zero_point: NDArray[Any]) -> NDArray[Any]:
    changed: NDArray[Any] = np.where(zero_point < 127, zero_point + 1, zero_point - 1).astype(
        zero_point.dtype
    )
    return changed


def _replace(values: Any, new: list[Any]) -> None:
    values[:] = new
