"""The description of each format, once. Every other table of formats, here and in the rooms above, is derived from this one.

What a format needs where models are written (converter, libraries, code to paste) is in ``export.formats``, since nothing
here may import a converter; the names are the same, and a test says what is missing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fer_edge.runtime.closest import unknown
from fer_edge.runtime.containers import coreml, executorch, onnx, tflite
from fer_edge.runtime.errors import VariantError

PRECISIONS: tuple[str, ...] = ("fp32", "fp16", "w8", "dynamic", "int8", "auto")
"""Every word for a precision, in the order of the tables; how far each may differ is in ``export.parity.tolerances``."""
CALIBRATED: frozenset[str] = frozenset({"int8", "auto"})
"""Precisions whose activation ranges are measured on calibration images."""
ON_REQUEST: frozenset[str] = frozenset({"auto"})
"""Precisions that are made only where they are named: they take a search."""
INTERFACES: tuple[str, ...] = ("tensor", "image")


@dataclass(frozen=True, slots=True)
class ImageInterface:
    """The ends of a format's image interface.

    Attributes:
        dtype: of the picture's values, 0 to 255.
        output: the output's kind.
    """

    dtype: str = "float32"
    output: str = "probabilities"


@dataclass(frozen=True, slots=True)
class FormatSpec:
    """The description of one format.

    Attributes:
        name: the word in a variant's name.
        extension: of the artifact, with the dot.
        precisions: the legal ones, in the table's order.
        layout: of the tensor interface.
        rank: the place in which it is tried where no variant is named, smallest first.
        color: in charts, as HTML writes it.
        why_not: for precisions that do not exist, the reason.
        read_contracts: every contract that lies in the artifact at a path, found with the standard library alone; the file
            is untrusted input. Raises ``ContainerError``.
        image: the image interface; None: there is none.
        quantized_io: precisions that may have integer input and output.
        package: the artifact is a folder.
    """

    name: str
    extension: str
    precisions: tuple[str, ...]
    layout: str
    rank: int
    color: str
    why_not: str
    read_contracts: Callable[[Path], list[bytes]]
    image: ImageInterface | None = None
    quantized_io: tuple[str, ...] = ()
    package: bool = False


def _read_torchscript(path: Path) -> list[bytes]:
    # The one reader that brings zipfile and a pickle's parser: only where such a file comes.
    from fer_edge.runtime.containers import torchscript

    return torchscript.read(path)


FORMATS: tuple[FormatSpec, ...] = (
    FormatSpec(
        name="torchscript",
        extension=".pt",
        precisions=("fp32",),
        layout="NCHW",
        rank=3,
        color="#15803d",
        why_not="TorchScript is the traced original and keeps its precision",
        read_contracts=_read_torchscript,
    ),
    FormatSpec(
        name="onnx",
        extension=".onnx",
        precisions=("fp32", "fp16", "w8", "dynamic", "int8", "auto"),
        layout="NCHW",
        rank=2,
        color="#c2410c",
        why_not="it was not written for ONNX",
        read_contracts=onnx.read,
        image=ImageInterface(),
    ),
    FormatSpec(
        name="tflite",
        extension=".tflite",
        precisions=("fp32", "fp16", "w8", "dynamic", "int8", "auto"),
        layout="NHWC",
        rank=1,
        color="#0b62d6",
        why_not="it was not written for TFLite",
        read_contracts=tflite.read,
        image=ImageInterface(),
        quantized_io=("int8",),
    ),
    FormatSpec(
        name="coreml",
        extension=".mlpackage",
        precisions=("fp32", "fp16", "w8", "int8"),
        layout="NCHW",
        rank=4,
        color="#7c3aed",
        why_not="Core ML has no operators that quantize activations at run time",
        read_contracts=coreml.read,
        image=ImageInterface(dtype="uint8", output="dictionary"),
        package=True,
    ),
    FormatSpec(
        name="executorch",
        extension=".pte",
        precisions=("fp32", "int8"),
        layout="NCHW",
        rank=5,
        color="#be123c",
        why_not="XNNPACK computes ExecuTorch programs in float32, or quantized with calibrated ranges",
        read_contracts=executorch.read,
    ),
)
"""Every format, in the order in which tables show them."""


def format_spec(name: str) -> FormatSpec:
    """The format of that name.

    Raises:
        VariantError: unknown word; the message names the closest one.
    """
    for spec in FORMATS:
        if spec.name == name:
            return spec
    raise VariantError(unknown("format", name, [spec.name for spec in FORMATS]))


def format_of(path: Path) -> FormatSpec | None:
    """The format whose extension a path has; None: no artifact's."""
    return next((spec for spec in FORMATS if spec.extension == path.suffix.lower()), None)


def is_package(path: Path) -> bool:
    """True where a folder of that name is an artifact; every other folder may be a bundle, such as ``faces.onnx``."""
    spec = format_of(path)
    return spec is not None and spec.package


def default_formats() -> tuple[str, ...]:
    """Names in the order in which they are tried where no variant is named."""
    return tuple(spec.name for spec in sorted(FORMATS, key=lambda spec: spec.rank))
