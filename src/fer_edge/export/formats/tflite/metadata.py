"""The standard TFLite metadata, which MediaPipe Tasks, Task Library and ML Kit read.

Source: ``metadata_schema.fbs`` of the TFLite Support library, version 1.x. The few tables that a classifier needs are
written with the numbers of their fields, so that no generated schema has to be carried along.
"""

from __future__ import annotations

import importlib.util
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fer_edge.runtime.containers.limits import LARGEST_CONTRACT, ContainerError
from fer_edge.runtime.containers.tflite import read_metadata

if TYPE_CHECKING:
    from flatbuffers import Builder

    from fer_edge.runtime.contract import Contract, Normalization

METADATA_NAME = "TFLITE_METADATA"
CONTRACT_NAME = "fer_edge_contract"
LABELS_FILE = "labels.txt"
PARSER_VERSION = "1.0.0"
"""The oldest metadata parser that knows every field used here."""

IDENTIFIER = b"M001"
RGB, GRAYSCALE = 1, 2
IMAGE_PROPERTIES = 2
NORMALIZATION_OPTIONS = 1
TENSOR_AXIS_LABELS = 2

_EARLIEST = (1980, 1, 1, 0, 0, 0)


def build_metadata(contract: Contract, normalization: Normalization | None) -> bytes:
    """The ``TFLITE_METADATA`` buffer of a classifier.

    Args:
        contract: of the artifact.
        normalization: as the caller must apply it, in units of v/255; None: values 0..255 go in as they are.
    """
    from flatbuffers import Builder

    builder = Builder(1024)
    inputs = _vector(builder, [_input_tensor(builder, contract, normalization)])
    outputs = _vector(builder, [_output_tensor(builder, contract)])
    subgraph = _table(builder, 10, {2: inputs, 3: outputs})
    fields = {
        0: builder.CreateString(contract.model),
        1: builder.CreateString("Facial emotion classifier; the complete contract is in " + CONTRACT_NAME),
        3: _vector(builder, [subgraph]),
        7: builder.CreateString(PARSER_VERSION),
    }
    builder.Finish(_table(builder, 8, fields), file_identifier=IDENTIFIER)
    return bytes(builder.Output())


def append_labels(model: bytes, labels: Sequence[str]) -> bytes:
    """The model with ``labels.txt`` as a zip archive behind it; other readers do not look there."""
    stream = io.BytesIO()
    stream.write(model)
    with zipfile.ZipFile(stream, "a", zipfile.ZIP_STORED) as archive:
        entry = zipfile.ZipInfo(LABELS_FILE, _EARLIEST)
        entry.create_system = 3
        entry.external_attr = 0o644 << 16
        archive.writestr(entry, _text(labels))
    return stream.getvalue()


