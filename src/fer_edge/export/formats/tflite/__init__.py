"""TFLite: conversion by litert-torch, precisions by ai-edge-quantizer, metadata and uint8 ends."""

from __future__ import annotations

from fer_edge.export.formats.entry import FormatEntry, Snippet

ENTRY = FormatEntry(
    name="tflite",
    converter="fer_edge.export.formats.tflite.converter",
    requires=("torch", "litert_torch", "ai_edge_quantizer", "ai_edge_litert"),
    shared=("torch", "torch._dynamo"),
    extra="export-tflite",
    tools=("litert-torch", "litert-converter", "ai-edge-quantizer", "ai-edge-litert"),
    platform="Android",
    platform_rank=1,
    measured=("int8", "auto", "fp16", "fp32"),
    unmeasured=("fp16", "fp32"),
    duration=3,
    gpu_float16=True,
    snippets={
        "kotlin": Snippet("Emotions.kt.j2", rank=1, about="kotlin-tflite.md.j2"),
        "javascript": Snippet("tflite.mjs.j2", rank=2),
    },
    remark="remark-tflite.md.j2",
    observer="fer_edge.export.formats.tflite.pieces:describe_pieces",
    recorders="fer_edge.export.formats.tflite.layers",
    prover="fer_edge.export.formats.tflite.prover",
    standard="fer_edge.export.formats.tflite.metadata:find_contradiction",
)
