"""The formats, by name: an explicit list; a converter is loaded when it is used, so that a missing library costs one format."""

from __future__ import annotations

from fer_edge.export.formats import coreml, executorch, onnx, tflite, torchscript
from fer_edge.export.formats.entry import FormatEntry
from fer_edge.runtime.closest import unknown
from fer_edge.runtime.errors import VariantError

FORMATS: tuple[FormatEntry, ...] = (
    torchscript.ENTRY,
    onnx.ENTRY,
    tflite.ENTRY,
    coreml.ENTRY,
    executorch.ENTRY,
)
"""In the order of ``runtime.formats.FORMATS``."""


def find_format(name: str) -> FormatEntry:
    """The entry of that name.

    Raises:
        VariantError: unknown word; the message names the closest one.
    """
    for entry in FORMATS:
        if entry.name == name:
            return entry
    raise VariantError(unknown("format", name, [entry.name for entry in FORMATS]))
