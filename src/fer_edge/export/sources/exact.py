"""An ONNX file computed in float64 by the reference implementation of the standard: what the file says, without anybody's rounding."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.reference_model import sort_nodes


def widen(model: Any) -> Any:
    """A ``ModelProto`` whose float16 and float32 numbers became float64; the given one is changed."""
    _widen_graph(model.graph)
    for function in model.functions:
        _widen_nodes(function.node)
    return model


def answer_exactly(data: bytes, tensors: NDArray[Any], output: int | str | None) -> NDArray[np.float64]:
    """The answers of a file, (n, labels) float64, one picture at a time.

    Args:
        data: the file.
        tensors: (n, ...) as the file takes them.
        output: index or name of the output; None: the first.

    Raises:
        Exception: whatever the reference implementation says of an operator that it lacks.
    """
    import onnx
    from onnx.reference import ReferenceEvaluator

    model = widen(onnx.load_model_from_string(data))
    sort_nodes(model.graph)
    named = [one.name for one in model.graph.output]
    wanted = named[output] if isinstance(output, int) else output or named[0]
    constants = {one.name for one in model.graph.initializer}
    taken = next(one for one in model.graph.input if one.name not in constants)
    kind = onnx.helper.tensor_dtype_to_np_dtype(taken.type.tensor_type.elem_type)
    machine = ReferenceEvaluator(model)
    rows: list[Any] = []
    for tensor in tensors:
        rows += machine.run([wanted], {taken.name: tensor[None].astype(kind)})
    return np.concatenate([np.asarray(row, np.float64)[:1].reshape(1, -1) for row in rows])


def _widen_graph(graph: Any) -> None:
    for tensor in graph.initializer:
        _widen_tensor(tensor)
    for value in (*graph.input, *graph.output, *graph.value_info):
        value.type.tensor_type.elem_type = _wider(value.type.tensor_type.elem_type)
    _widen_nodes(graph.node)


def _widen_nodes(nodes: Iterable[Any]) -> None:
    for node in nodes:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                _widen_tensor(attribute.t)
            if attribute.HasField("g"):
                _widen_graph(attribute.g)
            if node.op_type == "Cast" and attribute.name == "to":
                attribute.i = _wider(attribute.i)


def _widen_tensor(tensor: Any) -> None:
    from onnx import numpy_helper

    if _wider(tensor.data_type) != tensor.data_type:
        wide = numpy_helper.to_array(tensor).astype(np.float64)
        tensor.CopyFrom(numpy_helper.from_array(wide, tensor.name))


def _wider(kind: int) -> int:
    from onnx import TensorProto

    return TensorProto.DOUBLE if kind in (TensorProto.FLOAT, TensorProto.FLOAT16) else kind
