"""ExecuTorch: PyTorch's own way to phones, with XNNPACK, in float32 and int8."""

from __future__ import annotations

from fer_edge.export.formats.entry import FormatEntry, Snippet

ENTRY = FormatEntry(
    name="executorch",
    converter="fer_edge.export.formats.executorch.converter",
    requires=("torch", "torchao", "executorch"),
    shared=("torch", "torch._dynamo"),
    extra="export-executorch",
    tools=("executorch", "torchao"),
    platform="ExecuTorch (Android, iOS)",
    platform_rank=5,
    measured=("int8", "fp32"),
    duration=2,
    prover="fer_edge.export.formats.executorch.prover",
    snippets={"kotlin": Snippet("EmotionsExecuTorch.kt.j2", rank=3, about="kotlin-executorch.md.j2")},
)
