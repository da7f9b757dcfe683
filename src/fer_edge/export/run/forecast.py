"""Forecast for variants before they are converted: some cannot pass, others are to be used with care."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.formats import find_format
from fer_edge.export.parity.compare import describe_insensitivity
from fer_edge.export.parity.tolerances import Tolerances
from fer_edge.export.reference_model.soundness import Soundness
from fer_edge.export.run.plan import Leniency
from fer_edge.runtime.errors import CheckFailed
from fer_edge.runtime.variants import Variant

FLOAT16_LARGEST = 65504.0
"""Largest finite number of float16 (IEEE 754 binary16); what exceeds it becomes infinity."""
HEADROOM = 8.0
"""Pictures of phones reach further than those that were tried: an eighth of the range is where care begins."""


@dataclass(frozen=True)
class Forecast:
    """Verdicts that are known before any conversion.

    Attributes:
        refused: why, by variant; these are not converted.
        failed: why, by variant; these are converted because somebody wants to keep what fails.
        notes: what to mind, by variant.
        warnings: sentences about the whole bundle.
    """

    refused: Mapping[Variant, str] = field(default_factory=dict)
    failed: Mapping[Variant, str] = field(default_factory=dict)
    notes: Mapping[Variant, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def make_forecast(
    soundness: Soundness,
    probabilities: NDArray[np.float32],
    variants: Sequence[Variant],
    tolerances: Tolerances,
    leniency: Leniency,
) -> Forecast:
    """Sort the planned variants.

    Args:
        soundness: of the original.
        probabilities: its answers, (n, labels).
        variants: that are planned.
        tolerances: of parity, which say how far answers must move to be compared.
        leniency: what is made all the same.

    Raises:
        CheckFailed: the original moves too little for any of them to be checked.
    """
    still, said = _still(probabilities, variants, tolerances, leniency)
    hot, text, overflows = _float16(soundness, variants)
    keep = leniency.keep_failed
    return Forecast(
        refused=still | (hot if overflows and not keep else {}),
        failed=hot if overflows and keep else {},
        notes={} if overflows else hot,
        warnings=tuple(filter(None, (*soundness.warnings, said, text))),
    )


def _still(
    probabilities: NDArray[np.float32],
    variants: Sequence[Variant],
    tolerances: Tolerances,
    leniency: Leniency,
) -> tuple[dict[Variant, str], str | None]:
    """Variants that cannot be checked, since the original hardly moves, and what is to be said once about them."""
    # The least demanding first: its sentence is the one that is shown.
    order = sorted(
        variants, key=lambda variant: tolerances.of(variant.format, variant.precision).least_spread
    )
    found = {
        variant: describe_insensitivity(probabilities, tolerances.of(variant.format, variant.precision))
        for variant in order
    }
    still = {variant: text for variant, text in found.items() if text}
    if not still:
        return {}, None
    text = next(iter(still.values()))
    if leniency.allow_insensitive:
        return {}, f"{text}; as --allow-insensitive says, files are kept that could not be judged"
    if len(still) == len(variants):
        raise CheckFailed(
            f"{text}. Is it trained, and do the weights, --arch, --input, --mean and --std belong together? "
            "--allow-insensitive exports it all the same, unjudged"
        )
    return still, f"{text}: such files are left out; --allow-insensitive keeps them, unjudged"


def _float16(
    soundness: Soundness, variants: Sequence[Variant]
) -> tuple[dict[Variant, str], str | None, bool]:
    """fp16 variants that activations bring into danger, what is to be said once, and whether float16 cannot hold them."""
    part, peak = max(soundness.peaks.items(), key=lambda entry: entry[1], default=("", 0.0))
    if peak <= FLOAT16_LARGEST / HEADROOM:
        return {}, None, False
    text = f"activations of {part} reach {peak:,.0f} in magnitude, and float16 ends at {FLOAT16_LARGEST:,.0f}"
    advice = "; take fp32, or scale the network down" if peak > FLOAT16_LARGEST else ""
    concerned = {variant: text + advice for variant in variants if variant.precision == "fp16"}
    warning = None
    if any(find_format(variant.format).gpu_float16 for variant in variants):
        warning = f"{text}; GPU delegates compute in float16 whatever the file holds, so run the files on the CPU or scale the network down"
    elif concerned:
        warning = text
    return concerned, warning, peak > FLOAT16_LARGEST
