"""TFLite files under edit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mutation.edit import Change, Changes, Layer, Reader, Slot

if TYPE_CHECKING:
    from fer_edge.runtime.contract import Contract

CONV_2D, DEPTHWISE, DENSE, DEQUANTIZE, ADD, MUL, CONCATENATION, PAD, PADV2 = 3, 4, 9, 6, 0, 18, 2, 34, 60
HARD_SWISH, RELU, RELU6 = 117, 19, 21
PRODUCTS = {CONV_2D: ("conv", 0, 3), DEPTHWISE: ("depthwise", 3, None), DENSE: ("dense", 0, 1)}
"""Operator -> kind, axis of the outputs and of the inputs, in the schema's layouts."""
DTYPES = {0: np.float32, 1: np.float16, 2: np.int32, 3: np.uint8, 4: np.int64, 9: np.int8}
FUSED_NONE, FUSED_RELU, FUSED_RELU6 = 0, 1, 3
SCALE_OFF = 1.1


class TFLiteFile:
    """A flatbuffer with its layers in the order of the operators."""

    def __init__(self, path: Path) -> None:
        from fer_edge.export.formats.tflite.flatbuffer import TFLite

        self.file = TFLite.read(path.read_bytes())
        self.graph = self.file.graph
        self.codes = [
            max(code.builtinCode, code.deprecatedBuiltinCode) for code in self.file.model.operatorCodes
        ]
        self.made_by = {int(result): op for op in self.graph.operators for result in op.outputs}
        self.read = Reader()
        self._of_operator: list[int | None] = []
        self.layers: list[Layer] = []
        self._products: list[Any] = []
        for op in self.graph.operators:
            if self.codes[op.opcodeIndex] in PRODUCTS and self._constant(int(op.inputs[1])) is not None:
                self.read.next(self.name(int(op.outputs[0])))
                self.layers.append(self._layer(op))
                self._products.append(op)
            self._of_operator.append(self.read.last)

    def name(self, index: int) -> str:
        """A tensor's name."""
        name = self.graph.tensors[index].name
        return name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)

    def _constant(self, index: int) -> int | None:
        """The constant tensor that an operator reads, be it through DEQUANTIZE."""
        op = self.made_by.get(index)
        if op is not None and self.codes[op.opcodeIndex] == DEQUANTIZE:
            index = int(op.inputs[0])
        return index if index >= 0 and self._bytes(index) else None

    def _bytes(self, index: int) -> bytes:
        buffer = self.graph.tensors[index].buffer
        if buffer in self.file.outside:
            return self.file.outside[buffer]
        data = self.file.model.buffers[buffer].data
        return b"" if data is None else np.asarray(data, np.uint8).tobytes()

    def slot(self, index: int) -> Slot:
        """A constant's values."""
        tensor = self.graph.tensors[index]
        dtype = np.dtype(DTYPES[tensor.type])

        def put(values: NDArray[Any]) -> None:
            data = np.ascontiguousarray(values, dtype).tobytes()
            if tensor.buffer in self.file.outside:
                self.file.outside[tensor.buffer] = data
            else:
                self.file.model.buffers[tensor.buffer].data = np.frombuffer(data, np.uint8)

        return Slot(lambda: np.frombuffer(self._bytes(index), dtype).reshape(tensor.shape).copy(), put)

    def scales(self, index: int) -> Slot | None:
        """A tensor's scales, if it is quantized."""
        quantization = self.graph.tensors[index].quantization
        if quantization is None or quantization.scale is None or not len(quantization.scale):
            return None

        def put(values: NDArray[Any]) -> None:
            quantization.scale = np.asarray(values, np.float32)

        return Slot(lambda: np.asarray(quantization.scale, np.float32).copy(), put)

    def _layer(self, op: Any) -> Layer:
        kind, out, into = PRODUCTS[self.codes[op.opcodeIndex]]
        weight = self._constant(int(op.inputs[1]))
        assert weight is not None
        bias = self._constant(int(op.inputs[2])) if len(op.inputs) > 2 and op.inputs[2] >= 0 else None
        place = self.name(int(op.outputs[0]))
        return Layer(
            place, kind, self.slot(weight), None if bias is None else self.slot(bias), out, into, self.scales(weight)
        )  # fmt: skip

    # Operators.

    def operator_changes(self) -> Changes:
        """Padding, activations, branches, and the parameters of integer tensors."""
        found: Changes = defaultdict(list)
        for op, layer in zip(self.graph.operators, self._of_operator, strict=True):
            for kind, apply in self._of(op).items():
                hit = self._padded(op, layer) if kind == "padding_side" else layer
                found[kind].append(Change(self.name(int(op.outputs[0])), hit, apply))
        for number, op in enumerate(self._products):
            found["per_channel_axis"] += self._axes(number, op)
        self._add_parameters(found)
        return found

    def _padded(self, pad: Any, before: int | None) -> int | None:
        """The product whose input is padded; else the one before."""
        made = set(map(int, pad.outputs))
        return next(
            (number for number, product in enumerate(self._products) if made & set(map(int, product.inputs))),
            before,
        )

    def _of(self, op: Any) -> dict[str, Callable[[], None]]:
        code, options = self.codes[op.opcodeIndex], op.builtinOptions
        found: dict[str, Callable[[], None]] = {}
        fused = getattr(options, "fusedActivationFunction", FUSED_NONE)
        if fused in (FUSED_RELU, FUSED_RELU6):
            found["activation_missing"] = lambda: setattr(options, "fusedActivationFunction", FUSED_NONE)
            other = FUSED_RELU if fused == FUSED_RELU6 else FUSED_RELU6
            found["activation_other"] = lambda: setattr(options, "fusedActivationFunction", other)
        if code == HARD_SWISH:
            found["activation_other"] = lambda: self._recode(op, RELU6)
        if code in (PAD, PADV2) and (side := self._side(op)):
            found["padding_side"] = side
        if code in (ADD, MUL, CONCATENATION) and (swap := self._branch(op)):
            found["branches_swapped"] = swap
        return found

    def _recode(self, op: Any, builtin: int) -> None:
        from ai_edge_litert import schema_py_generated as schema

        code = schema.OperatorCodeT()
        code.builtinCode = code.deprecatedBuiltinCode = builtin
        code.version = 2
        self.file.model.operatorCodes.append(code)
        op.opcodeIndex = len(self.file.model.operatorCodes) - 1
        op.builtinOptions, op.builtinOptionsType = None, 0

    def _side(self, op: Any) -> Callable[[], None] | None:
        amounts = self.slot(int(op.inputs[1]))
        before = amounts.get()
        moved = np.stack([np.zeros_like(before[:, 0]), before.sum(axis=1)], axis=1)
        if np.array_equal(before, moved):
            return None
        return lambda: amounts.put(moved)

    def _branch(self, op: Any) -> Callable[[], None] | None:
        """Read, instead of the first branch, an earlier tensor of the same shape and type."""
        first = int(op.inputs[0])
        if self._constant(first) is not None or any(self._constant(int(i)) is not None for i in op.inputs):
            return None
        mine = self.graph.tensors[first]
        for other in reversed(self.graph.operators[: self._position(op)]):
            index = int(other.outputs[0])
            tensor = self.graph.tensors[index]
            same = np.array_equal(tensor.shape, mine.shape) and tensor.type == mine.type
            if same and index not in [int(i) for i in op.inputs]:
                return lambda: setattr(op, "inputs", [index, *map(int, op.inputs[1:])])
        return None

    def _position(self, op: Any) -> int:
        return next(i for i, other in enumerate(self.graph.operators) if other is op)

    def _axes(self, number: int, op: Any) -> list[Change]:
        """The weight's scales along another axis of the same length."""
        index = self._constant(int(op.inputs[1]))
        layer = self.layers[number]
        if index is None or layer.scales is None or layer.into is None or layer.scales.get().size < 2:
            return []
        tensor = self.graph.tensors[index]
        if tensor.shape[layer.out] != tensor.shape[layer.into]:
            return []
        axis = layer.into
        return [Change(layer.name, number, lambda: setattr(tensor.quantization, "quantizedDimension", axis))]

    def _add_parameters(self, found: Changes) -> None:
        """Scales and zero points of activations."""
        ends = {*map(int, self.graph.inputs), *map(int, self.graph.outputs)}
        for op, layer in zip(self.graph.operators, self._of_operator, strict=True):
            index = int(op.outputs[0])
            quantization = self.graph.tensors[index].quantization
            scales = self.scales(index)
            if scales is None or self.graph.tensors[index].type != 9 or index in ends or self._bytes(index):
                continue
            name = self.name(index)
            found["scale_off"].append(Change(name, layer, _scale(scales)))
            found["zero_point_off"].append(Change(name, layer, _shift(quantization)))

    # Writing.

    def save(self, path: Path, contract: Contract) -> None:
        """Write it; biases of integer products follow their scales."""
        from fer_edge.export.formats.tflite.metadata import (
            CONTRACT_NAME,
            METADATA_NAME,
            append_labels,
            build_metadata,
        )
        from fer_edge.runtime.containers.digest import BLANK_DIGEST, DIGEST_KEY, seal

        for number, op in enumerate(self._products):
            self._settle_bias(number, op)
        content = {
            METADATA_NAME: build_metadata(contract, contract.normalization),
            CONTRACT_NAME: contract.text.encode(),
            DIGEST_KEY: BLANK_DIGEST.encode(),
        }
        for entry in self.file.model.metadata:
            name = entry.name.decode() if isinstance(entry.name, bytes) else entry.name
            if name in content:
                self.file.model.buffers[entry.buffer].data = np.frombuffer(content[name], np.uint8)
        path.write_bytes(seal(append_labels(self.file.write(), contract.labels)))

    def _settle_bias(self, number: int, op: Any) -> None:
        """Round the bias anew where its scale no longer is the input's times the weight's, as a quantizer would have."""
        layer, weight = self.layers[number], self._constant(int(op.inputs[1]))
        if layer.bias is None or layer.scales is None or layer.bias.get().dtype != np.int32 or weight is None:
            return
        bias = self.graph.tensors[int(op.inputs[2])].quantization
        source = self.scales(int(op.inputs[0]))
        assert source is not None
        old, new = np.asarray(bias.scale, np.float64), source.get()[0].astype(np.float64) * layer.scales.get()
        if np.allclose(old, new, rtol=1e-4, atol=0):
            return
        real = layer.bias.get() * old
        bias.scale = new.astype(np.float32)
        layer.bias.put(np.clip(np.rint(real / new), -(2**31), 2**31 - 1).astype(np.int32))


def _scale(scales: Slot) -> Callable[[], None]:
    return lambda: scales.put(scales.get() * np.float32(SCALE_OFF))


def _shift(quantization: Any) -> Callable[[], None]:
    old = int(quantization.zeroPoint[0])
    new = old + 1 if old < 127 else old - 1

    def apply() -> None:
        quantization.zeroPoint = np.asarray([new], np.int64)

    return apply
