"""The layers of a TFLite file that the quantizer treats apart: operators of one PyTorch module.

The converter writes the path of modules into tensor names: ``pkg.Net_module/pkg.Block_0/torch.nn.modules.conv.Conv2d_proj;2``,
where what stands behind the last dot of each part is class and attribute; fused operators name several, joined by ``;``.
"""

from __future__ import annotations

from typing import Any

from fer_edge.export.formats.mixed import Unit, group_units
from fer_edge.export.formats.tflite.flatbuffer import TFLite


def list_units(model: bytes) -> list[Unit]:
    """Units of a float32 flatbuffer in its order; the keys of their operators are the quantizer's scopes."""
    from ai_edge_quantizer.utils.tfl_flatbuffer_utils import get_op_scope

    graph = TFLite.read(model).graph
    rows = []
    for operator in graph.operators:
        scope = get_op_scope(operator, graph.tensors)
        rows.append((scope, *name_module(output_name(graph, operator))))
    return group_units(rows)


def name_module(tensor: str) -> tuple[str, str]:
    """Path and class of the module that a tensor's name tells; (the name, ``operator``) where it tells none."""
    deepest = max(tensor.split(";"), key=lambda name: name.count("/"))
    parts = [part.rpartition(".")[2].partition("_") for part in deepest.split("/")]
    if len(parts) < 2 or not all(attribute for _, _, attribute in parts[1:]):
        return deepest, "operator"
    # The first two are our wrapper and the network itself.
    path = ".".join(attribute for _, _, attribute in parts[2:])
    return path or "network", parts[-1][0]


def output_name(graph: Any, operator: Any) -> str:
    """The name of an operator's first result."""
    name = graph.tensors[int(operator.outputs[0])].name
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)
