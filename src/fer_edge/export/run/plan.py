"""The plan of an export: the variants that it makes, and those that it leaves out, with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fer_edge.export.formats import find_format
from fer_edge.runtime.errors import ExportError, MissingExtra, VariantError
from fer_edge.runtime.extras import need
from fer_edge.runtime.formats import CALIBRATED, FORMATS, INTERFACES, ON_REQUEST, format_spec
from fer_edge.runtime.variants import Variant, legal_variants, with_integer_ends

BASE = "export-base"
"""The extra with what every export needs."""
NEEDED = ("torch", "cv2", "PIL", "safetensors", "jinja2")
NO_CALIBRATION = "needs calibration images: pass --calibration DIR, or --calibration synthetic"


@dataclass(frozen=True)
class Skipped:
    """A variant that is not made, and why."""

    variant: Variant
    reason: str


@dataclass(frozen=True)
class VariantRequest:
    """The variants that were typed; empty means not typed.

    Attributes:
        formats: values of ``--format``.
        precisions: values of ``--precision``.
        interfaces: values of ``--interface``.
        quantized_io: ``--quantized-io``: int8 TFLite gets integer input and output.
        all_variants: ``--all-variants``: both interfaces, with and without ``-qio``.
    """

    formats: tuple[str, ...] = ()
    precisions: tuple[str, ...] = ()
    interfaces: tuple[str, ...] = ()
    quantized_io: bool = False
    all_variants: bool = False


@dataclass(frozen=True)
class Leniency:
    """Files that are kept although a check said no."""

    keep_failed: bool = False
    allow_insensitive: bool = False


@dataclass(frozen=True)
class Plan:
    """Variants that are made, in the order of the table of formats, and those that are not.

    Attributes:
        variants: those that are made.
        skipped: legal ones that cannot be made here.
        illegal: a sentence for each pair that the lists of the options hold and no format has.
    """

    variants: tuple[Variant, ...]
    skipped: tuple[Skipped, ...]
    illegal: tuple[str, ...] = ()


def choose(request: VariantRequest) -> tuple[Variant, ...]:
    """The variants that the options name, in table order.

    ``--format`` without ``--precision`` means fp32; ``--precision`` without ``--format`` means every format where
    it is legal; neither means every legal pair. Of lists the legal pairs; ``illegal`` names the others.

    Raises:
        VariantError: no pair that was named is legal.
    """
    if request.all_variants:
        return _all_variants(request)
    found, illegal = _pairs(request)
    if request.quantized_io and not any(variant.quantized_io for variant in found):
        raise VariantError(
            f"--quantized-io exists for {with_integer_ends()} only: add --format tflite --precision int8"
        )
    if not found:
        raise VariantError(
            "; ".join(illegal) or "no format has that combination of --precision and --interface"
        )
    order = legal_variants(every=True)
    return tuple(sorted(found, key=order.index))


def illegal(request: VariantRequest) -> tuple[str, ...]:
    """A sentence for each pair of the options' lists that does not exist; empty where ``--format`` was not typed."""
    return () if request.all_variants and not request.formats else tuple(_pairs(request)[1])


def _pairs(request: VariantRequest) -> tuple[set[Variant], list[str]]:
    """The legal pairs that were named, and why the others are none."""
    precisions = request.precisions or (("fp32",) if request.formats else ())
    formats = request.formats or tuple(spec.name for spec in FORMATS)
    interfaces = request.interfaces or INTERFACES[:1]
    found, illegal = set(), []
    for format_name in formats:
        for interface in interfaces:
            for precision in precisions or _legal_precisions(format_name):
                qio = request.quantized_io and precision in format_spec(format_name).quantized_io
                try:
                    found.add(Variant(format_name, precision, interface, qio))
                except VariantError as error:
                    if request.formats:  # otherwise "every format where it is legal"
                        illegal.append(str(error))
    return found, list(dict.fromkeys(illegal))


def _all_variants(request: VariantRequest) -> tuple[Variant, ...]:
    if request.interfaces or request.quantized_io:
        raise VariantError("--all-variants already means both interfaces and quantized input and output")
    found = tuple(
        variant
        for variant in legal_variants(every=True)
        if (not request.formats or variant.format in request.formats)
        and variant.precision in (request.precisions or _legal_precisions(variant.format))
    )
    if not found:
        raise VariantError("; ".join(illegal(request)))
    return found


def _legal_precisions(format_name: str) -> tuple[str, ...]:
    """Those that are made where no precision is named."""
    return tuple(name for name in format_spec(format_name).precisions if name not in ON_REQUEST)


def settle(variants: Sequence[Variant], request: VariantRequest, *, calibrated: bool) -> Plan:
    """Leave out what cannot be made here.

    Args:
        variants: as ``choose`` gave them.
        request: what was typed; what was asked for by name must be possible.
        calibrated: whether calibration images are at hand.

    Raises:
        MissingExtra: what every export needs is not installed, or a format that was named lacks its library.
        ExportError: a calibrated precision was named and there are no images; or nothing is left to make.
    """
    need(BASE, *NEEDED)
    kept, skipped = [], []
    for variant in variants:
        entry = find_format(variant.format)
        if missing := entry.missing():
            if variant.format in request.formats:
                raise MissingExtra(missing[0], entry.extra)
            skipped.append(Skipped(variant, str(MissingExtra(missing[0], entry.extra))))
        elif variant.precision in CALIBRATED and not calibrated:
            reason = f"{variant.precision} {NO_CALIBRATION}"
            if variant.precision in request.precisions:
                raise ExportError(f"{variant.name}: {reason}")
            skipped.append(Skipped(variant, reason))
        else:
            kept.append(variant)
    if not kept:
        raise ExportError(f"nothing can be exported here; {skipped[0].variant.name}: {skipped[0].reason}")
    return Plan(tuple(kept), tuple(skipped), illegal(request))
