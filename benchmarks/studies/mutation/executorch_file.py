"""ExecuTorch programs under edit: constants and XNNPACK's operators, changed in their places, since the file keeps its length."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.faithful.graph import Node, Quantization, Tensor
from fer_edge.export.formats.executorch.graph_reader import _Program
from fer_edge.export.formats.executorch.xnnpack_reader import Payload
from fer_edge.export.formats.executorch.xnnpack_schema import OPERATORS
from mutation.edit import Change, Changes, Layer, Reader, Slot

if TYPE_CHECKING:
    from fer_edge.runtime.contract import Contract

PRODUCTS = {
    "Conv2d": ("conv", 0, 3),
    "DepthwiseConv2d": ("depthwise", 3, None),
    "FullyConnected": ("dense", 0, 1),
}
"""Operator -> kind, axis of the outputs and of the inputs, in XNNPACK's layouts."""
BRANCHES = ("Add", "Multiply")
COPIES = ("Convert", "Copy")
SCALE_OFF = 1.1
PER_TENSOR = 2
LARGEST = np.float32(np.inf)


class _Places(Payload):
    """XNNPACK's part of a program that also remembers where its numbers lie in the file."""

    def __init__(self, data: bytes, start: int, named: Callable[[str], bytes]) -> None:
        super().__init__(
            data[start:], named, f"delegate{start}", tuple(f"outside{number}" for number in range(99))
        )
        self._base = start + int.from_bytes(data[start + 10 : start + 14], "little")
        self.options: list[dict[str, int]] = []
        self.parameters: dict[str, dict[str, int]] = {}
        self.numbers: dict[str, int] = {}

    def _note(self, table: int, number: int) -> int | None:
        field = self._walk.field(table, number)
        return None if field is None else self._base + field

    def _node(self, table: int) -> Node:
        node, walk = super()._node(table), self._walk
        own, members = walk.table(table, 1), OPERATORS[walk.scalar(table, 0, 1) - 1][1]
        places = {
            member.lstrip("<>[~"): self._note(own, place) for place, member in enumerate(members.split())
        }
        if walk.field(table, 3) is not None:
            limits = walk.table(table, 3)
            places["output_max"] = self._note(limits, 1)
        self.options.append({name: place for name, place in places.items() if place is not None})
        return node

    def _value(self, table: int) -> Any:
        found, walk = super()._value(table), self._walk
        value = walk.table(table, 1)
        quantized = walk.scalar(table, 0, 1) == 2
        number = walk.scalar(walk.table(value, 0) if quantized else value, 6, 4)
        self.numbers[self._names[number]] = number
        if quantized and walk.scalar(value, 1, 1) == PER_TENSOR:
            parameters = walk.table(value, 2)
            places = {"scale": self._note(parameters, 0), "zero_point": self._note(parameters, 1)}
            self.parameters[self._names[number]] = {key: at for key, at in places.items() if at is not None}
        return found


