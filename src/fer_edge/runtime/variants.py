"""The one grammar of variants: ``<format>-<precision>[-image][-qio]``.

| format      | fp32 | fp16 | w8  | dynamic | int8 | image interface |
|-------------|------|------|-----|---------|------|-----------------|
| torchscript | yes  |      |     |         |      |                 |
| onnx        | yes  | yes  | yes | yes     | yes  | yes             |
| tflite      | yes  | yes  | yes | yes     | yes  | yes             |
| coreml      | yes  | yes  | yes |         |      | yes             |
"""

from __future__ import annotations

from dataclasses import dataclass

from fer_edge.runtime.closest import unknown
from fer_edge.runtime.errors import VariantError

PRECISIONS: tuple[str, ...] = ("fp32", "fp16", "w8", "dynamic", "int8")
INTERFACES: tuple[str, ...] = ("tensor", "image")
CALIBRATED: frozenset[str] = frozenset({"int8"})
"""Precisions whose activation ranges are measured on calibration images."""


@dataclass(frozen=True, slots=True)
class FormatSpec:
    """What one format can be.

    Attributes:
        name: the word in a variant's name.
        extension: of the artifact, with the dot.
        precisions: the legal ones, in the table's order.
        image: whether the image interface exists.
        quantized_io: whether int8 may have integer input and output.
        layout: of the tensor interface.
        why_not: for precisions that do not exist, the reason.
    """

    name: str
    extension: str
    precisions: tuple[str, ...]
    image: bool
    quantized_io: bool
    layout: str
    why_not: str


FORMATS: tuple[FormatSpec, ...] = (
    FormatSpec("torchscript", ".pt", ("fp32",), image=False, quantized_io=False, layout="NCHW",
               why_not="TorchScript is the traced original and keeps its precision"),
    FormatSpec("onnx", ".onnx", PRECISIONS, image=True, quantized_io=False, layout="NCHW",
               why_not="ONNX has every precision, but quantized input and output belong to TFLite"),
    FormatSpec("tflite", ".tflite", PRECISIONS, image=True, quantized_io=True, layout="NHWC",
               why_not="TFLite has every precision"),
    FormatSpec("coreml", ".mlpackage", ("fp32", "fp16", "w8"), image=True, quantized_io=False, layout="NCHW",
               why_not="Core ML quantizes activations only where it can run the model, which is on macOS"),
)  # fmt: skip
"""Every format, in the order in which tables show them. Adding one is a line here and a file in export."""

_BY_NAME = {spec.name: spec for spec in FORMATS}


def format_spec(name: str) -> FormatSpec:
    """The format of that name.

    Raises:
        VariantError: unknown word; the message names the closest one.
    """
    if name not in _BY_NAME:
        raise VariantError(unknown("format", name, _BY_NAME))
    return _BY_NAME[name]


@dataclass(frozen=True, slots=True)
class Variant:
    """One format x precision x interface; always a legal combination (checked when made)."""

    format: str
    precision: str
    interface: str = "tensor"
    quantized_io: bool = False

    def __post_init__(self) -> None:
        """Refuse what the table does not hold.

        Raises:
            VariantError: an unknown word or an illegal combination, with the legal ones.
        """
        spec = format_spec(self.format)
        if self.precision not in PRECISIONS:
            raise VariantError(unknown("precision", self.precision, PRECISIONS))
        if self.interface not in INTERFACES:
            raise VariantError(unknown("interface", self.interface, INTERFACES))
        if self.precision not in spec.precisions:
            raise VariantError(
                f"{self.format} has no {self.precision}: {spec.why_not}. "
                f"Legal precisions of {self.format}: {', '.join(spec.precisions)}"
            )
        if self.interface == "image" and not spec.image:
            raise VariantError(f"{self.format} has no image interface; use the tensor interface")
        if self.quantized_io and not (spec.quantized_io and self.precision == "int8"):
            raise VariantError("quantized input and output (-qio) exist for tflite int8 only")

    @property
    def name(self) -> str:
        """``tflite-int8-image-qio`` and the like."""
        return f"{self.format}-{self._suffix}"

    @property
    def _suffix(self) -> str:
        image = "-image" if self.interface == "image" else ""
        return f"{self.precision}{image}{'-qio' if self.quantized_io else ''}"

    def filename(self, model: str) -> str:
        """The artifact's name in a bundle: ``<model>-<precision>[-image][-qio].<ext>``."""
        return f"{model}-{self._suffix}{format_spec(self.format).extension}"

    @classmethod
    def parse(cls, text: str) -> Variant:
        """Read a variant's name.

        Raises:
            VariantError: not of the grammar, or not legal.
        """
        words = text.split("-")
        if len(words) < 2:
            format_spec(words[0])
            raise VariantError(f"variant {text!r} lacks a precision: <format>-<precision>[-image][-qio]")
        rest = words[2:]
        if rest not in ([], ["image"], ["qio"], ["image", "qio"]):
            raise VariantError(f"variant {text!r} is not of the form <format>-<precision>[-image][-qio]")
        return cls(words[0], words[1], "image" if "image" in rest else "tensor", "qio" in rest)


def legal_variants(*, every: bool = False) -> tuple[Variant, ...]:
    """All legal variants in table order.

    Args:
        every: also the image interface and quantized input and output; otherwise tensor interface only.
    """
    found = []
    for spec in FORMATS:
        for interface in INTERFACES if every and spec.image else INTERFACES[:1]:
            for precision in spec.precisions:
                found.append(Variant(spec.name, precision, interface))
                if every and spec.quantized_io and precision == "int8":
                    found.append(Variant(spec.name, precision, interface, quantized_io=True))
    return tuple(found)
