"""PyTorch -> ONNX graph, cleaned of everything that differs between machines."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from fer_edge.export.capture.graphs import trace_graph
from fer_edge.export.capture.wrappers import make_example_tensor, wrap
from fer_edge.export.formats.captures import note_capture, try_captures
from fer_edge.export.formats.finite import refuse_nonfinite
from fer_edge.export.formats.protocol import Request
from fer_edge.export.rewrites.pooling import ONNX as ONNX_POOLS
from fer_edge.export.rewrites.pooling import rewrite_pools
from fer_edge.runtime.containers.digest import BLANK_DIGEST, DIGEST_KEY, seal
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.errors import ExportError, first_line

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto

OPSET = 18
"""The dynamo exporter's own opset: no version converter runs over the graph. onnxruntime reads it since 1.14 (2023),
onnxruntime-web and the mobile packages of the same number included."""
IR_VERSION = 8
"""The IR that goes with opset 18; the library's default, newer one would shut out the runtimes that opset 18 lets in."""
CONTRACT_KEY = "fer_edge_contract"
SIZE_LIMIT_BYTES = 2**31 - 1
"""What one protobuf message may hold; below it everything lies in one file."""


def base_graph(request: Request) -> ModelProto:
    """The float32 graph of the request's interface, made once a process and copied for each caller.

    Returns:
        Input ``image`` float32, (1, C, H, W) normalized or (1, H, W, 3) with values 0..255; output
        ``probabilities`` float32 (1, labels); opset 18; no metadata.

    Raises:
        ExportError: the exporter refused the module, or a weight is not finite.
    """
    import onnx

    _network(request)  # for its notes
    found = request.once(f"graph {request.variant.interface}", lambda: _export(request))
    note_capture(request, "network")
    copy = onnx.ModelProto()
    copy.CopyFrom(found)
    return copy


def _export(request: Request) -> ModelProto:
    return try_captures(
        request, _network(request), lambda module: _graph(request, module), [trace_graph], "network"
    )


def _graph(request: Request, module: torch.nn.Module) -> ModelProto:
    model = _dynamo(*wrap(module, request.source.contract, request.variant.interface))
    clean(model)
    model.ir_version = IR_VERSION
    refuse_nonfinite_initializers(model)
    return model


def _network(request: Request) -> torch.nn.Module:
    """The original, in which pools that the exporter gets wrong have plain forms."""
    source = request.source
    return request.once_noted(
        "network",
        lambda notes: rewrite_pools(source.module, make_example_tensor(source.contract), ONNX_POOLS, notes),
    )


def _dynamo(frontend: torch.nn.Module, example: torch.Tensor) -> ModelProto:
    try:
        with _quiet(), torch.no_grad():
            program = torch.onnx.export(
                frontend,
                (example,),
                dynamo=True,
                input_names=["image"],
                output_names=["probabilities"],
                opset_version=OPSET,
                verbose=False,
            )
    except Exception as error:
        raise ExportError(f"ONNX export refused the module: {_reason(error)}") from error
    if program is None:
        raise ExportError("ONNX export returned no program")
    return program.model_proto


def _reason(error: BaseException) -> str:
    """The innermost cause in one line: the outer ones only say which pass it was."""
    while error.__cause__ is not None:
        error = error.__cause__
    return first_line(error)


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence what the exporter says about itself: deprecations inside it and its opset advice."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir", "torch.export")]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        # What is not finite after a fold is refused below, with the tensor's name.
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            for category in (DeprecationWarning, FutureWarning, UserWarning):
                warnings.filterwarnings(
                    "ignore", category=category, module=r"(torch|onnxscript|onnx_ir|onnx|copyreg)\b"
                )
            warnings.filterwarnings("ignore", message=".*LeafSpec.*", category=FutureWarning)
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def clean(model: ModelProto) -> None:
    """Remove every note that the exporter left: stack traces with local paths, and names of passes and modules."""
    for holder in (model, model.graph, *model.functions):
        _clear(holder)
    for node in (node for function in model.functions for node in function.node):
        _clear_node(node)
    _clean_graph(model.graph)


def _clean_graph(graph: GraphProto) -> None:
    _clear(graph)
    for value in (*graph.input, *graph.output, *graph.value_info, *graph.initializer):
        _clear(value)
    for node in graph.node:
        _clear_node(node)


def _clear_node(node: NodeProto) -> None:
    _clear(node)
    for attribute in node.attribute:
        attribute.ClearField("doc_string")
        if attribute.HasField("g"):
            _clean_graph(attribute.g)
        for graph in attribute.graphs:
            _clean_graph(graph)


def _clear(message: Any) -> None:
    message.ClearField("doc_string")
    message.ClearField("metadata_props")


def refuse_nonfinite_initializers(model: ModelProto) -> None:
    """Raise if a weight, a folded weight or a scale is NaN or infinite.

    Raises:
        ExportError: names the tensor and the index of the first such value.
    """
    from onnx import TensorProto, numpy_helper

    for tensor in model.graph.initializer:
        if tensor.data_type in (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE):
            refuse_nonfinite(tensor.name, numpy_helper.to_array(tensor))


def uses(nodes: Iterable[NodeProto]) -> dict[str, list[tuple[NodeProto, int]]]:
    """Tensor name -> the nodes that read it, with the number of their input."""
    found: dict[str, list[tuple[NodeProto, int]]] = {}
    for node in nodes:
        for position, name in enumerate(node.input):
            found.setdefault(name, []).append((node, position))
    return found


def drop_unused(model: ModelProto) -> None:
    """Remove constants that no node reads any more; onnxruntime would warn about each when it opens the file."""
    readers = uses(model.graph.node)
    results = {value.name for value in model.graph.output}
    kept = [tensor for tensor in model.graph.initializer if tensor.name in readers or tensor.name in results]
    if len(kept) < len(model.graph.initializer):
        del model.graph.initializer[:]
        model.graph.initializer.extend(kept)


def to_bytes(model: ModelProto, contract: Contract) -> bytes:
    """The file: the checked graph with the contract and a digest in its ``metadata_props``.

    Raises:
        ExportError: the graph is not valid ONNX or larger than one file may be.
    """
    import onnx

    size = model.ByteSize()
    if size > SIZE_LIMIT_BYTES:
        raise ExportError(f"the ONNX model has {size} bytes; one file holds at most {SIZE_LIMIT_BYTES}")
    del model.metadata_props[:]
    model.metadata_props.add(key=CONTRACT_KEY, value=contract.text)
    model.metadata_props.add(key=DIGEST_KEY, value=BLANK_DIGEST)
    try:
        onnx.checker.check_model(model)
    except onnx.checker.ValidationError as error:
        raise ExportError(f"the converted ONNX graph is not valid: {_reason(error)}") from error
    return seal(model.SerializeToString(deterministic=True))