class ExecutorchFile:
    """A program of XNNPACK's delegates, with its layers in the order of the operators."""

    def __init__(self, path: Path) -> None:
        self.data = bytearray(path.read_bytes())
        original = bytes(self.data)
        # Every delegate's part begins with four bytes and this word; they lie in the order in which they run.
        starts = [found.start() - 4 for found in re.finditer(rb"XH00", original)]
        named = _Program(original)._by_key
        self.nodes: list[Node] = []
        self.tensors: dict[str, Tensor] = {}
        self.options: list[dict[str, int]] = []
        self.parameters: dict[str, dict[str, int]] = {}
        self.numbers: dict[str, int] = {}
        for start in starts:
            part = _Places(original, start, named)
            nodes, tensors = part.read()
            self.nodes += nodes
            self.options += part.options
            self.tensors.update((tensor.name, tensor) for tensor in tensors)
            self.parameters |= part.parameters
            self.numbers |= part.numbers
        self.read = Reader()
        self.layers: list[Layer] = []
        self._of_node: list[int | None] = []
        for node in self.nodes:
            if node.operator in PRODUCTS:
                self.read.next(node.outputs[0])
                self.layers.append(self._layer(node))
            self._of_node.append(self.read.last)

    def _layer(self, node: Node) -> Layer:
        kind, out, into = PRODUCTS[node.operator]
        weight = self.tensors[node.inputs[1]]
        bias = self.tensors.get(node.inputs[2])
        assert weight.constant is not None
        quantization = weight.quantization
        scales = None if quantization is None else self._slot(np.asarray(quantization.scale))
        return Layer(
            node.outputs[0], kind, self._slot(weight.constant), None if bias is None or bias.constant is None else self._slot(bias.constant),
            out, into, scales,
        )  # fmt: skip

    def _slot(self, stored: NDArray[Any]) -> Slot:
        """The one place that holds these bytes."""
        body = np.ascontiguousarray(stored).tobytes()
        start = self.data.find(body)
        if start < 0 or self.data.find(body, start + 1) >= 0:
            raise ValueError(f"a constant of {len(body)} bytes lies in no or in several places")

        def put(values: NDArray[Any]) -> None:
            self.data[start : start + len(body)] = np.ascontiguousarray(values, stored.dtype).tobytes()

        return Slot(
            lambda: np.frombuffer(bytes(self.data[start : start + len(body)]), stored.dtype).reshape(stored.shape).copy(), put
        )  # fmt: skip

    # Operators.

    def operator_changes(self) -> Changes:
        """Padding, upper limits of activations (a lower one of 0 has no place in the file), branches, and the parameters of integer tensors."""
        found: Changes = defaultdict(list)
        for number, (node, layer) in enumerate(zip(self.nodes, self._of_node, strict=True)):
            for kind, apply in self._of(number, node).items():
                found[kind].append(Change(node.outputs[0], layer, apply))
            for kind, apply in self._of_parameters(node).items():
                found[kind].append(Change(node.outputs[0], layer, apply))
        return found

    def _of(self, number: int, node: Node) -> dict[str, Callable[[], None]]:
        found: dict[str, Callable[[], None]] = {}
        places = self.options[number]
        if np.isfinite(node.options.get("output_max", LARGEST)) and "output_max" in places:
            found["activation_other"] = lambda: self._write(places, {"output_max": LARGEST})
        top = int(node.options.get("padding_top", 0))
        if top and {f"padding_{side}" for side in ("top", "left", "bottom", "right")} <= places.keys():
            moved = {"padding_top": 0, "padding_left": 0, "padding_bottom": 2 * top, "padding_right": 2 * top}
            found["padding_side"] = lambda: self._write(
                places, {key: np.uint32(value) for key, value in moved.items()}
            )
        if node.operator in BRANCHES and (other := self._branch(number, node)) is not None:
            found["branches_swapped"] = lambda: self._write(places, {"input1": np.uint32(other)})
        return found

    def _branch(self, number: int, node: Node) -> int | None:
        """An earlier value of the same shape that the join does not read."""
        if any(name not in self.tensors or self.tensors[name].constant is not None for name in node.inputs):
            return None
        mine, read = self.tensors[node.inputs[0]], {self._root(name) for name in node.inputs}
        for before in reversed(self.nodes[:number]):
            tensor = self.tensors.get(before.outputs[0])
            same = (
                tensor is not None
                and _part(tensor.name) == _part(mine.name)
                and (tensor.shape, tensor.dtype) == (mine.shape, mine.dtype)
            )
            if tensor is not None and same and self._root(tensor.name) not in read:
                return self.numbers[tensor.name]
        return None

    def _root(self, name: str) -> str:
        """The value of which another is a copy on another grid: that is no other branch."""
        makers = {node.outputs[0]: node for node in self.nodes}
        while name in makers and makers[name].operator in COPIES:
            name = makers[name].inputs[0]
        return name

    def _of_parameters(self, node: Node) -> dict[str, Callable[[], None]]:
        places = self.parameters.get(node.outputs[0], {})
        tensor = self.tensors.get(node.outputs[0])
        if tensor is None or tensor.quantization is None:
            return {}
        scale, zero = np.float32(tensor.quantization.scale[0]), _zero(tensor.quantization)
        found: dict[str, Callable[[], None]] = {}
        if "scale" in places:
            found["scale_off"] = lambda: self._write(places, {"scale": np.float32(scale * SCALE_OFF)})
        if "zero_point" in places:
            moved = np.int32(zero + 1 if zero < 127 else zero - 1)
            found["zero_point_off"] = lambda: self._write(places, {"zero_point": moved})
        return found

    def _write(self, places: dict[str, int], values: dict[str, Any]) -> None:
        for name, value in values.items():
            self.data[places[name] : places[name] + 4] = np.asarray(value).astype(value.dtype).tobytes()

    # Writing.

    def save(self, path: Path, contract: Contract) -> None:
        """Write it with a digest of its own; a contract must be as long as the right file's."""
        from fer_edge.runtime.containers.digest import BLANK_DIGEST, seal
        from fer_edge.runtime.containers.executorch import read

        body = re.sub(
            rb"fer-edge-sha256:[0-9a-f]{64}:fer-edge-sha256", BLANK_DIGEST.encode(), bytes(self.data)
        )
        path.write_bytes(seal(body))
        (old,) = read(path)
        if len(old) != len(contract.text.encode()):
            raise ValueError("another length of the contract would move everything behind it")
        path.write_bytes(seal(body.replace(old, contract.text.encode())))


def _part(name: str) -> str:
    return name.partition(".")[0]


def _zero(quantization: Quantization) -> int:
    return int(quantization.zero_point[0])
