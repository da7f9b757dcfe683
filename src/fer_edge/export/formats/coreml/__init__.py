"""Core ML: conversion by coremltools, packages whose bytes repeat, and their constants read back."""

from __future__ import annotations

from fer_edge.export.formats.entry import FormatEntry, Snippet

ENTRY = FormatEntry(
    name="coreml",
    converter="fer_edge.export.formats.coreml.converter",
    requires=("torch", "coremltools"),
    extra="export-coreml",
    tools=("coremltools",),
    platform="iPhone, iPad",
    platform_rank=2,
    measured=("fp16", "fp32"),
    unmeasured=("fp16", "fp32"),
    duration=1,
    snippets={"swift": Snippet("coreml.swift.j2")},
    auditor="fer_edge.export.formats.coreml.weight_audit:audit_coreml",
    prover="fer_edge.export.formats.coreml.prover",
    recorders="fer_edge.export.formats.coreml.layers",
)
