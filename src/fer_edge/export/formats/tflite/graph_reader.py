"""A TFLite file as a neutral graph. The file is untrusted: every count is held against its size before anything is read.

The schema's generated classes read field by field; what leads out of the bytes is an error of theirs, caught here.
"""

from __future__ import annotations

import enum
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.faithful.graph import MOST_NODES, Graph, Node, Quantization, Tensor
from fer_edge.runtime.errors import BundleError

MOST_TENSORS = 4 * MOST_NODES
NO_OFFSET = 1
"""Of a buffer: 0 and 1 mean that its bytes lie inside."""


def read_graph(path: Path) -> Graph:
    """The main subgraph of a ``.tflite`` file.

    Raises:
        BundleError: the bytes are no TFLite file, or contradict themselves.
    """
    try:
        return parse_graph(path.read_bytes())
    except _FAULTS as error:
        raise BundleError(f"{path.name} is not a readable TFLite file: {error}") from None


_FAULTS = (struct.error, IndexError, ValueError, TypeError, OverflowError, AttributeError)
"""What reading beyond the bytes, or nonsense in them, comes to in the generated classes."""


def parse_graph(data: bytes) -> Graph:
    """The same for bytes; faults are errors of the standard library."""
    from ai_edge_litert import schema_py_generated as schema

    if data[4:8] != b"TFL3":
        raise ValueError("it does not begin like one")
    model = schema.Model.GetRootAs(data, 0)
    if not model.SubgraphsLength():
        raise ValueError("it holds no graph")
    reader = _Reader(data, model, model.Subgraphs(0))
    return reader.graph()


