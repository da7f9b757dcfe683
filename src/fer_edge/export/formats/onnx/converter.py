"""ONNX: the dynamo exporter's graph in every precision, for onnxruntime on phones, servers and in the browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from fer_edge.export.formats.contracts import derive_contract
from fer_edge.export.formats.onnx.graph import base_graph, to_bytes
from fer_edge.export.formats.onnx.int8 import to_auto, to_int8
from fer_edge.export.formats.onnx.weights import to_dynamic, to_fp16, to_w8
from fer_edge.export.formats.protocol import Request, of_precision
from fer_edge.runtime.contract import Contract

if TYPE_CHECKING:
    from onnx import ModelProto


def _fp32(request: Request) -> ModelProto:
    return base_graph(request)


def _fp16(request: Request) -> ModelProto:
    model = base_graph(request)
    to_fp16(model)
    return model


def _w8(request: Request) -> ModelProto:
    model = base_graph(request)
    to_w8(model)
    return model


def _dynamic(request: Request) -> ModelProto:
    return to_dynamic(base_graph(request))


def _int8(request: Request) -> ModelProto:
    return to_int8(request, derive_contract(request.variant, request.source.contract))


def _auto(request: Request) -> ModelProto:
    return to_auto(request, derive_contract(request.variant, request.source.contract))


WEIGHTS: dict[str, Callable[[Request], ModelProto]] = {
    "fp32": _fp32,
    "fp16": _fp16,
    "w8": _w8,
    "dynamic": _dynamic,
    "int8": _int8,
    "auto": _auto,
}


def convert(request: Request) -> Contract:
    """Write an ``.onnx`` file: opset 18, one file, input ``image``, output ``probabilities``, both float32.

    The contract lies under ``metadata_props["fer_edge_contract"]``.

    Raises:
        ExportError: the exporter refused an operator, a value is not finite, calibration images are missing
            for int8, or the model is larger than one file may be.
    """
    make = of_precision(WEIGHTS, request.variant)
    contract = derive_contract(request.variant, request.source.contract)
    request.path.write_bytes(to_bytes(make(request), contract))
    return contract
