"""Reading, changing and writing a TFLite flatbuffer without changing what is not meant.

Two properties of a file must survive: large buffers that lie behind the flatbuffer (``offset``/``size`` instead of
``data``) stay there, because putting them back inside makes old runtimes open files that they then compute wrongly;
and tensor data starts at multiples of 16 bytes, which flatbuffers' own Python writer does not keep.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.formats.finite import refuse_nonfinite
from fer_edge.runtime.contract import QuantizationParameters
from fer_edge.runtime.errors import ExportError

if TYPE_CHECKING:
    from flatbuffers import Builder

ALIGNMENT = 16
IDENTIFIER = b"TFL3"
NO_OFFSET = 1
"""Offsets 0 and 1 mean "inside"; 1 reserves the field, so that it can be filled in later."""


@dataclass
class TFLite:
    """A flatbuffer as objects.

    Attributes:
        model: the schema's ``ModelT``.
        outside: buffers that lie behind the flatbuffer: index -> bytes.
    """

    model: Any
    outside: dict[int, bytes]

    @classmethod
    def read(cls, data: bytes) -> TFLite:
        """Take a flatbuffer apart."""
        from ai_edge_litert import schema_py_generated as schema

        model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(data, 0))
        outside = {
            index: bytes(data[buffer.offset : buffer.offset + buffer.size])
            for index, buffer in enumerate(model.buffers)
            if buffer.offset > NO_OFFSET
        }
        return cls(model, outside)

    @property
    def graph(self) -> Any:
        """The main subgraph."""
        return self.model.subgraphs[0]

    def add_buffer(self, data: bytes) -> int:
        """A new buffer inside; returns its index."""
        from ai_edge_litert import schema_py_generated as schema

        buffer = schema.BufferT()
        buffer.data = np.frombuffer(data, np.uint8)
        self.model.buffers.append(buffer)
        return len(self.model.buffers) - 1

    def add_metadata(self, name: str, data: bytes) -> None:
        """A named metadata buffer."""
        from ai_edge_litert import schema_py_generated as schema

        entry = schema.MetadataT()
        entry.name = name
        entry.buffer = self.add_buffer(data)
        self.model.metadata = [*(self.model.metadata or []), entry]

    def write(self) -> bytes:
        """The bytes: flatbuffer, then the outside buffers, each at a multiple of 16."""
        from flatbuffers import Builder

        inside = self.model.buffers
        self.model.buffers = [_Packed(buffer, index in self.outside) for index, buffer in enumerate(inside)]
        try:
            builder = Builder(1024)
            builder.Finish(self.model.Pack(builder), file_identifier=IDENTIFIER)
        finally:
            self.model.buffers = inside
        return bytes(self._append_outside(bytearray(builder.Output())))

    def _append_outside(self, data: bytearray) -> bytearray:
        from ai_edge_litert import schema_py_generated as schema
        from ai_edge_litert.tools.flatbuffer_utils import update_packed_buffer

        for index, content in sorted(self.outside.items()):
            data.extend(bytes(-len(data) % ALIGNMENT))
            offset = len(data)
            data.extend(content)
            update_packed_buffer(schema.Model.GetRootAs(data, 0).Buffers(index), offset, len(content))
        return data

    def values(self, tensor: Any) -> NDArray[Any] | None:
        """A constant's values, or None for what is computed at run time and what is no float."""
        data = self.contents(tensor)
        dtype = _float_types().get(tensor.type)
        return None if not data or dtype is None else np.frombuffer(data, dtype)

    def contents(self, tensor: Any) -> bytes:
        """A constant's bytes; none of what is computed at run time."""
        data = self.outside.get(tensor.buffer)
        if data is None:
            found = self.model.buffers[tensor.buffer].data
            data = b"" if found is None else np.asarray(found, np.uint8).tobytes()
        return data

    def io_quantization(self) -> tuple[QuantizationParameters | None, QuantizationParameters | None]:
        """Scale and zero point of the first input and output, as the file has them."""
        tensors = self.graph.tensors
        return _parameters(tensors[self.graph.inputs[0]]), _parameters(tensors[self.graph.outputs[0]])


