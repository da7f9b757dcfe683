"""The one grammar of variants: ``<format>-<precision>[-image][-qio]``; what is legal is in ``formats``."""

from __future__ import annotations

from dataclasses import dataclass

from fer_edge.runtime.closest import unknown
from fer_edge.runtime.errors import VariantError
from fer_edge.runtime.formats import FORMATS, INTERFACES, PRECISIONS, format_spec


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
        if self.interface == "image" and spec.image is None:
            raise VariantError(f"{self.format} has no image interface; use the tensor interface")
        if self.quantized_io and self.precision not in spec.quantized_io:
            raise VariantError(f"quantized input and output (-qio) exist for {with_integer_ends()} only")

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
                if every and precision in spec.quantized_io:
                    found.append(Variant(spec.name, precision, interface, quantized_io=True))
    return tuple(found)


def with_integer_ends() -> str:
    """The pairs of format and precision that may have quantized input and output, in words."""
    return ", ".join(f"{spec.name} {precision}" for spec in FORMATS for precision in spec.quantized_io)