class _Reader:
    def __init__(self, data: bytes, model: Any, subgraph: Any) -> None:
        self._data = data
        self._model = model
        self._subgraph = subgraph
        self._words = _Words()

    def graph(self) -> Graph:
        graph = self._subgraph
        count = self._bounded(graph.TensorsLength(), "tensors", MOST_TENSORS)
        operators = self._bounded(graph.OperatorsLength(), "operators", MOST_NODES)
        tensors = [graph.Tensors(index) for index in range(count)]
        names = _unique([_text(tensor.Name()) for tensor in tensors])
        read = [self._tensor(tensor, name) for tensor, name in zip(tensors, names, strict=True)]
        return Graph(
            tuple(self._node(graph.Operators(index), names) for index in range(operators)),
            {tensor.name: tensor for tensor in read},
            _named(graph.InputsAsNumpy(), names),
            _named(graph.OutputsAsNumpy(), names),
        )

    def _bounded(self, count: int, what: str, most: int) -> int:
        """A count of tables, of which each takes four bytes at least."""
        if count > min(most, len(self._data) // 4):
            raise ValueError(f"it is said to have {count} {what}")
        return count

    def _tensor(self, tensor: Any, name: str) -> Tensor:
        dtype = self._words.dtypes.get(tensor.Type(), "")
        shape = tuple(int(size) for size in _array(tensor.ShapeAsNumpy()))
        data = self._buffer(tensor.Buffer())
        constant = None
        if data is not None and dtype:
            constant = np.frombuffer(data, dtype).reshape(shape)
        signature = tuple(int(size) for size in _array(tensor.ShapeSignatureAsNumpy()))
        return Tensor(name, signature or shape, dtype, constant, _quantization(tensor.Quantization()))

    def _buffer(self, index: int) -> memoryview | None:
        if not 0 <= index < self._model.BuffersLength():
            raise ValueError(f"a tensor's numbers are said to be in buffer {index}")
        buffer = self._model.Buffers(index)
        if buffer.Offset() > NO_OFFSET:
            start, size = int(buffer.Offset()), int(buffer.Size())
            if start + size > len(self._data):
                raise ValueError(f"buffer {index} leads out of it")
            return memoryview(self._data)[start : start + size]
        if not buffer.DataLength():
            return None
        return memoryview(buffer.DataAsNumpy()).cast("B")

    def _node(self, operator: Any, names: list[str]) -> Node:
        code = self._model.OperatorCodes(operator.OpcodeIndex())
        number = max(int(code.BuiltinCode()), int(code.DeprecatedBuiltinCode()))
        word = self._words.operators.get(number, f"BUILTIN_{number}")
        custom = code.CustomCode()
        return Node(
            _text(custom) if word == "CUSTOM" and custom else word,
            _named(operator.InputsAsNumpy(), names),
            _named(operator.OutputsAsNumpy(), names),
            self._options(operator, word == "CUSTOM"),
        )

    def _options(self, operator: Any, custom: bool) -> dict[str, Any]:
        if custom:
            data = (
                operator.CustomOptionsAsNumpy() if operator.CustomOptionsLength() else np.zeros(0, np.uint8)
            )
            return {"custom": bytes(data)}
        for kind, table, words in (
            (operator.BuiltinOptionsType(), operator.BuiltinOptions(), self._words.options),
            (operator.BuiltinOptions2Type(), operator.BuiltinOptions2(), self._words.options2),
        ):
            if kind and table is not None:
                return self._words.members(words.get(kind, ""), table)
        return {}


class _Words:
    """Numbers of the schema -> words."""

    def __init__(self) -> None:
        from ai_edge_litert import schema_py_generated as schema

        self._schema = schema
        self.operators = _by_number(schema.BuiltinOperator)
        self.options = _by_number(schema.BuiltinOptions)
        self.options2 = _by_number(schema.BuiltinOptions2)
        types = _by_number(schema.TensorType)
        self.dtypes = {number: _DTYPES[word] for number, word in types.items() if word in _DTYPES}

    def members(self, kind: str, table: Any) -> dict[str, Any]:
        """The members of an operator's table of options; lists as tuples."""
        accessor, record = getattr(self._schema, kind, None), getattr(self._schema, f"{kind}T", None)
        if accessor is None or record is None:
            return {"unknown": kind}
        own = accessor()
        own.Init(table.Bytes, table.Pos)
        members = vars(record.InitFromObj(own))
        return {
            name: tuple(value.tolist()) if isinstance(value, np.ndarray) else value
            for name, value in members.items()
        }


_DTYPES = {
    "FLOAT32": "float32", "FLOAT16": "float16", "FLOAT64": "float64", "INT8": "int8", "UINT8": "uint8",
    "INT16": "int16", "UINT16": "uint16", "INT32": "int32", "UINT32": "uint32", "INT64": "int64",
    "UINT64": "uint64", "BOOL": "bool",
}  # fmt: skip


def _by_number(words: type) -> dict[int, str]:
    return {
        int(number): word
        for word, number in vars(words).items()
        if isinstance(number, int | enum.IntEnum) and not word.startswith("_")
    }


def _quantization(found: Any) -> Quantization | None:
    if found is None or not found.ScaleLength():
        return None
    scale = np.asarray(found.ScaleAsNumpy(), np.float32)
    zeros = _array(found.ZeroPointAsNumpy()).astype(np.int64)
    if not zeros.size:
        zeros = np.zeros(scale.size, np.int64)
    if zeros.size not in (1, scale.size):
        raise ValueError(f"a tensor has {scale.size} scales and {zeros.size} zero points")
    zero_point = np.broadcast_to(zeros, scale.shape).copy()
    return Quantization(scale, zero_point, int(found.QuantizedDimension()) if scale.size > 1 else 0)


def _array(found: Any) -> NDArray[Any]:
    """A vector; the generated classes give 0 for one that is absent."""
    return np.asarray(found) if isinstance(found, np.ndarray) else np.zeros(0, np.int64)


def _named(indices: Any, names: list[str]) -> tuple[str, ...]:
    found = [int(index) for index in _array(indices)]
    if any(index >= len(names) for index in found):
        raise ValueError("an operator reads a tensor that is not there")
    return tuple(names[index] if index >= 0 else "" for index in found)


def _unique(names: list[str]) -> list[str]:
    """Names of which none appears twice: a later one, or an empty one, gets its index."""
    seen = set[str]()
    found = []
    for index, name in enumerate(names):
        own = name if name and name not in seen else f"{name}#{index}"
        seen.add(own)
        found.append(own)
    return found


def _text(name: Any) -> str:
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name or "")
