"""ONNX: the exporter's graph, the smaller weights, and int8 for onnxruntime."""

from __future__ import annotations

from fer_edge.export.formats.entry import FormatEntry, Snippet

ENTRY = FormatEntry(
    name="onnx",
    converter="fer_edge.export.formats.onnx.converter",
    requires=("torch", "onnx", "onnxscript", "onnxruntime"),
    shared=("torch", "torch._dynamo"),
    extra="export-onnx",
    tools=("onnx", "onnxscript", "onnxruntime"),
    platform="browser, server",
    platform_rank=3,
    measured=("int8", "auto", "fp32"),
    unmeasured=("fp32",),  # fp16 halves the file, but the CPU computes it slowly
    duration=2,
    gpu_float16=True,
    snippets={
        "kotlin": Snippet("EmotionsOnnx.kt.j2", rank=2, about="kotlin-onnx.md.j2"),
        "javascript": Snippet("onnx.mjs.j2", rank=1),
    },
    recorders="fer_edge.export.formats.onnx.layers",
    prover="fer_edge.export.formats.onnx.prover",
)
