"""An ONNX file opened: one graph, its constants, and nothing that lies elsewhere."""

from __future__ import annotations

import graphlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_edge.runtime.errors import CheckpointError

if TYPE_CHECKING:
    from fer_edge.train.checkpoint.sources.translation import Array

OLDEST, NEWEST = 7, 30
MOST_NODES = 100_000


@dataclass(frozen=True)
class Model:
    """A file's graph.

    Attributes:
        proto: the ``ModelProto``, with functions of the file's own written out.
        opset: version of the standard operators.
        constants: initializers by name.
        notes: what is worth telling.
    """

    proto: Any
    opset: int
    constants: dict[str, Array]
    notes: tuple[str, ...] = ()

    def arrays(self, tensors: Iterable[Any]) -> dict[str, Array]:
        """Tensors of the file as arrays; numbers with a fraction as float32."""
        return {tensor.name: to_array(tensor) for tensor in tensors}


def to_array(tensor: Any) -> Array:
    """A ``TensorProto`` as an array.

    Raises:
        CheckpointError: its numbers lie in another file, or are none.
    """
    from onnx import TensorProto, numpy_helper

    if tensor.data_location == TensorProto.EXTERNAL:
        raise CheckpointError(
            "its weights lie in a file beside it, which is not followed: save it in one piece "
            "(onnx.save(onnx.load(path), path), or external_data=False of torch.onnx.export)"
        )
    found: Array = numpy_helper.to_array(tensor)
    return (
        found.astype(np.float32)
        if found.dtype in (np.float16, np.float64) or found.dtype.kind == "V"
        else found
    )


def open_model(data: bytes) -> Model:
    """The graph in a file's bytes.

    Raises:
        CheckpointError: damaged, too old, with weights elsewhere, or of other operators than ONNX's own.
    """
    import onnx
    from onnx import inliner

    try:
        proto = onnx.load_model_from_string(data)
    except Exception as error:
        raise CheckpointError("it is damaged: copy it again") from error
    if not proto.graph.node:
        raise CheckpointError("its graph is empty: it is damaged, or no ONNX file")
    if proto.functions:
        proto = inliner.inline_local_functions(proto)
    if len(proto.graph.node) > MOST_NODES:
        raise CheckpointError(f"its graph has more than {MOST_NODES} nodes")
    sort_nodes(proto.graph)
    opset = next((one.version for one in proto.opset_import if one.domain in ("", "ai.onnx")), 0)
    if not OLDEST <= opset <= NEWEST:
        raise CheckpointError(
            f"it uses version {opset} of the operators; {OLDEST} to {NEWEST} are read (onnx.version_converter lifts old ones)"
        )
    constants = {tensor.name: to_array(tensor) for tensor in proto.graph.initializer}
    if proto.graph.sparse_initializer:
        raise CheckpointError("it has sparse weights; save them dense")
    return Model(proto, opset, constants)


def sort_nodes(graph: Any) -> None:
    """Put nodes after those that they read from: some tools append theirs at the end, and onnxruntime does not mind.

    Args:
        graph: a ``GraphProto``, changed only where it has to be.

    Raises:
        CheckpointError: nodes wait for each other in a circle.
    """
    maker = {name: index for index, node in enumerate(graph.node) for name in node.output if name}
    waits = [[maker[name] for name in _read(node) if name in maker] for node in graph.node]
    if all(earlier < place for place, one in enumerate(waits) for earlier in one):
        return
    try:
        places = list(graphlib.TopologicalSorter(dict(enumerate(waits))).static_order())
    except graphlib.CycleError:
        raise CheckpointError("its nodes wait for each other in a circle") from None
    ordered = [type(graph.node[place]).FromString(graph.node[place].SerializeToString()) for place in places]
    del graph.node[:]
    graph.node.extend(ordered)


def _read(node: Any) -> Iterable[str]:
    """Names that a node reads, those within its branches included."""
    yield from node.input
    for attribute in node.attribute:
        for inner in attribute.g.node:
            yield from _read(inner)
