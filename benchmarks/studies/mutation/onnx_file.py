"""ONNX files under edit."""

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

PRODUCTS = ("Conv", "Gemm", "MatMul", "MatMulInteger")
ACTIVATIONS = ("Relu", "Clip", "HardSwish", "Sigmoid", "HardSigmoid", "LeakyRelu", "PRelu")
BRANCHES = ("Add", "Mul", "Concat")
SCALE_OFF = 1.1


class OnnxFile:
    """A graph with its layers in the order of the nodes."""

    def __init__(self, path: Path) -> None:
        import onnx

        self.model = onnx.load(path)
        self.nodes = self.model.graph.node
        self.constants = {tensor.name: tensor for tensor in self.model.graph.initializer}
        self.made_by = {name: node for node in self.nodes for name in node.output}
        self.read = Reader()
        self.layers: list[Layer] = []
        self._products: list[Any] = []
        self._of_node: list[int | None] = []
        for node in self.nodes:
            if node.op_type in PRODUCTS and self._stored(node.input[1]) is not None:
                self.read.next(node.output[0])
                self.layers.append(self._layer(node))
                self._products.append(node)
            self._of_node.append(self.read.last)

    def _stored(self, name: str) -> tuple[str, str | None] | None:
        """The initializers behind a constant operand: of its values and, of integers, of its scales."""
        if name in self.constants:
            beside = name.removesuffix("_quantized") + "_scale"
            return name, beside if name.endswith("_quantized") and beside in self.constants else None
        node = self.made_by.get(name)
        if node is None or node.op_type not in ("Cast", "Mul", "DequantizeLinear"):
            return None
        inner = self._stored(node.input[0])
        if inner is None or node.op_type == "Cast":
            return inner
        return inner[0], node.input[1]

    def slot(self, name: str) -> Slot:
        """An initializer's values."""
        from onnx import numpy_helper

        tensor = self.constants[name]

        def put(values: NDArray[Any]) -> None:
            old = numpy_helper.to_array(tensor)
            tensor.CopyFrom(
                numpy_helper.from_array(np.asarray(values, old.dtype).reshape(old.shape).copy(), name)
            )

        return Slot(lambda: numpy_helper.to_array(tensor).copy(), put)

    def _flat(self, name: str) -> Slot:
        whole = self.slot(name)
        return Slot(lambda: whole.get().reshape(-1), whole.put)

    def _layer(self, node: Any) -> Layer:
        stored = self._stored(node.input[1])
        assert stored is not None
        weight = self.slot(stored[0])
        shape = weight.get().shape
        kind, out, into = self._shape_of(node, shape)
        bias = (
            self._stored(node.input[2]) if node.op_type in ("Conv", "Gemm") and len(node.input) > 2 else None
        )
        if bias is None and node.op_type.startswith("MatMul"):
            bias = self._sum_behind(node)
        scales = None if stored[1] is None else self._flat(stored[1])
        return Layer(
            node.input[1], kind, weight, None if bias is None else self.slot(bias[0]), out, into, scales
        )

    def _shape_of(self, node: Any, shape: tuple[int, ...]) -> tuple[str, int, int | None]:
        if node.op_type == "Conv":
            groups = attribute(node, "group", 1)
            return ("depthwise", 0, None) if groups > 1 and shape[1] == 1 else ("conv", 0, 1)
        if node.op_type == "Gemm" and attribute(node, "transB", 0):
            return "dense", 0, 1
        return "dense", len(shape) - 1, len(shape) - 2

    def _sum_behind(self, node: Any) -> tuple[str, str | None] | None:
        """The bias that an Add behind the product has, over at most a Cast and a Mul."""
        name = node.output[0]
        for _ in range(3):
            readers = [other for other in self.nodes if name in other.input]
            if len(readers) != 1:
                return None
            if readers[0].op_type == "Add":
                other = next((found for found in readers[0].input if found != name), "")
                return self._stored(other)
            name = readers[0].output[0]
        return None

    # Operators.

    def operator_changes(self) -> Changes:
        """Padding, activations, branches, and the parameters of integer tensors."""
        found: Changes = defaultdict(list)
        for node, layer in zip(self.nodes, self._of_node, strict=True):
            for kind, apply in self._of(node).items():
                found[kind].append(Change(node.output[0], layer, apply))
        for number, node in enumerate(self._products):
            found["per_channel_axis"] += self._axes(number, node)
        for node, layer in zip(self.nodes, self._of_node, strict=True):
            if node.op_type == "QuantizeLinear":
                found["scale_off"].append(Change(node.output[0], layer, self._scale(node.input[1])))
                found["zero_point_off"].append(Change(node.output[0], layer, self._shift(node.input[2])))
        return found

    def _of(self, node: Any) -> dict[str, Callable[[], None]]:
        found: dict[str, Callable[[], None]] = {}
        if node.op_type in ACTIVATIONS and node.output[0] not in {
            value.name for value in self.model.graph.output
        }:
            found["activation_missing"] = lambda: self._bypass(node)
        if node.op_type in ("Relu", "Clip", "HardSwish"):
            found["activation_other"] = lambda: self._exchange(node)
        pads = next((entry for entry in node.attribute if entry.name == "pads"), None)
        if pads is not None and any(pads.ints) and len(pads.ints) == 4:
            found["padding_side"] = lambda: self._move_pads(pads)
        if node.op_type in BRANCHES and (swap := self._branch(node)):
            found["branches_swapped"] = swap
        return found

    def _bypass(self, node: Any) -> None:
        for other in self.nodes:
            for place, name in enumerate(other.input):
                if name == node.output[0]:
                    other.input[place] = node.input[0]
        self.nodes.remove(node)

    def _exchange(self, node: Any) -> None:
        """Relu for Clip and HardSwish, a leaky one for Relu."""
        import onnx

        del node.input[1:]
        if node.op_type == "Relu":
            node.op_type = "LeakyRelu"
            node.attribute.append(onnx.helper.make_attribute("alpha", 0.1))
        else:
            node.op_type = "Relu"

    @staticmethod
    def _move_pads(pads: Any) -> None:
        top, left, bottom, right = pads.ints
        pads.ints[:] = [0, 0, top + bottom, left + right]

    def _branch(self, node: Any) -> Callable[[], None] | None:
        """Read, instead of the first branch, an earlier tensor of the same shape."""
        shapes = self._shapes()
        if any(self._stored(name) is not None for name in node.input):
            return None
        mine = shapes.get(node.input[0])
        # The same value before it is stored in 8 bits is no other branch.
        read = {*node.input, *map(self._root, node.input)}
        position = list(self.nodes).index(node)
        for other in reversed(self.nodes[:position]):
            name = other.output[0]
            fits = mine is not None and shapes.get(name) == mine and name not in read
            if fits and other.op_type not in ("QuantizeLinear", "DequantizeLinear"):
                return lambda: node.input.__setitem__(0, name)
        return None

    def _root(self, name: str) -> str:
        """The value that quantizes and dequantizes to another."""
        maker = self.made_by.get(name)
        while maker is not None and maker.op_type in ("QuantizeLinear", "DequantizeLinear"):
            name = maker.input[0]
            maker = self.made_by.get(name)
        return name

    def _shapes(self) -> dict[str, tuple[int, ...]]:
        import onnx

        if not hasattr(self, "_known"):
            graph = onnx.shape_inference.infer_shapes(self.model).graph
            self._known = {
                value.name: tuple(size.dim_value for size in value.type.tensor_type.shape.dim)
                for value in (*graph.input, *graph.value_info, *graph.output)
            }
        return self._known

    def _axes(self, number: int, node: Any) -> list[Change]:
        """The weight's scales along another axis of the same length."""
        layer = self.layers[number]
        maker = self.made_by.get(node.input[1])
        if layer.scales is None or layer.into is None or maker is None or layer.scales.get().size < 2:
            return []
        shape = layer.weight.get().shape
        if shape[layer.out] != shape[layer.into]:
            return []
        into = layer.into
        if maker.op_type == "DequantizeLinear":
            return [Change(layer.name, number, lambda: set_attribute(maker, "axis", into))]
        scale = self.constants[maker.input[1]]
        sizes = [1] * len(shape)
        sizes[into] = shape[into]

        def lay_across() -> None:
            scale.dims[:] = sizes

        return [Change(layer.name, number, lay_across)]

    def _scale(self, name: str) -> Callable[[], None]:
        slot = self.slot(name)
        return lambda: slot.put(slot.get() * np.float32(SCALE_OFF))

    def _shift(self, name: str) -> Callable[[], None]:
        slot = self.slot(name)

        def apply() -> None:
            old = slot.get()
            top = np.iinfo(old.dtype).max
            slot.put(np.where(old < top, old + 1, old - 1).astype(old.dtype))

        return apply

    # Writing.

    def save(self, path: Path, contract: Contract) -> None:
        """Write it; biases of integer products follow their scales."""
        from fer_edge.export.formats.onnx.graph import CONTRACT_KEY
        from fer_edge.runtime.containers.digest import BLANK_DIGEST, DIGEST_KEY, seal

        for number, node in enumerate(self._products):
            self._settle_bias(number, node)
        del self.model.metadata_props[:]
        self.model.metadata_props.add(key=CONTRACT_KEY, value=contract.text)
        self.model.metadata_props.add(key=DIGEST_KEY, value=BLANK_DIGEST)
        path.write_bytes(seal(self.model.SerializeToString(deterministic=True)))

    def _settle_bias(self, number: int, node: Any) -> None:
        """Round the bias anew where its scale no longer is the input's times the weight's, as a quantizer would have."""
        layer = self.layers[number]
        source = self.made_by.get(node.input[0])
        stored = self._stored(node.input[2]) if len(node.input) > 2 else None
        if (
            source is None
            or source.op_type != "DequantizeLinear"
            or layer.scales is None
            or layer.bias is None
        ):
            return
        if stored is None or stored[1] is None or layer.bias.get().dtype != np.int32:
            return
        scale = self._flat(stored[1])
        old, new = (
            scale.get().astype(np.float64),
            self.slot(source.input[1]).get().astype(np.float64) * layer.scales.get(),
        )
        if np.allclose(old, new, rtol=1e-4, atol=0):
            return
        real = layer.bias.get() * old
        scale.put(new.astype(np.float32))
        layer.bias.put(np.clip(np.rint(real / new), -(2**31), 2**31 - 1).astype(np.int32))


def attribute(node: Any, name: str, default: int) -> int:
    """An integer attribute of a node."""
    return next((int(entry.i) for entry in node.attribute if entry.name == name), default)


def set_attribute(node: Any, name: str, value: int) -> None:
    """Give a node an integer attribute, in place of the one that it has."""
    import onnx

    kept = [entry for entry in node.attribute if entry.name != name]
    del node.attribute[:]
    node.attribute.extend([*kept, onnx.helper.make_attribute(name, value)])