class _Packed:
    """A buffer that writes itself aligned, or only its place where the data lies outside."""

    def __init__(self, buffer: Any, outside: bool) -> None:
        self.data = None if outside or buffer.data is None else np.asarray(buffer.data, np.uint8).tobytes()
        self.outside = outside

    def Pack(self, builder: Builder) -> int:  # noqa: N802 - the schema's name
        from ai_edge_litert import schema_py_generated as schema

        vector = None if self.data is None else _aligned_vector(builder, self.data)
        schema.BufferStart(builder)
        if vector is not None:
            schema.BufferAddData(builder, vector)
        if self.outside:
            schema.BufferAddOffset(builder, NO_OFFSET)
            schema.BufferAddSize(builder, NO_OFFSET)
        return int(schema.BufferEnd(builder))


def _aligned_vector(builder: Builder, data: bytes) -> int:
    builder.StartVector(1, len(data), ALIGNMENT)
    builder.head = builder.head - len(data)
    builder.Bytes[builder.head : builder.head + len(data)] = data
    return int(builder.EndVector())


def _parameters(tensor: Any) -> QuantizationParameters | None:
    quantization = tensor.quantization
    if quantization is None or quantization.scale is None or not len(quantization.scale):
        return None
    return QuantizationParameters(float(quantization.scale[0]), int(quantization.zeroPoint[0]))


def _float_types() -> dict[int, type[np.floating]]:
    from ai_edge_litert.schema_py_generated import TensorType

    return {TensorType.FLOAT32: np.float32, TensorType.FLOAT16: np.float16}


def refuse_nonfinite_tensors(file: TFLite) -> None:
    """Look at every float constant and every scale of the file.

    Infinity is legitimate in two places: the value that a max-pool's border is padded with, and the least of a maximum, with which a
    softmax begins that was not recognized as one.

    Raises:
        ExportError: NaN or infinity, with the tensor's name and index.
    """
    for graph in file.model.subgraphs:
        neutral = _neutral_values(file, graph)
        for index, tensor in enumerate(graph.tensors):
            name = _name(tensor)
            values = file.values(tensor)
            if values is not None and index not in neutral:
                refuse_nonfinite(name, values.reshape(tensor.shape if tensor.shape is not None else ()))
            if tensor.quantization is not None and tensor.quantization.scale is not None:
                _refuse_bad_scales(name, np.asarray(tensor.quantization.scale, np.float32))


def _refuse_bad_scales(name: str, scales: NDArray[np.float32]) -> None:
    refuse_nonfinite(f"scale of {name}", scales)
    if (scales <= 0).any():
        index = int(np.argmax(scales <= 0))
        raise ExportError(
            f"scale of tensor {name!r} is {scales[index]} at index [{index}]: its range is degenerate"
        )


def _neutral_values(file: TFLite, graph: Any) -> set[int]:
    """Tensors whose infinity changes nothing."""
    from ai_edge_litert.schema_py_generated import BuiltinOperator

    codes = [max(code.builtinCode, code.deprecatedBuiltinCode) for code in file.model.operatorCodes]
    pads = {int(op.inputs[2]) for op in graph.operators if codes[op.opcodeIndex] == BuiltinOperator.PADV2}
    maxima = (op for op in graph.operators if codes[op.opcodeIndex] == BuiltinOperator.MAXIMUM)
    operands = {int(place) for op in maxima for place in op.inputs}
    return pads | {place for place in operands if _is_least(file.values(graph.tensors[place]))}


def _is_least(values: NDArray[np.floating] | None) -> bool:
    return values is not None and bool(np.isneginf(values).all())


def _name(tensor: Any) -> str:
    name = tensor.name
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)
