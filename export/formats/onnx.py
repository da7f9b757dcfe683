"""ONNX: the dynamo exporter's graph in five precisions, for onnxruntime on phones, servers and in the browser."""

from __future__ import annotations

from fer_edge.export.contracts import contract_for
from fer_edge.export.formats.onnx_graph import base_graph, to_bytes
from fer_edge.export.formats.onnx_static import to_int8
from fer_edge.export.formats.onnx_weights import to_dynamic, to_fp16, to_w8
from fer_edge.export.formats.protocol import Request
from fer_edge.runtime.contract import Contract


class OnnxFormat:
    """Writes ``.onnx`` files: opset 18, one file, input ``image``, output ``probabilities``, both float32."""

    name = "onnx"
    requires = ("torch", "onnx", "onnxscript", "onnxruntime")

    def convert(self, request: Request) -> Contract:
        """Write the artifact with its contract under ``metadata_props["fer_edge_contract"]``.

        Raises:
            ExportError: the exporter refused an operator, a value is not finite, calibration images are missing
                for int8, or the model is larger than one file may be.
        """
        contract = contract_for(request.variant, request.source.contract)
        precision = request.variant.precision
        if precision == "int8":
            model = to_int8(request, contract)
        else:
            model = base_graph(request)
            if precision == "fp16":
                to_fp16(model)
            elif precision == "w8":
                to_w8(model)
            elif precision == "dynamic":
                model = to_dynamic(model)
        request.path.write_bytes(to_bytes(model, contract))
        return contract


ONNX = OnnxFormat()
