"""TorchScript: the traced original for PyTorch Mobile."""

from __future__ import annotations

from fer_edge.export.formats.entry import FormatEntry

ENTRY = FormatEntry(
    name="torchscript",
    converter="fer_edge.export.formats.torchscript.converter",
    requires=("torch",),
    extra="export-base",
    platform="PyTorch",
    platform_rank=4,
    recorders="fer_edge.export.formats.torchscript.layers",
    prover="fer_edge.export.formats.torchscript.prover",
)
