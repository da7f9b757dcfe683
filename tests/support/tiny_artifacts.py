"""One linear layer and a softmax in every format, written with the formats' own libraries, not with export/."""

import hashlib
import io
import json
import warnings
import zipfile
from pathlib import Path

import numpy as np

from support.contracts import changed, sealed

WEIGHTS = np.random.default_rng(0).normal(size=(48, 3)).astype(np.float32)
"""From 48 normalized gray values (6 rows of 8) to three labels."""
KEY = "fer_edge_contract"


def contract_text(**members):
    return sealed(changed(**members))


def expected(tensor):
    """Softmax of the layer, in float64."""
    logits = tensor.reshape(-1).astype(np.float64) @ WEIGHTS
    powers = np.exp(logits - logits.max())
    return powers / powers.sum()


def onnx_bytes(contract, *, shape=(1, 1, 6, 8), metadata=None, names=("image", "probabilities")):
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    given, answer = names
    nodes = [
        helper.make_node("Flatten", [given], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], ["logits"]),
        helper.make_node("Softmax", ["logits"], [answer]),
    ]
    graph = helper.make_graph(
        nodes, "tiny",
        [helper.make_tensor_value_info(given, TensorProto.FLOAT, list(shape))],
        [helper.make_tensor_value_info(answer, TensorProto.FLOAT, [1, 3])],
        [numpy_helper.from_array(WEIGHTS, "weights")],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    for key, value in [("author", "nobody"), (KEY, contract)] if metadata is None else metadata:
        entry = model.metadata_props.add()
        entry.key, entry.value = key, value
    return onnx.ModelProto.SerializeToString(model)


def torchscript_bytes(contract, *, extra="contract.json"):
    import torch

    class Tiny(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weights = torch.nn.Parameter(torch.from_numpy(WEIGHTS))

        def forward(self, image):
            return torch.softmax(image.flatten(1) @ self.weights, 1)

    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*torch.jit.*")
        traced = torch.jit.trace(Tiny().eval(), torch.zeros(1, 1, 6, 8))
        torch.jit.save(traced, buffer, _extra_files={extra: contract})
    return buffer.getvalue()


def tflite_bytes(contract, *, signature=True, metadata=KEY, dynamic=False, more=(), given="image"):
    """FULLY_CONNECTED and SOFTMAX, put together as a flatbuffer; ``dynamic``: int8 weights, one scale a label."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    scales = np.abs(WEIGHTS).max(axis=0) / 127
    weights = np.rint(WEIGHTS / scales).astype(np.int8) if dynamic else WEIGHTS
    contents = [b"", weights.T.tobytes(), contract.encode(), *(value.encode() for _, value in more)]
    model = schema.ModelT()
    model.version, model.description = 3, "tiny"
    model.buffers = [_buffer(schema, data) for data in contents]
    graph = schema.SubGraphT()
    graph.name = "main"
    graph.tensors = [
        _tensor(schema, "in", (1, 6, 8, 1)), _tensor(schema, "weights", (3, 48), 1), _tensor(schema, "logits", (1, 3)),
        _tensor(schema, "out", (1, 3)),
    ]  # fmt: skip
    if dynamic:
        graph.tensors[1].type = schema.TensorType.INT8
        graph.tensors[1].quantization = quantization = schema.QuantizationParametersT()
        quantization.scale, quantization.zeroPoint = scales, [0, 0, 0]
    graph.inputs, graph.outputs = [0], [3]
    model.operatorCodes = [_code(schema, 9), _code(schema, 25)]
    softmax = schema.SoftmaxOptionsT()
    softmax.beta = 1.0
    graph.operators = [
        _operator(schema, 0, [0, 1, -1], [2], schema.FullyConnectedOptionsT(), 8),
        _operator(schema, 1, [2], [3], softmax, 9),
    ]
    model.subgraphs = [graph]
    model.metadata = []
    for number, name in enumerate([metadata, *(name for name, _ in more)], 2):
        entry = schema.MetadataT()
        entry.name, entry.buffer = name, number
        model.metadata.append(entry)
    if signature:
        model.signatureDefs = [_signature(schema, given)]
    builder = flatbuffers.Builder(4096)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _buffer(schema, data):
    buffer = schema.BufferT()
    if data:
        buffer.data = np.frombuffer(data, np.uint8)
    return buffer


def _tensor(schema, name, shape, buffer=0):
    tensor = schema.TensorT()
    tensor.name, tensor.shape, tensor.type, tensor.buffer = name, list(shape), 0, buffer
    return tensor


def _code(schema, number):
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = number
    code.version = 1
    return code


def _operator(schema, code, inputs, outputs, options, kind):
    operator = schema.OperatorT()
    operator.opcodeIndex, operator.inputs, operator.outputs = code, inputs, outputs
    operator.builtinOptionsType, operator.builtinOptions = kind, options
    return operator


def _signature(schema, name):
    signature = schema.SignatureDefT()
    signature.signatureKey, signature.subgraphIndex = "serving_default", 0
    given, answer = schema.TensorMapT(), schema.TensorMapT()
    given.name, given.tensorIndex = name, 0
    answer.name, answer.tensorIndex = "probabilities", 3
    signature.inputs, signature.outputs = [given], [answer]
    return signature


def varint(value):
    found = b""
    while value > 127:
        found += bytes([value & 127 | 128])
        value >>= 7
    return found + bytes([value])


def block(number, data):
    """A length-delimited protobuf field."""
    return varint(number << 3 | 2) + varint(len(data)) + data


def mlpackage(folder, contract, *, root="com.apple.CoreML/model.mlmodel", key=KEY, more=()):
    """A package with nothing but metadata in its model."""
    metadata = block(1, b"a description")
    for name, value in ((key, contract), *more):
        metadata += block(100, block(1, name.encode()) + block(2, value.encode()))
    model = (
        varint(1 << 3)
        + varint(7)
        + block(2, block(1, b"input") + block(100, metadata))
        + block(502, b"program")
    )
    path = folder / "Data" / "com.apple.CoreML" / "model.mlmodel"
    path.parent.mkdir(parents=True)
    path.write_bytes(model)
    manifest = {
        "fileFormatVersion": "1.0.0",
        "itemInfoEntries": {"A": {"author": "com.apple.CoreML", "name": "model.mlmodel", "path": root}},
        "rootModelIdentifier": "A",
    }
    (folder / "Manifest.json").write_text(json.dumps(manifest))
    return folder


def safetensors_bytes(contract, *, key=KEY, more=()):
    header = json.dumps({"__metadata__": {"format": "pt", key: contract, **dict(more)}}).encode()
    return len(header).to_bytes(8, "little") + header


def zipped(entries):
    """A zip archive of (name, bytes)."""
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w") as archive:
        warnings.filterwarnings("ignore", message="Duplicate name")
        for name, data in entries:
            archive.writestr(name, data)
    return buffer.getvalue()


TFLITE = {"input__layout": "NHWC"}


def write_bundle(folder: Path, **changes):
    """A sound bundle with an ONNX, a TFLite and a TorchScript artifact and a Core ML package."""
    folder.mkdir()
    nchw, nhwc = contract_text(), contract_text(**TFLITE)
    entries = [
        ("onnx-fp32", "tiny-fp32.onnx", nchw), ("tflite-fp32", "tiny-fp32.tflite", nhwc),
        ("torchscript-fp32", "tiny-fp32.pt", nchw), ("coreml-fp32", "tiny-fp32.mlpackage", nchw),
    ]  # fmt: skip
    (folder / "tiny-fp32.onnx").write_bytes(onnx_bytes(nchw))
    (folder / "tiny-fp32.tflite").write_bytes(tflite_bytes(nhwc))
    (folder / "tiny-fp32.pt").write_bytes(torchscript_bytes(nchw))
    mlpackage(folder / "tiny-fp32.mlpackage", nchw)
    for _, path, contract in entries:
        (folder / f"{path}.contract.json").write_text(contract)
    (folder / "labels.txt").write_text("neutral\nhappiness\nsurprise\n")
    write_manifest(folder, manifest_document(folder, entries), **changes)
    return folder


def write_manifest(folder, document, **changes):
    (folder / "manifest.json").write_text(json.dumps({**document, **changes}))


def file_entries(folder):
    return {
        path.relative_to(folder).as_posix(): {
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "bytes": path.stat().st_size,
        }
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "manifest.json"
    }  # fmt: skip


def manifest_document(folder, entries):
    files = file_entries(folder)
    return {
        "schema": "fer-edge-manifest/2", "model": "tiny",
        "source": {"arch": "fer_mini", "checkpoint_sha256": "0" * 64},
        "files": files,
        "artifacts": [artifact_document(files, *entry) for entry in entries],
        "skipped": [{"variant": "tflite-int8", "reason": "no calibration images"}],
        "tools": {"torch": "2.14.1"}, "extra": {"anything": [1, {"goes": None}]},
    }  # fmt: skip


def version_1(document):
    """The same manifest as an older fer-export wrote it."""
    older = json.loads(json.dumps(document)) | {"schema": "fer-edge-manifest/1"}
    for artifact in older["artifacts"]:
        del artifact["faithful"]
        for name in ("code", "inputs_source", "p99_abs", "agreement_interval"):
            del artifact["parity"][name]
    return older


def artifact_document(files, variant, path, contract):
    word, precision = variant.split("-")[:2]
    size = sum(entry["bytes"] for name, entry in files.items() if name == path or name.startswith(f"{path}/"))
    parity = {
        "verdict": "pass", "reason": None, "engine": "some 1.0", "inputs": 256, "max_abs": 1e-7, "mean_abs": 1e-8,
        "top1_agreement": 1.0, "limit": {"max_abs": 1e-4, "top1_agreement": 1.0},
        "code": None, "inputs_source": "drawn faces", "p99_abs": 5e-8, "agreement_interval": [0.98, 1.0],
    }  # fmt: skip
    faithful = {
        "verdict": "pass", "code": None, "reason": None,
        "weights": {"verdict": "pass", "compared": 12, "wrong": 0, "worst": 0.5}, "ranges": None,
        "layers": {"aligned": 3, "unaligned": 0, "weakest": {"module": "layers.0", "snr_db": 31.5}},
    }  # fmt: skip
    return {
        "variant": variant, "format": word, "precision": precision, "interface": "tensor", "path": path, "bytes": size,
        "contract": contract, "parity": parity, "faithful": faithful,
        "weight_audit": {"verdict": "pass", "tensors": 1, "max_abs": 0.0},
        "accuracy": {"source": "synthetic test", "samples": 2000, "reference": 0.91, "artifact": 0.909,
                     "drop_interval": [-0.001, 0.003], "verdict": "pass"},
        "calibration": {"source": "synthetic train", "sha256": "a" * 64, "images": 256, "classes": {"anger": 32}},
    }  # fmt: skip
