"""The formats, by name: an explicit list, each loaded when it is used, so that one missing library costs one format."""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer_edge.runtime.closest import unknown
from fer_edge.runtime.errors import VariantError

if TYPE_CHECKING:
    from fer_edge.export.formats.protocol import Format


@dataclass(frozen=True, slots=True)
class FormatEntry:
    """Where a format's converter lives and what it needs.

    Attributes:
        name: the format's word in a variant's name.
        module: the file that holds the converter.
        attribute: the object of ``protocol.Format`` in it.
        requires: modules that must be importable; the same as the converter's own ``requires``.
    """

    name: str
    module: str
    attribute: str
    requires: tuple[str, ...]

    def load(self) -> Format:
        """Import the converter (slow: its libraries come along)."""
        found: Format = getattr(importlib.import_module(self.module), self.attribute)
        return found

    def missing(self) -> tuple[str, ...]:
        """Required modules that are not installed; nothing is imported to find out."""
        return tuple(name for name in self.requires if importlib.util.find_spec(name) is None)


FORMATS: tuple[FormatEntry, ...] = (
    FormatEntry("torchscript", "fer_edge.export.formats.torchscript", "TORCHSCRIPT", ("torch",)),
    FormatEntry(
        "onnx",
        "fer_edge.export.formats.onnx.converter",
        "ONNX",
        ("torch", "onnx", "onnxscript", "onnxruntime"),
    ),
    FormatEntry(
        "tflite",
        "fer_edge.export.formats.tflite.converter",
        "TFLITE",
        ("torch", "litert_torch", "ai_edge_quantizer", "ai_edge_litert"),
    ),
    FormatEntry("coreml", "fer_edge.export.formats.coreml.converter", "COREML", ("torch", "coremltools")),
)
"""Adding a format is a line here, a line in ``runtime.variants`` and a file in this folder."""


def find_format(name: str) -> FormatEntry:
    """The entry of that name.

    Raises:
        VariantError: unknown word; the message names the closest one.
    """
    for entry in FORMATS:
        if entry.name == name:
            return entry
    raise VariantError(unknown("format", name, [entry.name for entry in FORMATS]))