def find_contradiction(path: Path, contract: Contract) -> str | None:
    """What the standard metadata of a file says otherwise than its contract; None: nothing, or there is none.

    Apps that read it (MediaPipe Tasks, Task Library, ML Kit) are fed by it and show its labels, whatever the contract says.

    Args:
        path: of the file.
        contract: which it was found to hold.
    """
    try:
        told = read_metadata(path, METADATA_NAME.encode())
        labels = _appended_labels(path)
    except (ContainerError, OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        return f"its standard metadata cannot be read: {error}"
    # Without flatbuffers there is no engine for the file either, and its row says that it was not run.
    can_build = importlib.util.find_spec("flatbuffers") is not None
    if told and can_build and told != [build_metadata(contract, contract.normalization)]:
        return (
            f"its standard metadata ({METADATA_NAME}), which MediaPipe and Task Library read, is not what follows from its "
            "contract: they would feed it otherwise, or show other labels"
        )
    if labels is not None and labels != _text(contract.labels):
        return f"the {LABELS_FILE} inside it, which MediaPipe and Task Library show, differs from the labels of its contract"
    return None


def _appended_labels(path: Path) -> bytes | None:
    """What ``append_labels`` wrote; None: nothing is behind the model."""
    if not zipfile.is_zipfile(path):
        return None
    with zipfile.ZipFile(path) as archive:
        sizes = [entry.file_size for entry in archive.infolist() if entry.filename == LABELS_FILE]
        if len(sizes) != 1 or sizes[0] > LARGEST_CONTRACT:
            raise ContainerError(
                f"it has {len(sizes)} files {LABELS_FILE}, or a huge one; one small one is right"
            )
        return archive.read(LABELS_FILE)


def _text(labels: Sequence[str]) -> bytes:
    return "".join(f"{label}\n" for label in labels).encode("utf-8")


def _input_tensor(builder: Builder, contract: Contract, normalization: Normalization | None) -> int:
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    if normalization is not None:
        mean = tuple(255 * value for value in normalization.mean)
        std = tuple(255 * value for value in normalization.std)
    lowest = [-m / s for m, s in zip(mean, std, strict=True)]
    highest = [(255 - m) / s for m, s in zip(mean, std, strict=True)]
    units = _table(builder, 2, {0: _floats(builder, mean), 1: _floats(builder, std)})
    fields = {
        0: builder.CreateString(contract.input.name),
        1: builder.CreateString(_describe(contract)),
        3: _image_content(builder, contract),
        4: _vector(builder, [_union(builder, NORMALIZATION_OPTIONS, units)]),
        5: _table(builder, 2, {0: _floats(builder, highest), 1: _floats(builder, lowest)}),
    }
    return _table(builder, 7, fields)


def _describe(contract: Contract) -> str:
    spec = contract.input
    kind = "RGB picture, values 0 to 255" if spec.interface == "image" else "normalized tensor"
    return f"{kind}, {spec.layout}, {spec.width}x{spec.height}x{spec.channels}"


def _image_content(builder: Builder, contract: Contract) -> int:
    spec = contract.input
    size = _numbers(builder, (spec.width, spec.height))
    color = RGB if spec.channels == 3 else GRAYSCALE
    builder.StartObject(2)
    builder.PrependInt8Slot(0, color, 0)
    builder.PrependUOffsetTRelativeSlot(1, size, 0)
    return _union(builder, IMAGE_PROPERTIES, int(builder.EndObject()))


def _output_tensor(builder: Builder, contract: Contract) -> int:
    name = builder.CreateString(LABELS_FILE)
    about = builder.CreateString("Labels, in the order of the output")
    builder.StartObject(5)
    builder.PrependUOffsetTRelativeSlot(0, name, 0)
    builder.PrependUOffsetTRelativeSlot(1, about, 0)
    builder.PrependInt8Slot(2, TENSOR_AXIS_LABELS, 0)
    labels = int(builder.EndObject())
    fields = {
        0: builder.CreateString(contract.output.name),
        1: builder.CreateString("Probability of each label"),
        5: _table(builder, 2, {0: _floats(builder, (1.0,)), 1: _floats(builder, (0.0,))}),
        6: _vector(builder, [labels]),
    }
    return _table(builder, 7, fields)


def _table(builder: Builder, size: int, fields: dict[int, int]) -> int:
    """A table of ``size`` fields, of which these hold offsets."""
    builder.StartObject(size)
    for number, offset in fields.items():
        builder.PrependUOffsetTRelativeSlot(number, offset, 0)
    return int(builder.EndObject())


def _union(builder: Builder, kind: int, value: int) -> int:
    """A table that begins with a union: the kind's number, then the value."""
    builder.StartObject(3)
    builder.PrependUint8Slot(0, kind, 0)
    builder.PrependUOffsetTRelativeSlot(1, value, 0)
    return int(builder.EndObject())


def _numbers(builder: Builder, values: Sequence[int]) -> int:
    """A table of 32-bit unsigned numbers."""
    builder.StartObject(len(values))
    for number, value in enumerate(values):
        builder.PrependUint32Slot(number, value, 0)
    return int(builder.EndObject())


def _vector(builder: Builder, offsets: Sequence[int]) -> int:
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return int(builder.EndVector())


def _floats(builder: Builder, values: Sequence[float]) -> int:
    builder.StartVector(4, len(values), 4)
    for value in reversed(values):
        builder.PrependFloat32(value)
    return int(builder.EndVector())
