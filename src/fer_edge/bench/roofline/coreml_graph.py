"""Core ML: the MIL program of a package, read with coremltools' protobuf classes. Shapes are in the file."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fer_edge.bench.roofline.graph import (
    Graph,
    GraphError,
    GraphTensor,
    Operator,
    Role,
    count_macs,
    list_roles,
)
from fer_edge.runtime.containers.coreml import root_model
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.engines.quiet import quiet
from fer_edge.runtime.extras import require

_ROLES = list_roles({
    Role.CONVOLUTION: ("conv", "linear"),
    Role.TRANSPOSED: ("conv_transpose",),
    Role.PRODUCT: ("matmul",),
    Role.POINTWISE: (
        "add", "sub", "mul", "real_div", "relu", "relu6", "clip", "sigmoid", "sigmoid_hard", "silu", "gelu", "elu",
        "leaky_relu", "prelu", "tanh", "batch_norm", "floor", "maximum", "minimum", "thresholded_relu", "scaled_tanh",
    ),
    Role.CONVERT: ("cast", "quantize", "dequantize"),
    Role.VIEW: ("reshape", "squeeze", "expand_dims", "identity", "shape"),
    Role.OPAQUE: ("lstm", "gru", "rnn", "einsum", "while_loop", "cond", "scaled_dot_product_attention"),
})  # fmt: skip
_BITS = {
    1: 8, 2: 8, 10: 16, 11: 32, 12: 64, 13: 16, 21: 8, 22: 16, 23: 32, 24: 64, 25: 4, 31: 8, 32: 16, 33: 32, 34: 64, 35: 4,
}  # fmt: skip
"""``DataType`` of MIL.proto to bits of an element."""
_WEIGHTS = {"matmul": ("x", "y")} | dict.fromkeys(("conv", "conv_transpose", "linear"), ("x", "weight"))


def read(path: Path, contract: Contract) -> Graph:  # noqa: ARG001 - every reader's signature
    """The ``main`` function of an ``.mlpackage``'s program.

    Raises:
        GraphError: it is no program (a neural network of before 2021), or it has shapes that are not fixed.
        MissingExtra: coremltools is not installed.
    """
    with warnings.catch_warnings(), quiet():
        # Versions of libraries that only its converters use, and what runs on macOS only.
        warnings.simplefilter("ignore")
        proto = require("coremltools.proto.Model_pb2", "coreml")
    spec = proto.Model()
    spec.ParseFromString(root_model(path).read_bytes())
    if spec.WhichOneof("Type") != "mlProgram":
        raise GraphError("it is no ML program")
    main = spec.mlProgram.functions["main"]
    tensors = {given.name: _tensor(given.type) for given in main.inputs}
    operators = list(_operators(main.block_specializations[main.opset].operations, tensors))
    return Graph(tensors, tuple(operators))


def _operators(entries: Any, tensors: dict[str, GraphTensor]) -> Iterator[Operator]:
    for entry in entries:
        constant = entry.type == "const"
        for made in entry.outputs:
            tensors[made.name] = _tensor(made.type, stored=constant)
        if constant:
            continue
        inputs = {
            word: list(_names(word, argument, entry, tensors)) for word, argument in entry.inputs.items()
        }
        # Compressed weights of iOS 16 are attributes of the operator that unpacks them.
        for word, value in entry.attributes.items():
            if entry.type.startswith("constexpr_"):
                tensors[f"{entry.outputs[0].name}/{word}"] = _tensor(value.type, stored=True)
                inputs[word] = [f"{entry.outputs[0].name}/{word}"]
        yield _operator(entry, inputs, tensors)


def _names(word: str, argument: Any, entry: Any, tensors: dict[str, GraphTensor]) -> Iterator[str]:
    for index, binding in enumerate(argument.arguments):
        if binding.WhichOneof("binding") == "name":
            yield binding.name
        else:
            name = f"{entry.outputs[0].name}/{word}/{index}"
            tensors[name] = _tensor(binding.value.type, stored=True)
            yield name


def _operator(entry: Any, inputs: dict[str, list[str]], tensors: dict[str, GraphTensor]) -> Operator:
    first = _WEIGHTS.get(entry.type, ())
    words = [*first, *sorted(set(inputs) - set(first))]
    names = tuple(name for word in words for name in inputs[word])
    role = _ROLES.get(entry.type, Role.MOVE)
    outputs = tuple(made.name for made in entry.outputs)
    macs = 0
    if role.computes:
        macs = count_macs(role, *(tensors[name].shape for name in (*names[:2], outputs[0])))
        # Strides, padding and the like are no weights.
        names = tuple(name for word in (*first, "bias") for name in inputs.get(word, ()))
    elif role is not Role.POINTWISE and not entry.type.startswith("constexpr_") and "x" in inputs:
        names = tuple(inputs["x"])
    return Operator(entry.type, role, names, outputs, macs)


def _tensor(kind: Any, stored: bool = False) -> GraphTensor:
    if kind.WhichOneof("type") != "tensorType":
        return GraphTensor((), 32, stored)
    found = kind.tensorType
    if any(size.WhichOneof("dimension") != "constant" for size in found.dimensions):
        raise GraphError("a tensor of it has no fixed shape")
    return GraphTensor(
        tuple(size.constant.size for size in found.dimensions), _BITS.get(found.dataType, 32), stored
    )
